"""Runs the benchmarks (`make bench`), and prints each table as soon as it is measured.

`python -m bench --sizes 20000 --only load,wire --keep FOLDER` runs some of them, and keeps the archives in FOLDER
for the next time. Percentiles are over all runs; ratios are between figures of the same run.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import (
    compose,
    corpus,
    engines,
    feeds,
    following,
    growth,
    hosting,
    ingest,
    likeness,
    load,
    memory,
    paced,
    personal,
    saved,
    search,
    sends,
    shards,
    starting,
    wire,
)
from bench.figures import table
from bench.filled_index import FilledIndex, fill_index
from bot.search import Encoder, load_encoder

REAL = "real"
SIZES = (REAL, "20000", "200000")
DIGESTS = "digests"
HOSTING = "hosting"
ENGINES = "engines"
SHARDS = "shards"

Part = Callable[[Path, FilledIndex, Encoder | None], Awaitable[Table]]


async def _build(folder: Path, filled: FilledIndex, encoder: Encoder | None) -> Table:
    figures = [*await load.building(folder / "build", filled), *await load.starting(filled, encoder)]
    return table("Build and start", [*figures, *await starting.measure(folder / "start", filled)])


async def _load(folder: Path, filled: FilledIndex, _: Encoder | None) -> Table:
    return table("Under load", [await load.searching_while_writing(folder, filled), await load.completing(filled)])


async def _wire(folder: Path, filled: FilledIndex, _: Encoder | None) -> Table:
    return table("From an interaction's arrival to the answer", await wire.measure(folder, filled))


async def _following(_: Path, filled: FilledIndex, __: Encoder | None) -> Table:
    return table(f"Followed queries: {following.Followers(filled.real).mix}", await following.measure(filled))


async def _feeds(folder: Path, filled: FilledIndex, _: Encoder | None) -> Table:
    return table("Feeds", await feeds.measure(folder, filled))


async def _memory(folder: Path, filled: FilledIndex, encoder: Encoder | None) -> Table:
    figures = await memory.measure(folder / "plain", filled)
    if encoder:
        figures += await memory.measure(folder / "semantic", filled, semantic=True)
    return table("Memory of the whole bot, used", figures)


PARTS: dict[str, Part] = {
    "search": search.measure,
    "likeness": likeness.measure,
    "saved": saved.measure,
    "build": _build,
    "load": _load,
    "wire": _wire,
    "memory": _memory,
    "following": _following,
    "feeds": _feeds,
}


async def _digests(folder: Path, lists: corpus.Lists) -> Table:
    papers = corpus.papers(lists)
    figures = [await ingest.measure(folder, lists), *compose.measure(papers)]
    figures += [await compose.measure_many(folder, papers), await personal.measure(folder, papers)]
    figures += [
        await sends.measure_whole(folder, papers),
        await sends.measure(folder, papers),
        *await paced.measure(folder, papers),
    ]
    figures += await growth.measure(folder)
    return table("Digests", figures)


async def _run(sizes: Sequence[str], parts: Sequence[str], folder: Path, *, full: bool) -> None:
    console = Console(width=160)
    name, lists = corpus.lists()
    real = corpus.unique(corpus.papers(lists))
    console.print(f"{name}: {len(lists)} days, {len(real):,} papers")
    if DIGESTS in parts:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            console.print(await _digests(Path(scratch), lists))
    if HOSTING in parts:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            console.print(*await hosting.measure(Path(scratch), real))
    if ENGINES in parts:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            console.print(*await engines.measure(Path(scratch), real))
    if SHARDS in parts:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            console.print(*await shards.measure(Path(scratch), shards.FULL if full else shards.SMALL))
    if not PARTS.keys() & set(parts):
        return
    encoder = await asyncio.to_thread(load_encoder)
    for size in sizes:
        filled = await fill_index(folder, real, len(real) if size == REAL else int(size), encoder)
        for part in (PARTS[each] for each in parts if each in PARTS):
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                console.print(await part(Path(scratch) / "part", filled, encoder))


def _listed(text: str) -> list[str]:
    return text.split(",")


def main() -> None:
    every = [DIGESTS, HOSTING, ENGINES, SHARDS, *PARTS]
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast the bot is, and how big.")
    parser.add_argument("--sizes", type=_listed, default=SIZES, help=f"papers in the archive ({','.join(SIZES)})")
    parser.add_argument("--only", type=_listed, default=every, help=f"parts to run ({','.join(every)})")
    parser.add_argument("--full", action="store_true", help=f"`{SHARDS}` at its full size, {shards.FULL}")
    parser.add_argument("--keep", type=Path, help="a folder in which the archives stay for the next time")
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(every):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(arguments.sizes, arguments.only, Path(folder), full=arguments.full))


if __name__ == "__main__":
    main()
