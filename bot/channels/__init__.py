"""The channels that digests are posted in. A new kind is a module here and a line in `DESTINATION_CLASSES`."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import discord

from bot.channels.announcement import AnnouncementChannel
from bot.channels.destination import Destination, Pace
from bot.channels.discord_clock import DiscordClock
from bot.channels.forum import ForumChannel
from bot.channels.requests import ANSWER_TIMEOUT, ChannelBlocked, wait_for_answer
from bot.channels.server_channel import ServerChannel, find_pinged_role
from bot.channels.text import TextChannel
from bot.reasons import Reason, ReasonKind
from bot.subscription.settings import PostingOptions

DESTINATION_CLASSES: Mapping[discord.ChannelType, type[ServerChannel]] = {
    discord.ChannelType.text: TextChannel,
    discord.ChannelType.news: AnnouncementChannel,
    discord.ChannelType.forum: ForumChannel,
    discord.ChannelType.media: ForumChannel,
}
OFFERED_CHANNEL_TYPES = tuple(
    kind for kind in DESTINATION_CLASSES if kind is not discord.ChannelType.media
)  # which shows pictures, not text


def as_destination(channel: object) -> ServerChannel | None:
    """`channel` as digests are posted in it; None where they cannot be."""
    kind = DESTINATION_CLASSES.get(channel.type) if isinstance(channel, discord.abc.GuildChannel) else None
    return kind(channel) if kind else None


class Channels:
    """The channels that `client` can reach; without `discord_clock`, the time there is not known."""

    def __init__(self, client: discord.Client, discord_clock: DiscordClock | None = None) -> None:
        self._client = client
        self._discord_clock = discord_clock
        self._clock_lock = asyncio.Lock()

    def get(self, guild_id: int, channel_id: int) -> ServerChannel | None:
        """A channel of that server, as far as the gateway has told; None where digests cannot be posted in it."""
        guild = self._client.get_guild(guild_id)
        return as_destination(guild.get_channel(channel_id)) if guild else None

    def list_for_server(self, guild_id: int) -> list[ServerChannel]:
        """The channels of a server that digests can be posted in, as Discord sorts them, but forums last."""
        guild = self._client.get_guild(guild_id)
        known = (as_destination(channel) for channel in guild.channels) if guild else ()
        found = [destination for destination in known if destination]
        return sorted(found, key=lambda each: (each.abilities.is_forum, each.position, each.id))

    def get_pinged_role(self, guild_id: int, posting: PostingOptions) -> discord.Role | None:
        """The role of that server that `posting` pings, as long as it exists."""
        guild = self._client.get_guild(guild_id)
        return find_pinged_role(guild, posting) if guild else None

    async def fetch(self, guild_id: int, channel_id: int, pace: Pace) -> Destination:
        """A channel of that server, asked for if the gateway has not told of it.

        Raises `ChannelBlocked`, and what a request may raise.
        """
        guild = self._client.get_guild(guild_id)  # the client's own `get_channel` looks in one server after the other
        channel: object = guild.get_channel(channel_id) if guild else None
        if channel is None:
            await pace()
            channel = await wait_for_answer(self._client.fetch_channel(channel_id), ANSWER_TIMEOUT)
        destination = as_destination(channel)
        if destination is None:
            raise ChannelBlocked(Reason(ReasonKind.CHANNEL_KIND_UNSUPPORTED))
        return destination

    async def get_discord_time(self) -> datetime | None:
        """The time at Discord, if it is known; asked for where it is in doubt. Raises what a request may raise."""
        if self._discord_clock is None:
            return None
        async with self._clock_lock:  # many want to know it in the same minute
            if self._discord_clock.is_doubtful:
                await wait_for_answer(
                    self._client.application_info(), ANSWER_TIMEOUT
                )  # a small question: any answer tells it
        return self._discord_clock.now()
