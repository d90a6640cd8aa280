"""Which servers and people this process is responsible for, when several processes share one database.

Discord deals servers out to shards by their ids. People have no shard there; they are dealt out the same way.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

MOST_SHARDS = 10_000
_SHIFT = 22  # the bits of an id below its time
_PART = re.compile(r"([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?")
_COUNT = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the `count` shards. Without arguments, it is everything, whatever number of shards Discord has."""

    shards: frozenset[int] = frozenset({0})
    count: int = 1

    def __post_init__(self) -> None:
        if not self.shards or min(self.shards) < 0 or max(self.shards) >= self.count:
            raise ValueError(f"shards {sorted(self.shards)} of {self.count}")

    def __str__(self) -> str:
        """As `parse_shards` reads it."""
        parts = (f"{first}-{last}" if first < last else str(first) for first, last in _list_ranges(self.shards))
        return f"{','.join(parts)}/{self.count}"

    @property
    def is_whole(self) -> bool:
        return len(self.shards) == self.count

    @property
    def leads(self) -> bool:
        """Whether this process also does what only one of them does, such as reading lists of papers."""
        return 0 in self.shards

    @property
    def fraction(self) -> float:
        """How much of the whole it is, up to 1."""
        return len(self.shards) / self.count

    def has(self, owner_id: int) -> bool:
        """Whether this process is responsible for a server or a person."""
        return (owner_id >> _SHIFT) % self.count in self.shards

    def build_condition(self, column: str) -> str:
        """SQL that says whether a column, or expression, has the id of a server or person of this share.

        NULL is nobody's, except that the whole share takes every row.
        """
        if self.is_whole:
            return "TRUE"
        return f"(({column}) >> {_SHIFT}) % {self.count} IN ({', '.join(map(str, sorted(self.shards)))})"


WHOLE = Share()


class ShardsProblem(Enum):
    """Why a text does not say which shards a process has."""

    MALFORMED = auto()
    NO_COUNT = auto()
    COUNT_OUT_OF_RANGE = auto()  # it is none, or over `MOST_SHARDS`
    BACKWARDS = auto()  # such as 5-3
    TOO_HIGH = auto()  # the shards of 4 are 0 to 3
    TWICE = auto()


class BadShards(ValueError):
    """`part` of the text is wrong."""

    def __init__(self, problem: ShardsProblem, part: str) -> None:
        super().__init__(f"{problem.name.lower().replace('_', ' ')}: {part!r}")
        self.problem = problem
        self.part = part


def parse_shards(text: str) -> Share:
    """Reads `0-24/100`, or `0,3,8-9/16`: which shards, and of how many. Raises `BadShards`."""
    listed, slash, count_text = (each.strip() for each in text.partition("/"))
    if not slash or not count_text:
        raise BadShards(ShardsProblem.NO_COUNT, text.strip())
    if not _COUNT.fullmatch(count_text):
        raise BadShards(ShardsProblem.MALFORMED, count_text)
    count = int(count_text)
    if not 1 <= count <= MOST_SHARDS:
        raise BadShards(ShardsProblem.COUNT_OUT_OF_RANGE, count_text)
    shards: set[int] = set()
    for part in map(str.strip, listed.split(",")):
        named = _parse_part(part, count)
        if shards.intersection(named):
            raise BadShards(ShardsProblem.TWICE, part)
        shards.update(named)
    return Share(frozenset(shards), count)


def _parse_part(part: str, count: int) -> range:
    matched = _PART.fullmatch(part)
    if matched is None:
        raise BadShards(ShardsProblem.MALFORMED, part)
    first, last = int(matched[1]), int(matched[2] or matched[1])
    if first > last:
        raise BadShards(ShardsProblem.BACKWARDS, part)
    if last >= count:
        raise BadShards(ShardsProblem.TOO_HIGH, part)
    return range(first, last + 1)


def _list_ranges(shards: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The first and last of each unbroken row of shards."""
    ordered = sorted(shards)
    ends = [i for i, (this, following) in enumerate(pairwise(ordered)) if following != this + 1]
    starts = [0, *(end + 1 for end in ends)]
    for start, end in zip(starts, [*ends, len(ordered) - 1], strict=True):
        yield ordered[start], ordered[end]
