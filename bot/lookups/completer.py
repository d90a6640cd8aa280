"""Suggestions while people type, taken from the papers themselves."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from bot.dates import read_date
from bot.papers import Paper, find_paper_id, has_foreign_link
from bot.ranking import Period
from bot.search import HAS, SearchIndex, Sort, fold_word, list_organizations
from bot.storage import Storage
from bot.text import remove_invisible

_PAPERS_COMPARED = 30  # whose names are compared with what is typed
_NAMES_EACH = 4  # of authors, of organisations, and of tags
_TITLES_FIRST = 6  # before any names; the other titles come after them
_CHOICES = 25  # what Discord shows at most
_LAST_WORD = re.compile(r'(?P<sign>[+-]?)(?:(?P<operator>[A-Za-z]+):)?"?(?P<word>.*)', re.DOTALL)
_LIKE = re.compile(r'(?:^|[\s(+-])(?P<operator>like:)"?(?P<title>[^":()]*|[^\s"()]*)$', re.IGNORECASE)  # at the end
_NAMES = ("author", "org", "tag")
QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Completion:
    """A suggestion: the label that is shown, and the query that it puts in."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class DateCompletion:
    """A date that may be meant: the period around its day, and the text that names it."""

    period: Period
    day: date
    value: str


_OFTEN_USED_DATES = ("today", "yesterday", "this week", "last week", "this month", "last month", "last year")


def complete_dates(typed: str, today: date) -> list[DateCompletion]:
    """What the date typed so far means; if that is nothing yet, dates that are often used and begin like this."""
    words = " ".join(remove_invisible(typed).split())
    if found := read_date(words, today):
        other = [DateCompletion(Period.DAY, found.other, found.other.isoformat())] if found.other else []
        return [DateCompletion(Period(found.span.value), found.first, words), *other]
    offered = [each for each in _OFTEN_USED_DATES if each.startswith(words.casefold())]
    return [
        DateCompletion(Period(read.span.value), read.first, each)
        for each in offered
        if (read := read_date(each, today))
    ]


class Completer:
    """Suggests completions for what people type, from `storage` through `search`."""

    def __init__(self, storage: Storage, search: SearchIndex) -> None:
        self._storage = storage
        self._search = search

    async def complete_papers(self, typed: str, today: date) -> list[Paper]:
        """The papers whose titles match what is typed so far; if that is nothing, the week's most popular papers."""
        words = remove_invisible(typed).strip()
        if not words:
            papers, _ = await self._storage.papers.list_top_papers(*Period.WEEK.get_days(today), limit=_CHOICES)
            return papers
        if has_foreign_link(words):
            return []
        if reference := find_paper_id(words):
            return await self._storage.papers.get([reference])
        ids = await asyncio.to_thread(self._search.find_papers_by_title_start, words, limit=_CHOICES)
        return await self._storage.papers.get(ids)

    async def complete_query(self, typed: str, today: date) -> list[Completion]:
        """Queries that may be meant: titles, authors, organisations, tags, and values of operators."""
        typed = remove_invisible(typed)
        if (like := _LIKE.search(typed)) and not _is_complete_example(like["title"]):
            return await self._complete_example(typed[: like.end("operator")], like["title"], today)
        if has_foreign_link(typed):
            return []
        start = _find_start_of_last_word(typed)
        last = _LAST_WORD.fullmatch(typed, start)
        assert last  # it matches any text
        head, sign, operator, word = typed[:start], last["sign"], (last["operator"] or "").lower(), last["word"]
        if operator in {"has", "sort"}:
            values = HAS if operator == "has" else [order.value for order in Sort]
            return [Completion(text, text) for text in (f"{head}{sign}{operator}:{value}" for value in values)]
        kinds = [operator] if operator in _NAMES else list(_NAMES)
        names = await self._complete_names(kinds, word) if len(word) > 1 else []
        named = [_build_name_completion(kind, head, sign, name) for kind, name in names]
        papers = [] if operator in _NAMES else await self.complete_papers(typed, today)
        titles = [Completion(paper.name, paper.id) for paper in papers]
        return [*titles[:_TITLES_FIRST], *named, *titles[_TITLES_FIRST:]][:_CHOICES]

    async def _complete_example(self, head: str, title: str, today: date) -> list[Completion]:
        """The query so far with each of the papers that may be meant as the example; their titles are the labels."""
        papers = await self.complete_papers(title, today)
        return [Completion(f"{head}{paper.name}", f"{head}{paper.id}") for paper in papers]

    async def _complete_names(self, kinds: Sequence[str], beginning: str) -> list[tuple[str, str]]:
        """Names of each of `kinds` with a word that starts with `beginning`, the most common first."""
        find = self._search.find_papers_by_name
        found = await asyncio.to_thread(lambda: {kind: find(kind, beginning, limit=_PAPERS_COMPARED) for kind in kinds})
        papers = {paper.id: paper for paper in await self._storage.papers.get({*chain(*found.values())})}
        return [
            (kind, name)
            for kind, ids in found.items()
            for name in _pick_commonest_names(
                kind, [papers[each] for each in ids if each in papers], fold_word(beginning)
            )
        ]


def _is_complete_example(typed: str) -> bool:
    """Whether a paper is named already, and what follows is another part of the query."""
    reference, space, _ = typed.lstrip().partition(" ")
    return bool(space) and find_paper_id(reference) is not None


def _get_names_of_kind(kind: str, paper: Paper) -> Sequence[str]:
    if kind == "org":
        return list_organizations(paper)
    return paper.authors if kind == "author" else paper.tags


def _pick_commonest_names(kind: str, papers: Sequence[Paper], beginning: str) -> list[str]:
    """The names of a `kind` that contain the words of `beginning`; the last word may be incomplete."""
    *whole, last = re.findall(r"\w+", beginning) or [""]
    names = Counter(
        name
        for paper in papers
        for name in _get_names_of_kind(kind, paper)
        if _continues_name(whole, last, fold_word(name))
    )
    return [name for name, _ in names.most_common(_NAMES_EACH)]


def _continues_name(whole: Sequence[str], last: str, name: str) -> bool:
    """Whether `name` contains all `whole` words, and a word that starts with `last`."""
    if last not in name:
        return False
    words = re.findall(r"\w+", name)
    return set(whole) <= set(words) and any(word.startswith(last) for word in words)


def _find_start_of_last_word(typed: str) -> int:
    """The index where the last word begins, or the operator whose quotes are still open."""
    opened = typed.rfind('"') if typed.count('"') % 2 else len(typed)
    return max(typed.rfind(mark, 0, opened) for mark in ' ("') + 1


def _build_name_completion(kind: str, head: str, sign: str, name: str) -> Completion:
    """The query so far with `name` at the end; words of the name that were typed before are replaced by it."""
    words = head.split()
    while words and fold_word(words[-1]) in fold_word(name).split():
        words.pop()
    text = " ".join([*words, f'{sign}{kind}:"{name.replace(QUOTE, " ")}"'])  # quotes would end it too early
    return Completion(text, text)
