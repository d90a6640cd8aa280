"""The card of a paper: everything we know about it, for the person who asked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from discord.ui import ActionRow, Button, Container, LayoutView, Select, Separator, TextDisplay

from bot.layouts.paper import (
    ACCENT,
    build_link_buttons,
    build_paper_figure,
    build_view,
    describe_posted_here,
    describe_sharer,
    join_facts,
)
from bot.layouts.query_buttons import build_other_hits, make_query_id
from bot.layouts.save_buttons import build_save_button
from bot.layouts.search_notes import describe_best_match
from bot.layouts.text import (
    MAX_CHOICE,
    MAX_CHOICES,
    compute_text_room,
    count_bytes,
    count_noun,
    escape_markdown,
    format_compact,
    format_short_day,
    make_link,
    measure_text,
    shorten,
)
from bot.lookups.finder import PaperDetails, SearchResults
from bot.papers import Paper
from bot.text import join_lines

AUTHORS_SHOWN = 10
_ABSTRACT = 2400
_TAG_BYTES = 700  # real ones have some 200
_BARS = "▁▂▃▄▅▆▇█"
_MAX_BARS = 12


@dataclass(frozen=True, slots=True)
class CardContext:
    """How a card came about, apart from its paper.

    If it is the best of the `results` of a search, the next ones are buttons too. Of one that was `drawn_from` what a
    query finds, or from all papers if it is empty, another can be drawn. One that somebody shows to everyone says who.
    """

    results: SearchResults | None = None
    drawn_from: str | None = None
    shared_by: int | None = None


BY_ITSELF = CardContext()


def render_paper_card(
    details: PaperDetails, context: CardContext = BY_ITSELF, *, with_figure: bool = True
) -> LayoutView:
    """Its facts, abstract, figure, people and tags, with links to its pages and buttons for what to do next."""
    paper, results = details.paper, context.results
    head = f"{describe_sharer(context.shared_by)}## {make_link(paper.name, paper.url, 400)}\n{_render_facts(details)}"
    tail = "\n".join(_render_paper_lines(details))
    controls = [*_build_card_controls(paper, context)]
    if results:
        head = f"{describe_best_match(results)}\n{head}"
        others = build_other_hits(results)
        controls += [others] if others else []
    figure = build_paper_figure(paper) if with_figure else None
    figures = [figure] if figure else []
    room = compute_text_room(each.to_component_dict() for each in (*figures, *controls))
    room -= measure_text(head) + measure_text(tail)
    body = shorten(paper.abstract, min(_ABSTRACT, room), measure_text) or "No abstract is available."
    texts = (TextDisplay(head), TextDisplay(body), *figures, Separator(), TextDisplay(tail))
    card: Container[LayoutView] = Container(*texts, *controls, accent_colour=ACCENT)
    return build_view(card)


def has_figure(paper: Paper) -> bool:
    """Whether its card shows a picture."""
    return build_paper_figure(paper) is not None


def _build_card_controls(paper: Paper, context: CardContext) -> Iterator[ActionRow[LayoutView]]:
    if tags := _list_searchable_tags(paper.tags):
        menu: Select[LayoutView] = Select(custom_id="tag", placeholder="Search by tag…")
        for tag in tags:
            menu.add_option(label=tag, value=tag)
        yield ActionRow(menu)
    pages = {
        "Hugging Face": paper.url,
        "arXiv": paper.arxiv_url,
        "PDF": paper.pdf_url,
        "HTML": paper.html_url,
        "alphaXiv": paper.alphaxiv_url,
    }
    yield ActionRow(*build_link_buttons(pages))
    stars = f" ★ {format_compact(paper.github_stars)}" if paper.github_stars else ""
    if sources := [*build_link_buttons({"Project": paper.project_page, f"Code{stars}": paper.github_repo})]:
        yield ActionRow(*sources)
    buttons: list[Button[LayoutView]] = [
        build_save_button(paper.id),
        Button(label="Similar", custom_id=f"similar:{paper.id}"),
        Button(label="Cite", custom_id=f"cite:{paper.id}"),
        Button(label="Follow", custom_id=f"follow:paper:{paper.id}"),
    ]
    if context.shared_by is None:
        buttons.append(Button(label="Share", custom_id=f"share-card:{paper.id}"))
    yield ActionRow(*buttons)
    if context.drawn_from is not None:
        start = f"another:{paper.id}"
        another = make_query_id(start, context.drawn_from) if context.drawn_from else start
        yield ActionRow(Button(label="Another", custom_id=another))


def _render_facts(details: PaperDetails) -> str:
    paper = details.paper
    return join_facts(
        f"**withdrawn** {format_short_day(paper.withdrawn_at.date())}" if paper.withdrawn_at else "",
        _render_upvotes(details),
        count_noun(paper.comments, "comment") if paper.comments else "",
        count_noun(len(paper.authors), "author") if paper.authors else "",
        shorten(paper.organization or "", 60),
    )


def _render_upvotes(details: PaperDetails) -> str:
    """The first count, the current one, and the course between them."""
    now = f"**{details.paper.upvotes:,}**"
    line = render_sparkline(details.upvotes)
    return f"▲ {details.upvotes[0]:,} → {now} {line}" if line else f"▲ {now}"


def render_sparkline(numbers: Sequence[int]) -> str:
    """The course of `numbers` in up to twelve bars; empty if they never change."""
    low, high = min(numbers, default=0), max(numbers, default=0)
    if low == high:
        return ""
    bars = min(len(numbers), _MAX_BARS)
    picked = (numbers[bar * (len(numbers) - 1) // (bars - 1)] for bar in range(bars))
    return "".join(_BARS[(number - low) * (len(_BARS) - 1) // (high - low)] for number in picked)


def _render_paper_lines(details: PaperDetails) -> Iterator[str]:
    paper = details.paper
    shown = ", ".join(paper.authors[:AUTHORS_SHOWN])
    more = len(paper.authors) - AUTHORS_SHOWN
    if shown:
        yield f"**Authors** {shorten(shown, 600, measure_text)}{f' + {more}' if more > 0 else ''}"
    dates = join_facts(
        f"**Published** {format_short_day(paper.published_at.date())}" if paper.published_at else "",
        f"**Daily Papers** {format_short_day(paper.day)}" if paper.day else "",
    )
    if dates:
        yield dates
    counts = {"model": paper.linked_models, "dataset": paper.linked_datasets, "Space": paper.linked_spaces}
    if linked := join_facts(*(count_noun(number, noun) for noun, number in counts.items() if number)):
        yield f"**On Hugging Face** {linked}"
    if paper.tags:
        yield f"**Tags** {shorten(', '.join(paper.tags), 300, measure_text)}"
    yield join_facts(
        f"-# arXiv:{escape_markdown(paper.id)}",
        describe_posted_here(details.posted_message) if details.posted_message else "",
    )


def _list_searchable_tags(tags: Sequence[str]) -> list[str]:
    """The tags that a select can offer and a search can find."""
    cleaned = (join_lines(tag.replace('"', " ")) for tag in tags)
    usable = dict.fromkeys(tag for tag in cleaned if len(tag) <= MAX_CHOICE and re.search(r"\w", tag))
    sizes = accumulate(map(count_bytes, usable))
    return [tag for tag, size in zip(usable, sizes, strict=True) if size <= _TAG_BYTES][:MAX_CHOICES]
