"""A loopback server that plays the papers API from daily lists, paging and errors included."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from aiohttp import web

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 100


class PapersServer:
    """Answers `/api/daily_papers` from `lists`, which may change while it runs."""

    def __init__(self, lists: Mapping[date, list[Any]]) -> None:
        self.lists = lists

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free port of the loopback interface; gives the base URL."""
        app = web.Application()
        app.router.add_get("/api/daily_papers", self.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One page of a day's list, newest API behaviour: default limit 50, `Link` to the next page."""
        try:
            day = date.fromisoformat(request.query["date"])
            limit = int(request.query.get("limit", DEFAULT_LIMIT))
            page = int(request.query.get("p", 0))
        except (KeyError, ValueError):
            return web.json_response({"error": "Invalid query"}, status=400)
        if not 1 <= limit <= LARGEST_LIMIT or page < 0:
            return web.json_response({"error": "Invalid limit or page"}, status=400)
        entries = self.lists.get(day, [])
        headers = {"RateLimit": '"api";r=499;t=300', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
        if (page + 1) * limit < len(entries):
            following = request.url.update_query(p=str(page + 1))
            headers["Link"] = f'<{following}>; rel="next"'
        return web.json_response(entries[page * limit : (page + 1) * limit], headers=headers)
