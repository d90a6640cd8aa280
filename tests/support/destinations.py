"""The kinds of destination in the simulated Discord that a digest may be sent to, and subscriptions for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import discord
import simcord

from bot.storage import INBOX, Delivery, How, Subscription
from bot.subscription.schedule import find_next_run
from bot.subscription.settings import Threads
from tests.support import builders
from tests.support.messages import paper_ids
from tests.support.server import Server

NEEDED = {  # in every kind of channel, as Discord shows them
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
}
BASIC = ("view_channel", "send_messages", "read_message_history")
THREADS = (*BASIC, "create_public_threads")
Make = Callable[[simcord.GuildHandle, str], simcord.ChannelHandle]


def text(guild: simcord.GuildHandle, name: str) -> simcord.ChannelHandle:
    return guild.create_text_channel(name)


def news(guild: simcord.GuildHandle, name: str) -> simcord.ChannelHandle:
    return guild.create_news_channel(name)


def forum(guild: simcord.GuildHandle, name: str) -> simcord.ChannelHandle:
    return guild.create_forum_channel(name)


@dataclass(frozen=True)
class Destination:
    """A kind of channel, how digests are posted in it, and the permissions that takes."""

    make: Make
    needs: tuple[str, ...] = BASIC
    posting: dict[str, Any] = field(default_factory=dict)

    def named(self, permission: str) -> str:
        """A permission as the settings of a channel of this kind name it."""
        return "create_posts" if self.make is forum and permission == "send_messages" else permission

    def shown(self, permission: str) -> str:
        """A permission as Discord shows it."""
        return self.named(permission).replace("_", " ").title()


DESTINATIONS = {
    "text": Destination(text),
    "a thread": Destination(text, THREADS, {"threads": Threads.PER_DIGEST}),
    "threads": Destination(text, THREADS, {"threads": Threads.PER_PAPER}),
    "announcement": Destination(news, BASIC, {"publish": True}),
    "announcement with a thread": Destination(news, THREADS, {"publish": True, "threads": Threads.PER_DIGEST}),
    "forum": Destination(forum, BASIC, {"threads": Threads.PER_DIGEST}),
    "forum posts": Destination(forum, BASIC, {"threads": Threads.PER_PAPER}),
}


PERSON = Destination(text)
ALL_DESTINATIONS = DESTINATIONS | {"person": PERSON}


async def wanted(server: Server, channel: simcord.ChannelHandle, **posting: Any) -> Subscription:
    """A subscription for nine o'clock, posted as `posting` says."""
    settings, now = builders.build_settings(channel.id, **posting), server.clock()
    run = find_next_run(settings.schedule, now)
    add = server.bot.services.storage.subscriptions.add
    return await add(server.guild.id, settings, by=server.admin.id, now=now, next_run=run)


async def inbox_of(server: Server, **posting: Any) -> simcord.ChannelHandle:
    """The direct messages with the server's member, who wants the best papers there at nine o'clock."""
    storage, now, channel = server.bot.services.storage, server.clock(), server.member.user.dm_channel
    settings = builders.build_settings(channel.id, **posting)
    await storage.followed_queries.follow(server.member.id, INBOX, How.DAILY, builders.DAY, now)
    run = find_next_run(settings.schedule, now)
    await storage.subscriptions.add_for_person(server.member.id, settings, now=now, next_run=run)
    return channel


async def made(server: Server, destination: Destination, **posting: Any) -> simcord.ChannelHandle:
    """A channel that is subscribed, at the minute its first digest is due."""
    if destination is PERSON:
        return await inbox_of(server, **posting)
    channel = destination.make(server.guild, "best-papers")
    await wanted(server, channel, **(destination.posting | posting))
    return channel


async def latest(server: Server, subscription_id: int = 1) -> Delivery:
    (delivery,) = await server.bot.services.storage.deliveries.list_latest(subscription_id)
    return delivery


def list_messages(channel: simcord.ChannelHandle) -> list[discord.Message]:
    """The messages of a channel; in a forum, the first message of each post."""
    return channel.history() or [thread.history()[0] for thread in channel.threads]


def list_sent(server: Server) -> list[dict[str, Any]]:
    """The bodies of the requests for messages and posts, for posts only the message in them."""
    paths = [(each.path.split("/"), each.json or {}) for each in server.env.http_requests if each.method == "POST"]
    return [body.get("message", body) for path, body in paths if path[-1] == "messages" or path[3:] == ["threads"]]


def list_digests(channel: simcord.ChannelHandle) -> list[list[str]]:
    """The papers of each digest in a text channel."""
    return [papers for message in channel.history() if (papers := paper_ids(message))]
