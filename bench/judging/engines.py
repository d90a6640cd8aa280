"""Who is asked: our search by words alone, the same index with meaning, and the peers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import peers
from bench.judging.answers import Engine
from bot.papers import Paper
from bot.search import Meaning, SearchIndex, parse_query

OURS, SEMANTIC = "ours", "ours + semantic"


@dataclass(frozen=True, slots=True)
class Ours:
    """Our search, with or without meaning. Both use one index, so `take` it anew for each question."""

    index: SearchIndex
    meaning: Meaning | None

    def take(self) -> SearchIndex:
        self.index.meaning = self.meaning
        return self.index


@contextmanager
def open_ours(folder: Path, papers: Sequence[Paper], meaning: Meaning | None) -> Iterator[dict[str, Ours]]:
    """Our search by its names."""
    with closing(SearchIndex(folder, "judged", 0)) as index:
        index.add_papers(list(enumerate(papers, 1)))
        yield {OURS: Ours(index, None)} | ({SEMANTIC: Ours(index, meaning)} if meaning else {})


def list_engines(ours: Mapping[str, Ours], others: Sequence[peers.Peer], papers: Sequence[Paper]) -> dict[str, Engine]:
    today = max(paper.day for paper in papers if paper.day)

    def find_papers(search: Ours) -> Engine:
        return lambda query, limit: search.take().find_papers(parse_query(query, today), limit=limit).ids

    def find_rows(peer: peers.Peer) -> Engine:
        return lambda query, limit: [row[0] for row in peer.find(query, limit)]

    return {name: find_papers(search) for name, search in ours.items()} | {
        peer.name: find_rows(peer) for peer in others
    }
