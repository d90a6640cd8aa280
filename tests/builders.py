"""Small worlds for tests: entries as the papers API sends them, papers, a clock that tests move."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.papers import Paper

DAY = date(2026, 1, 15)  # a Thursday, shortly after the simulated Discord's epoch
MORNING = datetime(2026, 1, 16, 8, 0, tzinfo=UTC)  # the list of DAY has closed


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> datetime:
        self.now += timedelta(**amount)
        return self.now


def entry(paper_id: str, day: date = DAY, **known: Any) -> dict[str, Any]:
    """An entry of a daily list; `known` overrides fields of its `paper`, `comments` the outer count."""
    comments = known.pop("comments", 0)
    paper = {
        "id": paper_id,
        "title": f"Paper {paper_id}",
        "summary": f"What paper {paper_id} is about.",
        "upvotes": 10,
        "publishedAt": f"{day}T00:00:00.000Z",
        "submittedOnDailyAt": f"{day}T00:00:00.000Z",
        "authors": [{"name": "Ada Lovelace", "hidden": False}, {"name": "Emmy Noether", "hidden": False}],
    }
    return {"paper": paper | known, "title": f"Paper {paper_id}", "numComments": comments}


def entries(count: int, day: date = DAY, first: int = 1) -> list[dict[str, Any]]:
    """`count` entries, the first with the most upvotes."""
    return [entry(f"2601.{first + n:05}", day, upvotes=10 * (count - n)) for n in range(count)]


def paper(paper_id: str, **known: Any) -> Paper:
    return replace(Paper(paper_id, title=f"Paper {paper_id}", abstract="", day=DAY), **known)
