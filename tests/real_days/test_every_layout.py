"""The real days replayed through every layout, destination and cadence: all arrives, once, and nothing is too long."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import discord
import pytest
import simcord

from bot.app import Services, build_services
from bot.client import PaperBot
from bot.delivery.dispatcher import build_dispatcher
from bot.demo.papers_server import PapersServer
from bot.digest import get_latest_closed_day
from bot.papers.api import PapersAPI
from bot.search import SearchIndex
from bot.storage import Delivery, DeliveryState, Storage
from bot.subscription.schedule import Cadence, Schedule, find_next_run
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support.builders import Clock
from tests.support.discord_limits import check_body
from tests.support.messages import paper_ids
from tests.support.real_days import ARCHIVE, CalendarServer, real_days
from tests.support.server import GUILD_ID

pytestmark = [
    pytest.mark.real_days,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the real days are not beside the project"),
]
NINE = Schedule(time(9), ZoneInfo("UTC"))
TAGS = ("diffusion", "reinforcement learning", "agents", "other")


@dataclass(frozen=True, slots=True)
class Part:
    """A subscription in the replay: its settings, and the kind of its channel."""

    name: str
    kind: str
    posting: PostingOptions
    selection: Selection = field(default_factory=Selection)
    cadence: Cadence = Cadence.DAILY


PARTS = (
    Part("compact", "text", PostingOptions(layout=DigestLayout.COMPACT), Selection(size=10)),
    Part(
        "filtered",
        "text",
        PostingOptions(quiet_line=True, silent=True),
        Selection(filter="diffusion OR flow", min_upvotes=5),
    ),
    Part("threads", "text", PostingOptions(layout=DigestLayout.CARDS, threads=Threads.PER_DIGEST)),
    Part("papers", "text", PostingOptions(threads=Threads.PER_PAPER), Selection(size=2)),
    Part("news", "news", PostingOptions(layout=DigestLayout.CARDS, publish=True)),
    Part("forum", "forum", PostingOptions(layout=DigestLayout.COMPACT, threads=Threads.PER_DIGEST)),
    Part("posts", "forum", PostingOptions(layout=DigestLayout.CARDS, threads=Threads.PER_PAPER), Selection(size=2)),
    Part("weekly", "text", PostingOptions(), Selection(size=10), Cadence.WEEKLY),
    Part("monthly", "text", PostingOptions(layout=DigestLayout.CARDS), Selection(size=10), Cadence.MONTHLY),
)


@dataclass
class Replay:
    env: simcord.Env
    bot: PaperBot
    clock: Clock
    channels: dict[str, simcord.ChannelHandle]
    subscriptions: dict[str, int]

    async def play(self, days: list[date]) -> None:
        for day in days:
            self.clock.now = datetime.combine(day, time(9), UTC)
            await self.bot.dispatcher.run_due(self.clock.now)

    async def deliveries(self, part: Part) -> list[Delivery]:
        """Earliest run first."""
        latest = await self.bot.services.storage.deliveries.list_latest(self.subscriptions[part.name], 10_000)
        return latest[::-1]

    def messages(self, part: Part) -> list[discord.Message]:
        """The messages in the channel, or the first of each of its posts."""
        channel = self.channels[part.name]
        if part.kind == "forum":
            return [post.history()[0] for post in channel.threads]
        return [message for message in channel.history() if message.type is discord.MessageType.default]


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.combine(real_days()[0].day, time(0), UTC))


@pytest.fixture
def papers_server(clock: Clock) -> PapersServer:
    return CalendarServer(clock)


@pytest.fixture
async def replay(storage: Storage, api: PapersAPI, tmp_path: Path, clock: Clock) -> AsyncIterator[Replay]:
    search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), last_change=0)
    services = build_services(storage, search, api, clock=clock)
    bot = PaperBot(services, shard_count=1)
    bot.dispatcher = build_dispatcher(
        bot,
        bot.channels,
        bot.inboxes,
        storage,
        services.composer,
        services.personal_composer,
        claims=services.claims,
        messages_per_second=1e6,
    )
    env = simcord.Env(bot)
    await env.start()
    await storage.guilds.record_join(GUILD_ID, clock.now)  # it has been welcomed
    guild = env.create_guild("Paper Club", id=GUILD_ID)
    make = {
        "text": guild.create_text_channel,
        "news": guild.create_news_channel,
        "forum": guild.create_forum_channel,
    }
    channels = {part.name: make[part.kind](part.name) for part in PARTS}
    tag_the_forum(env, channels["forum"])
    known = {part.name: await subscribe(services, guild, channels[part.name], part) for part in PARTS}
    await env.settle()
    yield Replay(env, bot, clock, channels, known)
    await env.shutdown()
    env.raise_errors()
    search.close()


def tag_the_forum(env: simcord.Env, forum: simcord.ChannelHandle) -> None:
    unadorned = {"moderated": False, "emoji_id": None, "emoji_name": None}
    tags = [{"id": str(number), "name": name} | unadorned for number, name in enumerate(TAGS, 1)]
    env.backend.edit_channel(forum.id, {"available_tags": tags})


async def subscribe(services: Services, guild: simcord.GuildHandle, channel: simcord.ChannelHandle, part: Part) -> int:
    schedule = replace(NINE, cadence=part.cadence)
    settings = DigestSettings(channel.id, schedule, part.selection, part.posting)
    now = services.clock()
    added = await services.storage.subscriptions.add(
        guild.id, settings, by=1, now=now, next_run=find_next_run(schedule, now)
    )
    return added.id


def due(part: Part, days: list[date]) -> list[date]:
    """The due dates, told without the bot's own schedule."""
    return {
        Cadence.DAILY: days,
        Cadence.WEEKLY: [day for day in days if day.isoweekday() == 1],
        Cadence.MONTHLY: [day for day in days if day.day == 1],
    }[part.cadence]


async def test_over_all_real_days_every_layout_destination_and_cadence_posts_each_run_once(replay: Replay) -> None:
    first, last = real_days()[0].day, real_days()[-1].day + timedelta(days=3)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    await replay.play(days)
    for part in PARTS:
        deliveries = await replay.deliveries(part)
        assert [each.run_date for each in deliveries] == due(part, days), part.name
        assert {each.state for each in deliveries} <= {DeliveryState.SENT, DeliveryState.QUIET}
        check_arrived(replay, part, deliveries)
        check_highlights(part, deliveries)
    check_followed_up(replay)
    for request in replay.env.http_requests:
        check_body(request.method, request.path, request.json)


def check_arrived(replay: Replay, part: Part, deliveries: list[Delivery]) -> None:
    """Each message that was recorded is there, once, and shows the papers it was planned to show."""
    recorded = [message for delivery in deliveries for message in delivery.messages]
    there = {message.id: message for message in replay.messages(part)}
    assert sorted(there) == sorted(message.message_id or 0 for message in recorded), part.name
    for delivery in deliveries:
        shown = [paper for message in delivery.messages for paper in paper_ids(there[message.message_id or 0])]
        assert shown == [each.paper.id for each in delivery.digest.highlights], part.name


def check_highlights(part: Part, deliveries: list[Delivery]) -> None:
    shown = [each.paper.id for delivery in deliveries for each in delivery.digest.highlights]
    assert len(shown) == len(set(shown)) > 0, part.name
    for delivery in deliveries:
        highlights = delivery.digest.highlights
        assert len(highlights) <= part.selection.size
        assert all(each.upvotes >= part.selection.min_upvotes for each in highlights)
        assert all(
            day <= get_latest_closed_day(datetime.combine(delivery.run_date, time(9), UTC))
            for day in delivery.digest.days
        )
        if part.cadence is not Cadence.DAILY:
            assert all(bool(each.seen_on) != each.is_missed for each in highlights)


def check_followed_up(replay: Replay) -> None:
    assert len(replay.channels["threads"].threads) == len(replay.messages(PARTS[2]))
    assert len(replay.channels["papers"].threads) == len(replay.messages(PARTS[3]))
    published = [each.path.split("/")[-2] for each in replay.env.http_requests if each.path.endswith("/crosspost")]
    assert published == [str(message.id) for message in replay.messages(PARTS[4])]
    tags = [tag for post in replay.channels["forum"].threads for tag in post._channel.applied_tags]
    assert {1, 2, 3} == set(tags)
