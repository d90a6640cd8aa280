"""The child of the kill tests: the real bot, which kills itself where the environment says.

`PAPERBOY_TEST_KILL`    `before` or `after`, and what: `after Deliveries.plan`; or `amid` and some SQL
`PAPERBOY_TEST_NOW`     the instant at which its clock starts
`PAPERBOY_TEST_SPACING` seconds between two identifies of a bucket, and `PAPERBOY_TEST_GRACE` before it looks for what
                        a process before it may just have sent, if they are not to be as long as in real life
Its posting ticks often instead of every minute, and says on standard output when a tick has ended.
"""

import functools
import os
import signal
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

import bot.__main__
import bot.service
from bot import identifying
from bot.app import open_services
from bot.client import PaperBot
from bot.delivery.dispatcher import Dispatcher
from bot.storage.deliveries import recording
from bot.storage.postgres import claims

TICKED = "ticked"
_TICK_SECONDS = 0.2
_Work = Callable[..., Awaitable[Any]]


class RunningClock:
    """A clock that starts at `start` and runs on."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._began = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._start + (datetime.now(UTC) - self._began)


def _killing(when: str, work: _Work) -> _Work:
    @functools.wraps(work)
    async def killed(*args: Any, **options: Any) -> Any:
        if when == "after":
            await work(*args, **options)
        _die()

    return killed


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _plant_kill(plan: str) -> None:
    """Have the process kill itself before or after the named function of the recording of deliveries, or amid SQL."""
    when, _, path = plan.partition(" ")
    if when == "amid":
        _plant_kill_amid(path)
        return
    *owners, name = path.split(".")
    owner = functools.reduce(getattr, owners, recording)
    setattr(owner, name, _killing(when, getattr(owner, name)))


def _plant_kill_amid(sql: str) -> None:
    """Have the process kill itself when a connection begins a statement that holds `sql`."""
    connect = sqlite3.connect

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_trace_callback(lambda statement: _die() if sql in statement else None)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]


def _saying(begin: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(begin)
    async def said(dispatcher: Dispatcher, now: datetime) -> None:
        await begin(dispatcher, now)
        await dispatcher.wait_until_idle()
        print(TICKED, flush=True)  # noqa: T201

    return said


def _often(**fields: Any) -> CronTrigger | IntervalTrigger:
    return IntervalTrigger(seconds=_TICK_SECONDS) if fields.get("second") == 0 else CronTrigger(**fields)


def _hurrying(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def hurried(bot: PaperBot, *args: Any, **options: Any) -> None:
        init(bot, *args, **options)
        bot._connection.guild_ready_timeout = 0.1  # discord.py waits two seconds for more servers

    return hurried


def _hurry_shards() -> None:
    if spacing := os.environ.pop("PAPERBOY_TEST_SPACING", ""):
        identifying.SPACING = float(spacing)
    if grace := os.environ.pop("PAPERBOY_TEST_GRACE", ""):
        vars(claims)["GRACE"] = int(grace)


def main() -> None:
    _hurry_shards()
    clock = RunningClock(datetime.fromisoformat(os.environ.pop("PAPERBOY_TEST_NOW")))
    plan = os.environ.pop("PAPERBOY_TEST_KILL", "")  # it is no setting, and would be warned about
    if plan:
        _plant_kill(plan)
    with (
        patch.object(bot.service, "open_services", functools.partial(open_services, clock=clock)),
        patch("apscheduler.triggers.cron.CronTrigger", _often),
        patch.object(Dispatcher, "start_due_deliveries", _saying(Dispatcher.start_due_deliveries)),
        patch.object(PaperBot, "__init__", _hurrying(PaperBot.__init__)),
    ):
        bot.__main__.main()


if __name__ == "__main__":
    main()
