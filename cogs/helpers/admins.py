"""What commands and buttons for admins share: the permission check, the server, and the preview."""

from typing import Any

import discord

from bot.answering import defer_answer, is_in_server
from bot.channels import Actor
from bot.command_access import COMMAND, CommandUser
from bot.digest import Digest
from bot.refusals import Refusal, Refused
from bot.subscription.schedule import Run
from bot.subscription.settings import DigestSettings
from cogs.helpers.controls import Interaction


async def check_admin(interaction: discord.Interaction[Any]) -> None:
    """Refuses everyone who may not use `/digest` here.

    For that command itself, Discord has decided. For buttons, selects, modals and other commands it is decided here by
    the same rule.
    """
    if interaction.guild_id is None:
        raise Refused(Refusal.SERVER_ONLY)
    if not is_in_server(interaction):
        raise Refused(Refusal.BOT_NOT_HERE)
    if _is_decided_by_discord(interaction) or _is_administrator(interaction):
        return
    refusal = await interaction.client.command_access.find_refusal(
        _describe_user(interaction), interaction.client.services.clock()
    )
    if refusal:
        raise Refused(refusal)


def _is_decided_by_discord(interaction: discord.Interaction[Any]) -> bool:
    """Whether this is `/digest` itself, or its autocompletion. Discord only sends those of people who may use it."""
    kinds = {discord.InteractionType.application_command, discord.InteractionType.autocomplete}
    data: Any = interaction.data
    return interaction.type in kinds and data["name"] == COMMAND


def _is_administrator(interaction: discord.Interaction[Any]) -> bool:
    guild = interaction.guild
    is_owner = guild is not None and guild.owner_id == interaction.user.id
    return is_owner or interaction.permissions.administrator


def _describe_user(interaction: discord.Interaction[Any]) -> CommandUser:
    channel, user = interaction.channel, interaction.user
    assert interaction.guild_id is not None
    return CommandUser(
        interaction.guild_id,
        channel.parent_id if isinstance(channel, discord.Thread) else interaction.channel_id,
        user.id,
        frozenset(role.id for role in user.roles) if isinstance(user, discord.Member) else frozenset(),
        interaction.permissions.manage_guild,
    )


def get_actor(interaction: discord.Interaction[Any]) -> Actor:
    """Who makes a change by this interaction."""
    user = interaction.user
    return Actor(user.id, user if isinstance(user, discord.Member) else None)


def get_guild(interaction: Interaction) -> discord.Guild:
    """The server of an interaction that `check_admin` let through."""
    assert interaction.guild is not None
    return interaction.guild


async def compose_preview(
    interaction: Interaction, settings: DigestSettings, run: Run, subscription_id: int | None = None
) -> Digest:
    """What `run` would post now. The answer is deferred first, as the lists may have to be read."""
    services = interaction.client.services
    await defer_answer(interaction)
    return await services.composer.preview_digest(
        settings, get_guild(interaction).id, services.clock(), run_at=run.at, subscription_id=subscription_id
    )
