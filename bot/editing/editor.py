"""Subscriptions: which one an admin means, what stops it, and every change to it."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.channels import Channels
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Storage, Subscription, SubscriptionState
from bot.subscription.schedule import Run, Schedule, find_next_run
from bot.subscription.settings import MAX_PAPERS, MAX_UPVOTES, DigestSettings, adapt_to_channel, limit_to_abilities


class SubscriptionEditor:
    """Changes the subscriptions in `storage`, for channels known to `channels`. Every method may raise `Refused`."""

    def __init__(self, storage: Storage, channels: Channels) -> None:
        self._subscriptions = storage.subscriptions
        self._deliveries = storage.deliveries
        self._guilds = storage.guilds
        self._channels = channels

    # Which one

    async def list_subscriptions(self, guild_id: int) -> list[Subscription]:
        """The subscriptions of a server; refused if it has none."""
        known = await self._subscriptions.list_for_server(guild_id)
        if not known:
            raise Refused(Refusal.NO_SUBSCRIPTIONS)
        return known

    async def choose_subscription(self, guild_id: int, subscription_id: str | None) -> Subscription:
        """The subscription of a server that is meant; the id is optional if there is only one."""
        known = await self.list_subscriptions(guild_id)
        if subscription_id is None and len(known) == 1:
            return known[0]
        for each in known:
            if str(each.id) == subscription_id:
                return each
        raise Refused(Refusal.SUBSCRIPTION_UNKNOWN if subscription_id else Refusal.SUBSCRIPTION_NEEDED)

    # What its channel can do

    def limit_to_channel(self, guild_id: int, settings: DigestSettings) -> DigestSettings:
        """The settings without the options that its channel does not support."""
        destination = self._channels.get(guild_id, settings.channel_id)
        return (
            replace(settings, posting=limit_to_abilities(settings.posting, destination.abilities))
            if destination
            else settings
        )

    def move_to_channel(self, guild_id: int, settings: DigestSettings, channel_id: int) -> DigestSettings:
        """The settings for another channel, without the options that this channel does not support."""
        before, after = (self._channels.get(guild_id, each) for each in (settings.channel_id, channel_id))
        posting = (
            adapt_to_channel(settings.posting, before.abilities, after.abilities)
            if before and after
            else settings.posting
        )
        return self.limit_to_channel(guild_id, replace(settings, channel_id=channel_id, posting=posting))

    def find_obstacle(self, guild_id: int, settings: DigestSettings) -> Reason | None:
        """The reason why digests can't reach the settings' channel, if there is one."""
        destination = self._channels.get(guild_id, settings.channel_id)
        return destination.find_obstacle(settings.posting) if destination else Reason(ReasonKind.CHANNEL_GONE)

    def list_obstacles(self, guild_id: int, settings: DigestSettings) -> list[Reason]:
        """The reasons why digests can't reach the settings' channel, or why a ping there can't reach its role."""
        destination = self._channels.get(guild_id, settings.channel_id)
        unpinged = destination.find_ping_obstacle(settings.posting) if destination else None
        return [each for each in (self.find_obstacle(guild_id, settings), unpinged) if each]

    def check_channel(self, guild_id: int, settings: DigestSettings) -> None:
        """Refuses a channel where digests could not be posted in the way the settings wants."""
        if reason := self.find_obstacle(guild_id, settings):
            raise Refused(Refusal.CHANNEL_UNFIT, reason=reason, channel_id=settings.channel_id)

    def check_channel_exists(self, guild_id: int, settings: DigestSettings) -> None:
        """Refuses a channel that is gone."""
        if self._channels.get(guild_id, settings.channel_id) is None:
            reason = Reason(ReasonKind.CHANNEL_GONE)
            raise Refused(Refusal.CHANNEL_UNFIT, reason=reason, channel_id=settings.channel_id)

    def check_sendable(self, known: Subscription) -> None:
        """Refuses a subscription whose next digest could not be sent now."""
        if known.state is not SubscriptionState.ACTIVE:
            raise Refused(Refusal.NOT_ACTIVE)
        self.check_channel(known.guild_id, known.settings)

    # Changes

    async def add(
        self, guild_id: int, settings: DigestSettings, *, by: int, now: datetime, another: bool = False
    ) -> Subscription:
        """Add a subscription; `another` allows one like a digest that the channel already has."""
        fitted = self.limit_to_channel(guild_id, settings)
        check_settings(guild_id, fitted)
        self.check_channel(guild_id, fitted)
        following = find_next_run(fitted.schedule, now)
        return await self._subscriptions.add(guild_id, fitted, by=by, now=now, next_run=following, another=another)

    async def edit(self, known: Subscription, settings: DigestSettings, *, by: int, now: datetime) -> Subscription:
        """Change the settings of a subscription; if it was suspended, it is active again."""
        fitted = self.limit_to_channel(known.guild_id, settings)
        check_settings(known.guild_id, fitted)
        if _needs_check(known, fitted):
            self.check_channel(known.guild_id, fitted)
        following = await self.find_next_run(known, fitted.schedule, now)
        return await self._subscriptions.edit(known, fitted, following, by=by, now=now)

    async def pause(self, known: Subscription, *, by: int, now: datetime) -> Subscription:
        return await self._subscriptions.pause(known, by=by, now=now)

    async def resume(self, known: Subscription, *, by: int, now: datetime) -> Subscription:
        self.check_channel(known.guild_id, known.settings)
        following = await self.find_next_run(known, known.settings.schedule, now)
        return await self._subscriptions.resume(known, following, by=by, now=now)

    async def remove(self, known: Subscription, *, by: int, now: datetime) -> None:
        await self._subscriptions.remove(known, by=by, now=now)

    async def delete_server_data(self, guild_id: int) -> None:
        """Permanently delete everything stored about a server."""
        await self._guilds.delete_server(guild_id)

    async def find_next_run(self, known: Subscription, schedule: Schedule, now: datetime) -> Run:
        """The next run by `schedule`, on a date without a run so far; a run that already waits stays the next one."""
        if schedule == known.settings.schedule and known.state is SubscriptionState.ACTIVE:
            return known.next_run
        taken = await self._deliveries.list_planned_dates(
            known.id, now.date() - timedelta(days=1)
        )  # the date depends on the time zone
        return find_next_run(schedule, now, planned_dates=taken)


def check_settings(guild_id: int, settings: DigestSettings) -> None:
    """Refuses values that are never allowed, however they were entered."""
    selection, posting = settings.selection, settings.posting
    if not 1 <= selection.size <= MAX_PAPERS:
        raise Refused(Refusal.SIZE_UNCLEAR)
    if not all(0 <= upvotes <= MAX_UPVOTES for upvotes in (selection.min_upvotes, posting.ping_upvotes)):
        raise Refused(Refusal.UPVOTES_UNCLEAR)
    if posting.ping_role_id == guild_id:  # the role @everyone has the server's id
        raise Refused(Refusal.EVERYONE_NOT_PINGED)


def _needs_check(known: Subscription, settings: DigestSettings) -> bool:
    """Whether a change may need more permissions in the channel; if not, it is always possible."""
    moved = (known.settings.channel_id, known.settings.posting) != (settings.channel_id, settings.posting)
    return moved or known.state is SubscriptionState.SUSPENDED
