"""Two processes on one PostgreSQL save for the same person at the same moment."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.claims import Fence
from bot.database_address import PostgresAddress
from bot.refusals import Refusal, Refused
from bot.storage import MAX_SAVED, ClaimLost, Storage, open_storage
from tests.support.builders import MORNING, query

ROUNDS = 20
ADA, SERVER, PAPER = 7, 5, "2601.00001"


async def test_clicks_at_once_in_two_processes_are_done_one_after_the_other(processes: Sequence[Storage]) -> None:
    for _ in range(ROUNDS):
        told = await asyncio.gather(*(each.saved_papers.toggle(ADA, PAPER, MORNING) for each in processes))
        assert sorted(each is None for each in told) == [False, True]
        assert await processes[0].saved_papers.count(ADA) == 0


async def test_notes_at_once_in_two_processes_leave_one_of_them_whole(processes: Sequence[Storage]) -> None:
    for _ in range(ROUNDS):
        notes = ("one", "other")
        await asyncio.gather(
            *(
                each.saved_papers.annotate(ADA, PAPER, note=note, own_tags=[note], now=MORNING)
                for each, note in zip(processes, notes, strict=True)
            )
        )
        saved = await processes[0].saved_papers.get(ADA, PAPER)
        assert saved
        assert (saved.note in notes, saved.own_tags) == (True, (saved.note,))


async def test_a_note_written_while_another_process_removes_the_paper_is_never_lost(
    processes: Sequence[Storage],
) -> None:
    """It is there, or comes back with *Save again*."""
    for number in range(ROUNDS):
        await processes[0].saved_papers.save(ADA, PAPER, MORNING)
        note = f"note {number}"
        await asyncio.gather(
            processes[0].saved_papers.annotate(ADA, PAPER, note=note, own_tags=None, now=MORNING),
            processes[1].saved_papers.remove(ADA, PAPER, MORNING),
        )
        assert (await processes[1].saved_papers.save(ADA, PAPER, MORNING)).note == note


async def test_the_last_room_is_given_once_though_two_processes_are_asked_for_it(
    processes: Sequence[Storage], postgres_address: PostgresAddress
) -> None:
    values = ", ".join(f"({ADA}, '2501.{each:05}', '2026-01-01T00:00:00+00:00')" for each in range(MAX_SAVED - 1))
    query(postgres_address, f"INSERT INTO saved_papers (user_id, paper_id, saved_at) VALUES {values}")
    for number in range(ROUNDS):
        ids = [f"2601.{number:04}{each}" for each in range(4)]
        first, second = (each.saved_papers for each in processes)
        told = await asyncio.gather(
            first.save(ADA, ids[0], MORNING),
            second.toggle(ADA, ids[1], MORNING),
            first.annotate(ADA, ids[2], note="Mine", own_tags=[], now=MORNING),
            second.save(ADA, ids[3], MORNING),
            return_exceptions=True,
        )
        refused = [each.refusal for each in told if isinstance(each, Refused)]
        assert refused == [Refusal.TOO_MANY_SAVED] * 3
        assert await first.count(ADA) == MAX_SAVED
        for each in ids:
            await second.remove(ADA, each, MORNING)


async def test_of_what_is_saved_while_another_process_deletes_the_person_all_or_nothing_is_left(
    processes: Sequence[Storage], postgres_address: PostgresAddress
) -> None:
    """What came before the deletion is gone. A click that comes after it saves just its one paper, without a note."""
    for _ in range(ROUNDS):
        await processes[0].saved_papers.annotate(ADA, PAPER, note="Secret", own_tags=["secret"], now=MORNING)
        await processes[0].saved_papers.remove(ADA, PAPER, MORNING)
        await asyncio.gather(
            processes[0].saved_papers.save(ADA, PAPER, MORNING),
            processes[0].saved_papers.mark_read(ADA, PAPER, MORNING),
            processes[1].people.delete_person(ADA),
        )
        left = query(postgres_address, "SELECT paper_id, note, own_tags FROM saved_papers")
        assert left in ([], [(PAPER, "", "[]")])
        await processes[1].people.delete_person(ADA)
        assert await processes[0].saved_papers.mark_read(ADA, PAPER, MORNING) is None
        assert query(postgres_address, "SELECT * FROM saved_papers") == []


async def test_a_process_whose_shards_were_taken_saves_nothing_and_says_so(
    processes: Sequence[Storage], postgres_address: PostgresAddress
) -> None:
    query(postgres_address, f"INSERT INTO claims (shard, epoch, taken_at) VALUES (0, 2, '{MORNING.isoformat()}')")
    async with open_storage(postgres_address, Fence(shards=1, epoch=1)) as lost:
        table = lost.saved_papers
        for work in (
            table.save(ADA, PAPER, MORNING),
            table.toggle(ADA, PAPER, MORNING),
            table.annotate(ADA, PAPER, note="Mine", own_tags=[], now=MORNING),
            lost.server_feeds.add(SERVER, "key", MORNING),
        ):
            with pytest.raises(ClaimLost):
                await work
    assert await processes[0].saved_papers.toggle(ADA, PAPER, MORNING)  # by whoever has them now
    assert await processes[0].server_feeds.get(SERVER) is None
