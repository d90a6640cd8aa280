"""Answering interactions: with a text or a layout, in time, and also when something goes wrong.

Discord waits three seconds for the first answer. If the work takes longer, the answer is deferred before that; after a
minute the work is stopped. All answers must go through here, because one may be deferred at any moment.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ui import LayoutView, Modal

from bot import metrics
from bot.blocking import Blocklist
from bot.channels.requests import REQUEST_ERRORS, DeliveryFailed
from bot.layouts.commands import CommandMentions
from bot.layouts.following import render_closed_inbox
from bot.layouts.next_steps import render_refusal
from bot.layouts.refusals import BUG
from bot.layouts.results import SHARED
from bot.papers.api import PapersUnavailable
from bot.refusals import Refusal, Refused
from bot.storage import Storage, answering_user

log = logging.getLogger(__name__)

DEFER_AFTER = 1.5  # seconds without an answer
ANSWER_TIMEOUT = 60
AUTOCOMPLETE_TIMEOUT = 2  # an autocomplete cannot be deferred
# What blocked people may do all the same, by the names of commands and the kinds of controls: their data is theirs.
_ALWAYS_ALLOWED = {"privacy", "erase"}
_BAD_REQUEST, _ANSWERED_ALREADY = 400, 40060


class AnswerUndeliverable(Exception):
    """An answer could not be delivered: the interaction is over or has its answer, or the connection was lost."""


@dataclass
class _AnswerProgress:
    """How far an interaction is answered. The lock is held while an answer is being sent."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_deferred: bool = False  # by a message that only the user sees, and that the next answer replaces


async def reply(
    interaction: discord.Interaction[Any],
    message: str | LayoutView,
    *,
    ephemeral: bool = True,
    file: discord.File | None = None,
    simpler: LayoutView | None = None,
) -> None:
    """Answer with a text or a layout; a `file` is attached to it. If Discord rejects a layout, `simpler` is sent.

    A layout shows a file only where it names it.

    A deferred answer is seen only by the user, so a public one is then sent as a second message.
    """
    async with _lock_answer(interaction) as progress:
        if progress.is_deferred and not ephemeral:
            await interaction.followup.send(SHARED, ephemeral=True)
        progress.is_deferred = False
        send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
        attached = file or discord.utils.MISSING
        if isinstance(message, str):
            text = _get_mentions(interaction).mention_in_text(message, in_server=is_in_server(interaction))
            await send(text, ephemeral=ephemeral, file=attached)
        else:
            await _send_view(interaction, partial(send, ephemeral=ephemeral, file=attached), message, simpler)


async def reply_with_each(interaction: discord.Interaction[Any], messages: Iterable[str | LayoutView]) -> None:
    """Answer with several messages."""
    for message in messages:
        await reply(interaction, message)


async def update_message(
    interaction: discord.Interaction[Any],
    view: LayoutView,
    *,
    simpler: LayoutView | None = None,
    files: Sequence[discord.File] | None = None,
) -> None:
    """Answer by changing the message that the button, select or modal belongs to; `simpler` as for `reply`.

    Its files are replaced by `files`; by default they stay.
    """
    attached = discord.utils.MISSING if files is None else list(files)
    async with _lock_answer(interaction):
        is_done = interaction.response.is_done()
        send = interaction.edit_original_response if is_done else interaction.response.edit_message
        await _send_view(interaction, partial(send, attachments=attached), view, simpler)


async def _send_view(
    interaction: discord.Interaction[Any],
    send: Callable[..., Awaitable[object]],
    view: LayoutView,
    simpler: LayoutView | None,
) -> None:
    """Send a layout, or `simpler` if Discord finds the first one invalid, as it may find the address of a picture."""
    mentions, in_server = _get_mentions(interaction), is_in_server(interaction)
    try:
        await send(view=mentions.mention_in_view(view, in_server=in_server))
    except discord.HTTPException as error:
        if simpler is None or is_undeliverable(error):
            raise
        log.info("an answer was rejected (%s) and is sent without its picture", error)
        await send(view=mentions.mention_in_view(simpler, in_server=in_server))


async def open_modal(interaction: discord.Interaction[Any], modal: Modal) -> None:
    """Answer with a modal. Raises `Refused` if the answer was deferred, because then Discord opens no modal."""
    async with _lock_answer(interaction):
        if interaction.response.is_done():
            raise Refused(Refusal.TOOK_TOO_LONG)
        await interaction.response.send_modal(modal)


async def defer_answer(interaction: discord.Interaction[Any], *, in_place: bool = False) -> None:
    """Tell Discord that the answer takes longer, unless something was sent already.

    With `in_place`, the answer will change the message that the interaction belongs to; otherwise it is a new one.
    """
    async with _lock_answer(interaction) as progress:
        if interaction.response.is_done():
            return
        if in_place:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
            progress.is_deferred = True


def is_in_server(interaction: discord.Interaction[Any]) -> bool:
    """Whether somebody uses the bot in a server that has it: not in a direct message, and not only for themselves."""
    is_personal = interaction.is_user_integration() and not interaction.is_guild_integration()
    return not is_personal and interaction.client.get_guild(interaction.guild_id or 0) is not None


def _get_mentions(interaction: discord.Interaction[Any]) -> CommandMentions:
    mentions: CommandMentions = interaction.client.mentions
    return mentions


@asynccontextmanager
async def _lock_answer(interaction: discord.Interaction[Any]) -> AsyncIterator[_AnswerProgress]:
    """Send one answer at a time. Raises `AnswerUndeliverable`."""
    progress: _AnswerProgress = interaction.extras.setdefault("progress", _AnswerProgress())
    async with progress.lock:
        try:
            yield progress
        except REQUEST_ERRORS as error:
            if is_undeliverable(error):
                # Answers go to addresses that contain secrets, and errors of other libraries may quote them.
                description = str(error) if isinstance(error, discord.DiscordException) else type(error).__name__
                raise AnswerUndeliverable(description) from error
            raise


def is_undeliverable(error: BaseException | None) -> bool:
    """Whether `error` means that an answer could not be delivered. If Discord finds it invalid, that is our bug."""
    if isinstance(error, discord.HTTPException):
        return error.status != _BAD_REQUEST or error.code == _ANSWERED_ALREADY
    return isinstance(error, discord.RateLimited | discord.InteractionResponded | aiohttp.ClientError | OSError)


async def handle_interaction(
    interaction: discord.Interaction[Any], work: Coroutine[Any, Any, None], *, in_place: bool = False
) -> None:
    """Let `work` answer an interaction. Defers the answer if it takes long, and answers what `work` raises.

    Work that takes longer than `ANSWER_TIMEOUT` is stopped. `in_place` says that the answer will change the message
    with the button or modal.
    """
    if refusal := _find_block(interaction):
        work.close()
        await reply_to_error(interaction, Refused(refusal))
        return
    answering_user.set(interaction.user.id)
    limit = asyncio.timeout(ANSWER_TIMEOUT)
    deferring = asyncio.create_task(_defer_later(interaction, in_place=in_place))
    try:
        with metrics.time_answer("answer"):
            async with limit:
                await work
    except Exception as error:  # noqa: BLE001  # it is logged there
        await reply_to_error(interaction, Refused(Refusal.TOOK_TOO_LONG) if limit.expired() else error)
    finally:
        deferring.cancel()


def _find_block(interaction: discord.Interaction[Any]) -> Refusal | None:
    """Why the operator lets nobody be answered here, or not this person."""
    data: Any = interaction.data
    name = data.get("name") or data.get("custom_id", "").partition(":")[0]
    blocked: Blocklist = interaction.client.blocked
    if name in _ALWAYS_ALLOWED:
        return None
    if interaction.guild_id in blocked.servers:
        return Refusal.SERVER_BLOCKED
    return Refusal.PERSON_BLOCKED if interaction.user.id in blocked.people else None


async def _defer_later(interaction: discord.Interaction[Any], *, in_place: bool) -> None:
    await asyncio.sleep(DEFER_AFTER)
    with suppress(AnswerUndeliverable):  # the answer itself will fail too, and log it
        await defer_answer(interaction, in_place=in_place)


async def reply_to_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Tell the user what went wrong, and log it if it is a bug."""
    try:
        await reply(interaction, _explain_error(unwrap_error(error)))
    except AnswerUndeliverable as failure:
        log.info("%s could not be answered: %s", _describe_interaction(interaction), failure)


def _explain_error(error: BaseException) -> str | LayoutView:
    """What to tell the user. An `AnswerUndeliverable` is raised again."""
    match error:
        case AnswerUndeliverable():
            raise error
        case Refused():
            return render_refusal(error)
        case PapersUnavailable() | DeliveryFailed():
            return render_refusal(Refused(Refusal.NOT_NOW, reason=error.reason))
        case _:
            log.error("an interaction ran into a bug", exc_info=error)
            return BUG


def _describe_interaction(interaction: discord.Interaction[Any]) -> str:
    """For the log: the command, or the kind of button, select or modal, and nothing that the user typed or picked."""
    if isinstance(interaction.command, app_commands.ContextMenu):
        return repr(interaction.command.name)
    if interaction.command:
        return f"/{interaction.command.qualified_name}"
    data: Any = interaction.data
    return repr(data.get("custom_id", "").partition(":")[0])


def unwrap_error(error: BaseException) -> BaseException:
    """The original error, without discord.py's wrapper around it."""
    if isinstance(error, app_commands.AppCommandError) and error.__cause__:
        return error.__cause__
    return error


class AnsweringTree(app_commands.CommandTree[Any]):
    """The commands, each of which gets an answer in time, also if it fails."""

    async def _call(self, interaction: discord.Interaction[Any]) -> None:
        """discord.py calls this for every command and every autocomplete."""
        if interaction.type is discord.InteractionType.autocomplete:
            await _autocomplete(interaction, super()._call(interaction))
        else:
            await handle_interaction(interaction, self._run_command(interaction))

    async def _run_command(self, interaction: discord.Interaction[Any]) -> None:
        """Run a command; whose digests can't be sent is told so once, after the answer to their next command."""
        await super()._call(interaction)
        if not interaction.command_failed:
            storage: Storage = interaction.client.services.storage
            if reason := await storage.subscriptions.take_closed_inbox_notice(interaction.user.id):
                await reply(interaction, render_closed_inbox(reason))

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        await reply_to_error(interaction, error)


async def _autocomplete(interaction: discord.Interaction[Any], work: Coroutine[Any, Any, None]) -> None:
    """Let `work` suggest options; if it takes too long, or for whoever is blocked, suggest none."""
    if _find_block(interaction):
        work.close()
        await _suggest_nothing(interaction)
        return
    answering_user.set(interaction.user.id)
    try:
        with metrics.time_answer("suggestion"):
            async with asyncio.timeout(AUTOCOMPLETE_TIMEOUT):
                await work
    except TimeoutError:
        await _suggest_nothing(interaction)


async def _suggest_nothing(interaction: discord.Interaction[Any]) -> None:
    try:
        async with _lock_answer(interaction):
            await interaction.response.autocomplete([])
    except AnswerUndeliverable as failure:
        log.info("%s could not be completed: %s", _describe_interaction(interaction), failure)
