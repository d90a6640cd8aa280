"""Compose: which papers a run highlights, and why. Pure."""

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

CLOSES_AFTER = timedelta(hours=27)  # the list of a day still grows until about 02:30 UTC on the next
RISER_DAYS = 7  # how far back a paper that climbed late may come from


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper a digest may highlight, with all the days (UTC) it was listed on."""

    paper: Paper
    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class Highlight:
    """A paper in a digest: its position from 1, and the upvotes and comments it had then.

    In a recap, `seen_on` is when a daily digest of the server had it, and `is_missed` that none did.
    """

    position: int
    paper: Paper
    upvotes: int
    comments: int
    is_riser: bool = False
    seen_on: date | None = None
    is_missed: bool = False


@dataclass(frozen=True, slots=True)
class Digest:
    """What a run highlights.

    `days` are the newly closed days that had papers, `listed` how many papers those held, and
    `covered_until` the last day the subscription need not look at again. Without highlights the
    run is quiet and `reason` says why.
    """

    covered_until: date
    days: tuple[date, ...] = ()
    listed: int = 0
    highlights: tuple[Highlight, ...] = ()
    reason: Reason | None = None


def get_closing_time(day: date) -> datetime:
    """The instant (UTC) from which the list of `day` no longer grows."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + CLOSES_AFTER


def get_latest_closed_day(now: datetime) -> date:
    return (now.astimezone(UTC) - CLOSES_AFTER).date()


def list_days(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def get_first_day(cadence: Cadence, last: date) -> date:
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
    """The digest over the newly closed `days`, from the papers listed on them or up to a week before.

    `highlighted` are the ids this subscription has highlighted before; they never come back.
    `matching` are the ids that its filter lets through; None lets all through. Withdrawn papers are left out.
    """
    every = [each for each in candidates if each.paper.withdrawn_at is None]
    new = [each.paper for each in every if not each.days.isdisjoint(days)]
    fresh = [paper for paper in new if paper.id not in highlighted]
    passing = [paper for paper in fresh if matching is None or paper.id in matching]
    chosen = rank_papers(paper for paper in passing if paper.upvotes >= selection.min_upvotes)[: selection.size]
    if not chosen:
        return Digest(covered_until, days, len(new), reason=_explain_quiet(new, fresh, passing, selection))
    earlier = [each.paper for each in every if each.days.isdisjoint(days) and each.paper.id not in highlighted]
    risers = _choose_risers((paper for paper in earlier if matching is None or paper.id in matching), chosen, selection)
    best = rank_papers((*chosen, *risers))[: selection.size]
    highlights = tuple(
        Highlight(position, paper, paper.upvotes, paper.comments, is_riser=paper in risers)
        for position, paper in enumerate(best, 1)
    )
    return Digest(covered_until, days, len(new), highlights)


def _choose_risers(earlier: Iterable[Paper], chosen: tuple[Paper, ...], selection: Selection) -> tuple[Paper, ...]:
    """The best of the earlier papers that by now would stand in the upper half of the digest."""
    bar = max(median(paper.upvotes for paper in chosen), selection.min_upvotes)
    return rank_papers(paper for paper in earlier if paper.upvotes >= bar)[: selection.risers]


def mark_seen(digest: Digest, seen: Mapping[str, date]) -> Digest:
    """A recap with its highlights marked by `seen`: when the server's daily digests had them, if they had."""
    marks = {each.paper.id: seen.get(each.paper.id) for each in digest.highlights}
    return replace(
        digest,
        highlights=tuple(
            replace(each, seen_on=marks[each.paper.id], is_missed=marks[each.paper.id] is None)
            for each in digest.highlights
        ),
    )


def _explain_quiet(
    new: Sequence[Paper], fresh: Sequence[Paper], matching: Sequence[Paper], selection: Selection
) -> Reason:
    if not new:
        return Reason(ReasonKind.NO_PAPERS_LISTED)
    if not fresh:
        return Reason(ReasonKind.ALL_HIGHLIGHTED_BEFORE)
    if not matching:
        return Reason(ReasonKind.NONE_MATCHES_FILTER)
    return Reason(ReasonKind.TOO_FEW_UPVOTES, number=selection.min_upvotes)
