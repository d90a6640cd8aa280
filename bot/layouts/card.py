"""The card of a paper: everything we know about it, for the person who asked; and its citation, to copy."""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from discord.ui import ActionRow, Button, Container, LayoutView, Select, Separator, TextDisplay

from bot.layouts.paper import ACCENT, facts, finished, posted_here
from bot.layouts.text import (
    MAX_CHOICE,
    MAX_CHOICES,
    MAX_CONTENT,
    MAX_URL,
    code_block,
    compact,
    count,
    escape,
    link,
    room_beside,
    short_day,
    shorten,
    size,
    weight,
)
from bot.lookups.citations import Format, cite
from bot.lookups.finder import Details
from bot.papers import Paper
from bot.text import one_line

AUTHORS_SHOWN = 10
_ABSTRACT = 2400
_TAG_BYTES = 700  # real ones have some 200
_BARS = "▁▂▃▄▅▆▇█"
_MOST_BARS = 12
_LANGUAGES = {Format.BIBTEX: "bibtex", Format.MARKDOWN: "markdown", Format.PLAIN: ""}  # of a block of code
_FRAME = 40  # characters at most around a citation


def details_card(details: Details) -> LayoutView:
    """Its facts, abstract, people and tags, with links to its pages and buttons for what to do next."""
    paper = details.paper
    head = f"## {link(paper.name, paper.url, 400)}\n{_numbers(details)}"
    tail = "\n".join(_lines(details))
    controls = [*_controls(paper)]
    room = room_beside(each.to_component_dict() for each in controls) - size(head) - size(tail)
    body = shorten(paper.abstract, min(_ABSTRACT, room), size) or "No abstract is available."
    card: Container[LayoutView] = Container(
        TextDisplay(head), TextDisplay(body), Separator(), TextDisplay(tail), *controls, accent_colour=ACCENT
    )
    return finished(card)


def _controls(paper: Paper) -> Iterator[ActionRow[LayoutView]]:
    if tags := _searchable(paper.tags):
        yield _tag_select(tags)
    yield ActionRow(*_links(_pages(paper)))
    yield ActionRow(*_links(_work(paper)), *_ways_on(paper))


def _numbers(details: Details) -> str:
    paper = details.paper
    return facts(
        f"**withdrawn** {short_day(paper.withdrawn_at.date())}" if paper.withdrawn_at else "",
        _upvotes(details),
        count(paper.comments, "comment") if paper.comments else "",
        count(len(paper.authors), "author") if paper.authors else "",
        shorten(paper.organization or "", 60),
    )


def _upvotes(details: Details) -> str:
    """The first count, the current one, and the course between them."""
    now = f"**{details.paper.upvotes:,}**"
    line = sparkline(details.upvotes)
    return f"▲ {details.upvotes[0]:,} → {now} {line}" if line else f"▲ {now}"


def sparkline(numbers: Sequence[int]) -> str:
    """The course of `numbers` in up to twelve bars; empty if they never change."""
    low, high = min(numbers, default=0), max(numbers, default=0)
    if low == high:
        return ""
    bars = min(len(numbers), _MOST_BARS)
    picked = (numbers[place * (len(numbers) - 1) // (bars - 1)] for place in range(bars))
    return "".join(_BARS[(number - low) * (len(_BARS) - 1) // (high - low)] for number in picked)


def _lines(details: Details) -> Iterator[str]:
    paper = details.paper
    shown = ", ".join(paper.authors[:AUTHORS_SHOWN])
    more = len(paper.authors) - AUTHORS_SHOWN
    if shown:
        yield f"**Authors** {shorten(shown, 600, size)}{f' + {more}' if more > 0 else ''}"
    dates = facts(
        f"**Published** {short_day(paper.published_at.date())}" if paper.published_at else "",
        f"**Daily Papers** {short_day(paper.day)}" if paper.day else "",
    )
    if dates:
        yield dates
    if linked := facts(*_linked(paper)):
        yield f"**On Hugging Face** {linked}"
    if paper.tags:
        yield f"**Tags** {shorten(', '.join(paper.tags), 300, size)}"
    yield facts(f"-# arXiv:{escape(paper.id)}", posted_here(details.post) if details.post else "")


def _linked(paper: Paper) -> Iterator[str]:
    counts = {"model": paper.linked_models, "dataset": paper.linked_datasets, "Space": paper.linked_spaces}
    return (count(number, noun) for noun, number in counts.items() if number)


def _searchable(tags: Sequence[str]) -> list[str]:
    """The tags that a select can offer and a search can find."""
    said = (one_line(tag.replace('"', " ")) for tag in tags)
    sound = dict.fromkeys(tag for tag in said if len(tag) <= MAX_CHOICE and re.search(r"\w", tag))
    room = accumulate(map(weight, sound))
    return [tag for tag, taken in zip(sound, room, strict=True) if taken <= _TAG_BYTES][:MAX_CHOICES]


def _tag_select(tags: Sequence[str]) -> ActionRow[LayoutView]:
    menu: Select[LayoutView] = Select(custom_id="tag", placeholder="Search by tag…")
    for tag in tags:
        menu.add_option(label=tag, value=tag)
    return ActionRow(menu)


def _pages(paper: Paper) -> dict[str, str | None]:
    return {
        "Discussion": paper.url,
        "arXiv": paper.arxiv_url,
        "PDF": paper.pdf_url,
        "HTML": paper.html_url,
        "alphaXiv": paper.alphaxiv_url,
    }


def _work(paper: Paper) -> dict[str, str | None]:
    stars = f" ★ {compact(paper.github_stars)}" if paper.github_stars else ""
    return {"Project": paper.project_page, f"Code{stars}": paper.github_repo}


def _links(urls: dict[str, str | None]) -> Iterator[Button[LayoutView]]:
    return (Button(label=label, url=url) for label, url in urls.items() if url and len(url) <= MAX_URL)


def _ways_on(paper: Paper) -> Iterator[Button[LayoutView]]:
    yield Button(label="Similar", custom_id=f"similar:{paper.id}")
    yield Button(label="Cite", custom_id=f"cite:{paper.id}")


def citation(paper: Paper, format_: Format) -> str:
    """A message with the citation in a code block."""
    return code_block(cite(paper, format_, MAX_CONTENT - _FRAME), _LANGUAGES[format_])
