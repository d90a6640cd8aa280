"""Look-ups in the simulated Discord: a search, a card, and why a paper was left out."""

from typing import Any

import simcord

from tests.support.builders import entry
from tests.support.messages import answer, ids, paper_ids, read_texts
from tests.support.server import Server

LIBRARY = [
    entry("2601.00001", title="Scaling Laws for Sparse Mixtures", ai_keywords=["mixture of experts"], upvotes=5),
    entry("2601.00002", title="Diffusion Without Tears", authors=[{"name": "José Muñoz"}], upvotes=9),
    entry("2601.00003", title="Retrieval for Agents", summary="We augment agents that search the web.", upvotes=2),
    entry("2601.00004", title="深層学習による検索", upvotes=7),
]


async def paper_command(server: Server, command: str, **options: Any) -> simcord.InteractionResult:
    """A `/paper` command of a member."""
    return await server.member.slash(server.general, f"paper {command}", **options)


async def search(server: Server, query: str, **options: Any) -> simcord.ResponseMessage:
    result = await paper_command(server, "search", query=query, **options)
    answer(result)
    assert result.response
    return result.response


async def card(server: Server, paper_id: str = "2601.00001") -> simcord.ResponseMessage:
    result = await paper_command(server, "show", paper=paper_id)
    answer(result)
    assert result.response
    return result.response


async def read_card(server: Server, paper_id: str = "2601.00001") -> str:
    return read_texts((await card(server, paper_id)).message)


async def why(server: Server, number: int = 1, **options: Any) -> str:
    """The verdict on a paper, without the paper and the subscription's sentence."""
    text = await server.ask("digest why", paper=ids(number)[0], **options)
    paper, verdict = text.split("\n\n")
    assert paper == f"**[Paper {ids(number)[0]}](https://huggingface.co/papers/{ids(number)[0]})**"
    sentence, reason = verdict.split(":\n→ ")
    assert sentence.startswith("Every ")
    return reason


async def read_results(server: Server, query: str, **options: Any) -> str:
    """What a search answers."""
    return read_texts((await search(server, query, **options)).message)


async def find(server: Server, query: str, **options: Any) -> list[str]:
    """The ids of the papers that a search shows."""
    return paper_ids(await search(server, query, **options))


async def offers(server: Server, command: str, option: str, typed: str) -> dict[str, str]:
    """What is offered while someone types, with the value of each."""
    offered = await server.member.autocomplete(server.general, f"paper {command}", option, typed)
    return {each["name"]: each["value"] for each in offered}
