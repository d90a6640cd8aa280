"""Planning a delivery: once for each run, and only from what admins want now."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.digest import Digest, Highlight
from bot.share import WHOLE
from bot.storage import Action, Delivery, DeliveryState, Message, Storage, Subscription, open_storage
from bot.subscription.schedule import Cadence, Run, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    MORNING,
    NOTHING_LISTED,
    SECOND_RUN,
    SETTINGS,
    digest,
    paper,
    plan,
    query,
    send,
    subscribe,
    tables,
)
from tests.support.engines import BROKEN_RULES

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))
EVERY = [A.id, B.id, C.id]
FULL = DigestSettings(
    5,
    Schedule(time(18, 30), ZoneInfo("Asia/Kolkata"), frozenset({1, 5}), Cadence.WEEKLY),
    Selection(10, 3, 0, 'title:"Ünï \' kode" 💡'),
    PostingOptions(DigestLayout.CARDS, Threads.PER_DIGEST, 10080, True, 2**63 - 1, 20, True, True),
)


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
        assert await storage.deliveries.list_under_way(WHOLE, MORNING) == [planned]
        assert await storage.deliveries.list_latest(subscription.id) == [planned]
        assert await storage.deliveries.get(planned.id) == planned
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == {A.id, B.id}
        assert await storage.deliveries.get_covered_until(subscription.id) == DAY
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert known.next_run == SECOND_RUN

    async def test_a_delivery_keeps_the_settings_it_was_planned_with(
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

    async def test_two_tasks_that_plan_a_run_at_once_make_one_delivery(
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
            with pytest.raises(BROKEN_RULES, match=r"(?i)unique"):
                query(path, insert)

    async def test_the_database_itself_refuses_a_nonce_twice(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(A), "n1"))
        before = tables(path)
        with pytest.raises(BROKEN_RULES, match=r"messages.nonce"):
            await plan(storage, subscription, digest(B), "n1", run=SECOND_RUN)
        assert tables(path) == before

    @pytest.mark.parametrize("planned", [digest(B), digest(reason=NOTHING_LISTED)], ids=["some", "quiet"])
    async def test_one_delivery_is_under_way_at_a_time(
        self, storage: Storage, subscription: Subscription, path: Path, planned: Digest
    ) -> None:
        first = await plan(storage, subscription, digest(A))
        later, before = SECOND_RUN.at + timedelta(days=30), tables(path)
        assert await storage.subscriptions.list_due(WHOLE, later) == []
        assert await plan(storage, subscription, planned, run=SECOND_RUN, by=9) is None
        assert tables(path) == before
        await send(storage, first)
        assert [each.id for each in await storage.subscriptions.list_due(WHOLE, later)] == [subscription.id]
        assert await plan(storage, subscription, planned, run=SECOND_RUN)

    async def test_a_plan_made_from_outdated_settings_is_dropped(
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
    async def test_a_plan_for_a_paused_or_removed_subscription_is_dropped(
        self, storage: Storage, subscription: Subscription, change: str, path: Path
    ) -> None:
        await getattr(storage.subscriptions, change)(subscription, by=7, now=MORNING)
        before = tables(path)
        for planned in (subscription, replace(subscription, revision=1)):
            assert await plan(storage, planned, digest(A)) is None
        assert tables(path) == before
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == frozenset()

    async def test_a_plan_for_a_deleted_server_is_dropped(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        await storage.guilds.delete_server(1)
        before = tables(path)
        assert await plan(storage, subscription, digest(A), by=9) is None
        assert tables(path) == before

    async def test_a_plan_with_a_paper_that_was_highlighted_before_saves_nothing(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(A)))
        before = tables(path)
        with pytest.raises(BROKEN_RULES, match="highlights"):
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
        assert await storage.deliveries.list_under_way(WHOLE, MORNING) == []
        assert await storage.deliveries.get_covered_until(subscription.id) == DAY

    async def test_a_delivery_that_only_says_nothing_is_new_is_quiet_once_that_line_has_arrived(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(reason=NOTHING_LISTED), "n1")
        assert planned
        assert (planned.state, planned.digest.reason) == (DeliveryState.PLANNED, NOTHING_LISTED)
        await send(storage, planned)
        quiet = await get(storage, planned)
        assert (quiet.state, quiet.digest.reason) == (DeliveryState.QUIET, NOTHING_LISTED)
        assert quiet.posted_message

    async def test_a_digest_sent_early_is_logged_with_the_admin_who_sent_it(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await plan(storage, subscription, digest(A), by=9)
        latest, *_ = await storage.audit_log.list_latest(1, 10)
        assert (latest.subscription_id, latest.action, latest.user_id) == (subscription.id, Action.SENT, 9)
        assert latest.made_at == MORNING

    async def test_a_digest_sent_on_time_is_not_in_the_audit_log(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(A)))
        assert [each.action for each in await storage.audit_log.list_latest(1, 10)] == [Action.ADDED]


@pytest.mark.parametrize(
    "broken",
    [
        "replace(settings, 'Europe/Berlin', 'Mars/Olympus')",
        "replace(settings, '\"time\"', '\"sometime\"')",
        "'{'",
    ],
)
async def test_a_delivery_that_cannot_be_read_does_not_stop_the_others(
    storage: Storage, subscription: Subscription, path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    lost = await plan(storage, subscription, digest(A))
    sound = await plan(storage, await subscribe(storage), digest(A))
    assert lost
    query(path, f"UPDATE digest_settings SET settings = {broken} WHERE subscription_id = {lost.subscription_id}")
    assert await storage.deliveries.list_under_way(WHOLE, MORNING) == [sound]
    assert await storage.deliveries.get(lost.id) is None
    assert f"delivery {lost.id} cannot be read" in caplog.text


async def test_settings_are_stored_once_however_many_deliveries_use_them(
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


class TestExtraDigests:
    async def test_an_extra_digest_moves_no_run_and_covers_no_day(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(A), extra=1))
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert known.next_run == subscription.next_run
        assert await storage.deliveries.get_covered_until(subscription.id) is None
        assert await storage.deliveries.find_covering(subscription.id, DAY) is None
        assert await storage.deliveries.list_planned_dates(subscription.id, DAY) == frozenset()

    async def test_it_may_have_the_date_of_a_run_but_its_papers_do_not_come_again(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await send(storage, await plan(storage, subscription, digest(A), extra=1))
        assert await storage.deliveries.find_highlighted(subscription.id, EVERY) == {A.id}
        await send(storage, await plan(storage, subscription, digest(B)))
        await send(storage, await plan(storage, subscription, digest(C), extra=2), message_id=90)
        assert await plan(storage, subscription, digest(paper("2601.00009")), extra=2) is None
        latest = await storage.deliveries.list_latest(subscription.id, 9)
        assert [each.extra for each in latest] == [2, 0, 1]
        assert await storage.deliveries.count_extra_digests(subscription.id, FIRST_RUN.date) == 2

    async def test_undoing_it_opens_no_day_again(self, storage: Storage, subscription: Subscription) -> None:
        await send(storage, await plan(storage, subscription, digest(A), run=FIRST_RUN))
        covered = await storage.deliveries.get_covered_until(subscription.id)
        extra = await plan(storage, subscription, digest(B), run=FIRST_RUN, extra=1)
        await send(storage, extra, message_id=90)
        assert extra
        await storage.deliveries.undo_delivery(extra, by=7, now=MORNING)
        assert await storage.deliveries.get_covered_until(subscription.id) == covered
