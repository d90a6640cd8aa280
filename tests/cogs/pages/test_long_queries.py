"""Queries that do not fit into a button keep their pages and Share, for as long as they are stored."""

import pytest

from bot.refusals import Refusal
from bot.storage import QUERIES_KEPT_FOR
from bot.storage.database import DiskFull
from bot.storage.sqlite import SQLiteDatabase
from tests.support.builders import explain
from tests.support.lookups import paper_command, search
from tests.support.messages import answer, custom_ids, paper_ids, read_texts
from tests.support.server import Server, stale_button

LONG = f"paper {'or ' * 30}"
LONGEST = f"paper {'x' * 5994}"  # Discord takes 6,000 characters
OTHER_WRITING = f"paper OR {'紫禁城' * 30}"


@pytest.mark.parametrize("query", [LONG, LONGEST, OTHER_WRITING, f"paper min:1 OR {'(' * 3000}"])
async def test_a_long_query_keeps_its_pages_and_share(library: Server, query: str) -> None:
    message = await search(library, query)
    assert all(len(each) <= 100 for each in custom_ids(message))
    first = paper_ids(message)
    await library.restart()
    await library.member.click(message, label="Next")
    second = paper_ids(message)
    assert len({*first, *second}) == 10
    result = await library.member.click(message, label="Share")
    assert result.response
    assert not result.response.ephemeral
    assert paper_ids(result.response) == second
    turned = await library.member.click(result.response, label="Next")
    assert turned.response
    assert len(paper_ids(turned.response)) == 2


async def test_a_long_query_keeps_its_buttons_when_nothing_is_found(library: Server) -> None:
    typed = " ".join(f"-w{n}" for n in range(20))
    message = await search(library, f"paper -paper {typed}")
    await library.member.click(message, label="Without -paper")
    assert f"**paper {typed.replace('-', '-')}** · 12 papers" in read_texts(message.message).replace("\\", "")


@pytest.mark.parametrize("start", ["find:n2", "share:1", "hub:1", "near:1"])
async def test_a_query_that_is_no_longer_stored_says_what_to_do_next(library: Server, start: str) -> None:
    custom_id = f"{start}#{'0' * 24}"
    clicked = await library.member.click(stale_button(library, custom_id), custom_id=custom_id)
    assert answer(clicked) == explain(Refusal.SEARCH_EXPIRED)


async def test_the_nightly_maintenance_deletes_queries_that_nobody_used_for_long(library: Server) -> None:
    message = await search(library, LONG)
    maintenance = library.bot.get_cog("Maintenance")
    library.clock.advance(days=QUERIES_KEPT_FOR.days - 1)
    await maintenance.pack_old_rows()  # type: ignore[union-attr]
    await library.member.click(message, label="Next")  # and this use counts
    library.clock.advance(days=QUERIES_KEPT_FOR.days - 1)
    await maintenance.pack_old_rows()  # type: ignore[union-attr]
    await library.member.click(message, label="Next")
    library.clock.advance(days=QUERIES_KEPT_FOR.days + 1)
    await maintenance.pack_old_rows()  # type: ignore[union-attr]
    assert answer(await library.member.click(message, label="Previous")) == explain(Refusal.SEARCH_EXPIRED)


async def test_turning_pages_writes_nothing(library: Server) -> None:
    message = await search(library, LONG)
    before = library.tables()["stored_queries"]
    await library.member.click(message, label="Next")
    await search(library, LONG)
    assert library.tables()["stored_queries"] == before
    assert len(before) == 1


async def test_short_queries_are_not_stored(library: Server) -> None:
    await search(library, "paper")
    await paper_command(library, "search", query="-paper -zeppelin")
    assert library.tables()["stored_queries"] == []


async def test_a_full_disk_does_not_keep_a_long_query_from_its_results(
    library: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_room(*_: object) -> None:
        raise DiskFull

    monkeypatch.setattr(SQLiteDatabase, "write", no_room)
    assert len(paper_ids(await search(library, LONG))) == 5
