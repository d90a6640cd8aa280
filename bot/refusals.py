"""Why we don't do what a person asked for: a value, put into words by `bot.layouts`."""

from collections.abc import Sequence
from enum import Enum, auto

from bot.reasons import Reason


class Refusal(Enum):
    """Why not. The comments name the arguments of a refusal."""

    # What was typed is not understood
    TIME_UNCLEAR = auto()
    WEEKDAYS_UNCLEAR = auto()
    TIMEZONE_UNKNOWN = auto()
    TIMEZONE_AMBIGUOUS = auto()  # examples: cities in different time zones
    UPVOTES_UNCLEAR = auto()
    SIZE_UNCLEAR = auto()
    FIELD_UNKNOWN = auto()
    FILTER_TOO_LONG = auto()  # number: the characters it may have
    FILTER_UNCLEAR = auto()
    DATE_UNCLEAR = auto()  # text: today
    QUERY_EMPTY = auto()
    QUERY_UNCLEAR = auto()

    # The person may not do it, or not here
    SERVER_ONLY = auto()
    BOT_NOT_HERE = auto()
    MANAGE_SERVER_NEEDED = auto()
    COMMAND_DENIED = auto()
    MAY_NOT_POST = auto()  # channel_id, permissions
    MAY_NOT_PING = auto()  # channel_id, number: of the role
    MAY_NOT_SHARE = auto()  # permissions
    SHARED_ALREADY = auto()
    NOTHING_TO_SHARE = auto()
    POSTED_OUTSIDE_SERVER = auto()
    FILES_NOT_ALLOWED = auto()
    FILE_TOO_LARGE = auto()
    SERVER_BLOCKED = auto()
    PERSON_BLOCKED = auto()
    QUESTION_NOT_YOURS = auto()

    # It can't be stored
    DATABASE_BUSY = auto()
    DATABASE_AWAY = auto()

    # Subscriptions
    NO_SUBSCRIPTIONS = auto()
    SUBSCRIPTION_UNKNOWN = auto()
    SUBSCRIPTION_NEEDED = auto()
    TOO_MANY_SUBSCRIPTIONS = auto()
    SAME_DIGEST = auto()  # number: of the subscription
    CHANGED_MEANWHILE = auto()
    NOT_ACTIVE = auto()
    CHANNEL_UNFIT = auto()  # reason, channel_id
    CHANNEL_HIDDEN = auto()
    NO_CHANNELS = auto()
    EVERYONE_NOT_PINGED = auto()
    PANEL_CLOSED = auto()
    PANEL_NOT_YOURS = auto()

    # Following
    TOO_MANY_FOLLOWED = auto()  # number: the queries that a person may follow
    FOLLOWS_EVERYTHING = auto()  # a query without anything to look for
    FOLLOWS_NOTHING = auto()
    FOLLOWED_GONE = auto()

    # Saving
    TOO_MANY_SAVED = auto()  # number: the papers that a person may save
    NOT_SAVED = auto()

    # Digests
    NOT_NOW = auto()  # reason
    NOTHING_TO_SEND = auto()  # reason
    RUN_ALREADY_SENT = auto()
    TOO_MANY_EXTRA_DIGESTS = auto()  # number: the extra digests that a day may have
    STILL_ON_ITS_WAY = auto()
    RESTORING = auto()  # it is not known yet what was posted since a backup
    NOTHING_TO_UNDO = auto()
    NOT_LAST_DIGEST = auto()
    NOT_UNDONE = auto()  # reason

    # Papers
    PAPER_UNKNOWN = auto()
    NO_SUCH_PAPER = auto()  # text: its id
    PAPER_TOO_OLD = auto()  # text: its id
    PAPERS_DOWN = auto()  # text: the id of the paper
    HUB_DOWN = auto()
    HUB_HAS_NOTHING_NEW = auto()
    INDEX_INCOMPLETE = auto()
    NOTHING_MATCHES = auto()  # text: the query
    NOTHING_SIMILAR = auto()  # text: the id of the paper
    NOTHING_POSTED = auto()  # text: today
    NOTHING_EVER_POSTED = auto()  # text: today
    NOTHING_LISTED = auto()  # text: today
    ARCHIVE_EMPTY = auto()
    PAGE_GONE = auto()
    SEARCH_EXPIRED = auto()
    NO_FEEDS = auto()
    FEED_TOO_LONG = auto()  # number: the characters that the query of a feed may have
    CONTROL_STALE = auto()

    # Anything
    READ_TOO_SLOW = auto()
    TOOK_TOO_LONG = auto()
    DISK_FULL = auto()


class Refused(Exception):
    """Raised if something a person asked for is not done, or not all of it."""

    def __init__(
        self,
        refusal: Refusal,
        *,
        reason: Reason | None = None,
        channel_id: int | None = None,
        number: int | None = None,
        text: str = "",
        permissions: Sequence[str] = (),
        examples: Sequence[str] = (),
    ) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.reason = reason
        self.channel_id = channel_id
        self.number = number
        self.text = text
        self.permissions = tuple(permissions)
        self.examples = tuple(examples)
