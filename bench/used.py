"""The whole bot, used for a while in a process of its own that holds nothing else, for `bench.memory`.

`python -m bench.used DATABASE NOW` reads what to ask from its standard input, as `{"searched": […], "typed": […]}`,
and prints what Linux says of its memory, before the archive is opened and after it was used; `--semantic` loads
the extra.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from bot.app import House, open_house
from bot.client import COGS, PaperBot
from bot.papers.api import PapersAPI
from bot.search import load_encoder, parse

NOWHERE = "http://127.0.0.1:9"  # nobody answers there
ROUNDS = 4  # of all that is asked
PAPERS_CHANGED = 500
KILO = 1000

Asks = Mapping[str, Sequence[str]]
Status = Mapping[str, float]
"""Megabytes, by what Linux calls them."""


async def _use(database: Path, now: datetime, asks: Asks, *, semantic: bool) -> dict[str, Status]:
    before = _status()
    encoder = load_encoder() if semantic else None
    async with (
        PapersAPI(NOWHERE) as api,
        open_house(database, api, clock=lambda: now, encoder=encoder) as house,
        PaperBot(house, shard_count=1) as bot,
    ):
        for name in COGS:
            await bot.load_extension(f"cogs.{name}")
        await _ask(house, asks)
        await _change(house)
        await _ask(house, asks)
        return {"before": before, "used": _status()}


async def _ask(house: House, asks: Asks) -> None:
    today = house.clock().date()
    for _ in range(ROUNDS):
        for text in asks["searched"]:
            await house.finder.page(parse(text, today), 1)
        for typed in asks["typed"]:
            await house.completer.queries(typed, today)


async def _change(house: House) -> None:
    """A list brings new upvotes, and the index takes them in."""
    now = house.clock()
    papers, _ = await house.storage.papers.top(date.min, date.max, limit=PAPERS_CHANGED)
    await house.storage.papers.record(now.date(), [replace(each, upvotes=each.upvotes + 1) for each in papers], now)
    await house.archive.index()


def _status() -> Status:
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
