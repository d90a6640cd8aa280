"""Subscriptions: which one an admin means, what stops it, and every change to it."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.channels import Channels
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Storage, Subscription, SubscriptionState
from bot.subscription.schedule import Run, Timetable, first_run
from bot.subscription.settings import MOST_PAPERS, MOST_UPVOTES, Wish, fit, move


class Editor:
    """Changes the subscriptions in `storage`, for channels known to `channels`. Every method may raise `Refused`."""

    def __init__(self, storage: Storage, channels: Channels) -> None:
        self._subscriptions = storage.subscriptions
        self._deliveries = storage.deliveries
        self._guilds = storage.guilds
        self._channels = channels

    # Which one

    async def all_of(self, guild_id: int) -> list[Subscription]:
        """The subscriptions of a server; refused if it has none."""
        known = await self._subscriptions.of_guild(guild_id)
        if not known:
            raise Refused(Refusal.NO_SUBSCRIPTIONS)
        return known

    async def choose(self, guild_id: int, subscription_id: str | None) -> Subscription:
        """The subscription of a server that is meant; the id is optional if there is only one."""
        known = await self.all_of(guild_id)
        if subscription_id is None and len(known) == 1:
            return known[0]
        for each in known:
            if str(each.id) == subscription_id:
                return each
        raise Refused(Refusal.SUBSCRIPTION_UNKNOWN if subscription_id else Refusal.SUBSCRIPTION_NEEDED)

    # What its channel can do

    def fit(self, guild_id: int, wish: Wish) -> Wish:
        """The wish without the options that its channel does not support."""
        destination = self._channels.get(guild_id, wish.channel_id)
        return replace(wish, posting=fit(wish.posting, destination.abilities)) if destination else wish

    def move(self, guild_id: int, wish: Wish, channel_id: int) -> Wish:
        """The wish for another channel, without the options that this channel does not support."""
        before, after = (self._channels.get(guild_id, each) for each in (wish.channel_id, channel_id))
        posting = move(wish.posting, before.abilities, after.abilities) if before and after else wish.posting
        return self.fit(guild_id, replace(wish, channel_id=channel_id, posting=posting))

    def obstacle(self, guild_id: int, wish: Wish) -> Reason | None:
        """The reason why digests can't reach the wish's channel, if there is one."""
        destination = self._channels.get(guild_id, wish.channel_id)
        return destination.obstacle(wish.posting) if destination else Reason(ReasonKind.CHANNEL_GONE)

    def obstacles(self, guild_id: int, wish: Wish) -> list[Reason]:
        """The reasons why digests can't reach the wish's channel, or why a ping there can't reach its role."""
        destination = self._channels.get(guild_id, wish.channel_id)
        unpinged = destination.obstacle_to_pinging(wish.posting) if destination else None
        return [each for each in (self.obstacle(guild_id, wish), unpinged) if each]

    def check_channel(self, guild_id: int, wish: Wish) -> None:
        """Refuses a channel where digests could not be posted in the way the wish wants."""
        if reason := self.obstacle(guild_id, wish):
            raise Refused(Refusal.CHANNEL_UNFIT, reason=reason, channel_id=wish.channel_id)

    def check_exists(self, guild_id: int, wish: Wish) -> None:
        """Refuses a channel that is gone."""
        if self._channels.get(guild_id, wish.channel_id) is None:
            reason = Reason(ReasonKind.CHANNEL_GONE)
            raise Refused(Refusal.CHANNEL_UNFIT, reason=reason, channel_id=wish.channel_id)

    def check_sendable(self, known: Subscription) -> None:
        """Refuses a subscription whose next digest could not be sent now."""
        if known.state is not SubscriptionState.ACTIVE:
            raise Refused(Refusal.NOT_ACTIVE)
        self.check_channel(known.guild_id, known.wish)

    # Changes

    async def add(self, guild_id: int, wish: Wish, *, by: int, now: datetime, another: bool = False) -> Subscription:
        """Add a subscription; `another` allows one like a digest that the channel already has."""
        fitted = self.fit(guild_id, wish)
        check_wish(guild_id, fitted)
        self.check_channel(guild_id, fitted)
        following = first_run(fitted.timetable, now)
        return await self._subscriptions.add(guild_id, fitted, by=by, now=now, next_run=following, another=another)

    async def edit(self, known: Subscription, wish: Wish, *, by: int, now: datetime) -> Subscription:
        """Change the wish of a subscription; if it was suspended, it is active again."""
        fitted = self.fit(known.guild_id, wish)
        check_wish(known.guild_id, fitted)
        if _needs_check(known, fitted):
            self.check_channel(known.guild_id, fitted)
        following = await self.next_run(known, fitted.timetable, now)
        return await self._subscriptions.edit(known, fitted, following, by=by, now=now)

    async def pause(self, known: Subscription, *, by: int, now: datetime) -> Subscription:
        return await self._subscriptions.pause(known, by=by, now=now)

    async def resume(self, known: Subscription, *, by: int, now: datetime) -> Subscription:
        self.check_channel(known.guild_id, known.wish)
        following = await self.next_run(known, known.wish.timetable, now)
        return await self._subscriptions.resume(known, following, by=by, now=now)

    async def remove(self, known: Subscription, *, by: int, now: datetime) -> None:
        await self._subscriptions.remove(known, by=by, now=now)

    async def forget_server(self, guild_id: int) -> None:
        """Permanently delete everything stored about a server."""
        await self._guilds.forget(guild_id)

    async def next_run(self, known: Subscription, timetable: Timetable, now: datetime) -> Run:
        """The next run by `timetable`, on a date without a run so far; a run that already waits stays the next one."""
        if timetable == known.wish.timetable and known.state is SubscriptionState.ACTIVE:
            return known.next_run
        taken = await self._deliveries.taken(
            known.id, now.date() - timedelta(days=1)
        )  # the date depends on the time zone
        return first_run(timetable, now, taken=taken)


def check_wish(guild_id: int, wish: Wish) -> None:
    """Refuses values that are never allowed, however they were entered."""
    taste, posting = wish.taste, wish.posting
    if not 1 <= taste.size <= MOST_PAPERS:
        raise Refused(Refusal.SIZE_UNCLEAR)
    if not all(0 <= upvotes <= MOST_UPVOTES for upvotes in (taste.min_upvotes, posting.ping_upvotes)):
        raise Refused(Refusal.UPVOTES_UNCLEAR)
    if posting.ping_role_id == guild_id:  # the role @everyone has the server's id
        raise Refused(Refusal.EVERYONE_NOT_PINGED)


def _needs_check(known: Subscription, wish: Wish) -> bool:
    """Whether a change may need more permissions in the channel; if not, it is always possible."""
    moved = (known.wish.channel_id, known.wish.posting) != (wish.channel_id, wish.posting)
    return moved or known.state is SubscriptionState.SUSPENDED
