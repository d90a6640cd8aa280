"""The watchdog: ends the process when it hangs, so that whatever started it starts it again.

It is a thread, because an event loop that is stuck cannot look after itself. The log gets the stacks of all threads and
tasks first.
"""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from io import UnsupportedOperation
from types import FrameType, TracebackType
from typing import Any, Self

from bot.layouts.operator import describe_hang
from bot.vitals import Vitals

log = logging.getLogger(__name__)

STEP = 2  # seconds between two looks
LOOP_LIMIT = 60  # seconds without a pulse; Discord has hung up by then
TICK_LIMIT = 300  # seconds without the end of a tick; also what stopping may take
MAX_CORES = 4
LAST_WORDS = 10  # seconds for the log, which may be what hangs
MAX_STACKS = 40  # different ones of tasks


class Watchdog:
    """Watches `vitals` while it is entered. Only time in which the process could run counts.

    So a machine that sleeps, or a process that was stopped or starved, is not taken for one that hangs: the watchdog
    stood still too.
    """

    def __init__(self, vitals: Vitals, loop: asyncio.AbstractEventLoop) -> None:
        self._vitals = vitals
        self._loop = loop
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._seen: dict[str, object] = {}  # by sign of life
        self._waited: Counter[str] = Counter()  # seconds since it last changed

    def __enter__(self) -> Self:
        self._has_timer = _prepare_stack_dumps()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._set_timer(0)

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(STEP):
            now = time.monotonic()
            awake, last = min(now - last, 2 * STEP), now
            self._set_timer(LOOP_LIMIT * min(os.cpu_count() or 1, MAX_CORES))
            for sign, value, limit in self._list_signs():
                if value is None or value != self._seen.get(sign):
                    self._seen[sign], self._waited[sign] = value, 0
                else:
                    self._waited[sign] += awake  # type: ignore[assignment]
                if self._waited[sign] >= limit:
                    _end_process(describe_hang(sign, limit), self._loop)

    def _list_signs(self) -> Iterator[tuple[str, object, float]]:
        """Each sign of life with a value that changes as long as it is there, None if it need not; and its limit."""
        vitals = self._vitals
        yield "loop", vitals.last_pulse, LOOP_LIMIT
        yield "tick", None if vitals.ticks_expected_since is None else (vitals.last_tick,), TICK_LIMIT
        yield "stop", vitals.is_stopping or None, TICK_LIMIT

    def _set_timer(self, seconds: float) -> None:
        """Let the system end the process after so many seconds of CPU time, unless this is called again.

        Some work in C, such as a hopeless regular expression, lets no other thread run, this one included.
        """
        if self._has_timer:
            with suppress(OSError):  # a sandbox may forbid it
                signal.setitimer(signal.ITIMER_PROF, seconds)


def _prepare_stack_dumps() -> bool:
    """Print the stacks of all threads when a signal ends the process; returns whether a timer can."""
    with suppress(AttributeError, ValueError, UnsupportedOperation):  # standard error is no file
        faulthandler.enable()
        if hasattr(signal, "setitimer"):
            if os.getpid() == 1:  # of a container, whom signals only end if it wants that
                signal.signal(signal.SIGPROF, lambda *_: os._exit(1))
            faulthandler.register(signal.SIGPROF, all_threads=True, chain=True)  # then SIGPROF does what it always does
            return True
    return False


def _end_process(problem: str, loop: asyncio.AbstractEventLoop) -> None:
    words = threading.Thread(target=_log_stacks, args=(problem, loop), name="last words", daemon=True)
    words.start()
    words.join(LAST_WORDS)
    os._exit(1)


def _log_stacks(problem: str, loop: asyncio.AbstractEventLoop) -> None:
    stacks = "\n".join([*_describe_threads(), *_describe_tasks(loop)])
    log.handle(log.makeRecord(log.name, logging.CRITICAL, __file__, 0, problem, (), None, sinfo=stacks))


def _describe_threads() -> Iterator[str]:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()  # noqa: SLF001  # documented, "for debugging deadlocks"
    main = threading.main_thread().ident
    for ident, frame in sorted(frames.items(), key=lambda each: each[0] != main):
        if ident != threading.get_ident():
            yield f"Thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"


def _describe_tasks(loop: asyncio.AbstractEventLoop) -> Iterator[str]:
    """Where each task waits. Thousands may wait in the same place."""
    stacks = Counter("".join(_describe_waiting(task.get_coro())) for task in asyncio.all_tasks(loop))
    for stack, number in stacks.most_common(MAX_STACKS):
        yield f"{number} {'task' if number == 1 else 'tasks'}:\n{stack}"
    if len(stacks) > MAX_STACKS:
        yield f"… ({sum(stacks.values())} tasks)"


def _describe_waiting(waiting: Any) -> Iterator[str]:
    """The stack of a coroutine and of what it waits for. A task itself only knows its outermost frame."""
    while waiting is not None:
        frame: FrameType | None = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame:
            yield from traceback.StackSummary.extract([(frame, frame.f_lineno)]).format()
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
