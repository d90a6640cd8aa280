"""Where a server saw a paper."""

from dataclasses import replace
from datetime import datetime, timedelta

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
