"""Subscriptions: `/digest`, what a server's admins set up. Every reply is for the admin alone."""

import datetime
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering import Mistake, reply
from bot.client import PaperBot
from bot.delivery.channels import KINDS, as_destination
from bot.delivery.channels.destination import Destination as Channel
from bot.delivery.courier import NothingToUndo, StillOnItsWay
from bot.delivery.planning import NothingToSend
from bot.delivery.requests import DeliveryFailed
from bot.layouts import replies
from bot.layouts.accounts import changes_text, forget_question, verdict
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, plain
from bot.papers.api import PapersUnavailable
from bot.storage import Subscription, SubscriptionState
from bot.subscription.schedule import Cadence, Timetable, parse_time, parse_weekdays, weekday_choices
from bot.subscription.settings import MOST_PAPERS, MOST_UPVOTES, Layout, Posting, Taste, Wish
from bot.subscription.zones import find_zones, parse_zone
from cogs import admins, panel
from cogs.controls import Choices, Interaction
from cogs.details import A_PAPER, meant_paper, paper_choices

Size = app_commands.Range[int, 1, MOST_PAPERS]
MinUpvotes = app_commands.Range[int, 0, MOST_UPVOTES]

SHOWN = 5  # deliveries of a subscription in its status
CHANGES = 20  # in the log
_MIDNIGHT = Timetable(datetime.time(), ZoneInfo("UTC"))
_MEANINGS = {
    "channel": "where the digest is posted: a text, announcement or forum channel",
    "time": "the local time, such as 9:00 or 6:30pm",
    "timezone": "type a city and pick its zone",
    "size": "how many papers at most, 1 to 10 (5)",
    "weekdays": "such as weekdays, mon-fri, or tue and thu (every day)",
    "min_upvotes": "leave out papers with fewer upvotes (0)",
    "filter_": "only papers that match this query, such as diffusion or org:google (all)",
    "cadence": "a daily digest, or a recap of the week or month (daily)",
    "layout": "how a digest looks (list)",
}
_WHICH = "which one; it may be left out where there is only one"
_CADENCES = [app_commands.Choice(name=each.value, value=each.value) for each in Cadence]
_LAYOUTS = [app_commands.Choice(name=each.value, value=each.value) for each in Layout]


class _Destinations(app_commands.Transformer):
    """What is offered: discord.py takes a media channel for a forum."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return list(KINDS)

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Channel:  # noqa: ARG002
        if destination := as_destination(value.resolve()):
            return destination
        raise app_commands.TransformerError(value, self.type, self)


Destination = app_commands.Transform[Channel, _Destinations]


class Subscriptions(commands.GroupCog, name="digest", description="Set up where and when papers are posted"):
    """The group's defaults hide it from others; `interaction_check` is what keeps them out."""

    __discord_app_commands_guild_only__ = True
    __discord_app_commands_default_permissions__ = discord.Permissions(manage_guild=True)

    send = app_commands.Group(name="send", description="Post before the time")

    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.house = bot.house
        self.subscriptions = bot.house.storage.subscriptions
        self.deliveries = bot.house.storage.deliveries

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(*panel.CONTROLS)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(*panel.CONTROLS)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """A modal is answered by its custom_id, as buttons are: one of before a restart works too."""
        if interaction.type is discord.InteractionType.modal_submit:
            await panel.submitted(interaction)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        admins.check_admin(interaction)
        return True

    @app_commands.command(description="Set up a digest in one panel, or change one that is set up")
    @app_commands.describe(subscription="which one to change (a new one)")
    async def setup(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await admins.chosen(interaction, subscription) if subscription else None
        await panel.open_panel(interaction, known)

    @app_commands.command(description="Post the day's best papers in a channel, at a local time")
    @app_commands.describe(**_MEANINGS)
    @app_commands.rename(filter_="filter")
    @app_commands.choices(cadence=_CADENCES, layout=_LAYOUTS)
    async def add(
        self,
        interaction: Interaction,
        channel: Destination,
        time: str,
        timezone: str,
        size: Size = 5,
        weekdays: str = "every day",
        min_upvotes: MinUpvotes = 0,
        filter_: str = "",
        cadence: str = "daily",
        layout: str = "list",
    ) -> None:
        timetable = _timetable(_MIDNIGHT, time, timezone, weekdays, cadence)
        taste = Taste(size, min_upvotes, query=admins.read_filter(interaction, _unset(filter_)))
        wish = Wish(channel.id, timetable, taste, Posting(layout=Layout(layout)))
        added = await admins.add(interaction, admins.fitted(wish, channel))
        await reply(interaction, replies.saved(added, "Set up"))

    @app_commands.command(description="Change a subscription; what you leave out stays as it is")
    @app_commands.describe(subscription=_WHICH, **_MEANINGS)
    @app_commands.rename(filter_="filter")
    @app_commands.choices(cadence=_CADENCES, layout=_LAYOUTS)
    async def edit(
        self,
        interaction: Interaction,
        subscription: str | None = None,
        channel: Destination | None = None,
        time: str | None = None,
        timezone: str | None = None,
        size: Size | None = None,
        weekdays: str | None = None,
        min_upvotes: MinUpvotes | None = None,
        filter_: str | None = None,
        cadence: str | None = None,
        layout: str | None = None,
    ) -> None:
        known = await admins.chosen(interaction, subscription)
        query = None if filter_ is None else admins.read_filter(interaction, _unset(filter_))
        wish = replace(
            known.wish,
            timetable=_timetable(known.wish.timetable, time, timezone, weekdays, cadence),
            taste=_changed(known.wish.taste, size=size, min_upvotes=min_upvotes, query=query),
            posting=_changed(known.wish.posting, layout=Layout(layout) if layout else None),
        )
        fitted = admins.moved(interaction, wish, channel) if channel else wish
        await reply(interaction, replies.saved(await admins.edit(interaction, known, fitted), "Changed"))

    @app_commands.command(name="list", description="What is posted on this server, where and when")
    async def list_(self, interaction: Interaction) -> None:
        known = await self.subscriptions.of_guild(admins.guild_of(interaction).id)
        for text in replies.messages(map(replies.listed, known)) or [replies.NO_SUBSCRIPTIONS]:
            await reply(interaction, text)

    @app_commands.command(description="Stop posting until you resume")
    @app_commands.describe(subscription=_WHICH)
    async def pause(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await admins.chosen(interaction, subscription)
        with admins.nobody_else():
            await self.subscriptions.pause(known, by=interaction.user.id, now=self.house.clock())
        await reply(interaction, replies.saved(await admins.again(interaction, known), "Paused"))

    @app_commands.command(description="Post again; what was missed meanwhile comes in one digest")
    @app_commands.describe(subscription=_WHICH)
    async def resume(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await admins.chosen(interaction, subscription)
        admins.check_destination(interaction, known.wish)
        next_run = await admins.next_run(interaction, known, known.wish.timetable)
        with admins.nobody_else():
            await self.subscriptions.resume(known, next_run, by=interaction.user.id, now=self.house.clock())
        await reply(interaction, replies.saved(await admins.again(interaction, known), "Resumed"))

    @app_commands.command(description="Remove a subscription; what it posted stays in the record")
    @app_commands.describe(subscription=_WHICH)
    async def remove(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await admins.chosen(interaction, subscription)
        with admins.nobody_else():
            await self.subscriptions.remove(known, by=interaction.user.id, now=self.house.clock())
        await reply(interaction, replies.removed(known))

    @app_commands.command(description="See what the next digest would be; nobody else does, and nothing is recorded")
    @app_commands.describe(subscription=_WHICH)
    async def preview(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await admins.chosen(interaction, subscription)
        await admins.show_preview(interaction, known.wish, known.next_run, known.id)

    @app_commands.command(description="When the next digest comes, what came last, and what is in the way")
    @app_commands.describe(subscription="which one (all of them)")
    async def status(self, interaction: Interaction, subscription: str | None = None) -> None:
        reports = [await self._standing(interaction, each) for each in await self._all(interaction, subscription)]
        for text in replies.messages(reports):
            await reply(interaction, text)

    async def _standing(self, interaction: Interaction, known: Subscription) -> str:
        guild = admins.guild_of(interaction)
        destination, posting = as_destination(guild.get_channel(known.wish.channel_id)), known.wish.posting
        in_the_way = admins.obstacles(destination, posting) + admins.warnings(destination, posting)
        return replies.standing(known, await self.deliveries.latest(known.id, SHOWN), in_the_way)

    @app_commands.command(description="Whether and when a paper was highlighted, and why it was not")
    @app_commands.describe(paper=A_PAPER, subscription="in which subscription (all of them)")
    async def why(self, interaction: Interaction, paper: str, subscription: str | None = None) -> None:
        meant = await meant_paper(interaction, paper)
        known, now = await self._all(interaction, subscription), self.house.clock()
        try:
            verdicts = [verdict(each, await self.house.explainer.why(each, meant, now)) for each in known]
        except PapersUnavailable as error:
            raise Mistake(replies.not_now(error.reason)) from error
        for text in replies.messages([replies.about_paper(meant), *verdicts]):
            await reply(interaction, text)

    @send.command(name="now", description="Post the coming digest early, once; it counts as that run")
    @app_commands.describe(subscription=_WHICH)
    async def send_now(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await admins.chosen(interaction, subscription)
        if known.state is not SubscriptionState.ACTIVE:
            raise Mistake(replies.RESUME_FIRST)
        admins.check_destination(interaction, known.wish)
        await interaction.response.defer(ephemeral=True, thinking=True)  # the lists may have to be read first
        try:
            delivery = await self.bot.courier.send_now(known, self.house.clock(), by=interaction.user.id)
        except NothingToSend as error:
            raise Mistake(replies.nothing_to_send(error.reason)) from error
        except PapersUnavailable as error:
            raise Mistake(replies.not_now(error.reason)) from error
        await reply(interaction, replies.sent_now(delivery))

    @app_commands.command(description="Delete the last digest; its papers may come again")
    @app_commands.describe(subscription=_WHICH)
    async def undo(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await admins.chosen(interaction, subscription)
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            delivery, gone = await self.bot.courier.undo_last(known, self.house.clock(), by=interaction.user.id)
        except StillOnItsWay:
            raise Mistake(replies.ON_ITS_WAY) from None
        except NothingToUndo:
            raise Mistake(replies.NOTHING_TO_UNDO) from None
        except DeliveryFailed as error:
            raise Mistake(replies.not_undone(error.reason)) from error
        await reply(interaction, replies.undone(delivery, everything_gone=gone))

    @app_commands.command(description="Who changed what, and when")
    async def log(self, interaction: Interaction) -> None:
        guild = admins.guild_of(interaction)
        changes = await self.house.storage.changes.latest(guild.id, CHANGES)
        for text in replies.messages(changes_text(changes)) or [replies.NO_CHANGES]:
            await reply(interaction, text)

    @app_commands.command(name="forget-everything", description="Delete all that is kept of this server, for good")
    async def forget_everything(self, interaction: Interaction) -> None:
        known = await self.subscriptions.of_guild(admins.guild_of(interaction).id)
        await reply(interaction, forget_question(len(known)))

    @add.autocomplete("timezone")
    @edit.autocomplete("timezone")
    async def complete_timezone(self, interaction: Interaction, typed: str) -> Choices:  # noqa: ARG002
        return [app_commands.Choice(name=name, value=name) for name in find_zones(typed)[:MAX_CHOICES]]

    @add.autocomplete("weekdays")
    @edit.autocomplete("weekdays")
    async def complete_weekdays(self, interaction: Interaction, typed: str) -> Choices:  # noqa: ARG002
        return [app_commands.Choice(name=name, value=name) for name in weekday_choices(typed)]

    @why.autocomplete("paper")
    async def complete_paper(self, interaction: Interaction, typed: str) -> Choices:
        return await paper_choices(interaction, typed)

    @setup.autocomplete("subscription")
    @edit.autocomplete("subscription")
    @pause.autocomplete("subscription")
    @resume.autocomplete("subscription")
    @remove.autocomplete("subscription")
    @preview.autocomplete("subscription")
    @status.autocomplete("subscription")
    @why.autocomplete("subscription")
    @send_now.autocomplete("subscription")
    @undo.autocomplete("subscription")
    async def complete_subscription(self, interaction: Interaction, typed: str) -> Choices:
        guild = interaction.guild
        if guild is None or not interaction.permissions.manage_guild:  # discord.py checks nothing while somebody types
            return []
        known = await self.subscriptions.of_guild(guild.id)
        named = [(replies.label(each, _channel_name(guild, each.wish.channel_id)), each) for each in known]
        fitting = [(name, each) for name, each in named if typed.casefold() in name.casefold()]
        return [
            app_commands.Choice(name=plain(name, MAX_CHOICE), value=str(each.id))
            for name, each in fitting[:MAX_CHOICES]
        ]

    async def _all(self, interaction: Interaction, subscription: str | None) -> list[Subscription]:
        """The subscription an admin means, or all of their server; raises `Mistake`."""
        if subscription:
            return [await admins.chosen(interaction, subscription)]
        return await admins.all_here(interaction)


def _timetable(
    old: Timetable, time: str | None, timezone: str | None, weekdays: str | None, cadence: str | None
) -> Timetable:
    """The timetable as typed; what is left out stays as in `old`."""
    typed = (("at", parse_time, time), ("zone", parse_zone, timezone), ("weekdays", parse_weekdays, weekdays))
    try:
        changed: dict[str, Any] = {name: parse(text) for name, parse, text in typed if text}
    except ValueError as error:
        raise Mistake(str(error)) from None
    return replace(old, **changed, cadence=Cadence(cadence) if cadence else old.cadence)


def _changed(old: Any, **values: Any) -> Any:
    """What was given a value, changed; the rest as in `old`."""
    return replace(old, **{name: value for name, value in values.items() if value is not None})


def _unset(typed: str) -> str:
    """A filter is taken away by a word for nothing: Discord lets nobody type nothing."""
    return "" if typed.strip().casefold() in {"none", "no", "off", "-", "all"} else typed


def _channel_name(guild: discord.Guild, channel_id: int) -> str:
    channel = guild.get_channel(channel_id)
    return f"#{channel.name}" if channel else "a deleted channel"


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Subscriptions(bot))
