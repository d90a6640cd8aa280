"""Compose: which papers a run highlights, and why. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median

from bot.papers import Paper
from bot.ranking import ranked

CLOSES_AFTER = timedelta(hours=27)  # the list of a day still grows until about 02:30 UTC on the next
RISER_DAYS = 7  # how far back a paper that climbed late may come from


@dataclass(frozen=True, slots=True)
class Taste:
    """What a subscription lets into its digests: how many, with how many upvotes, how many risers."""

    size: int = 5
    min_upvotes: int = 0
    risers: int = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper a digest may highlight, with all the days (UTC) it was listed on."""

    paper: Paper
    days: frozenset[date]


@dataclass(frozen=True, slots=True)
class Highlight:
    """A paper in a digest: its position from 1, and the upvotes and comments it had then."""

    position: int
    paper: Paper
    upvotes: int
    comments: int
    riser: bool = False


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
    reason: str | None = None


def closed_at(day: date) -> datetime:
    """The instant (UTC) from which the list of `day` no longer grows."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + CLOSES_AFTER


def latest_closed_day(now: datetime) -> date:
    return (now.astimezone(UTC) - CLOSES_AFTER).date()


def compose(
    candidates: Iterable[Candidate],
    days: tuple[date, ...],
    covered_until: date,
    taste: Taste,
    highlighted: Collection[str] = (),
) -> Digest:
    """The digest over the newly closed `days`, from the papers listed on them or up to a week before.

    `highlighted` are the ids this subscription has highlighted before; they never come back.
    """
    every = tuple(candidates)
    new = [each.paper for each in every if not each.days.isdisjoint(days)]
    fresh = [paper for paper in new if paper.id not in highlighted]
    chosen = ranked(paper for paper in fresh if paper.upvotes >= taste.min_upvotes)[: taste.size]
    if not chosen:
        return Digest(covered_until, days, len(new), reason=_why_quiet(new, fresh, taste))
    earlier = [each.paper for each in every if each.days.isdisjoint(days) and each.paper.id not in highlighted]
    risers = _risers(earlier, chosen, taste)
    best = ranked((*chosen, *risers))[: taste.size]
    highlights = tuple(
        Highlight(position, paper, paper.upvotes, paper.comments, riser=paper in risers)
        for position, paper in enumerate(best, 1)
    )
    return Digest(covered_until, days, len(new), highlights)


def _risers(earlier: Iterable[Paper], chosen: tuple[Paper, ...], taste: Taste) -> tuple[Paper, ...]:
    """The best of the earlier papers that by now would stand in the upper half of the digest."""
    bar = max(median(paper.upvotes for paper in chosen), taste.min_upvotes)
    return ranked(paper for paper in earlier if paper.upvotes >= bar)[: taste.risers]


def _why_quiet(new: Sequence[Paper], fresh: Sequence[Paper], taste: Taste) -> str:
    if not new:
        return "no new papers were listed"
    if not fresh:
        return "every new paper had been highlighted before"
    return f"no new paper had {taste.min_upvotes:,} upvotes or more"
