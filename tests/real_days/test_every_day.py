"""Every real day is read with nothing lost, kept, and found again."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.archive import Archive
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.search import SearchIndex, parse_query
from bot.storage import Storage
from tests.support.builders import Clock
from tests.support.real_days import ARCHIVE, RealDay, real_days

pytestmark = [
    pytest.mark.real_days,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the real days are not beside the project"),
]


@cache
def papers_of_days() -> tuple[tuple[RealDay, tuple[Paper, ...]], ...]:
    return tuple((known, known.papers) for known in real_days())


class TestReading:
    async def test_every_day_is_read_with_no_entry_lost(self, api: PapersAPI, clock: Clock) -> None:
        clock.now = datetime(2026, 11, 1, tzinfo=UTC)
        for known in real_days():
            papers = (await api.fetch_list(known.day)).papers
            assert [paper.id for paper in papers] == [entry["paper"]["id"] for entry in known.entries]
            assert {paper.day for paper in papers} == {known.day}
        assert (len(real_days()), sum(len(known.entries) for known in real_days())) == (496, 8155)

    def test_every_paper_has_the_facts_of_its_entry(self) -> None:
        for known, papers in papers_of_days():
            for entry, paper in zip(known.entries, papers, strict=True):
                assert facts(paper) == raw_facts(entry, known.day), paper.id


def facts(paper: Paper) -> dict[str, Any]:
    return {
        "day": paper.day,
        "upvotes": paper.upvotes,
        "comments": paper.comments,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": len(paper.authors),
        "published": paper.published_at and f"{paper.published_at:%Y-%m-%dT%H:%M:%S}",
        "organization": paper.organization,
        "ai_summary": paper.ai_summary,
        "stars": paper.github_stars,
        "code": bool(paper.github_repo),
        "project": bool(paper.project_page),
        "tags": len(paper.tags),
    }


def raw_facts(entry: dict[str, Any], day: date) -> dict[str, Any]:
    """The same facts, told from the JSON alone."""
    paper = entry["paper"]
    organization = paper.get("organization") or entry.get("organization") or {}
    return {
        "day": day,
        "upvotes": paper["upvotes"],
        "comments": entry.get("numComments", 0),
        "title": " ".join(paper["title"].split()),
        "abstract": " ".join(paper["summary"].split()),
        "authors": len({" ".join(each["name"].split()) for each in paper["authors"] if not each.get("hidden")} - {""}),
        "published": paper["publishedAt"][:19],
        "organization": " ".join(organization.get("fullname", "").split()) or None,
        "ai_summary": " ".join(paper["ai_summary"].split()) if paper.get("ai_summary") else None,
        "stars": paper.get("githubStars"),
        "code": bool(paper.get("githubRepo")),
        "project": bool(paper.get("projectPage")),
        "tags": len({" ".join(each.split()) for each in paper.get("ai_keywords", ())} - {""}),
    }


TITLES = 20
TODAY = date(2026, 9, 1)


class TestFinding:
    @pytest.fixture
    async def search(self, storage: Storage, api: PapersAPI, tmp_path: Path) -> AsyncIterator[SearchIndex]:
        for known, papers in papers_of_days():
            await storage.papers.record_list(known.day, papers, known.captured_at)
        search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), last_change=0)
        await Archive(api, storage, search).update_index()
        yield search
        search.close()

    async def test_a_paper_is_found_first_by_its_title(self, search: SearchIndex, storage: Storage) -> None:
        known = list({paper.id: paper for _, papers in papers_of_days() for paper in papers}.values())
        assert await storage.papers.get_last_change() == search.change
        for paper in known[:: len(known) // TITLES]:
            assert search.find_papers(parse_query(paper.title, TODAY), limit=1).ids == (paper.id,), paper.id
            assert search.find_papers_by_title_start(paper.title, limit=1) == (paper.id,), paper.id
            assert search.find_papers(parse_query(paper.url, TODAY), limit=1).ids == (paper.id,)
        first = [
            paper for paper in known if search.find_papers(parse_query(paper.title, TODAY), limit=1).ids == (paper.id,)
        ]
        assert len(first) > 0.995 * len(known)  # the rest are outranked by near namesakes

    async def test_the_archive_keeps_the_upvotes_exactly_as_they_were_captured(
        self, search: SearchIndex, storage: Storage
    ) -> None:
        latest = {paper.id: paper for _, papers in papers_of_days() for paper in papers}
        assert {paper.id: paper.upvotes for paper in await storage.papers.get(latest)} == {
            each: paper.upvotes for each, paper in latest.items()
        }
        top, total = await storage.papers.list_top_papers(date.min, date.max, limit=10)
        assert total == len(latest) == 8154
        assert top[0].upvotes == max(paper.upvotes for paper in latest.values())
