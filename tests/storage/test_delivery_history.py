"""What the deliveries of a subscription tell later: failures in a row, days covered, papers seen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.digest import Digest
from bot.storage import Delivery, DeliveryState, Storage, Subscription
from bot.subscription.schedule import Cadence, Run
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    MORNING,
    NOTHING_LISTED,
    REFUSED,
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
BEFORE = DAY - timedelta(days=1)
LATER = MORNING + timedelta(hours=1)


def nth_run(number: int) -> Run:
    return Run(FIRST_RUN.date + timedelta(days=number), FIRST_RUN.at + timedelta(days=number))


class TestTheRecord:
    """What the deliveries of a subscription tell later."""

    async def test_the_latest_deliveries_are_listed_latest_run_first(
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
    async def test_failures_in_a_row_are_counted_since_the_last_digest_that_arrived(
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

    async def test_published_messages_of_a_channel_are_counted_since_a_time(
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

    async def test_each_subscription_has_its_own_delivery_of_a_paper(
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

    async def test_a_new_subscription_has_covered_no_day(self, storage: Storage, subscription: Subscription) -> None:
        assert await plan(storage, await subscribe(storage), digest(A))
        assert await storage.deliveries.get_covered_until(subscription.id) is None

    @pytest.mark.parametrize("outcome", ["failed", "undone"])
    async def test_if_every_digest_failed_or_was_undone_all_days_since_the_first_are_open(
        self, storage: Storage, subscription: Subscription, outcome: str
    ) -> None:
        """And no day before it. Without this, the digest after a failed first one would cover the latest day alone."""
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

    async def test_a_first_run_that_failed_without_papers_covers_no_day(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, replace(digest(reason=NOTHING_LISTED), days=()), "n1")
        assert planned
        await storage.deliveries.fail_delivery(planned.id, REFUSED, LATER)
        assert await storage.deliveries.get_covered_until(subscription.id) is None

    async def test_a_day_is_covered_by_the_delivery_that_used_its_list(
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
    async def test_a_failed_or_undone_delivery_covers_no_day_until_a_later_one_does(
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

    async def test_days_of_a_digest_undone_after_a_quiet_run_are_open_again(
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

    async def test_a_paper_was_seen_on_the_first_day_any_channel_of_the_server_had_it(self, storage: Storage) -> None:
        await self.daily(storage, digest(A, B), number=3)
        await self.daily(storage, digest(A), number=1)
        await self.daily(storage, digest(B), guild_id=2, number=0)
        seen = await storage.deliveries.find_first_seen(1, [A.id, B.id, C.id])
        assert seen == {A.id: nth_run(1).date, B.id: nth_run(3).date}
        assert await storage.deliveries.find_first_seen(1, [C.id]) == {}
        assert await storage.deliveries.find_first_seen(1, []) == {}

    async def test_a_daily_digest_was_seen_even_if_its_subscription_was_changed_or_removed_since(
        self, storage: Storage
    ) -> None:
        known = await subscribe(storage)
        await send(storage, await plan(storage, known, digest(A)))
        weekly = replace(SETTINGS, schedule=replace(SCHEDULE, cadence=Cadence.WEEKLY))
        await storage.subscriptions.edit(known, weekly, SECOND_RUN, by=7, now=MORNING)
        await storage.subscriptions.remove(replace(known, revision=1), by=7, now=MORNING)
        assert await storage.deliveries.find_first_seen(1, [A.id]) == {A.id: FIRST_RUN.date}

    async def test_papers_of_a_failed_digest_that_had_arrived_were_seen(self, storage: Storage) -> None:
        planned = await plan(storage, await subscribe(storage), digest(A, B), "n1", "n2")
        assert planned
        await storage.deliveries.record_arrival(planned.id, 1, 5, 77, MORNING)
        await storage.deliveries.fail_delivery(planned.id, REFUSED, MORNING)
        assert await storage.deliveries.find_first_seen(1, [A.id, B.id]) == {A.id: FIRST_RUN.date}
