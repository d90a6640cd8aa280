"""Any text may be typed into a look-up."""

import pytest

from bot.demo.papers_server import PapersServer
from bot.layouts.refusals import BUG
from tests.support.builders import DAY, entry
from tests.support.lookups import paper_command, search
from tests.support.messages import answer, custom_ids, paper_ids
from tests.support.queries import GARBAGE
from tests.support.server import Server


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_text_may_be_searched_for_shown_and_completed(library: Server, text: str) -> None:
    for command, option in (("search", "query"), ("show", "paper"), ("random", "query"), ("cite", "paper")):
        assert answer(await paper_command(library, command, **{option: text})) != BUG
    await library.member.autocomplete(library.general, "paper show", "paper", text)
    await library.member.autocomplete(library.general, "paper search", "query", text)


@pytest.mark.parametrize("text", [each for each in GARBAGE.values() if len(each) < 90])
async def test_the_pages_of_any_query_can_be_turned(server: Server, papers_server: PapersServer, text: str) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", summary=f"{text} paper") for n in range(7)]}
    await server.read_lists()
    message = await search(server, f"{text} paper")
    if "find:n2" in str(custom_ids(message)):
        await server.member.click(message, label="Next")
        assert len(paper_ids(message)) == 2
