"""What is measured on: the captured days where they lie beside the project, else the demo's sample."""

import gzip
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from bot.demo import sample_lists
from bot.papers import Paper
from bot.papers.entry import read_entry

CAPTURED = Path(__file__).parents[2] / "shared" / "data" / "daily_papers" / "archive.jsonl.gz"

Lists = Mapping[date, list[Any]]


def lists() -> tuple[str, Lists]:
    """The corpus's name, and its daily lists as the papers API answered them."""
    if not CAPTURED.exists():
        return "the demo's sample", sample_lists()
    with gzip.open(CAPTURED, "rt", encoding="utf-8") as lines:
        days = [json.loads(line) for line in lines]
    return "captured days", {date.fromisoformat(day["date"]): day["response"] for day in days}


def papers(corpus: Lists) -> dict[date, list[Paper]]:
    return {day: [read_entry(entry, day) for entry in entries] for day, entries in corpus.items()}
