"""What the parts have in common: papers for many days, the bot's house over them, and the bugs that it logs."""

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
from tests.support.delivery_rig import DESTINATIONS
from tests.support.wire import Guild

PAPERS_A_DAY = 3
SIZE = 10  # of a digest: more than the papers of three days, so that one that is given up comes whole with the next

COLUMNS = dict(
    zip(DESTINATIONS, ("text", "thread", "thread each", "news", "news each", "forum", "forum each"), strict=True)
)
"""The destinations, with their headings."""


def lists(days: int) -> Mapping[date, list[Any]]:
    """Other papers for each of so many days from `DAY` on."""
    dates = [DAY + timedelta(days=number) for number in range(days)]
    return {day: entries(PAPERS_A_DAY, day, first=10 * number + 1) for number, day in enumerate(dates)}


def ids(lists: Mapping[date, list[Any]]) -> list[str]:
    """The papers of these lists."""
    return [entry["paper"]["id"] for listed in lists.values() for entry in listed]


async def subscribe_in(storage: Storage, guild: Guild, posting: Mapping[str, Any]) -> Subscription:
    """A subscription of a server for nine o'clock UTC, an hour from the beginning."""
    settings = replace(builders.build_settings(guild.papers.id, **posting), selection=Selection(SIZE, risers=0))
    run = find_next_run(settings.schedule, MORNING)
    return await storage.subscriptions.add(guild.id, settings, by=1, now=MORNING, next_run=run)


@asynccontextmanager
async def open_faulty_services(folder: Path, papers: Mapping[date, list[Any]], clock: Clock) -> AsyncIterator[Services]:
    """The bot's house in `folder`, with a papers API that has these lists."""
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
            return  # the little Discord, whose client was killed amid a request
        formatter = logging.Formatter("%(name)s: %(message)s")
        self.said.append(formatter.format(record))


@contextmanager
def noted_errors() -> Iterator[list[str]]:
    """What is logged as an error meanwhile, with its traceback; the rest of the log is not shown."""
    errors, root = _Errors(), logging.getLogger()
    root.addHandler(errors)
    try:
        yield errors.said
    finally:
        root.removeHandler(errors)
