"""Two clicks at once, a note that comes late, a database that takes nothing: all are answered, and no text is lost."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from bot.refusals import Refusal
from bot.storage import MAX_NOTE, SavedPaper, database
from tests.support.builders import explain, get_file
from tests.support.delivery_rig import DeliveryRig
from tests.support.discord_limits import check_message
from tests.support.wire import Payload
from tests.support.wire_channels import SOMEBODY

PAPER = "2601.00003"
ME = int(SOMEBODY["id"] or 0)


async def press(rig: DeliveryRig, custom_id: str) -> str:
    """Somebody presses a button of an answer that only they see; gives what they are answered."""
    button = {"type": 2, "style": 2, "label": "A button", "custom_id": custom_id}
    message = {"data": {"flags": 1 << 6, "components": [{"type": 1, "components": [button]}]}}
    return str(await rig.wire.press(rig.guild.general, message, custom_id))


async def write(rig: DeliveryRig, note: str, tags: str = "") -> Payload:
    told = await rig.wire.submit(rig.guild.general, f"note:{PAPER}", note=note, tags=tags)
    check_message({"allowed_mentions": {"parse": []}, **told["data"]})
    return told


async def get_saved(rig: DeliveryRig) -> SavedPaper | None:
    return await rig.storage.saved_papers.get(ME, PAPER)


@pytest.mark.parametrize(
    ("custom_id", "told", "is_saved"),
    [
        (f"save:{PAPER}", ["Removed **", "Saved **"], False),
        (f"saving:undo:{PAPER}", ["Removed **"] * 2, False),
        (f"saving:again:{PAPER}", ["Saved **"] * 2, True),
    ],
)
async def test_two_clicks_at_once_are_done_one_after_the_other(
    filled: DeliveryRig, custom_id: str, told: list[str], *, is_saved: bool
) -> None:
    answers = await asyncio.gather(*(press(filled, custom_id) for _ in range(2)))
    assert sorted("Removed **" if "Removed **" in each else "Saved **" for each in answers if "**" in each) == told
    assert bool(await get_saved(filled)) is is_saved


async def test_a_note_written_while_its_paper_was_removed_saves_it_again(filled: DeliveryRig) -> None:
    await press(filled, f"save:{PAPER}")
    await press(filled, f"saving:undo:{PAPER}")
    assert "✓ Saved." in str(await write(filled, "Mine"))
    saved = await get_saved(filled)
    assert saved
    assert saved.note == "Mine"


async def test_a_note_sent_off_after_everything_was_deleted_is_all_that_is_stored(filled: DeliveryRig) -> None:
    await filled.storage.saved_papers.annotate(ME, PAPER, note="Old", own_tags=["old"], now=filled.clock())
    await filled.storage.people.delete_person(ME)
    assert "You haven't saved that paper" in await press(filled, f"savedone:show:{PAPER}")
    assert "✓ Saved." in str(await write(filled, "New"))
    saved = await get_saved(filled)
    assert saved
    assert (saved.note, saved.own_tags) == ("New", ())


@pytest.mark.parametrize("letter", ["深", "👾", "`", '"', "x"])
async def test_while_the_database_is_locked_whoever_wrote_a_note_gets_all_of_it_back(
    filled: DeliveryRig, monkeypatch: pytest.MonkeyPatch, letter: str
) -> None:
    note = f"{letter * (MAX_NOTE - 4)} end"
    monkeypatch.setattr(database, "WRITE_TIMEOUT", 0.1)
    with closing(sqlite3.connect(get_file(filled.storage), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert explain(Refusal.DATABASE_BUSY) in await press(filled, f"save:{PAPER}")
        told = str(await write(filled, note, "thesis"))
        other.execute("COMMIT")
    assert explain(Refusal.DATABASE_BUSY) in told
    assert " end" in told
    assert "thesis" in told
    assert f"note:{PAPER}" in told  # to try again
    assert await get_saved(filled) is None  # what was refused is not done later
    monkeypatch.setattr(database, "WRITE_TIMEOUT", 60)
    assert "✓ Saved." in str(await write(filled, note, "thesis"))


async def test_on_a_full_disk_whoever_wrote_a_note_gets_it_back(filled: DeliveryRig) -> None:
    writer: Any = filled.storage.database._writer
    await writer.execute("PRAGMA max_page_count = 1")  # no more than there are
    note = f"{'深' * (MAX_NOTE - 4)} end"
    told = str(await write(filled, note))
    assert explain(Refusal.DISK_FULL) in told
    assert " end" in told
    assert await get_saved(filled) is None
    await writer.execute("PRAGMA max_page_count = 1000000")
    assert "✓ Saved." in str(await write(filled, note))


async def test_a_note_on_a_paper_that_the_archive_has_lost_is_said_to_be_saved(filled: DeliveryRig) -> None:
    """Hugging Face, which does not know it either, is not asked."""
    await filled.storage.saved_papers.save(ME, "2601.99999", filled.clock())
    told = await filled.wire.submit(filled.guild.general, "note:2601.99999", note="Mine", tags="")
    assert "✓ Saved." in str(told)
