"""What the index holds of a paper, and how words become terms.

Prose is stemmed, names are not; case and accents matter in neither. Beside the words of a text stand its
identifiers as written, without the hyphens, dots and spaces that people put in or leave out:
`GPT-4o`, `gpt 4o` and `gpt4o` are all `gpt4o`.
"""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache

import tantivy

from bot.papers import Paper
from bot.text import legible

SCHEMA_VERSION = 2  # raise it with every change of the fields, analyzers or documents below
LONGEST_WORD = 60
PROSE = ("title", "tags", "abstract")
NAMES = ("authors", "organization")
LONGEST_NAME = 4  # words
LONGEST_JOIN = 3  # words that may be written as one

_TOKEN = re.compile(r"[\w.+#/-]*\w[+#]*")
_AROUND = "()[]{}<>,.;:!?'\"`*$\u201c\u201d\u2019"
_JOINTS = str.maketrans("", "", f"-_./ {_AROUND}")
_LAST_ID = 2**34 - 1  # nine digits fit in
LONGEST_WRITTEN = 200  # characters of an identifier that are looked at
_PULL = 0.03  # how much each doubling of the upvotes adds to a score


def schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    for name in PROSE:
        builder.add_text_field(name, tokenizer_name="prose")
    for name in NAMES:
        builder.add_text_field(name, tokenizer_name="names")
    builder.add_text_field("words", tokenizer_name="names", index_option="basic")  # everything, unstemmed
    builder.add_text_field("heading", tokenizer_name="names", index_option="basic")  # the title, unstemmed
    # Identifiers: what the paper calls its work, neighbours in its title written as one, and those in its prose.
    for name in ("called", "joined", "written"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    builder.add_text_field("labels", tokenizer_name="names", index_option="basic")  # tags, unstemmed
    builder.add_text_field("has", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("upvotes", fast=True, indexed=True)
    builder.add_unsigned_field("day", fast=True, indexed=True)
    for name in ("by_upvotes", "by_date", "change"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_float_field("pull", fast=True)
    return builder.build()


def document(change: int, paper: Paper, built: tantivy.Schema) -> tantivy.Document:
    text = prose(paper)
    organization = paper.organization or ""
    fields: dict[str, object] = {
        "id": paper.id,
        "title": paper.title,
        "tags": list(paper.tags),
        "authors": list(paper.authors),
        "organization": [organization, *short_names(organization)],
        "abstract": text,
        "words": [paper.title, text, *paper.tags, *paper.authors, organization],
        "heading": paper.title,
        "joined": " ".join(joined_in_title(paper.title)),
        "written": " ".join({*compounds(f"{paper.title} {text} {' '.join(paper.tags)}"), *repository(paper)}),
        "called": " ".join({*called(paper.title)}),
        "labels": list(paper.tags),
        "has": list(possessions(paper)),
        "upvotes": max(0, paper.upvotes),
        "day": (paper.dated or date.min).toordinal(),
        "by_upvotes": by_upvotes(paper),
        "by_date": by_date(paper),
        "change": change,
        "pull": pull(paper.upvotes),
    }
    return tantivy.Document.from_dict(fields, built)


def prose(paper: Paper) -> str:
    """The text that is searched as the abstract, and that snippets are taken from."""
    return f"{paper.abstract} {paper.ai_summary or ''}"


def by_upvotes(paper: Paper) -> int:
    """A number that orders papers as `bot.ranking` does: the most upvotes, the most comments, the smallest id."""
    return _packed((paper.upvotes, 18), (paper.comments, 12), (_LAST_ID - _number(paper), 34))


def by_date(paper: Paper) -> int:
    """A number that orders papers by day, those of a day by upvotes."""
    return _packed(((paper.dated or date.min).toordinal(), 20), (paper.upvotes, 10), (_LAST_ID - _number(paper), 34))


def _number(paper: Paper) -> int:
    return int(paper.id.replace(".", ""))


def _packed(*parts: tuple[int, int]) -> int:
    """Numbers as one, each cut to so many bits; 64 in all."""
    packed = 0
    for number, bits in parts:
        packed = packed << bits | min(max(0, number), 2**bits - 1)
    return packed


def pull(upvotes: int) -> float:
    """What makes tantivy, which multiplies a score by log2(2 + weight), pull mildly towards upvotes."""
    return 2 ** (1 + _PULL * math.log2(1 + max(0, upvotes))) - 2


def possessions(paper: Paper) -> Iterator[str]:
    """What `has:` asks for."""
    known = {
        "code": paper.github_repo,
        "project": paper.project_page,
        "summary": paper.ai_summary,
        "media": paper.media_urls,
    }
    return (what for what, value in known.items() if value)


def compounds(text: str) -> Iterator[str]:
    """Identifiers that the prose analyzer would take apart."""
    for word in set(text.split()):
        if not word.isalpha() and not (bare := word.strip(_AROUND)).isalpha():
            yield from map(joined, written_words(bare))


def joined_in_title(title: str) -> Iterator[str]:
    """A title's words, and neighbours of them, written as one."""
    return joins(written_words(title))


def called(title: str) -> Iterator[str]:
    """What a paper calls its work: the first word of its title, and a few words that stand before a colon."""
    name, colon, _ = title.partition(":")
    words = written_words(name)
    if colon and len(words) <= LONGEST_NAME:
        yield joined("".join(words))
    yield from map(joined, words[:1])


def short_names(organization: str) -> Iterator[str]:
    """What people call an organisation for short: its name as one word, and its initials."""
    words = re.findall(r"\w+", organization)
    if len(words) > 1:
        yield "".join(words)
        yield "".join(word[0] for word in words if word[0].isupper())


def joins(words: Sequence[str]) -> Iterator[str]:
    """Each word, and each two or three neighbours, written as one."""
    words = [joined(word) for word in words]
    for length in range(1, LONGEST_JOIN + 1):
        for start in range(len(words) - length + 1):
            if form := "".join(words[start : start + length])[:LONGEST_WORD]:
                yield form


def written_words(text: str) -> list[str]:
    """The words of `text` with what is written in and after them: `GPT-4o`, `C++`, `owner/name`."""
    return [found for word in text.split() for found in _TOKEN.findall(word[:LONGEST_WRITTEN])]


def joined(word: str) -> str:
    return folded(word.translate(_JOINTS))[:LONGEST_WORD]


def folded(word: str) -> str:
    """Without case and accents."""
    word = word.casefold()
    return word if word.isascii() else "".join(_folder().analyze(legible(word)))


def repository(paper: Paper) -> Iterator[str]:
    """The names of the code's repository: `owner/name` and `name`."""
    found = re.search(r"github\.com/([\w.-]+)/([\w.-]+)", paper.github_repo or "")
    if found:
        name = found[2].removesuffix(".git")
        yield joined(name)
        yield joined(f"{found[1]}/{name}")


def register_analyzers(index: tantivy.Index) -> None:
    index.register_tokenizer("prose", analyzer(stemmed=True))
    index.register_tokenizer("names", analyzer(stemmed=False))


@cache
def analyzer(*, stemmed: bool) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.remove_long(LONGEST_WORD))
    builder = builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
    return (builder.filter(tantivy.Filter.stemmer("english")) if stemmed else builder).build()


@cache
def _folder() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).filter(tantivy.Filter.ascii_fold()).build()


def stems(text: str) -> list[str]:
    return analyzer(stemmed=True).analyze(legible(text))


def names(text: str) -> list[str]:
    return analyzer(stemmed=False).analyze(legible(text))
