"""Who may use `/digest`: Discord's own rule, for the buttons, selects and modals, which Discord lets everyone use.

A server's admins override who may use a command under *Server Settings → Integrations*: for roles, members and
channels, for one command or for the whole app.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import discord

from bot.channels.requests import REQUEST_ERRORS, wait_for_answer
from bot.refusals import Refusal

log = logging.getLogger(__name__)

COMMAND = "digest"
KEPT_FOR = timedelta(minutes=10)  # Discord tells about changes; this is for those that it did not tell
UNREADABLE_FOR = timedelta(seconds=10)
MAX_SERVERS = 1000
WAIT_SECONDS = 1.0  # a modal can only be opened before the answer is deferred
READ_SECONDS = 10.0


class Target(IntEnum):
    """What an override is for, by Discord's numbers."""

    ROLE = 1
    MEMBER = 2
    CHANNEL = 3


@dataclass(frozen=True, slots=True)
class Override:
    """What a server's admins decided for a role, a member or a channel."""

    target: Target
    id: int
    is_allowed: bool


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a server's admins decided: for the command, and for all commands of the app."""

    of_command: tuple[Override, ...] = ()
    of_app: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandUser:
    """Who wants to use the command, and where. `channel_id` is the channel itself, or the one that a thread is in."""

    guild_id: int
    channel_id: int | None
    id: int
    role_ids: frozenset[int]
    has_default_permissions: bool


def find_access_refusal(user: CommandUser, overrides: Overrides) -> Refusal | None:
    """Why someone who is no administrator may not use the command; None if they may.

    The channel is looked at first, and each override of the command before those of the app. A member's own override
    comes before those of their roles, of which one that allows is enough, and @everyone's comes last. An override of
    the app can refuse, but never allow what the default permissions do not.
    """
    if _is_channel_allowed(user, overrides) is False:
        return Refusal.COMMAND_DENIED
    by_command = _is_member_allowed(user, overrides.of_command)
    if by_command is None and _is_member_allowed(user, overrides.of_app) is not False:
        return None if user.has_default_permissions else Refusal.MANAGE_SERVER_NEEDED
    return None if by_command else Refusal.COMMAND_DENIED


def _is_channel_allowed(user: CommandUser, overrides: Overrides) -> bool | None:
    all_channels = user.guild_id - 1  # Discord's id for them
    for entries in (overrides.of_command, overrides.of_app):
        for channel_id in (user.channel_id, all_channels):
            found = [each.is_allowed for each in entries if (each.target, each.id) == (Target.CHANNEL, channel_id)]
            if found:
                return all(found)
    return None


def _is_member_allowed(user: CommandUser, entries: Sequence[Override]) -> bool | None:
    """What is decided for a member by one list of overrides; None if nothing is."""
    own = [each.is_allowed for each in entries if (each.target, each.id) == (Target.MEMBER, user.id)]
    if own:
        return all(own)
    roles = {each.id: each.is_allowed for each in entries if each.target is Target.ROLE}
    everyone = roles.pop(user.guild_id, None)  # the role @everyone has the server's id
    of_roles = [is_allowed for role_id, is_allowed in roles.items() if role_id in user.role_ids]
    return any(of_roles) if of_roles else everyone


class _Read:
    """A server's overrides: on their way, or here since `began_at` at the earliest. None if they cannot be read."""

    def __init__(self, task: asyncio.Task[Overrides | None], began_at: datetime) -> None:
        self.task = task
        self.began_at = began_at
        self.is_outdated = False

    def is_over(self, now: datetime) -> bool:
        if self.is_outdated:
            return True
        if not self.task.done():
            return False
        if self.task.cancelled() or self.task.exception():
            return True
        return not timedelta(0) <= now - self.began_at < (KEPT_FOR if self.task.result() else UNREADABLE_FOR)


class CommandAccess:
    """Knows each server's overrides of the command. They are read when somebody needs them, and kept for a while."""

    def __init__(self, client: discord.Client, get_command_id: Callable[[], int | None]) -> None:
        """`get_command_id` gives the command's id; None if it was never registered."""
        self._client = client
        self._get_command_id = get_command_id
        self._reads: dict[int, _Read] = {}  # by server, those asked for last at the end

    async def find_refusal(self, user: CommandUser, now: datetime) -> Refusal | None:
        """Why someone who is no administrator may not use the command. Unreadable overrides count as none."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                overrides = await self._get_overrides(user.guild_id, now)
        except TimeoutError:
            overrides = None
        return find_access_refusal(user, overrides or Overrides())

    def forget_server(self, guild_id: int) -> None:
        """A server's overrides have changed."""
        if read := self._reads.pop(guild_id, None):
            read.is_outdated = True

    def forget_all(self) -> None:
        """Any server's overrides may have changed."""
        for guild_id in list(self._reads):
            self.forget_server(guild_id)

    async def _get_overrides(self, guild_id: int, now: datetime) -> Overrides | None:
        while True:
            read = self._get_or_begin_read(guild_id, now)
            overrides = await asyncio.shield(read.task)  # others may wait for it too
            if not read.is_outdated:
                return overrides

    def _get_or_begin_read(self, guild_id: int, now: datetime) -> _Read:
        read = self._reads.pop(guild_id, None)
        if read is None or read.is_over(now):
            read = _Read(asyncio.create_task(self._read_overrides(guild_id), context=Context()), now)
        self._reads[guild_id] = read
        if len(self._reads) > MAX_SERVERS:
            del self._reads[next(iter(self._reads))]
        return read

    async def _read_overrides(self, guild_id: int) -> Overrides | None:
        """What Discord says; None if it cannot be read."""
        application_id, command_id = self._client.application_id, self._get_command_id()
        if application_id is None or command_id is None:
            return None
        try:
            both = asyncio.gather(
                self._read_entries(application_id, guild_id, command_id),
                self._read_entries(application_id, guild_id, application_id),
            )
            return Overrides(*await both)
        except (*REQUEST_ERRORS, KeyError, TypeError, ValueError) as error:
            log.warning("the command permissions of server %d could not be read: %s", guild_id, error)
            return None

    async def _read_entries(self, application_id: int, guild_id: int, command_id: int) -> tuple[Override, ...]:
        try:
            request = self._client.http.get_application_command_permissions(application_id, guild_id, command_id)
            answer: Any = await wait_for_answer(request, READ_SECONDS)
        except discord.NotFound:  # nothing was changed
            return ()
        return tuple(
            Override(Target(each["type"]), int(each["id"]), bool(each["permission"])) for each in answer["permissions"]
        )
