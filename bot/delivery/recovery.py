"""Recover: a suspended subscription goes on by itself once the obstacle is gone."""

import logging
from collections.abc import Iterable
from datetime import datetime

from bot.channels import Channels
from bot.channels.requests import TemporaryFailure
from bot.reasons import ReasonKind
from bot.share import Share
from bot.storage import Storage, Subscription

log = logging.getLogger(__name__)


class Recovery:
    """Checks suspended subscriptions when their channels may have changed."""

    def __init__(self, storage: Storage, share: Share, channels: Channels) -> None:
        self._share = share
        self._subscriptions = storage.subscriptions
        self._channels = channels

    async def recover_server(self, guild_id: int, now: datetime) -> None:
        """Check a server in which a channel, a role or the bot itself has changed."""
        await self._recover_unblocked(await self._subscriptions.list_suspended_in_server(guild_id), now)

    async def recover_all_servers(self, now: datetime) -> None:
        """Check all servers, because anything may have changed while the bot was away."""
        await self._recover_unblocked(await self._subscriptions.list_suspended(self._share), now)

    async def recover_after_time_outs(self, now: datetime) -> None:
        """Check where a time-out of the bot has ended, because Discord sends no event for that."""
        suspended = await self._subscriptions.list_suspended(self._share, only=ReasonKind.IN_TIME_OUT)
        ended = [each for each in suspended if each.reason and each.reason.until and each.reason.until <= now]
        await self._recover_unblocked(ended, now)

    async def _recover_unblocked(self, suspended: Iterable[Subscription], now: datetime) -> None:
        for each in suspended:
            if each.is_recoverable and self._is_unblocked(each):
                await self._subscriptions.recover(each.id, now)
                fields = {"event": "resumed", **each.log_fields}
                log.info("subscription %d: resumed, because the problem is gone", each.id, extra=fields)

    def _is_unblocked(self, subscription: Subscription) -> bool:
        destination = self._channels.get_destination(subscription.guild_id, subscription.settings.channel_id)
        if destination is None:
            return False
        try:
            return not (destination.find_obstacle(subscription.settings.posting) or destination.find_search_obstacle())
        except TemporaryFailure:  # the server is unavailable; an event will say when it is back
            return False
