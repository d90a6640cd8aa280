"""Writes feeds as Atom 1.0 and as JSON Feed 1.1."""

import json
from datetime import datetime
from io import StringIO
from typing import Any

from feedgenerator import Atom1Feed

from bot.feed_addresses import FeedFormat
from bot.layouts.feeds import AUTHOR, HOME, WrittenEntry, WrittenFeed

CONTENT_TYPES = {
    FeedFormat.ATOM: "application/atom+xml; charset=utf-8",
    FeedFormat.JSON: "application/feed+json; charset=utf-8",
}
_VERSION = "https://jsonfeed.org/version/1.1"
_LANGUAGE = "en"


def format_feed(feed: WrittenFeed, format_: FeedFormat, address: str | None) -> bytes:
    """The feed as it is sent; `address` is its own for people outside, if it has one. Takes milliseconds."""
    return _format_atom(feed, address) if format_ is FeedFormat.ATOM else _format_json(feed, address)


class _Atom(Atom1Feed):  # type: ignore[misc]  # it has no types
    """Atom as the library writes it, with a time of its own for the feed, and with all authors of an entry."""

    def latest_post_date(self) -> datetime:
        updated: datetime = self.feed["updated"]
        return updated

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for name in item["authors"]:
            handler.startElement("author", {})
            handler.addQuickElement("name", name)
            handler.endElement("author")


def _format_atom(feed: WrittenFeed, address: str | None) -> bytes:
    atom = _Atom(
        feed.title,
        HOME,
        feed.subtitle,
        language=_LANGUAGE,
        author_name=AUTHOR,
        feed_url=address,
        feed_guid=feed.id,
        updated=feed.updated_at,
    )
    for each in feed.entries:
        atom.add_item(
            each.title,
            each.url,
            None,
            content=each.html,
            unique_id=each.id,
            pubdate=each.published_at,
            updateddate=each.published_at,
            categories=each.tags,
            authors=each.authors,
        )
    written = StringIO()
    atom.write(written, "utf-8")
    return written.getvalue().encode()


def _format_json(feed: WrittenFeed, address: str | None) -> bytes:
    written: dict[str, object] = {
        "version": _VERSION,
        "title": feed.title,
        "description": feed.subtitle,
        "home_page_url": HOME,
        "language": _LANGUAGE,
        "authors": [{"name": AUTHOR}],
        "items": [_write_item(each) for each in feed.entries],
    }
    if address:
        written["feed_url"] = address
    return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()


def _write_item(entry: WrittenEntry) -> dict[str, object]:
    item: dict[str, object] = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "date_published": entry.published_at.isoformat(),
    }
    if entry.authors:
        item["authors"] = [{"name": each} for each in entry.authors]
    if entry.tags:
        item["tags"] = list(entry.tags)
    return item
