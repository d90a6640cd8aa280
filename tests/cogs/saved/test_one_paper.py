"""One saved paper: its note and tags, and marking it as read, removing it and having it back."""

import re

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.layouts.results import MAX_PAGES
from bot.layouts.save_buttons import SAVED_PAGE
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


async def test_a_paper_is_shown_with_my_note_beside_the_page(with_saved: Server) -> None:
    text = read_texts((await open_one(with_saved)).message)
    assert re.search(r"Saved <t:\d+:R> · read <t:\d+:R>", text)
    assert "Compare the samplers with ours\n**Your tags** thesis, To do" in text


async def test_it_is_marked_as_read_and_unread_in_place(with_saved: Server) -> None:
    shown = await open_one(with_saved, 1)
    await with_saved.member.click(shown, label="Mark as read")
    assert read_texts(shown.message).startswith("✓ Marked as read.")
    assert await find_saved(with_saved, "is:unread") == ids(3)
    await with_saved.member.click(shown, label="Mark as unread")
    assert await find_saved(with_saved, "is:unread") == ids(3, 1)


async def test_what_is_removed_can_be_had_back_with_its_note(with_saved: Server) -> None:
    shown = await open_one(with_saved)
    await with_saved.member.click(shown, label="Remove")
    assert read_texts(shown.message).startswith("Removed **")
    assert await find_saved(with_saved) == ids(3, 1)
    await with_saved.member.click(shown, label="Save again")
    assert await find_saved(with_saved, "my:thesis has:note is:read") == ids(2)
    await with_saved.member.click(shown, label="Your saved papers")
    assert "Compare the samplers" in read_texts(shown.message)


async def test_a_note_and_tags_are_written_and_edited(with_saved: Server) -> None:
    shown = await open_one(with_saved, 1)
    asked = await with_saved.member.click(shown, label="Add a note or tags")
    assert read_modal(asked) == {"note": "", "tags": ""}
    told = await with_saved.member.submit_modal(asked, {"note": " *Read* §3\nfirst ", "tags": "#NLP, to read,nlp,, "})
    assert "\\*Read\\* §3\nfirst" in answer(told)
    saved = await get_saved(with_saved, 1)
    assert saved
    assert (saved.note, saved.own_tags) == ("*Read* §3\nfirst", ("NLP", "to read"))
    asked = await with_saved.member.click(shown, label="Edit note and tags")
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
    with_saved: Server, tags: str, problem: str
) -> None:
    shown = await open_one(with_saved)
    asked = await with_saved.member.click(shown, label="Edit note and tags")
    told = await with_saved.member.submit_modal(asked, {"note": "Another note", "tags": tags})
    assert "Your note is saved, but not the tags." in answer(told)
    assert problem in answer(told)
    saved = await get_saved(with_saved, 2)
    assert saved
    assert (saved.note, saved.own_tags) == ("Another note", ("thesis", "To do"))
    asked = await with_saved.member.click(message_of(told), label="Correct the tags")
    assert read_modal(asked) == {"note": "Another note", "tags": tags}


async def test_where_only_tags_were_typed_no_note_is_said_to_be_saved(with_saved: Server) -> None:
    asked = await with_saved.member.click(await open_one(with_saved, 1), label="Add a note or tags")
    told = await with_saved.member.submit_modal(asked, {"note": "", "tags": "x" * 31})
    assert answer(told).startswith("The paper is saved, but not the tags. A tag can have up to 30 characters")


async def test_of_two_modals_at_once_the_last_wins(with_saved: Server) -> None:
    shown = await open_one(with_saved)
    one = await with_saved.member.click(shown, label="Edit note and tags")
    other = await with_saved.member.click(shown, label="Edit note and tags")
    await with_saved.member.submit_modal(one, {"note": "one", "tags": "one"})
    await with_saved.member.submit_modal(other, {"note": "other", "tags": "other"})
    saved = await get_saved(with_saved, 2)
    assert saved
    assert (saved.note, saved.own_tags) == ("other", ("other",))


async def test_the_longest_note_in_any_script_is_shown(with_saved: Server) -> None:
    for letter in ("深", "👾", "*", "`"):
        asked = await with_saved.member.click(await open_one(with_saved), label="Edit note and tags")
        told = await with_saved.member.submit_modal(asked, {"note": letter * MAX_NOTE, "tags": f"{letter * 30}"})
        assert answer(told).startswith("✓ Saved.")
        assert await read_saved(with_saved)


async def fill(server: Server) -> None:
    rows = (f"({server.member.id}, '2501.{number:05}', '2026-01-01T00:00:00+00:00')" for number in range(MAX_SAVED - 3))
    query(server.database, f"INSERT INTO saved_papers (user_id, paper_id, saved_at) VALUES {', '.join(rows)}")


async def test_with_no_room_left_nothing_is_typed_in_vain(with_saved: Server) -> None:
    asked = await with_saved.member.click(stale_button(with_saved, "note:2601.00004"), custom_id="note:2601.00004")
    await fill(with_saved)
    told = answer(await with_saved.member.submit_modal(asked, {"note": "A long thought", "tags": "one, two"}))
    assert explain(Refusal.TOO_MANY_SAVED, number=MAX_SAVED) in told
    assert "```\nA long thought\n\none, two\n```" in told
    late = await with_saved.member.click(stale_button(with_saved, "note:2601.00004"), custom_id="note:2601.00004")
    assert answer(late) == explain(Refusal.TOO_MANY_SAVED, number=MAX_SAVED)
    assert button_labels(message_of(late)) == ["Your saved papers"]


async def test_a_paper_that_is_not_saved_any_more_is_said_to_be_gone(with_saved: Server) -> None:
    shown = await open_one(with_saved)
    await with_saved.bot.services.storage.saved_papers.remove(with_saved.member.id, SECOND, with_saved.clock.now)
    told = await with_saved.member.click(shown, label="Mark as unread")
    assert answer(told) == explain(Refusal.NOT_SAVED)
    assert "Your saved papers" in find_next_steps(told)


@pytest.mark.parametrize(
    "custom_id", ["saved", "saved:", "saved:n0:", f"saved:n{MAX_PAGES}9:", "savedone:eat:2601.00001", "note:x", "note:"]
)
async def test_forged_controls_are_answered(with_saved: Server, custom_id: str) -> None:
    told = await with_saved.member.click(stale_button(with_saved, custom_id), custom_id=custom_id)
    assert answer(told) == explain(Refusal.CONTROL_STALE)


async def test_a_page_that_is_gone_is_said_to_be(with_saved: Server) -> None:
    told = await with_saved.member.click(stale_button(with_saved, "saved:n9:is:read"), custom_id="saved:n9:is:read")
    assert answer(told) == explain(Refusal.PAGE_GONE)


async def test_a_paper_of_hugging_face_that_is_saved_and_lost_is_fetched_again(
    with_saved: Server, papers_server: PapersServer
) -> None:
    await with_saved.bot.services.storage.saved_papers.save(with_saved.member.id, "2512.00009", with_saved.clock.now)
    page = await ask_saved(with_saved)
    told = await with_saved.member.select(page, ["2512.00009"], custom_id="savedpick")
    assert answer(told)


@pytest.mark.parametrize(
    ("custom_id", "told"),
    [
        (f"save:{SECOND}", "Removed **"),
        (f"saving:undo:{SECOND}", "Removed **"),
        (f"saving:again:{SECOND}", "Saved **"),
        (f"savedone:show:{SECOND}", "Compare the samplers"),
        (f"savedone:read:{SECOND}", "✓ Marked as read."),
        (f"savedone:unread:{SECOND}", "✓ Marked as unread."),
        (f"savedone:remove:{SECOND}", "Removed **"),
        (SAVED_PAGE, "# Saved papers"),
        ("saved:n1:my:thesis", "Compare the samplers"),
        ("listed:n1:2026-01-15:2026-01-15", "2601.00001"),
        ("another:2601.00001", "Another"),
    ],
)
async def test_a_month_old_button_works_after_a_restart(with_saved: Server, custom_id: str, told: str) -> None:
    old = stale_button(with_saved, custom_id)
    with_saved.clock.advance(days=31)
    await with_saved.restart()
    message = message_of(await with_saved.member.click(old, custom_id=custom_id)).message
    assert told in read_texts(message) + str(message.components)


async def test_the_modal_of_a_month_old_button_works_after_another_restart(with_saved: Server) -> None:
    old = stale_button(with_saved, f"note:{SECOND}")
    with_saved.clock.advance(days=31)
    await with_saved.restart()
    asked = await with_saved.member.click(old, custom_id=f"note:{SECOND}")
    await with_saved.restart()
    await with_saved.member.submit_modal(asked, {"note": "Much later", "tags": ""})
    saved = await get_saved(with_saved, 2)
    assert saved
    assert saved.note == "Much later"
