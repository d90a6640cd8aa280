"""Processes that share a database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import Services, build_services
from bot.claims import SoleClaims
from bot.clock import Clock
from bot.database_address import DatabaseAddress
from bot.papers.api import PapersAPI
from bot.search import Encoder, Meaning, SearchIndex
from bot.share import Share
from bot.storage import open_storage

FIRST_HALF, SECOND_HALF = Share(frozenset({0, 1}), 4), Share(frozenset({2, 3}), 4)


def build_id(shard: int, count: int, number: int) -> int:
    """An id of a server or a person of this shard."""
    return (number * count + shard) << 22


@asynccontextmanager
async def open_share(
    address: DatabaseAddress, api: PapersAPI, clock: Clock, share: Share, folder: Path, encoder: Encoder | None = None
) -> AsyncIterator[Services]:
    """What a process with this share works with: a connection and an index of its own."""
    async with open_storage(address) as storage:
        archive_id = await storage.papers.get_archive_id()
        meaning = Meaning(encoder) if encoder else None
        search = SearchIndex(folder / f"index-{min(share.shards)}", archive_id, 0, meaning)
        yield build_services(storage, search, api, clock=clock, claims=SoleClaims(share))
        search.close()
