"""The pages of the port: `/healthz`, `/readyz` and `/metrics`, and the feeds."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from logging import getLogger
from typing import Any

from aiohttp import web

from bot import metrics
from bot.about import read_version
from bot.client import PaperBot
from bot.health import Health, HealthProblem, ProblemKind
from bot.layouts.health import INDEX, describe_problem
from bot.logs import should_log
from bot.reasons import ReasonKind
from bot.web.feed_pages import FeedPages
from bot.web.observer import Observer
from bot.web.port import open_port

UNAVAILABLE = 503


class Pages:
    """What the pages show: that the bot is starting, until they are given the running bot to `show`."""

    def __init__(self) -> None:
        self._observer: Observer | None = None
        self._held: int | None = None
        self._rendered: tuple[Health, bytes] | None = None  # the metrics as they were when that was observed
        self.feeds = FeedPages()

    def show(self, bot: PaperBot) -> None:
        self._observer = Observer(bot)
        self.feeds.show(bot)

    def show_standby(self, held: int | None) -> None:
        """Show that the start waits for a shard that another process has; or, with None, no longer."""
        self._held = held

    async def _observe(self) -> Health:
        if self._observer is None:
            starting, waiting = (
                HealthProblem(ProblemKind.STARTING),
                HealthProblem(ProblemKind.STANDBY, (self._held or 0,)),
            )
            return Health((starting if self._held is None else waiting,), {"paperboy_ready": 0})
        return await self._observer.observe()

    async def show_index(self, _: web.Request) -> web.Response:
        return web.Response(text=INDEX)

    async def show_liveness(self, _: web.Request) -> web.Response:
        """Whether the process runs and its loop keeps up: nothing else, so that a restart would help."""
        late = self._observer.find_late_loop() if self._observer else None
        return _answer((late,) if late else (), "ok", "not ok", {"version": read_version()})

    async def show_readiness(self, _: web.Request) -> web.Response:
        """Whether digests are being sent: the gateway, the database and the last tick."""
        health = await self._observe()
        return _answer(health.problems, "ready", "not ready", {"readings": health.readings})

    async def show_metrics(self, _: web.Request) -> web.Response:
        health = await self._observe()
        if self._rendered is None or self._rendered[0] is not health:
            self._rendered = (health, metrics.render(health.readings))
        return web.Response(body=self._rendered[1], headers={"Content-Type": metrics.CONTENT_TYPE})


def _answer(problems: tuple[HealthProblem, ...], good: str, bad: str, more: dict[str, Any]) -> web.Response:
    told = [{"kind": each.kind, "text": describe_problem(each)} for each in problems]
    told_all = {"status": bad if problems else good, "problems": told, **more}
    return web.json_response(
        told_all, status=UNAVAILABLE if problems else 200, dumps=lambda value: f"{json.dumps(value, indent=2)}\n"
    )


@asynccontextmanager
async def open_pages(host: str, port: int | None) -> AsyncIterator[Pages]:
    """Serve the pages while this is open; without a `port`, nothing is served. Raises `PortUnusable`."""
    pages = Pages()
    if port is None:
        yield pages
        return
    metrics.prepare(read_version(), ReasonKind)
    with metrics.counting_log_records(getLogger(), should_log):
        async with open_port(build_app(pages), host, port, pages.feeds.turn_away):
            yield pages


def build_app(pages: Pages) -> web.Application:
    app = web.Application(client_max_size=1024, middlewares=[_answer_once])
    app.router.add_get("/", pages.show_index)
    app.router.add_get("/healthz", pages.show_liveness)
    app.router.add_get("/readyz", pages.show_readiness)
    app.router.add_get("/metrics", pages.show_metrics)
    pages.feeds.add_routes(app)
    return app


@web.middleware
async def _answer_once(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer one request for each connection, so that none is kept open, and from no cache, unless the answer says."""
    try:
        response = await handler(request)
    except web.HTTPException as error:  # such as a page that there is not
        _complete(error)
        raise
    _complete(response)
    return response


def _complete(response: web.StreamResponse) -> None:
    response.force_close()
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Server"] = "paperboy"
