"""Which papers a person's digest has, of all that they follow. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice, zip_longest

from bot.digest import Candidate, Highlight
from bot.papers import Paper
from bot.ranking import get_rank_key, rank_papers
from bot.reasons import Reason, ReasonKind
from bot.search import Query
from bot.search.query import AnyOf, Clause, Group, Occur, Upvotes
from bot.storage import INBOX, FollowedQuery, How, Muted, MutedKind
from bot.subscription.schedule import Run
from bot.text import fold_text

MAX_PAPERS = 25  # in a person's digest
AT_ONCE_UPVOTES = 50  # what comes at once has so many, unless its query asks for another number
WINDOW = {How.DAILY: 7, How.AT_ONCE: 7, How.WEEKLY: 14}  # closed days whose papers still come, once they match
MAX_WINDOW = timedelta(days=30)  # after a long break, what is older never comes


@dataclass(frozen=True, slots=True)
class Offer:
    """What a run brings for a followed query: its papers listed from `first` on, or for the inbox the best of them.

    `matching` are the ids of the papers that it may bring; None if any.
    """

    followed: FollowedQuery
    first: date
    matching: Collection[str] | None = None
    size: int | None = None

    def list_papers(self, candidates: Mapping[str, Candidate], last: date) -> Iterator[Paper]:
        """The papers that it may bring, in the order of `candidates`, of those that were listed by `last`."""
        if self.matching is None:
            wanted: Iterable[Candidate] = candidates.values()
        else:
            matching = (candidates[each] for each in self.matching if each in candidates)
            wanted = sorted(matching, key=lambda each: get_rank_key(each.paper))
        for each in wanted:
            if each.paper.withdrawn_at is None and any(self.first <= day <= last for day in each.days):
                yield each.paper


def get_least_upvotes(query: Query, how: How) -> int:
    """The upvotes that a paper needs to come, besides matching `query`; 0 if the query says it by itself."""
    return 0 if how is not How.AT_ONCE or any(map(_asks_for_upvotes, query.clauses)) else AT_ONCE_UPVOTES


def _asks_for_upvotes(clause: Clause) -> bool:
    match clause.node:
        case Upvotes():
            return clause.occur is not Occur.NOT
        case AnyOf(options=inner) | Group(clauses=inner):
            return clause.occur is not Occur.NOT and any(map(_asks_for_upvotes, inner))
    return False


def get_first_day(followed: FollowedQuery, closed: date, covered: date | None, *, is_behind: bool = False) -> date:
    """The first day whose papers a run brings for a followed query.

    That goes back some days, because a paper may get its upvotes late, or further if runs were missed or it `is_behind`
    because of papers that did not fit. Of the inbox a day comes once, or every week the last seven.
    """
    after = covered + timedelta(days=1) if covered else closed - MAX_WINDOW
    if followed.is_inbox:
        first = min(after, closed - timedelta(days=6)) if followed.how is How.WEEKLY else after
    else:
        first = min(after, closed - (MAX_WINDOW if is_behind else timedelta(days=WINDOW[followed.how] - 1)))
    return max(first, followed.first_day, closed - MAX_WINDOW)


def is_due(followed: FollowedQuery, run: Run, weekly_run: Run, last_run: date | None) -> bool:
    """Whether a followed query is due on `run`: a weekly one is on the week's first, or if that failed, on the next.

    `weekly_run` is the week's first, and `last_run` the date of the last run that did not fail.
    """
    if followed.how is not How.WEEKLY:
        return True
    if weekly_run.date == run.date:
        return True
    return last_run is not None and last_run < weekly_run.date and followed.first_day < weekly_run.date


def fold_muted(muted: Iterable[Muted]) -> Mapping[MutedKind, Collection[str]]:
    """The names of which a person wants less, by kind, as `is_muted` compares them with those of many papers."""
    names: dict[MutedKind, set[str]] = {}
    for each in muted:
        names.setdefault(each.kind, set()).add(fold_text(each.value))
    return names


def is_muted(paper: Paper, names: Mapping[MutedKind, Collection[str]]) -> bool:
    """Whether a person wants less of a paper because of its tags, its authors or its organisation."""
    having = {MutedKind.TAG: paper.tags, MutedKind.AUTHOR: paper.authors, MutedKind.ORG: (paper.organization or "",)}
    return any(fold_text(each) in names[kind] for kind, values in having.items() if kind in names for each in values)


def choose_papers(
    candidates: Mapping[str, Candidate],
    offers: Sequence[Offer],
    last: date,
    *,
    unwanted: Collection[str] = (),
    limit: int = MAX_PAPERS,
) -> tuple[tuple[Highlight, ...], int]:
    """The papers of a digest, each once and with all that brought it, and how many more did not fit.

    `candidates` are papers by their ids, the most upvoted first. Those listed by `last` come, but not those that are
    `unwanted`, such as all that were shown before. If there are more than `limit`, the inbox has its papers, and of the
    others each followed query gets its best in turn, the one with the fewest first. What is left is not shown yet, so
    it comes with the next digest.
    """
    brought = {}
    for offer in offers:
        fresh = (paper for paper in offer.list_papers(candidates, last) if paper.id not in unwanted)
        brought[offer.followed.query] = {paper.id: paper for paper in islice(fresh, offer.size)}
    papers = {paper_id: paper for found in brought.values() for paper_id, paper in found.items()}
    chosen = _share_room(brought, limit)
    highlights = tuple(
        Highlight(
            position,
            paper,
            paper.upvotes,
            paper.comments,
            followed=tuple(query for query, found in brought.items() if paper.id in found),
        )
        for position, paper in enumerate(rank_papers(papers[each] for each in chosen), 1)
    )
    return highlights, len(papers) - len(chosen)


def _share_room(brought: Mapping[str, Collection[str]], limit: int) -> list[str]:
    """The ids of the papers that fit: those of the inbox, then the best of each query in turn, the rarest first."""
    queries = sorted((query for query in brought if query != INBOX), key=lambda query: (len(brought[query]), query))
    turns = chain.from_iterable(zip_longest(*(brought[query] for query in queries)))
    in_turn = dict.fromkeys([*brought.get(INBOX, ()), *(each for each in turns if each)])
    return list(islice(in_turn, limit))


def explain_quiet_run(
    candidates: Mapping[str, Candidate],
    offers: Sequence[Offer],
    last: date,
    *,
    shown: Collection[str],
    listed_count: int,
) -> Reason:
    """Why a run brings nothing. `listed_count` papers are new, and `shown` were shown before."""
    matched = {paper.id for offer in offers for paper in offer.list_papers(candidates, last)}
    if matched.difference(shown):
        return Reason(ReasonKind.ALL_MUTED)
    if not listed_count:
        return Reason(ReasonKind.NO_PAPERS_LISTED)
    return Reason(ReasonKind.ALL_HIGHLIGHTED_BEFORE if matched else ReasonKind.NONE_FOLLOWED)
