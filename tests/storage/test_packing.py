"""Packing old runs: what stays as it is, and what is still known of the rest."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.share import WHOLE
from bot.storage import Storage, Subscription
from bot.subscription.schedule import Run
from tests.support.builders import DAY, MORNING, NOTHING_LISTED, build_past, digest, paper, plan, query, send, subscribe

LONG_AGO = MORNING + timedelta(days=100)


async def run(storage: Storage, known: Subscription, number: int, outcome: str = "sent") -> None:
    """A run a day, each with a paper of its own; `outcome` is what became of it."""
    day, one = DAY + timedelta(days=number), paper(f"2602.{number:05}")
    await storage.papers.record_list(day, [one], MORNING)
    quiet = outcome == "quiet"
    due = Run(day, MORNING + timedelta(days=number))
    planned = await plan(storage, known, digest(reason=NOTHING_LISTED) if quiet else digest(one), run=due)
    assert planned
    if outcome == "sent":
        await send(storage, planned, message_id=1000 + number)
    if outcome == "undone":
        await send(storage, planned)
        await storage.deliveries.undo_delivery(planned, by=7, now=MORNING)
    if outcome == "failed":
        await storage.deliveries.fail_delivery(planned.id, NOTHING_LISTED, MORNING)


async def runs_left(storage: Storage, known: Subscription) -> list[int]:
    return sorted((each.run_date - DAY).days for each in await storage.deliveries.list_latest(known.id, 99))


class TestWhatStays:
    async def test_the_five_latest_runs_stay_and_older_ones_until_there_are_enough_to_pack(
        self, storage: Storage
    ) -> None:
        known = await subscribe(storage)
        for number in range(11):
            await run(storage, known, number)
        await storage.deliveries.pack_old_runs(WHOLE, LONG_AGO)
        assert await runs_left(storage, known) == list(range(11))
        await run(storage, known, 11)
        await storage.deliveries.pack_old_runs(WHOLE, LONG_AGO)
        assert await runs_left(storage, known) == [7, 8, 9, 10, 11]

    async def test_recent_runs_are_not_packed(self, storage: Storage) -> None:
        known = await subscribe(storage)
        for number in range(20):
            await run(storage, known, number)
        await storage.deliveries.pack_old_runs(WHOLE, MORNING)  # planned then, not before
        assert await runs_left(storage, known) == list(range(20))

    async def test_an_extra_digest_is_packed_and_its_papers_still_do_not_come_again(self, storage: Storage) -> None:
        known = await subscribe(storage)
        one = paper("2602.00999")
        await storage.papers.record_list(DAY, [one], MORNING)
        await send(storage, await plan(storage, known, digest(one), run=Run(DAY, MORNING), extra=1), message_id=999)
        for number in range(12):
            await run(storage, known, number)
        await storage.deliveries.pack_old_runs(WHOLE, LONG_AGO)
        assert len(await runs_left(storage, known)) == 6
        assert await storage.deliveries.find_highlighted(known.id, [one.id]) == {one.id}
        covering = await storage.deliveries.find_covering(known.id, DAY)
        assert covering
        assert [each.paper.id for each in covering.digest.highlights] == ["2602.00000"]

    @pytest.mark.parametrize("outcome", ["sent", "undone"])
    async def test_the_last_digest_that_was_posted_stays_however_long_ago(self, storage: Storage, outcome: str) -> None:
        known = await subscribe(storage)
        for number in range(30):
            await run(storage, known, number, outcome if number == 10 else "quiet")
        before = await storage.deliveries.get_last_posted(known.id)
        await storage.deliveries.pack_old_runs(WHOLE, LONG_AGO)
        assert await storage.deliveries.get_last_posted(known.id) == before
        assert (await runs_left(storage, known))[0] == 7

    async def test_the_last_run_that_covered_its_days_stays_even_if_all_later_runs_failed(
        self, storage: Storage
    ) -> None:
        known = await subscribe(storage)
        for number in range(30):
            await run(storage, known, number, "quiet" if number < 9 else "failed")
        before = await storage.deliveries.get_covered_until(known.id)
        await storage.deliveries.pack_old_runs(WHOLE, LONG_AGO)
        assert await storage.deliveries.get_covered_until(known.id) == before
        assert (await runs_left(storage, known))[0] == 7

    async def test_old_runs_that_failed_or_were_undone_are_deleted(self, storage: Storage, path: Path) -> None:
        known = await subscribe(storage)
        for number in range(14):
            await run(storage, known, number, ("failed", "undone")[number % 2])
        before = await storage.deliveries.get_covered_until(known.id)
        await storage.deliveries.pack_old_runs(WHOLE, LONG_AGO)
        assert await storage.deliveries.get_covered_until(known.id) == before
        assert await runs_left(storage, known) == [7, 8, 9, 10, 11, 12, 13]
        assert query(path, "SELECT count(*) FROM past_runs") == [(0,)]

    async def test_a_digest_that_is_still_on_its_way_stays(self, storage: Storage) -> None:
        known = await subscribe(storage)
        for number in range(12):
            await run(storage, known, number)
        await run(storage, known, 12, "planned")
        await storage.deliveries.pack_old_runs(WHOLE, LONG_AGO)
        (under_way,) = await storage.deliveries.list_under_way(WHOLE, LONG_AGO)
        assert under_way.run_date == DAY + timedelta(days=12)

    async def test_a_paper_of_a_packed_run_is_never_planned_again(self, storage: Storage) -> None:
        known = await build_past(storage)
        again = Run(DAY + timedelta(days=50), MORNING + timedelta(days=50))
        assert await plan(storage, known, digest(paper("2602.00001")), run=again) is None

    async def test_a_new_digest_knows_the_papers_of_packed_runs(self, storage: Storage) -> None:
        known, other = await build_past(storage), await subscribe(storage)
        for days, numbers in ((3, range(4)), (50, range(12))):  # the five last are no past yet
            span = (DAY, DAY + timedelta(days=days))
            standing = await storage.deliveries.read_digest_inputs(known.id, *span, guild_id=1, settings=known.settings)
            assert standing.highlighted == {f"2602.{number:05}" for number in numbers}
            strange = await storage.deliveries.read_digest_inputs(other.id, *span, guild_id=2, settings=other.settings)
            assert not strange.highlighted

    async def test_a_paper_of_a_packed_run_is_known_even_if_it_left_its_list_and_is_listed_again(
        self, storage: Storage, path: Path
    ) -> None:
        known, again = await build_past(storage), DAY + timedelta(days=50)
        query(path, "DELETE FROM listings WHERE paper_id = '2602.00001'")
        later = MORNING + timedelta(days=50)
        await storage.papers.record_list(again, [paper("2602.00001")], later)
        await storage.papers.record_paper(paper("2602.00001", upvotes=99), later)
        assert await storage.deliveries.find_highlighted(known.id, ["2602.00001"]) == {"2602.00001"}
        assert await plan(storage, known, digest(paper("2602.00001")), run=Run(again, later)) is None

    async def test_recaps_know_the_papers_of_packed_daily_digests(self, storage: Storage) -> None:
        known = await subscribe(storage)
        for number in range(12):
            await run(storage, known, number)
        before = await storage.deliveries.find_first_seen(1, ["2602.00001", "2602.00009", "2602.00099"])
        await storage.deliveries.pack_old_runs(WHOLE, LONG_AGO)
        assert await storage.deliveries.find_first_seen(1, ["2602.00001", "2602.00009", "2602.00099"]) == before
        assert before == {"2602.00001": DAY + timedelta(days=1), "2602.00009": DAY + timedelta(days=9)}
