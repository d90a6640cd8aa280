"""What an admin wishes of a subscription: when, where, what, and how it is posted. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from bot.subscription.schedule import Timetable

MOST_PAPERS = 10  # in a digest
MOST_UPVOTES = 10_000  # that a subscription may ask for
MOST_FILTER = 300  # characters
ArchiveMinutes = Literal[60, 1440, 4320, 10080]  # after which, without a word, Discord can archive a thread


@dataclass(frozen=True, slots=True)
class Taste:
    """What a subscription lets into its digests: how many, with how many upvotes, how many risers.

    `query` is its filter, in the query language; empty, everything passes. With `repeats` papers may come that another
    digest of the channel, of the same cadence, has had.
    """

    size: int = 5
    min_upvotes: int = 0
    risers: int = 1
    query: str = ""
    repeats: bool = False


class Layout(StrEnum):
    """How a digest looks: a block for each paper, a line for each, or the first with its picture."""

    LIST = "list"
    COMPACT = "compact"
    CARDS = "cards"


class Discussion(StrEnum):
    """Where people discuss: nowhere in particular, in a thread for the digest, or in one for each highlight.

    In a forum the threads are its posts, and there is always one at least.
    """

    NONE = "none"
    DIGEST = "digest"
    HIGHLIGHT = "highlight"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a kind of channel can do with a digest.

    `discussions` are the ones to choose from, the usual one first. So many messages are `published_an_hour` to who
    follows it, 0 where nobody can. Where digests come `in_posts` of their own, posts are their threads too.
    """

    discussions: tuple[Discussion, ...] = (Discussion.NONE, Discussion.DIGEST, Discussion.HIGHLIGHT)
    published_an_hour: int = 0
    quiet_line: bool = True
    in_posts: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """How a digest is posted.

    `publish` sends an announcement on to its followers; a role
    is pinged when a highlight has `ping_upvotes` at least; `silent` posts notify nobody; with `quiet_line` a quiet run
    says so in a line.
    """

    layout: Layout = Layout.LIST
    discussion: Discussion = Discussion.NONE
    archive_after: ArchiveMinutes = 1440
    publish: bool = False
    ping_role_id: int | None = None
    ping_upvotes: int = 0
    silent: bool = False
    quiet_line: bool = False

    @property
    def one_message_each(self) -> bool:
        """Whether each highlight has a message of its own."""
        return self.discussion is Discussion.HIGHLIGHT


@dataclass(frozen=True, slots=True)
class Wish:
    """A subscription as its admin wants it."""

    channel_id: int
    timetable: Timetable
    taste: Taste = field(default_factory=Taste)
    posting: Posting = field(default_factory=Posting)


def fit(posting: Posting, abilities: Abilities) -> Posting:
    """The posting without what a kind of channel cannot do."""
    possible = posting.discussion in abilities.discussions
    return replace(
        posting,
        discussion=posting.discussion if possible else abilities.discussions[0],
        publish=posting.publish and abilities.published_an_hour > 0,
        quiet_line=posting.quiet_line and abilities.quiet_line,
    )


def move(posting: Posting, before: Abilities, after: Abilities) -> Posting:
    """The posting in a channel of another kind: a discussion that was only the usual one does not follow."""
    if posting.discussion is before.discussions[0]:
        posting = replace(posting, discussion=after.discussions[0])
    return fit(posting, after)
