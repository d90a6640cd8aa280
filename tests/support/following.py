"""Readers who follow something in the simulated Discord, and what comes to them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import discord
import simcord

from bot.storage import Following
from tests.support.builders import DAY, entry
from tests.support.messages import answer, read_texts
from tests.support.papers_server import Papers
from tests.support.server import Server

LECUN, NOETHER = "Yann LeCun", "Emmy Noether"


def entry_by(number: int, author: str, day: date = DAY, **known: Any) -> dict[str, Any]:
    """A paper by this author, of the organisation Meta, with two tags."""
    return entry(
        f"2601.{number:05}",
        day,
        **{
            "authors": [{"name": author}],
            "upvotes": 200 - number,
            "organization": {"fullname": "Meta"},
            "ai_keywords": ["video", "agents"],
            **known,
        },
    )


def list_papers(server: Papers, day: date, first: int, authors: Sequence[str]) -> None:
    """The list of a day, with a paper of each of these authors."""
    server.lists = {**server.lists, day: [entry_by(first + n, author, day) for n, author in enumerate(authors)]}


async def follow(
    server: Server, reader: Any, query: str, *, click: str = "Follow", **options: str
) -> simcord.InteractionResult:
    """What a reader is told who follows `query` in #general, or in their direct messages if `reader` is a user."""
    asked = {"query": query, "time": "9:00", "timezone": "UTC"} | options
    if isinstance(reader, simcord.MemberActor):
        shown = await reader.slash(server.general, "follow", **asked)
    else:
        shown = await reader.slash("follow", **asked)
    assert shown.response
    result: simcord.InteractionResult = await reader.click(shown.response, label=click)
    return result


def read_inbox(reader: simcord.MemberActor) -> list[discord.Message]:
    """The messages that the bot has sent to a reader."""
    return list(reader.user.dm_channel.history())


def read_inbox_texts(reader: simcord.MemberActor) -> list[str]:
    return [read_texts(each) for each in read_inbox(reader)]


async def get_following(server: Server, reader: simcord.MemberActor) -> Following:
    return await server.bot.services.follower.get_overview(reader.id)


async def ask(server: Server, reader: simcord.MemberActor, command: str, **options: Any) -> str:
    """What a reader alone reads after a command in #general."""
    return answer(await reader.slash(server.general, command, **options))


async def bring_digest(server: Server, papers: Papers, first: int = 11, days: int = 1) -> None:
    """A list of two papers by LeCun and one by Noether closes, and at nine the next morning it comes."""
    day = server.clock.now.date() + timedelta(days=days - 1)
    list_papers(papers, day, first, [LECUN, NOETHER, LECUN])
    await server.later(days=days)
    await server.read_lists()
    await server.later(hours=2)


def close_inbox(
    server: Server, reader: simcord.MemberActor, times: int = 1, *, code: int = 50007, status: int = 403
) -> None:
    """Discord refuses the bot's next messages to a reader."""
    path = f"/channels/{reader.user.dm_channel.id}/messages"
    server.env.inject_error("POST", path, status=status, code=code, times=times)
