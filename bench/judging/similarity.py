"""How well `/paper similar` and `like:` agree with people, over the papers of `bench/similar.jsonl`."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import TypeVar

from rich.table import Table

from bench.judging.engines import Ours
from bench.judging.sets import ComparedPaper
from bench.judging.significance import compute_interval
from bench.judging.tables import show_interval
from bot.papers import Paper
from bot.search import LIKENESS_BAR

SHOWN = 5
VERY = 2  # the grade of a pair on the very same question

Value = TypeVar("Value")
Counted = tuple[int, int]
"""How many of how many."""


def judge_similar(searches: Mapping[str, Ours], papers: Sequence[Paper], asked: Sequence[ComparedPaper]) -> Table:
    """The share of useful papers among the five most similar ones to each of those that were judged."""
    known = {paper.id: paper for paper in papers}
    table = Table("/paper similar", "useful among five", "the first is useful", title=f"{len(asked)} papers")
    for name, search in searches.items():
        found = [([*search.take().find_similar_papers(known[each.paper], limit=SHOWN)], each.similar) for each in asked]
        useful = [sum(paper in glad for paper in ids) / SHOWN for ids, glad in found]
        first = [float(ids[0] in glad) for ids, glad in found]
        table.add_row(name, _show(useful, fmean), _show(first, fmean))
    return table


def judge_likeness(searches: Mapping[str, Ours], asked: Sequence[ComparedPaper]) -> Table:
    """Which of the judged pairs `like:` matches: precision, and recall of the useful and of the very similar ones."""
    pairs = sum(len(each.similar) + len(each.others) for each in asked)
    table = Table("like:", "precision", "recall", "of grade 2", title=f"{pairs:,} pairs, the bar is {LIKENESS_BAR}")
    for name, search in searches.items():
        matched = [_match(search, each) for each in asked]
        columns = zip(*(_count_right(*each) for each in zip(asked, matched, strict=True)), strict=True)
        table.add_row(name, *(_show(each, _share) for each in columns))
    return table


def _match(search: Ours, asked: ComparedPaper) -> list[str]:
    """The compared papers that `like:` matches."""
    compared = [*asked.similar, *asked.others]
    return list(search.take().measure_each_likeness([asked.paper], compared, LIKENESS_BAR)[asked.paper])


def _count_right(asked: ComparedPaper, matched: Sequence[str]) -> tuple[Counted, Counted, Counted]:
    """The parts of precision, recall, and recall of the very similar ones."""
    right = sum(paper in asked.similar for paper in matched)
    best = sum(asked.similar.get(paper) == VERY for paper in matched)
    very = sum(grade == VERY for grade in asked.similar.values())
    return (right, len(matched)), (right, len(asked.similar)), (best, very)


def _share(counted: Sequence[Counted]) -> float:
    return sum(some for some, _ in counted) / max(1, sum(every for _, every in counted))


def _show(values: Sequence[Value], statistic: Callable[[Sequence[Value]], float]) -> str:
    return f"{statistic(values):.2f} ({show_interval(compute_interval(values, statistic))})"
