"""The child of the watchdog's tests: the real bot with short limits, which hangs as the environment says.

`PAPERBOY_TEST_FREEZE`   `loop`, `tick`, `log` or `stop`: what hangs once a tick has ended; or `start`
`PAPERBOY_TEST_LIMIT`    the watchdog's limits, in seconds
"""

import asyncio
import contextlib
import functools
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from unittest.mock import patch

import bot.app
from bot import vitals, watchdog
from bot.delivery.dispatcher import Dispatcher
from tests.support import crashing

HANGS = 3600
FROZEN = "frozen"


def _hang_loop() -> None:
    time.sleep(HANGS)


def _hang_log() -> None:
    """As if nobody read standard error: who logs waits forever, and so do all who log after it."""
    for handler in watchdog.log.root.handlers:
        handler.acquire()  # in a thread that never lets go
    print(FROZEN, flush=True)  # noqa: T201
    threading.Event().wait()


async def _wait_for_nothing() -> None:
    await asyncio.Event().wait()


def _hanging_after(begin: Callable[..., Awaitable[None]], freeze: str) -> Callable[..., Awaitable[None]]:
    @functools.wraps(begin)
    async def began(dispatcher: Dispatcher, *values: Any) -> None:
        await begin(dispatcher, *values)
        loop = asyncio.get_running_loop()
        match freeze:
            case "loop":
                loop.call_later(0.1, _hang_loop)
            case "log":
                threading.Thread(target=_hang_log, daemon=True).start()
                loop.call_later(0.1, _hang_loop)
            case "tick":
                await _wait_for_nothing()

    return began


async def _stop_never(_: Dispatcher) -> None:
    await _wait_for_nothing()


@contextlib.asynccontextmanager
async def _open_slowly(seconds: float, *values: Any, **options: Any) -> AsyncIterator[Any]:
    await asyncio.to_thread(time.sleep, seconds)
    async with bot.app.open_services(*values, **options) as services:
        yield services


def main() -> None:
    freeze, limit = os.environ.pop("PAPERBOY_TEST_FREEZE", ""), float(os.environ.pop("PAPERBOY_TEST_LIMIT"))
    tick_limit = 10 * limit if freeze in {"loop", "log"} else limit
    limits = {"STEP": 0.2, "LOOP_LIMIT": limit, "TICK_LIMIT": tick_limit, "LAST_WORDS": 2}
    with contextlib.ExitStack() as patches:
        for name, value in limits.items():
            patches.enter_context(patch.object(watchdog, name, value))
        patches.enter_context(patch.object(vitals, "PULSE_SECONDS", 0.2))
        begin = _hanging_after(Dispatcher.start_due_deliveries, freeze)
        patches.enter_context(patch.object(Dispatcher, "start_due_deliveries", begin))
        if freeze == "stop":
            patches.enter_context(patch.object(Dispatcher, "shut_down", _stop_never))
        if freeze == "start":
            slowly = functools.partial(_open_slowly, 2 * limit)
            patches.enter_context(patch.object(crashing, "open_services", slowly))
        crashing.main()


if __name__ == "__main__":
    main()
