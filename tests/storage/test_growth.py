"""The file grows little, and questions about the oldest digests get the same answers as on the first day."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import Services
from bot.composing.explainer import PaperOutcome
from bot.layouts.history import describe_explanation
from bot.storage import Subscription
from tests.support.year import DAYS, FIRST_DAY, KINDS, Year, shown, subscriptions

pytestmark = pytest.mark.file

KILOBYTES = 60  # that a subscription may add to the file in a year
SEVERAL = 4  # subscriptions: what one adds might fit into pages that the archive has left free


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory, unsynced: None) -> Year:
    """A year of a subscription of each kind."""
    year = Year(tmp_path_factory.mktemp("year") / "paperboy.db", list(KINDS.values()))
    asyncio.run(year.live())
    return year


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, unsynced: None) -> Year:
    """A year of the archive, which all share."""
    alone = Year(tmp_path_factory.mktemp("alone") / "paperboy.db", [])
    asyncio.run(alone.live())
    return alone


@pytest.mark.parametrize("kind", KINDS)
async def test_in_a_year_a_subscription_of_any_kind_adds_little_to_the_file(
    alone: Year, tmp_path: Path, kind: str
) -> None:
    several = Year(tmp_path / "paperboy.db", [KINDS[kind]] * SEVERAL)
    await several.live()
    assert 0 < (several.kilobytes - alone.kilobytes) / SEVERAL <= KILOBYTES


class TestAYear:
    async def test_no_paper_came_twice_in_a_year_although_many_were_listed_again(self, year: Year) -> None:
        async with year.open() as services:
            for known in await subscriptions(services):
                ids = [paper.id for paper, _ in await shown(services, known)]
                assert len(ids) == len(set(ids))
                assert await services.storage.deliveries.find_highlighted(known.id, ids) == set(ids)
            again = [len(await services.storage.papers.list_days_of_paper(each)) > 1 for each in ids]
        assert any(again)

    async def test_the_oldest_digest_is_linked_and_explained(self, year: Year) -> None:
        async with year.open() as services:
            for known in await subscriptions(services):
                if posts := await shown(services, known):
                    await self.check_oldest(services, known, posts)

    async def check_oldest(self, services: Services, known: Subscription, posts: list[tuple[Any, Any]]) -> None:
        paper, post = posts[-1]
        assert post.sent_at.date() <= FIRST_DAY + timedelta(days=8)
        assert await services.storage.posted_papers.list_channels(known.guild_id) == [known.settings.channel_id]
        found = await services.storage.posted_papers.find_latest(
            known.guild_id, [known.settings.channel_id], [paper.id]
        )
        assert found == {paper.id: post}
        given = await services.explainer.explain_paper(known, paper, services.clock())
        assert given.delivery
        assert given.delivery.settings == known.settings
        each = known.settings.posting.has_message_per_paper
        assert (
            f"jump]({given.delivery.posted_message.url if given.delivery.posted_message else ''})"
            in describe_explanation(known, given)
        )
        assert each or given.delivery.posted_message == post

    async def test_what_the_oldest_digest_left_out_is_explained(self, year: Year) -> None:
        async with year.open() as services:
            for known in await subscriptions(services):
                listed = await services.storage.papers.list_candidates(FIRST_DAY, FIRST_DAY)
                ids = [each.paper.id for each in listed]
                seen = await services.storage.deliveries.find_highlighted(known.id, ids)
                left_out = next(each.paper for each in listed if each.paper.id not in seen and len(each.days) == 1)
                given = await services.explainer.explain_paper(known, left_out, services.clock())
                assert given.delivery
                assert given.delivery.run_date <= FIRST_DAY + timedelta(days=8)
                quiet = known.settings.selection.min_upvotes > 0
                assert given.outcome is (PaperOutcome.TOO_FEW_UPVOTES if quiet else PaperOutcome.BELOW_THE_CUT)
                assert quiet or f"the last of {known.settings.selection.size} highlights had" in describe_explanation(
                    known, given
                )

    async def test_the_last_digest_can_be_undone_and_the_status_shows_the_latest(self, year: Year) -> None:
        async with year.open() as services:
            for known in await subscriptions(services):
                assert len(await services.storage.deliveries.list_latest(known.id, 5)) == 5
                last = await services.storage.deliveries.get_last_posted(known.id)
                assert last or not await shown(services, known)
                covered = await services.storage.deliveries.get_covered_until(known.id)
                assert covered
                assert covered > FIRST_DAY + timedelta(days=DAYS - 9)
