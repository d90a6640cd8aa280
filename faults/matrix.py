"""The fault matrix: each fault in each kind of destination at each place; then several faults at random.

Each run has its own server, and its faults come on the first of three days. The servers of a round run at once.
"""

import asyncio
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from unittest.mock import patch

from rich.table import Table

from bot import channels
from bot.app import Services
from bot.client import connect_to_discord_at
from bot.delivery import follow_ups, sending
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.sending import Sender
from bot.storage import Subscription
from faults.judging import STRICT, Leniency, wrongs
from faults.services import COLUMNS, ids, lists, noted_errors, open_faulty_services, subscribe_in
from faults.troubles import HIDDEN_HISTORY, ROWS, Strike, Trouble, TroubledWire, at_random, meets
from tests.support.builders import MORNING, Clock
from tests.support.delivery_rig import DESTINATIONS, put_back, restart_dispatcher, running_bot
from tests.support.wire import Fault, Guild

AT_ONCE = 120  # servers in a round
LIMIT = 300  # seconds for a round
PATIENCE = 2  # seconds that a request may hang, instead of half a minute
DAYS = 3
FIRST_DAY = (0, 1, 1, 2, 4, 8, 15, 30, 30, 60, 60)  # minutes between ticks, as often as deliveries are tried again
LATER_DAYS = (0, 1, 5, 30, 60)
EMPTY_UNTIL, HANGS_UNTIL = 2, 5  # ticks
AT_RANDOM = "at random"
HOURS_AHEAD = (3, -3)
DROPPED, FORGOTTEN = "gateway dropped", "gateway forgets the session"


class Hold:
    """Lets requests hang until it is released."""

    def __init__(self) -> None:
        self.waiting = 0
        self.ended = asyncio.Event()

    async def wait(self) -> None:
        self.waiting += 1
        await self.ended.wait()
        self.waiting -= 1


@dataclass
class Run:
    """One fault at one place; `wrong` lists what went wrong."""

    fault: str
    destination: str
    strike: Strike
    trouble: Trouble
    hold: Hold
    excused: Leniency = STRICT
    hides: bool = False
    refuses: str = ""
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Round:
    """Runs that happen at once; `gateway` is the fault of the connection that they share, if there is one.

    The bot's clock is `ahead` of Discord's by that much.
    """

    runs: list[Run]
    gateway: str | None = None
    ahead: timedelta = timedelta()


def listed_runs() -> Iterator[Run]:
    """Every fault at every place where it can happen."""
    for row in ROWS:
        for destination in filter(row.happens_in, DESTINATIONS):
            for strike in row.strikes:
                if meets(destination, strike):
                    hold = Hold()
                    trouble = row.trouble(strike, hold.wait)
                    yield Run(row.name, destination, strike, trouble, hold, row.excused, row.hides, row.refuses)


def random_runs(seed: int, count: int) -> Iterator[Run]:
    """So many random runs for each destination, each with several faults."""
    for number in range(count):
        for destination in DESTINATIONS:
            hold, name = Hold(), f"{seed}/{number}"
            trouble, excused = at_random(destination, f"{name}/{destination}", hold.wait)
            yield Run(f"{AT_RANDOM} {name}", destination, Strike.ANYWHERE, trouble, hold, excused)


def gateway_runs(fault: str) -> Iterator[Run]:
    for destination in DESTINATIONS:
        yield Run(fault, destination, Strike.FIRST, Trouble(), Hold())


def clock_runs(hours: int) -> Iterator[Run]:
    """Lost answers while the clock is so many hours ahead of Discord's, or behind it."""
    name = f"answer lost, clock {abs(hours)} h {'ahead' if hours > 0 else 'behind'}"
    for destination in DESTINATIONS:
        for strike in (Strike.FIRST, Strike.SECOND):
            if meets(destination, strike):
                lost = [Fault(200, created=True)] * (strike is Strike.SECOND) + [Fault(created=True)]
                yield Run(name, destination, strike, Trouble(deque(lost)), Hold())


@dataclass
class _FaultCase:
    """The servers of a round, and what they share."""

    services: Services
    wire: TroubledWire
    clock: Clock
    runs: Sequence[Run]
    guilds: list[Guild] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)

    async def prepare(self) -> None:
        for run in self.runs:
            kind, posting = DESTINATIONS[run.destination]
            guild = self.wire.add_guild(kind)
            self.wire.troubles[guild.id] = run.trouble
            guild.papers.judge = partial(_judge, run.refuses) if run.refuses else None
            self.guilds.append(guild)
            self.subscriptions.append(await subscribe_in(self.services.storage, guild, posting))
        self.clock.advance(hours=1)

    async def pass_days(self, dispatcher: Dispatcher) -> None:
        due = self.clock.now
        self._hide_histories(hidden=True)
        for number, minutes in enumerate(FIRST_DAY):
            if number == EMPTY_UNTIL:
                self._hide_histories(hidden=False)
            if number == HANGS_UNTIL:
                self._end_hanging()
            await self._tick(dispatcher, minutes)
        for run in self.runs:
            run.trouble.end()
        for day in range(1, DAYS):
            self.clock.now = due + timedelta(days=day)
            for minutes in LATER_DAYS:
                await self._tick(dispatcher, minutes)

    async def _tick(self, dispatcher: Dispatcher, minutes: int) -> None:
        """Time passes for Discord too, but not while discord.py repeats a request by itself."""
        while await self._repeating(dispatcher.sender):
            await asyncio.sleep(0.05)
        await dispatcher.run_due(self.clock.advance(minutes=minutes))

    async def _repeating(self, sender: Sender) -> bool:
        """Whether a request is on its way, apart from those that hang."""
        holds = {subscription.id: run.hold for run, subscription in zip(self.runs, self.subscriptions, strict=True)}
        deliveries = [await self.services.storage.deliveries.get(each) for each in list(sender._requests)]
        return any(each and not holds[each.subscription_id].waiting for each in deliveries)

    def _hide_histories(self, *, hidden: bool) -> None:
        """Hide or show the channels' histories; the gateway does not tell the bot."""
        for run, guild in zip(self.runs, self.guilds, strict=True):
            if run.hides:
                guild.papers.denied = HIDDEN_HISTORY if hidden else HIDDEN_HISTORY.none()

    def _end_hanging(self) -> None:
        for run in self.runs:
            run.hold.ended.set()

    async def judge(self) -> None:
        listed = ids(lists(DAYS))
        for run, guild, subscription in zip(self.runs, self.guilds, self.subscriptions, strict=True):
            deliveries = await self.services.storage.deliveries.list_latest(subscription.id, 100)
            run.wrong = list(wrongs(guild.papers, deliveries, listed, run.excused))


def _judge(refused: str, body: str) -> Fault | None:
    return Fault(400, 50035) if refused in body else None


@contextmanager
def _impatient() -> Iterator[None]:
    """Gives up requests that hang after a moment."""
    with ExitStack() as stack:
        for module, name in (
            (sending, "ANSWER_TIMEOUT"),
            (sending, "SEARCH_TIMEOUT"),
            (follow_ups, "ANSWER_TIMEOUT"),
            (channels, "ANSWER_TIMEOUT"),
        ):
            stack.enter_context(patch.object(module, name, PATIENCE))
        yield


async def _run_round(wanted: Round) -> None:
    clock = Clock(MORNING)
    wire = TroubledWire(lambda: clock() - wanted.ahead)
    with tempfile.TemporaryDirectory() as folder, put_back(), _impatient():
        async with wire.serve(), open_faulty_services(Path(folder), lists(DAYS), clock) as services:
            connect_to_discord_at(wire.api_url, wire.gateway.url)
            stage = _FaultCase(services, wire, clock, wanted.runs)
            await stage.prepare()
            async with running_bot(services, wire, LIMIT) as bot:
                if wanted.gateway:
                    await _upset(stage, forget=wanted.gateway == FORGOTTEN)
                await stage.pass_days(restart_dispatcher(bot))
            await stage.judge()


async def _upset(stage: _FaultCase, *, forget: bool) -> None:
    """The gateway disconnects the bot now, and whenever a first message is on its way."""

    async def drop() -> None:
        await stage.wire.gateway.drop(forget=forget)

    await drop()
    for run in stage.runs:
        run.trouble.post_faults.append(Fault(200, created=True, meanwhile=drop))


def rounds(seed: int, at_random: int, named: Sequence[str] = ()) -> list[Round]:
    """Every fault, and so many random runs for each destination; or only the rows with these names."""

    def wanted(runs: Iterable[Run]) -> Iterator[Run]:
        return (run for run in runs if not named or any(name in run.fault for name in named))

    upset = [Round(list(wanted(gateway_runs(fault))), fault) for fault in (DROPPED, FORGOTTEN)]
    clocks = [Round(list(wanted(clock_runs(hours))), ahead=timedelta(hours=hours)) for hours in HOURS_AHEAD]
    left = wanted(chain(listed_runs(), random_runs(seed, at_random)))
    return [
        *filter(lambda each: each.runs, [*upset, *clocks]),
        *map(Round, iter(lambda: list(islice(left, AT_ONCE)), [])),
    ]


async def measure(rounds: Iterable[Round], done: Callable[[int], object]) -> list[Run]:
    """All runs with what went wrong; `done` is called with the number of runs that have ended."""
    every: list[Run] = []
    for each in rounds:
        with noted_errors() as errors:
            await _run_round(each)
        each.runs[0].wrong += [f"logged: {error}" for error in errors]
        every += each.runs
        done(len(each.runs))
    return every


def table(runs: Iterable[Run]) -> Table:
    """One row per fault, one column per destination."""
    cells: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        row = "several at random" if run.fault.startswith(AT_RANDOM) else run.fault
        cells.setdefault(row, {}).setdefault(run.destination, []).append(run)
    title = "Faults: each digest arrives once, or is given up with a reason; the next one comes"
    caption = "the numbers: at how many places it struck, as first message, second message, thread, publishing"
    shown = Table(title=title, caption=caption)
    shown.add_column("fault")
    for heading in COLUMNS.values():
        shown.add_column(heading)
    for row, columns in cells.items():
        shown.add_row(row, *(_cell(columns.get(destination, [])) for destination in COLUMNS))
    return shown


def _cell(runs: Sequence[Run]) -> str:
    """How many runs went well, and the places of the others."""
    right, wrong = [run for run in runs if not run.wrong], [run for run in runs if run.wrong]
    return " ".join([*([f"✓ {len(right)}"] if right else []), *(f"✗ {run.strike}" for run in wrong)]) or "–"


def wrong(runs: Iterable[Run]) -> list[str]:
    """A line for each run that went wrong."""
    return [
        f"{run.fault}, {COLUMNS[run.destination]}, {run.strike}: {'; '.join(run.wrong)}" for run in runs if run.wrong
    ]
