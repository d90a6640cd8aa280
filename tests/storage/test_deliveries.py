"""The deliveries: planned, sent and recorded message by message, whatever comes between."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.digest import Digest, Highlight
from bot.papers import Paper
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
    open_storage,
)
from bot.subscription.schedule import Cadence, Run, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    GONE,
    LACKING,
    MORNING,
    NOTHING_LISTED,
    OUTAGE,
    REFUSED,
    SCHEDULE,
    SECOND_RUN,
    SETTINGS,
    SUPERSEDED,
    digest,
    paper,
    plan,
    query,
    send,
    subscribe,
    tables,
)

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))
BEFORE = DAY - timedelta(days=1)
LATER = MORNING + timedelta(hours=1)
EVERY = [A.id, B.id, C.id]
FULL = DigestSettings(
    5,
    Schedule(time(18, 30), ZoneInfo("Asia/Kolkata"), frozenset({1, 5}), Cadence.WEEKLY),
    Selection(10, 3, 0, 'title:"Ünï \' kode" 💡'),
    PostingOptions(DigestLayout.CARDS, Threads.PER_DIGEST, 10080, True, 2**63 - 1, 20, True, True),
)


@pytest.fixture
async def subscription(storage: Storage) -> Subscription:
    await storage.papers.record_list(DAY, [A, B, C], MORNING)
    return await subscribe(storage)


def nth_run(number: int) -> Run:
    return Run(FIRST_RUN.date + timedelta(days=number), FIRST_RUN.at + timedelta(days=number))


async def get(storage: Storage, delivery: Delivery) -> Delivery:
    known = await storage.deliveries.get(delivery.id)
    assert known
    return known


class TestPlan:
    async def test_a_plan_keeps_the_digest_and_moves_the_next_run(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(B, A), "n1")
        assert planned == Delivery(
            id=1,
            subscription_id=subscription.id,
            guild_id=1,
            channel_id=5,
            run_date=FIRST_RUN.date,
            state=DeliveryState.PLANNED,
            reason=None,
            settings=SETTINGS,
            digest=digest(B, A),
            messages=(Message(1, "n1", positions=(1, 2)),),
            planned_at=MORNING,
            attempts=0,
        )
        assert await storage.deliveries.list_under_way(MORNING) == [planned]
        assert await storage.deliveries.list_latest(subscription.id) == [planned]
        assert await storage.deliveries.get(planned.id) == planned
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == {A.id, B.id}
        assert await storage.deliveries.get_covered_until(subscription.id) == DAY
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert known.next_run == SECOND_RUN

    async def test_a_delivery_keeps_the_wish_it_was_planned_from(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, await subscribe(storage, settings=FULL), digest(A))
        assert planned
        known = await storage.subscriptions.get(planned.subscription_id)
        assert known
        await storage.subscriptions.edit(known, SETTINGS, SECOND_RUN, by=7, now=MORNING)
        assert (await get(storage, planned)).settings == FULL

    async def test_a_recap_keeps_its_marks(self, storage: Storage, subscription: Subscription) -> None:
        marked = Digest(
            DAY,
            (DAY - timedelta(days=6), DAY),
            118,
            (
                Highlight(1, C, 30, 4, is_riser=True),
                Highlight(2, B, 20, 0, seen_on=DAY),
                Highlight(3, A, 10, 1, is_missed=True),
            ),
        )
        planned = await plan(storage, subscription, marked)
        assert planned
        assert planned.digest == marked

    async def test_a_highlight_keeps_the_upvotes_it_had_then(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await plan(storage, subscription, digest(A))
        await storage.papers.record_list(DAY, [replace(A, upvotes=500)], MORNING)
        ((highlight,),) = [each.digest.highlights for each in await storage.deliveries.list_latest(subscription.id)]
        assert (highlight.upvotes, highlight.paper.upvotes) == (1, 500)

    async def test_a_second_plan_for_a_run_is_impossible(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(A)))
        before = tables(path)
        assert await plan(storage, subscription, digest(B), "n2", by=9) is None
        assert await plan(storage, subscription, digest(reason=NOTHING_LISTED)) is None
        assert tables(path) == before

    async def test_two_tasks_at_once_make_one_plan(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        async with open_storage(path) as other:
            tries = (plan(each, subscription, digest(A)) for each in (storage, other) * 10)
            planned = [each for each in await asyncio.gather(*tries) if each]
        assert len(planned) == 1
        assert query(path, "SELECT count(*) FROM deliveries") == [(1,)]

    async def test_the_database_itself_refuses_a_second_delivery_of_a_run(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        assert await plan(storage, subscription, digest(A))
        columns = "subscription_id, channel_id, settings_version, covered_until, days, listed, planned_at"
        for run_date, state in ((FIRST_RUN.date, "sent"), (SECOND_RUN.date, "planned")):
            insert = (
                f"INSERT INTO deliveries ({columns}, run_date, state)"
                f" SELECT {columns}, '{run_date}', '{state}' FROM deliveries"
            )
            with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
                query(path, insert)

    async def test_the_database_itself_refuses_a_nonce_twice(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(A), "n1"))
        before = tables(path)
        with pytest.raises(sqlite3.IntegrityError, match=r"messages\.nonce"):
            await plan(storage, subscription, digest(B), "n1", run=SECOND_RUN)
        assert tables(path) == before

    @pytest.mark.parametrize("planned", [digest(B), digest(reason=NOTHING_LISTED)], ids=["some", "quiet"])
    async def test_one_delivery_is_under_way_at_a_time(
        self, storage: Storage, subscription: Subscription, path: Path, planned: Digest
    ) -> None:
        first = await plan(storage, subscription, digest(A))
        later, before = SECOND_RUN.at + timedelta(days=30), tables(path)
        assert await storage.subscriptions.list_due(later) == []
        assert await plan(storage, subscription, planned, run=SECOND_RUN, by=9) is None
        assert tables(path) == before
        await send(storage, first)
        assert [each.id for each in await storage.subscriptions.list_due(later)] == [subscription.id]
        assert await plan(storage, subscription, planned, run=SECOND_RUN)

    async def test_a_plan_made_from_an_older_revision_is_void(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        await storage.subscriptions.edit(subscription, replace(SETTINGS, channel_id=6), FIRST_RUN, by=7, now=MORNING)
        before = tables(path)
        assert await plan(storage, subscription, digest(A), by=9) is None
        assert tables(path) == before
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert known.next_run == FIRST_RUN

    @pytest.mark.parametrize("change", ["pause", "remove"])
    async def test_a_plan_for_what_an_admin_stopped_is_void(
        self, storage: Storage, subscription: Subscription, change: str, path: Path
    ) -> None:
        await getattr(storage.subscriptions, change)(subscription, by=7, now=MORNING)
        before = tables(path)
        for planned in (subscription, replace(subscription, revision=1)):
            assert await plan(storage, planned, digest(A)) is None
        assert tables(path) == before
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == frozenset()

    async def test_a_plan_for_a_server_that_was_forgotten_is_void(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        await storage.guilds.delete_server(1)
        before = tables(path)
        assert await plan(storage, subscription, digest(A), by=9) is None
        assert tables(path) == before

    async def test_a_plan_with_a_paper_highlighted_before_leaves_nothing(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(A)))
        before = tables(path)
        with pytest.raises(sqlite3.IntegrityError, match="highlights"):
            await plan(storage, subscription, digest(B, A), run=SECOND_RUN, by=9)
        assert tables(path) == before

    async def test_another_subscription_may_highlight_the_same_paper(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        assert await plan(storage, subscription, digest(A))
        assert await plan(storage, await subscribe(storage), digest(A))

    async def test_a_quiet_delivery_is_recorded_with_its_reason(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        quiet = await plan(storage, subscription, digest(reason=NOTHING_LISTED))
        assert quiet
        assert (quiet.state, quiet.digest.reason) == (DeliveryState.QUIET, NOTHING_LISTED)
        assert (quiet.messages, quiet.posted_message) == ((), None)
        assert await storage.deliveries.list_under_way(MORNING) == []
        assert await storage.deliveries.get_covered_until(subscription.id) == DAY

    async def test_a_quiet_delivery_that_says_so_is_quiet_once_its_line_has_arrived(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(reason=NOTHING_LISTED), "n1")
        assert planned
        assert (planned.state, planned.digest.reason) == (DeliveryState.PLANNED, NOTHING_LISTED)
        await send(storage, planned)
        quiet = await get(storage, planned)
        assert (quiet.state, quiet.digest.reason) == (DeliveryState.QUIET, NOTHING_LISTED)
        assert quiet.posted_message

    async def test_a_digest_sent_early_is_recorded_with_the_admin_who_had_it_sent(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await plan(storage, subscription, digest(A), by=9)
        latest, *_ = await storage.audit_log.list_latest(1, 10)
        assert (latest.subscription_id, latest.action, latest.user_id) == (subscription.id, Action.SENT, 9)
        assert latest.made_at == MORNING

    async def test_a_digest_sent_on_time_is_no_change(self, storage: Storage, subscription: Subscription) -> None:
        await send(storage, await plan(storage, subscription, digest(A)))
        assert [each.action for each in await storage.audit_log.list_latest(1, 10)] == [Action.ADDED]


class TestOneMessage:
    @pytest.fixture
    async def planned(self, storage: Storage, subscription: Subscription) -> Delivery:
        planned = await plan(storage, subscription, digest(A, B), "n1")
        assert planned
        return planned

    async def test_a_failed_delivery_releases_its_papers_and_its_day_is_open_again(
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

    async def test_a_failure_that_suspends_says_why_to_the_server_and_in_its_log(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        await storage.deliveries.fail_delivery(planned.id, GONE, LATER, suspending=True)
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert (known.state, known.reason) == (SubscriptionState.SUSPENDED, GONE)
        suspended, *_ = await storage.audit_log.list_latest(1, 10)
        assert (suspended.action, suspended.user_id, suspended.made_at) == (Action.SUSPENDED, None, LATER)
        assert suspended.reason == GONE

    async def test_a_send_is_noted_before_its_outcome_is_known(self, storage: Storage, planned: Delivery) -> None:
        await storage.deliveries.record_attempt(planned.id, 1, MORNING)
        await storage.deliveries.record_attempt(planned.id, 1, MORNING + timedelta(minutes=1))
        (tried,) = await storage.deliveries.list_under_way(MORNING)
        assert tried.messages == (Message(1, "n1", attempted_at=MORNING, positions=(1, 2)),)
        assert tried.is_in_doubt
        await storage.deliveries.record_absence(planned.id, 1)
        (known_lost,) = await storage.deliveries.list_under_way(MORNING)
        assert known_lost == planned
        assert not known_lost.is_in_doubt

    async def test_a_postponed_delivery_waits_for_its_time_or_the_next_run(
        self, storage: Storage, planned: Delivery
    ) -> None:
        await storage.deliveries.record_attempt(planned.id, 1, MORNING)
        await storage.deliveries.postpone_delivery(planned.id, OUTAGE, MORNING + timedelta(minutes=4))
        assert await storage.deliveries.list_under_way(MORNING + timedelta(minutes=3)) == []
        (retried,) = await storage.deliveries.list_under_way(MORNING + timedelta(minutes=4))
        assert (retried.reason, retried.attempts) == (OUTAGE, 1)
        assert retried.is_in_doubt
        await storage.deliveries.postpone_delivery(planned.id, OUTAGE, SECOND_RUN.at + timedelta(days=99))
        (retried,) = await storage.deliveries.list_under_way(SECOND_RUN.at)
        assert retried.attempts == 2

    async def test_what_was_sent_is_recorded_with_its_message(
        self, storage: Storage, subscription: Subscription, planned: Delivery
    ) -> None:
        await storage.deliveries.record_attempt(planned.id, 1, MORNING)
        await storage.deliveries.postpone_delivery(planned.id, OUTAGE, MORNING)
        await storage.deliveries.record_arrival(planned.id, 1, 6, 2**63 - 1, MORNING)
        (arrived,) = await storage.deliveries.list_under_way(MORNING)
        assert arrived.messages == (
            Message(1, "n1", place_id=6, message_id=2**63 - 1, sent_at=MORNING, positions=(1, 2)),
        )
        await storage.deliveries.complete_delivery(arrived)
        (sent,) = await storage.deliveries.list_latest(subscription.id)
        assert (sent.state, sent.reason, sent.messages) == (DeliveryState.SENT, None, arrived.messages)
        assert not sent.is_in_doubt
        assert await storage.deliveries.list_under_way(SECOND_RUN.at) == []

    async def test_what_could_not_be_done_beside_it_is_told(self, storage: Storage, planned: Delivery) -> None:
        await storage.deliveries.record_arrival(planned.id, 1, 5, 77, MORNING)
        await storage.deliveries.complete_delivery(planned, LACKING)
        sent = await get(storage, planned)
        assert (sent.state, sent.reason) == (DeliveryState.SENT, LACKING)

    async def test_its_thread_and_its_publication_are_recorded(self, storage: Storage, planned: Delivery) -> None:
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
        assert await storage.deliveries.list_under_way(MORNING) == []

    async def test_a_message_leads_to_its_delivery(
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

    async def test_each_is_recorded_by_itself(self, storage: Storage, planned: Delivery) -> None:
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

    async def test_each_leads_to_the_delivery_which_leads_to_the_first(
        self, storage: Storage, planned: Delivery
    ) -> None:
        assert [await storage.deliveries.find_by_nonce(nonce) for nonce in ("n1", "n2", "n3")] == [planned] * 3
        assert planned.posted_message == PostedMessage(1, 5, 901, 78, MORNING)

    async def test_a_paper_is_found_in_its_own_message(self, storage: Storage, planned: Delivery) -> None:
        posts = await storage.posted_papers.find_latest(1, [5], [A.id, B.id, C.id])
        assert posts == {C.id: PostedMessage(1, 5, 901, 78, MORNING), B.id: PostedMessage(1, 5, 902, 79, MORNING)}
        assert posts[B.id].url == "https://discord.com/channels/1/902/79"

    async def test_one_message_for_all_is_where_all_are_found(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(C, B, A)))
        assert {
            each.message_id for each in (await storage.posted_papers.find_latest(1, [5], [A.id, B.id, C.id])).values()
        } == {77}

    async def test_a_failure_releases_only_what_has_not_arrived(
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

    async def test_what_had_arrived_of_a_failed_one_can_be_undone(
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

    async def test_its_papers_may_come_again_and_its_messages_are_forgotten(
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

    async def test_its_run_is_not_planned_again(
        self, storage: Storage, subscription: Subscription, sent: Delivery
    ) -> None:
        await storage.deliveries.undo_delivery(sent, by=9, now=LATER)
        assert await plan(storage, subscription, digest(C, B), "n3") is None

    async def test_what_was_sent_before_it_stays(
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

    async def test_it_is_recorded_with_the_admin_once(
        self, storage: Storage, subscription: Subscription, sent: Delivery
    ) -> None:
        await asyncio.gather(*(storage.deliveries.undo_delivery(sent, by=by, now=LATER) for by in (9, 10)))
        (change,) = [each for each in await storage.audit_log.list_latest(1, 10) if each.action is Action.UNDONE]
        assert (change.user_id, change.made_at, change.subscription_id) == (9, LATER, subscription.id)


class TestTheRecord:
    """What the deliveries of a subscription tell later."""

    async def test_the_latest_deliveries_come_latest_run_first(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        for number in range(5):
            await plan(storage, subscription, digest(reason=NOTHING_LISTED), run=nth_run(number))
        latest = await storage.deliveries.list_latest(subscription.id, 3)
        assert [each.run_date for each in latest] == [nth_run(number).date for number in (4, 3, 2)]

    @pytest.mark.parametrize(
        ("outcomes", "failures"),
        [
            ("", 0),
            ("s", 0),
            ("f", 1),
            ("ff", 2),
            ("sff", 2),
            ("ffs", 0),
            ("fsf", 1),
            ("fqf", 1),
            ("fuf", 1),
            ("ffp", 2),
        ],
    )
    async def test_failures_in_a_row_are_counted_from_the_last_that_came_through(
        self, storage: Storage, subscription: Subscription, outcomes: str, failures: int
    ) -> None:
        """Sent, quiet, failed, undone or still planned."""
        for number, outcome in enumerate(outcomes):
            known = paper(f"2602.{number:05}")
            await storage.papers.record_list(DAY, [known], MORNING)
            planned = await plan(
                storage,
                subscription,
                digest(reason=NOTHING_LISTED) if outcome == "q" else digest(known),
                run=nth_run(number),
            )
            assert planned
            if outcome == "f":
                await storage.deliveries.fail_delivery(planned.id, REFUSED, MORNING)
            if outcome in {"s", "u"}:
                await send(storage, planned)
            if outcome == "u":
                await storage.deliveries.undo_delivery(planned, by=9, now=MORNING)
        assert await storage.deliveries.count_failures_in_a_row(subscription.id) == failures
        assert await storage.deliveries.count_failures_in_a_row((await subscribe(storage)).id) == 0

    async def test_published_messages_are_counted_by_channel_from_an_instant_on(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(C, B, A), "n1", "n2", "n3")
        await send(storage, planned)
        other = await plan(storage, await subscribe(storage, settings=replace(SETTINGS, channel_id=6)), digest(A))
        await send(storage, other, 90)
        assert planned
        assert other
        assert await storage.deliveries.count_published_since(5, MORNING) == 0
        await storage.deliveries.record_publication(planned.id, 1, MORNING)
        await storage.deliveries.record_publication(planned.id, 2, LATER)
        await storage.deliveries.record_publication(other.id, 1, LATER)
        since = (MORNING, MORNING.astimezone(SCHEDULE.timezone), MORNING + timedelta(seconds=1), LATER)
        assert [await storage.deliveries.count_published_since(5, each) for each in since] == [2, 2, 1, 1]
        assert await storage.deliveries.count_published_since(6, MORNING) == 1
        assert await storage.deliveries.count_published_since(5, LATER + timedelta(seconds=1)) == 0

    async def test_the_delivery_of_a_paper_is_its_subscriptions_own(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        first = await plan(storage, subscription, digest(A))
        other = await plan(storage, await subscribe(storage), digest(A, B))
        assert first
        assert other
        assert await storage.deliveries.find_by_paper(subscription.id, A.id) == first
        assert await storage.deliveries.find_by_paper(other.subscription_id, A.id) == other
        assert await storage.deliveries.find_by_paper(subscription.id, B.id) is None
        await send(storage, first)
        await storage.deliveries.undo_delivery(first, by=9, now=LATER)
        assert await storage.deliveries.find_by_paper(subscription.id, A.id) is None

    async def test_a_new_subscription_has_looked_at_nothing(self, storage: Storage, subscription: Subscription) -> None:
        assert await plan(storage, await subscribe(storage), digest(A))
        assert await storage.deliveries.get_covered_until(subscription.id) is None

    @pytest.mark.parametrize("outcome", ["failed", "undone"])
    async def test_where_nothing_came_through_every_day_since_the_first_is_open(
        self, storage: Storage, subscription: Subscription, outcome: str
    ) -> None:
        """And no day before it, lest a first digest that failed make the next look at the latest day alone."""
        for number in range(3):
            days = tuple(DAY + timedelta(days=number + more) for more in range(2))
            planned = await plan(
                storage, subscription, replace(digest(A), days=days, covered_until=days[-1]), run=nth_run(number)
            )
            assert planned
            assert await storage.deliveries.get_covered_until(subscription.id) == days[-1]
            if outcome == "undone":
                await send(storage, planned)
                await storage.deliveries.undo_delivery(planned, by=9, now=LATER)
            else:
                await storage.deliveries.fail_delivery(planned.id, REFUSED, LATER)
            assert await storage.deliveries.get_covered_until(subscription.id) == BEFORE
        assert await plan(storage, subscription, digest(reason=NOTHING_LISTED), run=nth_run(3))
        assert await storage.deliveries.get_covered_until(subscription.id) == DAY

    async def test_a_first_run_that_failed_without_papers_leaves_nothing_looked_at(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, replace(digest(reason=NOTHING_LISTED), days=()), "n1")
        assert planned
        await storage.deliveries.fail_delivery(planned.id, REFUSED, LATER)
        assert await storage.deliveries.get_covered_until(subscription.id) is None

    async def test_a_day_is_covered_by_the_delivery_that_looked_at_its_list(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        days = [DAY + timedelta(days=number) for number in range(4)]
        first = await plan(storage, subscription, replace(digest(A), days=(days[0], days[1])))
        await send(storage, first)
        quiet = await plan(
            storage, subscription, replace(digest(reason=NOTHING_LISTED), days=(days[3],)), run=SECOND_RUN
        )
        assert first
        assert quiet
        covering = [await storage.deliveries.find_covering(subscription.id, day) for day in days]
        assert [each and each.id for each in covering] == [first.id, first.id, None, quiet.id]
        assert await storage.deliveries.find_covering((await subscribe(storage)).id, DAY) is None

    @pytest.mark.parametrize("outcome", ["failed", "undone"])
    async def test_what_failed_or_was_undone_covers_no_day_until_a_later_delivery_does(
        self, storage: Storage, subscription: Subscription, outcome: str
    ) -> None:
        first = await plan(storage, subscription, digest(A))
        assert first
        assert await storage.deliveries.find_covering(subscription.id, DAY) == first
        if outcome == "undone":
            await send(storage, first)
            await storage.deliveries.undo_delivery(first, by=9, now=LATER)
        else:
            await storage.deliveries.fail_delivery(first.id, REFUSED, LATER)
        assert await storage.deliveries.find_covering(subscription.id, DAY) is None
        second = await plan(storage, subscription, digest(A), run=SECOND_RUN)
        assert await storage.deliveries.find_covering(subscription.id, DAY) == second

    async def test_what_was_undone_after_a_quiet_run_is_looked_at_again(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        earlier = replace(digest(A), days=(BEFORE,), covered_until=BEFORE)
        first = await plan(storage, subscription, earlier)
        await send(storage, first)
        second = await plan(storage, subscription, digest(B), run=SECOND_RUN)
        await send(storage, second)
        third = nth_run(9)
        later = replace(digest(reason=NOTHING_LISTED), days=(LATER.date(),), covered_until=LATER.date())
        assert await plan(storage, subscription, later, run=third)
        assert second
        await storage.deliveries.undo_delivery(second, by=9, now=LATER)
        assert await storage.deliveries.get_covered_until(subscription.id) == BEFORE
        assert (await storage.deliveries.list_latest(subscription.id))[0].state is DeliveryState.QUIET


class TestSeen:
    """What a recap knows of the daily digests of its server."""

    async def daily(self, storage: Storage, planned: Digest, *, guild_id: int = 1, number: int = 0) -> Delivery:
        """A daily digest of a subscription of its own, which is sent."""
        known = await plan(storage, await subscribe(storage, guild_id), planned, run=nth_run(number))
        assert known
        await send(storage, known)
        return known

    @pytest.fixture(autouse=True)
    async def recorded(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B, C], MORNING)

    async def test_a_server_without_daily_digests_has_seen_nothing_and_missed_nothing(self, storage: Storage) -> None:
        await self.daily(storage, digest(A), guild_id=2)
        recap = replace(SETTINGS, schedule=replace(SCHEDULE, cadence=Cadence.WEEKLY))
        await send(storage, await plan(storage, await subscribe(storage, settings=recap), digest(A)))
        await plan(storage, await subscribe(storage), digest(reason=NOTHING_LISTED))
        failed = await plan(storage, await subscribe(storage), digest(A))
        assert failed
        await storage.deliveries.fail_delivery(failed.id, REFUSED, MORNING)
        await storage.deliveries.undo_delivery(await self.daily(storage, digest(B)), by=9, now=LATER)
        assert await storage.deliveries.find_first_seen(1, [A.id, B.id]) is None

    async def test_a_digest_that_is_on_its_way_counts_as_seen(self, storage: Storage) -> None:
        await plan(storage, await subscribe(storage), digest(A))
        assert await storage.deliveries.find_first_seen(1, [A.id, B.id]) == {A.id: FIRST_RUN.date}

    async def test_the_first_day_counts_on_which_any_of_its_channels_had_a_paper(self, storage: Storage) -> None:
        await self.daily(storage, digest(A, B), number=3)
        await self.daily(storage, digest(A), number=1)
        await self.daily(storage, digest(B), guild_id=2, number=0)
        seen = await storage.deliveries.find_first_seen(1, [A.id, B.id, C.id])
        assert seen == {A.id: nth_run(1).date, B.id: nth_run(3).date}
        assert await storage.deliveries.find_first_seen(1, [C.id]) == {}
        assert await storage.deliveries.find_first_seen(1, []) == {}

    async def test_a_subscription_that_was_changed_or_removed_since_was_daily_then(self, storage: Storage) -> None:
        known = await subscribe(storage)
        await send(storage, await plan(storage, known, digest(A)))
        weekly = replace(SETTINGS, schedule=replace(SCHEDULE, cadence=Cadence.WEEKLY))
        await storage.subscriptions.edit(known, weekly, SECOND_RUN, by=7, now=MORNING)
        await storage.subscriptions.remove(replace(known, revision=1), by=7, now=MORNING)
        assert await storage.deliveries.find_first_seen(1, [A.id]) == {A.id: FIRST_RUN.date}

    async def test_what_had_arrived_of_a_failed_digest_was_seen(self, storage: Storage) -> None:
        planned = await plan(storage, await subscribe(storage), digest(A, B), "n1", "n2")
        assert planned
        await storage.deliveries.record_arrival(planned.id, 1, 5, 77, MORNING)
        await storage.deliveries.fail_delivery(planned.id, REFUSED, MORNING)
        assert await storage.deliveries.find_first_seen(1, [A.id, B.id]) == {A.id: FIRST_RUN.date}


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
async def test_what_was_under_way_when_its_server_was_forgotten_leaves_no_trace(
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


@pytest.mark.parametrize(
    "broken", ["json_set(settings, '$.timezone', 'Mars/Olympus')", "json_remove(settings, '$.time')", "'{'"]
)
async def test_a_delivery_that_cannot_be_read_does_not_cost_others_theirs(
    storage: Storage, subscription: Subscription, path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    lost = await plan(storage, subscription, digest(A))
    sound = await plan(storage, await subscribe(storage), digest(A))
    assert lost
    query(path, f"UPDATE digest_settings SET settings = {broken} WHERE subscription_id = {lost.subscription_id}")
    assert await storage.deliveries.list_under_way(MORNING) == [sound]
    assert await storage.deliveries.get(lost.id) is None
    assert f"delivery {lost.id} cannot be read" in caplog.text


async def test_what_an_admin_wants_is_written_down_once_for_each_time_that_it_changes(
    storage: Storage, subscription: Subscription, path: Path
) -> None:
    all_settings = [SETTINGS, SETTINGS, replace(SETTINGS, selection=Selection(3)), SETTINGS]
    for number, settings in enumerate(all_settings):
        run = Run(DAY + timedelta(days=number), SECOND_RUN.at)
        known = await storage.subscriptions.get(subscription.id)
        assert known
        known = await storage.subscriptions.edit(known, settings, run, by=7, now=MORNING)
        assert await plan(storage, known, digest(reason=NOTHING_LISTED), run=run)
    assert [each.settings for each in await storage.deliveries.list_latest(subscription.id, 9)] == all_settings[::-1]
    assert query(path, "SELECT subscription_id, version FROM digest_settings") == [
        (subscription.id, 1),
        (subscription.id, 2),
    ]
    assert query(path, "SELECT settings_version FROM deliveries ORDER BY run_date") == [(1,), (1,), (2,), (1,)]


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

    async def test_another_server_never_sees_it(self, storage: Storage) -> None:
        await self.post(storage, A)
        assert await storage.posted_papers.list_channels(1) == [5]
        assert await storage.posted_papers.list_channels(2) == []

    async def test_another_channel_was_shown_nothing(self, storage: Storage) -> None:
        await self.post(storage, A)
        for channels in ([], [6]):
            assert await storage.posted_papers.find_latest(1, channels, [A.id]) == {}
            assert await storage.posted_papers.list_since(1, channels, MORNING, limit=10) == ([], 0)

    async def test_of_several_posts_the_latest_is_given(self, storage: Storage) -> None:
        await self.post(storage, A, message_id=79, sent_at=MORNING + timedelta(days=2))
        await self.post(storage, A, B, message_id=78, sent_at=MORNING + timedelta(days=1))
        posts = await storage.posted_papers.find_latest(1, [5], [A.id, B.id])
        assert {each: post.message_id for each, post in posts.items()} == {A.id: 79, B.id: 78}

    async def test_it_was_posted_where_the_subscription_was_then(self, storage: Storage) -> None:
        subscription = await self.post(storage, A)
        await storage.subscriptions.edit(subscription, replace(SETTINGS, channel_id=6), SECOND_RUN, by=7, now=MORNING)
        await storage.subscriptions.remove(replace(subscription, revision=1), by=7, now=MORNING)
        assert (await storage.posted_papers.find_latest(1, [5, 6], [A.id]))[A.id].channel_id == 5
        assert await storage.posted_papers.list_channels(1) == [5]

    async def test_what_is_under_way_failed_or_quiet_was_not_posted(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B], MORNING)
        assert await plan(storage, await subscribe(storage), digest(A))
        failed = await plan(storage, await subscribe(storage), digest(B))
        assert failed
        await storage.deliveries.fail_delivery(failed.id, GONE, MORNING)
        await plan(storage, await subscribe(storage), digest(reason=NOTHING_LISTED))
        assert await storage.posted_papers.list_channels(1) == []
        assert await storage.posted_papers.find_latest(1, [5], [A.id, B.id]) == {}
        assert await storage.posted_papers.list_since(1, [5], MORNING, limit=10) == ([], 0)

    async def test_what_was_posted_comes_newest_message_first_in_its_own_order(self, storage: Storage) -> None:
        await self.post(storage, C, A, message_id=77)
        await self.post(storage, A, B, message_id=78, sent_at=MORNING + timedelta(hours=1))
        posted, total = await storage.posted_papers.list_since(1, [5], MORNING, limit=10)
        assert [(each, post.message_id) for each, post in posted] == [(A, 78), (B, 78), (C, 77), (A, 77)]
        assert total == 4

    async def test_what_was_posted_is_read_page_by_page(self, storage: Storage) -> None:
        await self.post(storage, A, B, C)
        pages = [await storage.posted_papers.list_since(1, [5], MORNING, limit=2, offset=n) for n in (0, 2, 4)]
        assert [[each.id for each, _ in page] for page, _ in pages] == [[A.id, B.id], [C.id], []]
        assert {total for _, total in pages} == {3}

    async def test_what_was_posted_from_an_instant_on_begins_with_that_instant(self, storage: Storage) -> None:
        await self.post(storage, A)
        since = (MORNING, MORNING.astimezone(SCHEDULE.timezone), MORNING + timedelta(seconds=1))
        totals = [(await storage.posted_papers.list_since(1, [5], each, limit=10))[1] for each in since]
        assert totals == [1, 1, 0]

    async def test_a_delivery_leads_to_its_message_once_it_has_arrived(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A], MORNING)
        planned = await plan(storage, await subscribe(storage), digest(A))
        assert planned
        assert planned.posted_message is None
        await send(storage, planned)
        (sent,) = await storage.deliveries.list_latest(planned.subscription_id)
        assert sent.posted_message == (await storage.posted_papers.find_latest(1, [5], [A.id]))[A.id]

    async def test_many_ids_are_looked_for_at_once(self, storage: Storage) -> None:
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
