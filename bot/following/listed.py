"""The papers that people's digests are chosen from, and what is asked of them again and again."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.composing.cache import Cache
from bot.composing.paper_filter import PaperFilter
from bot.digest import Candidate, Highlight, Likeness
from bot.following.choosing import fold_muted, is_muted
from bot.following.matching import FollowedMatches
from bot.papers import Paper
from bot.ranking import get_rank_key
from bot.storage import Muted, MutedKind, Storage

EXAMPLES_TOGETHER = 20  # papers of which a person wants less, in one query


@dataclass(frozen=True, slots=True)
class ListedPapers:
    """The papers listed on some days, as the archive had them at its `change`: by id, the most upvoted first.

    `days` are those that had papers, each with how many.
    """

    candidates: Mapping[str, Candidate]
    papers: tuple[Paper, ...]
    days: Mapping[date, int]
    change: int

    def list_days(self, first: date, last: date) -> tuple[date, ...]:
        """The days from `first` to `last` that had papers."""
        return tuple(day for day in self.days if first <= day <= last)

    def count_papers(self, first: date, last: date) -> int:
        """How many papers were listed from `first` to `last`."""
        return sum(self.days[day] for day in self.list_days(first, last))


class Listed:
    """Reads the papers in `storage`. Thousands ask for the same days, so they are read once until they change."""

    def __init__(self, storage: Storage, matches: FollowedMatches, filter_: PaperFilter) -> None:
        self._papers = storage.papers
        self._filter = filter_
        self._matches = matches
        self._cache: Cache[ListedPapers] = Cache(6)  # each has up to a thousand papers

    async def read(self, first: date, last: date, change: int | None = None) -> ListedPapers:
        """The papers listed from `first` to `last`, as the archive had them at its `change` or later."""
        if change is None:
            change = await self._papers.get_last_change()

        async def read() -> ListedPapers:
            found = await self._papers.list_candidates(first, last)
            return _build_listed_papers(found, first, last, await self._papers.get_last_change())

        return await self._cache.get((change, first, last), read)

    async def find_matching(
        self, queries: Collection[str], listed: ListedPapers, today: date
    ) -> Mapping[str, frozenset[str]]:
        """For each query, the ids of the papers that match it. Raises `PapersUnavailable`."""
        return await self._matches.find_matching(queries, listed.papers, today) if queries else {}

    async def find_muted(
        self, muted: Collection[Muted], listed: ListedPapers, ids: Collection[str], today: date
    ) -> frozenset[str]:
        """Those of the papers with these `ids` that a person wants less of, also because of a paper that they are like.

        Raises `PapersUnavailable`.
        """
        if not muted or not ids:
            return frozenset()
        examples = [each.value for each in muted if each.kind is MutedKind.PAPER]
        names = fold_muted(muted)
        found = {each for each in ids if each in examples or is_muted(listed.candidates[each].paper, names)}
        for start in range(0, len(examples), EXAMPLES_TOGETHER):
            like = " ".join(f"like:{each}" for each in examples[start : start + EXAMPLES_TOGETHER])
            found |= (await self._filter.find_likeness(like, ids, today)).keys()
        return frozenset(found)

    async def mark_likeness(self, highlights: Sequence[Highlight], today: date) -> tuple[Highlight, ...]:
        """The highlights with how like they are to the nearest example of the queries that brought them."""
        nearest: dict[str, Likeness] = {}
        for query in dict.fromkeys(query for each in highlights for query in each.followed if "like:" in query.lower()):
            ids = [each.paper.id for each in highlights if query in each.followed]
            for paper_id, likeness in (await self._filter.find_likeness(query, ids, today)).items():
                if paper_id not in nearest or nearest[paper_id].value < likeness.value:
                    nearest[paper_id] = likeness
        return tuple(replace(each, likeness=nearest.get(each.paper.id)) for each in highlights)


def _build_listed_papers(found: Iterable[Candidate], first: date, last: date, change: int) -> ListedPapers:
    ranked = sorted(found, key=lambda each: get_rank_key(each.paper))
    days = Counter(sorted(day for each in ranked for day in each.days if first <= day <= last))
    return ListedPapers(
        {each.paper.id: each for each in ranked},
        tuple(each.paper for each in ranked),
        days,
        change,
    )
