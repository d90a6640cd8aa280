"""Bad neighbours: a tenth of the channels hang, one server is greedy, and all others get their digest in time."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from bench.paced import GREEDY, Arrivals, Neighbourhood
from faults.services import PAPERS_A_DAY, lists, noted_errors, open_faulty_services
from tests.support.builders import MORNING
from tests.support.delivery_rig import put_back


@dataclass(frozen=True, slots=True)
class Crowd:
    """How the digests of `others` servers arrived while some channels hung."""

    others: int
    hanging: int
    later: int  # of the others, those due a minute later
    arrivals: Arrivals
    wrong: list[str] = field(default_factory=list)


async def measure(others: int, hanging: int, later: int) -> Crowd:
    with tempfile.TemporaryDirectory() as folder, put_back(), noted_errors() as errors:
        async with open_faulty_services(Path(folder), lists(1), lambda: MORNING) as services:
            neighbourhood = Neighbourhood(services, others, hanging, later)
            arrivals = await neighbourhood.deliver()
    return Crowd(others, hanging, later, arrivals, [*_wrongs(neighbourhood), *(f"logged: {each}" for each in errors)])


def _wrongs(neighbourhood: Neighbourhood) -> Iterator[str]:
    """What was not posted exactly once, after nothing hangs any more."""
    for channel, digests in neighbourhood.wanted.items():
        messages = digests if digests == 1 else digests * PAPERS_A_DAY
        if neighbourhood.made.get(channel, 0) != messages:
            yield f"channel {channel}: {neighbourhood.made.get(channel, 0)} messages, not {messages}"


def table(crowd: Crowd) -> Table:
    """How late the last digest of the others was, compared with the pace that Discord allows."""
    arrivals = crowd.arrivals
    shown = Table(title="Bad neighbours: everybody else has the digest in time")
    for heading in ("channels that hang", "subscriptions of a greedy server", "others", "of them a minute later"):
        shown.add_column(heading, justify="right")
    for heading in ("came", "the last after", "the pace allows", "ratio", "wrong"):
        shown.add_column(heading, justify="right")
    shown.add_row(
        *map(str, (crowd.hanging, GREEDY, crowd.others, crowd.later, arrivals.came)),
        f"{arrivals.seconds:.1f} s",
        f"{arrivals.floor:.1f} s",
        f"{arrivals.seconds / arrivals.floor:.2f} ×",
        str(len(crowd.wrong) or "✓"),
    )
    return shown
