"""The channels that digests are posted in. A new kind is a module beside this one, and a line in `KINDS`."""

from collections.abc import Mapping

import discord

from bot.delivery.channels.announcement import AnnouncementChannel
from bot.delivery.channels.destination import Destination, Pace
from bot.delivery.channels.forum import ForumChannel
from bot.delivery.channels.text import TextChannel
from bot.delivery.requests import ANSWER_SECONDS, Blocked, in_time
from bot.reasons import Reason, ReasonKind

KINDS: Mapping[discord.ChannelType, type[Destination]] = {
    discord.ChannelType.text: TextChannel,
    discord.ChannelType.news: AnnouncementChannel,
    discord.ChannelType.forum: ForumChannel,
}


def as_destination(channel: object) -> Destination | None:
    """`channel` as digests are posted in it; None where they cannot be."""
    kind = KINDS.get(channel.type) if isinstance(channel, discord.abc.GuildChannel) else None
    return kind(channel) if kind else None


class Channels:
    """The channels that `client` can reach."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def get(self, guild_id: int, channel_id: int) -> Destination | None:
        """A channel of that server, as far as the gateway has told; None where digests cannot be posted in it."""
        guild = self._client.get_guild(guild_id)
        return as_destination(guild.get_channel(channel_id)) if guild else None

    def of_guild(self, guild_id: int) -> list[Destination]:
        """The channels of a server that digests can be posted in, text channels first, as Discord sorts them."""
        guild = self._client.get_guild(guild_id)
        found = [*guild.text_channels, *guild.forums] if guild else []
        return [destination for destination in map(as_destination, found) if destination]

    async def fetch(self, channel_id: int, pace: Pace) -> Destination:
        """A channel, asked for if the gateway has not told of it. Raises `Blocked`, and what a request may raise."""
        channel: object = self._client.get_channel(channel_id)
        if channel is None:
            await pace()
            channel = await in_time(self._client.fetch_channel(channel_id), ANSWER_SECONDS)
        destination = as_destination(channel)
        if destination is None:
            raise Blocked(Reason(ReasonKind.CHANNEL_KIND_UNSUPPORTED))
        return destination
