"""The details button below a digest."""

import pytest

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, entry, explain
from tests.support.messages import answer, custom_ids
from tests.support.server import Server, post, stale_button


async def test_details_answer_only_to_the_one_who_clicked(server: Server) -> None:
    message = await post(server)
    result = await server.member.click(message, custom_id=custom_ids(message)[0])
    text = answer(result)
    assert "Paper 2601.00001" in text
    assert "Ada Lovelace, Emmy Noether" in text
    assert len(server.papers.history(viewer=server.admin)) == 1


async def test_details_still_work_after_a_restart(server: Server) -> None:
    message = await post(server)
    await server.restart()
    result = await server.member.click(message, custom_id=custom_ids(message)[2])
    assert "Paper 2601.00003" in answer(result)


async def test_details_show_the_current_upvotes(server: Server, papers_server: PapersServer) -> None:
    message = await post(server)
    papers_server.lists[DAY][0]["paper"]["upvotes"] = 1234
    await server.read_lists()
    assert "▲ **1,234**" in answer(await server.member.click(message, custom_id=custom_ids(message)[0]))


async def test_details_of_a_paper_that_is_not_in_the_archive_are_looked_up(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2601.99999", title="Found Elsewhere")]
    message = stale_button(server, "details:2601.99999:abc")
    assert "Found Elsewhere" in answer(await server.member.click(message, label="Details"))


@pytest.mark.parametrize(
    ("custom_id", "reply"),
    [
        ("details:9999.99999", explain(Refusal.NO_SUCH_PAPER, text="9999.99999")),
        ("details:.:0", explain(Refusal.CONTROL_STALE)),
        ("details:", explain(Refusal.CONTROL_STALE)),
        ("details", explain(Refusal.CONTROL_STALE)),
        ("details:2601.00001:0:0", explain(Refusal.CONTROL_STALE)),
    ],
)
async def test_a_stale_details_button_says_what_would_help(server: Server, custom_id: str, reply: str) -> None:
    message = stale_button(server, custom_id)
    assert answer(await server.member.click(message, custom_id=custom_id)) == reply
