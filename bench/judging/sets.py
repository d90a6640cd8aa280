"""The judged sets: queries as people type them, each with the papers of the captured days that answer it.

**Fresh** (`bench/fresh/`): 240 queries, twenty of each of twelve kinds. The papers were drawn by seed from those that
no older query wants. Two readers, who knew neither our code nor the older sets, wrote a query for each before any
engine had answered one, and looked through the archive's titles and abstracts for other papers that are as right. A
seed then divided each reader's queries of each kind into three sets of eighty, which share no paper:

- `tuning.jsonl` is to tune on.
- `reported.jsonl` is what `make judge` reports. Don't tune on it.
- `sealed.base64` is asked by `make judge-final` alone, which notes each asking in `askings.jsonl`. It is encoded so
  that nobody reads it by accident.

**Older** (`bench/older/`): 140 queries that the ranking was tuned on, and 80 of the same eight kinds to report.

`bench/similar.jsonl` has papers instead of queries: see `ComparedPaper`.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.papers import Paper

BENCH = Path(__file__).parents[1]
FRESH, OLDER = BENCH / "fresh", BENCH / "older"
TUNING, REPORTED = "tuning.jsonl", "reported.jsonl"
SEALED = FRESH / "sealed.base64"
SEALED_SHA256 = "48ed8c591694c92fc3c8d079ccc1dbb5e428f76372b0d8bda02a49f0965d7d85"
SIMILAR = BENCH / "similar.jsonl"


class SealBroken(Exception):
    """The sealed queries are not those that were sealed."""


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query, and the papers that answer it; finding one of them is enough."""

    kind: str
    query: str
    papers: frozenset[str]


@dataclass(frozen=True, slots=True)
class ComparedPaper:
    """A paper with others that were compared with it: the `similar` ones with their grade, and the rest.

    1 is useful to somebody who liked it, and 2 on the very same question. The pairs come from five engines and from
    random places further down, and were judged without knowing from which.
    """

    paper: str
    similar: Mapping[str, int]
    others: Sequence[str]


def read_queries(path: Path) -> list[JudgedQuery]:
    return _parse_queries(path.read_text(encoding="utf-8"))


def read_sealed_queries(path: Path = SEALED, sha256: str = SEALED_SHA256) -> list[JudgedQuery]:
    """Raises `SealBroken` if the file is not the one with this checksum."""
    sealed = path.read_bytes()
    if hashlib.sha256(sealed).hexdigest() != sha256:
        raise SealBroken(f"{path.name} is not the file that was sealed.")
    return _parse_queries(zlib.decompress(base64.decodebytes(sealed)).decode())


def read_compared_papers() -> list[ComparedPaper]:
    lines = map(json.loads, SIMILAR.read_text(encoding="utf-8").splitlines())
    return [ComparedPaper(line["paper"], line["similar"], line["others"]) for line in lines]


def find_unknown_papers(queries: Iterable[JudgedQuery], papers: Iterable[Paper]) -> list[str]:
    """Wanted papers that the archive lacks: they would silently lower the score of every engine."""
    return sorted({wanted for each in queries for wanted in each.papers} - {paper.id for paper in papers})


def _parse_queries(text: str) -> list[JudgedQuery]:
    lines = map(json.loads, text.splitlines())
    return [JudgedQuery(line["kind"], line["query"], frozenset(line["papers"])) for line in lines]
