"""The papers API on a bad day."""

from collections import deque
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, entries
from tests.support.papers_server import wait_until_left

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FaultyServer(PapersServer):
    """The papers API on a bad day: answers each request with the next fault, as long as there are any."""

    def __init__(self) -> None:
        super().__init__({DAY: entries(7)})
        self.faults: deque[Fault] = deque()
        self.queries: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        return await self.fault_or(super().answer_list, request)

    async def answer_paper(self, request: web.Request) -> web.StreamResponse:
        return await self.fault_or(super().answer_paper, request)

    async def answer_search(self, request: web.Request) -> web.StreamResponse:
        return await self.fault_or(super().answer_search, request)

    async def fault_or(self, answer: Fault, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        self.headers.append(dict(request.headers))
        return await (self.faults.popleft() if self.faults else answer)(request)


def answering(status: int, body: str = '{"error": "no"}', **headers: str) -> Fault:
    async def answer(_request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers={"Content-Type": "application/json"} | named)

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def break_off(request: web.Request) -> web.StreamResponse:
    """Promise more than is sent."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"[")
    assert request.transport is not None
    request.transport.close()
    return response


async def dawdle(request: web.Request) -> web.StreamResponse:
    """Do not answer until the client has gone."""
    await wait_until_left(request)
    return web.json_response([])
