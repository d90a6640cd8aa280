"""What a delivery needs of a destination of any kind."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import discord
from discord.ui import LayoutView

from bot.papers import Paper
from bot.reasons import Reason
from bot.storage import OwnMessage
from bot.subscription.settings import ChannelAbilities, PostingOptions

SaveProgress = Callable[[int], Awaitable[None]]  # records the id of the last message that a search has looked at
Pace = Callable[[], Awaitable[None]]  # waits until the next request may be made


async def do_not_wait() -> None:
    """The pace of the few requests that need not queue."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to send. `thread_name` names its post, `papers` are those it shows, `role` is the one it pings."""

    view: LayoutView
    nonce: str
    thread_name: str
    posting: PostingOptions
    papers: tuple[Paper, ...] = ()
    role: discord.Role | None = None

    @property
    def mentions(self) -> discord.AllowedMentions:
        """Allows the message to ping its role, and nothing else."""
        return discord.AllowedMentions(everyone=False, users=False, roles=[self.role] if self.role else False)


@dataclass(frozen=True, slots=True)
class SoughtMessage:
    """A message that may exist, and that was sent `around` some time by Discord's clock.

    A search of a long history begins after the message `searched_until`, and calls `save_progress` as it goes.
    """

    nonce: str
    thread_name: str
    around: datetime
    searched_until: int | None
    save_progress: SaveProgress


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that exists. `place_id` is the channel or forum post that it is in."""

    place_id: int
    message_id: int
    sent_at: datetime


class Destination(ABC):
    """Where digests are sent. Each kind has a module of its own; its `abilities` say what it can do."""

    abilities: ClassVar[ChannelAbilities]

    @property
    @abstractmethod
    def id(self) -> int:
        """Discord's id."""

    @abstractmethod
    def find_obstacle(self, posting: PostingOptions) -> Reason | None:
        """Why nothing can be posted as `posting` wants it; None if it can."""

    @abstractmethod
    def find_search_obstacle(self) -> Reason | None:
        """Why messages cannot be searched for; None if they can."""

    @abstractmethod
    def get_pinged_role(self, posting: PostingOptions) -> discord.Role | None:
        """The role to ping; None if there is none, it was deleted, or it is @everyone."""

    @abstractmethod
    async def send_message(self, outgoing: OutgoingMessage) -> SentMessage:
        """Send the message."""

    @abstractmethod
    async def find_message(self, sought: SoughtMessage, pace: Pace) -> SentMessage | None:
        """The message, if it exists."""

    @abstractmethod
    async def read_digests(self, since: int, pace: Pace) -> tuple[list[OwnMessage], int | None]:
        """Some of the messages of digests here after the message or post `since`, oldest first.

        The second value is the message or post after which to go on; None if there are no more.
        """

    @abstractmethod
    async def open_thread(self, message_id: int, name: str, posting: PostingOptions) -> None:
        """Open a thread on a message. Does nothing if it has one, or if the message was deleted."""

    @abstractmethod
    async def publish_message(self, message_id: int) -> None:
        """Publish a message. Does nothing if that was done before, or if the message was deleted."""

    @abstractmethod
    async def delete_message(self, place_id: int, message_id: int, *, has_thread: bool) -> bool:
        """Delete a message if it is still there, and its thread or post if no one else has written in it.

        False if the thread or post stays.
        """
