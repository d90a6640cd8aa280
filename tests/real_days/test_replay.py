"""The real bot goes through all real days: one digest for each due run, and no paper twice."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import discord
import pytest
import simcord

from bot.app import build_services
from bot.client import PaperBot
from bot.papers.api import PapersAPI
from bot.search import SearchIndex
from bot.storage import Delivery, DeliveryState, Storage
from tests.support.builders import Clock
from tests.support.discord_limits import check_body
from tests.support.messages import paper_ids
from tests.support.real_days import ALL_SETTINGS, ARCHIVE, Expectation, SubscriptionCase, real_days
from tests.support.server import GUILD_ID

pytestmark = [
    pytest.mark.real_days,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the real days are not beside the project"),
]


@dataclass
class Replay:
    """The real bot in a simulated Discord over the real days, with a channel for each settings."""

    env: simcord.Env
    bot: PaperBot
    clock: Clock
    channels: dict[SubscriptionCase, simcord.ChannelHandle]

    async def play(self, first: date, last: date) -> None:
        """A tick at every instant at which something is due, and one in between."""
        instants = sorted({instant for settings in ALL_SETTINGS for _, instant in settings.runs(first, last)})
        for instant in instants:
            for now in (instant - timedelta(minutes=1), instant):
                self.clock.now = now
                await self.bot.dispatcher.run_due(now)

    async def deliveries(self, settings: SubscriptionCase) -> list[Delivery]:
        """What was delivered, earliest run first."""
        storage = self.bot.services.storage
        (guild,) = self.bot.guilds
        (known,) = [
            each
            for each in await storage.subscriptions.list_for_server(guild.id)
            if each.settings.channel_id == self.channels[settings].id
        ]
        return (await storage.deliveries.list_latest(known.id, 10_000))[::-1]


@pytest.fixture
async def replay(storage: Storage, api: PapersAPI, tmp_path: Path, clock: Clock) -> AsyncIterator[Replay]:
    search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), last_change=0)
    services = build_services(storage, search, api, clock=clock)
    bot = PaperBot(services, shard_count=1)
    env = simcord.Env(bot)
    await env.start()
    await storage.guilds.record_join(GUILD_ID, clock.now)  # it has been welcomed
    guild = env.create_guild("Paper Club", id=GUILD_ID)
    admins = guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True, mention_everyone=True))
    admin = guild.add_member(env.create_user("ada"), roles=[admins])
    channels = {
        settings: guild.create_text_channel(settings.timezone.partition("/")[2].lower()) for settings in ALL_SETTINGS
    }
    for settings, channel in channels.items():
        options = {
            "time": settings.time,
            "timezone": settings.timezone,
            "weekdays": settings.weekdays,
            "size": settings.size,
        }
        await admin.slash(channel, "digest add", channel=channel, **options)
    yield Replay(env, bot, clock, channels)
    await env.shutdown()
    env.raise_errors()
    search.close()


async def test_over_all_real_days_each_due_run_posts_one_digest_and_no_paper_comes_twice(replay: Replay) -> None:
    first, last = real_days()[0].day, real_days()[-1].day + timedelta(days=3)
    await replay.play(first, last)
    for settings in ALL_SETTINGS:
        runs = dict(settings.runs(first, last))
        deliveries = await replay.deliveries(settings)
        assert [each.run_date for each in deliveries] == list(runs)
        assert {each.state for each in deliveries} == {DeliveryState.SENT, DeliveryState.QUIET}
        expected = Expectation(settings.size)
        for delivery in deliveries:
            shown = [each.paper.id for each in delivery.digest.highlights]
            expected.check(runs[delivery.run_date], shown)
            assert (delivery.state is DeliveryState.QUIET) == (shown == []) == (delivery.digest.reason is not None)
            check_rank_order(delivery)
        check_messages(replay.channels[settings].history(), deliveries)
    for request in replay.env.http_requests:
        check_body(request.method, request.path, request.json)


def check_rank_order(delivery: Delivery) -> None:
    keys = [(-each.upvotes, -each.comments, each.paper.id) for each in delivery.digest.highlights]
    assert keys == sorted(keys)


def check_messages(messages: Sequence[discord.Message], deliveries: list[Delivery]) -> None:
    """The channel holds one message for every digest sent, in order, showing its papers in order."""
    sent = [each for each in deliveries if each.state is DeliveryState.SENT]
    assert [each.id for each in messages] == [each.posted_message.message_id for each in sent if each.posted_message]
    for posted, delivery in zip(messages, sent, strict=True):
        assert paper_ids(posted) == [each.paper.id for each in delivery.digest.highlights]
