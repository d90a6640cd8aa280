"""Asks the port for feeds as their readers do, and reads them by parsers that are not ours."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import aiohttp
import feedparser
from yarl import URL

from bot.app import Services
from bot.blocking import Blocklist
from bot.client import PaperBot
from bot.digest import get_closing_time
from bot.feed_addresses import FeedAddresses
from bot.papers import Paper
from tests.support.pages import Asked, serving

PUBLIC = "https://papers.example"


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def read_atom(self) -> Any:
        """The feed, as feedparser reads it; it has to be well-formed."""
        assert self.status == 200, self.text
        read = feedparser.parse(self.body, response_headers={"content-type": self.headers["Content-Type"]})
        assert not read.bozo, read.get("bozo_exception")
        assert read.version == "atom10"
        return read

    def read_json(self) -> dict[str, Any]:
        assert self.status == 200, self.text
        read: dict[str, Any] = json.loads(self.body)
        return read

    def list_ids(self) -> list[str]:
        if self.headers["Content-Type"].startswith("application/feed+json"):
            return [each["id"] for each in self.read_json()["items"]]
        return [each.id for each in self.read_atom().entries]


@dataclass
class FeedAsker:
    """The port of a bot, whose clock the tests move."""

    asked: Asked
    services: Services

    async def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self.asked.port}{path}"
        async with (
            aiohttp.ClientSession(auto_decompress=True, skip_auto_headers=["Accept-Encoding"]) as session,
            session.request(method, URL(url, encoded=True), headers=named) as response,
        ):
            return Answer(response.status, response.headers, await response.read())

    async def list_papers(self, day: date, papers: Sequence[Paper], hours: float = 1) -> None:
        """The list of `day` is read so many hours after it closed, and indexed."""
        await self.services.storage.papers.record_list(day, papers, get_closing_time(day) + timedelta(hours=hours))
        await self.services.archive.update_index()


@asynccontextmanager
async def serving_feeds(
    services: Services, public: str | None = PUBLIC, blocked: frozenset[int] = frozenset()
) -> AsyncIterator[FeedAsker]:
    addresses = FeedAddresses(public) if public else None
    bot = PaperBot(services, feeds=addresses, blocked=Blocklist(blocked), shard_count=1)
    async with serving(bot) as asked:
        yield FeedAsker(asked, services)
