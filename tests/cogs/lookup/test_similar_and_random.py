"""`/paper similar` and `/paper random`."""

import re
from itertools import pairwise

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, entry, explain
from tests.support.lookups import LIBRARY, paper_command
from tests.support.messages import answer, paper_ids
from tests.support.server import Server


async def test_similar_papers_are_found_without_the_paper_itself(server: Server, papers_server: PapersServer) -> None:
    like = [entry(f"2601.0000{n}", title=f"Speech Recognition {n}", summary="Speech is heard.") for n in range(1, 9)]
    papers_server.lists = {DAY: [*like, entry("2601.00009", title="Chess", summary="Pawns move.")]}
    await server.read_lists()
    result = await paper_command(server, "similar", paper="2601.00001")
    assert "to **[Speech Recognition 1](https://huggingface.co/papers/2601.00001)**" in answer(result)
    assert result.response
    similar = paper_ids(result.response)
    assert len(similar) == 5
    assert not {"2601.00001", "2601.00009"} & set(similar)


async def test_a_paper_without_similar_papers_says_so(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00009", title="Chess", summary="Pawns move.")]}
    await server.read_lists()
    assert answer(await paper_command(server, "similar", paper="2601.00009")) == explain(Refusal.NOTHING_SIMILAR)


async def test_a_random_paper_is_one_of_those_that_match(library: Server) -> None:
    assert "arXiv:2601.0000" in answer(await paper_command(library, "random"))
    for _ in range(5):
        assert "arXiv:2601.00003" in answer(await paper_command(library, "random", query="agents"))


async def test_when_there_is_no_random_paper_to_show_the_answer_says_why(
    server: Server, papers_server: PapersServer
) -> None:
    assert answer(await paper_command(server, "random")) == explain(Refusal.ARCHIVE_EMPTY)
    papers_server.lists = {DAY: LIBRARY}
    await server.read_lists()
    assert answer(await paper_command(server, "random", query="zeppelin_")) == explain(
        Refusal.NOTHING_MATCHES, text="zeppelin_"
    )


async def test_another_random_paper_takes_the_place_of_the_first_and_is_never_the_same(library: Server) -> None:
    result = await paper_command(library, "random", query="min:5")
    assert result.response
    shown = [_read_id(answer(result))]
    for _ in range(12):
        clicked = await library.member.click(result.response, label="Another")
        assert clicked.followups == []
        shown.append(_read_id(answer(result)))
    assert all(one != other for one, other in pairwise(shown))
    assert set(shown) == {"2601.00001", "2601.00002", "2601.00004"}


async def test_if_there_is_no_other_random_paper_it_is_the_same(library: Server) -> None:
    for query in ("agents", f"agents {'-zeppelin ' * 20}".strip()):  # the second one is too long for a button
        result = await paper_command(library, "random", query=query)
        assert result.response
        await library.member.click(result.response, label="Another")
        assert _read_id(answer(result)) == "2601.00003"


async def test_all_papers_are_drawn_from_without_a_query(library: Server) -> None:
    result = await paper_command(library, "random")
    assert result.response
    before = _read_id(answer(result))
    await library.member.click(result.response, label="Another")
    assert _read_id(answer(result)) != before


def _read_id(card: str) -> str:
    (paper_id,) = re.findall(r"arXiv:(\S+)", card)
    return str(paper_id)
