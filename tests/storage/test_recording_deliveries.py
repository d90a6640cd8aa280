"""What becomes of a delivery, recorded message by message: tried, arrived, failed or undone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.share import WHOLE
from bot.storage import (
    Action,
    ChangedMeanwhile,
    Delivery,
    DeliveryState,
    Message,
    PostedMessage,
    Storage,
    Subscription,
    SubscriptionState,
)
from tests.support.builders import (
    DAY,
    GONE,
    LACKING,
    MORNING,
    OUTAGE,
    SECOND_RUN,
    SUPERSEDED,
    digest,
    paper,
    plan,
    send,
    tables,
)

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))
BEFORE = DAY - timedelta(days=1)
LATER = MORNING + timedelta(hours=1)
EVERY = [A.id, B.id, C.id]


async def get(storage: Storage, delivery: Delivery) -> Delivery:
    known = await storage.deliveries.get(delivery.id)
    assert known
    return known


class TestOneMessage:
    @pytest.fixture
    async def planned(self, storage: Storage, subscription: Subscription) -> Delivery:
        planned = await plan(storage, subscription, digest(A, B), "n1")
        assert planned
        return planned

    async def test_papers_and_days_of_a_failed_delivery_are_free_again(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        await storage.deliveries.fail_delivery(planned.id, OUTAGE, LATER)
        (failed,) = await storage.deliveries.list_latest(subscription.id)
        assert (failed.state, failed.reason, failed.digest.highlights) == (DeliveryState.FAILED, OUTAGE, ())
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == frozenset()
        assert await storage.deliveries.get_covered_until(subscription.id) == BEFORE
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert known.state is SubscriptionState.ACTIVE
        assert await plan(storage, subscription, digest(A), run=SECOND_RUN)

    async def test_a_failure_that_suspends_a_subscription_is_logged_with_its_reason(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        await storage.deliveries.fail_delivery(planned.id, GONE, LATER, suspending=True)
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert (known.state, known.reason) == (SubscriptionState.SUSPENDED, GONE)
        suspended, *_ = await storage.audit_log.list_latest(1, 10)
        assert (suspended.action, suspended.user_id, suspended.made_at) == (Action.SUSPENDED, None, LATER)
        assert suspended.reason == GONE

    async def test_an_attempt_is_recorded_before_its_outcome_is_known(
        self, storage: Storage, planned: Delivery
    ) -> None:
        await storage.deliveries.record_attempt(planned.id, 1, MORNING)
        await storage.deliveries.record_attempt(planned.id, 1, MORNING + timedelta(minutes=1))
        (tried,) = await storage.deliveries.list_under_way(WHOLE, MORNING)
        assert tried.messages == (Message(1, "n1", attempted_at=MORNING, positions=(1, 2)),)
        assert tried.is_in_doubt
        await storage.deliveries.record_absence(planned.id, 1)
        (known_lost,) = await storage.deliveries.list_under_way(WHOLE, MORNING)
        assert known_lost == planned
        assert not known_lost.is_in_doubt

    async def test_a_postponed_delivery_waits_for_its_time_or_the_next_run(
        self, storage: Storage, planned: Delivery
    ) -> None:
        await storage.deliveries.record_attempt(planned.id, 1, MORNING)
        await storage.deliveries.postpone_delivery(planned.id, OUTAGE, MORNING + timedelta(minutes=4))
        assert await storage.deliveries.list_under_way(WHOLE, MORNING + timedelta(minutes=3)) == []
        (retried,) = await storage.deliveries.list_under_way(WHOLE, MORNING + timedelta(minutes=4))
        assert (retried.reason, retried.attempts) == (OUTAGE, 1)
        assert retried.is_in_doubt
        await storage.deliveries.postpone_delivery(planned.id, OUTAGE, SECOND_RUN.at + timedelta(days=99))
        (retried,) = await storage.deliveries.list_under_way(WHOLE, SECOND_RUN.at)
        assert retried.attempts == 2

    async def test_a_sent_delivery_is_recorded_with_its_message(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        await storage.deliveries.record_attempt(planned.id, 1, MORNING)
        await storage.deliveries.postpone_delivery(planned.id, OUTAGE, MORNING)
        await storage.deliveries.record_arrival(planned.id, 1, 6, 2**63 - 1, MORNING)
        (arrived,) = await storage.deliveries.list_under_way(WHOLE, MORNING)
        assert arrived.messages == (
            Message(1, "n1", place_id=6, message_id=2**63 - 1, sent_at=MORNING, positions=(1, 2)),
        )
        await storage.deliveries.complete_delivery(arrived)
        (sent,) = await storage.deliveries.list_latest(subscription.id)
        assert (sent.state, sent.reason, sent.messages) == (DeliveryState.SENT, None, arrived.messages)
        assert not sent.is_in_doubt
        assert await storage.deliveries.list_under_way(WHOLE, SECOND_RUN.at) == []

    async def test_a_follow_up_that_failed_is_recorded_with_the_sent_delivery(
        self, storage: Storage, planned: Delivery
    ) -> None:
        await storage.deliveries.record_arrival(planned.id, 1, 5, 77, MORNING)
        await storage.deliveries.complete_delivery(planned, LACKING)
        sent = await get(storage, planned)
        assert (sent.state, sent.reason) == (DeliveryState.SENT, LACKING)

    async def test_the_thread_and_the_publication_of_a_message_are_recorded(
        self, storage: Storage, planned: Delivery
    ) -> None:
        await storage.deliveries.record_arrival(planned.id, 1, 5, 77, MORNING)
        await storage.deliveries.record_thread(planned.id, 1)
        (threaded,) = (await get(storage, planned)).messages
        assert (threaded.has_thread, threaded.published_at) == (True, None)
        await storage.deliveries.record_publication(planned.id, 1, LATER)
        (published,) = (await get(storage, planned)).messages
        assert published == replace(threaded, published_at=LATER)

    async def test_a_paused_subscription_has_nothing_under_way(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        await storage.subscriptions.pause(subscription, by=7, now=MORNING)
        assert await storage.deliveries.list_under_way(WHOLE, MORNING) == []

    async def test_a_delivery_is_found_by_the_nonce_of_its_message(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        assert await storage.deliveries.find_by_nonce("n1") == planned
        assert await storage.deliveries.find_by_nonce("n2") is None
        assert await storage.deliveries.find_by_nonce("") is None


class TestSeveralMessages:
    """A message for each highlight: the last of three is still to come."""

    @pytest.fixture
    async def planned(self, storage: Storage, subscription: Subscription) -> Delivery:
        planned = await plan(storage, subscription, digest(C, B, A), "n1", "n2", "n3")
        assert planned
        for number in (1, 2):
            await storage.deliveries.record_arrival(planned.id, number, 900 + number, 77 + number, MORNING)
        return await get(storage, planned)

    async def test_each_message_is_recorded_by_itself(self, storage: Storage, planned: Delivery) -> None:
        await storage.deliveries.record_attempt(planned.id, 3, LATER)
        await storage.deliveries.record_thread(planned.id, 1)
        await storage.deliveries.record_publication(planned.id, 2, LATER)
        tried = await get(storage, planned)
        assert tried.messages == (
            Message(1, "n1", place_id=901, message_id=78, sent_at=MORNING, has_thread=True, positions=(1,)),
            Message(2, "n2", place_id=902, message_id=79, sent_at=MORNING, published_at=LATER, positions=(2,)),
            Message(3, "n3", attempted_at=LATER, positions=(3,)),
        )
        assert tried.is_in_doubt
        await storage.deliveries.record_absence(planned.id, 3)
        assert not (await get(storage, planned)).is_in_doubt

    async def test_a_delivery_is_found_by_each_of_its_messages_and_links_to_the_first(
        self, storage: Storage, planned: Delivery
    ) -> None:
        assert [await storage.deliveries.find_by_nonce(nonce) for nonce in ("n1", "n2", "n3")] == [planned] * 3
        assert planned.posted_message == PostedMessage(1, 5, 901, 78, MORNING)

    async def test_a_paper_is_found_in_its_own_message(self, storage: Storage, planned: Delivery) -> None:
        posts = await storage.posted_papers.find_latest(1, [5], [A.id, B.id, C.id])
        assert posts == {C.id: PostedMessage(1, 5, 901, 78, MORNING), B.id: PostedMessage(1, 5, 902, 79, MORNING)}
        assert posts[B.id].url == "https://discord.com/channels/1/902/79"

    async def test_papers_that_share_a_message_are_found_in_it(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(C, B, A)))
        assert {
            each.message_id for each in (await storage.posted_papers.find_latest(1, [5], [A.id, B.id, C.id])).values()
        } == {77}

    async def test_a_failure_frees_only_the_papers_that_have_not_arrived(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        await storage.deliveries.record_attempt(planned.id, 3, LATER)
        await storage.deliveries.fail_delivery(planned.id, SUPERSEDED, LATER)
        failed = await get(storage, planned)
        assert failed.state is DeliveryState.FAILED
        assert [each.paper for each in failed.digest.highlights] == [C, B]
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == {B.id, C.id}
        assert await storage.deliveries.get_covered_until(subscription.id) == BEFORE
        assert (failed.is_in_doubt, failed.messages[:2]) == (False, planned.messages[:2])
        assert set(await storage.posted_papers.find_latest(1, [5], [A.id, B.id, C.id])) == {B.id, C.id}
        assert await plan(storage, subscription, digest(A), run=SECOND_RUN)

    async def test_messages_of_a_failed_delivery_that_had_arrived_can_be_undone(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        await storage.deliveries.fail_delivery(planned.id, SUPERSEDED, LATER)
        await storage.deliveries.undo_delivery(planned, by=9, now=LATER)
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == frozenset()
        assert await storage.posted_papers.list_channels(1) == []


class TestUndo:
    @pytest.fixture
    async def sent(self, storage: Storage, subscription: Subscription) -> Delivery:
        planned = await plan(storage, subscription, digest(C, B), "n1", "n2")
        assert planned
        await send(storage, planned)
        return await get(storage, planned)

    async def test_papers_of_an_undone_digest_may_come_again_and_its_messages_are_forgotten(
        self, storage: Storage, subscription: Subscription, sent: Delivery
    ) -> None:
        await storage.deliveries.undo_delivery(sent, by=9, now=LATER)
        undone = await get(storage, sent)
        assert (undone.state, undone.digest.highlights, undone.posted_message) == (DeliveryState.UNDONE, (), None)
        assert [(each.nonce, each.message_id) for each in undone.messages] == [("n1", None), ("n2", None)]
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == frozenset()
        assert await storage.deliveries.get_covered_until(subscription.id) == BEFORE
        assert await storage.posted_papers.find_latest(1, [5], [B.id, C.id]) == {}
        assert await storage.posted_papers.list_since(1, [5], MORNING, limit=10) == ([], 0)
        assert await storage.posted_papers.list_channels(1) == []
        assert await plan(storage, subscription, digest(C, B), run=SECOND_RUN)

    async def test_the_run_of_an_undone_digest_is_not_planned_again(
        self, storage: Storage, subscription: Subscription, sent: Delivery
    ) -> None:
        await storage.deliveries.undo_delivery(sent, by=9, now=LATER)
        assert await plan(storage, subscription, digest(C, B), "n3") is None

    async def test_an_undo_leaves_earlier_digests_as_they_are(
        self, storage: Storage, subscription: Subscription, sent: Delivery
    ) -> None:
        later = replace(digest(A), covered_until=DAY + timedelta(days=3))
        second = await plan(storage, subscription, later, run=SECOND_RUN)
        assert second
        await send(storage, second, 90)
        assert await storage.deliveries.get_covered_until(subscription.id) == later.covered_until
        await storage.deliveries.undo_delivery(second, by=9, now=LATER)
        assert await storage.deliveries.get_covered_until(subscription.id) == DAY
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == {B.id, C.id}
        assert await get(storage, sent) == sent

    async def test_an_undo_is_logged_once_with_the_admin(
        self, storage: Storage, subscription: Subscription, sent: Delivery
    ) -> None:
        await asyncio.gather(*(storage.deliveries.undo_delivery(sent, by=by, now=LATER) for by in (9, 10)))
        (change,) = [each for each in await storage.audit_log.list_latest(1, 10) if each.action is Action.UNDONE]
        assert (change.user_id, change.made_at, change.subscription_id) == (9, LATER, subscription.id)


Work = Callable[[Storage, Delivery], Awaitable[object]]
WORKS: dict[str, Work] = {
    "attempt": lambda storage, planned: storage.deliveries.record_attempt(planned.id, 1, MORNING),
    "not arrived": lambda storage, planned: storage.deliveries.record_absence(planned.id, 1),
    "arrived": lambda storage, planned: storage.deliveries.record_arrival(planned.id, 1, 5, 77, MORNING),
    "threaded": lambda storage, planned: storage.deliveries.record_thread(planned.id, 1),
    "published": lambda storage, planned: storage.deliveries.record_publication(planned.id, 1, MORNING),
    "complete": lambda storage, planned: storage.deliveries.complete_delivery(planned),
    "postpone": lambda storage, planned: storage.deliveries.postpone_delivery(planned.id, OUTAGE, MORNING),
    "fail": lambda storage, planned: storage.deliveries.fail_delivery(planned.id, OUTAGE, MORNING),
    "suspend": lambda storage, planned: storage.deliveries.fail_delivery(planned.id, OUTAGE, MORNING, suspending=True),
    "undo": lambda storage, planned: storage.deliveries.undo_delivery(planned, by=9, now=MORNING),
}


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS.keys())
async def test_a_delivery_under_way_while_its_server_is_deleted_leaves_no_trace(
    storage: Storage, subscription: Subscription, path: Path, work: Work
) -> None:
    planned = await plan(storage, subscription, digest(A))
    assert planned
    await storage.guilds.delete_server(1)
    before = tables(path)
    await work(storage, planned)
    assert tables(path) == before
    with pytest.raises(ChangedMeanwhile):
        await storage.subscriptions.pause(subscription, by=7, now=MORNING)
    await storage.subscriptions.set_waiting_reason(subscription.id, OUTAGE)
    await storage.subscriptions.suspend(subscription.id, GONE, MORNING)
    assert tables(path) == before
