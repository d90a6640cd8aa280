# ruff: noqa: RUF001 - people write in many scripts, with brackets and marks of their own
"""How people refer to a paper: by its arXiv id, a link or a DOI, perhaps within other text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote

from bot.text import join_lines

ARXIV_ID = r"[0-9]{4}\.[0-9]{4,5}"
# Before April 2007 an id began with its archive, and perhaps a subject: `cs/0112017`, `math.GT/0309136`.
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga|"
    "funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics|plasm-ph|"
    "q-alg|q-bio|quant-ph|solv-int|supr-con"
)
_BRACKETS = '<>"`|[]“”„«»‹›（）【】「」『』《》〈〉'  # that end a link
_AROUND = f"{_BRACKETS}(){{}}.,;:!?'‘’*_~\\…。，、；：！？"  # that may be before or after a reference
_REFERENCE = re.compile(
    rf"""(?:
        (?:https?://)?(?:
            (?:www\.)?(?:huggingface\.co|hf\.co)/(?:api/)?papers/
          | (?:[a-z]{{2,10}}\.)?arxiv\.org/(?:abs|pdf|html|format|ps|src|e-print)/
          | ar5iv(?:\.labs\.arxiv)?\.org/(?:abs|html|pdf)/
          | (?:www\.)?alphaxiv\.org/(?:[a-z]{{2,12}}/){{1,2}}
          | (?:(?:www|api)\.)?semanticscholar\.org/(?:[a-z0-9_-]{{1,20}}/){{0,4}}arxiv[:/]
          | (?:(?:dx|www)\.)?doi\.org/(?:doi:)?10\.48550/arxiv\.
        )
      | (?:doi:)?10\.48550/arxiv\.
      | arxiv[:.]
    )?
    (?: (?P<id>{ARXIV_ID}) | (?P<archive>{_ARCHIVES})(?:\.(?P<subject>[a-z]{{2}}))?/(?P<number>[0-9]{{7}}) )
    (?:v[0-9]+)?(?:\.pdf|\.md)?/?(?:[?\#].*)?""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_ADDRESS = re.compile(
    r"""(?:doi:)?10\.[0-9]{4,9}/\S
      | [a-z][a-z0-9+.-]{0,20}://\w
      | www\.\w
      | [\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[a-z]{2,20}/""",
    re.IGNORECASE | re.VERBOSE,
)
# Where there are no papers, and nobody expects one: code, models, lists of a day, talk, pictures and films.
_NO_PAPER = re.compile(
    r"""(?:https?://)?(?:[\w-]{1,63}\.){0,3}(?:
        (?:github|gitlab|bitbucket|discord|discordapp|youtube|twitter|x|tenor|giphy)\.com | youtu\.be | discord\.gg
      | (?:discordapp|githubusercontent)\.(?:com|net) | (?:huggingface\.co|hf\.co)/(?!(?:api/)?papers/[0-9])
    )(?:[/:?\#]|(?<=/)|$)""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_BROKEN = re.compile(r"\b(arxiv|doi) ?: ?", re.IGNORECASE)
_PIECE = re.compile(
    rf"[a-z][a-z0-9+.-]{{0,20}}://[^\s{re.escape(_BRACKETS)}]+|(?:(?!https?://)[^\s(){{}}{re.escape(_BRACKETS)}])+",
    re.IGNORECASE,
)
# Numbers with a unit, as people write them in messages: they only look like ids.
_CURRENCY, _CODES = "$€£¥₹₩₽", "usd|eur|gbp|jpy|cny|inr"
_AMOUNT = re.compile(
    rf"(?:[{_CURRENCY}]|\b(?:{_CODES})) ?\d[\d.,]*"
    rf"|(?<![\w/.,:=-])\d[\d.,]* ?(?:[%°{_CURRENCY}]"
    rf"|(?:{_CODES}|dollars|euros|ms|sec|seconds|kg|km|cm|mm|mb|gb|tb|[kmg]?hz)\b)",
    re.IGNORECASE,
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_JOINTS = re.compile(rf"[,;&+]|{_NOT_ASCII.pattern}|(?<=[0-9]{{4}}\.[0-9]{{5}})[/-](?=[0-9]{{4}}\.[0-9])")
_LINK_END = re.compile(rf"[)&]|{_NOT_ASCII.pattern}")
_FIRST, _FIVE_DIGITS = (7, 4), (15, 1)  # year and month of the first id with a point, and of the first with five digits
MAX_MESSAGE = 40_000  # characters of a message that are looked at; longer ones are not written by hand


@dataclass(frozen=True, slots=True)
class References:
    """What a message refers to, in its order and each once: papers, by their arXiv ids, and links to `others`.

    Links to code, talk and pictures are not among these: nobody expects a paper there.
    """

    paper_ids: tuple[str, ...]
    others: tuple[str, ...]


def parse_paper_id(reference: str) -> str | None:
    """The arXiv id, if `reference` names one paper and has no other text; otherwise None."""
    ids = {_find_arxiv_id(piece) for piece in _split_at_spaces(reference)}
    return ids.pop() if len(ids) == 1 else None


def find_paper_id(text: str) -> str | None:
    """The arXiv id of the first paper that `text` refers to; None if there is none."""
    return next(filter(None, map(_find_arxiv_id, _split_at_spaces(text))), None)


def has_foreign_link(text: str) -> bool:
    """Whether `text` has a link or a DOI, but refers to no paper on arXiv."""
    return find_paper_id(text) is None and any(_ADDRESS.match(piece) for piece in _split_at_spaces(text))


def find_references(message: str, today: date) -> References:
    """Everything that the text of a message refers to.

    Unlike a query, a message is about anything, so a number has to be an id that arXiv may have given until `today`.
    """
    paper_ids: dict[str, None] = {}
    others: dict[str, None] = {}
    for piece in _split_at_spaces(_AMOUNT.sub(" ", message[:MAX_MESSAGE])):
        for part in _split_at_joints(piece):
            paper_id = _find_arxiv_id(part)
            if paper_id is None and _ADDRESS.match(part) and not _NO_PAPER.match(part):
                others[part] = None
            elif paper_id and _may_exist(paper_id, today):
                paper_ids[paper_id] = None
    return References(tuple(paper_ids), tuple(others))


def _split_at_joints(piece: str) -> Iterator[str]:
    """The references in a piece of a message, where people leave out spaces, or write in a script that has none."""
    if _find_arxiv_id(piece):
        yield piece
    elif "://" in piece:
        yield _LINK_END.split(piece)[0].rstrip(_AROUND) if _find_arxiv_id(_LINK_END.split(piece)[0]) else piece
    else:
        joints = _NOT_ASCII if _ADDRESS.match(piece) else _JOINTS
        yield from filter(None, (part.strip(_AROUND) for part in joints.split(piece)))


def _may_exist(paper_id: str, today: date) -> bool:
    """Whether arXiv may have given this id: it begins with a year and a month."""
    number = paper_id.rpartition("/")[2]
    year, month = int(number[:2]), int(number[2:4])
    if not 1 <= month <= 12:  # noqa: PLR2004
        return False
    if is_before_2007(paper_id):
        return True
    is_given = _FIRST <= (year, month) <= (today.year % 100, today.month)
    return is_given and (len(number) == len("1501.00001")) == ((year, month) >= _FIVE_DIGITS)


def is_before_2007(paper_id: str) -> bool:
    """Whether the id is from before April 2007."""
    return "/" in paper_id


def _split_at_spaces(text: str) -> Iterator[str]:
    """The words and links in `text`, each without the brackets and marks around it."""
    line = _BROKEN.sub(r"\1:", join_lines(text))
    stripped = (found[0].strip(_AROUND) for found in _PIECE.finditer(line))
    return (piece for piece in stripped if piece)


def _find_arxiv_id(piece: str) -> str | None:
    found = _REFERENCE.fullmatch(unquote(piece))
    if found is None:
        return None
    if found["id"]:
        return found["id"]
    subject = f".{found['subject'].upper()}" if found["subject"] else ""
    return f"{found['archive'].lower()}{subject}/{found['number']}"
