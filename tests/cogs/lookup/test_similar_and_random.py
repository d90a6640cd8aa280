"""`/paper similar` and `/paper random`."""

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
