"""The real days beside the project: daily lists as the papers API answered them, read where they are."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.demo.papers_server import PapersServer
from bot.papers import Paper
from bot.papers.entry import read_list_entry
from tests.support.builders import Clock
from tests.support.paths import SHARED

ARCHIVE = SHARED / "data" / "daily_papers" / "archive.jsonl.gz"
CLOSES_AFTER = timedelta(hours=27)


@dataclass(frozen=True, slots=True)
class RealDay:
    """A day's list as it was captured."""

    day: date
    captured_at: datetime
    entries: list[dict[str, Any]]

    @property
    def papers(self) -> tuple[Paper, ...]:
        return tuple(read_list_entry(entry, self.day) for entry in self.entries)


@cache
def real_days() -> tuple[RealDay, ...]:
    """Every captured day, earliest first."""
    with gzip.open(ARCHIVE, "rt", encoding="utf-8") as lines:
        days = [json.loads(line) for line in lines]
    return tuple(
        RealDay(date.fromisoformat(day["date"]), datetime.fromisoformat(day["captured_at"]), day["response"])
        for day in days
    )


class CalendarServer(PapersServer):
    """The papers API as it was on each day: the lists of days to come are not there yet."""

    def __init__(self, clock: Clock) -> None:
        super().__init__({known.day: known.entries for known in real_days()})
        self._clock = clock

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        if date.fromisoformat(request.query["date"]) > self._clock().date():
            return web.json_response({"error": "the date is in the future"}, status=400)
        return await super().answer_list(request)


@dataclass(frozen=True, slots=True)
class SubscriptionCase:
    """What an admin asks for, in the words of `/digest add`."""

    time: str
    timezone: str
    weekdays: str
    size: int

    def runs(self, first: date, last: date) -> list[tuple[date, datetime]]:
        """The due dates from `first` to `last` with their instants (UTC), told without the bot's own schedule."""
        at, timezone = time.fromisoformat(f"{self.time:0>5}"), ZoneInfo(self.timezone)
        due = 7 if self.weekdays == "every day" else 5
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return [(day, datetime.combine(day, at, timezone).astimezone(UTC)) for day in days if day.weekday() < due]


ALL_SETTINGS = (
    SubscriptionCase("9:00", "Europe/Berlin", "weekdays", 5),
    SubscriptionCase("8:00", "America/New_York", "every day", 5),
    SubscriptionCase("18:30", "Asia/Kolkata", "weekdays", 10),
)


def key(entry: dict[str, Any]) -> tuple[int, int, str]:
    """The order of papers, told from the raw JSON."""
    return -entry["paper"]["upvotes"], -entry.get("numComments", 0), entry["paper"]["id"]


@dataclass
class Expectation:
    """What a subscription's digests must hold, told from the raw JSON run by run."""

    size: int
    covered: date | None = None

    def __post_init__(self) -> None:
        self._shown: set[str] = set()

    def check(self, instant: datetime, shown: Sequence[str]) -> None:
        """A digest shows the best of the newly closed days, and at most one earlier paper that climbed."""
        new = {entry["paper"]["id"]: entry for day in self._new_days(instant) for entry in day.entries}
        best = sorted((entry for each, entry in new.items() if each not in self._shown), key=key)[: self.size]
        of_new = [each for each in shown if each in new]
        assert of_new == [entry["paper"]["id"] for entry in best][: len(of_new)], instant
        assert len(shown) == min(self.size, len(best) + len(shown) - len(of_new)), instant
        assert len(shown) - len(of_new) <= (1 if best else 0), instant
        assert not self._shown & set(shown), f"twice in one subscription, {instant}"
        assert len(set(shown)) == len(shown), instant
        self._shown |= set(shown)

    def _new_days(self, instant: datetime) -> list[RealDay]:
        closed = (instant - CLOSES_AFTER).date()
        days = [known for known in real_days() if known.entries and known.day <= closed]
        new = [known for known in days if known.day > self.covered] if self.covered else days[-1:]
        self.covered = closed
        return new
