"""Whatever strangers wrote, feeds are valid, and show it as text: by RFC 4287, JSON Feed 1.1, and two libraries."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import fastfeedparser
import feedparser
import pytest
from hypothesis import given

from bot.app import Services
from bot.feed_addresses import FeedFormat
from bot.layouts.feeds import MAX_AUTHORS, write_feed
from bot.lookups.feeds import Feed, FeedEntry, FeedKind, FeedRequest, Week
from bot.papers import Paper
from bot.web.feed_formats import format_feed
from tests.support.any_paper import papers as any_papers
from tests.support.any_paper import texts, within_seconds
from tests.support.builders import DAY, paper
from tests.support.feeds import PUBLIC, FeedAsker, serving_feeds

ATOM = "{http://www.w3.org/2005/Atom}"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
SHOWN_TAGS = {"p", "strong", "a", "ol", "li", "br"}
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]></content></entry></feed>",
    "&lt;b&gt; &amp;amp; &#x3C;i&#x3E;",
    "\x00\x08\x0b\x0c\x1f\x7f\x9f tabs\tand\nlines",
    "\ufffe\uffff\ufdd0 no characters",
    "\ud83d half an emoji, 👩‍👩‍👧‍👦 a family, 🇩🇪 a flag",
    "\u202eright to left override\u202c \u2066isolates\u2069",
    "مرحبا بالعالم עברית",
    "注意力机制 𝔸𝕀 𐍈",  # noqa: RUF001
    "$\\mathcal{O}(n \\log n)$ \\textbf{bold} ☃ <3 & so on",
    "'; DROP TABLE papers; --",
]


class Shown(HTMLParser):
    """What a reader shows of HTML: its tags, their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def check_harmless(self) -> None:
        assert SHOWN_TAGS.issuperset(self.tags)
        assert all(name == "href" and re.match(r"https?://", value or "") for name, value in self.attributes)


def check_atom(body: bytes, *, has_address: bool = True) -> ET.Element:
    """What RFC 4287 says a feed must, and the W3C validator wants."""
    feed = ET.fromstring(body)
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            (only,) = element.findall(f"{ATOM}{name}")
            assert only.text
            assert only.text.strip() == only.text
        assert INSTANT.fullmatch(element.findtext(f"{ATOM}updated") or "")
        assert re.match(r"(https://|urn:uuid:)\S+$", element.findtext(f"{ATOM}id") or "")
        links = [(each.get("rel"), each.get("type")) for each in element.findall(f"{ATOM}link")]
        assert len(links) == len({*links})
        assert all(each.get("href", "").startswith(("http://", "https://")) for each in element.findall(f"{ATOM}link"))
    assert feed.findall(f"{ATOM}author"), "entries without an author have that of the feed"
    assert all(name.text for name in feed.iter(f"{ATOM}name"))
    assert all(each.get("term") for each in feed.iter(f"{ATOM}category"))
    ids = [each.findtext(f"{ATOM}id") for each in entries]
    assert len(ids) == len({*ids})
    assert feed.findtext(f"{ATOM}updated") == max(
        (each.findtext(f"{ATOM}updated") or "" for each in entries), default=feed.findtext(f"{ATOM}updated")
    )
    for entry in entries:
        (content,) = entry.findall(f"{ATOM}content")
        assert content.get("type") == "html"
        assert not list(content)
        Shown(content.text or "").check_harmless()
    own = [each.get("href") for each in feed.findall(f"{ATOM}link") if each.get("rel") == "self"]
    assert len(own) == has_address
    return feed


def check_json(body: bytes) -> dict[str, Any]:
    """What JSON Feed 1.1 says a feed must."""
    feed: dict[str, Any] = json.loads(body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    assert isinstance(feed["items"], list)
    for each in feed["items"]:
        assert isinstance(each["id"], str)
        assert each["content_html"]
        Shown(each["content_html"]).check_harmless()
        assert INSTANT.fullmatch(each["date_published"])
        assert all(author["name"] for author in each.get("authors", ()))
        assert all(isinstance(tag, str) and tag for tag in each.get("tags", ()))
    ids = [each["id"] for each in feed["items"]]
    assert len(ids) == len({*ids})
    return feed


def make(*papers: Paper, query: str = "x", kind: FeedKind = FeedKind.SEARCH) -> Feed:
    now = datetime(2026, 1, 15, tzinfo=UTC)
    entries = tuple({each.url: FeedEntry(each.url, now, each) for each in papers}.values())
    week = FeedEntry("urn:uuid:00000000-0000-0000-0000-000000000000", now, Week(DAY, tuple((p, 3) for p in papers)))
    return Feed(FeedRequest(kind, query), "urn:uuid:00000000-0000-0000-0000-000000000001", now, (week, *entries))


@within_seconds
@given(any_papers, texts)
def test_any_paper_and_any_query_make_valid_feeds(one: Paper, query: str) -> None:
    written = write_feed(make(one, query=query))
    check_atom(format_feed(written, FeedFormat.ATOM, PUBLIC))
    check_json(format_feed(written, FeedFormat.JSON, PUBLIC))


def test_what_cannot_be_seen_is_in_no_feed_in_whatever_letters_the_text_around_it_is() -> None:
    unseen = "\N{COMBINING GRAPHEME JOINER}\N{ZERO WIDTH SPACE}\N{RIGHT-TO-LEFT OVERRIDE}\x7f\ufdd0"
    for around in ("plain", "naïve — 注意"):
        for each in unseen:
            known = paper("2601.00001", title=f"{around}{each}text", abstract=f"{around}{each}text")
            (_, entry) = write_feed(make(known)).entries
            assert entry.title == f"{around}text"
            assert each not in entry.html
    for each in (*unseen, "\N{BRAILLE PATTERN BLANK}", "\N{HANGUL FILLER}\n"):
        (_, entry) = write_feed(make(paper("2601.00001", abstract=each))).entries
        assert entry.html.startswith("<p>1 author") or entry.html.startswith("<p><a href")


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_strangers_wrote_is_shown_as_text(feeds: FeedAsker, text: str) -> None:
    stored = text.encode(errors="ignore").decode()  # the database takes no half an emoji
    known = paper(
        "2601.00001",
        title=f"Paper {stored}",
        abstract=f"Abstract {stored}",
        authors=(f"Ada {stored}",),
        organization=f"Lab {stored}",
        ai_summary=f"Summary {stored}",
        tags=(f"tag {stored}",),
        github_repo="javascript:alert(1)",
        project_page=f"https://a.example/{stored}",
    )
    await feeds.list_papers(DAY, [known])
    atom, json_ = await feeds.get("/feeds/daily.atom"), await feeds.get("/feeds/daily.json")
    check_atom(atom.body)
    (item,) = check_json(json_.body)["items"]
    (entry,) = atom.read_atom().entries
    assert "javascript:" not in atom.text + json_.text
    shown = Shown(item["content_html"]).text
    letters = re.sub(r"[^a-z]", "", stored.casefold())
    assert letters in re.sub(r"[^a-z]", "", shown.casefold())
    assert item["title"].startswith("Paper")
    assert entry.id == item["id"]


async def test_two_readers_libraries_read_the_same(feeds: FeedAsker) -> None:
    await feeds.list_papers(
        DAY, [paper(f"2601.{n:05}", authors=("Ada", "Émile"), tags=("robots",)) for n in range(1, 9)]
    )
    atom, json_ = await feeds.get("/feeds/daily.atom"), await feeds.get("/feeds/daily.json")
    read = [feedparser.parse(atom.body), fastfeedparser.parse(atom.body), fastfeedparser.parse(json_.body)]
    ids = [[each["id"] for each in one["entries"]] for one in read]
    titles = [[each["title"] for each in one["entries"]] for one in read]
    assert ids[0] == ids[1] == ids[2]
    assert titles[0] == titles[1] == titles[2]
    assert {one["feed"]["title"] for one in read} == {"Paperboy: the day's best AI papers"}
    assert [each["name"] for each in read[0].entries[0].authors] == ["Ada", "Émile"]
    assert [each["term"] for each in read[0].entries[0].tags] == ["robots"]


async def test_an_empty_feed_is_valid_and_does_not_change(feeds: FeedAsker) -> None:
    for path in ("daily", "weekly", "search"):
        query = "?q=nothing" if path == "search" else ""
        first = await feeds.get(f"/feeds/{path}.atom{query}")
        check_atom(first.body)
        check_json((await feeds.get(f"/feeds/{path}.json{query}")).body)
        assert (await feeds.get(f"/feeds/{path}.atom{query}")).headers["ETag"] == first.headers["ETag"]


async def test_without_a_public_address_feeds_are_valid_too(services: Services) -> None:
    async with serving_feeds(services, public=None) as feeds:
        await feeds.list_papers(DAY, [paper("2601.00001")])
        answer = await feeds.get("/feeds/daily.atom")
        check_atom(answer.body, has_address=False)
        assert "127.0.0.1" not in answer.text
        assert "feed_url" not in check_json((await feeds.get("/feeds/daily.json")).body)


async def test_of_hundreds_of_authors_some_are_named_and_all_are_counted(feeds: FeedAsker) -> None:
    await feeds.list_papers(DAY, [paper("2601.00001", authors=tuple(f"Author {n}" for n in range(664)))])
    (entry,) = (await feeds.get("/feeds/daily.atom")).read_atom().entries
    assert len(entry.authors) == MAX_AUTHORS
    assert "664 authors" in entry.content[0].value
