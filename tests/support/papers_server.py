"""A papers API on loopback that may be down, and one that remembers what it was asked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

from aiohttp import web

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, FRIDAY, entries, entry

STRANGER = "1706.03762"


class FrailPapers(PapersServer):
    """The papers API, which may be `down`, or unable to serve some days; `meanwhile` runs before each answer."""

    down = False
    unservable: frozenset[date] = frozenset()
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        if self.meanwhile:
            await self.meanwhile()
        failing = self.down or date.fromisoformat(request.query["date"]) in self.unservable
        return _down() if failing else await super().answer_list(request)

    async def answer_paper(self, request: web.Request) -> web.StreamResponse:
        return _down() if self.down else await super().answer_paper(request)

    async def answer_search(self, request: web.Request) -> web.StreamResponse:
        return _down() if self.down else await super().answer_search(request)


async def wait_until_left(request: web.Request) -> None:
    """Wait until the client has closed the connection."""
    while request.transport:  # noqa: ASYNC110  # aiohttp has no event for it
        await asyncio.sleep(0.01)


def _down() -> web.Response:
    return web.json_response({"error": "down"}, status=503)


class Papers(FrailPapers):
    """The papers API, which remembers the days it was asked for."""

    def __init__(self, lists: Mapping[date, list[Any]]) -> None:
        super().__init__(lists)
        self.asked: list[date] = []

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(date.fromisoformat(request.query["date"]))
        return await super().answer_list(request)


def list_two_days() -> Papers:
    """Seven papers a day, each day others."""
    return Papers({DAY: entries(7), FRIDAY: entries(7, FRIDAY, first=11)})


class CountingServer(PapersServer):
    """The papers API, with a paper on no list; remembers the days it was asked for.

    It refuses while it is `down`, and asks clients to wait while it is `busy`.
    """

    def __init__(self) -> None:
        super().__init__({DAY: entries(7)}, [entry(STRANGER, upvotes=100, numTotalModels=3)])
        self.asked: list[date] = []
        self.down = False
        self.busy = False
        self.dawdles = False  # answers no look-up before the client has gone

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(date.fromisoformat(request.query["date"]))
        return self.refusal() or await super().answer_list(request)

    async def answer_paper(self, request: web.Request) -> web.StreamResponse:
        if self.dawdles:
            await wait_until_left(request)
        return self.refusal() or await super().answer_paper(request)

    async def answer_search(self, request: web.Request) -> web.StreamResponse:
        if self.dawdles:
            await wait_until_left(request)
        return self.refusal() or await super().answer_search(request)

    def refusal(self) -> web.Response | None:
        if self.busy:
            return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": "100"})
        return web.json_response({"error": "no"}, status=400) if self.down else None
