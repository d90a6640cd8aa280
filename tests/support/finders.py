"""Look-ups over the real storage and the real index, without a Discord: a finder over five papers, or over others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bot.archive import Archive
from bot.lookups.completer import Completer
from bot.lookups.finder import Finder, SearchResults, Viewer
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.search import SearchIndex
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, paper

ATTENTION, SPEECH, ROBOTS, OLD, TRANSLATION = (f"2601.000{number}0" for number in range(1, 6))
PAPERS = [
    paper(
        ATTENTION,
        title="Attention Is All You Need",
        abstract="A network based solely on attention. " + "More is said of other things. " * 30,
        authors=("Łukasz Kaiser", "Ada Lovelace"),
        organization="Google Brain",
        tags=("transformers",),
        upvotes=90,
        github_repo="https://github.com/a/b",
    ),
    paper(
        SPEECH,
        title="Speech without Transcripts",
        abstract="We listen, with attention, and write.",
        authors=("Yann LeCun", "Yannick Noah"),
        organization="Google DeepMind",
        tags=("speech recognition", "language models"),
        upvotes=60,
        ai_summary="Machines that listen.",
    ),
    paper(
        ROBOTS,
        title="Robots at Home",
        abstract="They fold laundry.",
        authors=("Yann LeCun",),
        organization="NVIDIA",
        tags=("robotics", "vision-language models"),
        upvotes=8,
    ),
    paper(OLD, title="An Old Paper", abstract="Attention to laundry.", day=DAY - timedelta(days=100), upvotes=70),
    paper(TRANSLATION, title="機械翻訳", abstract="Ünïcödé and attention 🔥.", authors=('The "Quote"',), upvotes=1),
]


@asynccontextmanager
async def opened(folder: Path, storage: Storage, papers: list[Paper]) -> AsyncIterator[Finder]:
    """A finder over `papers`, each listed on its day."""
    for day in sorted({each.day for each in papers if each.day}):
        await storage.papers.record_list(day, [each for each in papers if each.day == day], MORNING)
    search = SearchIndex(folder / "paperboy.index", await storage.papers.get_archive_id(), last_change=0)
    await asyncio.to_thread(search.add_papers, await storage.papers.list_changed_since(0, 10_000))
    async with PapersAPI("http://127.0.0.1") as api:  # nothing here asks it
        yield Finder(storage, Archive(api, storage, search), search)
    search.close()


def server(guild_id: int, *hidden: int) -> Viewer:
    """A server for somebody who may view all of its channels but those `hidden`."""
    return Viewer(guild_id, lambda channel_id: channel_id not in hidden)


def found(results: SearchResults) -> list[str]:
    return [hit.paper.id for hit in results.hits]


def completing(finder: Finder) -> Completer:
    """Over the same papers."""
    return Completer(finder._storage, finder._search)
