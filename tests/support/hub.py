"""A Hugging Face hub on loopback, as far as models are fetched from it."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

LARGE = ".onnx"  # files with this ending have their SHA-256 told


@dataclass
class LoopbackHub:
    """One repository, whose files are in `folder`. `spoiled` files arrive with other bytes than were told.

    If there is a `login_page`, it answers whatever is asked.
    """

    folder: Path
    revision: str = "5f2c1a90"
    spoiled: set[str] = field(default_factory=set)
    login_page: str | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_get("/api/models/{repository:.+}/revision/{revision}", self._answer_listing)
        app.router.add_get("/{repository:.+}/resolve/{revision}/{file:.+}", self._answer_file)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self.url
        finally:
            await runner.cleanup()

    async def _answer_listing(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.login_page is not None:
            return web.Response(text=self.login_page)
        if request.match_info["revision"] not in ("main", self.revision):
            return web.json_response({"error": "Revision not found"}, status=404)
        return web.json_response({"sha": self.revision, "siblings": [*map(self._describe, self._list_files())]})

    async def _answer_file(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        name = request.match_info["file"]
        content = (self.folder / name).read_bytes()
        return web.Response(body=content[::-1] if name in self.spoiled else content)

    def _list_files(self) -> list[Path]:
        return [each for each in self.folder.rglob("*") if each.is_file()]

    def _describe(self, file: Path) -> dict[str, object]:
        content = file.read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        told = {"rfilename": str(file.relative_to(self.folder)), "size": len(content), "blobId": blob}
        large = {"lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}}
        return told | (large if file.suffix == LARGE else {})
