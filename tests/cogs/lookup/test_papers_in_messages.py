"""*Papers in this message*, in the Apps menu of any message: cards where people talk."""

import discord
import pytest
import simcord

from bot.blocking import Blocklist
from bot.layouts.commands import PAPERS_IN_MESSAGE
from bot.refusals import Refusal
from tests.support.builders import entry, explain
from tests.support.messages import answer, button_labels, paper_ids
from tests.support.papers_server import Papers
from tests.support.server import Server, post


async def ask(server: Server, message: discord.Message) -> simcord.InteractionResult:
    return await server.member.context_menu(server.general, PAPERS_IN_MESSAGE, message)


async def ask_about(server: Server, text: str) -> simcord.InteractionResult:
    """What a member is answered about what an admin has written."""
    return await ask(server, await server.admin.send(server.general, text))


async def test_a_link_in_somebodys_message_becomes_a_card(library: Server) -> None:
    told = answer(await ask_about(library, "has anyone read https://arxiv.org/abs/2601.00002v3?"))
    assert "Diffusion Without Tears" in told
    assert "**Authors** José Muñoz" in told


async def test_several_papers_become_a_page_in_the_order_of_the_message(library: Server) -> None:
    result = await ask_about(library, "2601.00003, [x](https://hf.co/papers/2601.00001) and 2601.00003 again")
    assert "# Papers in this message\n2 papers, in the order of the message" in answer(result)
    assert result.response
    assert paper_ids(result.response) == ["2601.00003", "2601.00001"]
    opened = await library.member.select(result.response, ["2601.00001"], custom_id="pick")
    assert "Scaling Laws for Sparse Mixtures" in answer(opened)


async def test_a_paper_that_is_not_in_the_archive_is_fetched(library: Server, papers_server: Papers) -> None:
    papers_server.unlisted = [entry("2512.00001", title="Zeppelin Dynamics")]
    assert "Zeppelin Dynamics" in answer(await ask_about(library, "https://arxiv.org/abs/2512.00001"))
    told = answer(await ask_about(library, "2512.00001 2601.00001"))
    assert "Zeppelin Dynamics" in told


async def test_a_paper_that_cannot_be_fetched_leaves_the_others(library: Server, papers_server: Papers) -> None:
    papers_server.down = True
    result = await ask_about(library, "2601.00001 2512.00001 2601.00002 cs/0112017")
    told = answer(result)
    assert "Not in the archive, and Hugging Face isn't answering right now: **2512.00001**." in told
    link = "[cs/0112017](https://arxiv.org/abs/cs/0112017)"
    assert f"Hugging Face has no papers from before April 2007: **{link}**." in told
    assert result.response
    assert paper_ids(result.response) == ["2601.00001", "2601.00002"]
    papers_server.down = False
    papers_server.unlisted = [entry("2512.00001", title="Zeppelin Dynamics")]
    again = await library.member.click(result.response, label="Try again")
    assert "Zeppelin Dynamics" in answer(again)
    assert paper_ids(result.response) == ["2601.00001", "2512.00001", "2601.00002"]  # in place
    assert "Try again" not in button_labels(result.response)


async def test_many_papers_can_be_tried_again_too(library: Server, papers_server: Papers) -> None:
    papers_server.down = True
    result = await ask_about(library, " ".join(f"2512.{number:05}" for number in range(1, 14)))
    told = answer(result)
    assert "13 papers, in the order" in told
    assert "These are the first 10." in told
    assert "**2512.00010**." in told
    assert "2512.00011" not in told
    papers_server.down = False
    assert result.response
    told = answer(await library.member.click(result.response, label="Try again"))
    assert "Hugging Face has no paper **2512.00001**, **2512.00002**" in told


async def test_a_paper_that_there_is_not_is_named(library: Server) -> None:
    told = answer(await ask_about(library, "look at arxiv.org/abs/2512.00009"))
    assert "# Papers in this message\n1 paper\n" in told
    assert "Hugging Face has no paper **2512.00009**. Please check the ID." in told


async def test_our_own_digest_gives_its_papers(ready: Server) -> None:
    digest = await post(ready)
    result = await ready.member.context_menu(ready.papers, PAPERS_IN_MESSAGE, digest)
    assert "# Papers in this message" in answer(result)
    assert "No arXiv paper behind" not in answer(result)
    assert result.response
    assert paper_ids(result.response) == paper_ids(digest)


async def test_a_forwarded_message_is_read_too(library: Server) -> None:
    told = await library.admin.send(library.papers, "https://arxiv.org/abs/2601.00004")
    forwarded = await library.admin.forward(told, library.general)
    assert "深層学習による検索" in answer(await ask(library, forwarded))


async def test_a_message_without_a_paper_says_what_is_looked_for_and_its_words_can_be_searched_for(
    library: Server,
) -> None:
    result = await ask_about(library, "<@1> sparse mixtures, author: scaling (https://example.org/paper) $2601.00001")
    told = answer(result)
    assert "I found no paper in this message." in told
    assert "No arXiv paper behind `example.org/paper`." in told
    assert "an arXiv ID such as" in told
    assert result.response
    found = await library.member.click(result.response, label="Search for its words")
    assert "sparse mixtures author scaling" in answer(found)


@pytest.mark.parametrize("text", ["…", "🎉", "https://tenor.com/view/gif", "hi"])
async def test_a_message_without_words_offers_no_search(library: Server, text: str) -> None:
    result = await ask_about(library, text)
    assert "I found no paper in this message." in answer(result)
    assert result.response
    assert button_labels(result.response) == []


async def test_a_blocked_person_is_told_so(library: Server) -> None:
    message = await library.admin.send(library.general, "2601.00001")
    await library.restart(Blocklist(people=frozenset({library.member.id})))
    assert answer(await ask(library, message)) == explain(Refusal.PERSON_BLOCKED)


async def test_the_command_can_be_used_everywhere(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    (menu,) = [each for each in registered if each["type"] == 3]
    assert (menu["integration_types"], menu["contexts"]) == ([0, 1], [0, 1, 2])
