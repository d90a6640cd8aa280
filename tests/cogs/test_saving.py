"""*Save*, on every card, digest line and result: one click saves a paper for oneself, a second one removes it."""

import discord
import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from bot.storage import MAX_SAVED
from bot.subscription.settings import DigestLayout
from tests.support.builders import DAY, entry, explain
from tests.support.lookups import LIBRARY
from tests.support.messages import answer, button_labels, custom_ids, message_of
from tests.support.papers_server import FrailPapers
from tests.support.saved import list_saved
from tests.support.server import Server, post, stale_button, stale_select

Reader = simcord.MemberActor | simcord.UserHandle


async def save(reader: Reader, message: discord.Message | simcord.ResponseMessage, paper_id: str) -> str:
    """What is answered to a click on what saves a paper there."""
    return answer(await reader.click(message, custom_id=f"save:{paper_id}"))


async def test_a_line_of_a_digest_is_saved_with_one_click_and_removed_with_another(server: Server) -> None:
    message = await post(server)
    told = await save(server.member, message, "2601.00002")
    assert told.startswith("Saved **[Paper 2601.00002](https://huggingface.co/papers/2601.00002)**. Only you see that.")
    assert await list_saved(server.bot.services.storage, server.member.id) == ["2601.00002"]
    assert (await save(server.member, message, "2601.00002")).startswith("Removed **[Paper 2601.00002](")
    assert await list_saved(server.bot.services.storage, server.member.id) == []
    assert len(server.papers.history(viewer=server.admin)) == 1


async def test_what_one_person_saves_is_theirs_alone(server: Server) -> None:
    message = await post(server)
    await save(server.member, message, "2601.00002")
    assert (await save(server.admin, message, "2601.00002")).startswith("Saved **")
    await save(server.admin, message, "2601.00002")
    assert await list_saved(server.bot.services.storage, server.member.id) == ["2601.00002"]


@pytest.mark.parametrize("layout", [DigestLayout.LIST, DigestLayout.COMPACT, DigestLayout.CARDS])
async def test_each_line_of_a_digest_has_a_button_with_its_number(server: Server, layout: DigestLayout) -> None:
    await server.subscribe(layout=layout.value)
    await server.later(hours=1)
    message = server.papers.history()[-1]
    ids = [each for each in custom_ids(message) if each.startswith("save:")]
    numbers = [each for each in button_labels(message) if each.isdecimal()]
    assert numbers == [str(number) for number in range(1, len(ids) + 1)]
    assert len(ids) == 5


async def test_a_paper_is_saved_on_one_message_and_removed_on_another_after_a_restart(server: Server) -> None:
    message = await post(server)
    card = await server.member.slash(server.general, "paper show", paper="2601.00003")
    await save(server.member, message_of(card), "2601.00003")
    await server.restart()
    assert (await save(server.member, message, "2601.00003")).startswith("Removed **")
    assert await list_saved(server.bot.services.storage, server.member.id) == []


async def test_undo_removes_and_save_again_saves_whatever_happened_meanwhile(server: Server) -> None:
    message = await post(server)
    saved = await server.member.click(message, custom_id="save:2601.00001")
    assert button_labels(message_of(saved)) == ["Note and tags", "Your saved papers", "Undo"]
    await save(server.member, message, "2601.00001")  # it is removed already
    undone = await server.member.click(message_of(saved), label="Undo")
    assert answer(undone).startswith("Removed **")
    assert await list_saved(server.bot.services.storage, server.member.id) == []
    await save(server.member, message, "2601.00001")  # it is saved already
    again = await server.member.click(message_of(undone), label="Save again")
    assert answer(again).startswith("Saved **")
    assert await list_saved(server.bot.services.storage, server.member.id) == ["2601.00001"]


async def test_save_again_brings_the_note_back_within_a_day(server: Server) -> None:
    message, saved_papers = await post(server), server.bot.services.storage.saved_papers
    await saved_papers.annotate(
        server.member.id, "2601.00001", note="For Friday", own_tags=["club"], now=server.clock()
    )
    removed = await server.member.click(message, custom_id="save:2601.00001")
    await server.member.click(message_of(removed), label="Save again")
    known = await saved_papers.get(server.member.id, "2601.00001")
    assert known
    assert (known.note, known.own_tags) == ("For Friday", ("club",))


async def test_a_paper_that_is_not_in_the_archive_is_fetched_and_saved(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2601.99999", title="Found Elsewhere")]
    message = stale_button(server, "save:2601.99999")
    assert (await save(server.member, message, "2601.99999")).startswith("Saved **[Found Elsewhere](")
    assert await server.bot.services.finder.get_paper("2601.99999")


async def test_a_paper_that_cannot_be_fetched_is_not_saved_and_the_answer_says_why(
    server: Server, papers_server: PapersServer
) -> None:
    message = stale_button(server, "save:2601.99999")
    assert await save(server.member, message, "2601.99999") == explain(Refusal.NO_SUCH_PAPER, text="2601.99999")
    assert isinstance(papers_server, FrailPapers)
    papers_server.down = True
    assert await save(server.member, message, "2601.99999") == explain(Refusal.PAPERS_DOWN, text="2601.99999")
    assert await list_saved(server.bot.services.storage, server.member.id) == []


async def test_a_saved_paper_that_the_archive_has_lost_is_removed_without_asking_for_it(
    server: Server, papers_server: PapersServer
) -> None:
    await server.bot.services.storage.saved_papers.save(server.member.id, "2601.99999", server.clock())
    assert isinstance(papers_server, FrailPapers)
    papers_server.down = True
    message = stale_button(server, "save:2601.99999")
    assert (await save(server.member, message, "2601.99999")).startswith("Removed **arXiv:2601.99999**")
    assert await list_saved(server.bot.services.storage, server.member.id) == []


async def test_who_has_saved_as_many_as_there_is_room_for_is_told_so_with_a_way_to_them(server: Server) -> None:
    message = await post(server)
    rows = [(server.member.id, f"1001.{number:05}", server.clock().isoformat()) for number in range(MAX_SAVED)]
    await server.bot.services.storage.database.write(
        lambda connection: connection.executemany(
            "INSERT INTO saved_papers (user_id, paper_id, saved_at) VALUES (?, ?, ?)", rows
        )
    )
    told = await server.member.click(message, custom_id="save:2601.00001")
    assert answer(told) == explain(Refusal.TOO_MANY_SAVED, number=MAX_SAVED)
    assert button_labels(message_of(told)) == ["Your saved papers"]
    assert "2601.00001" not in await list_saved(server.bot.services.storage, server.member.id)


async def test_every_page_of_papers_and_every_card_has_save(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: LIBRARY}
    await server.read_lists()
    for command, wanted in {
        "paper search": {"query": "agents OR diffusion"},
        "paper show": {"paper": "2601.00002"},
        "paper cite": {"paper": "2601.00002"},
        "paper random": {},
        "paper today": {},
        "top": {"period": "all time"},
    }.items():
        shown = message_of(await server.member.slash(server.general, command, **wanted))
        saving = [each for each in custom_ids(shown) if each.startswith("save:")]
        assert saving, command
        told = await save(server.member, shown, saving[0].removeprefix("save:"))
        assert told.startswith(("Saved **", "Removed **")), command


async def test_saving_works_in_direct_messages_and_where_the_bot_is_not(server: Server) -> None:
    await server.read_lists()
    stranger = server.env.create_user("hedy")
    for reader in (server.member.user, stranger):
        card = await reader.slash("paper show", paper="2601.00001")
        assert (await save(reader, message_of(card), "2601.00001")).startswith("Saved **")
        assert await list_saved(server.bot.services.storage, reader.id) == ["2601.00001"]


async def test_of_a_long_list_one_is_picked(server: Server) -> None:
    await server.read_lists()
    message = stale_select(server, "save", "2601.00001")
    told = await server.member.select(message, ["2601.00001"], custom_id="save")
    assert answer(told).startswith("Saved **")


@pytest.mark.parametrize(
    "custom_id", ["save", "save:", "save:x", "save:which", "saving:undo", "saving:take:2601.00001"]
)
async def test_a_stale_save_button_says_what_would_help(server: Server, custom_id: str) -> None:
    message = stale_button(server, custom_id)
    assert answer(await server.member.click(message, custom_id=custom_id)) == explain(Refusal.CONTROL_STALE)
