"""Tell a server what it has not asked for: in one place, and only there."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import discord
from discord.ui import LayoutView

from bot.channels.requests import ANSWER_TIMEOUT, REQUEST_ERRORS, wait_for_answer
from bot.layouts.notices import describe_failing, describe_in_doubt, describe_suspended
from bot.reasons import Reason
from bot.storage import Delivery, Storage

log = logging.getLogger(__name__)


class NoticeSender:
    """Tells servers that digests do not get to their channel: once, until one of the subscription does again."""

    def __init__(self, client: discord.Client, storage: Storage) -> None:
        self._client = client
        self._notices = storage.notices

    async def tell_suspended(self, delivery: Delivery, reason: Reason, now: datetime) -> None:
        await self._tell_once(delivery, describe_suspended(delivery.channel_id, reason), now)

    async def tell_failing(self, delivery: Delivery, reason: Reason, now: datetime) -> None:
        await self._tell_once(delivery, describe_failing(delivery.channel_id, reason), now)

    async def tell_doubtful(self, delivery: Delivery, now: datetime) -> None:
        await self._tell_once(delivery, describe_in_doubt(delivery.channel_id), now)

    async def _tell_once(self, delivery: Delivery, text: str, now: datetime) -> None:
        guild = self._client.get_guild(delivery.guild_id)
        first = self._notices.record_if_first
        if guild and await first(delivery.guild_id, delivery.subscription_id, delivery.channel_id, now):
            await tell_server(self._client, guild, text)


async def tell_server(client: discord.Client, guild: discord.Guild, message: str | LayoutView) -> None:
    """Write in the system channel or the first the bot may write in, else to the owner, else nowhere."""
    said: dict[str, Any] = {"content": message} if isinstance(message, str) else {"view": message}
    for channel in _list_writable_channels(guild):
        try:
            await wait_for_answer(channel.send(**said), ANSWER_TIMEOUT)
        except (discord.Forbidden, discord.NotFound):
            continue
        except REQUEST_ERRORS as error:  # it may have been told, and is not told twice
            log.warning("could not send a notice to server %d in channel %d: %s", guild.id, channel.id, error)
        return
    try:
        owner = await wait_for_answer(client.fetch_user(guild.owner_id or 0), ANSWER_TIMEOUT)
        await wait_for_answer(owner.send(**said), ANSWER_TIMEOUT)
    except REQUEST_ERRORS as error:
        log.warning("could not send a notice to server %d: %s", guild.id, error)


def _list_writable_channels(guild: discord.Guild) -> Iterator[discord.TextChannel]:
    """The channels the bot may write in, the system channel first."""
    channels = sorted(guild.text_channels, key=lambda channel: (channel != guild.system_channel, channel.position))
    for channel in channels:
        granted = channel.permissions_for(guild.me)
        if granted.view_channel and granted.send_messages:
            yield channel
