"""A way to a PostgreSQL that can be cut, or that nothing comes through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

_PORT = 5432


class DatabaseProxy:
    """Relays every connection to the server of `url`, on a port of the loopback interface; `proxied_url` says which."""

    def __init__(self, url: str) -> None:
        self.proxied_url = ""
        self._url = url
        self._is_open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._relays: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """The URL by which the database is reached through the proxy."""
        server = await asyncio.start_server(self._serve_one, "127.0.0.1", 0)
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        parts = urlsplit(self._url)
        user = parts.netloc.rpartition("@")[0]
        self.proxied_url = urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else host, query=""))
        try:
            yield self.proxied_url
        finally:
            self.cut()
            server.close()
            await asyncio.gather(*self._relays, return_exceptions=True)

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        self._is_open = False
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._is_open = True

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._is_open:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task
        self._relays.add(task)
        task.add_done_callback(self._relays.discard)
        with suppress(OSError):
            server_reader, server_writer = await self._connect()
            await asyncio.gather(self._relay(reader, server_writer), self._relay(server_reader, writer))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._url)
        folder = parse_qs(parts.query).get("host", [""])[0]
        port = parts.port or _PORT
        if folder or not parts.hostname:
            return await asyncio.open_unix_connection(Path(unquote(folder)) / f".s.PGSQL.{port}")
        return await asyncio.open_connection(parts.hostname, port)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while self._is_open and (data := await reader.read(2**16)):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
