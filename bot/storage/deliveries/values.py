"""A delivery and its messages, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.digest import Digest, Highlight
from bot.reasons import Reason
from bot.storage.posted_papers import PostedMessage
from bot.subscription.settings import DigestSettings

_SERVER_ERROR = 500  # HTTP status
ENOUGH_SERVER_ERRORS = 3  # each after five tries of discord.py; after so many, the message is the cause, not an outage


class DeliveryState(StrEnum):
    PLANNED = "planned"
    SENT = "sent"
    QUIET = "quiet"
    FAILED = "failed"
    UNDONE = "undone"  # by an admin


class MessageForm(StrEnum):
    """How a message is sent. Each form has less in it that Discord can reject."""

    FULL = "full"  # as the settings want it
    UNLINKED = "bare"  # without pictures and outside links
    PLAIN = "plain"  # a line for each paper
    SET_ASIDE = "refused"  # Discord rejects its only paper: it is not sent, or tried once more after the others


@dataclass(frozen=True, slots=True)
class RejectedPaper:
    """A paper that Discord does not let a subscription post."""

    paper_id: str
    error_code: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a delivery, numbered from 1.

    - `attempted_at`: when its first attempt in doubt began; `attempted_at_discord`: by Discord's clock, if known
    - `place_id`: the channel or forum post that it is in
    - `has_thread`, `published_at`: whether its follow-ups are done, where the settings want them
    - `error_code`: why Discord rejected its earlier form, or the message that it was split from
    - `server_errors`: how many server errors Discord answered with
    - `positions`: the positions of the highlights that it shows
    - `searched_until`: the id of the last message that the search for it has looked at
    """

    number: int
    nonce: str
    attempted_at: datetime | None = None
    place_id: int | None = None
    message_id: int | None = None
    sent_at: datetime | None = None
    has_thread: bool = False
    published_at: datetime | None = None
    form: MessageForm = MessageForm.FULL
    error_code: int | None = None
    server_errors: int = 0
    positions: tuple[int, ...] = ()
    searched_until: int | None = None
    attempted_at_discord: datetime | None = None

    @property
    def search_around(self) -> datetime | None:
        """About when Discord may have created it; None if no attempt is in doubt."""
        return self.attempted_at and (self.attempted_at_discord or self.attempted_at)

    @property
    def is_plain(self) -> bool:
        """Whether it is sent as plain lines, as is a message set aside that is tried once more."""
        return self.form in {MessageForm.PLAIN, MessageForm.SET_ASIDE}

    @property
    def keeps_failing(self) -> bool:
        """Whether Discord has answered this form with so many server errors that trying again is pointless."""
        return self.server_errors >= ENOUGH_SERVER_ERRORS

    @property
    def is_hopeless(self) -> bool:
        """Whether it keeps failing and has no simpler form."""
        return self.keeps_failing and self.form is MessageForm.PLAIN and len(self.positions) == 1

    @property
    def may_be_retried(self) -> bool:
        """Whether it was set aside for server errors, which may be over once the other messages are sent."""
        return self.form is MessageForm.SET_ASIDE and self.error_code == _SERVER_ERROR and not self.keeps_failing

    @property
    def is_given_up(self) -> bool:
        """Whether Discord rejects it in every form, even though it shows a single paper."""
        set_aside = self.form is MessageForm.SET_ASIDE and not self.may_be_retried
        return self.message_id is None and (set_aside or self.is_hopeless)


@dataclass(frozen=True, slots=True)
class DigestInputs:
    """What a subscription's next digest is composed from, all read at one moment.

    Days up to `covered_until` are done (None before the first run); the digest starts with `first_day`. `highlighted`
    are the candidates that must not be repeated, also because one of `sharing_subscriptions` has had them. Of papers
    that were listed up to `doubtful_until`, it is not known which were posted, so none may come. `captured_at` says
    when each list was last read, and `change` is the archive's last change.
    """

    covered_until: date | None
    first_day: date
    highlighted: frozenset[str]
    captured_at: Mapping[date, datetime]
    change: int
    sharing_subscriptions: tuple[int, ...] = ()
    doubtful_until: date | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A digest on its way, or arrived, planned with `settings`: for a server, or for the person `user_id`.

    `reason` says why it failed or is not sent yet; `rejected_papers` had to be left out. `extra` numbers the extra
    digests of a date, from 1; it is 0 for the date's run. `moved_to` is the channel of the direct messages with the
    person, if it is not the one that the delivery was planned for any more.
    """

    id: int
    subscription_id: int
    guild_id: int
    channel_id: int
    run_date: date
    state: DeliveryState
    reason: Reason | None
    settings: DigestSettings
    digest: Digest
    messages: tuple[Message, ...]
    planned_at: datetime
    attempts: int
    rejected_papers: tuple[RejectedPaper, ...] = ()
    extra: int = 0
    user_id: int | None = None
    moved_to: int | None = None

    @property
    def owner_id(self) -> int:
        """The id of the server or of the person."""
        return self.user_id or self.guild_id

    @property
    def log_fields(self) -> dict[str, int]:
        """What it is about, as fields for `extra` of a log line. A person is not named."""
        about = {"delivery": self.id, "subscription": self.subscription_id}
        return about if self.user_id else about | {"guild": self.guild_id}

    @property
    def rejected_messages(self) -> tuple[Message, ...]:
        """The messages that Discord rejects in every form."""
        return tuple(each for each in self.messages if each.is_given_up)

    @property
    def may_be_undone(self) -> bool:
        """Whether it highlighted something in a message that is there, and no other message of it may be coming.

        It may still be planned: to be published, or to send the rest.
        """
        return self.has_arrived and bool(self.digest.highlights) and not self.is_in_doubt

    @property
    def has_arrived(self) -> bool:
        """Whether at least one message has arrived."""
        return any(message.message_id for message in self.messages)

    @property
    def in_doubt_since(self) -> datetime | None:
        """When the oldest attempt in doubt was made."""
        return min((each.attempted_at for each in self.messages if each.attempted_at), default=None)

    @property
    def is_in_doubt(self) -> bool:
        """Whether an attempt may have created a message that is not recorded."""
        return self.in_doubt_since is not None

    def get_highlights(self, message: Message) -> tuple[Highlight, ...]:
        """The highlights that a message shows."""
        return tuple(each for each in self.digest.highlights if each.position in message.positions)

    def is_first_message(self, message: Message) -> bool:
        """Whether a message is the first one of the delivery that people see."""
        return message == next((each for each in self.messages if each.form is not MessageForm.SET_ASIDE), None)

    @property
    def posted_message(self) -> PostedMessage | None:
        """The first message, once it has arrived."""
        first = self.messages[0] if self.messages else None
        if first and first.place_id and first.message_id and first.sent_at:
            return PostedMessage(self.guild_id, self.channel_id, first.place_id, first.message_id, first.sent_at)
        return None
