"""The engines that the benchmarks compare ours with run wherever the tests do."""

from pathlib import Path

from bench import corpus, peers
from bot.demo import load_sample_lists


def test_each_peer_finds_a_paper_by_its_title(tmp_path: Path) -> None:
    papers = corpus.unique(corpus.papers(load_sample_lists()))
    with peers.opened(tmp_path, papers) as others:
        found = {peer.name: peer.find(papers[7].title, 1)[0][0] for peer in others}
    assert found == dict.fromkeys(("bare tantivy", "SQLite FTS5", "PostgreSQL"), papers[7].id)
