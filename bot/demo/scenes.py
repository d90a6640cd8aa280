"""Scenes: what the demo's server looks like when the curtain rises."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

import discord
import simcord

from bot.client import PaperBot
from bot.demo import Scene
from bot.subscription.schedule import Cadence, Timetable, parse_time
from bot.subscription.settings import Discussion, Layout, Posting, Taste, Wish

BERLIN = Timetable(parse_time("9:00"), ZoneInfo("Europe/Berlin"))
MINUTE, DAY = 60, 86_400  # seconds; the curtain rises a minute before nine in Berlin


class Stage:
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

    async def open(self, scene: Scene) -> None:
        """Play `scene`; its channel is then the one to show."""
        assert self.bot.user is not None
        await self.bot.user.edit(username="Paperboy")
        self.shown = await _SCENES[scene](self)

    async def tick(self) -> None:
        """Post what is due."""
        await self.bot.courier.tick(self.bot.house.clock())
        await self.env.settle()


async def _digest(stage: Stage) -> simcord.ChannelHandle:
    """An admin types a command; at nine the digest arrives."""
    await stage.admin.slash(stage.general, "digest add", channel=stage.channel, time="9:00", timezone="Berlin")
    return await _at_nine(stage, stage.channel)


async def _empty(stage: Stage) -> simcord.ChannelHandle:
    """The bot has just been added, and says so."""
    await stage.env.settle()
    return stage.general


async def _panel(stage: Stage) -> simcord.ChannelHandle:
    """The admin has opened the panel."""
    await stage.admin.slash(stage.channel, "digest setup")
    return stage.channel


async def _extras(stage: Stage) -> simcord.ChannelHandle:
    """The admin has opened the panel's second page."""
    opened = await stage.admin.slash(stage.channel, "digest setup")
    assert opened.response
    await stage.admin.click(opened.response, label="Threads and pings")
    return stage.channel


async def _compact(stage: Stage) -> simcord.ChannelHandle:
    return await _posted(stage, stage.channel, Posting(layout=Layout.COMPACT), size=10)


async def _cards(stage: Stage) -> simcord.ChannelHandle:
    return await _posted(stage, stage.channel, Posting(layout=Layout.CARDS))


async def _thread(stage: Stage) -> simcord.ChannelHandle:
    """Two readers talk about a paper in its thread."""
    await _posted(stage, stage.channel, Posting(discussion=Discussion.HIGHLIGHT), size=2)
    thread = stage.channel.threads[-1]
    await stage.reader.send(thread, "Has anyone tried this on their own data?")
    await stage.admin.send(thread, "It works on ours. Details in an hour!")
    return stage.channel


async def _forum(stage: Stage) -> simcord.ChannelHandle:
    forum = stage.guild.create_forum_channel("paper-forum")
    await _posted(stage, forum, Posting(layout=Layout.CARDS, discussion=Discussion.HIGHLIGHT), size=3)
    return forum.threads[0]


async def _recap(stage: Stage) -> simcord.ChannelHandle:
    """A week of digests, and its recap."""
    await _digest(stage)
    for _ in range(7):
        await stage.env.advance_time(DAY)
        await stage.tick()
    recap = stage.guild.create_text_channel("weekly")
    weekly = replace(BERLIN, cadence=Cadence.WEEKLY, weekdays=frozenset({4}), at=parse_time("9:05"))
    await _subscribe(stage, Wish(recap.id, weekly))
    await stage.env.advance_time(5 * MINUTE)
    await stage.tick()
    return recap


async def _status(stage: Stage) -> simcord.ChannelHandle:
    await _digest(stage)
    await stage.admin.slash(stage.channel, "digest status")
    return stage.channel


async def _refused(stage: Stage) -> simcord.ChannelHandle:
    """Discord takes the digest in plain lines alone; the status says so."""
    stage.env.inject_error("POST", f"/channels/{stage.channel.id}/messages", status=400, code=240000, times=2)
    return await _status(stage)


async def _posted(
    stage: Stage, channel: simcord.ChannelHandle, posting: Posting, size: int = 5
) -> simcord.ChannelHandle:
    """A digest as `posting` says, as the panel would have it."""
    await _subscribe(stage, Wish(channel.id, BERLIN, Taste(size), posting))
    return await _at_nine(stage, channel)


async def _subscribe(stage: Stage, wish: Wish) -> None:
    await stage.bot.editor.add(stage.guild.id, wish, by=stage.admin.id, now=stage.bot.house.clock())


async def _at_nine(stage: Stage, channel: simcord.ChannelHandle) -> simcord.ChannelHandle:
    await stage.env.advance_time(MINUTE)
    await stage.tick()
    return channel


_SCENES: dict[Scene, Callable[[Stage], Awaitable[simcord.ChannelHandle]]] = {
    Scene.DIGEST: _digest,
    Scene.EMPTY: _empty,
    Scene.PANEL: _panel,
    Scene.EXTRAS: _extras,
    Scene.COMPACT: _compact,
    Scene.CARDS: _cards,
    Scene.THREAD: _thread,
    Scene.FORUM: _forum,
    Scene.RECAP: _recap,
    Scene.STATUS: _status,
    Scene.REFUSED: _refused,
}
