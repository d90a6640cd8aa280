"""Queries composed of everything the language has find what plain Python finds among the same papers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.papers import Paper
from bot.search import HAS, SearchIndex, Sort
from bot.search.query import AnyOf, Clause, Days, Group, Has, Named, Node, Occur, Operator, Phrase, Upvotes, Word
from tests.support.builders import DAY, paper
from tests.support.encoders import RandomEncoder, understood
from tests.support.indexes import find, open_index, parse_on_day

pytestmark = pytest.mark.usefixtures("whatever_is_near")

VOCABULARY = ("alpha", "bravo", "delta", "hotel", "kilo", "tango")
ABSENT = "qqq"  # too short to be taken for another
STOP = "the"
PAPERS = (
    paper("2601.00001", title="Alpha Bravo", abstract="Delta the hotel.", authors=("Kilo Tango",), upvotes=5),
    paper("2601.00002", title="The Bravo", abstract="Alpha, delta; alpha bravo.", tags=("hotel kilo",), upvotes=10),
    paper("2601.00003", title="Delta-Hotel", authors=("Alpha Tango", "Bravo Kilo"), organization="Hotel Tango"),
    paper("2601.00004", title="Kilo", abstract="Tango", ai_summary="Alpha delta", day=DAY - timedelta(1), upvotes=10),
    paper("2601.00005", title="Tango Alpha", tags=("delta", "bravo"), github_repo="https://github.com/a/b", upvotes=7),
    paper("2601.00006", title="Hotel Bravo Alpha", project_page="https://a.example", day=DAY - timedelta(30)),
    paper(
        "2601.00007", title="Alpha", abstract="The the alpha-bravo", media_urls=("https://a.example/a.mp4",), upvotes=5
    ),
    paper(
        "2601.00008", title="Of Bravo", organization="Alpha Delta", tags=("kilo", "alpha tango"), day=date(2025, 3, 1)
    ),
    paper("2601.00009", title="Delta Kilo Delta", abstract="alpha. Bravo!", authors=("Hotel",), day=date(2025, 12, 31)),
    paper("2601.00010", title="X", authors=("Tango Kilo",), upvotes=99, ai_summary="Y", day=date(2025, 12, 31)),
    paper(
        "2601.00011", title="Bravo Tango", abstract="kilo hotel tango alpha the delta", upvotes=3, tags=("delta hotel",)
    ),
    paper("2601.00012", title="X Y", abstract="Z"),
)


# What a person writes, and what it means. The tree is the language's own, so that what is read from the
# written text can be held against it.

SIGNS = {Occur.SHOULD: ("",), Occur.MUST: ("+",), Occur.NOT: ("-", "NOT ")}


def written(clause: Clause, pick: Sequence[int]) -> str:
    """The text of a clause, in one of the ways people write it."""
    choice = pick[0] if pick else 0
    signs = SIGNS[clause.occur]
    sign = signs[choice % len(signs)]
    match clause.node:
        case AnyOf(options=options):
            return " OR ".join(written(each, pick[1:]) for each in options)
        case Group(clauses=clauses):
            return f"{sign}({' '.join(written(each, pick[1:]) for each in clauses)})"
        case Word(text=text, prefix=prefix):
            return f"{sign}{(text, text.title(), text.upper())[choice % 3]}{'*' * prefix}"
        case Phrase(text=text):
            return f'{sign}"{text}"'
    return sign + _filter(clause.node, choice)


def _filter(node: Operator, choice: int) -> str:
    match node:
        case Named(name=name, text=text):
            quoted = " " in text or choice % 2
            return f'{(name, name.upper())[choice % 2]}:"{text}"' if quoted else f"{name}:{text}"
        case Has(what=what):
            return f"has:{what}"
        case Upvotes(least=least):
            return f"min:{least}"
        case Days(first=first, end=end):
            return _days(first, end)


def _days(first: date | None, end: date | None) -> str:
    if first and end:
        return f"day:{first}" if end - first == timedelta(1) else f"day:{first.year}"
    return f"after:{first}" if first else f"before:{end}"


WORDS = st.sampled_from((*VOCABULARY, *VOCABULARY, ABSENT, STOP, "alpha-bravo", "delta/hotel")).map(Word)
PREFIXES = st.sampled_from(("alp", "bra", "de", "t", "kilo", "zz")).map(lambda text: Word(text, prefix=True))
PHRASES = st.lists(st.sampled_from((*VOCABULARY, STOP)), min_size=1, max_size=3).map(" ".join).map(Phrase)
NAMED = st.builds(
    Named,
    st.sampled_from(("author", "org", "tag")),
    st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=2).map(" ".join) | st.sampled_from(("alp*", "kilo ta*")),
)
DATES = st.sampled_from([DAY - timedelta(30), DAY - timedelta(1), DAY, DAY + timedelta(1), date(2025, 12, 31)])
DAYS = st.one_of(
    DATES.map(lambda day: Days(day, day + timedelta(1))),
    DATES.map(lambda day: Days(day, None)),
    DATES.map(lambda day: Days(None, day)),
    st.sampled_from((2024, 2025, 2026)).map(lambda year: Days(date(year, 1, 1), date(year + 1, 1, 1))),
)
FILTERS: st.SearchStrategy[Node] = st.one_of(
    NAMED, st.sampled_from(HAS).map(Has), st.sampled_from((0, 3, 5, 6, 10, 100)).map(Upvotes), DAYS
)
LEAVES: st.SearchStrategy[Node] = st.one_of(WORDS, WORDS, PREFIXES, PHRASES, FILTERS)
OCCURS = st.sampled_from((Occur.SHOULD, Occur.SHOULD, Occur.SHOULD, Occur.MUST, Occur.NOT))


def signed(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Clause]:
    return st.builds(Clause, nodes, OCCURS)


def alternatives(clauses: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    return st.lists(clauses, min_size=2, max_size=3).map(lambda options: Clause(AnyOf(tuple(options))))


def groups(clauses: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    inner = st.lists(clauses | alternatives(clauses), min_size=1, max_size=3)
    return signed(inner.map(lambda each: Group(tuple(each))))


SIMPLE = signed(LEAVES)
NESTED = st.recursive(SIMPLE, groups, max_leaves=6)
CLAUSES = st.lists(st.one_of(SIMPLE, NESTED, alternatives(NESTED)), max_size=4)
PICKS = st.lists(st.integers(0, 5), min_size=4, max_size=4)


# What it finds, in plain Python.


@dataclass(frozen=True)
class Text:
    """The words of a paper's fields; those of one value stand side by side."""

    values: dict[str, list[list[str]]]

    def holds(self, words: Sequence[str], *fields: str) -> bool:
        """Whether a value of the fields, or of any, holds the words in this order."""
        return any(_within(words, value) for field in fields or self.values for value in self.values[field])

    def begins(self, beginning: str, *fields: str) -> bool:
        values = [value for field in fields or self.values for value in self.values[field]]
        return any(word.startswith(beginning) for value in values for word in value)


def _within(words: Sequence[str], value: Sequence[str]) -> bool:
    return any(list(words) == list(value[at : at + len(words)]) for at in range(len(value)))


def _split(text: str) -> list[str]:
    return "".join(letter.lower() if letter.isalnum() else " " for letter in text).split()


def text_of(known: Paper) -> Text:
    prose = f"{known.abstract} {known.ai_summary or ''}"
    fields = {"title": [known.title], "abstract": [prose], "tag": known.tags, "author": known.authors}
    fields["org"] = [known.organization or ""]
    return Text({name: [_split(value) for value in values] for name, values in fields.items()})


TEXTS = {each.id: text_of(each) for each in PAPERS}


def found(clauses: Sequence[Clause], *, every: bool = False) -> set[str]:
    return {each.id for each in PAPERS if fits(clauses, each, every=every)}


def fits(clauses: Sequence[Clause], known: Paper, *, every: bool = False) -> bool:
    """Whether a paper has what is demanded, nothing that is ruled out, and any of the words if none is demanded."""
    saying = [each for each in clauses if not says_nothing(each)] or clauses
    if any(holds(each.node, known, whole=True) for each in saying if each.occur is Occur.NOT):
        return False
    wanted = [each for each in saying if each.occur is not Occur.NOT]
    demanded = [each for each in wanted if every or is_demanded(each)]
    ranking = [each for each in wanted if each not in demanded]
    if not all(holds(each.node, known, whole=True) for each in demanded):
        return False
    if not ranking or any(speaks(each) for each in demanded):
        return True
    return any(holds(each.node, known, whole=False) for each in ranking)


def holds(node: Node, known: Paper, *, whole: bool) -> bool:
    """Whether `node` is true of a paper; of a word that is taken apart, any part will do unless it is demanded."""
    text = TEXTS[known.id]
    match node:
        case AnyOf(options=options):
            return any(fits([option], known) for option in options)
        case Group(clauses=clauses):
            return fits(clauses, known)
        case Word(text=word, prefix=prefix) if prefix:
            return text.begins(word)
        case Word(text=word):
            return text.holds(_split(word)) if whole else any(text.holds([part]) for part in _split(word))
        case Phrase(text=phrase):
            return text.holds(_split(phrase))
    return passes(node, known)


def passes(node: Operator, known: Paper) -> bool:
    """Whether a filter lets a paper through."""
    match node:
        case Named(name=name, text=words):
            return _is_named(TEXTS[known.id], name, words)
        case Has(what=what):
            return bool(POSSESSIONS[what](known))
        case Upvotes(least=least):
            return known.upvotes >= least
        case Days(first=first, end=end):
            assert known.day
            return (first or date.min) <= known.day < (end or date.max)


POSSESSIONS: dict[str, Callable[[Paper], object]] = {
    "code": lambda known: known.github_repo,
    "project": lambda known: known.project_page,
    "summary": lambda known: known.ai_summary,
    "media": lambda known: known.media_urls,
}


def _is_named(text: Text, name: str, words: str) -> bool:
    if not words.endswith("*"):
        return text.holds(_split(words), name)
    *before, last = _split(words)
    return all(text.holds([word], name) for word in before) and text.begins(last, name)


def is_demanded(clause: Clause) -> bool:
    """Words only rank; what is signed, a phrase or a filter is demanded, and so is a group that holds any of these."""
    if clause.occur is not Occur.SHOULD:
        return True
    match clause.node:
        case Word():
            return False
        case AnyOf(options=options):
            return all(is_demanded(option) for option in options)
        case Group(clauses=clauses):
            return any(is_demanded(each) for each in clauses)
    return True


def speaks(clause: Clause) -> bool:
    """Whether there is a word in it that is not ruled out."""
    if clause.occur is Occur.NOT or isinstance(clause.node, Operator):
        return False
    match clause.node:
        case AnyOf(options=inner) | Group(clauses=inner):
            return any(speaks(each) for each in inner)
    return True


def says_nothing(clause: Clause) -> bool:
    return clause.node == Word(STOP) and clause.occur is Occur.SHOULD


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("oracle"), PAPERS) as opened:
        yield opened


@pytest.fixture(scope="module")
def meaning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """The same index, whose papers are all near to everything."""
    with open_index(tmp_path_factory.mktemp("meaning"), PAPERS, understood(PAPERS, RandomEncoder())) as opened:
        yield opened


def bare(clauses: Sequence[Clause]) -> list[Clause]:
    """The clauses without how they were typed, their words in small letters."""
    return [Clause(_bare(each.node), each.occur) for each in clauses]


def _bare(node: Node) -> Node:
    match node:
        case Word(text=text):
            return replace(node, text=text.lower())
        case AnyOf(options=options):
            return AnyOf(tuple(bare(options)))
        case Group(clauses=clauses):
            return Group(tuple(bare(clauses)))
    return node


@hypothesis_settings(max_examples=700, deadline=None)
@given(CLAUSES, PICKS)
def test_a_query_is_read_as_it_was_meant_and_finds_what_it_means(
    index: SearchIndex, clauses: list[Clause], picks: list[int]
) -> None:
    text = " ".join(written(each, picks) for each in clauses)
    query = parse_on_day(text)
    assert query.mistakes == ()
    assert bare(query.clauses) == clauses
    got = index.find_papers(query, limit=100)
    assert set(got.ids) == found(clauses, every=query.order is Sort.UPVOTES), text
    assert got.total == len(got.ids)
    assert got.corrections == ()


@hypothesis_settings(max_examples=200, deadline=None)
@given(CLAUSES, PICKS, st.sampled_from((Sort.DATE, Sort.UPVOTES)))
def test_a_sorted_query_finds_the_papers_with_every_word_or_else_with_any(
    index: SearchIndex, clauses: list[Clause], picks: list[int], sort: Sort
) -> None:
    text = " ".join([*(written(each, picks) for each in clauses), f"sort:{sort.value}"])
    got = find(index, text, 100)
    assert set(got.ids) == (found(clauses, every=True) or found(clauses)), text
    known = {each.id: each for each in PAPERS}
    keys = [known[each].upvotes if sort is Sort.UPVOTES else known[each].day for each in got.ids]
    assert keys == sorted(keys, reverse=True)  # type: ignore[type-var]


@hypothesis_settings(max_examples=200, deadline=None)
@given(CLAUSES, PICKS)
def test_what_is_near_in_meaning_comes_on_top_where_nothing_demanded_rules_it_out(
    index: SearchIndex, meaning: SearchIndex, clauses: list[Clause], picks: list[int]
) -> None:
    text = " ".join(written(each, picks) for each in clauses)
    got = find(meaning, text, 100)
    assert len(got.ids) == len(set(got.ids)) == got.total
    if parse_on_day(text).order is Sort.RELEVANCE:
        demanded = [each for each in clauses if is_demanded(each)]
        assert set(got.ids) == found(clauses) | found(demanded), text
    else:
        assert got == find(index, text, 100)


@pytest.mark.parametrize("text", ["", "alpha", "min:5 -bravo", "(alpha OR kilo) sort:date"])
def test_the_shelf_tells_queries_apart(index: SearchIndex, text: str) -> None:
    """The oracle is worth nothing where everything or nothing is found."""
    assert 0 < find(index, text).total < (len(PAPERS) if text else len(PAPERS) + 1)
