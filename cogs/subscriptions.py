"""Subscriptions: `/digest`, what a server's admins set up. Only the admin who asks sees the reply."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering import reply, reply_with_each
from bot.channels import OFFERED_CHANNEL_TYPES, build_destination
from bot.channels.destination import Destination
from bot.client import PaperBot
from bot.editing import fields
from bot.layouts import subscription_views as views
from bot.layouts.history import NO_ACTIONS, describe_explanation, render_audit_log, render_paper_link
from bot.layouts.panel import render_duplicate_digest
from bot.layouts.privacy import render_delete_question
from bot.layouts.subscriptions import label_subscription
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, cut_plain
from bot.refusals import Refusal, Refused
from bot.storage import Action, Draft, DuplicateDigest, Subscription
from bot.subscription.schedule import Cadence, suggest_weekdays
from bot.subscription.settings import MAX_PAPERS, MAX_UPVOTES, DigestLayout
from bot.subscription.timezones import guess_timezone
from cogs.helpers import panel
from cogs.helpers import subscription_actions as actions
from cogs.helpers.admins import check_admin, get_actor, get_guild
from cogs.helpers.cards import PAPER_OPTION, find_referenced_paper, suggest_papers
from cogs.helpers.controls import Choices, Interaction, build_choices
from cogs.helpers.pages import try_to_fetch_examples
from cogs.helpers.server_feed import show_server_feed
from cogs.helpers.suggestions import suggest_timezones

SizeOption = app_commands.Range[int, 1, MAX_PAPERS]
MinUpvotesOption = app_commands.Range[int, 0, MAX_UPVOTES]

ACTIONS_SHOWN = 20  # in the log
_OPTION_DESCRIPTIONS = {
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
_OPTION_DESCRIPTIONS_OF_ADD = _OPTION_DESCRIPTIONS | {
    name: f"{_OPTION_DESCRIPTIONS[name]} (default: {default})" for name, default in _DEFAULTS.items()
}
_FIXED_IN_PANEL = {Refusal.CHANNEL_UNFIT, Refusal.MAY_NOT_POST, Refusal.MAY_NOT_PING}
_SUBSCRIPTION_OPTION = "Its number or channel, such as #1 or #papers; not needed if there is only one"


class _DestinationTransformer(app_commands.Transformer):
    """The channels that are offered. We list the kinds ourselves: discord.py treats a media channel as a forum."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return list(OFFERED_CHANNEL_TYPES)

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> Destination:  # noqa: ARG002
        destination = build_destination(value.resolve())
        if destination is None:
            raise Refused(Refusal.CHANNEL_HIDDEN)
        return destination


ChannelOption = app_commands.Transform[Destination, _DestinationTransformer]


class Subscriptions(commands.GroupCog, name="digest", description="Set up where and when papers are posted"):
    """Discord decides who may use the group: by its default permissions, or by what a server's admins changed.

    Only servers install it: for a person who installs it for themselves, Discord asks no server's admin.
    """

    __discord_app_commands_guild_only__ = True
    __discord_app_commands_installation_types__ = app_commands.AppInstallationType(guild=True, user=False)
    __discord_app_commands_default_permissions__ = discord.Permissions(manage_guild=True)

    send = app_commands.Group(name="send", description="Post a digest early")

    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.services = bot.services
        self.editor = bot.editor
        self.subscriptions = bot.services.storage.subscriptions

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        try:
            await check_admin(interaction)
        except Refused as refused:
            raise app_commands.CheckFailure from refused
        return True

    @app_commands.command(name="setup", description="Set up a digest in one panel, or change an existing one")
    @app_commands.describe(subscription="Which subscription to change (default: set up a new one)")
    async def open_setup_panel(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._choose_subscription(interaction, subscription, "setup") if subscription else None
        await panel.open_panel(interaction, known)

    @app_commands.command(name="add", description="Post the day's best papers in a channel, at the time you choose")
    @app_commands.describe(**_OPTION_DESCRIPTIONS_OF_ADD)
    @app_commands.rename(filter_="filter")
    @app_commands.choices(cadence=build_choices(Cadence), layout=build_choices(DigestLayout))
    async def add_subscription(
        self,
        interaction: Interaction,
        channel: ChannelOption,
        time: str,
        timezone: str,
        size: SizeOption | None = None,
        weekdays: str | None = None,
        min_upvotes: MinUpvotesOption | None = None,
        filter_: str | None = None,
        cadence: str | None = None,
        layout: str | None = None,
    ) -> None:
        if filter_:
            await try_to_fetch_examples(interaction, filter_)
        values, mistyped = self._read_options(
            time, timezone, weekdays, filter_, cadence, layout, size=size, min_upvotes=min_upvotes
        )
        locale = str(interaction.locale) if "timezone" in mistyped else ""
        settings = fields.replace_settings_fields(
            fields.build_default_settings(channel.id, guess_timezone(locale) or "UTC"), values
        )
        guild_id, by, now = get_guild(interaction).id, get_actor(interaction), self.services.clock()
        keep = partial(
            self.bot.drafts.start_draft_from_settings,
            guild_id,
            by.id,
            settings,
            now,
            mistyped=mistyped,
            guessed_from=locale,
        )
        save = partial(self.editor.add_subscription, guild_id, settings, by=by, now=now)
        await self._save_or_keep(interaction, save, keep, Action.ADDED, is_mistyped=bool(mistyped))

    @app_commands.command(name="edit", description="Change a subscription; options you leave out stay the same")
    @app_commands.describe(subscription=_SUBSCRIPTION_OPTION, **_OPTION_DESCRIPTIONS)
    @app_commands.rename(filter_="filter")
    @app_commands.choices(cadence=build_choices(Cadence), layout=build_choices(DigestLayout))
    async def edit_subscription(
        self,
        interaction: Interaction,
        subscription: str | None = None,
        channel: ChannelOption | None = None,
        time: str | None = None,
        timezone: str | None = None,
        size: SizeOption | None = None,
        weekdays: str | None = None,
        min_upvotes: MinUpvotesOption | None = None,
        filter_: str | None = None,
        cadence: str | None = None,
        layout: str | None = None,
    ) -> None:
        known = await self._choose_subscription(interaction, subscription, "setup")
        if filter_:
            await try_to_fetch_examples(interaction, filter_)
        values, mistyped = self._read_options(
            time, timezone, weekdays, filter_, cadence, layout, size=size, min_upvotes=min_upvotes
        )
        if not (values or mistyped or channel):  # nothing to change yet, so they choose what
            await panel.open_panel(interaction, known)
            return
        settings = fields.replace_settings_fields(known.settings, values)
        if channel:
            settings = self.editor.adapt_settings_to_channel(known.guild_id, settings, channel.id)
        by, now = get_actor(interaction), self.services.clock()
        keep = partial(
            self.bot.drafts.start_draft_from_subscription, known, by.id, now, settings=settings, mistyped=mistyped
        )
        save = partial(self.editor.edit_subscription, known, settings, by=by, now=now)
        await self._save_or_keep(interaction, save, keep, Action.EDITED, is_mistyped=bool(mistyped))

    async def _save_or_keep(
        self,
        interaction: Interaction,
        save: Callable[[], Awaitable[Subscription]],
        keep: Callable[[], Awaitable[Draft]],
        done: Action,
        *,
        is_mistyped: bool,
    ) -> None:
        """Save a subscription and answer with it. If something has to be fixed first, all options wait in a draft."""
        if is_mistyped:
            await panel.reply_with_kept_options(interaction, await keep())
            return
        try:
            saved = await save()
        except DuplicateDigest as duplicate:
            await reply(interaction, render_duplicate_digest(duplicate.existing, await keep()))
        except Refused as refused:
            if refused.refusal not in _FIXED_IN_PANEL:
                raise
            await panel.reply_with_kept_options(interaction, await keep(), refused)
        else:
            await actions.show_saved_subscription(interaction, saved, done)

    def _read_options(
        self,
        time: str | None,
        timezone: str | None,
        weekdays: str | None,
        filter_: str | None,
        cadence: str | None,
        layout: str | None,
        **numbers: int | None,
    ) -> tuple[dict[str, object], dict[str, str]]:
        """The fields that were given a value, and what was mistyped."""
        today = self.services.clock().date()
        typed = {"time": time or None, "timezone": timezone or None, "weekdays": weekdays or None}
        typed["filter"] = None if filter_ is None else fields.read_filter_option(filter_)
        picked = {"cadence": cadence, "layout": layout}
        given = {name: text for name, text in typed.items() if text is not None}
        read, mistyped = fields.read_typed_fields(given, today)
        read |= {name: fields.read_picked_field(name, [value]) for name, value in picked.items() if value}
        return read | {name: value for name, value in numbers.items() if value is not None}, mistyped

    @app_commands.command(name="list", description="See what is posted on this server, where and when")
    async def list_subscriptions(self, interaction: Interaction) -> None:
        await actions.list_subscriptions(interaction)

    @app_commands.command(name="pause", description="Stop posting until you resume")
    @app_commands.describe(subscription=_SUBSCRIPTION_OPTION)
    async def pause_subscription(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._choose_subscription(interaction, subscription, "pause")
        await actions.pause_subscription(interaction, known)

    @app_commands.command(name="resume", description="Start posting again; anything missed comes in one digest")
    @app_commands.describe(subscription=_SUBSCRIPTION_OPTION)
    async def resume_subscription(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._choose_subscription(interaction, subscription, "resume")
        await actions.resume_subscription(interaction, known)

    @app_commands.command(name="remove", description="Remove a subscription for good; its messages stay")
    @app_commands.describe(subscription=_SUBSCRIPTION_OPTION)
    async def remove_subscription(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._choose_subscription(interaction, subscription, "remove")
        await actions.ask_to_remove(interaction, known)

    @app_commands.command(
        name="preview", description="Preview the next digest; only you see it, and nothing is recorded"
    )
    @app_commands.describe(subscription=_SUBSCRIPTION_OPTION)
    async def preview_digest(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._choose_subscription(interaction, subscription, "preview")
        await actions.preview_digest(interaction, known)

    @app_commands.command(
        name="status", description="See when the next digest comes, how the last ones went, and what is wrong"
    )
    @app_commands.describe(subscription="Which subscription (default: all)")
    async def show_status(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._choose_subscriptions(interaction, subscription)
        if len(known) == 1:
            await actions.show_subscription(interaction, known[0])
            return
        statuses = [
            (
                each,
                await self.services.storage.deliveries.list_latest(each.id, actions.DELIVERIES_SHOWN),
                self.editor.list_obstacles(each.guild_id, each.settings),
            )
            for each in known
        ]
        await reply_with_each(interaction, views.render_statuses(self.editor.name_channels(known), statuses))

    @app_commands.command(name="why", description="See when a paper was highlighted, or why it wasn't")
    @app_commands.describe(paper=PAPER_OPTION, subscription="In which subscription (default: all)")
    async def explain_paper(self, interaction: Interaction, paper: str, subscription: str | None = None) -> None:
        found = await find_referenced_paper(interaction, paper)
        known, now = await self._choose_subscriptions(interaction, subscription), self.services.clock()
        explanations = [
            describe_explanation(each, await self.services.explainer.explain_paper(each, found, now)) for each in known
        ]
        paragraphs = [render_paper_link(found), *explanations]
        choices = self.editor.name_channels(known)
        await reply_with_each(interaction, views.render_paragraphs_with_choices(paragraphs, choices))

    @send.command(name="now", description="Post the next digest now instead of at its scheduled time")
    @app_commands.describe(subscription=_SUBSCRIPTION_OPTION)
    async def send_digest_now(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._choose_subscription(interaction, subscription, "send")
        await actions.ask_to_send(interaction, known)

    @app_commands.command(name="undo", description="Delete the last digest; its papers may come again")
    @app_commands.describe(subscription=_SUBSCRIPTION_OPTION)
    async def undo_last_digest(self, interaction: Interaction, subscription: str | None = None) -> None:
        known = await self._choose_subscription(interaction, subscription, "undo")
        await actions.ask_to_undo(interaction, known)

    @app_commands.command(name="log", description="See who changed what, and when")
    async def show_audit_log(self, interaction: Interaction) -> None:
        guild_id = get_guild(interaction).id
        entries = await self.services.storage.audit_log.list_latest(guild_id, ACTIONS_SHOWN)
        choices = self.editor.name_channels(await self.subscriptions.list_for_server(guild_id))
        paragraphs = list(render_audit_log(entries)) or [NO_ACTIONS]
        await reply_with_each(interaction, views.render_paragraphs_with_choices(paragraphs, choices))

    @app_commands.command(name="feed", description="Let feed readers have this server's digests, at a secret address")
    async def show_feed(self, interaction: Interaction) -> None:
        await show_server_feed(interaction)

    @app_commands.command(name="wipe-everything", description="Permanently delete everything stored about this server")
    async def delete_everything(self, interaction: Interaction) -> None:
        known = await self.subscriptions.list_for_server(get_guild(interaction).id)
        await reply(interaction, render_delete_question(len(known), self.services.backups.days))

    @add_subscription.autocomplete("timezone")
    @edit_subscription.autocomplete("timezone")
    async def complete_timezone(self, _: Interaction, typed: str) -> Choices:
        return suggest_timezones(typed)

    @add_subscription.autocomplete("weekdays")
    @edit_subscription.autocomplete("weekdays")
    async def complete_weekdays(self, _: Interaction, typed: str) -> Choices:
        return build_choices(suggest_weekdays(typed))

    @explain_paper.autocomplete("paper")
    async def complete_paper(self, interaction: Interaction, typed: str) -> Choices:
        return await suggest_papers(interaction, typed)

    @open_setup_panel.autocomplete("subscription")
    @edit_subscription.autocomplete("subscription")
    @pause_subscription.autocomplete("subscription")
    @resume_subscription.autocomplete("subscription")
    @remove_subscription.autocomplete("subscription")
    @preview_digest.autocomplete("subscription")
    @show_status.autocomplete("subscription")
    @explain_paper.autocomplete("subscription")
    @send_digest_now.autocomplete("subscription")
    @undo_last_digest.autocomplete("subscription")
    async def complete_subscription(self, interaction: Interaction, typed: str) -> Choices:
        try:
            await check_admin(interaction)  # discord.py runs no checks for autocomplete
        except Refused:
            return []
        guild, choices = get_guild(interaction), []
        for known in await self.subscriptions.list_for_server(guild.id):
            channel = guild.get_channel(known.settings.channel_id)
            label = label_subscription(known, channel.name if channel else None)
            if typed.casefold() in label.casefold():
                choices.append(app_commands.Choice(name=cut_plain(label, MAX_CHOICE), value=str(known.id)))
        return choices[:MAX_CHOICES]

    async def _choose_subscription(
        self, interaction: Interaction, subscription: str | None, action: str = "show"
    ) -> Subscription:
        """The subscription that the admin means, in their own server. If that is unclear, a select asks for it."""
        return await self.editor.choose_subscription(get_guild(interaction).id, subscription, action)

    async def _choose_subscriptions(self, interaction: Interaction, subscription: str | None) -> list[Subscription]:
        """The subscription that the admin means, or all subscriptions of their server."""
        if subscription:
            return [await self._choose_subscription(interaction, subscription)]
        return await self.editor.list_subscriptions(get_guild(interaction).id)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Subscriptions(bot))
