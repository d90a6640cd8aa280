"""What an admin settings of a subscription: when, where, what, and how it is posted. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from bot.subscription.schedule import Schedule

MAX_PAPERS = 10  # in a digest
MAX_UPVOTES = 10_000  # that a subscription may ask for
MAX_FILTER_LENGTH = 300  # characters
ArchiveMinutes = Literal[60, 1440, 4320, 10080]  # after which, without a word, Discord can archive a thread


@dataclass(frozen=True, slots=True)
class Selection:
    """Which papers a digest may have: how many, with how many upvotes, and how many risers.

    `filter` is in the query language; an empty one matches every paper. With `allow_repeats` it may have papers that
    another digest of the same channel and cadence has had.
    """

    size: int = 5
    min_upvotes: int = 0
    risers: int = 1
    filter: str = ""
    allow_repeats: bool = False


class DigestLayout(StrEnum):
    """How a digest looks: a block for each paper, a line for each, or the first with its picture."""

    LIST = "list"
    COMPACT = "compact"
    CARDS = "cards"


class Threads(StrEnum):
    """Where people discuss: nowhere in particular, in a thread for the digest, or in one for each highlight.

    In a forum the threads are its posts, and there is always one at least.
    """

    NONE = "none"
    PER_DIGEST = "digest"
    PER_HIGHLIGHT = "highlight"


@dataclass(frozen=True, slots=True)
class ChannelAbilities:
    """What a kind of channel can do with a digest.

    `threads` are the ones to choose from, the usual one first. So many messages are `publish_limit` to who
    follows it, 0 where nobody can. Where digests come `is_forum` of their own, posts are their threads too.
    """

    threads: tuple[Threads, ...] = (Threads.NONE, Threads.PER_DIGEST, Threads.PER_HIGHLIGHT)
    publish_limit: int = 0
    quiet_line: bool = True
    is_forum: bool = False


@dataclass(frozen=True, slots=True)
class PostingOptions:
    """How a digest is posted.

    `publish` sends an announcement on to its followers; a role
    is pinged when a highlight has `ping_upvotes` at least; `silent` posts notify nobody; with `quiet_line` a quiet run
    says so in a line.
    """

    layout: DigestLayout = DigestLayout.LIST
    threads: Threads = Threads.NONE
    archive_after: ArchiveMinutes = 1440
    publish: bool = False
    ping_role_id: int | None = None
    ping_upvotes: int = 0
    silent: bool = False
    quiet_line: bool = False

    @property
    def has_message_per_paper(self) -> bool:
        """Whether each highlight has a message of its own."""
        return self.threads is Threads.PER_HIGHLIGHT


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """A subscription as its admin wants it."""

    channel_id: int
    schedule: Schedule
    selection: Selection = field(default_factory=Selection)
    posting: PostingOptions = field(default_factory=PostingOptions)


def limit_to_abilities(posting: PostingOptions, abilities: ChannelAbilities) -> PostingOptions:
    """The posting without what a kind of channel cannot do."""
    possible = posting.threads in abilities.threads
    return replace(
        posting,
        threads=posting.threads if possible else abilities.threads[0],
        publish=posting.publish and abilities.publish_limit > 0,
        quiet_line=posting.quiet_line and abilities.quiet_line,
    )


def adapt_to_channel(posting: PostingOptions, before: ChannelAbilities, after: ChannelAbilities) -> PostingOptions:
    """The posting in a channel of another kind: a discussion that was only the usual one does not follow."""
    if posting.threads is before.threads[0]:
        posting = replace(posting, threads=after.threads[0])
    return limit_to_abilities(posting, after)
