"""Uses the whole bot for a while in its own process that does nothing else, for `bench.memory`.

`python -m bench.used DATABASE NOW` reads the queries from standard input, as `{"searched": […], "typed": […]}`, and
prints its memory as Linux reports it, before the archive is opened and after it was used. `--semantic` loads the
extra.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from bot.app import Services, open_services
from bot.client import COGS, PaperBot
from bot.papers.api import PapersAPI
from bot.search import load_encoder, parse_query

NOWHERE = "http://127.0.0.1:9"  # no server listens there
ROUNDS = 4  # over all queries
PAPERS_CHANGED = 500
KILO = 1000

Asks = Mapping[str, Sequence[str]]
Status = Mapping[str, float]
"""Megabytes by Linux's name."""


async def _use(database: Path, now: datetime, asks: Asks, *, semantic: bool) -> dict[str, Status]:
    before = read_status()
    encoder = load_encoder() if semantic else None
    async with (
        PapersAPI(NOWHERE) as api,
        open_services(database, api, clock=lambda: now, encoder=encoder) as services,
        PaperBot(services, shard_count=1) as bot,
    ):
        for name in COGS:
            await bot.load_extension(f"cogs.{name}")
        await _ask(services, asks)
        await _change(services)
        await _ask(services, asks)
        return {"before": before, "used": read_status()}


async def _ask(services: Services, asks: Asks) -> None:
    today = services.clock().date()
    for _ in range(ROUNDS):
        for text in asks["searched"]:
            await services.finder.search_papers(parse_query(text, today), 1)
        for typed in asks["typed"]:
            await services.completer.complete_query(typed, today)


async def _change(services: Services) -> None:
    """Records a list with new upvotes, and indexes it."""
    now = services.clock()
    papers, _ = await services.storage.papers.list_top_papers(date.min, date.max, limit=PAPERS_CHANGED)
    await services.storage.papers.record_list(
        now.date(), [replace(each, upvotes=each.upvotes + 1) for each in papers], now
    )
    await services.archive.update_index()


def read_status() -> Status:
    """The memory of this process, as Linux reports it."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    sizes = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(kilobytes) / KILO for name, kilobytes, _ in sizes}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.used")
    parser.add_argument("database", type=Path)
    parser.add_argument("now", type=datetime.fromisoformat)
    parser.add_argument("--semantic", action="store_true")
    given = parser.parse_args()
    print(json.dumps(asyncio.run(_use(given.database, given.now, json.load(sys.stdin), semantic=given.semantic))))


if __name__ == "__main__":
    main()
