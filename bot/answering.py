"""How an interaction is answered: with a text or a layout, in time, and with what went wrong.

Discord waits three seconds for a first answer. What takes longer is announced by then, whichever door it came through;
after a minute it is given up. All answers go through here, as an announcement may be on its way at any moment.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ui import LayoutView, Modal

from bot.channels.requests import REQUEST_ERRORS, DeliveryFailed
from bot.layouts.refusals import BUG, explain_refusal
from bot.layouts.results import SHARED
from bot.papers.api import PapersUnavailable
from bot.refusals import Refusal, Refused
from bot.storage import answering_user

log = logging.getLogger(__name__)

DEFER_AFTER = 1.5  # seconds without an answer
ANSWER_TIMEOUT = 60
AUTOCOMPLETE_TIMEOUT = 2  # what completes an option cannot be announced: it comes in time, or not at all
_BAD_REQUEST, _ANSWERED_ALREADY = 400, 40060


class AnswerUndeliverable(Exception):
    """Discord did not take an answer: the interaction has expired or is answered, or the connection was lost."""


@dataclass
class _AnswerProgress:
    """How far an interaction is answered. One answer is sent at a time."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_deferred: bool = False  # in a message that the one who asked sees alone, and which the next answer fills


def _get_progress(interaction: discord.Interaction[Any]) -> _AnswerProgress:
    progress: _AnswerProgress = interaction.extras.setdefault("progress", _AnswerProgress())
    return progress


async def reply(interaction: discord.Interaction[Any], message: str | LayoutView, *, ephemeral: bool = True) -> None:
    """Answer with a text or a layout, whether the answer has been announced or not.

    What fills an announcement is seen by those who saw that: the asker alone, as there may be nothing to share.
    """
    async with _lock_answer(interaction) as progress:
        if progress.is_deferred and not ephemeral:
            await interaction.followup.send(SHARED, ephemeral=True)
        progress.is_deferred = False
        send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
        if isinstance(message, str):
            await send(message, ephemeral=ephemeral)
        else:
            await send(view=message, ephemeral=ephemeral)


async def reply_with_each(interaction: discord.Interaction[Any], texts: Iterable[str]) -> None:
    """Answer with several messages."""
    for text in texts:
        await reply(interaction, text)


async def update_message(interaction: discord.Interaction[Any], view: LayoutView) -> None:
    """Answer by changing the message that somebody's button, select or modal belongs to."""
    async with _lock_answer(interaction):
        if interaction.response.is_done():
            await interaction.edit_original_response(view=view)
        else:
            await interaction.response.edit_message(view=view)


async def open_modal(interaction: discord.Interaction[Any], modal: Modal) -> None:
    """Answer with a modal. Raises `Refused` where an announcement was first: Discord opens none after that."""
    async with _lock_answer(interaction):
        if interaction.response.is_done():
            raise Refused(Refusal.TOOK_TOO_LONG)
        await interaction.response.send_modal(modal)


async def defer_answer(interaction: discord.Interaction[Any], *, in_place: bool = False) -> None:
    """Say that the answer takes a while, unless that is said: a new message, or a change of an old one `in_place`."""
    async with _lock_answer(interaction) as progress:
        if interaction.response.is_done():
            return
        if in_place:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
            progress.is_deferred = True


@asynccontextmanager
async def _lock_answer(interaction: discord.Interaction[Any]) -> AsyncIterator[_AnswerProgress]:
    """The turn to answer. Raises `AnswerUndeliverable`."""
    progress = _get_progress(interaction)
    async with progress.lock:
        try:
            yield progress
        except REQUEST_ERRORS as error:
            if is_undeliverable(error):
                raise AnswerUndeliverable(_describe_error(error)) from error
            raise


def is_undeliverable(error: BaseException | None) -> bool:
    """Whether an answer found nobody, so `error` says; one that Discord finds wrong is a bug of ours."""
    if isinstance(error, discord.HTTPException):
        return error.status != _BAD_REQUEST or error.code == _ANSWERED_ALREADY
    return isinstance(error, discord.RateLimited | discord.InteractionResponded | aiohttp.ClientError | OSError)


def _describe_error(error: BaseException) -> str:
    """For logs: addresses of answers hold secrets, and some errors name them."""
    return str(error) if isinstance(error, discord.DiscordException) else type(error).__name__


async def handle_interaction(
    interaction: discord.Interaction[Any], work: Coroutine[Any, Any, None], *, in_place: bool = False
) -> None:
    """Have `work` answer an interaction, and announce its answer if it takes long.

    Whatever goes wrong is answered too; `work` that takes much too long is stopped. With `in_place` it is the message
    with the button or modal that will change.
    """
    answering_user.set(interaction.user.id)
    limit = asyncio.timeout(ANSWER_TIMEOUT)
    announcing = asyncio.create_task(_defer_later(interaction, in_place=in_place))
    try:
        async with limit:
            await work
    except Exception as error:  # noqa: BLE001  # it is logged there
        await reply_to_error(interaction, Refused(Refusal.TOOK_TOO_LONG) if limit.expired() else error)
    finally:
        announcing.cancel()


async def _defer_later(interaction: discord.Interaction[Any], *, in_place: bool) -> None:
    await asyncio.sleep(DEFER_AFTER)
    with suppress(AnswerUndeliverable):  # the answer will be lost too, and say so
        await defer_answer(interaction, in_place=in_place)


async def reply_to_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer the one who asked, whatever happened, and log what was no mistake of theirs."""
    try:
        if text := _explain_error(unwrap_error(error)):
            await reply(interaction, text)
    except AnswerUndeliverable as lost:
        log.info("%s could not be answered: %s", _describe_interaction(interaction), lost)


def _explain_error(error: BaseException) -> str:
    """What to tell the person. Raises `AnswerUndeliverable` again."""
    match error:
        case AnswerUndeliverable():
            raise error
        case Refused():
            return explain_refusal(error)
        case PapersUnavailable() | DeliveryFailed():
            return explain_refusal(Refused(Refusal.NOT_NOW, reason=error.reason))
        case _:
            log.error("an interaction ran into a bug", exc_info=error)
            return BUG


def _describe_interaction(interaction: discord.Interaction[Any]) -> str:
    """For logs: the command, or the kind of a button, select or modal; nothing that somebody typed or picked."""
    if interaction.command:
        return f"/{interaction.command.qualified_name}"
    data: Any = interaction.data
    return repr(data.get("custom_id", "").partition(":")[0])


def unwrap_error(error: BaseException) -> BaseException:
    """What discord.py has wrapped into an error of its own."""
    return error.__cause__ or error if isinstance(error, app_commands.AppCommandError) else error


class AnsweringTree(app_commands.CommandTree[Any]):
    """The commands; each is answered in time, one that fails too, and look-ups are made for the one who asked."""

    async def _call(self, interaction: discord.Interaction[Any]) -> None:
        """discord.py runs a command here, or what completes an option."""
        if interaction.type is discord.InteractionType.autocomplete:
            await _autocomplete(interaction, super()._call(interaction))
        else:
            await handle_interaction(interaction, super()._call(interaction))

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        await reply_to_error(interaction, error)


async def _autocomplete(interaction: discord.Interaction[Any], work: Coroutine[Any, Any, None]) -> None:
    """Have `work` offer what somebody may be typing; if it takes too long, offer nothing."""
    answering_user.set(interaction.user.id)
    try:
        async with asyncio.timeout(AUTOCOMPLETE_TIMEOUT):
            await work
    except TimeoutError:
        try:
            async with _lock_answer(interaction):
                await interaction.response.autocomplete([])
        except AnswerUndeliverable as lost:
            log.info("%s could not be completed: %s", _describe_interaction(interaction), lost)
