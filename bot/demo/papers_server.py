"""A loopback server that simulates the papers API: daily lists in pages, single papers, a search, and errors."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from aiohttp import web

DEFAULT_LIMIT, MAX_LIMIT = 50, 100
DEFAULT_SEARCH_LIMIT, MAX_SEARCH_LIMIT, MAX_QUERY_LENGTH = 20, 120, 250
QUOTA = {"RateLimit": '"api";r=499;t=300', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}


class PapersServer:
    """Answers from `lists`, which may change while it runs; `unlisted` are entries that are on no list."""

    def __init__(self, lists: Mapping[date, list[Any]], unlisted: Sequence[Any] = ()) -> None:
        self.lists = lists
        self.unlisted = unlisted

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free port of the loopback interface; yields the base URL."""
        app = web.Application()
        app.router.add_get("/api/daily_papers", self.answer_list)
        app.router.add_get("/api/papers/search", self.answer_search)
        app.router.add_get("/api/papers/{id}", self.answer_paper)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        """One page of a day's list, with a `Link` to the next page."""
        try:
            day = date.fromisoformat(request.query["date"])
            limit = int(request.query.get("limit", DEFAULT_LIMIT))
            page = int(request.query.get("p", 0))
        except (KeyError, ValueError):
            return _answer_error("Invalid query")
        if not 1 <= limit <= MAX_LIMIT or page < 0:
            return _answer_error("Invalid limit or page")
        entries = self.lists.get(day, [])
        headers = dict(QUOTA)
        if (page + 1) * limit < len(entries):
            following = request.url.update_query(p=str(page + 1))
            headers["Link"] = f'<{following}>; rel="next"'
        return web.json_response(entries[page * limit : (page + 1) * limit], headers=headers)

    async def answer_paper(self, request: web.Request) -> web.StreamResponse:
        """A single paper: the `paper` of its latest entry."""
        entry = self._get_latest_entries().get(request.match_info["id"])
        return web.json_response(entry["paper"], headers=QUOTA) if entry else _answer_error("Paper not found", 404)

    async def answer_search(self, request: web.Request) -> web.StreamResponse:
        """The entries that contain every word, most upvoted first. The real search is cleverer."""
        query = request.query.get("q", "")
        try:
            limit = int(request.query.get("limit", DEFAULT_SEARCH_LIMIT))
        except ValueError:
            return _answer_error("Invalid limit")
        if not 1 <= limit <= MAX_SEARCH_LIMIT or len(query) > MAX_QUERY_LENGTH:
            return _answer_error("Invalid query or limit")
        words = query.casefold().split()
        found = []
        for entry in self._get_latest_entries().values():
            text = f"{entry['paper'].get('title')} {entry['paper'].get('summary')}".casefold()
            if all(word in text for word in words):
                found.append(entry)
        best = sorted(found, key=lambda entry: -entry["paper"].get("upvotes", 0))
        return web.json_response(best[:limit], headers=QUOTA)

    def _get_latest_entries(self) -> dict[str, Any]:
        """The latest entry of every paper, by id. Tests may put broken entries into the lists."""
        entries = [*self.unlisted, *(entry for day in sorted(self.lists) for entry in self.lists[day])]
        latest = {}
        for entry in entries:
            if isinstance(entry, dict) and isinstance(entry.get("paper"), dict) and "id" in entry["paper"]:
                latest[entry["paper"]["id"]] = entry
        return latest


def _answer_error(error: str, status: int = 400) -> web.Response:
    return web.json_response({"error": error}, status=status, headers=QUOTA)
