"""A paper as a block in a list, and the parts of every message with papers."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import discord
from discord.ui import ActionRow, Button, Container, Item, LayoutView, MediaGallery, Section, Select, TextDisplay

from bot.digest import Likeness
from bot.layouts.phone import count_phone_lines, strip_markdown
from bot.layouts.text import (
    MAX_CHOICE,
    MAX_CHOICES,
    MAX_TEXT,
    MAX_URL,
    count_noun,
    cut_bytes,
    cut_line,
    cut_plain,
    escape_markdown,
    format_compact,
    format_short_day,
    format_timestamp,
    make_link,
    mark_text_spans,
    measure_text,
    shorten,
    take_first_sentences,
)
from bot.papers import Paper
from bot.search import Snippet, get_searchable_prose
from bot.storage import PostedMessage

ACCENT = discord.Colour(0xC87800)  # amber that can be told from light and dark alike, at three to one
_SENTENCE_ENDS = (".", "!", "?")
_FIGURE = re.compile(r"https?://[^/?#\s]+/[^?#\s]*\.(?:png|jpe?g|gif|webp)(?:[?#]\S*)?", re.IGNORECASE)
_FACTS = 33  # characters of facts in a line of a phone; digits and dots are narrow
_LINES = 10  # of a paper on a phone, on average, so that five of them take two screens
_MIN_CUT = 8  # characters; a name cut to fewer says too little
_ORGANIZATION = 60  # characters
_JOINT = " · "
_LABEL_BYTES = 200  # of a title in a select: ten in a rare script would leave no room for the papers themselves
_PICTURE_TITLE = 200  # characters
_PICTURE_URL = 500  # Discord takes 2,048, but no message of many bytes


@dataclass(frozen=True, slots=True)
class PaperBlock:
    """A paper in a list: its position, the numbers to show, and a note such as its day.

    A `snippet` replaces its summary; `posted_message` is the one that highlighted it in this server. `why` says, as
    Markdown, what of a person's wishes brought it.
    """

    position: int
    paper: Paper
    upvotes: int
    comments: int
    note: str = ""
    snippet: Snippet | None = None
    posted_message: PostedMessage | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _BlockLimits:
    """How many characters a block's parts may take, those of its facts as they are seen."""

    title: int
    summary: int
    facts: int = _FACTS
    code: bool = True


# Summaries are shortened first and titles last, but never too much: the longest real title has 175 characters.
_MIN_SUMMARY = 90
_LIMITS = (
    *(_BlockLimits(title=300, summary=summary) for summary in range(300, _MIN_SUMMARY - 1, -15)),
    _BlockLimits(title=200, summary=0),
    _BlockLimits(title=200, summary=0, code=False),
    _BlockLimits(title=140, summary=0, code=False),
    _BlockLimits(title=100, summary=0, code=False),
    _BlockLimits(title=60, summary=0, code=False),
)


def make_details_id(paper_id: str, nonce: str | None = None) -> str:
    """The custom_id of a Details button; the `nonce` shows which delivery the message belongs to."""
    return f"details:{paper_id}:{nonce}" if nonce else f"details:{paper_id}"


def build_paper_list(blocks: Sequence[PaperBlock], budget: int) -> TextDisplay[LayoutView]:
    """The blocks (at least one) as one text with a size of at most `budget`; if they are five, on two screens.

    A line that says why a paper came is not taken from its summary.
    """
    most = _LINES * len(blocks) + sum(bool(each.why) for each in blocks)
    for room in _LIMITS:
        texts = [_render_paper_block(block, room) for block in blocks]
        text = "\n".join(texts)
        is_short = room.summary <= _MIN_SUMMARY or sum(map(count_phone_lines, texts)) <= most
        if is_short and measure_text(text) <= budget:
            break
    return TextDisplay(text)


def build_link_buttons(urls: Mapping[str, str | None]) -> Iterator[Button[LayoutView]]:
    """A button for each address that is known and not too long, by its label."""
    return (Button(label=label, url=url) for label, url in urls.items() if url and len(url) <= MAX_URL)


def build_paper_section(paper: Paper, text: str, nonce: str | None = None) -> Section[LayoutView]:
    """A text beside the Details button of its paper; it counts as three components."""
    button: Button[LayoutView] = Button(label="Details", custom_id=make_details_id(paper.id, nonce))
    return Section(TextDisplay(text), accessory=button)


def render_block_head(block: PaperBlock) -> str:
    """A block's title and all its facts, without its summary."""
    return _render_paper_block(block, _BlockLimits(title=300, summary=0, facts=MAX_TEXT))


@lru_cache(maxsize=512)  # the papers of one morning go to thousands of channels
def _render_paper_block(block: PaperBlock, room: _BlockLimits) -> str:
    lines = (
        f"### {block.position}. {make_link(block.paper.name, block.paper.url, room.title)}",
        f"-# {_render_facts(block, room)}",
        f"-# {said}" if (said := _render_snippet_or_summary(block, room.summary)) else "",
        f"-# {describe_posted_here(block.posted_message)}" if block.posted_message else "",
        f"-# {block.why}" if block.why else "",
    )
    return "\n".join(line for line in lines if line)


def _render_facts(block: PaperBlock, room: _BlockLimits) -> str:
    """The upvotes and the note, and between them what the line has room for, the most telling first."""
    paper = block.paper
    facts = dict.fromkeys(("upvotes", "code", "organization", "comments", "authors", "note"), "")
    facts |= {"upvotes": f"▲ **{block.upvotes:,}**", "note": block.note}

    def add(name: str, fact: str) -> None:
        changed = facts | {name: fact}
        if len(strip_markdown(join_facts(*changed.values()))) <= room.facts:
            facts.update(changed)

    if room.code and paper.github_repo and len(paper.github_repo) <= MAX_URL:
        add("code", make_link("code", paper.github_repo))
    left = room.facts - len(strip_markdown(join_facts(*facts.values()))) - len(_JOINT)
    if left >= _MIN_CUT:
        add("organization", shorten(paper.organization or "", min(left, _ORGANIZATION), measure_text))
    if facts["code"] and paper.github_stars:
        add("code", f"{facts['code']} ★ {format_compact(paper.github_stars)}")
    if block.comments:
        add("comments", count_noun(block.comments, "comment"))
    if paper.authors:
        add("authors", count_noun(len(paper.authors), "author"))
    return join_facts(*facts.values())


def _render_snippet_or_summary(block: PaperBlock, limit: int) -> str:
    """The part of the paper's text that matches a search; otherwise its first sentences."""
    paper, snippet = block.paper, block.snippet
    if snippet is None or not snippet.text:
        return shorten(take_first_sentences(paper.ai_summary or paper.abstract), limit)
    before, _, after = get_searchable_prose(paper).partition(snippet.text)
    starts = not before or before.rstrip().endswith(_SENTENCE_ENDS)
    shown = mark_text_spans(snippet.text, snippet.marks, limit - 2)
    if not shown:
        return ""
    end = after[0] if after.startswith(_SENTENCE_ENDS) else "…"
    return f"{'' if starts else '…'}{shown}{'' if shown.endswith('…') else end}"


def build_paper_picture(paper: Paper) -> MediaGallery[LayoutView]:
    """Its first figure, or else the card that Hugging Face makes for it, with an alternative text."""
    return build_paper_figure(paper) or _build_picture(paper, paper.thumbnail_url, "Card")


def build_paper_figure(paper: Paper) -> MediaGallery[LayoutView] | None:
    """Its first figure that is no video, with an alternative text; None if it has none."""
    figure = next((url for url in paper.media_urls if len(url) <= _PICTURE_URL and _FIGURE.fullmatch(url)), None)
    return _build_picture(paper, figure, "Figure") if figure else None


def _build_picture(paper: Paper, url: str, kind: str) -> MediaGallery[LayoutView]:
    words = f"{kind} of “{cut_line(paper.name, _PICTURE_TITLE)}”"
    return MediaGallery(discord.MediaGalleryItem(url, description=words))


def describe_sharer(user_id: int | None) -> str:
    """The first line of what a person shows to everyone; empty if nobody does."""
    return f"-# Shared by <@{user_id}>\n" if user_id else ""


def join_facts(*facts: str) -> str:
    """A line of short facts; empty ones are left out."""
    return _JOINT.join(fact for fact in facts if fact)


def describe_posted_here(message: PostedMessage) -> str:
    return f"[posted here]({message.url}) on {format_timestamp(message.sent_at, 'D')}"


def describe_paper_listing(paper: Paper, *, dated: bool = True) -> str:
    """Its day, unless all papers around it have the same, and whether it was withdrawn."""
    day = paper.listed_or_published_on
    return join_facts(
        format_short_day(day) if day and dated else "",
        "withdrawn" if paper.withdrawn_at else "",
    )


def describe_likeness(likeness: Likeness | None) -> str:
    """`0.83 like 2605.29801`; empty without one."""
    return f"{likeness.value:.2f} like {escape_markdown(likeness.example)}" if likeness else ""


def build_details_select(
    papers: Sequence[Paper], nonce: str | None = None, *, dated: bool = True
) -> ActionRow[LayoutView]:
    """A select that opens the card of one of these papers (at least one); `nonce` as in `make_details_id`."""
    distinct = {paper.id: paper for paper in papers}
    menu: Select[LayoutView] = Select(custom_id=f"pick:{nonce}" if nonce else "pick", placeholder="Details of…")
    for paper in [*distinct.values()][:MAX_CHOICES]:
        facts = join_facts(f"▲ {paper.upvotes:,}", describe_paper_listing(paper, dated=dated))
        menu.add_option(label=label_paper(paper), value=paper.id, description=facts)
    return ActionRow(menu)


def label_paper(paper: Paper) -> str:
    """A paper's name as an option of a select."""
    return cut_bytes(cut_plain(paper.name, MAX_CHOICE), _LABEL_BYTES)


def build_view(*items: Item[LayoutView]) -> LayoutView:
    """A view that discord.py sends but does not keep: its buttons are answered by their custom_ids."""
    view = LayoutView(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def build_rows(buttons: Iterable[Button[LayoutView]]) -> list[ActionRow[LayoutView]]:
    """A row of these buttons, or none if there are none."""
    shown = [*buttons]
    return [ActionRow(*shown)] if shown else []


def build_panel(text: str, *rows: Sequence[Button[LayoutView]]) -> LayoutView:
    """A message that is a text above rows of buttons; empty rows are left out."""
    return build_view(Container(TextDisplay(text), *(ActionRow(*row) for row in rows if row), accent_colour=ACCENT))
