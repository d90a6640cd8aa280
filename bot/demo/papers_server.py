"""A loopback server that plays the papers API from daily lists: paging, look-ups, a search, and errors."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from aiohttp import web

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 100
DEFAULT_FOUND, MOST_FOUND, LONGEST_QUERY = 20, 120, 250
QUOTA = {"RateLimit": '"api";r=499;t=300', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}


class PapersServer:
    """Answers from `lists`, which may change while it runs; `beyond` are entries that no list holds."""

    def __init__(self, lists: Mapping[date, list[Any]], unlisted: Sequence[Any] = ()) -> None:
        self.lists = lists
        self.unlisted = unlisted

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free port of the loopback interface; gives the base URL."""
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
        """One page of a day's list, newest API behaviour: default limit 50, `Link` to the next page."""
        try:
            day = date.fromisoformat(request.query["date"])
            limit = int(request.query.get("limit", DEFAULT_LIMIT))
            page = int(request.query.get("p", 0))
        except (KeyError, ValueError):
            return _answer_error("Invalid query")
        if not 1 <= limit <= LARGEST_LIMIT or page < 0:
            return _answer_error("Invalid limit or page")
        entries = self.lists.get(day, [])
        headers = dict(QUOTA)
        if (page + 1) * limit < len(entries):
            following = request.url.update_query(p=str(page + 1))
            headers["Link"] = f'<{following}>; rel="next"'
        return web.json_response(entries[page * limit : (page + 1) * limit], headers=headers)

    async def answer_paper(self, request: web.Request) -> web.StreamResponse:
        """One paper on its own: what its latest entry holds as `paper`."""
        entry = self._get_latest_entries().get(request.match_info["id"])
        return web.json_response(entry["paper"], headers=QUOTA) if entry else _answer_error("Paper not found", 404)

    async def answer_search(self, request: web.Request) -> web.StreamResponse:
        """The entries that hold every word, the most upvoted first; the real search is cleverer."""
        query = request.query.get("q", "")
        try:
            limit = int(request.query.get("limit", DEFAULT_FOUND))
        except ValueError:
            return _answer_error("Invalid limit")
        if not 1 <= limit <= MOST_FOUND or len(query) > LONGEST_QUERY:
            return _answer_error("Invalid query or limit")
        words = query.casefold().split()
        found = [
            entry
            for entry in self._get_latest_entries().values()
            if all(word in _get_searched_text(entry) for word in words)
        ]
        best = sorted(found, key=lambda entry: -entry["paper"].get("upvotes", 0))
        return web.json_response(best[:limit], headers=QUOTA)

    def _get_latest_entries(self) -> dict[str, Any]:
        """The latest entry of every paper, by id."""
        every = (*self.unlisted, *(entry for day in sorted(self.lists) for entry in self.lists[day]))
        return {entry["paper"]["id"]: entry for entry in every if _holds_paper(entry)}


def _holds_paper(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("paper"), dict) and "id" in entry["paper"]


def _get_searched_text(entry: Mapping[str, Any]) -> str:
    return f"{entry['paper'].get('title')} {entry['paper'].get('summary')}".casefold()


def _answer_error(error: str, status: int = 400) -> web.Response:
    return web.json_response({"error": error}, status=status, headers=QUOTA)
