"""What a delivery is, with its messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.digest import Digest, Highlight
from bot.reasons import Reason
from bot.storage.posted_papers import PostedMessage
from bot.subscription.settings import DigestSettings

_SERVER_ERROR = 500  # of HTTP
ENOUGH_SERVER_ERRORS = 3  # each after five tries of discord.py: then it is the message, and no outage


class DeliveryState(StrEnum):
    PLANNED = "planned"
    SENT = "sent"
    QUIET = "quiet"
    FAILED = "failed"
    UNDONE = "undone"  # by an admin


class MessageForm(StrEnum):
    """How a message is sent: the simpler, the less of it Discord can refuse."""

    FULL = "full"  # as the settings has it
    UNLINKED = "bare"  # without pictures and outside links
    PLAIN = "plain"  # a line for each paper
    SET_ASIDE = "refused"  # not at all, or once more after the others: Discord does not take its only paper


@dataclass(frozen=True, slots=True)
class RejectedPaper:
    """A paper that Discord does not let a subscription post; `refusal` is the error code."""

    paper_id: str
    error_code: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a delivery, numbered from 1.

    `attempted_at` is set while a send has begun whose outcome nobody has recorded; `attempted_at_discord` is what time
    it was there, if that is known. `place_id` is the channel, or the forum post, that it stands in. `threaded` and
    `published_at` say whether that was done, if it was wanted. `refusal` is the error code that brought it to its
    `form`, or made it a part of another; `server_errors` are those that Discord has answered to it. `positions` are
    those of the highlights that it shows. `searched_until` is the last message of the channel at which the search for
    it has looked.
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
        """About when Discord has made it, if it has; None where no attempt is in doubt."""
        return self.attempted_at and (self.attempted_at_discord or self.attempted_at)

    @property
    def is_plain(self) -> bool:
        """Whether it is sent as plain lines; one that was set aside is, when it is tried once more."""
        return self.form in {MessageForm.PLAIN, MessageForm.SET_ASIDE}

    @property
    def keeps_failing(self) -> bool:
        """Whether Discord answers to it, in this form, with errors of its own that will not pass."""
        return self.server_errors >= ENOUGH_SERVER_ERRORS

    @property
    def is_hopeless(self) -> bool:
        """Whether there is no simpler form to try either."""
        return self.keeps_failing and self.form is MessageForm.PLAIN and len(self.positions) == 1

    @property
    def may_be_retried(self) -> bool:
        """Whether it was set aside for errors of Discord's own, which the others may have outlasted."""
        return self.form is MessageForm.SET_ASIDE and self.error_code == _SERVER_ERROR and not self.keeps_failing

    @property
    def is_given_up(self) -> bool:
        """Whether Discord takes it in no form, though it shows a single paper."""
        set_aside = self.form is MessageForm.SET_ASIDE and not self.may_be_retried
        return self.message_id is None and (set_aside or self.is_hopeless)


@dataclass(frozen=True, slots=True)
class DigestInputs:
    """What a subscription's next digest is composed from, all read at one moment.

    Days up to `covered_until` are done (None before the first run), and the digest starts with `first_day`.
    `highlighted` are the papers that must not be repeated, of those that could be; they include the papers of
    `sharing_subscriptions`. `captured_at` says when each list was last read, and `change` is the archive's last change.
    """

    covered_until: date | None
    first_day: date
    highlighted: frozenset[str]
    captured_at: Mapping[date, datetime]
    change: int
    sharing_subscriptions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A digest on its way or arrived, as `settings` had it.

    `reason` says why it failed or is not sent yet; `refused` are the papers it had to do without.
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

    @property
    def rejected_messages(self) -> tuple[Message, ...]:
        """Those that Discord takes in no form."""
        return tuple(each for each in self.messages if each.is_given_up)

    @property
    def has_arrived(self) -> bool:
        """Whether something of it has."""
        return any(message.message_id for message in self.messages)

    @property
    def in_doubt_since(self) -> datetime | None:
        """When the oldest attempt was made whose outcome is unknown."""
        return min((each.attempted_at for each in self.messages if each.attempted_at), default=None)

    @property
    def is_in_doubt(self) -> bool:
        """Whether an earlier attempt may have made a message that is not recorded."""
        return self.in_doubt_since is not None

    def get_highlights(self, message: Message) -> tuple[Highlight, ...]:
        """What a message shows."""
        return tuple(each for each in self.digest.highlights if each.position in message.positions)

    def is_first_message(self, message: Message) -> bool:
        """Whether a message is the first that people see of the delivery."""
        return message == next((each for each in self.messages if each.form is not MessageForm.SET_ASIDE), None)

    @property
    def posted_message(self) -> PostedMessage | None:
        """The first message, once it has arrived."""
        for message in self.messages[:1]:
            if message.place_id and message.message_id and message.sent_at:
                return PostedMessage(
                    self.guild_id, self.channel_id, message.place_id, message.message_id, message.sent_at
                )
        return None
