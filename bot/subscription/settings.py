"""The settings of a subscription: where and when it posts, what, and how. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from bot.subscription.schedule import Schedule

MAX_PAPERS = 10  # in a digest
MAX_UPVOTES = 10_000  # that a subscription may ask for
MAX_FILTER_LENGTH = 300  # characters
ArchiveMinutes = Literal[60, 1440, 4320, 10080]  # of silence, after which Discord archives a thread


@dataclass(frozen=True, slots=True)
class Selection:
    """Which papers a digest may have: how many, with how many upvotes, and how many risers.

    `filter` is in the query language; an empty one matches every paper. With `allow_repeats`, a digest may have papers
    that another digest with the same channel and cadence had.
    """

    size: int = 5
    min_upvotes: int = 0
    risers: int = 1
    filter: str = ""
    allow_repeats: bool = False


class DigestLayout(StrEnum):
    """How the papers are arranged: a block for each paper, a line for each, or a picture of the first above a list."""

    LIST = "list"
    COMPACT = "compact"
    CARDS = "cards"


class Threads(StrEnum):
    """Where people discuss: in no thread, in one for each digest, or in one for each paper.

    In a forum the threads are its posts, and every digest has at least one.
    """

    NONE = "none"
    PER_DIGEST = "digest"
    PER_PAPER = "highlight"


@dataclass(frozen=True, slots=True)
class ChannelAbilities:
    """What a kind of channel can do with a digest.

    `threads` are the choices, the default first. `publish_limit` is how many messages can be published to its followers
    in an hour; 0 if none can. If it `is_forum`, every digest is in posts of its own, which are its threads too.
    """

    threads: tuple[Threads, ...] = (Threads.NONE, Threads.PER_DIGEST, Threads.PER_PAPER)
    publish_limit: int = 0
    quiet_line: bool = True
    is_forum: bool = False


@dataclass(frozen=True, slots=True)
class PostingOptions:
    """How a digest is posted.

    `publish` sends messages on to the channel's followers. A role is pinged if a highlight has at least `ping_upvotes`.
    `silent` messages notify no one. With `quiet_line`, a quiet run posts a line that says so.
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
        """Whether each paper gets its own message."""
        return self.threads is Threads.PER_PAPER


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """All that an admin chose for a subscription."""

    channel_id: int
    schedule: Schedule
    selection: Selection = field(default_factory=Selection)
    posting: PostingOptions = field(default_factory=PostingOptions)


def limit_to_abilities(posting: PostingOptions, abilities: ChannelAbilities) -> PostingOptions:
    """The posting options, without those that a kind of channel does not support."""
    possible = posting.threads in abilities.threads
    return replace(
        posting,
        threads=posting.threads if possible else abilities.threads[0],
        publish=posting.publish and abilities.publish_limit > 0,
        quiet_line=posting.quiet_line and abilities.quiet_line,
    )


def adapt_to_channel(posting: PostingOptions, before: ChannelAbilities, after: ChannelAbilities) -> PostingOptions:
    """The posting options for a channel of another kind: default threads become the default threads there."""
    if posting.threads is before.threads[0]:
        posting = replace(posting, threads=after.threads[0])
    return limit_to_abilities(posting, after)
