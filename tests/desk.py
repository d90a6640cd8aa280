"""The real bot at work on the loopback Discord of `tests.wire`, for the tests of delivery on the wire."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.app import House
from bot.client import PaperBot, use_discord_at
from bot.delivery.courier import Courier, build_courier
from bot.storage import Delivery, DeliveryState, Storage, Subscription
from bot.subscription.schedule import first_run
from bot.subscription.settings import Discussion, Taste, Wish
from tests import builders
from tests.builders import DAY, MORNING, Clock, entries
from tests.wire import TOKEN, Channel, FrailPapers, Guild, Kind, Posted, Wire

LIMIT = 120  # seconds that anything may take, on the busiest machine
NEXT_DAY = DAY + timedelta(days=1)


DESTINATIONS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "a text channel": (Kind.TEXT, {}),
    "a thread": (Kind.TEXT, {"discussion": Discussion.DIGEST}),
    "a thread for each highlight": (Kind.TEXT, {"discussion": Discussion.HIGHLIGHT}),
    "announcements": (Kind.NEWS, {"publish": True, "discussion": Discussion.DIGEST}),
    "an announcement for each highlight": (Kind.NEWS, {"publish": True, "discussion": Discussion.HIGHLIGHT}),
    "a forum": (Kind.FORUM, {"discussion": Discussion.DIGEST}),
    "a post for each highlight": (Kind.FORUM, {"discussion": Discussion.HIGHLIGHT}),
}


@pytest.fixture(autouse=True)
def no_bug(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A delivery that meets a bug is only logged, lest it cost others theirs; here it fails the test."""
    yield
    assert not [record for record in caplog.get_records("call") if "ran into a bug" in record.message]


@pytest.fixture(name="papers_server")
def two_lists() -> FrailPapers:
    """Seven papers a day, each day others."""
    return FrailPapers({DAY: entries(7), NEXT_DAY: entries(7, NEXT_DAY, first=11)})


@contextmanager
def put_back() -> Iterator[None]:
    """discord.py is pointed at Discord again afterwards."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture(name="wire")
async def loopback(clock: Clock) -> AsyncIterator[Wire]:
    """A little Discord that discord.py takes for Discord."""
    wire = Wire(clock)
    with put_back():
        async with wire.serve():
            use_discord_at(wire.api_url, wire.gateway.url)
            yield wire


def another_life(bot: PaperBot) -> Courier:
    """All that a bot knows from before a restart is in the database."""
    house = bot.house
    return build_courier(bot, bot.channels, house.storage, house.composer, messages_per_second=1_000_000)


@asynccontextmanager
async def running_bot(house: House, wire: Wire, limit: float = LIMIT) -> AsyncIterator[PaperBot]:
    """The real bot, connected to `wire`; its timer is left to the tests."""
    async with asyncio.timeout(limit), PaperBot(house, shard_count=1) as bot:
        bot._connection.guild_ready_timeout = 0.05  # not two seconds for every test
        connection = asyncio.create_task(bot.start(TOKEN))
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
        assert await wire.gateway.arrivals.get() == "identify"
        yield bot
        await bot.close()
        await connection


async def subscribe(
    house: House, guild: Guild, *, size: int = 5, repeats: bool = False, **posting: Any
) -> Subscription:
    """A subscription of `guild` for nine o'clock UTC, an hour from the beginning; `posting` says how it is posted."""
    wish = replace(builders.wish(guild.papers.id, **posting), taste=Taste(size, risers=0, repeats=repeats))
    run = first_run(wish.timetable, MORNING)
    return await house.storage.subscriptions.add(guild.id, wish, by=1, now=MORNING, next_run=run)


@asynccontextmanager
async def opened_desk(
    house: House, wire: Wire, clock: Clock, kind: Kind = Kind.TEXT, *, size: int = 5, **posting: Any
) -> AsyncIterator["Desk"]:
    """A desk whose server wants its digests in a channel of this kind, posted as `posting` says."""
    guild = wire.add_guild(kind)
    subscription = await subscribe(house, guild, size=size, **posting)
    clock.advance(hours=1)
    async with running_bot(house, wire) as bot:
        yield Desk(bot, wire, clock, house.storage, guild, subscription)


@pytest.fixture(name="forum")
async def forum_desk(house: House, wire: Wire, clock: Clock) -> AsyncIterator["Desk"]:
    """A desk whose server wants each digest as a post in a forum."""
    async with opened_desk(house, wire, clock, Kind.FORUM, discussion=Discussion.DIGEST) as opened:
        yield opened


@pytest.fixture(name="posts")
async def posts_desk(house: House, wire: Wire, clock: Clock) -> AsyncIterator["Desk"]:
    """A desk whose server wants each highlight as a post in a forum."""
    async with opened_desk(house, wire, clock, Kind.FORUM, size=3, discussion=Discussion.HIGHLIGHT) as opened:
        yield opened


@dataclass
class Desk:
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
        await self.bot.courier.tick(self.clock())

    async def learn(self, news: Channel | Guild, event: str) -> None:
        """The bot hears how a channel or a server is by now."""
        heard = self.bot.wait_for(event)  # listens from here on
        await self.wire.gateway.announce(news)
        await heard

    async def deliveries(self) -> list[Delivery]:
        return await self.storage.deliveries.latest(self.subscription.id, limit=100)

    async def standing(self) -> Subscription:
        subscription = await self.storage.subscriptions.get(self.subscription.id)
        assert subscription
        return subscription

    async def edit(self, channel: Channel | None = None, size: int | None = None) -> None:
        """An admin moves the subscription, or changes its size; its next run is the next by its timetable."""
        known = await self.standing()
        wish = replace(known.wish, channel_id=channel.id if channel else known.wish.channel_id)
        wish = replace(wish, taste=replace(wish.taste, size=size or wish.taste.size))
        await self._edit(known, wish)

    async def _edit(self, known: Subscription, wish: Wish) -> None:
        run = first_run(wish.timetable, self.clock.now - timedelta(minutes=1))
        taken = [each.run_date for each in await self.deliveries()]
        if run.date in taken:
            run = first_run(wish.timetable, self.clock.now)
        await self.storage.subscriptions.edit(known, wish, run, by=1, now=self.clock.now)

    async def resume(self) -> None:
        known = await self.standing()
        run = first_run(known.wish.timetable, self.clock.now)
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
    posting, messages = delivery.wish.posting, [message.id for message in channel.digests]
    if channel.kind is Kind.FORUM:
        assert [post.id for post in channel.posts] == messages
    else:
        assert [thread.id for thread in channel.threads] == (messages if posting.discussion != "none" else [])
    assert all(message.crossposted is posting.publish for message in channel.messages)
