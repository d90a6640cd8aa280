"""Scenes: what the demo's server looks like when the curtain rises."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import discord
import simcord

from bot.client import PaperBot
from bot.demo import Scene
from bot.subscription.schedule import Cadence, Schedule, parse_time
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads

BERLIN = Schedule(parse_time("9:00"), ZoneInfo("Europe/Berlin"))
MINUTE, DAY = 60, 86_400  # seconds; the curtain rises a minute before nine in Berlin


class DemoServer:
    """A simulated Discord, a minute before nine in Berlin, with the real bot in a server of two people."""

    def __init__(self, env: simcord.Env, bot: PaperBot) -> None:
        self.env = env
        self.bot = bot
        self.guild = env.create_guild("Paper Club")
        self.general = self.guild.create_text_channel("general")
        self.channel = self.shown = self.guild.create_text_channel("daily-papers")
        admins = self.guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
        self.admin = self.guild.add_member(env.create_user("ada"), roles=[admins])
        self.reader = self.guild.add_member(env.create_user("grace"))

    async def play_scene(self, scene: Scene) -> None:
        """Play `scene`; its channel is then the one to show."""
        assert self.bot.user is not None
        await self.bot.user.edit(username="Paperboy")
        self.shown = await _SCENES[scene](self)

    async def post_due(self) -> None:
        """Post what is due."""
        await self.bot.dispatcher.tick(self.bot.services.clock())
        await self.env.settle()


async def _play_digest(stage: DemoServer) -> simcord.ChannelHandle:
    """An admin types a command; at nine the digest arrives."""
    await stage.admin.slash(stage.general, "digest add", channel=stage.channel, time="9:00", timezone="Berlin")
    return await _wait_until_nine(stage, stage.channel)


async def _play_welcome(stage: DemoServer) -> simcord.ChannelHandle:
    """The bot has just been added, and says so."""
    await stage.env.settle()
    return stage.general


async def _play_panel(stage: DemoServer) -> simcord.ChannelHandle:
    """The admin has opened the panel."""
    await stage.admin.slash(stage.channel, "digest setup")
    return stage.channel


async def _play_extras(stage: DemoServer) -> simcord.ChannelHandle:
    """The admin has opened the panel's second page."""
    opened = await stage.admin.slash(stage.channel, "digest setup")
    assert opened.response
    await stage.admin.click(opened.response, label="Threads and pings")
    return stage.channel


async def _play_compact(stage: DemoServer) -> simcord.ChannelHandle:
    return await _post_digest(stage, stage.channel, PostingOptions(layout=DigestLayout.COMPACT), size=10)


async def _play_cards(stage: DemoServer) -> simcord.ChannelHandle:
    return await _post_digest(stage, stage.channel, PostingOptions(layout=DigestLayout.CARDS))


async def _play_thread(stage: DemoServer) -> simcord.ChannelHandle:
    """Two readers talk about a paper in its thread."""
    await _post_digest(stage, stage.channel, PostingOptions(threads=Threads.PER_HIGHLIGHT), size=2)
    thread = stage.channel.threads[-1]
    await stage.reader.send(thread, "Has anyone tried this on their own data?")
    await stage.admin.send(thread, "It works on ours. Details in an hour!")
    return stage.channel


async def _play_forum(stage: DemoServer) -> simcord.ChannelHandle:
    forum = stage.guild.create_forum_channel("paper-forum")
    await _post_digest(stage, forum, PostingOptions(layout=DigestLayout.CARDS, threads=Threads.PER_HIGHLIGHT), size=3)
    return forum.threads[0]


async def _play_recap(stage: DemoServer) -> simcord.ChannelHandle:
    """A week of digests, and its recap."""
    await _play_digest(stage)
    for _ in range(7):
        await stage.env.advance_time(DAY)
        await stage.post_due()
    recap = stage.guild.create_text_channel("weekly")
    weekly = replace(BERLIN, cadence=Cadence.WEEKLY, weekdays=frozenset({4}), time=parse_time("9:05"))
    await _subscribe(stage, DigestSettings(recap.id, weekly))
    await stage.env.advance_time(5 * MINUTE)
    await stage.post_due()
    return recap


async def _play_status(stage: DemoServer) -> simcord.ChannelHandle:
    await _play_digest(stage)
    await stage.admin.slash(stage.channel, "digest status")
    return stage.channel


async def _play_rejected(stage: DemoServer) -> simcord.ChannelHandle:
    """Discord takes the digest in plain lines alone; the status says so."""
    stage.env.inject_error("POST", f"/channels/{stage.channel.id}/messages", status=400, code=240000, times=2)
    return await _play_status(stage)


async def _post_digest(
    stage: DemoServer, channel: simcord.ChannelHandle, posting: PostingOptions, size: int = 5
) -> simcord.ChannelHandle:
    """A digest as `posting` says, as the panel would have it."""
    await _subscribe(stage, DigestSettings(channel.id, BERLIN, Selection(size), posting))
    return await _wait_until_nine(stage, channel)


async def _subscribe(stage: DemoServer, settings: DigestSettings) -> None:
    await stage.bot.editor.add(stage.guild.id, settings, by=stage.admin.id, now=stage.bot.services.clock())


async def _wait_until_nine(stage: DemoServer, channel: simcord.ChannelHandle) -> simcord.ChannelHandle:
    await stage.env.advance_time(MINUTE)
    await stage.post_due()
    return channel


_SCENES: dict[Scene, Callable[[DemoServer], Awaitable[simcord.ChannelHandle]]] = {
    Scene.DIGEST: _play_digest,
    Scene.WELCOME: _play_welcome,
    Scene.PANEL: _play_panel,
    Scene.EXTRAS: _play_extras,
    Scene.COMPACT: _play_compact,
    Scene.CARDS: _play_cards,
    Scene.THREAD: _play_thread,
    Scene.FORUM: _play_forum,
    Scene.RECAP: _play_recap,
    Scene.STATUS: _play_status,
    Scene.REJECTED: _play_rejected,
}
