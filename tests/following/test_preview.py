"""Before following: what a query would have brought, and a warning of floods and droughts."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import Services
from bot.following.preview import FLOOD, FollowCaveat, FollowPreview
from bot.papers import Paper
from bot.storage import How
from tests.support.builders import DAY, MORNING, Clock, paper


@pytest.fixture
async def month(services: Services) -> None:
    """A paper on each of the last thirty days, with as many upvotes as days ago it was listed; and today."""
    for back in range(-1, 40):
        day = DAY - timedelta(days=back)
        one = paper(f"2601.{back + 1:05}", day=day, upvotes=2 * back, tags=("agents",))
        await services.storage.papers.record_list(day, [one], MORNING)


async def preview(services: Services, text: str, how: How = How.DAILY) -> FollowPreview:
    return await services.follower.preview_query(text, how, MORNING)


@pytest.mark.usefixtures("month")
class TestPreview:
    async def test_i_see_how_much_a_query_would_have_brought_and_the_best_of_it(self, services: Services) -> None:
        shown = await preview(services, " tag:agents ")
        assert (shown.query, shown.week_count, shown.month_count, shown.per_week) == ("tag:agents", 7, 30, 7)
        assert [each.upvotes for each in shown.examples] == [58, 56, 54]
        assert shown.caveats == ()

    async def test_at_once_only_papers_with_the_upvotes_count(self, services: Services) -> None:
        shown = await preview(services, "tag:agents", How.AT_ONCE)
        assert (shown.week_count, shown.month_count, shown.least_upvotes) == (0, 5, 50)
        named = await preview(services, "tag:agents min:54", How.AT_ONCE)
        assert (named.month_count, named.least_upvotes) == (3, 0)

    async def test_a_minimum_that_nothing_reached_is_told_from_a_drought(self, services: Services) -> None:
        for back in range(25, 30):
            day = DAY - timedelta(days=back)
            await services.storage.papers.record_list(day, [], MORNING, ids=frozenset())
            await services.storage.papers.record_list(day, [], MORNING + timedelta(hours=7), ids=frozenset())
        unreached = await preview(services, "tag:agents", How.AT_ONCE)
        assert (unreached.caveats, unreached.best_upvotes) == ((FollowCaveat.UPVOTES_UNREACHED,), 48)
        assert (await preview(services, "tag:vision")).caveats == (FollowCaveat.DROUGHT,)

    async def test_dates_that_are_over_and_an_order_are_mentioned(self, services: Services) -> None:
        shown = await preview(services, "tag:agents before:2025 sort:date")
        assert shown.caveats == (FollowCaveat.SORT_IGNORED, FollowCaveat.DATES_OVER, FollowCaveat.DROUGHT)

    async def test_a_paper_that_nobody_knows_is_named_and_is_no_drought(self, services: Services) -> None:
        shown = await preview(services, "like:2699.00001 -like:2601.00001")
        assert shown.caveats == (FollowCaveat.EXAMPLES_UNKNOWN,)
        assert shown.unknown_examples == ("2699.00001",)

    async def test_many_ask_the_same_and_see_the_same(self, services: Services, clock: Clock) -> None:
        assert await preview(services, "tag:agents") == await preview(services, "tag:agents")


@pytest.mark.parametrize("how", How)
async def test_more_than_anybody_reads_is_a_flood(services: Services, how: How) -> None:
    def flood(number: int) -> list[Paper]:
        return [paper(f"2601.{each:05}", upvotes=60) for each in range(number)]

    await services.storage.papers.record_list(DAY, flood(FLOOD[how]), MORNING)
    assert (await preview(services, "paper", how)).caveats == ()
    await services.storage.papers.record_list(DAY, flood(FLOOD[how] + 1), MORNING)
    assert (await preview(services, "paper", how)).caveats == (FollowCaveat.FLOOD,)


async def test_what_cannot_be_counted_can_be_followed_all_the_same(services: Services, tmp_path: Path) -> None:
    await services.storage.papers.record_list(DAY, [paper("2601.00001")], MORNING)
    shutil.rmtree(tmp_path / "paperboy.index")
    shown = await preview(services, "tag:agents")
    assert replace(shown, caveats=()) == FollowPreview("tag:agents", How.DAILY)
