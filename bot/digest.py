"""Digests: which papers a run highlights, or why it highlights none. Pure."""

from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from statistics import median

from bot.papers import Paper
from bot.ranking import rank_papers
from bot.reasons import Reason, ReasonKind
from bot.subscription.schedule import Cadence
from bot.subscription.settings import Selection

CLOSES_AFTER = timedelta(hours=27)  # a day's list grows until about 02:30 UTC on the next day
RISER_DAYS = 7  # how many days earlier a riser may have been listed


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that a digest may highlight, with all days (UTC) it was listed on."""

    paper: Paper
    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a paper is to the nearest `example` (the id of a paper) of a query's `like:`, from 0 to 1."""

    example: str
    value: float


@dataclass(frozen=True, slots=True)
class Highlight:
    """A paper in a digest: its position from 1, and the upvotes and comments it had then.

    In a recap, `seen_on` is the date of the server's daily digest that had it; `is_missed` means that none had it.
    In a person's digest, `followed` are the followed queries that brought it, of which the empty one is the inbox.
    """

    position: int
    paper: Paper
    upvotes: int
    comments: int
    is_riser: bool = False
    seen_on: date | None = None
    is_missed: bool = False
    followed: tuple[str, ...] = ()
    likeness: Likeness | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What a run highlights.

    `covered_until` is the last day that the subscription has dealt with. `days` are the newly closed days with papers,
    and `listed` is how many papers those were. Without highlights the run is quiet, and `reason` says why.
    In a person's digest, `left_count` more papers did not fit, and come with the next one.
    """

    covered_until: date
    days: tuple[date, ...] = ()
    listed_count: int = 0
    highlights: tuple[Highlight, ...] = ()
    reason: Reason | None = None
    left_count: int = 0

    @property
    def named_days(self) -> tuple[date, ...]:
        """Its days for a heading: papers that were left last time may come without any new list."""
        return self.days or (self.covered_until,)


def get_closing_time(day: date) -> datetime:
    """The instant (UTC) when the list of `day` closes."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + CLOSES_AFTER


def get_latest_closed_day(now: datetime) -> date:
    return (now.astimezone(UTC) - CLOSES_AFTER).date()


def list_days_between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def get_first_day_of_period(cadence: Cadence, last: date) -> date:
    """The first day of the week or month that ends with `last`; for a daily digest that is `last`."""
    if cadence is Cadence.DAILY:
        return last
    if cadence is Cadence.WEEKLY:
        return last - timedelta(days=6)
    end = last + timedelta(days=1)
    year, month = (end.year, end.month - 1) if end.month > 1 else (end.year - 1, 12)
    return date(year, month, min(end.day, monthrange(year, month)[1]))


def choose_highlights(
    candidates: Iterable[Candidate],
    days: tuple[date, ...],
    covered_until: date,
    selection: Selection,
    highlighted: Collection[str] = (),
    matching: Collection[str] | None = None,
) -> Digest:
    """The digest over the newly closed `days`; its risers were listed before them.

    `highlighted` are the ids that the subscription has highlighted before: they are left out, as withdrawn papers are.
    `matching` are the ids that match its filter; None if it has none.
    """
    listed = [each for each in candidates if each.paper.withdrawn_at is None]
    new = [each.paper for each in listed if not each.days.isdisjoint(days)]
    fresh = [paper for paper in new if paper.id not in highlighted]
    matched = [paper for paper in fresh if matching is None or paper.id in matching]
    chosen = rank_papers(paper for paper in matched if paper.upvotes >= selection.min_upvotes)[: selection.size]
    if not chosen:
        return Digest(covered_until, days, len(new), reason=_explain_quiet_run(new, fresh, matched, selection))
    earlier = [each.paper for each in listed if each.days.isdisjoint(days) and each.paper.id not in highlighted]
    risers = _choose_risers((paper for paper in earlier if matching is None or paper.id in matching), chosen, selection)
    best = rank_papers((*chosen, *risers))[: selection.size]
    highlights = tuple(
        Highlight(position, paper, paper.upvotes, paper.comments, is_riser=paper in risers)
        for position, paper in enumerate(best, 1)
    )
    return Digest(covered_until, days, len(new), highlights)


def _choose_risers(earlier: Iterable[Paper], chosen: tuple[Paper, ...], selection: Selection) -> tuple[Paper, ...]:
    """The best earlier papers that would now be in the upper half of the digest."""
    least_upvotes = max(median(paper.upvotes for paper in chosen), selection.min_upvotes)
    return rank_papers(paper for paper in earlier if paper.upvotes >= least_upvotes)[: selection.risers]


def mark_seen_highlights(digest: Digest, seen: Mapping[str, date]) -> Digest:
    """A recap with its highlights marked; `seen` has the dates of the server's daily digests, by paper id."""
    highlights = (
        replace(each, seen_on=seen.get(each.paper.id), is_missed=each.paper.id not in seen)
        for each in digest.highlights
    )
    return replace(digest, highlights=tuple(highlights))


def _explain_quiet_run(
    new: Sequence[Paper], fresh: Sequence[Paper], matched: Sequence[Paper], selection: Selection
) -> Reason:
    if not new:
        return Reason(ReasonKind.NO_PAPERS_LISTED)
    if not fresh:
        return Reason(ReasonKind.ALL_HIGHLIGHTED_BEFORE)
    if not matched:
        return Reason(ReasonKind.NONE_MATCHES_FILTER)
    return Reason(ReasonKind.TOO_FEW_UPVOTES, number=selection.min_upvotes)
