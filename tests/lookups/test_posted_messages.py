"""Results link to the message in which the server saw a paper."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.lookups.finder import Finder
from bot.storage import Storage
from bot.subscription.schedule import Run
from tests.support.builders import GONE, build_settings, digest, plan, send, subscribe
from tests.support.finders import ATTENTION, PAPERS, SPEECH, server
from tests.support.indexes import parse_on_day


class TestPosts:
    @pytest.fixture
    async def posted(self, storage: Storage, finder: Finder) -> Storage:
        """ATTENTION was posted in server 1, SPEECH in server 2, ROBOTS is on its way, OLD failed."""
        for run, (guild, known) in enumerate(zip((1, 2, 1, 1), PAPERS[:4], strict=True)):
            at = datetime(2026, 1, 16 + run, 8, tzinfo=UTC)
            planned = Run(at.date(), at)
            subscription = await subscribe(storage, guild, build_settings(50 + run), planned)
            delivery = await plan(storage, subscription, digest(known), run=planned)
            assert delivery
            if run < 2:
                await send(storage, delivery, 770 + run, at)
            if run == 3:
                await storage.deliveries.fail_delivery(delivery.id, GONE, at)
        return storage

    async def test_a_paper_that_was_posted_in_the_server_has_a_jump_link(self, posted: Storage, finder: Finder) -> None:
        hits = (await finder.search_papers(parse_on_day("sort:upvotes"), 1, server(1))).hits
        posts = {hit.paper.id: hit.posted_message.url for hit in hits if hit.posted_message}
        assert posts == {ATTENTION: "https://discord.com/channels/1/50/770"}

    async def test_messages_of_another_server_are_not_linked(self, posted: Storage, finder: Finder) -> None:
        for place, shown in ((server(2), {SPEECH}), (server(3), set()), (None, set())):
            hits = (await finder.search_papers(parse_on_day("min:0"), 1, place)).hits
            assert {hit.paper.id for hit in hits if hit.posted_message} == shown

    async def test_similar_papers_and_details_have_jump_links_too(self, posted: Storage, finder: Finder) -> None:
        hits = await finder.find_similar_papers(replace(PAPERS[0], id="2601.77777"), server(1))
        assert {hit.paper.id for hit in hits if hit.posted_message} == {ATTENTION}
        details = await finder.get_details(PAPERS[0], server(1))
        assert details.posted_message
        assert details.posted_message.url == "https://discord.com/channels/1/50/770"
        assert (await finder.get_details(PAPERS[0], server(2))).posted_message is None
        assert (await finder.get_details(PAPERS[0])).posted_message is None

    async def test_posted_papers_are_listed_newest_first(self, posted: Storage, finder: Finder) -> None:
        now = datetime(2026, 1, 17, 8, tzinfo=UTC)
        hits, total = await finder.list_posted_papers(server(1), "week", 1, now)
        assert ([hit.paper.id for hit in hits], total) == ([ATTENTION], 1)
        assert hits[0].posted_message
        assert (await finder.list_posted_papers(server(1), "week", 2, now)) == ((), 1)
        assert (await finder.list_posted_papers(server(3), "week", 1, now)) == ((), 0)

    @pytest.mark.parametrize(
        ("age", "days", "expected"),
        [
            ("week", 7, 1),
            ("week", 8, 0),
            ("month", 30, 1),
            ("month", 31, 0),
            ("year", 365, 1),
            ("year", 366, 0),
            ("all time", 9999, 1),
        ],
    )
    async def test_a_week_a_month_and_a_year_are_counted_in_days(
        self, posted: Storage, finder: Finder, age: str, days: int, expected: int
    ) -> None:
        now = datetime(2026, 1, 16, 8, tzinfo=UTC) + timedelta(days=days)
        assert (await finder.list_posted_papers(server(1), age, 1, now))[1] == expected

    async def test_messages_in_channels_the_viewer_may_not_see_are_not_linked(
        self, posted: Storage, finder: Finder
    ) -> None:
        here, now = server(1, 50), datetime(2026, 1, 17, 8, tzinfo=UTC)
        pages = [
            (await finder.search_papers(parse_on_day("sort:upvotes"), 1, here)).hits,
            await finder.find_similar_papers(PAPERS[2], here),
        ]
        assert [hit.posted_message for page in pages for hit in page if hit.posted_message] == []
        assert (await finder.get_details(PAPERS[0], here)).posted_message is None
        assert await finder.list_posted_papers(here, "all time", 1, now) == ((), 0)
