"""How high our search and its peers rank the papers that people wanted (`bench/judging/sets.py` says which sets).

`python -m bench.judge` asks the queries to report. `--tune` asks those to tune on, and with `--misses` also lists what
ours did not put first. `--final` asks the sealed ones, and notes that it did. `--by-words` leaves out the meaning,
whose vectors take ten minutes the first time.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench import corpus, peers
from bench.judging import askings, sets, tables
from bench.judging.answers import Answers, find_ranks
from bench.judging.engines import list_engines, open_ours
from bench.judging.sets import JudgedQuery
from bench.judging.similarity import judge_likeness, judge_similar
from bench.judging.vectors import load_meaning
from bot.papers import Paper

FRESH, OLDER, SEALED = "fresh", "older", "sealed"


def main() -> None:
    arguments = _read_arguments()
    name, lists = corpus.lists()
    if not corpus.CAPTURED.exists():
        print(f"The judged sets need the captured days; here is only {name}.")
        return
    papers = corpus.unique(corpus.papers(lists))
    judged = _read_sets(papers, tune=arguments.tune, final=arguments.final)
    console = Console(width=160)
    meaning, cost = (None, "") if arguments.by_words else load_meaning(papers)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(open_ours(folder / "ours", papers, meaning))
        engines = list_engines(ours, stack.enter_context(peers.opened(folder, papers)), papers)
        for title, queries in judged.items():
            answers = Answers(queries, {name: find_ranks(engine, queries) for name, engine in engines.items()})
            _print_answers(console, title, answers)
            if arguments.misses:
                console.print(tables.show_misses(answers, list(ours)[-1], papers))
        if not arguments.final:
            compared = sets.read_compared_papers()
            console.print(judge_similar(ours, papers, compared))
            console.print(judge_likeness(ours, compared[::2] if arguments.tune else compared[1::2]), cost)
    if arguments.final:
        askings.note_asking(datetime.now(UTC).date(), answers)
        console.print(tables.show_askings(askings.read_askings()))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.judge", description="How well the search ranks.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--tune", action="store_true", help="the queries to tune on, not those to report")
    which.add_argument("--final", action="store_true", help="the sealed queries; each asking is noted")
    parser.add_argument("--misses", action="store_true", help="also list what ours did not put first (with --tune)")
    parser.add_argument("--by-words", action="store_true", help="without the meaning, whose vectors take ten minutes")
    arguments = parser.parse_args()
    if arguments.misses and not arguments.tune:
        parser.error("--misses needs --tune: queries to report stay unread, or they become queries to tune on")
    return arguments


def _read_sets(papers: Sequence[Paper], *, tune: bool, final: bool) -> Mapping[str, Sequence[JudgedQuery]]:
    """Each set by its name. Ends the program if one wants a paper that the archive lacks."""
    if final:
        judged = {SEALED: sets.read_sealed_queries()}
    else:
        file = sets.TUNING if tune else sets.REPORTED
        judged = {FRESH: sets.read_queries(sets.FRESH / file), OLDER: sets.read_queries(sets.OLDER / file)}
    for name, queries in judged.items():
        if unknown := sets.find_unknown_papers(queries, papers):
            raise SystemExit(f"The {name} queries want papers that the captured days lack: {', '.join(unknown)}")
    return judged


def _print_answers(console: Console, name: str, answers: Answers) -> None:
    console.print(tables.show_hits(f"{len(answers.queries)} {name} queries", answers))
    console.print(tables.show_duels(answers))
    if name != OLDER:
        console.print(*tables.show_goals(answers), sep="\n", end="\n\n")


if __name__ == "__main__":
    main()
