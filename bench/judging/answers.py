"""What engines answer to a set of queries, as ranks of the wanted papers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.judging.sets import JudgedQuery

CUTOFF = 10
SHOWN_RANKS = (1, 5)  # hit@1 and hit@5

Engine = Callable[[str, int], Sequence[str]]
"""From a query and a limit to the ids found, best first."""
Rank = int | None
"""The rank of the first wanted paper, from 1; None if it is not among the first ten."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The ranks that each engine, by its name, reached for each of `queries`."""

    queries: Sequence[JudgedQuery]
    ranks: Mapping[str, Sequence[Rank]]

    def split_by_kind(self) -> dict[str, "Answers"]:
        return {kind: self._select_kind(kind) for kind in dict.fromkeys(each.kind for each in self.queries)}

    def _select_kind(self, kind: str) -> "Answers":
        places = [place for place, each in enumerate(self.queries) if each.kind == kind]
        ranks = {name: [ranks[place] for place in places] for name, ranks in self.ranks.items()}
        return Answers([self.queries[place] for place in places], ranks)

    def list_hits(self, engine: str, within: int) -> list[bool]:
        """For each query, whether a wanted paper is among the first so many."""
        return [rank is not None and rank <= within for rank in self.ranks[engine]]

    def get_hit_rate(self, engine: str, within: int) -> float:
        return fmean(self.list_hits(engine, within))

    def count_wins(self, engine: str, rival: str) -> int:
        """The queries for which `engine` puts a wanted paper higher than `rival` does."""
        pairs = zip(self.ranks[engine], self.ranks[rival], strict=True)
        return sum((ours or CUTOFF + 1) < (theirs or CUTOFF + 1) for ours, theirs in pairs)


def find_ranks(engine: Engine, queries: Sequence[JudgedQuery]) -> list[Rank]:
    return [_find_rank(engine(each.query, CUTOFF)[:CUTOFF], each) for each in queries]


def _find_rank(found: Sequence[str], judged: JudgedQuery) -> Rank:
    return next((rank for rank, paper in enumerate(found, 1) if paper in judged.papers), None)
