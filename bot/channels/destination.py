"""What delivery asks of a destination, whatever its kind."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import discord
from discord.ui import LayoutView

from bot.papers import Paper
from bot.reasons import Reason
from bot.subscription.settings import Abilities, Posting

Mark = Callable[[int], Awaitable[None]]  # notes the message until which a search has looked
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
    """A message that may be there: what it carries, and about when it was sent, by Discord's clock.

    A search of a long history goes on after the message `searched_until`, and has `mark` note how far it has come.
    """

    nonce: str
    name: str
    around: datetime
    searched_until: int | None
    mark: Mark


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that is there; `place_id` is the channel, or the forum post, that it stands in."""

    place_id: int
    message_id: int
    sent_at: datetime


class Destination(ABC):
    """Where digests are posted. Each kind has a module of its own; what it can do says its `abilities`."""

    abilities: ClassVar[Abilities]

    @property
    @abstractmethod
    def id(self) -> int:
        """Discord's id."""

    @property
    @abstractmethod
    def position(self) -> int:
        """Where it stands among others of its kind."""

    @abstractmethod
    def obstacle(self, posting: Posting) -> Reason | None:
        """Why nothing can be posted as `posting` wants it; None where nothing is in the way."""

    @abstractmethod
    def obstacle_to_finding(self) -> Reason | None:
        """Why a message cannot be looked for."""

    @abstractmethod
    def obstacle_to_pinging(self, posting: Posting) -> Reason | None:
        """Why nobody would be pinged who is meant to be."""

    @abstractmethod
    def pinged_role(self, posting: Posting) -> discord.Role | None:
        """The role to ping, as long as it exists; @everyone is none."""

    @abstractmethod
    async def send(self, outgoing: Outgoing) -> Arrived:
        """Send the message."""

    @abstractmethod
    async def find(self, lost: Lost, pace: Pace) -> Arrived | None:
        """The message, if it is there; None where it is known not to be."""

    @abstractmethod
    async def open_thread(self, message_id: int, name: str, posting: Posting) -> None:
        """Open a thread on a message, which may have one already, or be gone."""

    @abstractmethod
    async def publish(self, message_id: int) -> None:
        """Send a message on to those who follow; that may be done already, or it may be gone."""

    @abstractmethod
    async def delete(self, place_id: int, message_id: int, *, threaded: bool) -> bool:
        """Delete a message, and its thread or post if nobody else has written in it.

        False where that stays behind. What is gone already is no error.
        """
