"""The tables that say how well each engine ranks, and whether a difference between two is more than noise."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from rich.box import SIMPLE
from rich.table import Table

from bench.judging.answers import SHOWN_RANKS, Answers
from bench.judging.askings import Asking
from bench.judging.engines import OURS, SEMANTIC
from bench.judging.significance import NOISE, compute_interval, compute_sign_test
from bot.papers import Paper

ALL = "all"
LEAST_P = 0.001  # what is less likely is shown as this
GOALS = {OURS: (0.72, 0.85), SEMANTIC: (0.82, 0.93)}  # hit@1 and hit@5 over queries that nobody tuned for


def show_hits(title: str, answers: Answers) -> Table:
    """The share of queries with a wanted paper first, and among the first five: of each kind, and of all."""
    table = Table(
        title=title, caption="Below all: the 95 % confidence interval, by the bootstrap.", box=SIMPLE, padding=0
    )
    table.add_column("kind", no_wrap=True)
    table.add_column("queries", justify="right")
    for name in answers.ranks:
        table.add_column(f"{name}\nhit@1", justify="right", no_wrap=True)
        table.add_column("\nhit@5", justify="right", no_wrap=True)
    for kind, part in answers.split_by_kind().items():
        table.add_row(kind, str(len(part.queries)), *(f"{fmean(hits):.2f}" for hits in _list_columns(part)))
    table.add_section()
    columns = list(_list_columns(answers))
    table.add_row(ALL, str(len(answers.queries)), *(f"{fmean(hits):.2f}" for hits in columns), style="bold")
    table.add_row("", "", *(show_interval(compute_interval(hits, fmean)) for hits in columns))
    return table


def show_duels(answers: Answers) -> Table:
    """Who puts a wanted paper higher, and how often chance alone makes as big a difference."""
    table = Table(
        title="Who puts a wanted paper higher",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        caption=f"p is how often two equals would differ as much (two-sided sign test). From {NOISE} on it is noise.",
    )
    table.add_column("kind", no_wrap=True)
    duels = [(SEMANTIC, OURS)] if SEMANTIC in answers.ranks else []
    duels += [(OURS, rival) for rival in answers.ranks if rival not in GOALS]
    for engine, rival in duels:
        table.add_column(f"{engine} :\n{rival}", justify="right", no_wrap=True)
        table.add_column("\np", no_wrap=True)
    for kind, part in {**answers.split_by_kind(), ALL: answers}.items():
        cells = (cell for engine, rival in duels for cell in _show_duel(part, engine, rival))
        table.add_row(kind, *cells, style="bold" if kind == ALL else None)
    return table


def show_goals(answers: Answers) -> Iterator[str]:
    """A line for each of our engines: how far it is from its goals."""
    for name, goals in GOALS.items():
        if name in answers.ranks:
            reached = (answers.get_hit_rate(name, within) for within in SHOWN_RANKS)
            parts = (_show_goal(*each) for each in zip(SHOWN_RANKS, reached, goals, strict=True))
            yield f"{name}: {'; '.join(parts)}"


def show_askings(askings: Sequence[Asking]) -> Table:
    table = Table("day", "commit", "hit@1 / hit@5", title="The sealed queries were asked")
    for each in askings:
        figures = (f"{name} {hit1:.2f} / {hit5:.2f}" for name, (hit1, hit5) in each.figures.items())
        table.add_row(each.day, each.commit or "unknown", ", ".join(figures))
    return table


def show_misses(answers: Answers, engine: str, papers: Sequence[Paper]) -> Table:
    """The queries for which `engine` did not put a wanted paper first."""
    titles = {paper.id: paper.title for paper in papers}
    table = Table("kind", "query", "rank", "wanted", title=f"not first with {engine}")
    for each, rank in zip(answers.queries, answers.ranks[engine], strict=True):
        if rank != 1:
            wanted = "\n".join(titles[paper] for paper in sorted(each.papers))
            table.add_row(each.kind, each.query, str(rank or "–"), wanted)
    return table


def show_interval(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{low:.2f}–{high:.2f}"


def _list_columns(answers: Answers) -> Iterator[list[bool]]:
    return (answers.list_hits(name, within) for name in answers.ranks for within in SHOWN_RANKS)


def _show_duel(answers: Answers, engine: str, rival: str) -> tuple[str, str]:
    wins, losses = answers.count_wins(engine, rival), answers.count_wins(rival, engine)
    p = compute_sign_test(wins, losses)
    return f"{wins} : {losses}", f"{p:.2f}" if p >= NOISE else f"{max(p, LEAST_P):.3f} *"


def _show_goal(within: int, reached: float, goal: float) -> str:
    distance = f"{goal - reached:.2f} short" if reached < goal else "met"
    return f"hit@{within} {reached:.2f}, goal {goal:.2f}: {distance}"
