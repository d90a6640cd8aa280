"""One saved paper: its note and tags, and marking it as read, removing it and having it back."""

import re

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.layouts.results import MAX_PAGES
from bot.refusals import Refusal
from bot.storage import MAX_NOTE, MAX_SAVED
from tests.support.builders import explain, query
from tests.support.messages import answer, button_labels, find_next_steps, ids, message_of, read_texts
from tests.support.panel import read_modal
from tests.support.saved import ask_saved, find_saved, get_saved, read_saved
from tests.support.server import Server, stale_button

SECOND = ids(2)[0]


async def open_one(server: Server, number: int = 2) -> simcord.ResponseMessage:
    """The member picks a paper in *Note, tags or read…*."""
    page = await ask_saved(server)
    shown = message_of(await server.member.select(page, ids(number), custom_id="savedpick"))
    assert shown.ephemeral
    return shown


async def test_a_paper_is_shown_with_my_note_beside_the_page(shelf: Server) -> None:
    text = read_texts((await open_one(shelf)).message)
    assert re.search(r"Saved <t:\d+:R> · read <t:\d+:R>", text)
    assert "Compare the samplers with ours\n**Your tags** thesis, To do" in text


async def test_it_is_marked_as_read_and_unread_in_place(shelf: Server) -> None:
    shown = await open_one(shelf, 1)
    await shelf.member.click(shown, label="Mark as read")
    assert read_texts(shown.message).startswith("✓ Marked as read.")
    assert await find_saved(shelf, "is:unread") == ids(3)
    await shelf.member.click(shown, label="Mark as unread")
    assert await find_saved(shelf, "is:unread") == ids(3, 1)


async def test_what_is_removed_can_be_had_back_with_its_note(shelf: Server) -> None:
    shown = await open_one(shelf)
    await shelf.member.click(shown, label="Remove")
    assert read_texts(shown.message).startswith("Removed **")
    assert await find_saved(shelf) == ids(3, 1)
    await shelf.member.click(shown, label="Save again")
    assert await find_saved(shelf, "my:thesis has:note is:read") == ids(2)
    await shelf.member.click(shown, label="Your saved papers")
    assert "Compare the samplers" in read_texts(shown.message)


async def test_a_note_and_tags_are_written_and_edited(shelf: Server) -> None:
    shown = await open_one(shelf, 1)
    asked = await shelf.member.click(shown, label="Add a note or tags")
    assert read_modal(asked) == {"note": "", "tags": ""}
    told = await shelf.member.submit_modal(asked, {"note": " *Read* §3\nfirst ", "tags": "#NLP, to read,nlp,, "})
    assert "\\*Read\\* §3\nfirst" in answer(told)
    saved = await get_saved(shelf, 1)
    assert saved
    assert (saved.note, saved.own_tags) == ("*Read* §3\nfirst", ("NLP", "to read"))
    asked = await shelf.member.click(shown, label="Edit note and tags")
    assert read_modal(asked) == {"note": "*Read* §3\nfirst", "tags": "NLP, to read"}


async def test_a_note_on_a_paper_that_is_not_saved_saves_it(library: Server) -> None:
    asked = await library.member.click(stale_button(library, f"note:{SECOND}"), custom_id=f"note:{SECOND}")
    await library.member.submit_modal(asked, {"note": "Mine", "tags": ""})
    assert "“Mine”" in await read_saved(library)


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        (", ".join(f"tag {number}" for number in range(11)), "A paper can have up to 10 tags, and these are 11."),
        (f"fine, {'x' * 31}", "A tag can have up to 30 characters"),
    ],
)
async def test_tags_that_do_not_fit_are_kept_to_be_corrected_and_the_note_is_saved(
    shelf: Server, tags: str, problem: str
) -> None:
    shown = await open_one(shelf)
    asked = await shelf.member.click(shown, label="Edit note and tags")
    told = await shelf.member.submit_modal(asked, {"note": "Another note", "tags": tags})
    assert "Your note is saved, but not the tags." in answer(told)
    assert problem in answer(told)
    saved = await get_saved(shelf, 2)
    assert saved
    assert (saved.note, saved.own_tags) == ("Another note", ("thesis", "To do"))
    asked = await shelf.member.click(message_of(told), label="Correct the tags")
    assert read_modal(asked) == {"note": "Another note", "tags": tags}


async def test_where_only_tags_were_typed_no_note_is_said_to_be_saved(shelf: Server) -> None:
    asked = await shelf.member.click(await open_one(shelf, 1), label="Add a note or tags")
    told = await shelf.member.submit_modal(asked, {"note": "", "tags": "x" * 31})
    assert answer(told).startswith("The paper is saved, but not the tags. A tag can have up to 30 characters")


async def test_of_two_modals_at_once_the_last_wins(shelf: Server) -> None:
    shown = await open_one(shelf)
    one = await shelf.member.click(shown, label="Edit note and tags")
    other = await shelf.member.click(shown, label="Edit note and tags")
    await shelf.member.submit_modal(one, {"note": "one", "tags": "one"})
    await shelf.member.submit_modal(other, {"note": "other", "tags": "other"})
    saved = await get_saved(shelf, 2)
    assert saved
    assert (saved.note, saved.own_tags) == ("other", ("other",))


async def test_the_longest_note_in_any_script_is_shown(shelf: Server) -> None:
    for letter in ("深", "👾", "*", "`"):
        asked = await shelf.member.click(await open_one(shelf), label="Edit note and tags")
        told = await shelf.member.submit_modal(asked, {"note": letter * MAX_NOTE, "tags": f"{letter * 30}"})
        assert answer(told).startswith("✓ Saved.")
        assert await read_saved(shelf)


async def fill(server: Server) -> None:
    rows = (f"({server.member.id}, '2501.{number:05}', '2026-01-01T00:00:00+00:00')" for number in range(MAX_SAVED - 3))
    query(server.database, f"INSERT INTO saved_papers (user_id, paper_id, saved_at) VALUES {', '.join(rows)}")


async def test_with_no_room_left_nothing_is_typed_in_vain(shelf: Server) -> None:
    asked = await shelf.member.click(stale_button(shelf, "note:2601.00004"), custom_id="note:2601.00004")
    await fill(shelf)
    told = answer(await shelf.member.submit_modal(asked, {"note": "A long thought", "tags": "one, two"}))
    assert explain(Refusal.TOO_MANY_SAVED, number=MAX_SAVED) in told
    assert "```\nA long thought\n\none, two\n```" in told
    late = await shelf.member.click(stale_button(shelf, "note:2601.00004"), custom_id="note:2601.00004")
    assert answer(late) == explain(Refusal.TOO_MANY_SAVED, number=MAX_SAVED)
    assert button_labels(message_of(late)) == ["Your saved papers"]


async def test_a_paper_that_is_not_saved_any_more_is_said_to_be_gone(shelf: Server) -> None:
    shown = await open_one(shelf)
    await shelf.bot.services.storage.saved_papers.remove(shelf.member.id, SECOND, shelf.clock.now)
    told = await shelf.member.click(shown, label="Mark as unread")
    assert answer(told) == explain(Refusal.NOT_SAVED)
    assert "Your saved papers" in find_next_steps(told)


@pytest.mark.parametrize(
    "custom_id", ["saved", "saved:", "saved:n0:", f"saved:n{MAX_PAGES}9:", "savedone:eat:2601.00001", "note:x", "note:"]
)
async def test_forged_controls_are_answered(shelf: Server, custom_id: str) -> None:
    told = await shelf.member.click(stale_button(shelf, custom_id), custom_id=custom_id)
    assert answer(told) == explain(Refusal.CONTROL_STALE)


async def test_a_page_that_is_gone_is_said_to_be(shelf: Server) -> None:
    told = await shelf.member.click(stale_button(shelf, "saved:n9:is:read"), custom_id="saved:n9:is:read")
    assert answer(told) == explain(Refusal.PAGE_GONE)


async def test_a_paper_of_hugging_face_that_is_saved_and_lost_is_fetched_again(
    shelf: Server, papers_server: PapersServer
) -> None:
    await shelf.bot.services.storage.saved_papers.save(shelf.member.id, "2512.00009", shelf.clock.now)
    page = await ask_saved(shelf)
    told = await shelf.member.select(page, ["2512.00009"], custom_id="savedpick")
    assert answer(told)
