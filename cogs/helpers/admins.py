"""What commands and buttons for admins share: the permission check, the server, and the preview."""

from typing import Any

import discord

from bot.answering import defer_answer, reply
from bot.layouts.digest import render_digest_preview
from bot.layouts.subscriptions import describe_quiet_preview
from bot.refusals import Refusal, Refused
from bot.subscription.schedule import Run
from bot.subscription.settings import DigestSettings
from cogs.helpers.controls import Interaction


def check_admin(interaction: discord.Interaction[Any]) -> None:
    """Refuses everyone without Manage Server, even if the server's settings allow them the command."""
    if interaction.guild is None:
        raise Refused(Refusal.SERVER_ONLY)
    if not interaction.permissions.manage_guild:
        raise Refused(Refusal.MANAGE_SERVER_NEEDED)


def get_guild(interaction: Interaction) -> discord.Guild:
    """The server of an interaction that `check_admin` let through."""
    assert interaction.guild is not None
    return interaction.guild


async def reply_with_preview(
    interaction: Interaction, settings: DigestSettings, run: Run, subscription_id: int | None = None
) -> None:
    """Answer with what `run` would post. Only the admin sees it, and no one is pinged."""
    services = interaction.client.services
    await defer_answer(interaction)  # the lists may have to be read first
    digest = await services.composer.preview_digest(
        settings, get_guild(interaction).id, services.clock(), run_at=run.at, subscription_id=subscription_id
    )
    await reply(
        interaction, render_digest_preview(digest, settings) if digest.highlights else describe_quiet_preview(digest)
    )
