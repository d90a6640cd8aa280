"""A shelf: an index on disk over the papers a test is about, asked as people ask."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from bot.papers import Paper
from bot.search import Found, Meaning, Query, Search, parse
from bot.search import search as search_module

TODAY = date(2026, 1, 16)


def asked(text: str) -> Query:
    return parse(text, TODAY)


@contextmanager
def shelf(folder: Path, papers: Iterable[Paper], meaning: Meaning | None = None) -> Iterator[Search]:
    """The index over `papers`, in a folder of its own under `folder`."""
    index = Search(folder / "paperboy.index", "archive", last_change=0, meaning=meaning)
    index.update(list(enumerate(papers, 1)))
    yield index
    index.close()


def find(index: Search, text: str, limit: int = 10, offset: int = 0) -> Found:
    return index.find(asked(text), limit=limit, offset=offset)


def ids(index: Search, text: str, limit: int = 10) -> list[str]:
    return list(find(index, text, limit).ids)


def in_pages(index: Search, text: str, size: int = 5) -> list[str]:
    """All that `text` finds, page after page."""
    found: list[str] = []
    while page := find(index, text, size, len(found)).ids:
        found += page
    return found


@pytest.fixture(scope="module", autouse=True)
def whatever_is_near() -> Iterator[None]:
    """On a shelf of a few papers the nearest ones are rarely near."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "NEAR_ENOUGH", -1.0)
        yield
