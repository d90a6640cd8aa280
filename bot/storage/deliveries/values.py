"""What a delivery is, with its messages."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.digest import Digest, Highlight
from bot.reasons import Reason
from bot.storage.posts import Post
from bot.subscription.settings import Wish


class DeliveryState(StrEnum):
    PLANNED = "planned"
    SENT = "sent"
    QUIET = "quiet"
    FAILED = "failed"
    UNDONE = "undone"  # by an admin


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a delivery, numbered from 1.

    `attempted_at` is set while a send has begun whose outcome nobody has recorded. `place_id` is the channel, or the
    forum post, that it stands in. `threaded` and `published_at` say whether that was done, if it was wanted.
    """

    number: int
    nonce: str
    attempted_at: datetime | None = None
    place_id: int | None = None
    message_id: int | None = None
    sent_at: datetime | None = None
    threaded: bool = False
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A digest on its way or arrived, as `wish` had it. `reason` says why it failed or is not sent yet."""

    id: int
    subscription_id: int
    guild_id: int
    channel_id: int
    run_date: date
    state: DeliveryState
    reason: Reason | None
    wish: Wish
    digest: Digest
    messages: tuple[Message, ...]
    planned_at: datetime
    attempts: int

    @property
    def in_doubt(self) -> bool:
        """Whether an earlier attempt may have made a message that is not recorded."""
        return any(message.attempted_at for message in self.messages)

    def highlights_in(self, message: Message) -> tuple[Highlight, ...]:
        """What a message shows: all highlights, or the one with its number where each has a message."""
        apart = self.wish.posting.one_message_each
        return tuple(each for each in self.digest.highlights if not apart or each.position == message.number)

    @property
    def post(self) -> Post | None:
        """The first message, once it has arrived."""
        for message in self.messages[:1]:
            if message.place_id and message.message_id and message.sent_at:
                return Post(self.guild_id, self.channel_id, message.place_id, message.message_id, message.sent_at)
        return None
