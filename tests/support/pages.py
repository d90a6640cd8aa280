"""Asks the bot's HTTP port on loopback, and reads what it says."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.client import PaperBot
from bot.web.pages import Pages, build_app
from bot.web.port import open_port

_SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)


@dataclass
class Asked:
    """The pages of a bot, and the port that they are on."""

    pages: Pages
    port: int

    async def ask(self, path: str, method: str = "GET", **options: Any) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, **options) as response:
            return response.status, await response.text()

    async def ask_kinds(self, path: str = "/readyz") -> tuple[int, list[str]]:
        """The status, and the kinds of the problems."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, [each["kind"] for each in (await response.json())["problems"]]

    async def read_metrics(self) -> dict[str, float]:
        """Each sample by its name and labels, as `name{label="value"}`."""
        status, text = await self.ask("/metrics")
        assert status == 200
        return read_samples(text)


def read_samples(text: str) -> dict[str, float]:
    return {
        each["name"] + (f"{{{each['labels']}}}" if each["labels"] else ""): float(each["value"])
        for each in _SAMPLE.finditer(text)
    }


@asynccontextmanager
async def serving(bot: PaperBot | None = None) -> AsyncIterator[Asked]:
    """The pages, on a free port; without a `bot`, as they are while it starts."""
    pages = Pages()
    if bot:
        pages.show(bot)
    async with open_port(build_app(pages), "127.0.0.1", 0, pages.feeds.turn_away) as port:
        yield Asked(pages, port)
