"""The demo's page: SimCord's preview of one channel at a time, in Discord's colours, with all channels beside it.

SimCord previews one channel. To show another, this server closes that preview and opens the next, behind an address
that stays the same. It adds a style and a script of our own to the page, and passes everything else on.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib.resources import files

import aiohttp
import simcord
from aiohttp import web

from bot.demo.scenes import DemoServer

WIDTH, HEIGHT = 1120, 1240
_CAPABILITY = "X-Simcord-Capability"  # the header with the secret of an address
_PASSED_ON = ("Content-Type", "X-Simcord-Context")
_ANSWERED = ("Cache-Control", "Content-Security-Policy", "Content-Type", "Referrer-Policy", "X-Content-Type-Options")
_OURS = {"/demo/page.css": "text/css", "/demo/page.js": "text/javascript"}
_ADDED = '<link rel="stylesheet" href="/demo/page.css"><script type="module" src="/demo/page.js"></script></head>'
MAX_BODY = 32 * 1024 * 1024  # an upload in the page


class DemoPage:
    """The page while it is served; people open `url`, which holds a secret."""

    def __init__(self, demo: DemoServer, assets: Mapping[str, tuple[str, bytes]]) -> None:
        self.shown = demo.shown
        self._demo = demo
        self._assets = assets
        self._secret = secrets.token_urlsafe(32)
        self._address = ""
        self._preview: simcord.Preview | None = None
        self._switching = asyncio.Lock()
        self._ended = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"{self._address}/#{self._secret}"

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["DemoPage"]:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_get("/demo/channels", self._answer_channels)
        app.router.add_post("/demo/channels/{id}", self._answer_switch)
        for path in _OURS:
            app.router.add_get(path, self._answer_file)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        async with aiohttp.ClientSession(auto_decompress=True) as self._client:
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self._address = f"http://127.0.0.1:{runner.addresses[0][1]}"
                await self.show(self.shown)
                yield self
            finally:
                await runner.cleanup()
                await self._close_preview()

    async def show(self, channel: simcord.ChannelHandle) -> None:
        """Show `channel` in the page."""
        async with self._switching:
            await self._close_preview()
            preview = self._demo.env.preview(
                channel,
                viewers=self._demo.list_viewers(channel),
                layout="channel",
                width=WIDTH,
                height=HEIGHT,
                timezone="Europe/Berlin",
                assets=dict(self._assets),
            )
            self._preview = await preview.__aenter__()
            self._watching = asyncio.create_task(self._wait_for_end(preview))
            self.shown = channel

    async def refresh(self) -> None:
        """Show what has happened meanwhile. Raises `simcord.SetupError` if someone is clicking."""
        if self._preview and not self._switching.locked():
            await self._preview.refresh()

    async def wait_closed(self) -> None:
        """Return when somebody ends the session in the page."""
        await self._ended.wait()

    async def _wait_for_end(self, preview: simcord.Preview) -> None:
        await preview.wait_closed()
        self._ended.set()

    async def _close_preview(self) -> None:
        preview, self._preview = self._preview, None
        if self._watching:
            self._watching.cancel()
        if preview:
            await preview.close()

    def _check(self, request: web.Request, *, is_secret: bool = True) -> None:
        """Refuse whoever does not know the secret, and pages of other sites."""
        if f"http://{request.host}" != self._address or request.headers.get("Origin", self._address) != self._address:
            raise web.HTTPForbidden
        if is_secret and request.headers.get(_CAPABILITY) != self._secret:
            raise web.HTTPUnauthorized

    async def _answer_file(self, request: web.Request) -> web.Response:
        self._check(request, is_secret=False)
        text = (files("bot.demo") / "static" / request.path.rpartition("/")[2]).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=_OURS[request.path], headers={"Cache-Control": "no-store"})

    async def _answer_channels(self, request: web.Request) -> web.Response:
        self._check(request)
        channels = [
            {"id": str(each.id), "name": self._demo.name_channel(each), "kind": kind}
            for each, kind in self._demo.list_channels()
        ]
        return web.json_response({"shown": str(self.shown.id), "channels": channels})

    async def _answer_switch(self, request: web.Request) -> web.Response:
        self._check(request)
        known = {str(each.id): each for each, _ in self._demo.list_channels()}
        channel = known.get(request.match_info["id"])
        if channel is None:
            raise web.HTTPNotFound
        with suppress(simcord.SetupError):  # someone is clicking; the page asks again
            await self.show(channel)
        return web.json_response({"shown": str(self.shown.id)})

    async def _pass_on(self, request: web.Request) -> web.Response:
        """What SimCord answers."""
        self._check(request, is_secret=request.path.startswith("/api/"))
        if self._preview is None:
            raise web.HTTPServiceUnavailable
        address, _, capability = self._preview.url.partition("/#")
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        try:
            async with self._client.request(
                request.method,
                f"{address}{request.path_qs}",
                headers=headers | {_CAPABILITY: capability},
                data=await request.read(),
            ) as answer:
                body = await answer.read()
        except aiohttp.ClientError:  # the preview was closed meanwhile
            raise web.HTTPServiceUnavailable from None
        if request.path == "/":
            body = body.replace(b"</head>", _ADDED.encode()).replace(b"SimCord Preview", b"Paperboy demo")
        kept = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
        return web.Response(status=answer.status, body=body, headers=kept)
