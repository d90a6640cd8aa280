"""Where a server saw a paper."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bot.papers import Paper
from bot.storage import PostedMessage, Storage, Subscription
from tests.support.builders import (
    DAY,
    GONE,
    MORNING,
    NOTHING_LISTED,
    SCHEDULE,
    SECOND_RUN,
    SETTINGS,
    build_past,
    digest,
    paper,
    plan,
    send,
    subscribe,
)

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))


class TestPosts:
    """Where a server was shown what."""

    async def post(
        self,
        storage: Storage,
        *papers: Paper,
        guild_id: int = 1,
        message_id: int = 77,
        sent_at: datetime = MORNING,
    ) -> Subscription:
        """A digest of these papers, sent by a subscription of its own."""
        await storage.papers.record_list(DAY, papers, MORNING)
        subscription = await subscribe(storage, guild_id)
        await send(storage, await plan(storage, subscription, digest(*papers)), message_id, sent_at)
        return subscription

    async def test_a_posted_paper_is_found_by_its_message(self, storage: Storage) -> None:
        await self.post(storage, A, B)
        posts = await storage.posted_papers.find_latest(1, [5], [A.id, C.id])
        assert posts == {A.id: PostedMessage(guild_id=1, channel_id=5, place_id=5, message_id=77, sent_at=MORNING)}
        assert posts[A.id].url == "https://discord.com/channels/1/5/77"

    async def test_another_server_never_sees_a_posted_paper(self, storage: Storage) -> None:
        await self.post(storage, A)
        assert await storage.posted_papers.list_channels(1) == [5]
        assert await storage.posted_papers.list_channels(2) == []

    async def test_another_channel_has_no_posted_papers(self, storage: Storage) -> None:
        await self.post(storage, A)
        for channels in ([], [6]):
            assert await storage.posted_papers.find_latest(1, channels, [A.id]) == {}
            assert await storage.posted_papers.list_since(1, channels, MORNING, limit=10) == ([], 0)

    async def test_if_a_paper_was_posted_several_times_the_latest_message_is_found(self, storage: Storage) -> None:
        await self.post(storage, A, message_id=79, sent_at=MORNING + timedelta(days=2))
        await self.post(storage, A, B, message_id=78, sent_at=MORNING + timedelta(days=1))
        posts = await storage.posted_papers.find_latest(1, [5], [A.id, B.id])
        assert {each: post.message_id for each, post in posts.items()} == {A.id: 79, B.id: 78}

    async def test_a_paper_stays_posted_in_the_channel_its_subscription_had_then(self, storage: Storage) -> None:
        subscription = await self.post(storage, A)
        await storage.subscriptions.edit(subscription, replace(SETTINGS, channel_id=6), SECOND_RUN, by=7, now=MORNING)
        await storage.subscriptions.remove(replace(subscription, revision=1), by=7, now=MORNING)
        assert (await storage.posted_papers.find_latest(1, [5, 6], [A.id]))[A.id].channel_id == 5
        assert await storage.posted_papers.list_channels(1) == [5]

    async def test_papers_of_deliveries_under_way_failed_or_quiet_were_not_posted(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B], MORNING)
        assert await plan(storage, await subscribe(storage), digest(A))
        failed = await plan(storage, await subscribe(storage), digest(B))
        assert failed
        await storage.deliveries.fail_delivery(failed.id, GONE, MORNING)
        await plan(storage, await subscribe(storage), digest(reason=NOTHING_LISTED))
        assert await storage.posted_papers.list_channels(1) == []
        assert await storage.posted_papers.find_latest(1, [5], [A.id, B.id]) == {}
        assert await storage.posted_papers.list_since(1, [5], MORNING, limit=10) == ([], 0)

    async def test_posted_papers_come_newest_message_first_and_in_the_order_of_the_digest(
        self, storage: Storage
    ) -> None:
        await self.post(storage, C, A, message_id=77)
        await self.post(storage, A, B, message_id=78, sent_at=MORNING + timedelta(hours=1))
        posted, total = await storage.posted_papers.list_since(1, [5], MORNING, limit=10)
        assert [(each, post.message_id) for each, post in posted] == [(A, 78), (B, 78), (C, 77), (A, 77)]
        assert total == 4

    async def test_posted_papers_are_read_page_by_page(self, storage: Storage) -> None:
        await self.post(storage, A, B, C)
        pages = [await storage.posted_papers.list_since(1, [5], MORNING, limit=2, offset=n) for n in (0, 2, 4)]
        assert [[each.id for each, _ in page] for page, _ in pages] == [[A.id, B.id], [C.id], []]
        assert {total for _, total in pages} == {3}

    async def test_papers_posted_since_a_time_include_that_very_time(self, storage: Storage) -> None:
        await self.post(storage, A)
        since = (MORNING, MORNING.astimezone(SCHEDULE.timezone), MORNING + timedelta(seconds=1))
        totals = [(await storage.posted_papers.list_since(1, [5], each, limit=10))[1] for each in since]
        assert totals == [1, 1, 0]

    async def test_a_delivery_links_to_its_message_once_it_has_arrived(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A], MORNING)
        planned = await plan(storage, await subscribe(storage), digest(A))
        assert planned
        assert planned.posted_message is None
        await send(storage, planned)
        (sent,) = await storage.deliveries.list_latest(planned.subscription_id)
        assert sent.posted_message == (await storage.posted_papers.find_latest(1, [5], [A.id]))[A.id]

    async def test_forty_thousand_papers_are_looked_for_at_once(self, storage: Storage) -> None:
        await self.post(storage, A)
        wanted = [f"2602.{number:05}" for number in range(40_000)]
        assert list(await storage.posted_papers.find_latest(1, [5], [*wanted, A.id])) == [A.id]
        assert await storage.posted_papers.find_latest(1, [5], []) == {}

    async def test_a_forum_post_is_found_by_the_channel_that_it_was_made_in(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A], MORNING)
        planned = await plan(storage, await subscribe(storage), digest(A))
        assert planned
        await storage.deliveries.record_arrival(planned.id, 1, 901, 901, MORNING)
        await storage.deliveries.complete_delivery(planned)
        posts = await storage.posted_papers.find_latest(1, [5], [A.id])
        assert posts == {A.id: PostedMessage(guild_id=1, channel_id=5, place_id=901, message_id=901, sent_at=MORNING)}
        assert posts[A.id].url == "https://discord.com/channels/1/901/901"
        assert await storage.posted_papers.find_latest(1, [901], [A.id]) == {}
        assert await storage.posted_papers.list_channels(1) == [5]

    async def test_highlights_in_messages_of_their_own_come_newest_message_first(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B], MORNING)
        planned = await plan(storage, await subscribe(storage), digest(A, B), "n1", "n2")
        assert planned
        for number, sent_at in ((1, MORNING), (2, MORNING + timedelta(seconds=1))):
            await storage.deliveries.record_arrival(planned.id, number, 5, 76 + number, sent_at)
        posted, total = await storage.posted_papers.list_since(1, [5], MORNING, limit=10)
        assert [(each, post.message_id) for each, post in posted] == [(B, 78), (A, 77)]
        assert total == 2
        posted, total = await storage.posted_papers.list_since(1, [5], MORNING + timedelta(seconds=1), limit=10)
        assert [(each, total) for each, _ in posted] == [(B, 1)]

    async def test_a_line_that_says_nothing_is_new_shows_no_paper(self, storage: Storage) -> None:
        await send(storage, await plan(storage, await subscribe(storage), digest(reason=NOTHING_LISTED), "n1"))
        assert await storage.posted_papers.list_since(1, [5], MORNING, limit=10) == ([], 0)


class TestPostedInServer:
    """The digests that a server got, for its feed."""

    async def list_ids(
        self, storage: Storage, guild_id: int = 1, since: date = DAY, limit: int = 30
    ) -> list[list[str]]:
        posted = await storage.deliveries.list_posted_in_server(guild_id, since, limit=limit)
        assert all(each.posted_message for each in posted)
        return [[highlight.paper.id for highlight in each.digest.highlights] for each in posted]

    async def test_digests_come_latest_first_and_only_those_of_the_server(self, storage: Storage) -> None:
        for guild_id, papers in ((1, (A, B)), (2, (C,)), (1, (C,))):
            await TestPosts().post(storage, *papers, guild_id=guild_id)
        assert await self.list_ids(storage) == [[C.id], [A.id, B.id]]
        assert await self.list_ids(storage, limit=1) == [[C.id]]
        assert await self.list_ids(storage, 3) == []

    async def test_what_is_on_its_way_or_quiet_or_was_undone_is_not_among_them(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B], MORNING)
        assert await plan(storage, await subscribe(storage), digest(A))
        await plan(storage, await subscribe(storage), digest(reason=NOTHING_LISTED))
        undone = await plan(storage, await subscribe(storage), digest(B))
        assert undone
        await send(storage, undone)
        assert await self.list_ids(storage) == [[B.id]]
        await storage.deliveries.undo_delivery(undone, by=7, now=MORNING)
        assert await self.list_ids(storage) == []

    async def test_past_runs_are_among_them(self, storage: Storage) -> None:
        await build_past(storage)
        assert await self.list_ids(storage) == [[f"2602.{number:05}"] for number in reversed(range(12))]
        assert await self.list_ids(storage, limit=7) == (await self.list_ids(storage))[:7]
        assert len(await self.list_ids(storage, since=DAY + timedelta(days=9))) == 3
        assert await self.list_ids(storage, 2) == []
