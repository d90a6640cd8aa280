"""Runs the fault matrix, the kill storms, the bad neighbours and so on (`make faults`), and prints the results.

`python -m faults --quick` runs a part of it, within five minutes. `--seed N` repeats the choices of an earlier run, and
`--only matrix --rows "history,at random 7/2"` runs only these rows. The exit code is 1 if anything is wrong.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from faults import cluster, fan_out, matrix, neighbours, saving, storm

WIDTH = 160
Done = Callable[[int], object]
Outcome = tuple[Table, list[str]]  # and a line for each thing that is wrong


@dataclass(frozen=True, slots=True)
class Amount:
    """How many random runs per destination, kills, other servers beside some that hang, and of those due later.

    `people` are due at once in the fan-out. `cluster` is how many kills a cluster has, and `saving` how many come amid
    clicks of people who save.
    """

    at_random: int
    kills: int
    others: int
    hanging: int
    later: int
    people: int
    cluster: int
    saving: int


WHOLE, QUICK = Amount(60, 200, 900, 100, 90, 2_000, 100, 200), Amount(4, 40, 270, 30, 30, 200, 3, 30)
SERVERS = 80  # of the cluster


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run: how much, which rows of the matrix, and the seed."""

    amount: Amount
    rows: Sequence[str]
    seed: int


async def _matrix(wanted: Wanted) -> Outcome:
    rounds = matrix.rounds(wanted.seed, wanted.amount.at_random, wanted.rows)
    with _progress("Faults", sum(len(each.runs) for each in rounds)) as done:
        runs = await matrix.measure(rounds, done)
    return matrix.table(runs), matrix.wrong(runs)


async def _storm(wanted: Wanted) -> Outcome:
    with _progress("Kills", wanted.amount.kills) as killed:
        tally = await storm.measure(wanted.seed, wanted.amount.kills, killed)
    return storm.table(tally), tally.wrong


async def _neighbours(wanted: Wanted) -> Outcome:
    amount = wanted.amount
    with _progress("Neighbours", None):
        crowd = await neighbours.measure(amount.others, amount.hanging, amount.later)
    return neighbours.table(crowd), crowd.wrong


async def _fan_out(wanted: Wanted) -> Outcome:
    people = wanted.amount.people
    servers, kills = people // 20, max(3, people // 200)
    with _progress("Fan-out", kills) as killed:
        result = await fan_out.measure(wanted.seed, people, servers, kills, killed)
    return fan_out.table(result), result.wrong


async def _cluster(wanted: Wanted) -> Outcome:
    with _progress("Cluster", wanted.amount.cluster) as done:
        tally = await cluster.measure(wanted.seed, SERVERS, wanted.amount.cluster, done, _tell)
    return cluster.table(tally), tally.wrong


async def _saving(wanted: Wanted) -> Outcome:
    with _progress("Saving", wanted.amount.saving) as killed:
        tally = await saving.measure(wanted.seed, wanted.amount.saving, killed)
    return saving.table(tally), tally.wrong


PARTS = {
    "matrix": _matrix,
    "storm": _storm,
    "neighbours": _neighbours,
    "fan-out": _fan_out,
    "cluster": _cluster,
    "saving": _saving,
}


@contextmanager
def _progress(what: str, total: int | None) -> Iterator[Done]:
    """A progress bar on a terminal; call it with the number of runs that have just ended."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield partial(progress.advance, progress.add_task(what, total=total))


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


async def _run(parts: Sequence[str], wanted: Wanted) -> int:
    """Run these parts one after the other; gives the number of things that are wrong."""
    console, began = Console(width=WIDTH), time.monotonic()
    console.print(f"seed {wanted.seed}")
    wrong = 0
    for part in parts:
        table, lines = await PARTS[part](wanted)
        console.print(table)
        for line in lines:
            console.print(f"[red]✗[/] {escape(line)}", soft_wrap=True, highlight=False)
        wrong += len(lines)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    console.print(f"{wrong or 'nothing'} wrong, after {minutes} min {seconds} s, seed {wanted.seed}")
    return wrong


def _listed(text: str) -> list[str]:
    return text.split(",")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m faults", description="Whether each digest arrives once, and what people save is kept."
    )
    parser.add_argument("--quick", action="store_true", help="a part of it, within five minutes")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="what an earlier run chose")
    parser.add_argument("--only", type=_listed, default=list(PARTS), help=f"parts to run ({','.join(PARTS)})")
    parser.add_argument("--rows", type=_listed, default=[], help="rows of the matrix: parts of their names")
    arguments = parser.parse_args()
    if unknown := set(arguments.only) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    wanted = Wanted(QUICK if arguments.quick else WHOLE, arguments.rows, arguments.seed)
    sys.exit(1 if asyncio.run(_run(arguments.only, wanted)) else 0)


if __name__ == "__main__":
    main()
