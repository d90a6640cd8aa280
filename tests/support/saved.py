"""What a member saved, in the simulated Discord."""

from typing import Any

import simcord

from bot.storage import SavedPaper, Storage
from tests.support.messages import ids, message_of, paper_ids, read_texts
from tests.support.server import Server


async def save(server: Server, *numbers: int) -> None:
    """The member saves papers by their numbers."""
    for each in ids(*numbers):
        await server.bot.services.storage.saved_papers.save(server.member.id, each, server.clock.now)


async def annotate(server: Server, number: int, note: str, tags: list[str]) -> None:
    """The member writes a note, and tags, for a paper."""
    (paper_id,) = ids(number)
    table = server.bot.services.storage.saved_papers
    await table.annotate(server.member.id, paper_id, note=note, own_tags=tags, now=server.clock.now)


async def list_saved(storage: Storage, user_id: int) -> list[str]:
    """The ids of all that a person saved, the last first."""
    return [*(await storage.saved_papers.read_overview(user_id, with_texts=False)).is_read]


async def get_saved(server: Server, number: int) -> SavedPaper | None:
    return await server.bot.services.storage.saved_papers.get(server.member.id, ids(number)[0])


async def ask_saved(server: Server, query: str = "", **options: Any) -> simcord.ResponseMessage:
    """What `/saved` answers the member, whom nobody else sees."""
    given = {"query": query, **options} if query else options
    shown = message_of(await server.member.slash(server.general, "saved", **given))
    assert shown.ephemeral
    return shown


async def find_saved(server: Server, query: str = "", **options: Any) -> list[str]:
    """The ids of the papers that `/saved` shows."""
    return paper_ids(await ask_saved(server, query, **options))


async def read_saved(server: Server, query: str = "", **options: Any) -> str:
    return read_texts((await ask_saved(server, query, **options)).message)
