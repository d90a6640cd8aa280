"""A simulated year of digests, as a file keeps it: real lists, plans and records, without a Discord to send to."""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.app import Services, open_services
from bot.delivery.planning import Planner
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.settings import KEEP_DETAILS_DAYS
from bot.share import WHOLE
from bot.storage import Delivery, DeliveryState, Storage, Subscription
from bot.subscription.schedule import Cadence, Schedule, find_next_run
from bot.subscription.settings import DigestSettings, PostingOptions, Selection, Threads

FIRST_DAY = date(2026, 1, 5)  # a Monday
DAYS = 366
LISTED = 20  # papers a day
COMES_AGAIN_AFTER = (9, 70, 200)  # days: a paper of then is listed again, with more upvotes than any other
DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
DAILY = Schedule(time(9), ZoneInfo("Europe/Berlin"))
KINDS: Mapping[str, DigestSettings] = {
    "five a day": DigestSettings(0, DAILY, Selection(5)),
    "ten a day": DigestSettings(0, DAILY, Selection(10)),
    "five a day, a message each": DigestSettings(0, DAILY, Selection(5), PostingOptions(threads=Threads.PER_PAPER)),
    "nearly always quiet": DigestSettings(0, DAILY, Selection(5, min_upvotes=2000), PostingOptions(quiet_line=True)),
    "ten a week": DigestSettings(0, replace(DAILY, weekdays=frozenset({0}), cadence=Cadence.WEEKLY), Selection(10)),
}


class Year:
    """Lives through a year in the file at `path`; each of `settings` is a subscription of a server of its own."""

    def __init__(
        self, path: Path, all_settings: Sequence[DigestSettings], *, shrinking: bool = True, days: int = DAYS
    ) -> None:
        self.path, self.all_settings, self.shrinking, self.days = path, all_settings, shrinking, days
        self.now = self.morning(FIRST_DAY)
        self.lists: dict[date, list[Paper]] = {}
        self._chance = random.Random(7)

    def morning(self, day: date) -> datetime:
        """When the list of a day has closed, and the digests of the next morning are due."""
        return datetime.combine(day + timedelta(days=1), time(8, 5), UTC)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Services]:
        """The services over the file; the papers API is not there."""
        async with (
            PapersAPI("http://127.0.0.1:9") as api,
            open_services(self.path, api, clock=lambda: self.now) as services,
        ):
            yield services

    @property
    def kilobytes(self) -> float:
        """The size of the file, while it is closed."""
        return self.path.stat().st_size / 1000

    async def live(self) -> None:
        async with self.open() as services:
            planner = Planner(services.storage, services.composer, services.personal_composer)
            for number, settings in enumerate(self.all_settings):
                await self._subscribe(services.storage, number, settings)
            for number in range(self.days):
                await self._live_a_day(services.storage, planner, FIRST_DAY + timedelta(days=number))

    async def _subscribe(self, storage: Storage, number: int, settings: DigestSettings) -> None:
        place = self._snowflake(self.now - timedelta(days=300))
        run = find_next_run(settings.schedule, self.now - timedelta(days=1))
        await storage.subscriptions.add(
            place, replace(settings, channel_id=place + number + 1), by=place, now=self.now, next_run=run
        )

    async def _live_a_day(self, storage: Storage, planner: Planner, day: date) -> None:
        self.now = self.morning(day)
        self.lists[day] = self._listed(day)
        again = 7 if day.weekday() == 6 else 1  # lists that are read again for a digest over several days
        for each in (day - timedelta(days=back) for back in range(again)):
            if each in self.lists:
                await storage.papers.record_list(each, self.lists[each], self.now)
        for subscription in await storage.subscriptions.list_due(WHOLE, self.now):
            delivery = await planner.plan_due_run(subscription, self.now)
            assert delivery
            if delivery.state is DeliveryState.PLANNED:
                await self._arrive(storage, delivery)
        if self.shrinking:
            await self.fold(storage)
        if self.shrinking and day.weekday() == 6:  # the upvotes are the archive's, and it takes a while
            await storage.snapshots.thin_snapshots(self.now)

    def _listed(self, day: date) -> list[Paper]:
        """Papers with ids by chance, and some of long ago."""
        numbers = self._chance.sample(range(1000), LISTED)
        votes = [int(self._chance.expovariate(1 / 30)) for _ in numbers]
        papers = [
            Paper(f"{day:%y%m}.{day.day * 1000 + number // 2:05}", f"Paper {number}", "", upvotes=upvotes, day=day)
            for number, upvotes in zip(numbers, votes, strict=True)
        ]
        earlier = [self.lists.get(day - timedelta(days=back)) for back in COMES_AGAIN_AFTER]
        return papers + [replace(each[0], upvotes=1000, day=day) for each in earlier if each]

    async def _arrive(self, storage: Storage, delivery: Delivery) -> None:
        began = self.now + timedelta(seconds=self._chance.randrange(50))
        for message in delivery.messages:
            sent_at = began + timedelta(seconds=message.number)
            await storage.deliveries.record_arrival(
                delivery.id, message.number, delivery.channel_id, self._snowflake(sent_at), sent_at
            )
        await storage.deliveries.complete_delivery(delivery)

    def _snowflake(self, instant: datetime) -> int:
        milliseconds = int((instant - DISCORD_EPOCH).total_seconds() * 1000) + self._chance.randrange(1000)
        return milliseconds << 22 | self._chance.randrange(1 << 22)

    async def fold(self, storage: Storage) -> None:
        await storage.deliveries.pack_old_runs(WHOLE, self.now - timedelta(days=KEEP_DETAILS_DAYS))

    async def shrink(self) -> None:
        """What the bot does every night."""
        async with self.open() as services:
            await self.fold(services.storage)
            await services.storage.snapshots.thin_snapshots(self.now)


async def subscriptions(services: Services) -> list[Subscription]:
    """One of each kind."""
    found = [await services.storage.subscriptions.get(number + 1) for number in range(len(KINDS))]
    return [each for each in found if each]


async def shown(services: Services, known: Subscription) -> list[tuple[Any, Any]]:
    """All that a subscription ever showed, newest first."""
    posted, total = await services.storage.posted_papers.list_since(
        known.guild_id, [known.settings.channel_id], datetime.min.replace(tzinfo=UTC), limit=10_000
    )
    assert len(posted) == total
    return posted
