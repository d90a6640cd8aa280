"""A query as it was read: words, phrases and operators, each of them ranking, required or excluded."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum

MAX_DROPPED_SINGLY = 5  # with more operators, only the query without any of them is tried
HAS = ("code", "project", "summary", "media")


class Sort(Enum):
    """The order of what was found."""

    RELEVANCE = "relevance"
    UPVOTES = "upvotes"
    DATE = "date"


class Part(Enum):
    """What a part of a query asks for, as far as it matters when the part excludes everything."""

    DATES = "dates"
    MINIMUM = "minimum"  # of upvotes
    PHRASE = "phrase"
    OTHER = "other"


class Occur(Enum):
    """What a clause does: it ranks papers, is required, or excludes papers."""

    SHOULD = "should"
    MUST = "must"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as typed; `prefix` if it is the beginning of one (`diffus*`), `quoted` if exactly it comes first.

    A paper that has one of the words `others` is as good.
    """

    text: str
    prefix: bool = False
    quoted: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that are next to each other, in this order."""

    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """`author:`, `org:` or `tag:` (`name`) with the words that it must contain."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Has:
    """`has:` with one of `HAS`."""

    what: str


@dataclass(frozen=True, slots=True)
class Upvotes:
    """At least `least` upvotes."""

    least: int


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `first` up to, not including, `end`; None leaves a side open."""

    first: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Like:
    """Papers like the example with the id `paper`; of several beside each other, one is enough."""

    paper: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives: `a OR b`."""

    options: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The clauses in a pair of parentheses."""

    clauses: tuple["Clause", ...]


Operator = Named | Has | Upvotes | Days | Like
Node = Word | Phrase | Operator | AnyOf | Group


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a query; `typed` is the text that the person wrote, with its sign, or empty for alternatives.

    `span` is where it is in the query's text.
    """

    node: Node
    occur: Occur = Occur.SHOULD
    typed: str = ""
    span: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A part of the text, from `start` to `end`, that is not understood, and right forms to use instead."""

    start: int
    end: int
    corrections: tuple[str, ...]


class Guess(Enum):
    """How a word that no paper has is taken."""

    SURE = "sure"  # as another one, which is looked for instead
    DOUBTFUL = "doubtful"  # perhaps as another one, which is looked for too
    BEGINNING = "beginning"  # as the beginning of words, which are looked for instead


@dataclass(frozen=True, slots=True)
class Correction:
    """A word as typed, and the words of the archive that are looked for, the likeliest first."""

    typed: str
    words: tuple[str, ...]
    guess: Guess


@dataclass(frozen=True, slots=True)
class Translation:
    """English words that are looked for instead of the plain words of a query in another language."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class AmbiguousDate:
    """A date such as `5/9/2026` that was read as `day`; if the month was typed first, it is the `other` day."""

    typed: str
    day: date
    other: date


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was read.

    `reference` is the id of a paper that the text names by its id, a link or a DOI. `has_foreign_link`: the text has a
    link or a DOI of something else, and searching for its words would find a wrong paper.
    """

    text: str
    clauses: tuple[Clause, ...] = ()
    sort: Sort = Sort.RELEVANCE
    mistakes: tuple[Mistake, ...] = ()
    reference: str | None = None
    has_foreign_link: bool = False
    ambiguous_dates: tuple[AmbiguousDate, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        """The words outside parentheses that it looks for, in their order."""
        return tuple(each.node for each in self.clauses if isinstance(each.node, Word) and each.occur is not Occur.NOT)

    @property
    def spelled_words(self) -> tuple[str, ...]:
        """Its words with those that are in quotes, of which no other spelling is looked for."""
        nodes = [each.node for each in self.clauses if each.occur is not Occur.NOT]
        whole = (
            each.text for each in nodes if isinstance(each, Phrase) or (isinstance(each, Word) and not each.prefix)
        )
        return tuple(text.strip() for text in whole if len(text.split()) == 1)

    @property
    def correctable_words(self) -> tuple[str, ...]:
        """Those of its words that may be misspelled."""
        return tuple(word.text for each in self.clauses if (word := get_correctable_word(each)))

    @property
    def plain_words(self) -> tuple[Word, ...]:
        """Those of its words that only rank papers and are not in quotes."""
        return tuple(word for each in self.clauses if (word := _get_plain_word(each)))

    @property
    def has_requirements(self) -> bool:
        """Whether it has anything besides plain words."""
        return any(not isinstance(each.node, Word) or each.occur is not Occur.SHOULD for each in self.clauses)

    def list_texts(self) -> Iterator[str]:
        """All words and phrases that it looks for, also those in parentheses."""
        return list_clause_texts(self.clauses)

    def list_alternatives(self) -> Iterator[str]:
        """All of these, and the words that are as good."""
        yield from self.list_texts()
        yield from (other for word in self.words for other in word.others)

    def list_examples(self) -> tuple[str, ...]:
        """The ids of the papers that what it finds has to be like, each once."""
        return tuple(dict.fromkeys(_list_example_ids(self.clauses)))

    def list_all_examples(self) -> tuple[str, ...]:
        """The ids of all papers that it compares others with, also of those that what it finds must not be like."""
        return tuple(dict.fromkeys(_list_example_ids(self.clauses, excluding=True)))

    def may_match_on(self, day: date) -> bool:
        """Whether a paper that was listed on `day` may match, for all that its dates say."""
        return all(_decide_by_date(each, day)[0] for each in self.clauses)

    def list_queries_without_a_clause(self) -> Iterator[tuple["Query", str]]:
        """The query without each of its first clauses in turn, and what was typed for that; all `like:` are one."""
        examples = [each for each in self.clauses if is_example(each)]
        for dropped in self.clauses[:MAX_DROPPED_SINGLY]:
            if dropped in examples[1:]:
                continue
            gone = examples if dropped in examples else [dropped]
            kept = tuple(each for each in self.clauses if each not in gone)
            yield replace(self, text="", clauses=kept), " ".join(each.typed for each in gone)

    @property
    def order(self) -> Sort:
        """`sort`; but papers found by operators alone are sorted by upvotes, as no word makes one more relevant.

        `like:` does: the nearest papers come first.
        """
        ranks = any(self.list_texts()) or bool(self.list_examples())
        return self.sort if ranks or self.sort is not Sort.RELEVANCE else Sort.UPVOTES

    def correct_spelling(self, corrections: Iterable[Correction]) -> "Query":
        """The query with other words instead of those in `corrections`, or beside them if they are doubtful."""
        by_word = {each.typed: each for each in corrections}
        return replace(self, clauses=tuple(_correct_clause(each, by_word) for each in self.clauses))

    def rewrite(self, corrections: Iterable[Correction], translation: Translation | None) -> "Query":
        """The query as it is looked for: corrected, or in English."""
        return self._translate(translation) if translation else self.correct_spelling(corrections)

    def _translate(self, translation: Translation) -> "Query":
        first = next(place for place, each in enumerate(self.clauses) if _get_plain_word(each))
        before, after = self.clauses[:first], self.clauses[first:]
        translated = [Clause(word, typed=word.text) for word in translation.words]
        return replace(self, clauses=(*before, *translated, *(each for each in after if not _get_plain_word(each))))

    def quote_words(self, words: Collection[str]) -> str:
        """The text of the query with these of its words in quotes, so that exactly they are looked for."""
        text = self.text
        for clause in reversed(self.clauses):
            if (word := get_correctable_word(clause)) and word.text in words:
                end = clause.span[1]
                start = end - len(word.text)
                text = f'{text[:start]}"{text[start:end]}"{text[end:]}'
        return text

    @property
    def looks_for_something(self) -> bool:
        """Whether it says what to find; if not, it is empty, or nothing in it is understood."""
        return bool(self.clauses) or (self.sort is not Sort.RELEVANCE and not self.mistakes)

    @property
    def has_only_words(self) -> bool:
        """Whether it is nothing but words and phrases that are looked for."""
        return bool(self.clauses) and all(
            isinstance(each.node, Word | Phrase) and each.occur is not Occur.NOT for each in self.clauses
        )

    @property
    def asks_for_organization(self) -> bool:
        """Whether papers have to be from an organisation, which most do not say."""
        operators = (each.node for each in self.clauses if each.occur is not Occur.NOT)
        return any(isinstance(node, Named) and node.name == "org" for node in operators)

    def list_restrictions(self) -> Iterator["Restriction"]:
        """The parts that can exclude papers: all dates as one, all `like:` too, and each other that does not only rank.

        Without one of several `like:`, even fewer papers would match.
        """
        dates = [each for each in self.clauses if isinstance(each.node, Days)]
        examples = [each for each in self.clauses if is_example(each)]
        for part, joined in ((Part.DATES, dates), (Part.OTHER, examples)):
            if joined:
                typed = " ".join(map(self._get_typed, joined))
                yield Restriction(part, typed, self._replace_clauses(dict.fromkeys(joined, "")))
        for clause in self.clauses:
            node, typed = clause.node, self._get_typed(clause)
            if isinstance(node, Days) or clause in examples:
                continue
            if isinstance(node, Word) and clause.occur is Occur.SHOULD:
                continue
            if isinstance(node, Phrase) and clause.occur is not Occur.NOT:
                yield Restriction(Part.PHRASE, typed, self._replace_clauses({clause: _keep_words(node.text)}))
            else:
                is_minimum = isinstance(node, Upvotes) and clause.occur is not Occur.NOT
                part = Part.MINIMUM if is_minimum else Part.OTHER
                yield Restriction(part, typed, self._replace_clauses({clause: ""}))

    def join_restrictions(self) -> "Restriction":
        """All parts that can exclude papers as one; of phrases, the words stay."""
        parts = [each for each in self.clauses if not isinstance(each.node, Word) or each.occur is not Occur.SHOULD]
        kept = {
            each: _keep_words(each.node.text) if isinstance(each.node, Phrase) and each.occur is not Occur.NOT else ""
            for each in parts
        }
        return Restriction(Part.OTHER, " ".join(map(self._get_typed, parts)), self._replace_clauses(kept))

    def _get_typed(self, clause: Clause) -> str:
        return self.text[slice(*clause.span)]

    def _replace_clauses(self, replacements: Mapping[Clause, str]) -> "Query":
        """The query with words instead of each of these clauses, in its text too."""
        text, clauses = self.text, list(self.clauses)
        for place in reversed(range(len(clauses))):
            clause = clauses[place]
            if clause in replacements:
                start, end = clause.span
                text = f"{text[:start]} {replacements[clause]} {text[end:]}"
                clauses[place : place + 1] = [Clause(Word(each), typed=each) for each in replacements[clause].split()]
        return replace(self, text=" ".join(text.split()), clauses=tuple(relax_quoted_words(clauses)))

    def list_relaxed_queries(self) -> Iterator[tuple["Query", tuple[str, ...]]]:
        """The query without each of its operators in turn, then without any; and the dropped operators, as typed.

        All `like:` are dropped as one. A query that would be empty is left out.
        """
        operators = [each for each in self.clauses if isinstance(each.node, Operator)]
        examples = [each for each in operators if is_example(each)]
        singly = [[each] for each in operators if each not in examples] + ([examples] if examples else [])
        drops = singly if len(operators) <= MAX_DROPPED_SINGLY else []
        if len(singly) > 1:
            drops.append(operators)
        for dropped in drops:
            kept = tuple(each for each in self.clauses if each not in dropped)
            if kept:
                yield replace(self, clauses=kept), tuple(each.typed for each in dropped)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A part of a query, as typed, that can exclude papers, and the query without it; of a phrase, its words stay."""

    part: Part
    typed: str
    rest: Query


def _keep_words(phrase: str) -> str:
    """The words of a phrase, to be read as words and as nothing else without their quotes."""
    words = re.findall(r"\w[\w.+#/-]*", phrase)
    return " ".join(word.lower() if word in {"OR", "NOT"} else word for word in words)


def list_clause_texts(clauses: Iterable[Clause]) -> Iterator[str]:
    """All words and phrases that `clauses` look for, without the `others` that are as good."""
    for clause in clauses:
        if clause.occur is Occur.NOT:
            continue
        match clause.node:
            case Word(text=text) | Phrase(text=text):
                yield text
            case AnyOf(options=inner) | Group(clauses=inner):
                yield from list_clause_texts(inner)


def relax_quoted_words(clauses: list[Clause]) -> list[Clause]:
    """In free text, people quote a single word to stress it: among words without quotes, it only ranks."""
    if not any(isinstance(each.node, Word) and each.occur is Occur.SHOULD for each in clauses):
        return clauses
    return [
        replace(each, node=Word(each.node.text.strip(), quoted=True))
        if isinstance(each.node, Phrase) and each.occur is Occur.SHOULD and len(each.node.text.split()) == 1
        else each
        for each in clauses
    ]


def get_correctable_word(clause: Clause) -> Word | None:
    """The word that it looks for, if that may be misspelled."""
    node = clause.node
    if not isinstance(node, Word) or node.prefix or node.quoted or clause.occur is Occur.NOT:
        return None
    return node


def _get_plain_word(clause: Clause) -> Word | None:
    return get_correctable_word(clause) if clause.occur is Occur.SHOULD else None


def _correct_clause(clause: Clause, corrections: Mapping[str, Correction]) -> Clause:
    word = get_correctable_word(clause)
    correction = corrections.get(word.text) if word else None
    if not word or not correction:
        return clause
    if correction.guess is Guess.DOUBTFUL:
        return replace(clause, node=replace(word, others=correction.words))
    first, *others = correction.words
    return replace(clause, node=replace(word, text=first, others=tuple(others)))


def is_example(clause: Clause) -> bool:
    """Whether it is a `like:` of which, among several beside each other, one is enough."""
    return isinstance(clause.node, Like) and clause.occur is Occur.SHOULD


def _list_example_ids(clauses: Iterable[Clause], *, excluding: bool = False) -> Iterator[str]:
    """The examples in `clauses`; with `excluding` also those that papers must not be like."""
    for clause in clauses:
        if clause.occur is Occur.NOT and not excluding:
            continue
        match clause.node:
            case Like(paper=paper):
                yield paper
            case AnyOf(options=inner) | Group(clauses=inner):
                yield from _list_example_ids(inner, excluding=excluding)


def _decide_by_date(clause: Clause, day: date) -> tuple[bool, bool]:
    """Whether a paper that was listed on `day` may match, and whether it does whatever else is in it."""
    match clause.node:
        case Days(first=first, end=end):
            may = must = (first is None or first <= day) and (end is None or day < end)
        case AnyOf(options=inner):
            decided = [_decide_by_date(each, day) for each in inner]
            may, must = any(may for may, _ in decided), any(must for _, must in decided)
        case Group(clauses=inner):
            decided = [_decide_by_date(each, day) for each in inner]
            may, must = all(may for may, _ in decided), all(must for _, must in decided)
        case _:
            may, must = True, False
    return (not must, not may) if clause.occur is Occur.NOT else (may, must)
