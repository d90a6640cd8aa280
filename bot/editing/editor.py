"""Subscriptions: which one an admin means, what its channel allows, and every change to it."""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.channels import Actor, Channels
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Storage, Subscription, SubscriptionState
from bot.subscription.schedule import Run, Schedule, find_next_run
from bot.subscription.settings import MAX_PAPERS, MAX_UPVOTES, DigestSettings, adapt_to_channel, limit_to_abilities

log = logging.getLogger(__name__)


class SubscriptionNeeded(Refused):
    """An action may be meant for any of these subscriptions, which have the names of their channels."""

    def __init__(
        self, choices: Sequence[tuple[Subscription, str | None]], action: str, *, is_unknown: bool = False
    ) -> None:
        super().__init__(Refusal.SUBSCRIPTION_UNKNOWN if is_unknown else Refusal.SUBSCRIPTION_NEEDED)
        self.choices = choices
        self.action = action


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

    async def choose_subscription(self, guild_id: int, typed: str | None, action: str = "show") -> Subscription:
        """The subscription that is meant: by its number (`3`, `#3`), or by its channel (`papers`, `#papers`, `<#123>`).

        It is optional if the server has only one. Raises `SubscriptionNeeded` for an action if it may be several.
        """
        known = await self.list_subscriptions(guild_id)
        meant = _find_meant(self.name_channels(known), typed) if typed else known
        if len(meant) == 1:
            return meant[0]
        raise SubscriptionNeeded(self.name_channels(meant or known), action, is_unknown=not meant)

    async def get_subscription(self, guild_id: int, subscription_id: int) -> Subscription:
        """The subscription with exactly this number, which a button names.

        Raises `SubscriptionNeeded` if the server has no such one any more: an old button must not mean another one.
        """
        known = await self.list_subscriptions(guild_id)
        for each in known:
            if each.id == subscription_id:
                return each
        raise SubscriptionNeeded(self.name_channels(known), "show", is_unknown=True)

    def name_channels(self, subscriptions: Iterable[Subscription]) -> list[tuple[Subscription, str | None]]:
        """Each subscription with the name of its channel; None if that is gone."""
        found = (
            (each, self._channels.get_destination(each.guild_id, each.settings.channel_id)) for each in subscriptions
        )
        return [(each, destination.name if destination else None) for each, destination in found]

    # What its channel can do

    def limit_settings_to_channel(self, guild_id: int, settings: DigestSettings) -> DigestSettings:
        """The settings without the options that its channel does not support."""
        destination = self._channels.get_destination(guild_id, settings.channel_id)
        if destination is None:
            return settings
        return replace(settings, posting=limit_to_abilities(settings.posting, destination.abilities))

    def adapt_settings_to_channel(self, guild_id: int, settings: DigestSettings, channel_id: int) -> DigestSettings:
        """The settings for another channel, without the options that this channel does not support."""
        before, after = (
            self._channels.get_destination(guild_id, settings.channel_id),
            self._channels.get_destination(guild_id, channel_id),
        )
        posting = settings.posting
        if before and after:
            posting = adapt_to_channel(posting, before.abilities, after.abilities)
        return self.limit_settings_to_channel(guild_id, replace(settings, channel_id=channel_id, posting=posting))

    def find_obstacle(self, guild_id: int, settings: DigestSettings) -> Reason | None:
        """Why digests cannot be posted in the channel of these settings; None if they can."""
        destination = self._channels.get_destination(guild_id, settings.channel_id)
        return destination.find_obstacle(settings.posting) if destination else Reason(ReasonKind.CHANNEL_GONE)

    def list_obstacles(self, guild_id: int, settings: DigestSettings) -> list[Reason]:
        """Why digests cannot be posted in the channel of these settings, and why their ping would not arrive there."""
        destination = self._channels.get_destination(guild_id, settings.channel_id)
        ping_obstacle = destination.find_ping_obstacle(settings.posting) if destination else None
        return [each for each in (self.find_obstacle(guild_id, settings), ping_obstacle) if each]

    def check_channel(self, guild_id: int, settings: DigestSettings) -> None:
        """Refuses a channel in which digests cannot be posted as the settings want it."""
        if reason := self.find_obstacle(guild_id, settings):
            raise Refused(Refusal.CHANNEL_UNFIT, reason=reason, channel_id=settings.channel_id)

    def check_channel_exists(self, guild_id: int, settings: DigestSettings) -> None:
        """Refuses a channel that is gone."""
        if self._channels.get_destination(guild_id, settings.channel_id) is None:
            reason = Reason(ReasonKind.CHANNEL_GONE)
            raise Refused(Refusal.CHANNEL_UNFIT, reason=reason, channel_id=settings.channel_id)

    def check_actor(self, guild_id: int, settings: DigestSettings, actor: Actor) -> None:
        """Refuses settings by which the bot would post or ping in a channel where the actor may not do so."""
        destination = self._channels.get_destination(guild_id, settings.channel_id)
        if destination is None:
            return
        if missing := destination.list_permissions_missing_for(actor, settings.posting):
            raise Refused(Refusal.MAY_NOT_POST, channel_id=settings.channel_id, permissions=missing)
        if not destination.may_ping(actor, settings.posting):
            raise Refused(Refusal.MAY_NOT_PING, channel_id=settings.channel_id, number=settings.posting.ping_role_id)

    def check_sendable(self, known: Subscription, actor: Actor) -> None:
        """Refuses a subscription whose next digest could not be sent now, or not by this actor."""
        if known.state is not SubscriptionState.ACTIVE:
            raise Refused(Refusal.NOT_ACTIVE, number=known.id)
        self.check_channel(known.guild_id, known.settings)
        self.check_actor(known.guild_id, known.settings, actor)

    # Changes

    async def add_subscription(
        self, guild_id: int, settings: DigestSettings, *, by: Actor, now: datetime, another: bool = False
    ) -> Subscription:
        """Add a subscription; `another` allows one like a digest that the channel already has."""
        limited = self.limit_settings_to_channel(guild_id, settings)
        check_settings(guild_id, limited)
        self.check_channel(guild_id, limited)
        self.check_actor(guild_id, limited, by)
        next_run = find_next_run(limited.schedule, now)
        added = await self._subscriptions.add(guild_id, limited, by=by.id, now=now, next_run=next_run, another=another)
        _log_change("added", added)
        return added

    async def edit_subscription(
        self, known: Subscription, settings: DigestSettings, *, by: Actor, now: datetime
    ) -> Subscription:
        """Change the settings of a subscription; if it was suspended, it is active again.

        What an admin set up for a channel where the actor may not post or ping can still be edited, but not where,
        when and how it is posted: with another time, it would be posted or ping once more.
        """
        limited = self.limit_settings_to_channel(known.guild_id, settings)
        check_settings(known.guild_id, limited)
        before, is_suspended = known.settings, known.state is SubscriptionState.SUSPENDED
        if is_suspended or not _is_posted_alike(before, limited):  # other edits need no more permissions
            self.check_channel(known.guild_id, limited)
        same_layout = replace(limited, posting=replace(limited.posting, layout=before.posting.layout))
        is_posted_alike = before.schedule == limited.schedule and _is_posted_alike(before, same_layout)
        if is_suspended or not is_posted_alike:  # a layout asks nothing of the actor
            self.check_actor(known.guild_id, limited, by)
        next_run = await self.find_next_run(known, limited.schedule, now)
        edited = await self._subscriptions.edit(known, limited, next_run, by=by.id, now=now)
        _log_change("resumed" if is_suspended else "edited", edited)
        return edited

    async def pause_subscription(self, known: Subscription, *, by: Actor, now: datetime) -> Subscription:
        paused = await self._subscriptions.pause(known, by=by.id, now=now)
        _log_change("paused", paused)
        return paused

    async def resume_subscription(self, known: Subscription, *, by: Actor, now: datetime) -> Subscription:
        self.check_channel(known.guild_id, known.settings)
        self.check_actor(known.guild_id, known.settings, by)
        next_run = await self.find_next_run(known, known.settings.schedule, now)
        resumed = await self._subscriptions.resume(known, next_run, by=by.id, now=now)
        _log_change("resumed", resumed)
        return resumed

    async def remove_subscription(self, known: Subscription, *, by: Actor, now: datetime) -> None:
        await self._subscriptions.remove(known, by=by.id, now=now)
        _log_change("removed", known)

    async def delete_server_data(self, guild_id: int) -> None:
        """Permanently delete everything stored about a server."""
        await self._guilds.delete_server(guild_id)

    async def find_next_run(self, known: Subscription, schedule: Schedule, now: datetime) -> Run:
        """The next run by `schedule`, on a date that has had no run yet. A run that is waiting stays the next one."""
        if schedule == known.settings.schedule and known.state is SubscriptionState.ACTIVE:
            return known.next_run
        yesterday = now.date() - timedelta(days=1)  # which may still be today in the schedule's time zone
        planned_dates = await self._deliveries.list_planned_dates(known.id, yesterday)
        return find_next_run(schedule, now, planned_dates=planned_dates)


def _log_change(event: str, subscription: Subscription) -> None:
    """Without who did it, which only the server's own log says."""
    log.info(
        "subscription %d: %s by an admin", subscription.id, event, extra={"event": event, **subscription.log_fields}
    )


def _find_meant(choices: Iterable[tuple[Subscription, str | None]], typed: str) -> list[Subscription]:
    """The subscriptions that `typed` may mean."""
    labelled = re.search(r"\(#(\d+)\)$", typed.strip())  # as the lists show it
    text = labelled[1] if labelled else typed.strip().strip("<>").removeprefix("#").casefold()
    choices = list(choices)
    by_number = [subscription for subscription, _ in choices if text == str(subscription.id)]
    return by_number or [
        subscription
        for subscription, name in choices
        if text == str(subscription.settings.channel_id) or (name and text == name.casefold())
    ]


def _is_posted_alike(before: DigestSettings, after: DigestSettings) -> bool:
    return before.channel_id == after.channel_id and before.posting == after.posting


def check_settings(guild_id: int, settings: DigestSettings) -> None:
    """Refuses values that are not allowed, even if a modal or a command did not prevent them."""
    selection, posting = settings.selection, settings.posting
    if not 1 <= selection.size <= MAX_PAPERS:
        raise Refused(Refusal.SIZE_UNCLEAR)
    if not all(0 <= upvotes <= MAX_UPVOTES for upvotes in (selection.min_upvotes, posting.ping_upvotes)):
        raise Refused(Refusal.UPVOTES_UNCLEAR)
    if posting.ping_role_id == guild_id:  # the role @everyone has the server's id
        raise Refused(Refusal.EVERYONE_NOT_PINGED)
