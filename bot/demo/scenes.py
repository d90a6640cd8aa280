"""The scenes: what has happened in the demo's server when it is shown."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import discord
import simcord
from simcord.backend.cdn import CDN_BASE

from bot.channels import Actor
from bot.client import PaperBot
from bot.demo import Scene
from bot.demo.tour import START, TALK, TOUR
from bot.layouts.commands import PAPERS_IN_MESSAGE
from bot.subscription.schedule import Cadence, Schedule, parse_time
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads

BERLIN = Schedule(parse_time("9:00"), ZoneInfo("Europe/Berlin"))
MINUTE, DAY = 60, 86_400  # seconds
AUTHOR, TOPIC = 'author:"Ziwei Liu"', 'tag:"video generation"'  # that the reader follows
PAPER = "2605.28820"  # by that author, on the list that has just closed
MAX_THREADS = 4  # the latest of a channel, in the list of channels


class DemoServer:
    """A simulated Discord, at a minute before nine in Berlin, with the real bot in a server of two people."""

    def __init__(self, env: simcord.Env, bot: PaperBot) -> None:
        self.env = env
        self.bot = bot
        self.guild = env.create_guild("Paper Club")
        self.general = self.guild.create_text_channel("general")
        self.channel = self.shown = self.guild.create_text_channel("daily-papers")
        admins = self.guild.create_role(
            "Admins", permissions=discord.Permissions(manage_guild=True, mention_everyone=True)
        )
        self.admin = self.guild.add_member(env.create_user("ada"), roles=[admins])
        self.reader = self.guild.add_member(env.create_user("grace"))
        self.viewers = [self.admin, self.reader]  # whom one can look through; the first one at first
        env.backend.bot_user.avatar = "paperboy"

    @property
    def avatar_url(self) -> str:
        """Where the simulated Discord expects the bot's avatar."""
        user = self.env.backend.bot_user
        return f"{CDN_BASE}/avatars/{user.id}/{user.avatar}.png"

    def list_channels(self) -> Iterator[tuple[simcord.ChannelHandle, str]]:
        """The channels that the page offers, each with its kind and followed by its latest threads."""
        for channel in sorted(self.guild.channels.values(), key=lambda each: each.name != START):
            if not channel.is_thread:
                yield channel, self._name_kind(channel)
                yield from ((thread, "thread") for thread in channel.threads[-MAX_THREADS:])

        yield from ((each.user.dm_channel, "direct") for each in self.viewers if each.user.dm_channel.history())

    def name_channel(self, channel: simcord.ChannelHandle) -> str:
        """The name that the page shows; direct messages are named after both people."""
        owner = self.find_recipient(channel)
        return f"Paperboy ({owner.user.name})" if owner else channel.name or ""

    def list_viewers(self, channel: simcord.ChannelHandle) -> list[simcord.MemberActor | simcord.UserHandle]:
        """Who can be looked through in this channel."""
        owner = self.find_recipient(channel)
        return [owner.user] if owner else [*self.viewers]

    def find_recipient(self, channel: simcord.ChannelHandle) -> simcord.MemberActor | None:
        """The person whose direct messages with the bot these are."""
        return next((each for each in self.viewers if each.user.dm_channel.id == channel.id), None)

    def _name_kind(self, channel: simcord.ChannelHandle) -> str:
        match self.bot.get_channel(channel.id):
            case discord.ForumChannel():
                return "forum"
            case discord.TextChannel() as known if known.is_news():
                return "announcement"
        return "text"

    async def play_scene(self, scene: Scene) -> None:
        """Play `scene`, and set `shown` to the channel that it happens in."""
        assert self.bot.user is not None
        await self.bot.user.edit(username="Paperboy")
        self.shown = await _SCENES[scene](self)

    async def post_due(self) -> None:
        """Post what is due."""
        await self.bot.dispatcher.run_due(self.bot.services.clock())
        await self.env.settle()


async def _play_tour(demo: DemoServer) -> simcord.ChannelHandle:
    """Every kind of channel has a subscription, all of them have just posted, and a guide says what to try."""
    start = demo.guild.create_text_channel(START)
    guide = demo.guild.add_member(demo.env.create_user("guide"))
    for step in TOUR:
        await guide.send(start, step.text)
    compact, agents = (demo.guild.create_text_channel(name) for name in ("quick-list", "agents"))
    forum, news = demo.guild.create_forum_channel("paper-forum"), demo.guild.create_news_channel("announcements")
    weekly = replace(BERLIN, cadence=Cadence.WEEKLY, weekdays=frozenset({4}))
    for settings in (
        DigestSettings(compact.id, BERLIN, Selection(10), PostingOptions(layout=DigestLayout.COMPACT)),
        DigestSettings(agents.id, BERLIN, Selection(3, filter="agents"), PostingOptions(threads=Threads.PER_DIGEST)),
        DigestSettings(
            forum.id, BERLIN, Selection(3), PostingOptions(layout=DigestLayout.CARDS, threads=Threads.PER_PAPER)
        ),
        DigestSettings(news.id, weekly, posting=PostingOptions(publish=True)),
    ):
        await _subscribe(demo, settings)
    await _let_reader_follow(demo)
    await _play_digest(demo)
    await _play_talk(demo)
    return start


async def _play_digest(demo: DemoServer) -> simcord.ChannelHandle:
    """An admin types a command, and at nine the digest arrives."""
    await demo.admin.slash(demo.general, "digest add", channel=demo.channel, time="9:00", timezone="Berlin")
    return await _wait_until_nine(demo, demo.channel)


async def _play_welcome(demo: DemoServer) -> simcord.ChannelHandle:
    """The bot has just been added and introduces itself."""
    await demo.env.settle()
    return demo.general


async def _play_panel(demo: DemoServer) -> simcord.ChannelHandle:
    """The admin has opened the panel."""
    await demo.admin.slash(demo.channel, "digest setup")
    return demo.channel


async def _play_extras(demo: DemoServer) -> simcord.ChannelHandle:
    """The admin has opened the panel's second page."""
    opened = await demo.admin.slash(demo.channel, "digest setup")
    assert opened.response
    await demo.admin.click(opened.response, label="Threads and pings")
    return demo.channel


async def _play_compact(demo: DemoServer) -> simcord.ChannelHandle:
    return await _post_digest(demo, demo.channel, PostingOptions(layout=DigestLayout.COMPACT), size=10)


async def _play_cards(demo: DemoServer) -> simcord.ChannelHandle:
    return await _post_digest(demo, demo.channel, PostingOptions(layout=DigestLayout.CARDS))


async def _play_thread(demo: DemoServer) -> simcord.ChannelHandle:
    """Two readers talk about a paper in its thread."""
    await _post_digest(demo, demo.channel, PostingOptions(threads=Threads.PER_PAPER), size=2)
    thread = demo.channel.threads[-1]
    await demo.reader.send(thread, "Has anyone tried this on their own data?")
    await demo.admin.send(thread, "It works on ours. Details in an hour!")
    return demo.channel


async def _play_forum(demo: DemoServer) -> simcord.ChannelHandle:
    forum = demo.guild.create_forum_channel("paper-forum")
    await _post_digest(demo, forum, PostingOptions(layout=DigestLayout.CARDS, threads=Threads.PER_PAPER), size=3)
    return forum.threads[0]


async def _play_recap(demo: DemoServer) -> simcord.ChannelHandle:
    """A week of digests, and its recap."""
    await _play_digest(demo)
    for _ in range(7):
        await demo.env.advance_time(DAY)
        await demo.post_due()
    recap = demo.guild.create_text_channel("weekly")
    weekly = replace(BERLIN, cadence=Cadence.WEEKLY, weekdays=frozenset({4}), time=parse_time("9:05"))
    await _subscribe(demo, DigestSettings(recap.id, weekly))
    await demo.env.advance_time(5 * MINUTE)
    await demo.post_due()
    return recap


async def _play_status(demo: DemoServer) -> simcord.ChannelHandle:
    await _play_digest(demo)
    await demo.admin.slash(demo.channel, "digest status")
    return demo.channel


async def _play_rejected(demo: DemoServer) -> simcord.ChannelHandle:
    """Discord accepts the digest only as plain lines, and the status says so."""
    demo.env.inject_error("POST", f"/channels/{demo.channel.id}/messages", status=400, code=240000, times=2)
    return await _play_status(demo)


async def _play_follow(demo: DemoServer) -> simcord.ChannelHandle:
    """A reader has clicked *Follow* on a card, and sees what an author would have brought."""
    demo.viewers.reverse()
    card = await demo.reader.slash(demo.channel, "paper show", paper=PAPER)
    assert card.response
    chosen = await demo.reader.click(card.response, label="Follow")
    assert chosen.response
    await demo.reader.select(chosen.response, [AUTHOR], custom_id="request:pick")
    return demo.channel


async def _play_inbox(demo: DemoServer) -> simcord.ChannelHandle:
    """What a reader follows has come at nine."""
    await _let_reader_follow(demo)
    return await _wait_until_nine(demo, demo.reader.user.dm_channel)


async def _play_less(demo: DemoServer) -> simcord.ChannelHandle:
    """The reader wants less like a paper of it, and then nothing more."""
    inbox = await _play_inbox(demo)
    digest, reader = inbox.history()[-1], demo.reader.user
    less = await reader.select(digest, [PAPER], custom_id=_find_item(digest, "less:").custom_id)
    tag = _find_item(less.response.message, "mute:").options[1].value
    await reader.select(less.response, [tag], custom_id=f"mute:{PAPER}")
    await reader.click(digest, label="Stop all")
    return inbox


async def _play_following(demo: DemoServer) -> simcord.ChannelHandle:
    """The reader looks at what they follow."""
    demo.viewers.reverse()
    await _play_inbox(demo)
    await demo.reader.slash(demo.channel, "following")
    return demo.channel


async def _play_saved(demo: DemoServer) -> simcord.ChannelHandle:
    """The reader has saved a paper of the digest, found it by a word of its abstract, and exported it."""
    await _play_digest(demo)
    reader, reading = demo.reader, demo.guild.create_text_channel("reading")
    await reader.click(demo.channel.history()[-1], label="3")
    found = await reader.slash(reading, "saved", query="actors")
    assert found.response
    await reader.select(found.response, ["RIS"], custom_id=_find_item(found.response.message, "export:").custom_id)
    demo.viewers.reverse()
    return reading


async def _play_talk(demo: DemoServer) -> simcord.ChannelHandle:
    """The reader has posted a link, and the admin used the command in its menu, which the page does not show."""
    talk = demo.guild.create_text_channel(TALK)
    link = await demo.reader.send(talk, f"Has anyone read https://arxiv.org/abs/{PAPER} yet?")
    await demo.admin.context_menu(talk, PAPERS_IN_MESSAGE, link)
    return talk


async def _let_reader_follow(demo: DemoServer) -> None:
    for query in (AUTHOR, TOPIC):
        shown = await demo.reader.slash(demo.general, "follow", query=query, time="9:00", timezone="Berlin")
        assert shown.response
        await demo.reader.click(shown.response, label="Follow")


def _find_item(message: discord.Message, start: str) -> Any:
    """The button or select of a message whose custom_id begins like this."""
    items = discord.ui.LayoutView.from_message(message).walk_children()
    return next(each for each in items if (getattr(each, "custom_id", None) or "").startswith(start))


async def _post_digest(
    demo: DemoServer, channel: simcord.ChannelHandle, posting: PostingOptions, size: int = 5
) -> simcord.ChannelHandle:
    """Subscribe `channel` with these posting options, and wait for its digest."""
    await _subscribe(demo, DigestSettings(channel.id, BERLIN, Selection(size), posting))
    return await _wait_until_nine(demo, channel)


async def _subscribe(demo: DemoServer, settings: DigestSettings) -> None:
    guild = demo.bot.get_guild(demo.guild.id)
    assert guild is not None
    actor = Actor(demo.admin.id, await guild.fetch_member(demo.admin.id))
    await demo.bot.editor.add_subscription(guild.id, settings, by=actor, now=demo.bot.services.clock())


async def _wait_until_nine(demo: DemoServer, channel: simcord.ChannelHandle) -> simcord.ChannelHandle:
    await demo.env.advance_time(MINUTE)
    await demo.post_due()
    return channel


_SCENES: dict[Scene, Callable[[DemoServer], Awaitable[simcord.ChannelHandle]]] = {
    Scene.TOUR: _play_tour,
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
    Scene.FOLLOW: _play_follow,
    Scene.INBOX: _play_inbox,
    Scene.LESS: _play_less,
    Scene.FOLLOWING: _play_following,
    Scene.SAVED: _play_saved,
    Scene.TALK: _play_talk,
}
