"""What admins do to subscriptions, whether they type a command or click in a panel."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord

from bot.answering import Mistake, reply
from bot.delivery.channels import as_destination
from bot.delivery.channels.destination import Destination
from bot.layouts import notes, replies
from bot.layouts.digest import preview_message
from bot.papers.api import PapersUnavailable
from bot.search import legible, parse
from bot.storage import ChangedMeanwhile, Subscription, SubscriptionState, TooManySubscriptions
from bot.subscription.schedule import Run, Timetable, first_run
from bot.subscription.settings import Posting, Wish, fit, move
from cogs.controls import Interaction

MOST_FILTER = 300  # characters


def check_admin(interaction: discord.Interaction[Any]) -> None:
    """Raises `Mistake` for all but members with Manage Server, whatever the command's own settings say."""
    if interaction.guild is None:
        raise Mistake(replies.SERVER_ONLY)
    if not interaction.permissions.manage_guild:
        raise Mistake(replies.NEEDS_MANAGE_SERVER)


def guild_of(interaction: Interaction) -> discord.Guild:
    """The server of an interaction that `check_admin` let through."""
    assert interaction.guild is not None
    return interaction.guild


def destination_of(interaction: Interaction, channel_id: int) -> Destination | None:
    """The channel to post in, if there is one."""
    return as_destination(guild_of(interaction).get_channel(channel_id))


def fitted(wish: Wish, destination: Destination) -> Wish:
    """The wish without what its channel cannot do, and in a forum with a post for a digest at least."""
    return replace(wish, channel_id=destination.id, posting=fit(wish.posting, destination.abilities))


def moved(interaction: Interaction, wish: Wish, destination: Destination) -> Wish:
    """The wish in another channel: threads that only a forum had chosen do not follow."""
    before = destination_of(interaction, wish.channel_id)
    posting = move(wish.posting, before.abilities, destination.abilities) if before else wish.posting
    return fitted(replace(wish, posting=posting), destination)


def check_destination(interaction: Interaction, wish: Wish) -> None:
    """Raises `Mistake` that names what the bot may not do in the wish's channel, and what to click."""
    destination = destination_of(interaction, wish.channel_id)
    if destination is None:
        raise Mistake(replies.CHANNEL_GONE)
    if in_the_way := obstacles(destination, wish.posting):
        raise Mistake(f"{in_the_way[0]} Then try again; nothing was changed.")


def obstacles(destination: Destination | None, posting: Posting) -> list[str]:
    """What keeps digests from a channel, with what to click."""
    if destination is None:
        return [replies.CHANNEL_GONE]
    if missing := destination.missing_permissions(posting):
        return [replies.missing_permissions(destination.id, missing)]
    return [replies.NO_TAG_ADVICE] if destination.obstacle(posting) else []


def warnings(destination: Destination | None, posting: Posting) -> list[str]:
    """What does not keep digests from a channel, but is not as the admin wants it."""
    if posting.ping_role_id is None or destination is None:
        return []
    role = destination.pinged_role(posting)
    if role is None:
        return [replies.ROLE_GONE]
    return [] if destination.may_ping(role) else [replies.unpingable(role.id)]


def read_filter(interaction: Interaction, text: str) -> str:
    """A filter as typed, if it is understood; raises `Mistake` that says what would be right."""
    typed = " ".join(legible(text).split())
    if len(typed) > MOST_FILTER:
        raise Mistake(replies.filter_too_long(MOST_FILTER))
    query = parse(typed, interaction.client.house.clock().date())
    if query.mistakes:
        raise Mistake("\n".join(notes.mistakes(query)))
    return typed


async def all_here(interaction: Interaction) -> list[Subscription]:
    """The subscriptions of the admin's server, of which there is one at least; raises `Mistake`."""
    known = await interaction.client.house.storage.subscriptions.of_guild(guild_of(interaction).id)
    if not known:
        raise Mistake(replies.NO_SUBSCRIPTIONS)
    return known


async def again(interaction: Interaction, known: Subscription) -> Subscription:
    """A subscription as it is after a change."""
    return await interaction.client.house.storage.subscriptions.get(known.id) or known


async def chosen(interaction: Interaction, subscription: str | None) -> Subscription:
    """The subscription an admin means, of their own server; raises `Mistake`."""
    known = await all_here(interaction)
    if subscription is None and len(known) == 1:
        return known[0]
    for each in known:
        if str(each.id) == subscription:
            return each
    raise Mistake(replies.UNKNOWN_SUBSCRIPTION if subscription else replies.WHICH_SUBSCRIPTION)


async def add(interaction: Interaction, wish: Wish) -> Subscription:
    """A new subscription. Raises `Mistake`."""
    house = interaction.client.house
    check_destination(interaction, wish)
    now = house.clock()
    try:
        return await house.storage.subscriptions.add(
            guild_of(interaction).id, wish, by=interaction.user.id, now=now, next_run=first_run(wish.timetable, now)
        )
    except TooManySubscriptions:
        raise Mistake(replies.TOO_MANY) from None


async def edit(interaction: Interaction, known: Subscription, wish: Wish) -> Subscription:
    """The subscription as changed. Raises `Mistake`."""
    house = interaction.client.house
    if _needs_check(known, wish):
        check_destination(interaction, wish)
    following = await next_run(interaction, known, wish.timetable)
    with nobody_else():
        await house.storage.subscriptions.edit(known, wish, following, by=interaction.user.id, now=house.clock())
    return await again(interaction, known)


def _needs_check(known: Subscription, wish: Wish) -> bool:
    """Whether a change asks for what the bot may not be allowed: one that does not can always be made."""
    moved = (known.wish.channel_id, known.wish.posting) != (wish.channel_id, wish.posting)
    return moved or known.state is SubscriptionState.SUSPENDED


async def next_run(interaction: Interaction, known: Subscription, timetable: Timetable) -> Run:
    """The next run by `timetable`, on a date that has not had its run yet; a run that waits goes on waiting."""
    if timetable == known.wish.timetable and known.state is SubscriptionState.ACTIVE:
        return known.next_run
    house = interaction.client.house
    now = house.clock()
    taken = await house.storage.deliveries.taken(known.id, now.date() - timedelta(days=1))  # as zones have it
    return first_run(timetable, now, taken=taken)


async def show_preview(interaction: Interaction, wish: Wish, run: Run, subscription_id: int | None = None) -> None:
    """Answer with what `run` would post: for the admin alone, pinging nobody."""
    bot = interaction.client
    await interaction.response.defer(ephemeral=True, thinking=True)  # the lists may have to be read first
    guild, now = guild_of(interaction), bot.house.clock()
    try:
        digest = await bot.house.composer.preview(wish, guild.id, now, run_at=run.at, subscription_id=subscription_id)
    except PapersUnavailable as error:
        raise Mistake(replies.not_now(error.reason)) from error
    await reply(interaction, preview_message(digest, wish) if digest.highlights else replies.quiet_preview(digest))


@contextmanager
def nobody_else() -> Iterator[None]:
    """Raises `Mistake` where somebody else has changed the subscription meanwhile."""
    try:
        yield
    except ChangedMeanwhile:
        raise Mistake(replies.CHANGED_MEANWHILE) from None
