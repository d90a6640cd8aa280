"""The papers for the benchmarks: the captured days if they lie beside the project, otherwise the demo's sample."""

import gzip
import json
import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count, islice
from pathlib import Path
from typing import Any

from bot.demo import load_sample_lists
from bot.papers import Paper
from bot.papers.entry import read_list_entry

CAPTURED = Path(__file__).parents[2] / "shared" / "data" / "daily_papers" / "archive.jsonl.gz"

Lists = Mapping[date, list[Any]]
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def lists() -> tuple[str, Lists]:
    """The corpus's name, and its daily lists as the papers API answered them."""
    if not CAPTURED.exists():
        return "the demo's sample", load_sample_lists()
    with gzip.open(CAPTURED, "rt", encoding="utf-8") as lines:
        days = [json.loads(line) for line in lines]
    return "captured days", {date.fromisoformat(day["date"]): day["response"] for day in days}


def papers(corpus: Lists) -> dict[date, list[Paper]]:
    return {day: [read_list_entry(entry, day) for entry in entries] for day, entries in corpus.items()}


def unique(papers: Mapping[date, list[Paper]]) -> list[Paper]:
    """Each paper once, as it was on its latest day."""
    return list({paper.id: paper for day in sorted(papers) for paper in papers[day]}.values())


def grown(papers: Sequence[Paper], size: int, seed: int = 1) -> Iterator[Paper]:
    """`size` papers: the given ones, then made-up ones, each mixed from two of them. The same seed gives the same.

    The mixtures consist of whole sentences, so words are as frequent, and as often side by side, as in real papers.
    But the vocabulary does not grow: in a real archive of that size, the rarest word is rarer.
    """
    real = list({paper.id: paper for paper in papers}.values())
    yield from real[:size]
    chance = random.Random(seed)
    parents = [(paper, _SENTENCE_END.split(paper.abstract)) for paper in real]
    for new in islice(_free_ids({paper.id for paper in real}), max(0, size - len(real))):
        (one, its), (other, others) = chance.choices(parents, k=2)
        yield _child(new, one, other, _alternating(its, others), chance)


def _free_ids(taken: set[str]) -> Iterator[str]:
    """Ids in arXiv's format that no real paper has."""
    every = (f"{9000 + number // 100_000}.{number % 100_000:05}" for number in count())
    return (each for each in every if each not in taken)


def _child(new: str, one: Paper, other: Paper, abstract: str, chance: random.Random) -> Paper:
    """Takes words from both papers, and values that belong together, such as a day and its votes, from one."""
    dated, written, labelled = chance.choices((one, other), k=3)
    front, back = one.title.split(), other.title.split()
    return replace(
        dated,
        id=new,
        title=" ".join(front[: math.ceil(len(front) / 2)] + back[len(back) // 2 :]),
        abstract=abstract,
        authors=written.authors,
        organization=written.organization,
        tags=labelled.tags,
        ai_summary=labelled.ai_summary,
    )


def _alternating(its: Sequence[str], others: Sequence[str]) -> str:
    """The first text with every second sentence replaced by the other text's, if it has one in that place."""
    return " ".join(
        others[place] if place % 2 and place < len(others) else sentence for place, sentence in enumerate(its)
    )
