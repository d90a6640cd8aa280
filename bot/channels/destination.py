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
from bot.subscription.settings import ChannelAbilities, PostingOptions

SaveProgress = Callable[[int], Awaitable[None]]  # notes the message until which a search has looked
Pace = Callable[[], Awaitable[None]]  # waits until the next request may be made


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message on its way: `name` is that of its post or thread, `papers` those it shows, `role` the one it pings."""

    view: LayoutView
    nonce: str
    thread_name: str
    posting: PostingOptions
    papers: tuple[Paper, ...] = ()
    role: discord.Role | None = None

    @property
    def mentions(self) -> discord.AllowedMentions:
        """It pings its role alone."""
        return discord.AllowedMentions(everyone=False, users=False, roles=[self.role] if self.role else False)


@dataclass(frozen=True, slots=True)
class SoughtMessage:
    """A message that may exist: its nonce, its thread's name, and about when it was sent by Discord's clock.

    A search of a long history continues after the message `searched_until`, and calls `save_progress` as it goes.
    """

    nonce: str
    thread_name: str
    around: datetime
    searched_until: int | None
    save_progress: SaveProgress


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that is there; `place_id` is the channel, or the forum post, that it stands in."""

    place_id: int
    message_id: int
    sent_at: datetime


class Destination(ABC):
    """Where digests are posted. Each kind has a module of its own; what it can do says its `abilities`."""

    abilities: ClassVar[ChannelAbilities]

    @property
    @abstractmethod
    def id(self) -> int:
        """Discord's id."""

    @property
    @abstractmethod
    def position(self) -> int:
        """Where it stands among others of its kind."""

    @abstractmethod
    def find_obstacle(self, posting: PostingOptions) -> Reason | None:
        """Why nothing can be posted as `posting` wants it; None where nothing is in the way."""

    @abstractmethod
    def find_search_obstacle(self) -> Reason | None:
        """Why a message cannot be looked for."""

    @abstractmethod
    def find_ping_obstacle(self, posting: PostingOptions) -> Reason | None:
        """Why nobody would be pinged who is meant to be."""

    @abstractmethod
    def get_pinged_role(self, posting: PostingOptions) -> discord.Role | None:
        """The role to ping, as long as it exists; @everyone is none."""

    @abstractmethod
    async def send_message(self, outgoing: OutgoingMessage) -> SentMessage:
        """Send the message."""

    @abstractmethod
    async def find_message(self, lost: SoughtMessage, pace: Pace) -> SentMessage | None:
        """The message, if it is there; None where it is known not to be."""

    @abstractmethod
    async def open_thread(self, message_id: int, name: str, posting: PostingOptions) -> None:
        """Open a thread on a message, which may have one already, or be gone."""

    @abstractmethod
    async def publish_message(self, message_id: int) -> None:
        """Send a message on to those who follow; that may be done already, or it may be gone."""

    @abstractmethod
    async def delete_message(self, place_id: int, message_id: int, *, threaded: bool) -> bool:
        """Delete a message, and its thread or post if nobody else has written in it.

        False where that stays behind. What is gone already is no error.
        """
