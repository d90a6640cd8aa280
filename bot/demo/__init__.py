"""The demo: the real bot in a simulated Discord, on a bundled sample of real days. No token, no network.

The sample holds a dozen papers of each of fourteen days: facts (ids, titles, names, dates, counts), with
summaries and tags in our own words.
"""

import json
from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from typing import Any


def sample_lists() -> Mapping[date, list[Any]]:
    """The bundled daily lists, as the papers API would answer them."""
    lines = (files("bot.demo") / "sample.jsonl").read_text(encoding="utf-8").splitlines()
    days = (json.loads(line) for line in lines)
    return {date.fromisoformat(day["date"]): day["response"] for day in days}
