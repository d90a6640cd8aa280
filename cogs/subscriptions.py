"""Subscriptions: `/digest`, what a server's admins set up. Only the admin who asks sees the reply."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering import announce, reply, reply_each
from bot.channels import OFFERED, as_destination
from bot.channels.destination import Destination
from bot.client import PaperBot
from bot.editing import fields
from bot.layouts.accounts import NO_CHANGES, about_paper, changes_text, verdict
from bot.layouts.panel import same_digest
from bot.layouts.privacy import forget_question
from bot.layouts.subscriptions import label, listed, removed, saved, sent_now, standing, undone
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, fit_in_messages, plain
from bot.refusals import Refusal, Refused
from bot.storage import Action, SameDigest, Subscription
from bot.subscription.schedule import Cadence, weekday_choices
from bot.subscription.settings import MOST_PAPERS, MOST_UPVOTES, Layout
from bot.subscription.zones import find_zones
from cogs.helpers import panel
from cogs.helpers.admins import check_admin, guild_of, show_preview
from cogs.helpers.cards import A_PAPER, meant_paper, paper_choices
from cogs.helpers.controls import Choices, Interaction, choices

Size = app_commands.Range[int, 1, MOST_PAPERS]
MinUpvotes = app_commands.Range[int, 0, MOST_UPVOTES]

SHOWN = 5  # deliveries of a subscription in its status
CHANGES = 20  # in the log
_MEANINGS = {
    "channel": "Where to post: a text, announcement or forum channel",
    "time": "The local time, such as 9:00 or 6:30pm",
    "timezone": "Type a city and pick its time zone",
    "size": "How many papers at most, 1 to 10",
    "weekdays": "Such as weekdays, mon-fri, or tue and thu",
    "min_upvotes": "Leave out papers with fewer upvotes",
    "filter_": "Only papers that match, such as diffusion or org:google",
    "cadence": "A daily digest, or a recap of the week or month",
    "layout": "How the digest looks",
}
_DEFAULTS = {
    "size": "5",
    "weekdays": "every day",
    "min_upvotes": "0",
    "filter_": "all papers",
    "cadence": "daily",
    "layout": "list",
}
_OF_NEW = _MEANINGS | {name: f"{_MEANINGS[name]} (default: {default})" for name, default in _DEFAULTS.items()}
_WHICH = "Which subscription; not needed if there is only one"


class _Destinations(app_commands.Transformer):
    """The channels that are offered. We list the kinds ourselves: discord.py takes a media channel for a forum."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return list(OFFERED)

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Destination:  # noqa: ARG002
        destination = as_destination(value.resolve())
        if destination is None:
            raise Refused(Refusal.CHANNEL_HIDDEN)
        return destination


Channel = app_commands.Transform[Destination, _Destinations]


class Subscriptions(commands.GroupCog, name="digest", description="Set up where and when papers are posted"):
    """The group's default permissions hide it from other members; `interaction_check` keeps them out."""

    __discord_app_commands_guild_only__ = True
    __discord_app_commands_default_permissions__ = discord.Permissions(manage_guild=True)

    send = app_commands.Group(name="send", description="Post a digest early")

    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.house = bot.house
        self.editor = bot.editor
        self.subscriptions = bot.house.storage.subscriptions

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        try:
            check_admin(interaction)
        except Refused as refused:
            raise app_commands.CheckFailure from refused
        return True

    @app_commands.command(description="Set up a digest in one panel, or change an existing one")
    @app_commands.describe(subscription="Which subscription to change (default: set up a new one)")
    async def setup(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription) if subscription else None
        await panel.open_panel(interaction, known)

    @app_commands.command(description="Post the day's best papers in a channel, at the time you choose")
    @app_commands.describe(**_OF_NEW)
    @app_commands.rename(filter_="filter")
    @app_commands.choices(cadence=choices(Cadence), layout=choices(Layout))
    async def add(
        self,
        interaction: Interaction,
        channel: Channel,
        time: str,
        timezone: str,
        size: Size | None = None,
        weekdays: str | None = None,
        min_upvotes: MinUpvotes | None = None,
        filter_: str | None = None,
        cadence: str | None = None,
        layout: str | None = None,
    ) -> None:
        values = self._read(time, timezone, weekdays, filter_, cadence, layout, size=size, min_upvotes=min_upvotes)
        wish = fields.change(fields.new_wish(channel.id), values)
        guild_id, by = guild_of(interaction).id, self._by(interaction)
        try:
            await reply(interaction, saved(await self.editor.add(guild_id, wish, **by), Action.ADDED))
        except SameDigest as same:
            draft = await self.bot.drafts.begin_with(guild_id, interaction.user.id, wish, by["now"])
            await reply(interaction, same_digest(same.known, draft))

    @app_commands.command(description="Change a subscription; options you leave out stay the same")
    @app_commands.describe(subscription=_WHICH, **_MEANINGS)
    @app_commands.rename(filter_="filter")
    @app_commands.choices(cadence=choices(Cadence), layout=choices(Layout))
    async def edit(
        self,
        interaction: Interaction,
        subscription: str | None = None,
        channel: Channel | None = None,
        time: str | None = None,
        timezone: str | None = None,
        size: Size | None = None,
        weekdays: str | None = None,
        min_upvotes: MinUpvotes | None = None,
        filter_: str | None = None,
        cadence: str | None = None,
        layout: str | None = None,
    ) -> None:
        known = await self._chosen(interaction, subscription)
        values = self._read(time, timezone, weekdays, filter_, cadence, layout, size=size, min_upvotes=min_upvotes)
        wish = fields.change(known.wish, values)
        if channel:
            wish = self.editor.move(known.guild_id, wish, channel.id)
        edited = await self.editor.edit(known, wish, **self._by(interaction))
        await reply(interaction, saved(edited, Action.EDITED))

    def _read(
        self,
        time: str | None,
        timezone: str | None,
        weekdays: str | None,
        filter_: str | None,
        cadence: str | None,
        layout: str | None,
        **numbers: int | None,
    ) -> dict[str, object]:
        """The fields that were given a value."""
        today = self.house.clock().date()
        typed = {"at": time or None, "zone": timezone or None, "weekdays": weekdays or None}
        typed["query"] = None if filter_ is None else fields.filter_or_none(filter_)
        picked = {"cadence": cadence, "layout": layout}
        read = {name: fields.read_typed(name, text, today) for name, text in typed.items() if text is not None}
        read |= {name: fields.read_picked(name, [value]) for name, value in picked.items() if value}
        return read | {name: value for name, value in numbers.items() if value is not None}

    @app_commands.command(name="list", description="See what is posted on this server, where and when")
    async def list_(self, interaction: Interaction) -> None:
        known = await self.editor.all_of(guild_of(interaction).id)
        await reply_each(interaction, fit_in_messages(map(listed, known)))

    @app_commands.command(description="Stop posting until you resume")
    @app_commands.describe(subscription=_WHICH)
    async def pause(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        await reply(interaction, saved(await self.editor.pause(known, **self._by(interaction)), Action.PAUSED))

    @app_commands.command(description="Start posting again; anything missed comes in one digest")
    @app_commands.describe(subscription=_WHICH)
    async def resume(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        await reply(interaction, saved(await self.editor.resume(known, **self._by(interaction)), Action.RESUMED))

    @app_commands.command(description="Remove a subscription; its messages stay in the channel")
    @app_commands.describe(subscription=_WHICH)
    async def remove(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        await self.editor.remove(known, **self._by(interaction))
        await reply(interaction, removed(known))

    @app_commands.command(description="Preview the next digest; only you see it, and nothing is recorded")
    @app_commands.describe(subscription=_WHICH)
    async def preview(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        await show_preview(interaction, known.wish, known.next_run, known.id)

    @app_commands.command(description="See when the next digest comes, how the last ones went, and what is wrong")
    @app_commands.describe(subscription="Which subscription (default: all)")
    async def status(self, interaction: Interaction, subscription: str | None = None) -> None:
        reports = [await self._standing(each) for each in await self._all(interaction, subscription)]
        await reply_each(interaction, fit_in_messages(reports))

    async def _standing(self, known: Subscription) -> str:
        deliveries = await self.house.storage.deliveries.latest(known.id, SHOWN)
        return standing(known, deliveries, self.editor.obstacles(known.guild_id, known.wish))

    @app_commands.command(description="See when a paper was highlighted, or why it wasn't")
    @app_commands.describe(paper=A_PAPER, subscription="In which subscription (default: all)")
    async def why(self, interaction: Interaction, paper: str, subscription: str | None = None) -> None:
        meant = await meant_paper(interaction, paper)
        known, now = await self._all(interaction, subscription), self.house.clock()
        verdicts = [verdict(each, await self.house.explainer.why(each, meant, now)) for each in known]
        await reply_each(interaction, fit_in_messages([about_paper(meant), *verdicts]))

    @send.command(name="now", description="Post the next digest now instead of at its scheduled time")
    @app_commands.describe(subscription=_WHICH)
    async def send_now(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        self.editor.check_sendable(known)
        await announce(interaction)  # the lists may have to be read first
        await reply(interaction, sent_now(await self.bot.courier.send_now(known, **self._by(interaction))))

    @app_commands.command(description="Delete the last digest; its papers may come again")
    @app_commands.describe(subscription=_WHICH)
    async def undo(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._chosen(interaction, subscription)
        await announce(interaction)
        delivery, gone = await self.bot.courier.undo_last(known, **self._by(interaction))
        await reply(interaction, undone(delivery, everything_gone=gone))

    @app_commands.command(description="See who changed what, and when")
    async def log(self, interaction: Interaction) -> None:
        changes = await self.house.storage.changes.latest(guild_of(interaction).id, CHANGES)
        await reply_each(interaction, fit_in_messages(changes_text(changes)) or [NO_CHANGES])

    @app_commands.command(
        name="forget-everything", description="Permanently delete everything stored about this server"
    )
    async def forget_everything(self, interaction: Interaction) -> None:
        known = await self.subscriptions.of_guild(guild_of(interaction).id)
        await reply(interaction, forget_question(len(known)))

    @add.autocomplete("timezone")
    @edit.autocomplete("timezone")
    async def complete_timezone(self, _: Interaction, typed: str) -> Choices:
        return choices(find_zones(typed)[:MAX_CHOICES])

    @add.autocomplete("weekdays")
    @edit.autocomplete("weekdays")
    async def complete_weekdays(self, _: Interaction, typed: str) -> Choices:
        return choices(weekday_choices(typed))

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
        if guild is None or not interaction.permissions.manage_guild:  # discord.py runs no checks for autocomplete
            return []
        known = await self.subscriptions.of_guild(guild.id)
        channels = {each.id: guild.get_channel(each.wish.channel_id) for each in known}
        named = [(label(each, channel.name if (channel := channels[each.id]) else None), each) for each in known]
        fitting = [(name, each) for name, each in named if typed.casefold() in name.casefold()]
        return [
            app_commands.Choice(name=plain(name, MAX_CHOICE), value=str(each.id))
            for name, each in fitting[:MAX_CHOICES]
        ]

    async def _chosen(self, interaction: Interaction, subscription: str | None) -> Subscription:
        """The subscription that the admin means, in their own server."""
        return await self.editor.choose(guild_of(interaction).id, subscription)

    async def _all(self, interaction: Interaction, subscription: str | None) -> list[Subscription]:
        """The subscription that the admin means, or all subscriptions of their server."""
        if subscription:
            return [await self._chosen(interaction, subscription)]
        return await self.editor.all_of(guild_of(interaction).id)

    def _by(self, interaction: Interaction) -> dict[str, Any]:
        """Who makes the change, and when."""
        return {"by": interaction.user.id, "now": self.house.clock()}


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Subscriptions(bot))
