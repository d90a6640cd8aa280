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
from bot.search.query import AnyOf, Clause, Days, Group, Has, Named, Node, Phrase, Upvotes, Word, list_clause_texts
from bot.search.schema import NAMES, PROSE, fold_word, join_neighbours, join_word, split_names, split_stems

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
LARGEST_NUMBER = 2**62
# Words that say nothing of a paper, unless the query has no others.
STOP_WORDS = frozenset(
    """a about an and are as at be but by can do does for from how i in into is it its no not of on or our paper
    papers s such than that the their then there these they this to via was we what when where which who why will
    with you your""".split()  # noqa: SIM905
)


class QueryBuilder:
    """Makes tantivy queries over the papers that `searcher` sees."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema = schema
        self._searcher = searcher

    def build_query(self, wanted: asked.Query, *, every_word: bool = False) -> Query:
        """The papers `wanted`, scored; with `every_word` only those that hold each of its words."""
        return self._build_group(wanted.clauses, [*self._build_neighbours(wanted.words)], every_word=every_word)

    def build_required(self, wanted: asked.Query) -> Query:
        """The papers that `wanted` does not rule out, whether they hold its other words or not."""
        return self._build_group([each for each in wanted.clauses if _get_occur(each) != Occur.Should])

    def build_papers(self, ids: Sequence[str]) -> Query:
        return Query.term_set_query(self._schema, "id", list(ids))

    def build_title(self, typed: str) -> Query:
        """Titles that hold what somebody has typed so far."""
        words = split_names(typed)
        parts = [self._build_term("title", stem, 1.0) for stem in split_stems(typed)]
        parts += [self._build_prefix("heading", last, 3.0) for last in words[-1:] if len(last) > 1]
        return _match_any(parts)

    def build_named(self, name: str, text: str) -> Query:
        """Papers by an `author` or `org`, or with a `tag`, that holds these words; `*` ends half a word."""
        field = FIELD_OF[name]
        if not text.endswith("*"):
            return self._build_ordered(field, WEIGHTS[field], text)
        *whole, last = split_names(text) or [""]
        parts = [self._build_ordered(field, 1.0, word) for word in whole]
        parts.append(self._build_prefix(UNSTEMMED[name], last, 1.0))
        return Query.boolean_query([(Occur.Must, part) for part in parts])

    def build_similar(self, paper: Paper) -> Query:
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

    def build_snippet_query(self, wanted: asked.Query) -> Query:
        """The words of `wanted` where a snippet may show them."""
        saying = (text for text in wanted.list_texts() if fold_word(text) not in STOP_WORDS)
        return _match_any([self._build_term("abstract", stem, 1.0) for text in saying for stem in split_stems(text)])

    def contains_name(self, wanted: asked.Query) -> bool:
        """Whether a word of `wanted` is the name of somebody, or of what somebody made."""
        words = [word.text for word in wanted.words if fold_word(word.text) not in STOP_WORDS]
        alone = {join_word(word) for word in words}
        forms = {form for form in join_neighbours(words) if form not in alone or not self._is_plain(form)}
        return any(self._is_name(*each) for word in words for each in _list_terms(word)) or any(
            self._searcher.doc_freq("called", form) for form in forms
        )

    def find_unknown_words(self, words: Sequence[str]) -> Iterator[str]:
        """Those of `words` that no paper holds in any form, nor as a part of a name written as one."""
        for place, word in enumerate(words):
            forms = {form for form in join_neighbours(words[max(0, place - 2) : place + 3]) if join_word(word) in form}
            terms = [(field, stem) for stem in split_stems(word) for field in PROSE]
            terms += [("words", name) for name in split_names(word)]
            terms += [(field, form) for form in forms for field in IDENTIFIERS]
            if split_names(word) and not any(self._searcher.doc_freq(field, term) for field, term in terms):
                yield word

    def _build_group(
        self, clauses: Sequence[Clause], besides: Sequence[Query] = (), *, every_word: bool = False
    ) -> Query:
        """Filters are demanded; so is one of the words at least, unless others are."""
        saying = [each for each in clauses if not _is_stop_word(each)] or clauses
        parts = [self._build_clause(each, _get_occur(each, every_word=every_word)) for each in saying]
        if all(occur == Occur.MustNot for occur, _ in parts):
            parts.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
        ranks = any(occur == Occur.Should for occur, _ in parts)
        chosen = any(_is_required(each) and any(list_clause_texts((each,))) for each in saying)
        parts += [(Occur.Should, part) for part in besides]
        return Query.boolean_query(parts, int(ranks and not chosen))

    def _build_clause(self, clause: Clause, occur: Occur) -> tuple[Occur, Query]:
        if occur != Occur.Should and isinstance(clause.node, Word) and not clause.node.prefix:
            return occur, self._build_whole_word(clause.node)
        return occur, self._build_node(clause.node)

    def _build_whole_word(self, word: Word) -> Query:
        """All of a word that is taken apart: who rules `GPT-4o` out means no other GPT."""
        if len(split_names(word.text)) < 2:  # noqa: PLR2004
            return self._build_node(word)
        return _match_any([self._build_phrase(word.text), *self._build_identifiers(join_word(word.text))])

    @singledispatchmethod
    def _build_node(self, node: Node) -> Query:
        raise TypeError(node)

    @_build_node.register
    def _(self, node: Word) -> Query:
        if node.prefix:
            *whole, last = split_names(node.text) or [""]
            ends = [self._build_prefix(field, last, weight) for field, weight in BEGINNINGS.items()]
            parts = [*(self._build_node(Word(word)) for word in whole), Query.disjunction_max_query(ends)]
            return Query.boolean_query([(Occur.Must, part) for part in parts])
        form, terms = join_word(node.text), _list_terms(node.text)
        written = [] if self._is_plain(form) else [*self._build_identifiers(form)]
        if written and form.endswith(("+", "#")):
            return Query.boost_query(_match_any(written), WEIGHTS["title"])  # C++ is not C
        saying = [each for each in terms if each[1] not in STOP_WORDS] or terms
        return _match_any([*(self._build_best_field(*each) for each in saying), *written])

    @_build_node.register
    def _(self, node: Phrase) -> Query:
        if len(node.text.split()) == 1:
            return self._build_whole_word(Word(node.text.strip()))
        return self._build_phrase(node.text)

    @_build_node.register
    def _(self, node: Named) -> Query:
        return self.build_named(node.name, node.text)

    @_build_node.register
    def _(self, node: Has) -> Query:
        return Query.const_score_query(Query.term_query(self._schema, "has", node.what), 0.0)

    @_build_node.register
    def _(self, node: Upvotes) -> Query:
        return self._build_range("upvotes", node.least, LARGEST_NUMBER)

    @_build_node.register
    def _(self, node: Days) -> Query:
        last = node.end.toordinal() - 1 if node.end else LARGEST_NUMBER
        return self._build_range("day", node.first.toordinal() if node.first else 0, last)

    @_build_node.register
    def _(self, node: AnyOf) -> Query:
        return _match_any([self._build_group([option]) for option in node.options])

    @_build_node.register
    def _(self, node: Group) -> Query:
        return self._build_group(node.clauses)

    def _build_best_field(self, stem: str, name: str) -> Query:
        emphasis = NAME_EMPHASIS if self._is_name(stem, name) else 1.0
        parts = [self._build_term(field, stem, WEIGHTS[field]) for field in PROSE]
        parts += [self._build_term(field, name, WEIGHTS[field] * emphasis) for field in NAMES]
        return Query.disjunction_max_query(parts, OTHER_FIELDS)

    def _is_name(self, stem: str, name: str) -> bool:
        prose = max(self._searcher.doc_freq(field, stem) for field in PROSE)
        return max(self._searcher.doc_freq(field, name) for field in NAMES) > NAME_SHARE * prose

    def _is_plain(self, form: str) -> bool:
        """Whether it is a word of the language rather than a name."""
        return form.isalpha() and any(self._searcher.doc_freq("abstract", stem) for stem in split_stems(form))

    def _build_identifiers(self, form: str) -> Iterator[Query]:
        """`form` as the name of a paper's work, in a title, anywhere."""
        for field, weight in IDENTIFIERS.items():
            if form and self._searcher.doc_freq(field, form):
                yield self._build_term(field, form, weight)

    def _build_neighbours(self, words: Sequence[Word]) -> Iterator[Query]:
        """What words say by standing together: neighbours, and names that may be written as one."""
        texts = [word.text for word in words if not word.prefix]
        for before, after in pairwise(text for text in texts if fold_word(text) not in STOP_WORDS):
            for field, weight in NEIGHBOURS.items():
                yield self._build_ordered(field, weight, f"{before} {after}")
        for form in sorted({*join_neighbours(texts)} - {join_word(text) for text in texts}):
            yield from self._build_identifiers(form)

    def _build_phrase(self, text: str) -> Query:
        parts = [self._build_ordered(field, weight, text) for field, weight in WEIGHTS.items()]
        return Query.disjunction_max_query(parts, OTHER_FIELDS)

    def _build_ordered(self, field: str, weight: float, text: str) -> Query:
        terms = split_stems(text) if field in PROSE else split_names(text)
        if len(terms) < 2:  # noqa: PLR2004
            return self._build_term(field, terms[0], weight) if terms else Query.empty_query()
        return Query.boost_query(Query.phrase_query(self._schema, field, list(terms)), weight)

    def _build_term(self, field: str, term: str, weight: float) -> Query:
        return Query.boost_query(Query.term_query(self._schema, field, term), weight)

    def _build_prefix(self, field: str, beginning: str, weight: float) -> Query:
        if not beginning:
            return Query.empty_query()
        return Query.const_score_query(Query.regex_query(self._schema, field, f"{re.escape(beginning)}.*"), weight)

    def _build_range(self, field: str, least: int, most: int) -> Query:
        return Query.const_score_query(Query.range_query(self._schema, field, FieldType.Unsigned, least, most), 0.0)


def _list_terms(text: str) -> list[tuple[str, str]]:
    """The words of `text` as the fields of prose and those of names hold them."""
    return list(zip(split_stems(text), split_names(text), strict=True))


def _match_any(parts: Sequence[Query]) -> Query:
    return parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Should, part) for part in parts])


def _get_occur(clause: Clause, *, every_word: bool = False) -> Occur:
    if clause.occur is asked.Occur.NOT:
        return Occur.MustNot
    return Occur.Must if every_word or _is_required(clause) else Occur.Should


def _is_required(clause: Clause) -> bool:
    """Whether a paper must match it, or must not: words only rank, unless somebody said so."""
    if clause.occur is not asked.Occur.SHOULD:
        return True
    match clause.node:
        case Word():
            return False
        case AnyOf(options=options):
            return all(map(_is_required, options))
        case Group(clauses=clauses):
            return any(map(_is_required, clauses))
    return True


def _is_stop_word(clause: Clause) -> bool:
    node = clause.node
    ranks = isinstance(node, Word) and not node.prefix and clause.occur is asked.Occur.SHOULD
    return ranks and isinstance(node, Word) and (fold_word(node.text) in STOP_WORDS or not split_names(node.text))
