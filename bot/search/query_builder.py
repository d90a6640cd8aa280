"""Turns a query into tantivy's: which papers match, and which of them match better.

A word counts over the whole paper, and besides in the field where it says most: in a title more than in an abstract. A
word that is found mostly among authors or organisations is treated as their name. Identifiers also count as they are
written, most of all if a paper calls its own work so.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice, pairwise

import tantivy
from tantivy import FieldType, Occur, Query

from bot.search.dictionary import is_english_word
from bot.search.likeness import SEARCHED_TRAITS, STOP_WORDS, Traits
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
    Upvotes,
    Word,
    is_example,
    list_clause_texts,
)
from bot.search.query import Occur as ParsedOccur
from bot.search.query import Query as ParsedQuery
from bot.search.schema import (
    NAMES,
    PROSE,
    fold_word,
    join_neighbours,
    join_word,
    split_names,
    split_stems,
)
from bot.search.word_counts import WordCounts, join_with_neighbours, list_terms

# Tuned on the queries in bench/ that are there for it; around these numbers the score hardly moves.
WEIGHTS = {"title": 2.5, "tags": 1.5, "abstract": 2.0, "authors": 1.25, "organization": 2.0, "affiliations": 1.0}
WHOLE = 5.0  # of a word in the whole paper, beside those of its fields
OTHER_FIELDS = 0.3  # the share that counts of a word's scores in the fields where it scores lower
RARITY_POWER = 0.7  # less than 1: a paper with more of the words is better than one with the rarest of them
COMMON = 5.0  # the rarity that this leaves as it is, of a word in one of 150 papers
NAME_EMPHASIS = 3.0  # of a name among names; where it is only mentioned, it counts so much less
TITLE_SHARE = 2 / 3  # of a query's words, which make it (half) a title
NEIGHBOURS = {"title": 0.5, "authors": 2.0}  # two words next to each other
RELATIVES = 0.5  # for a word that names an organisation of the same family as the paper's
IDENTIFIER_WEIGHTS = {"called": 3.0, "joined": 1.5, "written": 1.0}
CALLED_SO = 3.0  # on top, of a word that is an identifier by itself, rather than joined from several
BEGINNINGS = {"heading": 3.0, "words": 1.0}
FIELDS_OF = {"author": ("authors",), "org": ("organization", "affiliations"), "tag": ("tags",)}
UNSTEMMED = {"tags": "labels"}
EXACT = 0.5  # the weight of a word in quotes that has just these letters, in the text and again in the title
GUESS = 0.7  # the weight of a word that another may have been meant to be
LARGEST_NUMBER = 2**62


class QueryBuilder:
    """Makes tantivy queries over the papers that `searcher` sees; `alike` has the papers like each example."""

    def __init__(
        self, schema: tantivy.Schema, searcher: tantivy.Searcher, alike: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self._schema = schema
        self.searcher = searcher
        self.counts = WordCounts(searcher)
        self._alike = alike or {}
        self._among: Query | None = None

    def restrict(self, ids: Collection[str]) -> None:
        """From now on, only these papers match what is built, unless that is asked for `everywhere`.

        How rare a word is still counts over all papers. To look at thousands of ids takes milliseconds each time.
        """
        self._among = Query.const_score_query(self.build_papers([*ids]), 0.0)

    def _restrict(self, query: Query) -> Query:
        if self._among is None:
            return query
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, self._among)])

    def build_query(self, query: ParsedQuery, *, every_word: bool = False) -> Query:
        """The papers that match `query`, scored; with `every_word` only those that have all of its words."""
        neighbours = [*self._build_neighbours(query.words)]
        matched = self._build_group(query.clauses, neighbours, every_word=every_word)
        return self._restrict(matched)

    def build_complete(self, query: ParsedQuery, *, everywhere: bool = False) -> Query:
        """The papers that have all the words of `query`, some of which may be written as one with their neighbours."""
        words = _list_ranking_words(query)
        texts = [word.text for word in words]
        parts = [(Occur.Must, self.build_required(query))] if query.has_requirements else []
        for place, word in enumerate(words):
            if isinstance(word, Word) and word.prefix:
                parts.append((Occur.Must, self._build_beginning(word.text)))
                continue
            forms = join_with_neighbours(texts, place) - {join_word(word.text)}
            joined = [part for form in sorted(forms) for part in self._build_identifiers(form)]
            others = [self._build_whole_word(each) for each in word.others] if isinstance(word, Word) else []
            parts.append((Occur.Must, _build_any_of([self._build_whole_word(word.text), *others, *joined])))
        bonuses = [(Occur.Should, part) for part in self._build_neighbours(query.words)]
        complete = Query.boolean_query([*parts, *bonuses])
        return complete if everywhere else self._restrict(complete)

    def count_ranking_words(self, query: ParsedQuery) -> int:
        """How many words it has that only rank papers; if there are several, a paper may have some of them."""
        return sum(max(1, len(split_names(each.text))) for each in _list_ranking_words(query))

    def build_required(self, query: ParsedQuery) -> Query:
        """The papers, everywhere, that meet the requirements of `query`, whether or not they have its other words."""
        return self._build_group([each for each in query.clauses if get_occur(each) != Occur.Should])

    def build_papers(self, ids: Sequence[str]) -> Query:
        return Query.term_set_query(self._schema, "id", list(ids))

    def build_title(self, typed: str) -> Query:
        """The papers whose titles have the words typed so far; the last word may be incomplete."""
        words = split_names(typed)
        parts = [self._build_term("title", stem, 1.0) for stem in split_stems(typed)]
        parts += [self._build_prefix("heading", last, 3.0) for last in words[-1:] if len(last) > 1]
        return _build_any_of(parts)

    def build_named(self, name: str, text: str) -> Query:
        """Papers by an `author` or `org`, or with a `tag`, that has these words; `*` ends an incomplete word."""
        return _build_any_of([self._build_named_in(field, text) for field in FIELDS_OF[name]])

    def _build_named_in(self, field: str, text: str) -> Query:
        if not text.endswith("*"):
            return self._build_ordered(field, WEIGHTS[field], text)
        *whole, last = split_names(text) or [""]
        terms = split_stems(" ".join(whole)) if field in PROSE else whole
        parts = [self._build_term(field, term, 1.0) for term in terms]
        parts.append(self._build_prefix(UNSTEMMED.get(field, field), last, 1.0))
        return Query.boolean_query([(Occur.Must, part) for part in parts])

    def build_with_traits(self, traits: Traits) -> Query:
        """Papers that have some of the `traits` of another, those with the most telling ones first."""
        telling = islice(traits.items(), SEARCHED_TRAITS)
        return self._restrict(
            _build_any_of(
                [self._build_term(field, stem, weight) for stem, weight in telling for field in ("title", "abstract")]
            )
        )

    def build_titled(self, query: ParsedQuery) -> Query:
        """The papers whose titles have most of the words of `query`: two thirds, and at least two."""
        words = [word.text for word in query.words if not word.prefix and fold_word(word.text) not in STOP_WORDS]
        stems = [stem for word in words for stem in split_stems(word)]
        least = max(2, math.ceil(TITLE_SHARE * len(stems)))
        terms = [(Occur.Should, self._build_term("title", stem, 1.0)) for stem in stems]
        return Query.boolean_query(terms, least) if least <= len(stems) else Query.empty_query()

    def contains_name(self, query: ParsedQuery) -> bool:
        """Whether a word of `query` is the name of a person or an organisation, or of a paper's work."""
        words = [word.text for word in query.words if fold_word(word.text) not in STOP_WORDS]
        single = {join_word(word) for word in words}
        forms = {form for form in join_neighbours(words) if form not in single or not is_english_word(form)}
        return any(self.counts.is_name(*each) for word in words for each in list_terms(word)) or any(
            self.searcher.doc_freq("called", form) for form in forms
        )

    def build_company(self, words: Sequence[str]) -> Query | None:
        """The papers that have some of `words`, scored; None if there are none, or only small ones."""
        telling = [word for word in words if fold_word(word) not in STOP_WORDS and split_names(word)]
        return _build_any_of([self._build_word(word) for word in telling]) if telling else None

    def build_in_company(self, word: str, company: Query) -> Query:
        """The papers that have `word`, scored by `company` alone."""
        having = Query.const_score_query(self._build_word(word), 0.0)
        return Query.boolean_query([(Occur.Must, having), (Occur.Should, company)])

    def _build_group(
        self, clauses: Sequence[Clause], bonuses: Sequence[Query] = (), *, every_word: bool = False
    ) -> Query:
        """The papers that match `clauses`; matches of `bonuses` only add to their score.

        Operators are required; of several `like:`, one is enough. At least one of the words is required too, unless
        some words are already.
        """
        telling = [each for each in clauses if not is_stop_word(each)] or clauses
        parts: list[tuple[Occur, Query]] = []
        examples = [each for each in telling if is_example(each)]
        if examples:
            parts.append((Occur.Must, _build_any_of([self._build_node(each.node) for each in examples])))
        for clause in telling:
            if clause in examples:
                continue
            node, occur = clause.node, get_occur(clause, every_word=every_word)
            if occur != Occur.Should and isinstance(node, Word) and not node.prefix:
                parts.append((occur, _build_any_of([*map(self._build_whole_word, (node.text, *node.others))])))
            else:
                parts.append((occur, self._build_node(node)))
        if all(occur == Occur.MustNot for occur, _ in parts):
            parts.append((Occur.Must, Query.const_score_query(Query.all_query(), 0.0)))
        ranks = any(occur == Occur.Should for occur, _ in parts)
        requires_words = any(is_required(each) and any(list_clause_texts((each,))) for each in telling)
        parts += [(Occur.Should, part) for part in bonuses]
        return Query.boolean_query(parts, 1 if ranks and not requires_words else 0)

    def _build_node(self, node: Node) -> Query:
        match node:
            case Word():
                return self._build_ranking_word(node)
            case Phrase(text=text):
                return self._build_whole_word(text.strip()) if len(text.split()) == 1 else self._build_phrase(text)
            case AnyOf(options=options):
                return _build_any_of([self._build_group([option]) for option in options])
            case Group(clauses=clauses):
                return self._build_group(clauses)
        return self._build_operator(node)

    def _build_operator(self, node: Operator) -> Query:
        match node:
            case Named(name=name, text=text):
                return self.build_named(name, text)
            case Has(what=what):
                return Query.const_score_query(Query.term_query(self._schema, "has", what), 0.0)
            case Upvotes(least=least):
                return self._build_range("upvotes", least, LARGEST_NUMBER)
            case Like(paper=paper):
                return Query.const_score_query(self.build_papers([*self._alike.get(paper, ())]), 0.0)
            case Days(first=first, end=end):
                last = end.toordinal() - 1 if end else LARGEST_NUMBER
                return self._build_range("day", first.toordinal() if first else 0, last)

    def _build_word(self, text: str) -> Query:
        form, terms = join_word(text), list_terms(text)
        identifiers = [] if self.counts.is_plain(form) else [*self._build_identifiers(form)]
        if identifiers and form.endswith(("+", "#")):
            return Query.boost_query(_build_any_of(identifiers), WEIGHTS["title"])  # C++ is not C
        if len(terms) == 1:
            identifiers += [self._build_term("called", form, CALLED_SO)] if identifiers else []
        telling = [each for each in terms if each[1] not in STOP_WORDS] or terms
        return _build_any_of([*(self._build_form(*each) for each in telling), *identifiers])

    def _build_form(self, stem: str, name: str) -> Query:
        """A word by its stem in prose, and as a `name`: which papers have it, and how much that says of each."""
        emphasis = NAME_EMPHASIS if self.counts.is_name(stem, name) else 1.0
        fields = [self._build_term(field, stem, WEIGHTS[field] / emphasis) for field in PROSE]
        fields += [self._build_name(field, name, WEIGHTS[field] * emphasis) for field in NAMES]
        somewhere = Query.disjunction_max_query(fields, OTHER_FIELDS)
        everywhere = self._build_term("whole", stem, WHOLE)
        evened_out = (self.counts.measure_rarity("whole", stem) / COMMON) ** (RARITY_POWER - 1)
        return Query.boost_query(Query.boolean_query([(Occur.Must, somewhere), (Occur.Should, everywhere)]), evened_out)

    def _build_name(self, field: str, name: str, weight: float) -> Query:
        """A name among others, which says the same however many there are or however long the whole name is."""
        named = Query.term_query(self._schema, field, name)
        return Query.const_score_query(named, weight * self.counts.measure_rarity(field, name))

    def _build_ranking_word(self, word: Word) -> Query:
        if word.prefix:
            return self._build_beginning(word.text)
        if word.quoted:
            exact = [(Occur.Should, part) for part in self._build_exact(word.text)]
            return Query.boolean_query([(Occur.Must, self._build_word(word.text)), *exact])
        return self._build_either(word.text, word.others) if word.others else self._build_word(word.text)

    def _build_exact(self, text: str) -> Iterator[Query]:
        """The words of `text` with just these endings, beside the papers that have others."""
        for name in split_names(text):
            yield self._build_term("words", name, EXACT)
            yield self._build_term("heading", name, EXACT)

    def _build_either(self, text: str, others: Sequence[str]) -> Query:
        """The best of a word and the `others`, which are guesses."""
        guesses = [Query.boost_query(self._build_word(each), GUESS) for each in others]
        return Query.disjunction_max_query([self._build_word(text), *guesses])

    def _build_beginning(self, text: str) -> Query:
        """A word that is the beginning of another (`diffus*`)."""
        *whole, last = split_names(text) or [""]
        ends = [self._build_prefix(field, last, weight) for field, weight in BEGINNINGS.items()]
        parts = [*(self._build_word(word) for word in whole), Query.disjunction_max_query(ends)]
        return Query.boolean_query([(Occur.Must, part) for part in parts])

    def _build_whole_word(self, text: str) -> Query:
        """A word with all its parts: to exclude `GPT-4o` is not to exclude every GPT."""
        if len(split_names(text)) < 2:  # noqa: PLR2004
            return self._build_word(text)
        return _build_any_of([self._build_phrase(text), *self._build_identifiers(join_word(text))])

    def _build_identifiers(self, form: str) -> Iterator[Query]:
        """`form` as an identifier: as the name of a paper's work, in a title, or anywhere in the text."""
        for field, weight in IDENTIFIER_WEIGHTS.items():
            if form and self.searcher.doc_freq(field, form):
                yield self._build_term(field, form, weight)

    def _build_neighbours(self, words: Sequence[Word]) -> Iterator[Query]:
        """What words say beyond each alone: as neighbours, as names written as one word, and whose family they name."""
        texts = [word.text for word in words if not word.prefix]
        for before, after in pairwise(text for text in texts if fold_word(text) not in STOP_WORDS):
            for field, weight in NEIGHBOURS.items():
                yield self._build_ordered(field, weight, f"{before} {after}")
        for form in sorted({*join_neighbours(texts)} - {join_word(text) for text in texts}):
            yield from self._build_identifiers(form)
        for name in sorted({name for text in texts for name in split_names(text)}):
            if self.searcher.doc_freq("relatives", name):
                yield self._build_term("relatives", name, RELATIVES)

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


def _build_any_of(parts: Sequence[Query]) -> Query:
    return parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Should, part) for part in parts])


def get_occur(clause: Clause, *, every_word: bool = False) -> Occur:
    if clause.occur is ParsedOccur.NOT:
        return Occur.MustNot
    return Occur.Must if every_word or is_required(clause) else Occur.Should


def is_required(clause: Clause) -> bool:
    """Whether a paper must match it, or must not; words only rank, unless the query requires or excludes them."""
    if clause.occur is not ParsedOccur.SHOULD:
        return True
    match clause.node:
        case Word():
            return False
        case AnyOf(options=options):
            return all(map(is_required, options))
        case Group(clauses=clauses):
            return any(map(is_required, clauses))
    return True


def _list_ranking_words(query: ParsedQuery) -> list[Word | Phrase]:
    """The words that only rank papers, without those that say nothing; none if a word is required."""
    if any(is_required(each) and any(list_clause_texts((each,))) for each in query.clauses):
        return []
    ranking = (each.node for each in query.clauses if not is_required(each) and not is_stop_word(each))
    return [node for node in ranking if isinstance(node, Word | Phrase)]


def is_stop_word(clause: Clause) -> bool:
    node = clause.node
    if not isinstance(node, Word) or node.prefix or clause.occur is not ParsedOccur.SHOULD:
        return False
    return not split_names(node.text) or (fold_word(node.text) in STOP_WORDS and not node.quoted)
