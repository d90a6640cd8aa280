"""What commands and buttons for admins share: the permission check, the server, and the preview."""

from typing import Any

import discord

from bot.answering import announce, reply
from bot.layouts.digest import preview_message
from bot.layouts.subscriptions import quiet_preview
from bot.refusals import Refusal, Refused
from bot.subscription.schedule import Run
from bot.subscription.settings import Wish
from cogs.helpers.controls import Interaction


def check_admin(interaction: discord.Interaction[Any]) -> None:
    """Refuses everyone without Manage Server, even if the server's settings allow them the command."""
    if interaction.guild is None:
        raise Refused(Refusal.SERVER_ONLY)
    if not interaction.permissions.manage_guild:
        raise Refused(Refusal.MANAGE_SERVER_NEEDED)


def guild_of(interaction: Interaction) -> discord.Guild:
    """The server of an interaction that `check_admin` let through."""
    assert interaction.guild is not None
    return interaction.guild


async def show_preview(interaction: Interaction, wish: Wish, run: Run, subscription_id: int | None = None) -> None:
    """Answer with what `run` would post. Only the admin sees it, and no one is pinged."""
    house = interaction.client.house
    await announce(interaction)  # the lists may have to be read first
    digest = await house.composer.preview(
        wish, guild_of(interaction).id, house.clock(), run_at=run.at, subscription_id=subscription_id
    )
    await reply(interaction, preview_message(digest, wish) if digest.highlights else quiet_preview(digest))
