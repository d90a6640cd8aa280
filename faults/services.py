"""What the parts share: papers for many days, the bot's services, and the bugs that the bot logs."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tenacity import wait_none

from bot.app import Services, open_services
from bot.clock import Clock
from bot.demo.papers_server import PapersServer
from bot.papers.api import PapersAPI
from bot.storage import Storage, Subscription
from bot.subscription.schedule import find_next_run
from bot.subscription.settings import Selection
from tests.support import builders
from tests.support.builders import DAY, MORNING, entries
from tests.support.delivery_rig import DESTINATIONS, save_subscription
from tests.support.wire import Guild

PAPERS_A_DAY = 3
SIZE = 10  # more than the papers of three days: the next digest has room for all papers of one that was given up

COLUMNS = dict(
    zip(
        DESTINATIONS,
        ("text", "thread", "thread each", "news", "news each", "forum", "forum each", "person"),
        strict=True,
    )
)
"""The destinations, with their headings."""


def lists(days: int) -> Mapping[date, list[Any]]:
    """Different papers for each of so many days, starting at `DAY`."""
    dates = [DAY + timedelta(days=number) for number in range(days)]
    return {day: entries(PAPERS_A_DAY, day, first=10 * number + 1) for number, day in enumerate(dates)}


def ids(lists: Mapping[date, list[Any]]) -> list[str]:
    """The ids of the papers on these lists."""
    return [entry["paper"]["id"] for listed in lists.values() for entry in listed]


async def subscribe_in(storage: Storage, guild: Guild, posting: Mapping[str, Any]) -> Subscription:
    """A subscription of a server, or of a person, for nine o'clock UTC, one hour after the start."""
    settings = replace(builders.build_settings(guild.papers.id, **posting), selection=Selection(SIZE, risers=0))
    run = find_next_run(settings.schedule, MORNING)
    return await save_subscription(storage, guild, settings, run)


@asynccontextmanager
async def open_faulty_services(folder: Path, papers: Mapping[date, list[Any]], clock: Clock) -> AsyncIterator[Services]:
    """The bot's services in `folder`, with a papers API that has these lists."""
    async with (
        PapersServer(papers).serve() as url,
        PapersAPI(url, backoff=wait_none()) as api,
        open_services(folder / "paperboy.db", api, clock=clock) as services,
    ):
        yield services


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], ConnectionResetError):
            return  # the simulated Discord, whose client was killed during a request
        formatter = logging.Formatter("%(name)s: %(message)s")
        self.said.append(formatter.format(record))


@contextmanager
def noted_errors() -> Iterator[list[str]]:
    """Collects what is logged as an error, with its traceback; the rest of the log is not shown."""
    errors, root = _Errors(), logging.getLogger()
    root.addHandler(errors)
    try:
        yield errors.said
    finally:
        root.removeHandler(errors)
