"""Why a run was quiet, waits or failed, or a subscription is suspended: a value, put into words by `bot.layouts`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReasonKind(StrEnum):
    """What happened. The comments name the arguments of a kind. The values are in databases, so they never change."""

    # A run highlights nothing
    NO_PAPERS_LISTED = "no_papers_listed"
    ALL_HIGHLIGHTED_BEFORE = "all_highlighted_before"
    NONE_MATCHES_FILTER = "none_passes_filter"
    TOO_FEW_UPVOTES = "too_few_upvotes"  # number: the upvotes needed
    NONE_FOLLOWED = "none_followed"  # by a person
    ALL_MUTED = "all_muted"

    # Papers can't be read, or not searched
    PAPERS_UNREACHABLE = "papers_unreachable"
    PAPERS_FAILED = "papers_refused"  # number: the HTTP status
    PAPERS_UNREADABLE = "papers_unreadable"
    PAPERS_QUOTA_LOW = "papers_quota_low"
    INDEX_BEHIND = "index_behind"
    INDEX_UNREADABLE = "index_unreadable"

    # The channel cannot be posted in
    CHANNEL_GONE = "channel_gone"
    CHANNEL_HIDDEN = "channel_hidden"
    CHANNEL_KIND_UNSUPPORTED = "channel_kind_unsupported"
    SERVER_GONE = "server_gone"
    SERVER_UNAVAILABLE = "server_unavailable"
    IN_TIME_OUT = "in_time_out"  # until
    PERMISSIONS_MISSING = "permissions_missing"  # permissions; empty if Discord did not say which
    HISTORY_HIDDEN = "history_hidden"
    NO_USABLE_TAG = "no_usable_tag"

    # A person cannot be written to
    INBOX_CLOSED = "inbox_closed"
    USER_GONE = "user_gone"
    BLOCKED = "blocked"  # by the operator
    OPENED_TOO_FAST = "opened_too_fast"  # until, if known: direct messages were opened for too many people

    # A ping reaches no one
    ROLE_GONE = "role_gone"
    ROLE_NOT_NOTIFIED = "role_not_notified"  # number: the role's id

    # Discord rejects or fails a request
    MESSAGE_REJECTED = "message_refused"  # number: Discord's error code
    TOO_MANY_THREADS = "too_many_threads"
    DISCORD_FAILED = "discord_failed"  # number: the HTTP status
    DISCORD_UNREACHABLE = "discord_unreachable"
    DISCORD_SILENT = "discord_silent"  # a request is still on its way
    RATE_LIMITED = "rate_limited"
    IN_DOUBT = "in_doubt"  # the search for an earlier message did not end
    PUBLISH_LIMIT_REACHED = "publish_limit_reached"  # number: messages an hour

    # The bot's data was restored from a backup
    SEARCHING_AFTER_RESTORE = "searching_after_restore"  # for what was posted since the backup
    FOUND_AFTER_RESTORE = "found_after_restore"  # in the channel, so that little is known of it
    NOT_FOUND_AFTER_RESTORE = "not_found_after_restore"  # the search did not end, so all counts as posted

    BOT_FAILED = "bot_failed"  # a bug of ours, which is in the log

    # A run is not sent
    SUPERSEDED = "superseded"
    NOT_FOLLOWED = "not_followed"  # by a person any more
    RUN_ALREADY_PLANNED = "run_taken"

    # From old versions, which stored sentences
    FREE_TEXT = "worded"  # text


# Discord's gateway tells us when these are over.
RECOVERABLE = frozenset(
    {
        ReasonKind.IN_TIME_OUT,
        ReasonKind.PERMISSIONS_MISSING,
        ReasonKind.HISTORY_HIDDEN,
        ReasonKind.CHANNEL_HIDDEN,
        ReasonKind.NO_USABLE_TAG,
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A kind with its arguments. `permissions` are named as in Discord's settings, such as `send_messages`."""

    kind: ReasonKind
    number: int | None = None
    permissions: tuple[str, ...] = ()
    until: datetime | None = None
    text: str = ""

    @property
    def is_recoverable(self) -> bool:
        """Whether the bot can see when it is over, which it can't for a permission that Discord did not name."""
        unnamed = self.kind is ReasonKind.PERMISSIONS_MISSING and not self.permissions
        return self.kind in RECOVERABLE and not unnamed

    @property
    def log_fields(self) -> dict[str, str]:
        """The kind as a field for `extra` of a log line."""
        return {"kind": self.kind.value}

    def __str__(self) -> str:
        """For logs: `message_refused number=50035`."""
        arguments = {
            "number": self.number,
            "permissions": ",".join(self.permissions),
            "until": self.until and self.until.isoformat(),
            "text": self.text,
        }
        return " ".join([self.kind, *(f"{name}={value}" for name, value in arguments.items() if value)])
