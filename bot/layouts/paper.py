"""A paper: as a block in a list, and as the card behind its Details button."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import discord
from discord.ui import ActionRow, Button, Container, LayoutView, Section, Separator, TextDisplay

from bot.layouts.text import (
    MAX_TEXT,
    MAX_URL,
    compact,
    count,
    escape,
    first_sentences,
    link,
    short_day,
    shorten,
)
from bot.papers import Paper

ACCENT = discord.Colour(0xFFB000)
AUTHORS_SHOWN = 10
_CARD_ABSTRACT = 2400


@dataclass(frozen=True, slots=True)
class Block:
    """A paper in a list: where it stands, the numbers to show, and a note such as its day."""

    position: int
    paper: Paper
    upvotes: int
    comments: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Room:
    """How many characters a block's parts may take."""

    title: int
    summary: int
    code: bool = True


# Summaries give way first, titles last and never to nonsense: the longest real one has 175 characters.
_ROOMS = (
    *(_Room(title=300, summary=summary) for summary in (300, 260, 220, 180, 150, 120, 90)),
    _Room(title=200, summary=0),
    _Room(title=140, summary=0),
    _Room(title=100, summary=0, code=False),
)


def details_id(paper_id: str, nonce: str | None = None) -> str:
    """The custom_id of a Details button; `nonce` marks the message as the one of its delivery."""
    return f"details:{paper_id}:{nonce}" if nonce else f"details:{paper_id}"


def block_texts(blocks: Sequence[Block], budget: int) -> list[str]:
    """The blocks' texts, `budget` characters at most in all."""
    for room in _ROOMS:
        texts = [_block_text(block, room) for block in blocks]
        if sum(map(len, texts)) <= budget:
            break
    return texts


def sections(blocks: Sequence[Block], budget: int, nonce: str | None = None) -> Iterator[Section[LayoutView]]:
    """The blocks, three components each, every one with its Details button."""
    for block, text in zip(blocks, block_texts(blocks, budget), strict=True):
        button: Button[LayoutView] = Button(label="Details", custom_id=details_id(block.paper.id, nonce))
        yield Section(TextDisplay(text), accessory=button)


def _block_text(block: Block, room: _Room) -> str:
    title = link(block.paper.title, block.paper.url, room.title)
    summary = shorten(first_sentences(block.paper.ai_summary or block.paper.abstract), room.summary)
    lines = (f"### {block.position}. {title}", _facts(block, room), summary)
    return "\n".join(line for line in lines if line)


def _facts(block: Block, room: _Room) -> str:
    paper = block.paper
    stars = f" ★ {compact(paper.github_stars)}" if paper.github_stars else ""
    code = paper.github_repo if room.code and len(paper.github_repo or "") <= MAX_URL else None
    facts = (
        f"▲ **{block.upvotes:,}**",
        count(block.comments, "comment") if block.comments else "",
        count(len(paper.authors), "author") if paper.authors else "",
        shorten(paper.organization or "", 60),
        f"{link('code', code)}{stars}" if code else "",
        block.note,
    )
    return " · ".join(fact for fact in facts if fact)


def details_card(paper: Paper) -> LayoutView:
    """Everything the archive knows of a paper, for the one who asked."""
    head = f"## {link(paper.title, paper.url, 400)}\n{_facts(_now(paper), _Room(0, 0))}"
    tail = "\n".join(_card_lines(paper))
    room = min(_CARD_ABSTRACT, MAX_TEXT - len(head) - len(tail))
    body = shorten(paper.abstract, room) or "No abstract is known."
    links = ActionRow[LayoutView](*_link_buttons(paper))
    card: Container[LayoutView] = Container(
        TextDisplay(head), TextDisplay(body), Separator(), TextDisplay(tail), links, accent_colour=ACCENT
    )
    return finished(card)


def _now(paper: Paper) -> Block:
    return Block(0, paper, paper.upvotes, paper.comments)


def _card_lines(paper: Paper) -> Iterator[str]:
    shown = ", ".join(paper.authors[:AUTHORS_SHOWN])
    more = len(paper.authors) - AUTHORS_SHOWN
    if shown:
        yield f"**Authors** {shorten(shown, 600)}{f' + {more}' if more > 0 else ''}"
    if paper.published_at:
        yield f"**Published** {short_day(paper.published_at.date())} · **Daily Papers** {short_day(paper.day)}"
    else:
        yield f"**Daily Papers** {short_day(paper.day)}"
    if paper.tags:
        yield f"**Tags** {shorten(', '.join(paper.tags), 300)}"
    yield f"-# arXiv:{escape(paper.id)}"


def _link_buttons(paper: Paper) -> Iterator[Button[LayoutView]]:
    urls = {
        "Discussion": paper.url,
        "arXiv": paper.arxiv_url,
        "PDF": paper.pdf_url,
        "Project": paper.project_page,
        "Code": paper.github_repo,
    }
    for label, url in urls.items():
        if url and len(url) <= MAX_URL:
            yield Button(label=label, url=url)


def finished(container: Container[LayoutView]) -> LayoutView:
    """A view that discord.py sends but does not keep: its buttons are answered by their custom_ids alone."""
    view = LayoutView(timeout=None)
    view.add_item(container)
    view.stop()
    return view
