"""*Export…* under `/saved`: what one saved as a file, with one's notes and tags."""

import gzip

import pytest
import simcord

from bot import export
from bot.citations import EXPORT_FORMATS
from bot.keyed_semaphores import KeyedSemaphores
from bot.lookups.saved_query import SavedQuery
from bot.refusals import Refusal
from cogs.helpers import saved
from tests.support.builders import explain
from tests.support.citation_readers import read_csv, read_with_pandoc
from tests.support.messages import answer, ids
from tests.support.saved import ask_saved
from tests.support.server import Server, forbid


async def ask_for_file(with_saved: Server, format_: str, query: str = "") -> simcord.InteractionResult:
    shown = await ask_saved(with_saved, query)
    return await with_saved.member.select(shown, [format_], custom_id=f"export:s:{query}")


async def read_file(result: simcord.InteractionResult) -> tuple[str, bytes]:
    assert result.response
    (attached,) = result.response.message.attachments
    return attached.filename, await attached.read()


@pytest.mark.parametrize("format_", EXPORT_FORMATS)
async def test_what_i_saved_comes_as_a_file_that_only_i_see(with_saved: Server, format_: str) -> None:
    result = await ask_for_file(with_saved, format_)
    assert f"Here is what you saved, 3 papers as {format_}, with your notes and tags." in answer(result)
    assert "you can export just some of your papers" in answer(result)
    assert result.response
    assert result.response.ephemeral
    name, content = await read_file(result)
    assert name.startswith("saved-papers.")
    assert content.count(b"arxiv.org/abs/2601.0000") == 3
    assert b"Compare the samplers with ours" in content


async def test_an_independent_reader_finds_every_paper(with_saved: Server) -> None:
    _, content = await read_file(await ask_for_file(with_saved, "RIS"))
    assert [each.doi[-5:] for each in read_with_pandoc(content, "ris")] == ["00003", "00002", "00001"]


async def test_only_what_the_page_found_is_exported(with_saved: Server) -> None:
    result = await ask_for_file(with_saved, "CSV", "is:read diffusion")
    assert "1 paper as CSV, with your notes and tags: those that match **diffusion** · read." in answer(result)
    assert "export just some" not in answer(result)
    (row,) = read_csv((await read_file(result))[1])
    assert (row["arxiv_id"], row["own_tags"]) == ("2601.00002", "thesis; To do")


async def test_where_the_bot_may_not_attach_files_it_says_where_to_ask(with_saved: Server) -> None:
    forbid(with_saved, with_saved.general, "attach_files")
    assert answer(await ask_for_file(with_saved, "RIS")) == explain(Refusal.FILES_NOT_ALLOWED)


async def test_an_export_too_long_for_discord_comes_compressed_or_not_at_all(
    with_saved: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_FILE", 1000)
    result = await ask_for_file(with_saved, "BibTeX")
    assert "unpack it with gzip" in answer(result)
    name, content = await read_file(result)
    assert name == "saved-papers.bib.gz"
    assert gzip.decompress(content).count(b"@misc") == 3
    monkeypatch.setattr(export, "MAX_FILE", 100)
    assert answer(await ask_for_file(with_saved, "BibTeX")) == explain(Refusal.FILE_TOO_LARGE)


async def test_nothing_is_read_for_an_export_before_its_turn_comes(
    with_saved: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, finder, seen = KeyedSemaphores(1), with_saved.bot.services.saved_finder, []
    monkeypatch.setattr(saved, "_BUILDING", turns)
    find_all = finder.find_all

    async def watch(user_id: int, query: SavedQuery) -> tuple[str, ...]:
        seen.append(turns.get("all").locked())
        return await find_all(user_id, query)

    monkeypatch.setattr(finder, "find_all", watch)
    assert "as RIS" in answer(await ask_for_file(with_saved, "RIS"))
    assert seen == [True]


async def test_what_i_remove_while_the_file_is_written_is_neither_in_it_nor_counted(
    with_saved: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    finder, table = with_saved.bot.services.saved_finder, with_saved.bot.services.storage.saved_papers
    find_all = finder.find_all

    async def find_and_remove(user_id: int, query: SavedQuery) -> tuple[str, ...]:
        found = await find_all(user_id, query)
        await table.remove(user_id, found[0], with_saved.clock.now)
        return found

    monkeypatch.setattr(finder, "find_all", find_and_remove)
    result = await ask_for_file(with_saved, "CSV")
    assert "2 papers as CSV" in answer(result)
    assert [row["arxiv_id"] for row in read_csv((await read_file(result))[1])] == ids(2, 1)


async def test_thousands_of_papers_keep_their_order_and_each_has_its_own_note(
    with_saved: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "_EXPORTED_AT_ONCE", 1)
    rows = read_csv((await read_file(await ask_for_file(with_saved, "CSV")))[1])
    assert [row["arxiv_id"] for row in rows] == ids(3, 2, 1)
    assert [bool(row["note"]) for row in rows] == [False, True, False]
