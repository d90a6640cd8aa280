"""What people save: how much, what comes back after it was removed, and what several clicks at once leave."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.refusals import Refusal, Refused
from bot.share import WHOLE
from bot.storage import MAX_SAVED, REMOVED_KEPT_FOR, Storage, saved_papers
from bot.storage.saved_papers import MAX_REMOVED
from tests.support.builders import MORNING, query
from tests.support.saved import list_saved

pytestmark = pytest.mark.usefixtures("the_file_is_sound")
ADA, BOB, PAPER = 7, 8, "2601.00001"


async def fill(storage: Storage, number: int) -> None:
    """Ada has saved this many papers."""
    values = ", ".join(f"({ADA}, '2501.{each:05}', '2026-01-01T00:00:00+00:00')" for each in range(number))
    query(storage.database.address, f"INSERT INTO saved_papers (user_id, paper_id, saved_at) VALUES {values}")


async def test_what_was_saved_last_is_listed_first_and_saving_it_again_changes_nothing(storage: Storage) -> None:
    for minutes, paper_id in enumerate(["2601.00001", "2601.00002", "2601.00001"]):
        await storage.saved_papers.save(ADA, paper_id, MORNING + timedelta(minutes=minutes))
    assert await list_saved(storage, ADA) == ["2601.00002", "2601.00001"]
    known = await storage.saved_papers.get(ADA, "2601.00001")
    assert known
    assert known.saved_at == MORNING
    assert await storage.saved_papers.count(ADA) == 2
    assert await list_saved(storage, BOB) == []


async def test_five_thousand_papers_have_room_and_one_more_is_refused_until_one_is_removed(storage: Storage) -> None:
    await fill(storage, MAX_SAVED - 1)
    await storage.saved_papers.save(ADA, PAPER, MORNING)
    await storage.saved_papers.save(ADA, PAPER, MORNING)  # it has its room already
    for work in (
        storage.saved_papers.save(ADA, "2601.00002", MORNING),
        storage.saved_papers.toggle(ADA, "2601.00002", MORNING),
        storage.saved_papers.annotate(ADA, "2601.00002", note="Mine", own_tags=[], now=MORNING),
    ):
        with pytest.raises(Refused) as refused:
            await work
        assert refused.value.refusal is Refusal.TOO_MANY_SAVED
    await storage.saved_papers.annotate(ADA, PAPER, note="Mine", own_tags=[], now=MORNING)
    await storage.saved_papers.save(BOB, "2601.00002", MORNING)
    assert await storage.saved_papers.remove(ADA, "2501.00000", MORNING)
    assert await storage.saved_papers.save(ADA, "2601.00002", MORNING)
    assert await storage.saved_papers.count(ADA) == MAX_SAVED


async def test_what_is_removed_comes_back_for_a_day_with_all_that_was_written_about_it(storage: Storage) -> None:
    await storage.saved_papers.annotate(ADA, PAPER, note="Mine", own_tags=["thesis"], now=MORNING)
    await storage.saved_papers.mark_read(ADA, PAPER, MORNING)
    known = await storage.saved_papers.get(ADA, PAPER)
    for pause in (timedelta(0), REMOVED_KEPT_FOR):
        assert await storage.saved_papers.remove(ADA, PAPER, MORNING) == known
        assert await storage.saved_papers.get(ADA, PAPER) is None
        assert await storage.saved_papers.list_own_tags(ADA) == ()
        assert await storage.saved_papers.remove(ADA, PAPER, MORNING) is None
        await storage.saved_papers.delete_removed(WHOLE, MORNING + pause)
        assert await storage.saved_papers.save(ADA, PAPER, MORNING + pause) == known
    await storage.saved_papers.remove(ADA, PAPER, MORNING)
    later = MORNING + REMOVED_KEPT_FOR + timedelta(minutes=1)
    await storage.saved_papers.delete_removed(WHOLE, later)
    again = await storage.saved_papers.save(ADA, PAPER, later)
    assert (again.saved_at, again.note, again.own_tags, again.read_at) == (later, "", (), None)


async def test_only_the_hundred_that_were_removed_last_can_come_back(storage: Storage) -> None:
    await fill(storage, MAX_REMOVED + 2)
    for number in range(MAX_REMOVED + 2):
        await storage.saved_papers.remove(ADA, f"2501.{number:05}", MORNING + timedelta(seconds=number))
    left = query(storage.database.address, "SELECT paper_id FROM saved_papers ORDER BY paper_id")
    assert [each for (each,) in left] == [f"2501.{number:05}" for number in range(2, MAX_REMOVED + 2)]


async def test_two_clicks_at_once_save_it_and_take_that_back(storage: Storage) -> None:
    told = await asyncio.gather(*(storage.saved_papers.toggle(ADA, PAPER, MORNING) for _ in range(2)))
    assert sorted(each is None for each in told) == [False, True]
    assert await storage.saved_papers.count(ADA) == 0


async def test_of_two_notes_at_once_one_is_there_whole(storage: Storage) -> None:
    notes = {"one": ["a", "b"], "other": ["c"]}
    table = storage.saved_papers
    await asyncio.gather(*(table.annotate(ADA, PAPER, note=note, own_tags=notes[note], now=MORNING) for note in notes))
    saved = await table.get(ADA, PAPER)
    assert saved
    assert list(saved.own_tags) == notes[saved.note]


async def test_a_note_alone_leaves_the_tags_as_they_are(storage: Storage) -> None:
    await storage.saved_papers.annotate(ADA, PAPER, note="", own_tags=["thesis"], now=MORNING)
    saved = await storage.saved_papers.annotate(ADA, PAPER, note="Mine", own_tags=None, now=MORNING)
    assert (saved.note, saved.own_tags) == ("Mine", ("thesis",))


async def test_what_a_search_looks_at_is_all_that_is_saved_last_first_with_what_was_written(storage: Storage) -> None:
    for minutes, paper_id in enumerate([PAPER, "2601.00002", "2601.00003", "2601.00004"]):
        await storage.saved_papers.save(ADA, paper_id, MORNING + timedelta(minutes=minutes))
    noted = await storage.saved_papers.annotate(ADA, PAPER, note="Mine", own_tags=["thesis"], now=MORNING)
    await storage.saved_papers.mark_read(ADA, "2601.00002", MORNING)
    await storage.saved_papers.remove(ADA, "2601.00003", MORNING)
    seen = await storage.saved_papers.read_overview(ADA, with_texts=True)
    assert [*seen.is_read.items()] == [("2601.00004", False), ("2601.00002", True), (PAPER, False)]
    assert seen.own_texts == {PAPER: ("Mine", ("thesis",))}
    assert not (await storage.saved_papers.read_overview(ADA, with_texts=False)).own_texts
    assert await storage.saved_papers.get_several(ADA, [PAPER, "2601.00003", "2601.00009"]) == {PAPER: noted}


async def test_own_tags_are_listed_by_how_many_papers_have_them(storage: Storage) -> None:
    for number, tags in enumerate([["b"], ["a", "b"], ["a", "b"], ["c"], []]):
        await storage.saved_papers.annotate(ADA, f"2601.{number:05}", note="", own_tags=tags, now=MORNING)
    assert await storage.saved_papers.list_own_tags(ADA) == ("b", "a", "c")


async def test_what_is_not_saved_any_more_is_not_marked_as_read(storage: Storage) -> None:
    await storage.saved_papers.save(ADA, PAPER, MORNING)
    await storage.saved_papers.remove(ADA, PAPER, MORNING)
    assert await storage.saved_papers.mark_read(ADA, PAPER, MORNING) is None
    assert not (await storage.saved_papers.save(ADA, PAPER, MORNING)).read_at


async def test_saving_reads_no_notes(storage: Storage) -> None:
    """5,000 long ones take up to half a second to read, in which nobody else could save anything."""
    if isinstance(storage.database.address, Path):
        count = "SELECT count(*) FROM saved_papers WHERE user_id = 7 AND paper_id != '' AND removed_at IS NULL"
        ((*_, plan),) = query(storage.database.address, f"EXPLAIN QUERY PLAN {count}")
        assert "COVERING INDEX" in plan


async def test_what_many_people_removed_is_all_deleted(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_papers, "_DELETED_AT_ONCE", 2)
    for number in range(5):
        await storage.saved_papers.save(number + 1, PAPER, MORNING)
        await storage.saved_papers.remove(number + 1, PAPER, MORNING)
    await storage.saved_papers.save(ADA, PAPER, MORNING)
    await storage.saved_papers.delete_removed(WHOLE, MORNING + 2 * REMOVED_KEPT_FOR)
    assert query(storage.database.address, "SELECT user_id FROM saved_papers") == [(ADA,)]
