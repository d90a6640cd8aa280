"""The real bot at work on the loopback Discord of `tests.support.wire`, for the tests of delivery on the wire."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.app import Services
from bot.client import PaperBot
from bot.delivery.dispatcher import Dispatcher
from bot.storage import INBOX, Delivery, DeliveryState, How, Storage, Subscription
from bot.storage.database import READERS
from bot.subscription.schedule import Run, find_next_run
from bot.subscription.settings import DigestSettings, Selection, Threads
from tests.support import builders
from tests.support.builders import DAY, MORNING, Clock
from tests.support.dispatchers import build_dispatcher_for
from tests.support.wire import TOKEN, Channel, Guild, Kind, Person, Posted, Wire

LIMIT = 120  # seconds that anything may take, on the busiest machine

DESTINATIONS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "a text channel": (Kind.TEXT, {}),
    "a thread": (Kind.TEXT, {"threads": Threads.PER_DIGEST}),
    "a thread for each highlight": (Kind.TEXT, {"threads": Threads.PER_PAPER}),
    "announcements": (Kind.NEWS, {"publish": True, "threads": Threads.PER_DIGEST}),
    "an announcement for each highlight": (Kind.NEWS, {"publish": True, "threads": Threads.PER_PAPER}),
    "a forum": (Kind.FORUM, {"threads": Threads.PER_DIGEST}),
    "a post for each highlight": (Kind.FORUM, {"threads": Threads.PER_PAPER}),
    "a person": (Kind.PERSON, {}),
}


@contextmanager
def put_back() -> Iterator[None]:
    """discord.py is pointed at Discord again afterwards."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


def restart_dispatcher(bot: PaperBot) -> Dispatcher:
    """All that a bot knows from before a restart is in the database."""
    return build_dispatcher_for(bot, messages_per_second=1_000_000)


@asynccontextmanager
async def running_bot(
    services: Services, wire: Wire, limit: float = LIMIT, *, gives_brand: bool = False
) -> AsyncIterator[PaperBot]:
    """The real bot, connected to `wire`; its timer is left to the tests."""
    async with asyncio.timeout(limit), PaperBot(services, shard_count=1, gives_brand=gives_brand) as bot:
        bot._connection.guild_ready_timeout = 0.05  # not two seconds for every test
        connection = asyncio.create_task(bot.start(TOKEN))
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
        assert await wire.gateway.arrivals.get() == "identify"
        yield bot
        await bot.close()
        await connection


async def subscribe(
    services: Services, guild: Guild, *, size: int = 5, repeats: bool = False, **posting: Any
) -> Subscription:
    """A subscription of `guild` for nine o'clock UTC, an hour from the beginning; `posting` says how it is posted.

    A person wants their inbox.
    """
    settings = replace(
        builders.build_settings(guild.papers.id, **posting), selection=Selection(size, risers=0, allow_repeats=repeats)
    )
    run = find_next_run(settings.schedule, MORNING)
    return await save_subscription(services.storage, guild, settings, run)


async def save_subscription(storage: Storage, guild: Guild, settings: DigestSettings, run: Run) -> Subscription:
    """The subscription of a server, or of a person, who gets their inbox by it."""
    if not isinstance(guild, Person):
        return await storage.subscriptions.add(guild.id, settings, by=1, now=MORNING, next_run=run)
    await storage.followed_queries.follow(guild.id, INBOX, How.DAILY, DAY, MORNING)
    return await storage.subscriptions.add_for_person(guild.id, settings, now=MORNING, next_run=run)


@asynccontextmanager
async def open_rig(
    services: Services, wire: Wire, clock: Clock, kind: Kind = Kind.TEXT, *, size: int = 5, **posting: Any
) -> AsyncIterator["DeliveryRig"]:
    """A rig whose server wants its digests in a channel of this kind, posted as `posting` says."""
    guild = wire.add_guild(kind)
    subscription = await subscribe(services, guild, size=size, **posting)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        yield DeliveryRig(bot, wire, clock, services.storage, guild, subscription)


@dataclass
class DeliveryRig:
    """A bot with one subscribed server, at the minute its first digest is due."""

    bot: PaperBot
    wire: Wire
    clock: Clock
    storage: Storage
    guild: Guild
    subscription: Subscription

    @property
    def channel(self) -> Channel:
        return self.guild.papers

    async def tick(self, **later: float) -> None:
        self.clock.advance(**later)
        await self.bot.dispatcher.run_due(self.clock())

    async def learn(self, news: Channel | Guild, event: str) -> None:
        """The bot hears how a channel or a server is by now."""
        heard = self.bot.wait_for(event)  # listens from here on
        await self.wire.gateway.announce(news)
        await heard

    async def deliveries(self) -> list[Delivery]:
        return await self.storage.deliveries.list_latest(self.subscription.id, limit=100)

    async def get_subscription(self) -> Subscription:
        subscription = await self.storage.subscriptions.get(self.subscription.id)
        assert subscription
        return subscription

    async def edit(self, channel: Channel | None = None, size: int | None = None) -> None:
        """An admin moves the subscription, or changes its size; its next run is the next by its schedule."""
        known = await self.get_subscription()
        settings = replace(known.settings, channel_id=channel.id if channel else known.settings.channel_id)
        settings = replace(settings, selection=replace(settings.selection, size=size or settings.selection.size))
        await self._edit(known, settings)

    async def _edit(self, known: Subscription, settings: DigestSettings) -> None:
        run = find_next_run(settings.schedule, self.clock.now - timedelta(minutes=1))
        taken = [each.run_date for each in await self.deliveries()]
        if run.date in taken:
            run = find_next_run(settings.schedule, self.clock.now)
        await self.storage.subscriptions.edit(known, settings, run, by=1, now=self.clock.now)

    async def resume(self) -> None:
        known = await self.get_subscription()
        run = find_next_run(known.settings.schedule, self.clock.now)
        await self.storage.subscriptions.resume(known, run, by=1, now=self.clock.now)

    async def assert_arrived_once(self) -> None:
        """One delivery whose messages each stand in the channel once, and are recorded."""
        (delivery,) = await self.deliveries()
        assert delivery.state is DeliveryState.SENT, delivery.reason
        assert_holds(self.channel.digests, delivery)


def assert_holds(posted: list[Posted], delivery: Delivery) -> None:
    """What was posted is what a delivery has on record: each of its messages once, none besides, no paper twice."""
    assert [(each.channel_id, each.id) for each in posted] == [
        (message.place_id, message.message_id) for message in delivery.messages
    ]
    assert [paper for each in posted for paper in each.papers] == [each.paper.id for each in delivery.digest.highlights]


def assert_complete(channel: Channel, delivery: Delivery) -> None:
    """Each message once, each with its thread, and published, if that is wanted."""
    assert (delivery.state, delivery.reason) == (DeliveryState.SENT, None)
    assert_holds(channel.digests, delivery)
    posting, messages = delivery.settings.posting, [message.id for message in channel.digests]
    if channel.kind is Kind.FORUM:
        assert [post.id for post in channel.posts] == messages
    else:
        assert [thread.id for thread in channel.threads] == (messages if posting.threads != "none" else [])
    assert all(message.crossposted is posting.publish for message in channel.messages)


@asynccontextmanager
async def readers_held(rig: DeliveryRig) -> AsyncIterator[None]:
    """Until this ends, nothing is read."""
    database = rig.storage.papers._database
    readers = [await database._readers.get() for _ in range(READERS)]
    try:
        yield
    finally:
        for reader in readers:
            database._readers.put_nowait(reader)
