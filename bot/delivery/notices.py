"""Notices: what a server is told without having asked, in one channel or by message to its owner."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import discord
from discord.ui import LayoutView

from bot.channels.requests import ANSWER_TIMEOUT, REQUEST_ERRORS, wait_for_answer
from bot.layouts.commands import CommandMentions
from bot.layouts.notices import (
    describe_digest_in_doubt,
    describe_failing_digests,
    describe_suspended_subscription,
    describe_unsearched_channel,
)
from bot.reasons import Reason
from bot.storage import Delivery, Storage, Subscription

log = logging.getLogger(__name__)


class NoticeSender:
    """Tells servers that digests cannot be posted: once, until a digest of the subscription arrives again."""

    def __init__(self, client: discord.Client, storage: Storage, mentions: CommandMentions) -> None:
        self._client = client
        self._mentions = mentions
        self._notices = storage.notices

    async def tell_suspended(self, delivery: Delivery, reason: Reason, now: datetime) -> None:
        await self._tell_server_once(delivery, describe_suspended_subscription(delivery.channel_id, reason), now)

    async def tell_stopped(self, subscription: Subscription, channel_id: int, reason: Reason, now: datetime) -> None:
        """Tell that a subscription is suspended before it has planned anything."""
        text = describe_suspended_subscription(channel_id, reason)
        await self._tell_once(subscription.guild_id, subscription.id, channel_id, text, now)

    async def tell_unsearched(self, subscription: Subscription, channel_id: int, now: datetime) -> None:
        """Tell that it could not be found out after a restore what a subscription had posted."""
        text = describe_unsearched_channel(channel_id)
        await self._tell_once(subscription.guild_id, subscription.id, channel_id, text, now)

    async def tell_failing(self, delivery: Delivery, reason: Reason, now: datetime) -> None:
        await self._tell_server_once(delivery, describe_failing_digests(delivery.channel_id, reason), now)

    async def tell_doubtful(self, delivery: Delivery, now: datetime) -> None:
        await self._tell_server_once(delivery, describe_digest_in_doubt(delivery.channel_id), now)

    async def _tell_server_once(self, delivery: Delivery, text: str, now: datetime) -> None:
        await self._tell_once(delivery.guild_id, delivery.subscription_id, delivery.channel_id, text, now)

    async def _tell_once(self, guild_id: int, subscription_id: int, channel_id: int, text: str, now: datetime) -> None:
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return
        if await self._notices.record_first_notice(guild.id, subscription_id, channel_id, now):
            await tell_server(self._client, guild, text, self._mentions)


async def tell_server(
    client: discord.Client, guild: discord.Guild, message: str | LayoutView, mentions: CommandMentions
) -> None:
    """Send to the system channel, else to the first channel the bot may write in, else to the owner, else nowhere.

    Only in a channel are commands mentioned: most of them don't work in the owner's direct messages.
    """
    for channel in _list_writable_channels(guild):
        try:
            await wait_for_answer(_send_in_channel(channel, message, mentions), ANSWER_TIMEOUT)
        except (discord.Forbidden, discord.NotFound):
            continue
        except REQUEST_ERRORS as error:  # the notice may have arrived, and must not arrive twice
            log.warning("could not send a notice to server %d in channel %d: %s", guild.id, channel.id, error)
        return
    try:
        owner = await wait_for_answer(client.fetch_user(guild.owner_id or 0), ANSWER_TIMEOUT)
        content: dict[str, Any] = {"content": message} if isinstance(message, str) else {"view": message}
        await wait_for_answer(owner.send(**content), ANSWER_TIMEOUT)
    except REQUEST_ERRORS as error:
        log.warning("could not send a notice to server %d: %s", guild.id, error)


async def _send_in_channel(channel: discord.TextChannel, message: str | LayoutView, mentions: CommandMentions) -> None:
    if isinstance(message, str):
        await channel.send(mentions.mention_in_text(message))
    else:
        await channel.send(view=mentions.mention_in_view(message))


def _list_writable_channels(guild: discord.Guild) -> Iterator[discord.TextChannel]:
    """The channels the bot may write in, the system channel first."""
    channels = sorted(guild.text_channels, key=lambda channel: (channel != guild.system_channel, channel.position))
    for channel in channels:
        granted = channel.permissions_for(guild.me)
        if granted.view_channel and granted.send_messages:
            yield channel
