"""Requests to Discord: how long to wait for an answer, and what failures mean."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import aiohttp
import discord

from bot.reasons import Reason, ReasonKind

ANSWER_TIMEOUT = 30  # seconds; after that it is unknown what became of a request
REQUEST_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError)  # what a request to Discord may raise
UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, FORBIDDEN = 10003, 10008, 50013  # Discord's error codes
_BAD_REQUEST = 400  # HTTP statuses, like the next
_REJECTED_STATUSES = {_BAD_REQUEST, 413}
_CONTENT_CODES = {200000, 200001, 240000}  # blocked words, blocked titles, harmful links; with any HTTP status
_LIMIT_CODES = range(30_000, 31_000)
# A channel that takes no messages, an archived thread, a post without a tag, a limit that is reached.
_NOT_CONTENT_CODES = {50008, 50083, 40067, *_LIMIT_CODES}
SERVER_ERROR = 500  # HTTP status
Answer = TypeVar("Answer")


class DeliveryFailed(Exception):
    """A digest did not reach its channel, for a `reason`; the `detail` is for the log."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else str(reason))
        self.reason = reason


class ChannelBlocked(DeliveryFailed):
    """Nothing can be posted until someone changes something.

    The channel is gone, a permission is missing, or a person takes no direct messages.
    """


class MessageRejected(DeliveryFailed):
    """Discord does not take this message, and never will. No message exists."""


class ContentRejected(MessageRejected):
    """Discord does not take what is in the message. A simpler form may work."""


class TemporaryFailure(DeliveryFailed):
    """Worth another try. Whether this try, or an earlier one, created the message is unknown."""


async def wait_for_answer(request: Coroutine[Any, Any, Answer] | asyncio.Task[Answer], seconds: float) -> Answer:
    """The answer to a request. Raises `TimeoutError` if it takes too long.

    The request itself goes on. If it were cancelled while discord.py waits for a global rate limit to end, discord.py
    would never send another request.
    """
    running = asyncio.ensure_future(request)
    running.add_done_callback(_ignore_error)
    done, _ = await asyncio.wait({running}, timeout=seconds)
    if not done:
        raise TimeoutError
    return running.result()


def _ignore_error(ended: asyncio.Task[Any]) -> None:
    """Retrieve a late error, so that asyncio does not log it as forgotten."""
    if not ended.cancelled():
        ended.exception()


_MEANINGS: Mapping[int, tuple[type[DeliveryFailed], ReasonKind]] = {
    UNKNOWN_CHANNEL: (ChannelBlocked, ReasonKind.CHANNEL_GONE),
    10004: (ChannelBlocked, ReasonKind.SERVER_GONE),
    10013: (ChannelBlocked, ReasonKind.USER_GONE),
    20026: (TemporaryFailure, ReasonKind.OPENED_TOO_FAST),  # the bot is flagged: it may not open any until that is over
    40003: (TemporaryFailure, ReasonKind.OPENED_TOO_FAST),
    50001: (ChannelBlocked, ReasonKind.CHANNEL_HIDDEN),
    50007: (ChannelBlocked, ReasonKind.INBOX_CLOSED),
    50278: (ChannelBlocked, ReasonKind.INBOX_CLOSED),  # no server in common, and no installation for the person
    FORBIDDEN: (ChannelBlocked, ReasonKind.PERMISSIONS_MISSING),
    160006: (MessageRejected, ReasonKind.TOO_MANY_THREADS),
}
_HIDDEN_FROM_BOT = {ReasonKind.CHANNEL_HIDDEN, ReasonKind.PERMISSIONS_MISSING}


def classify_error(error: Exception, *, to_person: bool = False) -> DeliveryFailed:
    """What a failed request to Discord means, decided here and nowhere else.

    `to_person`: it was made in direct messages, which have no permissions that someone could give.
    """
    if not isinstance(error, discord.HTTPException):
        return TemporaryFailure(Reason(_classify_missing_answer(error)), type(error).__name__)
    if error.code in _MEANINGS:
        failure, kind = _MEANINGS[error.code]
        return failure(Reason(ReasonKind.INBOX_CLOSED if to_person and kind in _HIDDEN_FROM_BOT else kind))
    if error.code in _CONTENT_CODES or (error.status in _REJECTED_STATUSES and not _is_from_proxy(error)):
        rejection = MessageRejected if error.code in _NOT_CONTENT_CODES else ContentRejected
        return rejection(Reason(ReasonKind.MESSAGE_REJECTED, number=error.code or error.status))
    # Even after a 429 the message may exist: an earlier try of ours, or of discord.py after a 500, may have created it.
    return TemporaryFailure(Reason(ReasonKind.DISCORD_FAILED, number=error.status))


def _classify_missing_answer(error: Exception) -> ReasonKind:
    if isinstance(error, discord.RateLimited):
        return ReasonKind.RATE_LIMITED
    return ReasonKind.DISCORD_SILENT if isinstance(error, TimeoutError) else ReasonKind.DISCORD_UNREACHABLE


def _is_from_proxy(error: discord.HTTPException) -> bool:
    """Whether a 400 comes from a proxy on the way: Discord would say in JSON what is wrong."""
    is_json = error.response.headers.get("Content-Type") == "application/json" and bool(error.text)
    return error.status == _BAD_REQUEST and error.code == 0 and not is_json
