"""The order of papers by upvotes, and the periods of a leaderboard. Pure."""

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

from bot.papers import Paper


def get_rank_key(paper: Paper) -> tuple[int, int, str]:
    """Most upvotes first, then most comments, then the smaller id, so that no two papers tie."""
    return (-paper.upvotes, -paper.comments, paper.id)


def rank_papers(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    return tuple(sorted(papers, key=get_rank_key))


class Period(StrEnum):
    """What a leaderboard covers, around a day."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    ALL_TIME = "all time"

    def get_days(self, day: date) -> tuple[date, date]:
        """The first and last day of the period that contains `day`; weeks begin on Monday."""
        match self:
            case Period.DAY:
                return day, day
            case Period.WEEK:
                monday = day - timedelta(days=day.weekday())
                return monday, date.fromordinal(min(monday.toordinal() + 6, date.max.toordinal()))
            case Period.MONTH:
                return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])
            case Period.YEAR:
                return day.replace(month=1, day=1), day.replace(month=12, day=31)
            case _:
                return date.min, date.max
