"""Tell a server something unasked: in one place, and only there."""

import logging
from collections.abc import Iterator
from typing import Any

import discord
from discord.ui import LayoutView

from bot.requests import ANSWER_SECONDS, UNREACHED, in_time

log = logging.getLogger(__name__)


async def tell(client: discord.Client, guild: discord.Guild, message: str | LayoutView) -> None:
    """Write in the system channel or the first the bot may write in, else to the owner, else nowhere."""
    said: dict[str, Any] = {"content": message} if isinstance(message, str) else {"view": message}
    for channel in _where(guild):
        try:
            await in_time(channel.send(**said), ANSWER_SECONDS)
        except (discord.Forbidden, discord.NotFound):
            continue
        except UNREACHED as error:  # it may have been told, and is not told twice
            log.warning("server %d could not be told in channel %d: %s", guild.id, channel.id, error)
        return
    try:
        owner = await in_time(client.fetch_user(guild.owner_id or 0), ANSWER_SECONDS)
        await in_time(owner.send(**said), ANSWER_SECONDS)
    except UNREACHED as error:
        log.warning("server %d could not be told: %s", guild.id, error)


def _where(guild: discord.Guild) -> Iterator[discord.TextChannel]:
    """The channels the bot may write in, the system channel first."""
    channels = sorted(guild.text_channels, key=lambda channel: (channel != guild.system_channel, channel.position))
    for channel in channels:
        granted = channel.permissions_for(guild.me)
        if granted.view_channel and granted.send_messages:
            yield channel
