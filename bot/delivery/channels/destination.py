"""What delivery asks of a channel, whatever its kind."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import discord
from discord.ui import LayoutView

from bot.delivery.requests import Passing
from bot.papers import Paper
from bot.reasons import Reason, ReasonKind
from bot.subscription.settings import Abilities, Posting

SEARCH_MARGIN = timedelta(hours=1)  # before and after an attempt: clocks differ, and ticks may take their time
NEEDED = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)  # in every channel

Pace = Callable[[], Awaitable[None]]  # waits until the next request may be made


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way: `name` is that of its post or thread, `papers` those it shows, `role` the one it pings."""

    view: LayoutView
    nonce: str
    name: str
    posting: Posting
    papers: tuple[Paper, ...] = ()
    role: discord.Role | None = None

    @property
    def mentions(self) -> discord.AllowedMentions:
        """It pings its role alone."""
        return discord.AllowedMentions(everyone=False, users=False, roles=[self.role] if self.role else False)


@dataclass(frozen=True, slots=True)
class Lost:
    """A message that may be there: what it carries, and about when it was sent."""

    nonce: str
    name: str
    around: datetime


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that is there; `place_id` is the channel, or the forum post, that it stands in."""

    place_id: int
    message_id: int
    sent_at: datetime


class Destination(ABC):
    """A channel of a server, in which digests are posted. Each kind has a module of its own."""

    abilities: ClassVar[Abilities]

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    @property
    def id(self) -> int:
        return int(self.channel.id)

    @property
    def me(self) -> discord.Member:
        """The bot in the channel's server. Raises `Passing` while Discord does not know the server."""
        me: discord.Member | None = self.channel.guild.me
        if me is None:
            raise Passing(Reason(ReasonKind.SERVER_UNAVAILABLE))
        return me

    @property
    def granted(self) -> discord.Permissions:
        """What the bot may do in the channel."""
        permissions: discord.Permissions = self.channel.permissions_for(self.me)
        return permissions

    def needed_permissions(self, posting: Posting) -> dict[str, str]:  # noqa: ARG002  # other kinds do
        """The permissions that digests need, each with its name in the channel's settings."""
        return {name: name for name, wanted in NEEDED if wanted}

    def missing_permissions(self, posting: Posting) -> tuple[str, ...]:
        """Those that digests need and the bot lacks, named as in the channel's settings."""
        granted = self.granted
        if not granted.view_channel:  # it implies the others, which may well be granted
            return ("view_channel",)
        needed = self.needed_permissions(posting).items()
        return tuple(shown for name, shown in needed if not getattr(granted, name))

    def obstacle(self, posting: Posting) -> Reason | None:
        """Why nothing can be posted as `posting` wants it; None where nothing is in the way."""
        if self.me.timed_out_until and self.me.is_timed_out():  # it takes permissions, which are not missing then
            return Reason(ReasonKind.IN_TIME_OUT, until=self.me.timed_out_until)
        if missing := self.missing_permissions(posting):
            return Reason(ReasonKind.PERMISSIONS_MISSING, permissions=missing)
        return None

    def obstacle_to_finding(self) -> Reason | None:
        """Why a message cannot be looked for: Discord answers an empty history then, not an error."""
        if not self.granted.view_channel:
            return Reason(ReasonKind.CHANNEL_HIDDEN)
        if not self.granted.read_message_history:
            return Reason(ReasonKind.HISTORY_HIDDEN)
        return None

    def pinged_role(self, posting: Posting) -> discord.Role | None:
        """The role to ping, as long as it exists; @everyone is none."""
        role = self.channel.guild.get_role(posting.ping_role_id) if posting.ping_role_id else None
        return None if role is None or role.is_default() else role

    def obstacle_to_pinging(self, posting: Posting) -> Reason | None:
        """Why nobody would be pinged who is meant to be."""
        if posting.ping_role_id is None:
            return None
        role = self.pinged_role(posting)
        if role is None:
            return Reason(ReasonKind.ROLE_GONE)
        notified = role.mentionable or self.granted.mention_everyone
        return None if notified else Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=role.id)

    @abstractmethod
    async def send(self, outgoing: Outgoing) -> Arrived:
        """Send the message."""

    @abstractmethod
    async def find(self, lost: Lost, pace: Pace) -> Arrived | None:
        """The message, if it is there; None where it is known not to be."""

    async def open_thread(self, message_id: int, name: str, posting: Posting) -> None:
        """Open a thread on a message, which may have one already, or be gone."""
        raise NotImplementedError

    async def publish(self, message_id: int) -> None:
        """Send a message on to those who follow the channel; that may be done already, or it may be gone."""
        raise NotImplementedError

    @abstractmethod
    async def delete(self, place_id: int, message_id: int, *, threaded: bool) -> bool:
        """Delete a message, and its thread or post if nobody else has written in it.

        False where that stays behind. What is gone already is no error.
        """

    async def delete_thread(self, thread_id: int) -> discord.Thread | None:
        """The thread, if it stays behind: others have written in it, or the bot may not delete it."""
        try:
            thread = await self.channel.guild.fetch_channel(thread_id)  # the one in memory counts no messages
        except discord.NotFound:
            return None
        if not isinstance(thread, discord.Thread):
            return None
        if thread.message_count == 0 and self.granted.manage_threads:
            await ignoring_gone(thread.delete())
            return None
        return thread


async def ignoring_gone(deletion: Awaitable[None]) -> None:
    """Delete what may be gone already."""
    try:
        await deletion
    except discord.NotFound:
        return


def carries(message: discord.Message, nonce: str) -> bool:
    """Whether the nonce is in one of the message's buttons."""
    items = LayoutView.from_message(message).walk_children()
    return any(nonce in (getattr(item, "custom_id", None) or "") for item in items)
