"""What the index has of each paper, and how words become terms.

Prose is stemmed, names are not. Case and accents never matter. Besides its words, a text is indexed by its
identifiers, without the hyphens, dots and spaces that people put in or leave out: `GPT-4o`, `gpt 4o` and `gpt4o` are
all `gpt4o`. All text goes through `letters` first, of papers and of queries alike.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache

import tantivy

from bot.papers import Paper
from bot.search.letters import fold_letters, split_runs
from bot.search.organizations import find_signs, list_names, list_relatives, list_wholes
from bot.text import remove_invisible

SCHEMA_VERSION = 4  # raise it with every change of the fields, analyzers or documents below
MAX_WORD_LETTERS = 60
MAX_COUNT = 255  # of a stem in a text
MAX_STEMS = 100_000  # that are kept by their words
PROSE = ("title", "tags", "abstract")
NAMES = ("authors", "organization", "affiliations")
IDENTIFIERS = ("called", "joined", "written")  # as papers call their work, in titles, and anywhere
LONGEST_NAME = 4  # words
LONGEST_JOIN = 3  # words that may be written as one

_TOKEN = re.compile(r"[\w.+#/-]*\w[+#]*")
_LETTERS = re.compile(r"[^\W_]+")
_AROUND = "()[]{}<>,.;:!?'\"`*$\u201c\u201d\u2019"
_JOINTS = str.maketrans("", "", f"-_./ {_AROUND}")
_LAST_ID = 2**34 - 1  # nine digits fit in
LONGEST_WRITTEN = 200  # characters of an identifier; the rest is not used
_PULL = 0.03  # how much each doubling of the upvotes adds to a score


def build_index_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    for name in PROSE:
        builder.add_text_field(name, tokenizer_name="prose")
    for name in NAMES:
        builder.add_text_field(name, tokenizer_name="names")
    builder.add_text_field("relatives", tokenizer_name="names", index_option="basic")  # of the organisation; only ranks
    builder.add_text_field("whole", tokenizer_name="prose", index_option="freq")  # everything, its title twice
    builder.add_text_field("words", tokenizer_name="names", index_option="basic")  # everything, unstemmed
    builder.add_text_field("heading", tokenizer_name="names", index_option="basic")  # the title, unstemmed
    # Identifiers: what the paper calls its work, joined neighbours in its title, and those anywhere in its text.
    for name in ("called", "joined", "written"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    builder.add_text_field("labels", tokenizer_name="names", index_option="basic")  # tags, unstemmed
    builder.add_text_field("has", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("upvotes", fast=True, indexed=True)
    builder.add_unsigned_field("day", fast=True, indexed=True)
    for name in ("by_upvotes", "by_date", "change"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_float_field("pull", fast=True)
    builder.add_bytes_field("stems", stored=True)  # how often the text has each, to compare it with others
    return builder.build()


def build_index_document(change: int, paper: Paper, built: tantivy.Schema) -> tantivy.Document:
    paper = _fold_paper(paper)
    text = get_searchable_prose(paper)
    organization = paper.organization or ""
    names, affiliations = (organization, *list_names(organization)), list_affiliations(paper)
    texts: dict[str, Sequence[str]] = {
        "title": (paper.title,),
        "tags": paper.tags,
        "authors": paper.authors,
        "organization": (*names, *list_organization_short_names(organization)),
        "affiliations": affiliations,
        "relatives": list_relatives(organization),
        "abstract": (text,),
        "whole": (paper.title, paper.title, text, *paper.tags, *paper.authors, organization, *affiliations),
        "words": (paper.title, text, *paper.tags, *paper.authors, *names, *affiliations),
        "heading": (paper.title,),
        "labels": paper.tags,
    }
    fields: dict[str, object] = {
        **{name: [*map(split_runs, values)] for name, values in texts.items()},
        "id": paper.id,
        "joined": " ".join(join_title_words(paper.title)),
        "written": " ".join(
            {*list_compound_words(f"{paper.title} {text} {' '.join(paper.tags)}"), *list_repository_names(paper)}
        ),
        "called": " ".join({*list_work_names(paper.title)}),
        "has": list(list_has_values(paper)),
        "upvotes": max(0, paper.upvotes),
        "day": (paper.listed_or_published_on or date.min).toordinal(),
        "by_upvotes": compute_upvotes_key(paper),
        "by_date": compute_date_key(paper),
        "change": change,
        "pull": compute_upvote_weight(paper.upvotes),
        "stems": pack_counts(count_stems(paper)),
    }
    return tantivy.Document.from_dict(fields, built)


def _fold_paper(paper: Paper) -> Paper:
    """The paper with its texts in the letters in which it is looked for."""
    return replace(
        paper,
        title=fold_letters(paper.title),
        abstract=fold_letters(paper.abstract),
        ai_summary=fold_letters(paper.ai_summary or ""),
        tags=tuple(map(fold_letters, paper.tags)),
        authors=tuple(map(fold_letters, paper.authors)),
        organization=fold_letters(paper.organization or ""),
    )


def get_searchable_prose(paper: Paper) -> str:
    """The text that is searched as the abstract; snippets are pieces of it."""
    return f"{paper.abstract} {paper.ai_summary or ''}"


class _Stems(dict[str, str]):
    """The stem of each word in small letters, empty if it has none; an analyzer would be slow for each text anew."""

    def __missing__(self, word: str) -> str:
        if len(self) >= MAX_STEMS:
            self.clear()
        self[word] = stem = "".join(build_analyzer(stemmed=True).analyze(word))
        return stem


_stems = _Stems()


def get_stem(word: str) -> str:
    """The stem of one word of a text; empty if it has no letters."""
    return _stems[fold_text(word).strip().lower()]


def count_stems(paper: Paper) -> Counter[str]:
    """How often its text has each stem; one in the title counts twice."""
    text = fold_text(" ".join((paper.title, paper.title, *paper.tags, paper.abstract)))
    counts = Counter(map(_stems.__getitem__, _LETTERS.findall(text.lower())))
    del counts[""]
    return counts


def pack_counts(counts: Mapping[str, int]) -> bytes:
    """The stems, and a byte for each with its count: quick to unpack, because a look-up unpacks hundreds."""
    return " ".join(counts).encode() + b"\0" + bytes(min(count, MAX_COUNT) for count in counts.values())


def unpack_counts(packed: bytes) -> dict[str, int]:
    stems, _, counts = packed.partition(b"\0")
    return dict(zip(stems.decode().split(" "), counts, strict=False))  # no stem has no count


def compute_upvotes_key(paper: Paper) -> int:
    """A number that sorts papers as `bot.ranking` does: the most upvotes, the most comments, the smallest id."""
    return _pack_numbers((paper.upvotes, 18), (paper.comments, 12), (_LAST_ID - get_id_number(paper.id), 34))


def compute_date_key(paper: Paper) -> int:
    """A number that sorts papers by day, and those of the same day by upvotes."""
    return _pack_numbers(
        ((paper.listed_or_published_on or date.min).toordinal(), 20),
        (paper.upvotes, 10),
        (_LAST_ID - get_id_number(paper.id), 34),
    )


def get_id_number(paper_id: str) -> int:
    return int(paper_id.replace(".", ""))


def read_id_number(key: int) -> int:
    """The number of the paper's id in a key that sorts papers."""
    return _LAST_ID - (key & _LAST_ID)


def _pack_numbers(*parts: tuple[int, int]) -> int:
    """One number from several, each limited to its number of bits; 64 bits in all."""
    packed = 0
    for number, bits in parts:
        packed = packed << bits | min(max(0, number), 2**bits - 1)
    return packed


def compute_upvote_weight(upvotes: int) -> float:
    """The weight of a paper's upvotes; tantivy multiplies a score by log2(2 + weight), so upvotes count a little."""
    return 2 ** (1 + _PULL * math.log2(1 + max(0, upvotes))) - 2


def list_has_values(paper: Paper) -> Iterator[str]:
    """What the paper has that `has:` can ask for."""
    values = {
        "code": paper.github_repo,
        "project": paper.project_page,
        "summary": paper.ai_summary,
        "media": paper.media_urls,
    }
    return (what for what, value in values.items() if value)


def list_compound_words(text: str) -> Iterator[str]:
    """The identifiers in `text` that the analyzer of prose would split."""
    for word in set(text.split()):
        if not word.isalpha() and not (bare := word.strip(_AROUND)).isalpha():
            yield from map(join_word, split_written_words(bare))


def join_title_words(title: str) -> Iterator[str]:
    """A title's words, and two or three neighbours of them written as one word."""
    return join_neighbours(split_written_words(title))


def list_work_names(title: str) -> Iterator[str]:
    """What a paper calls its work: the first word of its title, and the words before a colon if they are few."""
    name, colon, _ = title.partition(":")
    words = split_written_words(name)
    if colon and len(words) <= LONGEST_NAME:
        yield join_word("".join(words))
    yield from map(join_word, words[:1])


def list_organizations(paper: Paper) -> list[str]:
    """The organisations that a paper is from: the one it says, and those that its title and links show."""
    own = [paper.organization] if paper.organization else []
    links = filter(None, (paper.github_repo, paper.project_page))
    return [*dict.fromkeys([*own, *find_signs(paper.title, links)])]


def list_affiliations(paper: Paper) -> list[str]:
    """All names of what else a paper is from than the organisation it says, and of what that is part of."""
    own = {paper.organization, *list_names(paper.organization or "")}
    every = (name for each in list_organizations(paper) for name in (each, *list_names(each), *list_wholes(each)))
    return [name for name in dict.fromkeys(every) if name not in own]


def list_organization_short_names(organization: str) -> Iterator[str]:
    """Short names of an organisation: its name as one word, and its initials."""
    words = re.findall(r"\w+", organization)
    if len(words) > 1:
        yield "".join(words)
        yield "".join(word[0] for word in words if word[0].isupper())


def join_neighbours(words: Sequence[str]) -> Iterator[str]:
    """Each word, and each two or three neighbours written as one word."""
    words = [join_word(word) for word in words]
    for length in range(1, LONGEST_JOIN + 1):
        for start in range(len(words) - length + 1):
            if form := "".join(words[start : start + length])[:MAX_WORD_LETTERS]:
                yield form


def split_written_words(text: str) -> list[str]:
    """The words of `text` with the signs in and after them: `GPT-4o`, `C++`, `owner/name`."""
    return [found for word in text.split() for found in _TOKEN.findall(word[:LONGEST_WRITTEN])]


def join_word(word: str) -> str:
    """`gpt4o` for `GPT-4o`."""
    return fold_word(word).translate(_JOINTS)[:MAX_WORD_LETTERS]


def find_written_form(word: str, titles: Iterable[str]) -> str:
    """`FreeMorph` for `freemorph`, as the titles write it; the word itself if they have none with such letters."""
    form = join_word(word)
    found = (each for title in titles for each in split_written_words(title) if join_word(each) == form)
    return next((each for each in found if not each[1:].islower()), word)


def fold_word(word: str) -> str:
    """`word` in plain letters, without case and accents."""
    word = word.casefold()
    if word.isascii():
        return fold_letters(word) if "\\" in word or "^" in word else word
    return "".join(_build_accent_folder().analyze(fold_letters(remove_invisible(word)).casefold()))


def fold_text(text: str) -> str:
    """`text` as its words are analyzed, in the index and in queries."""
    return split_runs(fold_letters(remove_invisible(text)))


def list_repository_names(paper: Paper) -> Iterator[str]:
    """The names of the code's repository: `owner/name` and `name`."""
    found = re.search(r"github\.com/([\w.-]+)/([\w.-]+)", paper.github_repo or "")
    if found:
        name = found[2].removesuffix(".git")
        yield join_word(name)
        yield join_word(f"{found[1]}/{name}")


def register_analyzers(index: tantivy.Index) -> None:
    index.register_tokenizer("prose", build_analyzer(stemmed=True))
    index.register_tokenizer("names", build_analyzer(stemmed=False))


@cache
def build_analyzer(*, stemmed: bool) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.remove_long(MAX_WORD_LETTERS))
    builder = builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
    return (builder.filter(tantivy.Filter.stemmer("english")) if stemmed else builder).build()


@cache
def _build_accent_folder() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.ascii_fold()).build()


def split_stems(text: str) -> list[str]:
    return build_analyzer(stemmed=True).analyze(fold_text(text))


def split_names(text: str) -> list[str]:
    return build_analyzer(stemmed=False).analyze(fold_text(text))
