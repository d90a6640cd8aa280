"""Queries about given papers, made by chance of the words that these have, in every form people write."""

from collections.abc import Sequence
from datetime import date
from random import Random

from bot.papers import Paper
from bot.search import HAS, SearchIndex, parse_query

ODD_WORDS = (
    "the",
    "of",
    "how",
    "C++",
    "c#",
    "🔥",
    "-",
    "++",
    "注意",
    "½⑴",
    "GPT-4o",
    "gpt4o",
    "İ",
    "x" * 70,
    "2605.28424",
)
DATES = ("yesterday", "7d", "2026-05", "2026-05-20", "28 May", "2025", "today")
SIGNS = ("", "", "", "", "+", "-", "NOT ")
DEEPEST = 2


class QueryMaker:
    """Makes queries that often match some of `papers`; the same `chance` makes the same."""

    def __init__(self, papers: Sequence[Paper], chance: Random) -> None:
        self._papers = papers
        self._chance = chance

    def make_query(self, depth: int = 0) -> str:
        """A query of one to four clauses about one of the papers."""
        paper = self._chance.choice(self._papers)
        number = self._chance.choice((1, 1, 1, 2, 2, 3, 4))
        return " ".join(self._chance.choice(SIGNS) + self._make_clause(paper, depth) for _ in range(number))

    def _make_clause(self, paper: Paper, depth: int) -> str:
        makers = [self._make_word, self._make_word, self._make_phrase, self._make_prefix]
        makers += [self._make_name, self._make_name, self._make_filter]
        if depth < DEEPEST and self._chance.random() < 0.2:
            if self._chance.random() < 0.5:
                return f"({self.make_query(depth + 1)})"
            others = (self._chance.choice((paper, self._chance.choice(self._papers))) for _ in range(2))
            return " OR ".join(self._chance.choice(SIGNS) + self._make_clause(each, depth + 1) for each in others)
        return self._chance.choice(makers)(paper)

    def _make_word(self, paper: Paper) -> str:
        words = self._pick_value(paper).split() or ["x"]
        place = self._chance.randrange(len(words))
        word = words[place]
        forms = (word, word, word.lower(), word.upper(), word.replace("-", ""), "".join(words[place : place + 2]))
        picked = self._chance.choice((*forms, self._chance.choice(ODD_WORDS)))
        return picked.replace("(", "").replace(")", "") or "x"

    def _make_prefix(self, paper: Paper) -> str:
        return f"{self._make_word(paper)[: self._chance.randint(1, 6)]}*"

    def _make_phrase(self, paper: Paper) -> str:
        words = self._pick_value(paper).split() or ["x"]
        start = self._chance.randrange(len(words))
        return f'"{" ".join(words[start : start + self._chance.randint(1, 3)])}"'

    def _make_name(self, paper: Paper) -> str:
        name, values = self._chance.choice(
            (("author", paper.authors), ("org", (paper.organization or "x",)), ("tag", paper.tags))
        )
        value = self._chance.choice(values or ("x",)).replace('"', "")
        beginning = value[: self._chance.randint(3, 40)]
        part = self._chance.choice((value, (value.split() or ["x"])[-1], beginning, f"{beginning}*"))
        return f'{name}:"{part}"'

    def _make_filter(self, paper: Paper) -> str:
        day = str(paper.day or "today")
        dates = (*DATES, day, day[:4])
        return self._chance.choice(
            (
                f"has:{self._chance.choice(HAS)}",
                f"like:{self._chance.choice(self._papers).id}",
                f"min:{self._chance.choice((0, 1, 5, 10, 50, 100, 1000, paper.upvotes % 10**6))}",
                f"{self._chance.choice(('after', 'before', 'day'))}:{self._chance.choice(dates)}",
            )
        )

    def _pick_value(self, paper: Paper) -> str:
        values = (paper.title, paper.title, paper.abstract, *paper.tags, *paper.authors[:3], paper.organization or "x")
        picked: str = self._chance.choice((*values, paper.ai_summary or "x", paper.github_repo or "x"))
        return picked.replace('"', "")


def find_one_by_one(
    index: SearchIndex, queries: Sequence[str], papers: Sequence[Paper], today: date
) -> dict[str, frozenset[str]]:
    """The queries that match any of the papers, as a filter finds them, with the ids of these."""
    ids = [paper.id for paper in papers]
    found = {query: index.find_matching_ids(parse_query(query, today), ids) for query in queries}
    return {query: matching for query, matching in found.items() if matching}
