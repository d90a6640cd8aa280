"""Opening direct messages: only for people who have asked, and few at a time.

Discord blocks a bot that opens many from opening any more, for hours or for good, and does not say how many are too
many; bots were blocked after 20 to 50 within minutes. Whoever has been written to before can always be written to.
"""

import asyncio
import hashlib
import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import discord
from aiolimiter import AsyncLimiter
from discord.ui import LayoutView

from bot.channels.requests import (
    ANSWER_TIMEOUT,
    REQUEST_ERRORS,
    UNKNOWN_CHANNEL,
    DeliveryFailed,
    TemporaryFailure,
    classify_error,
    wait_for_answer,
)
from bot.clock import Clock
from bot.reasons import Reason, ReasonKind
from bot.share import Share
from bot.storage import Storage

log = logging.getLogger(__name__)

BURST, SECONDS_EACH = 5, 20  # so many are opened at once, then one after so many seconds: 180 an hour
MAX_WAIT = 25  # seconds that a person waits for their turn, before they are asked to try again
OPENED_FOR = 60  # seconds in which somebody who has clicked several times is given the same channel
FIRST_BACK_OFF, MAX_BACK_OFF = timedelta(minutes=5), timedelta(hours=6)


def build_limiter(share: Share) -> AsyncLimiter:
    """The pace of one process, so that all together open no more than a single one."""
    burst = max(1.0, BURST * share.fraction)
    return AsyncLimiter(burst, burst * SECONDS_EACH / share.fraction)


class Inboxes:
    """Opens the direct messages with people. All who wait share one pace, and one break when Discord asks for it."""

    def __init__(self, client: discord.Client, storage: Storage, share: Share, clock: Clock) -> None:
        self._client = client
        self._subscriptions = storage.subscriptions
        self._clock = clock
        self._limiter = build_limiter(share)
        self._back_off = FIRST_BACK_OFF
        self._closed_until: datetime | None = None
        self._openings: dict[int, asyncio.Task[int]] = {}  # by person: those under way, and the latest
        self._opened_at: dict[int, float] = {}  # by person, of the latest

    async def open_inbox(self, user_id: int) -> int:
        """The channel of the direct messages with a person, who has asked for them; opened if it is not known yet.

        That it is open does not mean that they take messages: `send_welcome` shows that. Raises `ChannelBlocked`, and
        `TemporaryFailure` if too many people have just asked.
        """
        known = await self._subscriptions.get_for_person(user_id)
        channel_id = known.settings.channel_id if known else 0  # 0 if it could not be opened before
        return channel_id or await self._open(user_id)

    async def reopen_inbox(self, user_id: int, unknown_id: int) -> int:
        """Open the direct messages anew, whose channel `unknown_id` Discord doesn't know, and record their channel.

        Raises the same as `open_inbox`.
        """
        channel_id = await self._open(user_id)
        if channel_id == unknown_id:  # Discord contradicts itself, which may be over later
            raise TemporaryFailure(Reason(ReasonKind.CHANNEL_GONE))
        log.info("the direct messages with a person are in another channel: %d", channel_id)
        await self._subscriptions.move_for_person(user_id, channel_id)
        return channel_id

    async def send_welcome(self, user_id: int, channel_id: int, message: str | LayoutView) -> int:
        """Send the first message to a person; returns the channel, which may be another one than `channel_id`.

        Sent twice within a few minutes, it arrives once. Raises the same as `open_inbox`.
        """
        try:
            await self._send(user_id, channel_id, message)
        except discord.NotFound as error:
            if error.code != UNKNOWN_CHANNEL:
                raise classify_error(error, to_person=True) from error
        except REQUEST_ERRORS as error:
            raise classify_error(error, to_person=True) from error
        else:
            return channel_id
        channel_id = await self.reopen_inbox(user_id, channel_id)
        try:
            await self._send(user_id, channel_id, message)
        except REQUEST_ERRORS as error:
            raise classify_error(error, to_person=True) from error
        return channel_id

    async def _send(self, user_id: int, channel_id: int, message: str | LayoutView) -> None:
        content: dict[str, Any] = {"content": message} if isinstance(message, str) else {"view": message}
        channel = self._client.get_partial_messageable(channel_id, type=discord.ChannelType.private)
        nonce = hashlib.blake2b(f"welcome:{user_id}".encode(), digest_size=12).hexdigest()
        sending = channel.send(**content, nonce=nonce, allowed_mentions=discord.AllowedMentions.none())
        await wait_for_answer(sending, ANSWER_TIMEOUT)

    async def _open(self, user_id: int) -> int:
        """Open them once for all clicks of a person who is impatient: others are waiting."""
        self._forget_openings()
        opening = self._openings.get(user_id)
        if opening is None:
            self._openings[user_id] = opening = asyncio.create_task(self._open_in_turn(user_id))
            opening.add_done_callback(partial(self._note_opening, user_id))
        return await wait_for_answer(opening, MAX_WAIT + 2 * ANSWER_TIMEOUT)

    def _note_opening(self, user_id: int, ended: asyncio.Task[int]) -> None:
        """What was opened is stored within moments; what failed may be tried again at once."""
        if ended.cancelled() or ended.exception():
            del self._openings[user_id]
        else:
            self._opened_at[user_id] = asyncio.get_running_loop().time()

    def _forget_openings(self) -> None:
        before = asyncio.get_running_loop().time() - OPENED_FOR
        for user_id in [each for each, at in self._opened_at.items() if at < before]:
            del self._openings[user_id], self._opened_at[user_id]

    async def _open_in_turn(self, user_id: int) -> int:
        self._check_back_off()
        try:
            async with asyncio.timeout(MAX_WAIT):
                await self._limiter.acquire()
        except TimeoutError as error:
            raise TemporaryFailure(Reason(ReasonKind.OPENED_TOO_FAST)) from error
        self._check_back_off()  # others may have been refused meanwhile
        try:
            opened = await wait_for_answer(self._client.http.start_private_message(user_id), ANSWER_TIMEOUT)
        except REQUEST_ERRORS as error:
            raise self._note_failure(classify_error(error, to_person=True)) from error
        self._back_off, self._closed_until = FIRST_BACK_OFF, None
        return int(opened["id"])

    def _check_back_off(self) -> None:
        """Raises `TemporaryFailure` during a break."""
        now = self._clock()
        if self._closed_until and now < self._closed_until <= now + MAX_BACK_OFF:  # later: the clock was set back
            raise TemporaryFailure(Reason(ReasonKind.OPENED_TOO_FAST, until=self._closed_until))

    def _note_failure(self, failure: DeliveryFailed) -> DeliveryFailed:
        """The failure; if Discord finds that too many are opened, a break begins, each twice as long as the last."""
        if failure.reason.kind not in {ReasonKind.OPENED_TOO_FAST, ReasonKind.RATE_LIMITED}:
            return failure
        self._closed_until = self._clock() + self._back_off
        log.warning("Discord lets me open no direct messages: I try again in %s", self._back_off)
        self._back_off = min(2 * self._back_off, MAX_BACK_OFF)
        return TemporaryFailure(Reason(ReasonKind.OPENED_TOO_FAST, until=self._closed_until))
