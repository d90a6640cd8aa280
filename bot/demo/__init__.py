"""The demo: the real bot in a simulated Discord, with a bundled sample of real days. No token, no network.

The sample has a dozen papers of each of fourteen days: facts (ids, titles, names, dates, counts), with
summaries and tags in our own words. Three famous papers that are on no list can be looked up; their counts are
invented. One drawn figure replaces the pictures that Discord would load.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import Any


class Scene(StrEnum):
    """What the demo can show; each is a function in `scenes`."""

    TOUR = "tour"
    DIGEST = "digest"
    WELCOME = "welcome"
    PANEL = "panel"
    EXTRAS = "extras"
    COMPACT = "compact"
    CARDS = "cards"
    THREAD = "thread"
    FORUM = "forum"
    RECAP = "recap"
    STATUS = "status"
    REJECTED = "rejected"
    FOLLOW = "follow"
    INBOX = "inbox"
    LESS = "less"
    FOLLOWING = "following"
    SAVED = "saved"
    TALK = "talk"


class DemoUnavailable(Exception):
    """The demo lacks something on this machine; the message says what to do about it."""


def load_sample_lists() -> Mapping[date, list[Any]]:
    """The bundled daily lists, as the papers API would send them."""
    return {date.fromisoformat(day["date"]): day["response"] for day in _load_json_lines("sample.jsonl")}


def load_unlisted_entries() -> list[Any]:
    """The entries of papers that are on no list."""
    return _load_json_lines("beyond.jsonl")


def load_pictures(urls: Iterable[str]) -> Mapping[str, tuple[str, bytes]]:
    """A file name and a picture for each of these URLs."""
    picture = (files("bot.demo") / "figure.png").read_bytes()
    return dict.fromkeys(urls, ("figure.png", picture))


def _load_json_lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (files("bot.demo") / name).read_text(encoding="utf-8").splitlines()]
