"""The faults that a request to Discord may meet, by name, and what each of them excuses."""

import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from aiohttp import web
from discord import Permissions

from bot.storage import MessageForm
from bot.subscription.settings import Threads
from faults.judging import STRICT, Leniency
from tests.support.delivery_rig import DESTINATIONS
from tests.support.wire import Fault, Kind, Wire, rate_limit

ALL_DAY = 60  # the same fault that often: more than the requests of a day
FINE = Fault(200, created=True)
REFUSED_PAPER = "2601.00002"
HIDDEN_HISTORY = Permissions(read_message_history=True)

Wait = Callable[[], Awaitable[object]]


class Strike(StrEnum):
    """The request that a fault affects."""

    FIRST = "first message"
    SECOND = "second message"
    THREAD = "thread"
    PUBLISHING = "publishing"
    SEARCH = "search"  # after a lost answer
    ANYWHERE = "anywhere"


MAKING = (Strike.FIRST, Strike.SECOND, Strike.THREAD, Strike.PUBLISHING)


def meets(destination: str, strike: Strike) -> bool:
    """Whether a digest for this destination makes such a request."""
    kind, posting = DESTINATIONS[destination]
    threads = posting.get("threads", Threads.NONE)
    match strike:
        case Strike.SECOND:
            return bool(threads is Threads.PER_PAPER)
        case Strike.THREAD:
            return kind is not Kind.FORUM and threads is not Threads.NONE
        case Strike.PUBLISHING:
            return bool(posting.get("publish"))
    return True


@dataclass
class Trouble:
    """The faults of the next requests of one server, in queues with the names that `Wire` uses."""

    post_faults: deque[Fault] = field(default_factory=deque)
    thread_faults: deque[Fault] = field(default_factory=deque)
    publish_faults: deque[Fault] = field(default_factory=deque)
    history_faults: deque[Fault] = field(default_factory=deque)

    def end(self) -> None:
        for queue in (self.post_faults, self.thread_faults, self.publish_faults, self.history_faults):
            queue.clear()


class TroubledWire(Wire):
    """A simulated Discord in which each server has its own faults, so that hundreds of runs share it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.troubles: dict[int, Trouble] = {}  # by server

    async def _done(self, request: web.Request, faults: deque[Fault], work: Callable[[], Any]) -> web.Response:
        return await super()._done(request, self._of_server(request, faults), work)

    async def _faulty(self, request: web.Request, faults: deque[Fault]) -> web.Response | None:
        return await super()._faulty(request, self._of_server(request, faults))

    def _of_server(self, request: web.Request, faults: deque[Fault]) -> deque[Fault]:
        if any(faults is each for each in (self.login_faults, self.delete_faults, self.opening_faults)):
            return faults
        guild_id = int(request.match_info.get("guild", 0)) or self._place(request).guild_id
        trouble = self.troubles.get(guild_id, Trouble())
        (name,) = [name for name in vars(trouble) if getattr(self, name) is faults]
        queue: deque[Fault] = getattr(trouble, name)
        return queue


@dataclass(frozen=True, slots=True)
class Row:
    """A fault by name; `faults` makes what the requests meet one after the other, given what hanging ones wait for."""

    name: str
    faults: Callable[[Wait], Sequence[Fault]]
    excused: Leniency = STRICT
    strikes: Sequence[Strike] = MAKING
    hides: bool = False  # the first search gets an empty history
    refuses: str = ""  # a paper that is rejected every time
    only: Kind | None = None  # the kind of destination that it happens in, unless it is all

    def happens_in(self, destination: str) -> bool:
        kind, _ = DESTINATIONS[destination]
        return self.only in {None, kind} and not (self.hides and kind is Kind.FORUM)  # a post has no nonce

    def trouble(self, strike: Strike, wait: Wait) -> Trouble:
        faults = self.faults(wait)
        match strike:
            case Strike.SECOND:
                return Trouble(deque([FINE, *faults]))
            case Strike.THREAD:
                return Trouble(thread_faults=deque(faults))
            case Strike.PUBLISHING:
                return Trouble(publish_faults=deque(faults))
            case Strike.SEARCH:
                return Trouble(deque([Fault(created=True)]), history_faults=deque(faults))
        return Trouble(deque(faults))


GIVEN_UP, REFUSED = Leniency(given_up=True), Leniency(given_up=True, left_out=True)


def _server_errors() -> Iterator[Row]:
    for status in (500, 502, 503, 504):
        yield Row(f"{status}, not done", lambda _, status=status: [Fault(status)])  # type: ignore[misc]
        yield Row(f"{status}, done", lambda _, status=status: [Fault(status, created=True)])  # type: ignore[misc]


def _refusals() -> Iterator[Row]:
    for code in (50035, 240000, 200000):
        yield Row(f"400 {code} once", lambda _, code=code: [Fault(400, code)], GIVEN_UP)  # type: ignore[misc]


ROWS: Sequence[Row] = (
    Row("answer lost, not done", lambda _: [Fault()]),
    Row("answer lost, done", lambda _: [Fault(created=True)]),
    Row("answer lost twice", lambda _: [Fault(), Fault(created=True)]),
    Row("429", lambda _: [rate_limit(0.2)]),
    Row("429 for an hour", lambda _: [rate_limit(3600)]),
    Row("429 without Via", lambda _: [rate_limit(0.2, via=False)]),
    *_server_errors(),
    Row("500 done, then 429", lambda _: [Fault(500, created=True), rate_limit(1, via=False)]),
    Row("503 all day", lambda _: [Fault(503)] * ALL_DAY, GIVEN_UP),
    *_refusals(),
    Row("400 50035 all day", lambda _: [Fault(400, 50035)] * ALL_DAY, REFUSED),
    Row("400 50035 for a paper", lambda _: [], REFUSED, strikes=(Strike.ANYWHERE,), refuses=REFUSED_PAPER),
    Row("403 40003", lambda _: [Fault(403, 40003)], only=Kind.PERSON),
    Row("403 40003 twice", lambda _: [Fault(403, 40003)] * 2, only=Kind.PERSON),
    Row("lost, done, then 403 20026", lambda _: [Fault(created=True), Fault(403, 20026)], only=Kind.PERSON),
    Row("404 10003", lambda _: [Fault(404, 10003)], only=Kind.PERSON),
    Row("lost, then 404 10003", lambda _: [Fault(), Fault(404, 10003)], only=Kind.PERSON),
    Row("hangs, done", lambda wait: [Fault(200, created=True, meanwhile=wait)]),
    Row("hangs, not done", lambda wait: [Fault(meanwhile=wait)]),
    Row("history 500", lambda _: [Fault(500)], strikes=(Strike.SEARCH,)),
    Row("history 503 twice", lambda _: [Fault(503), Fault(503)], strikes=(Strike.SEARCH,)),
    Row("history 429", lambda _: [rate_limit(0.2)], strikes=(Strike.SEARCH,)),
    Row("history 429 without Via", lambda _: [rate_limit(1, via=False)], strikes=(Strike.SEARCH,)),
    Row("history connection lost", lambda _: [Fault()], strikes=(Strike.SEARCH,)),
    Row("history 404 10003", lambda _: [Fault(404, 10003)], strikes=(Strike.SEARCH,), only=Kind.PERSON),
    Row("history hangs", lambda wait: [Fault(200, meanwhile=wait)], strikes=(Strike.SEARCH,)),
    Row("history empty once", lambda _: [], strikes=(Strike.SEARCH,), hides=True),
)


def at_random(destination: str, seed: str, wait: Wait) -> tuple[Trouble, Leniency]:
    """Several random faults at places that a digest for this destination can reach."""
    chance = random.Random(seed)
    rows = [row for row in ROWS if row.excused in {STRICT, GIVEN_UP} and not row.hides and row.happens_in(destination)]
    trouble, given_up = Trouble(), False
    for _ in range(chance.randint(2, 5)):
        row = chance.choice(rows)
        strike = chance.choice([each for each in (*row.strikes, Strike.SEARCH) if meets(destination, each)])
        if strike is Strike.SEARCH and not set(row.strikes) & {Strike.SEARCH}:
            strike = Strike.FIRST
        met = row.trouble(strike, wait)
        for name, queue in vars(trouble).items():
            queue.extend(getattr(met, name))
        given_up = given_up or row.excused.given_up
    # One message may meet all the rejections, and be rejected in each of its forms.
    rejections = sum(fault.status == HTTPStatus.BAD_REQUEST for fault in trouble.post_faults)
    return trouble, Leniency(given_up=given_up, left_out=rejections >= len(MessageForm) - 1)
