"""Feeds in words: plain titles and HTML. What strangers wrote is escaped, and only its web addresses are links."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.feed_addresses import (
    MAX_FOUND,
    MAX_QUERY,
    FeedAddresses,
    FeedFormat,
    build_daily_path,
    build_search_path,
    build_weekly_path,
)
from bot.layouts.headings import render_plain_digest_heading
from bot.layouts.text import (
    count_noun,
    format_short_day,
    join_words,
    take_first_sentences,
)
from bot.lookups.feeds import BEST, Feed, FeedEntry, FeedKind, PostedDigest, Week
from bot.papers import Paper
from bot.search import Query
from bot.text import is_visible, join_lines

AUTHOR = "Paperboy"
HOME = "https://huggingface.co/papers"
MAX_AUTHORS, MAX_TAGS = 20, 12  # that an entry names
_TITLE, _NAME, _ABSTRACT, _SUMMARY = 300, 100, 5000, 300  # characters
_SHOWN_QUERY = 150  # characters
_MAX_MISTAKES = 3
_EXAMPLE = build_search_path("has:code tag:robotics", FeedFormat.ATOM)
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,2000}", re.IGNORECASE)
# What no XML 1.0 document may have, not even escaped, and characters that stand for nothing.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\ufdd0-\ufdef]")
_UNSEEN_BUT_PRINTABLE = "\N{COMBINING GRAPHEME JOINER}"  # the only character of this kind

STARTING = "Paperboy is starting. Try again in a minute."
STOPPING = "Paperboy is stopping. Try again in a minute."
BUSY = "Paperboy is busy. Try again in a minute."
FAILED = "This feed can't be made at the moment. Try again in a few minutes."
TOO_MANY = "Too many requests. Feeds change a few times a day: asking every quarter of an hour is often enough."
NOT_FOUND = "This feed doesn't exist. Its address may have been replaced, or the feed switched off."
NO_SUCH_PAGE = "There is no feed at this address. /feeds lists those there are."
NO_QUERY = f"This feed needs a query: {_EXAMPLE}"
TOO_LONG = f"The query is too long. A feed's query may have {MAX_QUERY} characters: leave some words out."
BAD_LIMIT = f"limit has to be a whole number from 1 to {MAX_FOUND}."
FOREIGN_LINK = "The query has a link that leads to no paper. Take it out, or link a paper on arXiv or Hugging Face."


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """An entry in words. The title is plain text; all texts are fit for XML."""

    id: str
    url: str
    title: str
    html: str
    published_at: datetime
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenFeed:
    """A feed in words."""

    id: str
    title: str
    subtitle: str
    updated_at: datetime
    entries: tuple[WrittenEntry, ...]


def write_feed(feed: Feed) -> WrittenFeed:
    title, subtitle = _name_feed(feed)
    return WrittenFeed(feed.id, title, subtitle, feed.updated_at, tuple(map(_write_entry, feed.entries)))


def _name_feed(feed: Feed) -> tuple[str, str]:
    """Its title, and a line about it."""
    match feed.request.kind:
        case FeedKind.DAILY:
            return (
                f"{AUTHOR}: the day's best AI papers",
                f"The {BEST} papers of each day with the most upvotes on Hugging Face, once the day's list has closed.",
            )
        case FeedKind.WEEKLY:
            return (
                f"{AUTHOR}: the week's best AI papers",
                f"The {BEST} papers of each week with the most upvotes on Hugging Face.",
            )
        case FeedKind.SEARCH:
            return _clean_line(f"{AUTHOR}: {feed.request.query}", _SHOWN_QUERY), "The newest papers that match."
        case _:
            return f"{AUTHOR}: digests of a Discord server", "What was posted there in the last month."


def _write_entry(entry: FeedEntry) -> WrittenEntry:
    match entry.about:
        case Paper():
            return _write_paper(entry, entry.about)
        case Week():
            return _write_week(entry, entry.about)
        case _:
            return _write_digest(entry, entry.about)


def _write_paper(entry: FeedEntry, paper: Paper) -> WrittenEntry:
    authors = [name for each in paper.authors[:MAX_AUTHORS] if (name := _clean_line(each, _NAME))]
    return WrittenEntry(
        entry.id,
        paper.url,
        _clean_line(paper.name, _TITLE),
        "".join(_render_paper(paper)),
        entry.published_at,
        tuple(authors),
        tuple(dict.fromkeys(tag for each in paper.tags[:MAX_TAGS] if (tag := _clean_line(each, _NAME)))),
    )


def _render_paper(paper: Paper) -> Iterator[str]:
    if paper.ai_summary and is_visible(paper.ai_summary):
        yield f"<p><strong>In short:</strong> {_escape(paper.ai_summary, _ABSTRACT)}</p>"
    if is_visible(paper.abstract):
        yield f"<p>{_escape(paper.abstract, _ABSTRACT)}</p>"
    facts = [_escape(paper.organization, _NAME)] if paper.organization and is_visible(paper.organization) else []
    if paper.authors:
        facts.append(count_noun(len(paper.authors), "author"))
    if facts:
        yield f"<p>{' · '.join(facts)}</p>"
    links = {
        "Hugging Face": paper.url,
        "arXiv": paper.arxiv_url,
        "PDF": paper.pdf_url,
        "alphaXiv": paper.alphaxiv_url,
        "Code": paper.github_repo,
        "Project page": paper.project_page,
    }
    shown = [_make_link(label, url) for label, url in links.items() if url and _WEB_ADDRESS.fullmatch(url)]
    yield f"<p>{' · '.join(shown)}</p>"


def _write_week(entry: FeedEntry, week: Week) -> WrittenEntry:
    title = f"The best AI papers of {format_short_day(week.first)} – {format_short_day(week.last)}"
    year, number, _ = week.first.isocalendar()
    url = f"{HOME}/week/{year}-W{number:02}"
    return WrittenEntry(entry.id, url, title, _render_list(week.papers), entry.published_at)


def _write_digest(entry: FeedEntry, posted: PostedDigest) -> WrittenEntry:
    delivery, digest = posted.delivery, posted.delivery.digest
    title = render_plain_digest_heading(digest, delivery.settings.schedule.cadence)
    papers = [(each.paper, each.upvotes) for each in digest.highlights]
    on_discord = f"<p>{_make_link('Read it on Discord', posted.url)}</p>"
    return WrittenEntry(entry.id, posted.url, title, _render_list(papers) + on_discord, entry.published_at)


def _render_list(papers: Sequence[tuple[Paper, int]]) -> str:
    return f"<ol>{''.join(_render_line(paper, upvotes) for paper, upvotes in papers)}</ol>"


def _render_line(paper: Paper, upvotes: int) -> str:
    said = _escape(take_first_sentences(paper.ai_summary or paper.abstract), _SUMMARY)
    return f"<li>{_make_link(paper.name, paper.url)} ▲ {upvotes:,}{f'<br>{said}' if said else ''}</li>"


def _make_link(label: str, url: str) -> str:
    return f'<a href="{_escape(url, len(url))}">{_escape(label, _TITLE)}</a>'


def _escape(text: str, limit: int) -> str:
    """A stranger's text as HTML that has only this text."""
    return html.escape(_clean_line(text, limit))


def _clean_line(text: str, limit: int) -> str:
    """A stranger's text in one line, as XML may have it."""
    if text.isprintable() and _UNSEEN_BUT_PRINTABLE not in text:  # true of nearly all, and told at once
        line = " ".join(text.split())
    else:
        line = join_lines(_NOT_XML.sub("", text))
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def explain_mistakes(query: Query) -> str:
    """What of a query is not understood, and what to write instead."""
    lines = []
    for each in query.mistakes[:_MAX_MISTAKES]:
        typed = _clean_line(query.text[each.start : each.end], _SHOWN_QUERY)
        instead = f"Write {join_words([*each.corrections], 'or')}." if each.corrections else "Leave it out."
        lines.append(f"“{typed}” is not understood. {instead}")
    return "\n".join(lines)


def render_feeds_page(addresses: FeedAddresses | None) -> str:
    """A small page that names the feeds, and lets readers find them."""
    at = addresses or FeedAddresses("")
    feeds = {"The day's best AI papers": build_daily_path, "The week's best AI papers": build_weekly_path}
    types = {FeedFormat.ATOM: "application/atom+xml", FeedFormat.JSON: "application/feed+json"}
    found = [(title, kind, at.build(build(kind))) for title, build in feeds.items() for kind in FeedFormat]
    heads = (
        f'<link rel="alternate" type="{types[kind]}" title="{html.escape(title)}" href="{html.escape(url)}">'
        for title, kind, url in found
    )
    lines = (
        f'<li>{html.escape(title)}: <a href="{html.escape(url)}">{html.escape(url)}</a></li>' for title, _, url in found
    )
    query = html.escape(at.build(_EXAMPLE))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{AUTHOR}: feeds</title>'
        f"{''.join(heads)}</head><body><h1>Feeds</h1><p>Paste an address into your feed reader.</p><ul>{''.join(lines)}"
        f'<li>Any query, as you type it in a search: <a href="{query}">{query}</a></li></ul></body></html>\n'
    )
