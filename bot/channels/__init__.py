"""Where digests are sent: channels of servers, and the direct messages with people.

A new kind of channel is a module here and a line in `DESTINATION_CLASSES`.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import discord

from bot.channels.actor import Actor
from bot.channels.announcement import AnnouncementChannel
from bot.channels.destination import Destination, Pace
from bot.channels.discord_clock import DiscordClock
from bot.channels.forum import ForumChannel
from bot.channels.person import DirectMessages
from bot.channels.requests import ANSWER_TIMEOUT, ChannelBlocked, wait_for_answer
from bot.channels.server_channel import ServerChannel, find_pinged_role
from bot.channels.text import TextChannel
from bot.reasons import Reason, ReasonKind
from bot.storage import Delivery, RestoredSearch
from bot.subscription.settings import PostingOptions

__all__ = ["OFFERED_CHANNEL_TYPES", "Actor", "Channels", "build_destination"]

DESTINATION_CLASSES: Mapping[discord.ChannelType, type[ServerChannel]] = {
    discord.ChannelType.text: TextChannel,
    discord.ChannelType.news: AnnouncementChannel,
    discord.ChannelType.forum: ForumChannel,
    discord.ChannelType.media: ForumChannel,
}
# A media channel shows pictures, so it is not offered; but digests can be posted there.
OFFERED_CHANNEL_TYPES = tuple(kind for kind in DESTINATION_CLASSES if kind is not discord.ChannelType.media)


def build_destination(channel: object) -> ServerChannel | None:
    """A channel as a destination; None if digests cannot be posted in it."""
    kind = DESTINATION_CLASSES.get(channel.type) if isinstance(channel, discord.abc.GuildChannel) else None
    return kind(channel) if kind else None


class Channels:
    """The channels that `client` can reach. Without `discord_clock`, Discord's time is unknown."""

    def __init__(self, client: discord.Client, discord_clock: DiscordClock | None = None) -> None:
        self._client = client
        self._discord_clock = discord_clock
        self._clock_lock = asyncio.Lock()

    def get_destination(self, guild_id: int, channel_id: int) -> ServerChannel | None:
        """A channel of the server, if the client knows of it and digests can be posted in it."""
        guild = self._client.get_guild(guild_id)
        return build_destination(guild.get_channel(channel_id)) if guild else None

    def list_destinations(self, guild_id: int) -> list[ServerChannel]:
        """The server's channels in which digests can be posted, as Discord sorts them, but forums last."""
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return []
        destinations = [each for each in map(build_destination, guild.channels) if each]
        return sorted(destinations, key=lambda each: (each.abilities.is_forum, each.position, each.id))

    def get_pinged_role(self, guild_id: int, posting: PostingOptions) -> discord.Role | None:
        """The role of the server that `posting` pings; None if there is none."""
        guild = self._client.get_guild(guild_id)
        return find_pinged_role(guild, posting) if guild else None

    async def fetch_destination(self, delivery: Delivery, pace: Pace) -> Destination:
        """Where a delivery goes. A channel of a server is requested from Discord if the client does not know of it.

        Raises `ChannelBlocked`, and any of `REQUEST_ERRORS`.
        """
        if delivery.user_id is not None:
            if delivery.moved_to is not None:
                return DirectMessages(self._client, delivery.moved_to, earlier_id=delivery.channel_id)
            return DirectMessages(self._client, delivery.channel_id)
        return await self.fetch_server_channel(delivery.guild_id, delivery.channel_id, pace)

    async def fetch_server_channel(self, guild_id: int, channel_id: int, pace: Pace) -> ServerChannel:
        """A channel of a server, requested from Discord if the client does not know of it. Raises the same."""
        guild = self._client.get_guild(guild_id)  # `client.get_channel` would search one server after the other
        channel: object = guild.get_channel(channel_id) if guild else None
        if channel is None:
            await pace()
            channel = await wait_for_answer(self._client.fetch_channel(channel_id), ANSWER_TIMEOUT)
        destination = build_destination(channel)
        if destination is None:
            raise ChannelBlocked(Reason(ReasonKind.CHANNEL_KIND_UNSUPPORTED))
        return destination

    async def fetch_searched_channel(self, search: RestoredSearch, pace: Pace) -> Destination:
        """Where a restored file lacks what was posted. Raises the same; without a request if the server was left."""
        if search.channel.user_id is not None:
            return DirectMessages(self._client, search.channel.channel_id)
        if self._client.get_guild(search.guild_id) is None:
            raise ChannelBlocked(Reason(ReasonKind.SERVER_GONE))
        return await self.fetch_server_channel(search.guild_id, search.channel.channel_id, pace)

    async def get_discord_time(self) -> datetime | None:
        """The time by Discord's clock, if known; first checked if doubtful. Raises any of `REQUEST_ERRORS`."""
        if self._discord_clock is None:
            return None
        async with self._clock_lock:  # many deliveries ask at the same minute
            if self._discord_clock.is_doubtful:  # any answer sets the clock; this one is small
                await wait_for_answer(self._client.application_info(), ANSWER_TIMEOUT)
        return self._discord_clock.now()
