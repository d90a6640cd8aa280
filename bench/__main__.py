"""Runs every benchmark on the same corpus and prints one table. `make bench`."""

import asyncio
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import compose, corpus, ingest, search, sends
from bench.figures import Figure


async def _figures(folder: Path, lists: corpus.Lists) -> list[Figure]:
    papers = corpus.papers(lists)
    return [
        await ingest.measure(folder, lists),
        *compose.measure(papers),
        *await search.measure(folder, papers),
        await sends.measure(folder, papers),
    ]


def main() -> None:
    name, lists = corpus.lists()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_figures(Path(folder), lists))
    papers = sum(len(entries) for entries in lists.values())
    table = Table(title=f"{name}: {len(lists)} days, {papers:,} entries")
    for heading in ("what", "ours", "floor", "ratio", "the floor is"):
        table.add_column(heading, justify="right" if heading in {"ours", "floor", "ratio"} else "left")
    for figure in figures:
        table.add_row(*figure.cells())
    Console(width=140).print(table)


main()
