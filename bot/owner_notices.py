"""Tells the application's owner on Discord what they have to fix: once when it begins, and once when it is over."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import discord

from bot.channels.requests import ANSWER_TIMEOUT, REQUEST_ERRORS, wait_for_answer
from bot.client import PaperBot
from bot.layouts.owner_notices import ENDS, FAULTS
from bot.storage import CANNOT_STORE, OwnerNotice
from bot.vitals import Fault

log = logging.getLogger(__name__)

CHECK_SECONDS = 60
# How long a fault has to last before it is told, if not told at once; much passes by itself.
PATIENCE: Mapping[Fault, timedelta] = {
    Fault.DATABASE_AWAY: timedelta(minutes=2),
    Fault.PAPERS_UNAVAILABLE: timedelta(days=1),
    Fault.CLOCK_WRONG: timedelta(minutes=10),
    Fault.HEARTBEAT_LOST: timedelta(hours=1),
}
SETTLED_AFTER = timedelta(minutes=30)  # a fault that was told counts as over
TRY_AGAIN_AFTER = timedelta(hours=1)  # if the owner can't be written to
LOGIN_TIMEOUT = 20  # seconds
TOLD_WITHIN, MESSAGES_READ = timedelta(days=1), 20


class OwnerNotices:
    """Compares the faults in the bot's vitals with what its owner was told.

    What was told is in the database. If it could not be stored there, as with a full disk, the direct messages
    themselves are looked at before anything is told.
    """

    def __init__(self, bot: PaperBot, *, are_wanted: bool = True) -> None:
        self._are_wanted = are_wanted and bot.services.share.leads  # once, not once for each process
        self._bot = bot
        self._services = bot.services
        self._stored = bot.services.storage.owner_notices
        self._known: dict[Fault, OwnerNotice] | None = None
        self._absent_since: dict[Fault, datetime] = {}
        self._silent_until: datetime | None = None

    async def watch_forever(self) -> None:
        """Check every minute, forever. A bug here never costs anybody a digest."""
        while self._are_wanted:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self.tell_changes(self._services.clock())
            except Exception:
                log.exception("telling the owner ran into a bug")

    async def tell_changes(self, now: datetime) -> None:
        """Tell which faults have lasted long enough, and which are over."""
        if self._bot.application is None:  # not logged in yet
            return
        self._look_for_faults()
        if self._known is None:
            self._known = await self._stored.list_all()
        for fault, is_present in list(self._services.vitals.faults.items()):
            if is_present:
                await self._note_present(fault, self._known, now)
            elif fault in self._known:
                await self._note_absent(fault, self._known, now)

    async def tell_at_once(self, fault: Fault) -> None:
        """Tell of a fault with which nothing can be stored any more, once the bot has logged in. Raises nothing."""
        if not self._are_wanted:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(LOGIN_TIMEOUT):
                while self._bot.application is None:  # noqa: ASYNC110  # discord.py has no event for that
                    await asyncio.sleep(0.1)
        if self._bot.application is not None:
            await self._tell(FAULTS[fault], ENDS[fault], self._services.clock())

    def _look_for_faults(self) -> None:
        """The faults that are states of the services; the others are reported."""
        vitals, services = self._services.vitals, self._services
        vitals.report(Fault.DISK_FULL, is_present=services.storage.database.is_full)
        vitals.report(Fault.DATABASE_AWAY, is_present=services.storage.database.is_away)
        vitals.report(Fault.INDEX_STUCK, is_present=not services.archive.is_index_current)
        vitals.report(Fault.CLOCK_WRONG, is_present=self._bot.discord_clock.is_ours_wrong)

    async def _note_present(self, fault: Fault, known: dict[Fault, OwnerNotice], now: datetime) -> None:
        self._absent_since.pop(fault, None)
        if fault not in known:
            await self._keep(fault, OwnerNotice(now))
        notice = known[fault]
        is_lasting = now - notice.began_at >= PATIENCE.get(fault, timedelta())
        if notice.told_at is None and is_lasting and await self._tell(FAULTS[fault], ENDS[fault], now):
            await self._keep(fault, replace(notice, told_at=now))

    async def _note_absent(self, fault: Fault, known: dict[Fault, OwnerNotice], now: datetime) -> None:
        is_settled = now - self._absent_since.setdefault(fault, now) >= SETTLED_AFTER
        has_to_be_told = known[fault].told_at is not None
        if has_to_be_told and not (is_settled and await self._tell(ENDS[fault], FAULTS[fault], now)):
            return
        del known[fault]
        with suppress(*CANNOT_STORE):  # then it is told again after the next start, unless that was a day ago
            await self._stored.delete(fault)

    async def _keep(self, fault: Fault, notice: OwnerNotice) -> None:
        assert self._known is not None
        self._known[fault] = notice
        with suppress(*CANNOT_STORE):
            await self._stored.save(fault, notice)

    async def _tell(self, text: str, contrary: str, now: datetime) -> bool:
        """Send a direct message, unless it stands there already; returns whether it stands there now."""
        if self._silent_until and now < self._silent_until:
            return False
        try:
            channel = await wait_for_answer(self._bot.create_dm(discord.Object(self._owner_id)), ANSWER_TIMEOUT)
            if not await wait_for_answer(self._was_told(channel, text, contrary, now), ANSWER_TIMEOUT):
                await wait_for_answer(channel.send(text, suppress_embeds=True), ANSWER_TIMEOUT)
        except REQUEST_ERRORS as error:
            if self._silent_until is None:
                log.warning("the owner could not be told on Discord: %s", error or type(error).__name__)
            self._silent_until = now + TRY_AGAIN_AFTER
            return False
        self._silent_until = None
        return True

    async def _was_told(self, channel: discord.DMChannel, text: str, contrary: str, now: datetime) -> bool:
        """Whether the latest message about this fault says so already, and was sent within a day."""
        async for message in channel.history(limit=MESSAGES_READ, after=now - TOLD_WITHIN, oldest_first=False):
            if message.author == self._bot.user and message.content in {text, contrary}:
                return message.content == text
        return False

    @property
    def _owner_id(self) -> int:
        application = self._bot.application
        assert application is not None  # known from the login
        team = application.team
        return (team.owner_id if team else None) or application.owner.id
