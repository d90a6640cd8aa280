"""Subscriptions: `/digest`, what a server's admins set up. Every reply is for the admin alone."""

import datetime
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Mistake, PaperBot, reply
from bot.delivery import missing_permissions
from bot.digest import Taste
from bot.layouts import replies
from bot.layouts.digest import preview_message
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, plain
from bot.schedule import (
    Run,
    Timetable,
    find_zones,
    first_run,
    parse_time,
    parse_weekdays,
    parse_zone,
    weekday_choices,
)
from bot.storage import Subscription, SubscriptionState, TooManySubscriptions
from cogs.controls import Interaction

Choices = list[app_commands.Choice[str]]
Size = app_commands.Range[int, 1, 10]
MinUpvotes = app_commands.Range[int, 0, 10_000]

_MIDNIGHT = Timetable(datetime.time(), ZoneInfo("UTC"))
_MEANINGS = {
    "channel": "where the digest is posted",
    "time": "the local time, such as 9:00 or 6:30pm",
    "timezone": "type a city and pick its zone",
    "size": "how many papers at most, 1 to 10 (5)",
    "weekdays": "such as weekdays, mon-fri, or tue and thu (every day)",
    "min_upvotes": "leave out papers with fewer upvotes (0)",
    "subscription": "which one; it may be left out where there is only one",
}


class Subscriptions(commands.GroupCog, name="digest", description="Set up where and when papers are posted"):
    """The group's defaults hide it from others; `interaction_check` is what keeps them out."""

    __discord_app_commands_guild_only__ = True
    __discord_app_commands_default_permissions__ = discord.Permissions(manage_guild=True)

    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.subscriptions = bot.house.storage.subscriptions
        self.deliveries = bot.house.storage.deliveries

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        allowed = interaction.guild is not None and interaction.permissions.manage_guild
        if not allowed and interaction.type is not discord.InteractionType.autocomplete:
            raise Mistake(replies.NEEDS_MANAGE_SERVER if interaction.guild else replies.SERVER_ONLY)
        return allowed

    @app_commands.command(description="Post the day's best papers in a channel, at a local time")
    @app_commands.describe(**{name: _MEANINGS[name] for name in _MEANINGS if name != "subscription"})
    async def add(
        self,
        interaction: Interaction,
        channel: discord.TextChannel,
        time: str,
        timezone: str,
        size: Size = 5,
        weekdays: str = "every day",
        min_upvotes: MinUpvotes = 0,
    ) -> None:
        now = self.bot.house.clock()
        timetable = _timetable(_MIDNIGHT, time, timezone, weekdays)
        _check_permissions(channel)
        try:
            added = await self.subscriptions.add(
                channel.guild.id,
                channel.id,
                timetable,
                Taste(size, min_upvotes),
                created_by=interaction.user.id,
                now=now,
                next_run=first_run(timetable, now),
            )
        except TooManySubscriptions:
            raise Mistake(replies.TOO_MANY) from None
        await reply(interaction, replies.saved(added, "Set up"))

    @app_commands.command(description="Change a subscription; what you leave out stays as it is")
    @app_commands.describe(**_MEANINGS)
    async def edit(
        self,
        interaction: Interaction,
        subscription: str | None = None,
        channel: discord.TextChannel | None = None,
        time: str | None = None,
        timezone: str | None = None,
        size: Size | None = None,
        weekdays: str | None = None,
        min_upvotes: MinUpvotes | None = None,
    ) -> None:
        known = await self._chosen(interaction, subscription)
        timetable = _timetable(known.timetable, time, timezone, weekdays)
        taste = replace(
            known.taste,
            size=known.taste.size if size is None else size,
            min_upvotes=known.taste.min_upvotes if min_upvotes is None else min_upvotes,
        )
        if channel:
            _check_permissions(channel)
        elif known.state is SubscriptionState.SUSPENDED:
            _check_channel(interaction, known)
        next_run = await self._next_run(known, timetable)
        channel_id = channel.id if channel else known.channel_id
        await self.subscriptions.edit(known.id, channel_id, timetable, taste, next_run)
        await reply(interaction, replies.saved(await self._again(known), "Changed"))

    @app_commands.command(name="list", description="What is posted on this server, where and when")
    async def list_(self, interaction: Interaction) -> None:
        known = await self.subscriptions.of_guild(_guild(interaction).id)
        for text in replies.messages(map(replies.listed, known)) or [replies.NO_SUBSCRIPTIONS]:
            await reply(interaction, text)

    @app_commands.command(description="Stop posting until you resume")
    @app_commands.describe(subscription=_MEANINGS["subscription"])
    async def pause(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        await self.subscriptions.pause(known.id)
        await reply(interaction, replies.saved(await self._again(known), "Paused"))

    @app_commands.command(description="Post again; what was missed meanwhile comes in one digest")
    @app_commands.describe(subscription=_MEANINGS["subscription"])
    async def resume(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        _check_channel(interaction, known)
        next_run = await self._next_run(known, known.timetable)
        await self.subscriptions.resume(known.id, next_run)
        await reply(interaction, replies.saved(await self._again(known), "Resumed"))

    @app_commands.command(description="Remove a subscription; what it posted stays in the record")
    @app_commands.describe(subscription=_MEANINGS["subscription"])
    async def remove(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        await self.subscriptions.remove(known.id)
        await reply(interaction, f"Removed: {replies.wish(known)}.")

    @app_commands.command(description="See what the next digest would be; nobody else does, and nothing is recorded")
    @app_commands.describe(subscription=_MEANINGS["subscription"])
    async def preview(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        await interaction.response.defer(ephemeral=True, thinking=True)  # the lists may have to be read first
        digest = await self.bot.composer.preview(known, self.bot.house.clock())
        await reply(interaction, preview_message(digest) if digest.highlights else replies.quiet_preview(digest))

    @app_commands.command(description="When the next digest comes, what came last, and what is in the way")
    @app_commands.describe(subscription="which one (all of them)")
    async def status(self, interaction: Interaction, subscription: str | None = None) -> None:
        guild = _guild(interaction)
        known = await self.subscriptions.of_guild(guild.id)
        if subscription:
            known = [await self._chosen(interaction, subscription)]
        if not known:
            raise Mistake(replies.NO_SUBSCRIPTIONS)
        reports = [
            replies.standing(each, await self.deliveries.latest(each.id), _missing(guild, each.channel_id))
            for each in known
        ]
        for text in replies.messages(reports):
            await reply(interaction, text)

    @add.autocomplete("timezone")
    @edit.autocomplete("timezone")
    async def complete_timezone(self, interaction: Interaction, typed: str) -> Choices:  # noqa: ARG002
        return [app_commands.Choice(name=name, value=name) for name in find_zones(typed)[:MAX_CHOICES]]

    @add.autocomplete("weekdays")
    @edit.autocomplete("weekdays")
    async def complete_weekdays(self, interaction: Interaction, typed: str) -> Choices:  # noqa: ARG002
        return [app_commands.Choice(name=name, value=name) for name in weekday_choices(typed)]

    @edit.autocomplete("subscription")
    @pause.autocomplete("subscription")
    @resume.autocomplete("subscription")
    @remove.autocomplete("subscription")
    @preview.autocomplete("subscription")
    @status.autocomplete("subscription")
    async def complete_subscription(self, interaction: Interaction, typed: str) -> Choices:
        guild = _guild(interaction)
        known = await self.subscriptions.of_guild(guild.id) if interaction.permissions.manage_guild else []
        named = [(replies.label(each, _channel_name(guild, each.channel_id)), each) for each in known]
        fitting = [(name, each) for name, each in named if typed.casefold() in name.casefold()]
        return [
            app_commands.Choice(name=plain(name, MAX_CHOICE), value=str(each.id))
            for name, each in fitting[:MAX_CHOICES]
        ]

    async def _chosen(self, interaction: Interaction, subscription: str | None) -> Subscription:
        """The subscription an admin means, of their own server; raises `Mistake`."""
        known = await self.subscriptions.of_guild(_guild(interaction).id)
        if not known:
            raise Mistake(replies.NO_SUBSCRIPTIONS)
        if subscription is None and len(known) == 1:
            return known[0]
        for each in known:
            if str(each.id) == subscription:
                return each
        raise Mistake(replies.UNKNOWN_SUBSCRIPTION if subscription else replies.WHICH_SUBSCRIPTION)

    async def _again(self, known: Subscription) -> Subscription:
        return await self.subscriptions.get(known.id) or known

    async def _next_run(self, known: Subscription, timetable: Timetable) -> Run:
        """The next run by `timetable`, on a date that has not had its run yet; a run that waits goes on waiting."""
        if timetable == known.timetable and known.state is SubscriptionState.ACTIVE:
            return known.next_run
        latest = await self.deliveries.latest(known.id)
        return first_run(timetable, self.bot.house.clock(), after=latest[0].run_date if latest else None)


def _timetable(old: Timetable, time: str | None, timezone: str | None, weekdays: str | None) -> Timetable:
    """The timetable as typed; what is left out stays as in `old`."""
    typed = (("at", parse_time, time), ("zone", parse_zone, timezone), ("weekdays", parse_weekdays, weekdays))
    try:
        changed: dict[str, Any] = {name: parse(text) for name, parse, text in typed if text}
    except ValueError as error:
        raise Mistake(str(error)) from None
    return replace(old, **changed)


def _check_permissions(channel: discord.abc.GuildChannel) -> None:
    missing = missing_permissions(channel, channel.guild.me)
    if missing:
        raise Mistake(f"{replies.missing_permissions(channel.id, missing)} Then try again; nothing was changed.")


def _check_channel(interaction: Interaction, known: Subscription) -> None:
    channel = _guild(interaction).get_channel(known.channel_id)
    if channel is None:
        raise Mistake(replies.CHANNEL_GONE)
    _check_permissions(channel)


def _missing(guild: discord.Guild, channel_id: int) -> list[str] | None:
    channel = guild.get_channel(channel_id)
    return missing_permissions(channel, guild.me) if channel else None


def _channel_name(guild: discord.Guild, channel_id: int) -> str:
    channel = guild.get_channel(channel_id)
    return f"#{channel.name}" if channel else "a deleted channel"


def _guild(interaction: Interaction) -> discord.Guild:
    assert interaction.guild is not None  # interaction_check refused the rest
    return interaction.guild


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Subscriptions(bot))
