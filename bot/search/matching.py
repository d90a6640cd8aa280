"""What a query means to tantivy: which papers match, and which of them match better.

A word counts in the field where it says most, and a little in the others; a title more than an abstract. A
word that is mostly found among authors or organisations is taken for their name. Identifiers count as
written, first of all where a paper calls its own work so.
"""

import re
from collections.abc import Iterator, Sequence
from functools import singledispatchmethod
from itertools import pairwise

import tantivy
from tantivy import FieldType, Occur, Query

from bot.papers import Paper
from bot.search import query as asked
from bot.search.query import AnyOf, Clause, Days, Group, Has, Named, Node, Phrase, Upvotes, Word, texts_of
from bot.search.schema import NAMES, PROSE, folded, joined, joins, names, stems

# Tuned on one half of the judged set in bench/, and on tuning.jsonl; around these numbers the score hardly moves.
WEIGHTS = {"title": 2.5, "tags": 1.5, "abstract": 2.0, "authors": 2.5, "organization": 4.0}
OTHER_FIELDS = 0.3  # of what a word counts in the fields where it says less
NAME_EMPHASIS = 3.0
NAME_SHARE = 0.4  # a word is a name if so many have it, for each paper that has it in prose
NEIGHBOURS = {"title": 0.5, "authors": 2.0}  # two words side by side
IDENTIFIERS = {"called": 3.0, "joined": 1.5, "written": 1.0}
BEGINNINGS = {"heading": 3.0, "words": 1.0}
FIELD_OF = {"author": "authors", "org": "organization", "tag": "tags"}
UNSTEMMED = {**FIELD_OF, "tag": "labels"}
MOST = 2**62
# Words that say nothing of a paper, unless the query has no others.
STOP_WORDS = frozenset(
    """a about an and are as at be but by can do does for from how i in into is it its no not of on or our paper
    papers s such than that the their then there these they this to via was we what when where which who why will
    with you your""".split()  # noqa: SIM905
)


class Matching:
    """Makes tantivy queries over the papers that `searcher` sees."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher

    def query(self, wanted: asked.Query, *, every_word: bool = False) -> Query:
        """The papers `wanted`, scored; with `every_word` only those that hold each of its words."""
        return self._group(wanted.clauses, [*self._together(wanted.words)], every_word=every_word)

    def demands(self, wanted: asked.Query) -> Query:
        """The papers that `wanted` does not rule out, whether they hold its other words or not."""
        return self._group([each for each in wanted.clauses if _occur(each) != Occur.Should])

    def papers(self, ids: Sequence[str]) -> Query:
        return Query.term_set_query(self._schema, "id", list(ids))

    def title(self, typed: str) -> Query:
        """Titles that hold what somebody has typed so far."""
        words = names(typed)
        parts = [self._term("title", stem, 1.0) for stem in stems(typed)]
        parts += [self._beginning("heading", last, 3.0) for last in words[-1:] if len(last) > 1]
        return _any(parts)

    def named(self, name: str, text: str) -> Query:
        """Papers by an `author` or `org`, or with a `tag`, that holds these words; `*` ends half a word."""
        field = FIELD_OF[name]
        if not text.endswith("*"):
            return self._in_order(field, WEIGHTS[field], text)
        *whole, last = names(text) or [""]
        parts = [self._in_order(field, 1.0, word) for word in whole]
        parts.append(self._beginning(UNSTEMMED[name], last, 1.0))
        return Query.boolean_query([(Occur.Must, part) for part in parts])

    def similar(self, paper: Paper) -> Query:
        """What says the same, by tantivy's more-like-this."""
        fields = {"title": [paper.title], "tags": list(paper.tags), "abstract": [paper.abstract]}
        return Query.more_like_this_document_fields_query(
            self._schema,
            {field: values for field, values in fields.items() if any(values)},
            min_doc_frequency=2,
            min_term_frequency=1,
            max_query_terms=40,
            stop_words=sorted(STOP_WORDS),
        )

    def in_abstract(self, wanted: asked.Query) -> Query:
        """The words of `wanted` where a snippet may show them."""
        saying = (text for text in wanted.texts() if folded(text) not in STOP_WORDS)
        return _any([self._term("abstract", stem, 1.0) for text in saying for stem in stems(text)])

    def calls_by_name(self, wanted: asked.Query) -> bool:
        """Whether a word of `wanted` is the name of somebody, or of what somebody made."""
        words = [word.text for word in wanted.words if folded(word.text) not in STOP_WORDS]
        alone = {joined(word) for word in words}
        forms = {form for form in joins(words) if form not in alone or not self._is_plain(form)}
        return any(self._is_name(*each) for word in words for each in _terms(word)) or any(
            self._searcher.doc_freq("called", form) for form in forms
        )

    def unknown(self, words: Sequence[str]) -> Iterator[str]:
        """Those of `words` that no paper holds in any form, nor as a part of a name written as one."""
        for place, word in enumerate(words):
            forms = {form for form in joins(words[max(0, place - 2) : place + 3]) if joined(word) in form}
            terms = [(field, stem) for stem in stems(word) for field in PROSE]
            terms += [("words", name) for name in names(word)]
            terms += [(field, form) for form in forms for field in IDENTIFIERS]
            if names(word) and not any(self._searcher.doc_freq(field, term) for field, term in terms):
                yield word

    def _group(self, clauses: Sequence[Clause], besides: Sequence[Query] = (), *, every_word: bool = False) -> Query:
        """Filters are demanded; so is one of the words at least, unless others are."""
        saying = [each for each in clauses if not _says_nothing(each)] or clauses
        parts = [self._part(each, _occur(each, every_word=every_word)) for each in saying]
        if all(occur == Occur.MustNot for occur, _ in parts):
            parts.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
        ranks = any(occur == Occur.Should for occur, _ in parts)
        chosen = any(_demanded(each) and any(texts_of((each,))) for each in saying)
        parts += [(Occur.Should, part) for part in besides]
        return Query.boolean_query(parts, int(ranks and not chosen))

    def _part(self, clause: Clause, occur: Occur) -> tuple[Occur, Query]:
        if occur != Occur.Should and isinstance(clause.node, Word) and not clause.node.prefix:
            return occur, self._whole(clause.node)
        return occur, self._node(clause.node)

    def _whole(self, word: Word) -> Query:
        """All of a word that is taken apart: who rules `GPT-4o` out means no other GPT."""
        if len(names(word.text)) < 2:  # noqa: PLR2004
            return self._node(word)
        return _any([self._phrase(word.text), *self._identifier(joined(word.text))])

    @singledispatchmethod
    def _node(self, node: Node) -> Query:
        raise TypeError(node)

    @_node.register
    def _(self, node: Word) -> Query:
        if node.prefix:
            *whole, last = names(node.text) or [""]
            ends = [self._beginning(field, last, weight) for field, weight in BEGINNINGS.items()]
            parts = [*(self._node(Word(word)) for word in whole), Query.disjunction_max_query(ends)]
            return Query.boolean_query([(Occur.Must, part) for part in parts])
        form, terms = joined(node.text), _terms(node.text)
        written = [] if self._is_plain(form) else [*self._identifier(form)]
        if written and form.endswith(("+", "#")):
            return Query.boost_query(_any(written), WEIGHTS["title"])  # C++ is not C
        saying = [each for each in terms if each[1] not in STOP_WORDS] or terms
        return _any([*(self._best_field(*each) for each in saying), *written])

    @_node.register
    def _(self, node: Phrase) -> Query:
        if len(node.text.split()) == 1:
            return self._whole(Word(node.text.strip()))
        return self._phrase(node.text)

    @_node.register
    def _(self, node: Named) -> Query:
        return self.named(node.name, node.text)

    @_node.register
    def _(self, node: Has) -> Query:
        return Query.const_score_query(Query.term_query(self._schema, "has", node.what), 0.0)

    @_node.register
    def _(self, node: Upvotes) -> Query:
        return self._range("upvotes", node.least, MOST)

    @_node.register
    def _(self, node: Days) -> Query:
        last = node.end.toordinal() - 1 if node.end else MOST
        return self._range("day", node.first.toordinal() if node.first else 0, last)

    @_node.register
    def _(self, node: AnyOf) -> Query:
        return _any([self._group([option]) for option in node.options])

    @_node.register
    def _(self, node: Group) -> Query:
        return self._group(node.clauses)

    def _best_field(self, stem: str, name: str) -> Query:
        emphasis = NAME_EMPHASIS if self._is_name(stem, name) else 1.0
        parts = [self._term(field, stem, WEIGHTS[field]) for field in PROSE]
        parts += [self._term(field, name, WEIGHTS[field] * emphasis) for field in NAMES]
        return Query.disjunction_max_query(parts, OTHER_FIELDS)

    def _is_name(self, stem: str, name: str) -> bool:
        prose = max(self._searcher.doc_freq(field, stem) for field in PROSE)
        return max(self._searcher.doc_freq(field, name) for field in NAMES) > NAME_SHARE * prose

    def _is_plain(self, form: str) -> bool:
        """Whether it is a word of the language rather than a name."""
        return form.isalpha() and any(self._searcher.doc_freq("abstract", stem) for stem in stems(form))

    def _identifier(self, form: str) -> Iterator[Query]:
        """`form` as the name of a paper's work, in a title, anywhere."""
        for field, weight in IDENTIFIERS.items():
            if form and self._searcher.doc_freq(field, form):
                yield self._term(field, form, weight)

    def _together(self, words: Sequence[Word]) -> Iterator[Query]:
        """What words say by standing together: neighbours, and names that may be written as one."""
        texts = [word.text for word in words if not word.prefix]
        for before, after in pairwise(text for text in texts if folded(text) not in STOP_WORDS):
            for field, weight in NEIGHBOURS.items():
                yield self._in_order(field, weight, f"{before} {after}")
        for form in sorted({*joins(texts)} - {joined(text) for text in texts}):
            yield from self._identifier(form)

    def _phrase(self, text: str) -> Query:
        parts = [self._in_order(field, weight, text) for field, weight in WEIGHTS.items()]
        return Query.disjunction_max_query(parts, OTHER_FIELDS)

    def _in_order(self, field: str, weight: float, text: str) -> Query:
        terms = stems(text) if field in PROSE else names(text)
        if len(terms) < 2:  # noqa: PLR2004
            return self._term(field, terms[0], weight) if terms else Query.empty_query()
        return Query.boost_query(Query.phrase_query(self._schema, field, list(terms)), weight)

    def _term(self, field: str, term: str, weight: float) -> Query:
        return Query.boost_query(Query.term_query(self._schema, field, term), weight)

    def _beginning(self, field: str, beginning: str, weight: float) -> Query:
        if not beginning:
            return Query.empty_query()
        return Query.const_score_query(Query.regex_query(self._schema, field, f"{re.escape(beginning)}.*"), weight)

    def _range(self, field: str, least: int, most: int) -> Query:
        return Query.const_score_query(Query.range_query(self._schema, field, FieldType.Unsigned, least, most), 0.0)


def _terms(text: str) -> list[tuple[str, str]]:
    """The words of `text` as the fields of prose and those of names hold them."""
    return list(zip(stems(text), names(text), strict=True))


def _any(parts: Sequence[Query]) -> Query:
    return parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Should, part) for part in parts])


def _occur(clause: Clause, *, every_word: bool = False) -> Occur:
    if clause.occur is asked.Occur.NOT:
        return Occur.MustNot
    return Occur.Must if every_word or _demanded(clause) else Occur.Should


def _demanded(clause: Clause) -> bool:
    """Whether a paper must match it, or must not: words only rank, unless somebody said so."""
    if clause.occur is not asked.Occur.SHOULD:
        return True
    match clause.node:
        case Word():
            return False
        case AnyOf(options=options):
            return all(map(_demanded, options))
        case Group(clauses=clauses):
            return any(map(_demanded, clauses))
    return True


def _says_nothing(clause: Clause) -> bool:
    node = clause.node
    ranks = isinstance(node, Word) and not node.prefix and clause.occur is asked.Occur.SHOULD
    return ranks and isinstance(node, Word) and (folded(node.text) in STOP_WORDS or not names(node.text))
