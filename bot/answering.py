"""How an interaction is answered: with a text or a layout, and with what went wrong."""

import logging
from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands
from discord.ui import LayoutView

from bot.channels.requests import DeliveryFailed
from bot.layouts.refusals import BROKEN, explain_refusal
from bot.papers.api import PapersUnavailable
from bot.refusals import Refusal, Refused
from bot.storage import reading_for

log = logging.getLogger(__name__)


async def reply(interaction: discord.Interaction[Any], message: str | LayoutView, *, ephemeral: bool = True) -> None:
    """Answer with a text or a layout, whether the answer has been announced or not."""
    send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
    if isinstance(message, str):
        await send(message, ephemeral=ephemeral)
    else:
        await send(view=message, ephemeral=ephemeral)


async def reply_each(interaction: discord.Interaction[Any], texts: Iterable[str]) -> None:
    """Answer with several messages."""
    for text in texts:
        await reply(interaction, text)


async def reply_to_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer the one who asked, whatever happened, and log what was no mistake of theirs."""
    match cause := unwrap(error):
        case Refused():
            text = explain_refusal(cause)
        case PapersUnavailable() | DeliveryFailed():
            text = explain_refusal(Refused(Refusal.NOT_NOW, reason=cause.reason))
        case _:
            log.error("an interaction met a bug", exc_info=error)
            text = BROKEN
    await reply(interaction, text)


def unwrap(error: BaseException) -> BaseException:
    """What discord.py has wrapped into an error of its own."""
    return error.__cause__ or error if isinstance(error, app_commands.AppCommandError) else error


class AnsweringTree(app_commands.CommandTree[Any]):
    """The commands; one that fails is answered too."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Look-ups are made for the one who asked, from here on."""
        reading_for.set(interaction.user.id)
        return True

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        await reply_to_error(interaction, error)
