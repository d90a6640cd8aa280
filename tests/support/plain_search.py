"""What a query finds among a few papers, in plain Python: slow, and easy to check by reading."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.papers import Paper
from bot.search.query import AnyOf, Clause, Days, Group, Has, Like, Named, Node, Occur, Operator, Phrase, Upvotes, Word
from tests.support.builders import DAY, paper

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
    demanded = [each for each in wanted if every or is_required(each)]
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
        case Like(paper=paper):
            return known.id == paper  # whatever else is like it is tested by itself
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


def is_required(clause: Clause) -> bool:
    """Words only rank; what is signed, a phrase or a filter is demanded, and so is a group that holds any of these."""
    if clause.occur is not Occur.SHOULD:
        return True
    match clause.node:
        case Word():
            return False
        case AnyOf(options=options):
            return all(is_required(option) for option in options)
        case Group(clauses=clauses):
            return any(is_required(each) for each in clauses)
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
