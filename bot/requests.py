"""Requests to Discord: how long they are waited for, and what their failures mean."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import aiohttp
import discord

ANSWER_SECONDS = 30  # then what became of a request is unknown
UNREACHED = (discord.DiscordException, aiohttp.ClientError, OSError)  # what a request to Discord may raise
_GONE = {10003: "the channel is gone", 10004: "the server is gone", 50001: "I cannot see the channel"}
_FORBIDDEN, _BAD_REQUEST = 50013, 400
Answer = TypeVar("Answer")


class DeliveryFailed(Exception):
    """A digest did not reach its channel; the message is the reason, in words for an admin."""


class Blocked(DeliveryFailed):
    """Permanent until an admin changes something: the channel, or what the bot may do there, is gone."""


class Rejected(DeliveryFailed):
    """Discord does not take this message, and never will; no message exists."""


class Passing(DeliveryFailed):
    """Worth another try; whether this try, or one before it, made the message is unknown."""


async def in_time(request: Coroutine[Any, Any, Answer] | asyncio.Task[Answer], seconds: float) -> Answer:
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


def classified(error: Exception) -> DeliveryFailed:
    """What a failed request to Discord means, decided here and nowhere else."""
    if isinstance(error, discord.RateLimited):
        return Passing("Discord asked me to slow down")
    if not isinstance(error, discord.HTTPException):
        return Passing(f"Discord did not answer ({type(error).__name__})")
    if error.code in _GONE:
        return Blocked(_GONE[error.code])
    if error.code == _FORBIDDEN:
        return Blocked("I lack a permission in the channel")
    if error.status == _BAD_REQUEST:
        return Rejected(f"Discord did not take the message (error {error.code})")
    # Even a 429 says nothing of the message: an earlier try, ours or discord.py's own after a 500, may have made it.
    return Passing(f"Discord answered {error.status}")
