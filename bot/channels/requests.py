"""Requests to Discord: how long they are waited for, and what their failures mean."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

import aiohttp
import discord

from bot.reasons import Reason, ReasonKind

ANSWER_TIMEOUT = 30  # then what became of a request is unknown
REQUEST_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError)  # what a request to Discord may raise
UNKNOWN_MESSAGE, FORBIDDEN = 10008, 50013  # of Discord's error codes
_BAD_REQUEST = 400  # of HTTP's statuses
_REJECTED_STATUSES = {_BAD_REQUEST, 413}
_CONTENT_CODES = {200000, 200001, 240000}  # whatever the status: blocked words, blocked titles, harmful links
_LIMIT_CODES = range(30_000, 31_000)
# A thread that is archived, a channel that takes no messages, a post without a tag, as many of something as may be.
_NOT_CONTENT_CODES = {50008, 50083, 40067, *_LIMIT_CODES}
SERVER_ERROR = 500
Answer = TypeVar("Answer")


class DeliveryFailed(Exception):
    """A digest did not reach its channel, for a `reason`; the `detail` is for the log."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else str(reason))
        self.reason = reason


class ChannelBlocked(DeliveryFailed):
    """Permanent until an admin changes something: the channel, or what the bot may do there, is gone."""


class MessageRejected(DeliveryFailed):
    """Discord does not take this message, and never will; no message exists."""


class ContentRejected(MessageRejected):
    """… because of what is in it: a simpler form of it may do."""


class TemporaryFailure(DeliveryFailed):
    """Worth another try; whether this try, or one before it, made the message is unknown."""


async def wait_for_answer(request: Coroutine[Any, Any, Answer] | asyncio.Task[Answer], seconds: float) -> Answer:
    """The answer to a request, if it comes in time; else raises `TimeoutError`.

    The request itself goes on: cancelled while it sleeps through a global rate limit, discord.py would let
    no other request pass for the rest of its life.
    """
    running = asyncio.ensure_future(request)
    running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # it may end unheard
    done, _ = await asyncio.wait({running}, timeout=seconds)
    if not done:
        raise TimeoutError
    return running.result()


_MEANINGS: Mapping[int, tuple[type[DeliveryFailed], ReasonKind]] = {
    10003: (ChannelBlocked, ReasonKind.CHANNEL_GONE),
    10004: (ChannelBlocked, ReasonKind.SERVER_GONE),
    50001: (ChannelBlocked, ReasonKind.CHANNEL_HIDDEN),
    FORBIDDEN: (ChannelBlocked, ReasonKind.PERMISSIONS_MISSING),
    160006: (MessageRejected, ReasonKind.TOO_MANY_THREADS),
}


def classify_error(error: Exception) -> DeliveryFailed:
    """What a failed request to Discord means, decided here and nowhere else."""
    if not isinstance(error, discord.HTTPException):
        return TemporaryFailure(Reason(_classify_silence(error)), type(error).__name__)
    if error.code in _MEANINGS:
        failure, kind = _MEANINGS[error.code]
        return failure(Reason(kind))
    if error.code in _CONTENT_CODES or (error.status in _REJECTED_STATUSES and not _comes_from_proxy(error)):
        refused = MessageRejected if error.code in _NOT_CONTENT_CODES else ContentRejected
        return refused(Reason(ReasonKind.MESSAGE_REJECTED, number=error.code or error.status))
    # Even a 429 says nothing of the message: an earlier try, ours or discord.py's own after a 500, may have made it.
    return TemporaryFailure(Reason(ReasonKind.DISCORD_FAILED, number=error.status))


def _classify_silence(error: Exception) -> ReasonKind:
    if isinstance(error, discord.RateLimited):
        return ReasonKind.RATE_LIMITED
    return ReasonKind.DISCORD_SILENT if isinstance(error, TimeoutError) else ReasonKind.DISCORD_UNREACHABLE


def _comes_from_proxy(error: discord.HTTPException) -> bool:
    """Whether a 400 comes from a proxy on the way, which answers with a page: Discord says in JSON what is wrong."""
    told_in_json = error.response.headers.get("Content-Type") == "application/json" and bool(error.text)
    return error.status == _BAD_REQUEST and error.code == 0 and not told_in_json
