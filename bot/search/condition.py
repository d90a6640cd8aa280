"""A query as a condition, evaluated in plain Python for a few hundred papers at once.

It holds for the papers that `SearchIndex.find_matching_ids` finds: what `query_builder` has tantivy look for is done
here with the terms of the papers, which costs microseconds a query instead of half a millisecond. Scores play no part.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import tantivy
from tantivy import Occur

from bot.papers import parse_paper_id
from bot.search.index import translate_errors
from bot.search.likeness import STOP_WORDS
from bot.search.paper_terms import ANY_NAME, ANY_PROSE, IDENTIFIER, PaperTerms, make_term, write_phrase
from bot.search.query import (
    AnyOf,
    Clause,
    Days,
    Group,
    Has,
    Like,
    Named,
    Node,
    Operator,
    Phrase,
    Query,
    Upvotes,
    Word,
    is_example,
    list_clause_texts,
)
from bot.search.query_builder import (
    FIELDS_OF,
    LARGEST_NUMBER,
    UNSTEMMED,
    get_occur,
    is_required,
    is_stop_word,
)
from bot.search.schema import IDENTIFIERS, NAMES, PROSE, join_word, split_names, split_stems
from bot.search.word_counts import list_terms

Condition = tuple[Any, ...]
"""Its kind, and what belongs to it, which may be other conditions.

These are tuples, strings and numbers, because the garbage collector leaves them alone. Many queries have hundreds of
thousands; to visit that many objects would stop everything for a quarter of a second.
"""
# The kinds. A paper matches if …
_ALL = "all"  # all of the first hold, and none of the second
_ANY = "any"  # one holds
_TERMS = "terms"  # it has one of the terms
_IN_ORDER = "in order"  # a field has the terms next to each other: the field, the text, the terms
_IDENTIFIER = "identifier"  # it has the identifier, which no abstract has as an ordinary word: the form, the term
_SIGNED = "signed"  # it has the identifier, such as C++; if no paper at all does, another condition counts
_BEGINNING = "beginning"  # it has a term that begins so
_UPVOTED = "upvoted"  # it has so many upvotes
_LISTED = "listed"  # its day is from the one to the other
_LIKE = "like"  # it is like the example
_KEPT = 20_000  # words, which many queries share


class Vocabulary:
    """What a query needs to know of the words of the whole index.

    `asked` becomes true when a condition needs it: then it may hold for other papers once the index has changed.
    Its functions raise `ValueError` if the index is damaged.
    """

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher
        self.asked = False

    def is_plain(self, form: str) -> bool:
        """Whether an abstract has it as a word; it is not taken for an identifier then."""
        self.asked = True
        return any(self._count(("abstract",), stem) for stem in split_stems(form))

    def has_identifier(self, form: str) -> bool:
        self.asked = True
        return self._count(IDENTIFIERS, form) > 0

    def count(self, term: str) -> int:
        """About how many papers have the term, as `PaperTerms` names it."""
        field, _, text = term.partition(":")
        fields = {ANY_PROSE: PROSE, ANY_NAME: NAMES, IDENTIFIER: IDENTIFIERS}.get(field, (field,))
        return self._count(fields, text)

    def _count(self, fields: Iterable[str], term: str) -> int:
        with translate_errors():
            return sum(self._searcher.doc_freq(field, term) for field in fields)


def build_condition(query: Query) -> Condition:
    """The condition that a paper matches `query`, with every word of it."""
    if reference := parse_paper_id(query.text):
        return (_TERMS, make_term("id", reference))
    return _build_group(query.clauses, every_word=True)


def depends_on_upvotes(condition: Condition) -> bool:
    return any(each[0] == _UPVOTED for each in _list_parts(condition))


def list_examples(condition: Condition) -> tuple[str, ...]:
    """The papers that others are compared with."""
    return tuple(dict.fromkeys(each[1] for each in _list_parts(condition) if each[0] == _LIKE))


def _list_parts(condition: Condition) -> Iterator[Condition]:
    """The conditions that it consists of."""
    if condition[0] in {_ALL, _ANY}:
        for options in condition[1:]:
            for each in options:
                yield from _list_parts(each)
    else:
        yield condition


def find_papers(condition: Condition, papers: PaperTerms, within: int, words: Vocabulary) -> int:
    """Those of the papers `within`, as bits, for which the condition holds."""
    return _FINDERS[condition[0]](condition, papers, within, words)


def _find_all(condition: Condition, papers: PaperTerms, within: int, words: Vocabulary) -> int:
    _, wanted, unwanted = condition
    for each in wanted:
        within = within and find_papers(each, papers, within, words)
    for each in unwanted:
        within ^= within and find_papers(each, papers, within, words)
    return within


def _find_any(condition: Condition, papers: PaperTerms, within: int, words: Vocabulary) -> int:
    left = within
    for option in condition[1]:
        left ^= left and find_papers(option, papers, left, words)
    return within ^ left


def _find_terms(condition: Condition, papers: PaperTerms, within: int, _: Vocabulary) -> int:
    found = 0
    for term in condition[1:]:
        found |= papers.find_term(term)
    return found & within


def _find_in_order(condition: Condition, papers: PaperTerms, within: int, _: Vocabulary) -> int:
    _kind, field, text, *terms = condition
    for term in terms:
        within &= papers.find_term(term)
    return within and papers.find_text(field, text, within)


def _find_identifier(condition: Condition, papers: PaperTerms, within: int, words: Vocabulary) -> int:
    _, form, term = condition
    found = papers.find_term(term) & within
    return found if found and not words.is_plain(form) else 0


def _find_signed(condition: Condition, papers: PaperTerms, within: int, words: Vocabulary) -> int:
    _, form, term, otherwise = condition
    if words.has_identifier(form):
        return papers.find_term(term) & within
    return find_papers(otherwise, papers, within, words)


_FINDERS: dict[str, Callable[[Condition, PaperTerms, int, Vocabulary], int]] = {
    _ALL: _find_all,
    _ANY: _find_any,
    _TERMS: _find_terms,
    _IN_ORDER: _find_in_order,
    _IDENTIFIER: _find_identifier,
    _SIGNED: _find_signed,
    _BEGINNING: lambda condition, papers, within, _: papers.find_beginning(condition[1]) & within,
    _UPVOTED: lambda condition, papers, within, _: papers.find_upvoted(condition[1]) & within,
    _LIKE: lambda condition, papers, within, _: papers.find_like(condition[1]) & within,
    _LISTED: lambda condition, papers, within, _: papers.find_listed(condition[1], condition[2]) & within,
}


def list_necessary_terms(condition: Condition, count: Callable[[str], int]) -> tuple[str, ...] | None:
    """Terms of which a paper must have one, the rarest by `count`; None if the condition may hold without any."""
    kind, *rest = condition
    terms: Iterable[str] | None = None
    if kind == _TERMS:
        terms = rest
    elif kind == _IDENTIFIER:
        terms = rest[1:]
    elif kind == _IN_ORDER:
        terms = [min(rest[2:], key=count)]
    elif kind == _SIGNED:
        terms = _list_terms_of_any([(_TERMS, rest[1]), rest[2]], count)
    elif kind == _ANY:
        terms = _list_terms_of_any(rest[0], count)
    elif kind == _ALL:
        every = (list_necessary_terms(each, count) for each in rest[0])
        terms = min((each for each in every if each is not None), key=lambda each: sum(map(count, each)), default=None)
    return None if terms is None else tuple(dict.fromkeys(terms))


def _list_terms_of_any(options: Iterable[Condition], count: Callable[[str], int]) -> Iterable[str] | None:
    every = [list_necessary_terms(each, count) for each in options]
    return None if None in every else [term for terms in every if terms for term in terms]


def _build_group(clauses: Sequence[Clause], *, every_word: bool = False) -> Condition:
    telling = [each for each in clauses if not is_stop_word(each)] or clauses
    parts: dict[Occur, list[Condition]] = {Occur.Must: [], Occur.Should: [], Occur.MustNot: []}
    examples = [each for each in telling if is_example(each)]  # one is enough
    if examples:
        parts[Occur.Must].append(_build_any([_build_node(each.node) for each in examples]))
    for clause in telling:
        if clause in examples:
            continue
        node, occur = clause.node, get_occur(clause, every_word=every_word)
        if occur != Occur.Should and isinstance(node, Word) and not node.prefix:
            parts[occur].append(_build_whole_word(node.text))
        else:
            parts[occur].append(_build_node(node))
    wanted, ranking = parts[Occur.Must], parts[Occur.Should]
    requires_words = any(is_required(each) and any(list_clause_texts((each,))) for each in telling)
    if ranking and not requires_words:
        wanted.append(_build_any(ranking))
    return _build_all(wanted, parts[Occur.MustNot])


def _build_node(node: Node) -> Condition:
    match node:
        case Word(text=text, prefix=True):
            return _build_beginning(text)
        case Word(text=text):
            return _build_word(text)
        case Phrase(text=text):
            return _build_whole_word(text.strip()) if len(text.split()) == 1 else _build_phrase(text)
        case AnyOf(options=options):
            return _build_any([_build_group([option]) for option in options])
        case Group(clauses=clauses):
            return _build_group(clauses)
    return _build_operator(node)


def _build_operator(node: Operator) -> Condition:
    match node:
        case Named(name=name, text=text):
            return _build_named(name, text)
        case Has(what=what):
            return (_TERMS, make_term("has", what))
        case Upvotes(least=least):
            return (_UPVOTED, least)
        case Days(first=first, end=end):
            return (_LISTED, first.toordinal() if first else 0, end.toordinal() - 1 if end else LARGEST_NUMBER)
        case Like(paper=paper):
            return (_LIKE, paper)


@lru_cache(_KEPT)
def _build_word(text: str) -> Condition:
    form = join_word(text)
    terms = list_terms(text)
    words: list[Condition] = [
        (_TERMS, make_term(ANY_PROSE, stem), make_term(ANY_NAME, name))
        for stem, name in [each for each in terms if each[1] not in STOP_WORDS] or terms
    ]
    if not form:
        return _build_any(words)
    identifier = make_term(IDENTIFIER, form)
    if form.isalpha():
        return _build_any([*words, (_IDENTIFIER, form, identifier)])
    if form.endswith(("+", "#")):
        return (_SIGNED, form, identifier, _build_any(words))
    return _build_any([*words, (_TERMS, identifier)])


def _build_beginning(text: str) -> Condition:
    *whole, last = split_names(text) or [""]
    return _build_all([*map(_build_word, whole), _build_prefix("words", last)])


@lru_cache(_KEPT)
def _build_whole_word(text: str) -> Condition:
    if len(split_names(text)) < 2:  # noqa: PLR2004
        return _build_word(text)
    form = join_word(text)
    return _build_any([_build_phrase(text), *([(_TERMS, make_term(IDENTIFIER, form))] if form else [])])


@lru_cache(_KEPT)
def _build_phrase(text: str) -> Condition:
    """The terms in order in any field; of prose they are stems."""
    return _build_any([_build_ordered(ANY_PROSE, split_stems(text)), _build_ordered(ANY_NAME, split_names(text))])


def _build_named(name: str, text: str) -> Condition:
    return _build_any([_build_named_in(field, text) for field in FIELDS_OF[name]])


def _build_named_in(field: str, text: str) -> Condition:
    split = split_stems if field in PROSE else split_names
    if not text.endswith("*"):
        return _build_ordered(field, split(text))
    *whole, last = split_names(text) or [""]
    beginning = _build_prefix(UNSTEMMED.get(field, field), last)
    return _build_all([*(_build_ordered(field, split(word)) for word in whole), beginning])


def _build_ordered(field: str, terms: Sequence[str]) -> Condition:
    names = tuple(make_term(field, term) for term in terms)
    return (_IN_ORDER, field, write_phrase(terms), *names) if len(names) > 1 else (_TERMS, *names)


def _build_prefix(field: str, beginning: str) -> Condition:
    return (_BEGINNING, make_term(field, beginning)) if beginning else (_TERMS,)


def _build_any(options: Sequence[Condition]) -> Condition:
    """The options as one condition; terms among them are looked up together."""
    terms = [term for kind, *terms in options if kind == _TERMS for term in terms]
    others = tuple(option for option in options if option[0] != _TERMS)
    every = ((_TERMS, *terms), *others) if terms or not others else others
    return every[0] if len(every) == 1 else (_ANY, every)


def _build_all(wanted: Sequence[Condition], unwanted: Sequence[Condition] = ()) -> Condition:
    return wanted[0] if len(wanted) == 1 and not unwanted else (_ALL, tuple(wanted), tuple(unwanted))
