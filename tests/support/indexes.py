"""An index on disk over the papers that a test is about, searched as people search."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from bot.papers import Paper
from bot.search import FoundPapers, Meaning, Query, SearchIndex, parse_query
from tests.support.builders import paper

TODAY = date(2026, 1, 16)

ATTENTION, DATA, MOLECULES, ROBOTS, GRAPHS, APART, MODELS, CHINESE = (f"2601.000{number}0" for number in range(1, 9))
SAMPLE_PAPERS = (
    paper(ATTENTION, title="Attention Is All You Need", abstract="A network based solely on attention."),
    paper(DATA, title="Training Language Models", abstract="We pay attention to data.", tags=("scaling laws",)),
    paper(MOLECULES, title="Diffusion for Molecules", authors=("José Ñandú García", "Zhāng Wěi")),
    paper(ROBOTS, title="Running Robots", abstract="Robots that run.", organization="The Robot Lab"),
    paper(GRAPHS, title="Graphs", abstract="Neural networks over graphs.", ai_summary="Message passing, in short."),
    paper(APART, title="Networks, Neural", abstract="The words stand apart: neural and then networks."),
    paper(MODELS, title="Über Modelle", tags=("naïve Bayes",)),
    paper(CHINESE, title="注意力机制", abstract="Αλφα и бета"),
)


def parse_on_day(text: str) -> Query:
    return parse_query(text, TODAY)


@contextmanager
def open_index(folder: Path, papers: Iterable[Paper], meaning: Meaning | None = None) -> Iterator[SearchIndex]:
    """The index over `papers`, in a folder of its own under `folder`."""
    index = SearchIndex(folder / "paperboy.index", "archive", last_change=0, meaning=meaning)
    index.add_papers(list(enumerate(papers, 1)))
    yield index
    index.close()


def find(index: SearchIndex, text: str, limit: int = 10, offset: int = 0) -> FoundPapers:
    return index.find_papers(parse_on_day(text), limit=limit, offset=offset)


def ids(index: SearchIndex, text: str, limit: int = 10) -> list[str]:
    return list(find(index, text, limit).ids)


def in_pages(index: SearchIndex, text: str, size: int = 5) -> list[str]:
    """All that `text` finds, page after page."""
    found: list[str] = []
    while page := find(index, text, size, len(found)).ids:
        found += page
    return found
