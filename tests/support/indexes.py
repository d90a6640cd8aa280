"""An index on disk over the papers that a test is about, searched as people search."""

import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import product
from pathlib import Path

from bot.papers import Paper
from bot.search import FoundPapers, Meaning, Query, SearchIndex, parse_query
from tests.support.builders import paper
from tests.support.paths import ROOT

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


TOPICS = ("clouds", "bridges", "whales", "tulips", "comets", "engines")
TASKS = ("sorting", "sleeping", "painting", "cooking", "sailing", "singing", "digging")
# Papers that are about something else, so that the words of a test are as rare as real ones.
OTHERS = [
    paper(
        f"2602.{number:05}",
        title=f"{topic.title()} for {task}, Told as a Long Story",
        abstract=f"We study {topic} for {task}, a problem of many models. It seeks, it flows; we report it.",
        authors=(f"{topic.title()} {task.title()}", "Ina Other"),
    )
    for number, (topic, task) in enumerate(product(TOPICS, TASKS))
]

# Papers that operators tell apart.
FILTERED = (
    paper(
        "2601.00010",
        title="One",
        authors=("Yann LeCun", "Bernhard Schölkopf"),
        organization="Google DeepMind",
        tags=("speech recognition", "C++"),
        day=date(2026, 8, 20),
        upvotes=50,
        github_repo="https://github.com/a/b",
        media_urls=("https://a.example/v.mp4",),
    ),
    paper(
        "2601.00020",
        title="Two",
        authors=("Ada Lovelace", "Łukasz Kaiser"),
        organization="Google",
        tags=("recognition of speech",),
        day=date(2026, 8, 21),
        upvotes=49,
        project_page="https://a.example",
    ),
    paper(
        "2601.00030",
        title="Three",
        abstract="Yann LeCun of Google, on speech recognition.",
        organization="DeepMind",
        day=date(2026, 7, 31),
        upvotes=0,
        ai_summary="Short.",
    ),
    paper(
        "2601.00040",
        title="Four",
        authors=("Lecun Ada",),
        day=date(2025, 12, 31),
        tags=("automatic speech recognition",),
    ),
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


def program(folder: Path, code: str) -> str:
    """A program that runs `code` on the index in `folder`."""
    imports = (
        "import os, resource",
        "from pathlib import Path",
        "from tests.support.indexes import *",
        "from tests.support.builders import *",
    )
    return "\n".join([*imports, f"folder = Path({str(folder)!r})", textwrap.dedent(code)])


def run_alone(folder: Path, code: str) -> None:
    """Run `code` in a process of its own; fails if that fails, or is ended by a signal."""
    done = subprocess.run([sys.executable, "-c", program(folder, code)], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def reopened(folder: Path, archive: str = "archive", last_change: int = len(SAMPLE_PAPERS)) -> int:
    """The change number from which an index opened in `folder` goes on; checks that it works."""
    index = SearchIndex(folder, archive, last_change)
    change = index.change
    assert len(ids(index, "attention")) == (2 if change else 0)
    index.add_papers([(change + 1, paper("2601.00090", title="One more"))])
    assert ids(index, "more") == ["2601.00090"]
    index.close()
    return change
