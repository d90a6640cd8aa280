"""What is measured on: the captured days where they lie beside the project, else the demo's sample."""

import gzip
import json
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
from bot.papers.entry import read_entry

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
    return {day: [read_entry(entry, day) for entry in entries] for day, entries in corpus.items()}


def unique(papers: Mapping[date, list[Paper]]) -> list[Paper]:
    """Each paper once, as it was on the latest of its days."""
    return list({paper.id: paper for day in sorted(papers) for paper in papers[day]}.values())


def grown(papers: Sequence[Paper], size: int, seed: int = 1) -> Iterator[Paper]:
    """`size` papers: the given ones, then children of two of them each; the same ones for the same seed.

    Children are made of whole sentences, so that words stay as frequent, and as often side by side, as they
    really are. What does not grow is the vocabulary: the rarest word of a real archive of that size is rarer.
    """
    real = list({paper.id: paper for paper in papers}.values())
    yield from real[:size]
    chance = random.Random(seed)
    parents = [(paper, _SENTENCE_END.split(paper.abstract)) for paper in real]
    for new in islice(_free_ids({paper.id for paper in real}), max(0, size - len(real))):
        (one, its), (other, others) = chance.choices(parents, k=2)
        yield _child(new, one, other, _alternating(its, others), chance)


def _free_ids(taken: set[str]) -> Iterator[str]:
    """Ids in arXiv's shape, of a century that has none yet."""
    every = (f"{9000 + number // 100_000}.{number % 100_000:05}" for number in count())
    return (each for each in every if each not in taken)


def _child(new: str, one: Paper, other: Paper, abstract: str, chance: random.Random) -> Paper:
    """Words come from both parents; what belongs together, such as a day and its votes, from one of them."""
    dated, written, labelled = chance.choices((one, other), k=3)
    front, back = one.title.split(), other.title.split()
    return replace(
        dated,
        id=new,
        title=" ".join(front[: -(-len(front) // 2)] + back[len(back) // 2 :]),
        abstract=abstract,
        authors=written.authors,
        organization=written.organization,
        tags=labelled.tags,
        ai_summary=labelled.ai_summary,
    )


def _alternating(its: Sequence[str], others: Sequence[str]) -> str:
    """As many sentences as the first text has, every second one the other's where it has one there."""
    return " ".join(
        others[place] if place % 2 and place < len(others) else sentence for place, sentence in enumerate(its)
    )
