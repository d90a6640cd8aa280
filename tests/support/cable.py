"""The cable to a PostgreSQL, which can be cut, blocked and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from bot.database_address import PostgresAddress

DEFAULT_PORT = 5432


class Cable:
    """A way to a database through a port of this machine."""

    def __init__(self, url: str) -> None:
        self._known = {name: str(value) for name, value in conninfo_to_dict(url).items() if value}
        self._port = 0
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def address(self) -> PostgresAddress:
        user, password = (quote(self._known.get(name, ""), safe="") for name in ("user", "password"))
        return PostgresAddress(
            f"postgresql://{user}:{password}@127.0.0.1:{self._port}/{self._known['dbname']}?sslmode=disable"
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            far_reader, far_writer = await self._connect()
            try:
                await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))
            finally:
                far_writer.close()
        except asyncio.CancelledError:
            pass  # it was cut
        finally:
            writer.close()
            self._running.discard(task)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._known.get("host", "127.0.0.1"), int(self._known.get("port", DEFAULT_PORT))
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(2**16):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def block(self) -> None:
        """Let nothing through, while all connections seem to stand, as if the database's disk had stopped."""
        self._flowing.clear()

    def unblock(self) -> None:
        self._flowing.set()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End all connections, and take no new ones."""
        if self._server:
            self._server.close()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["Cable"]:
        await self.mend()
        try:
            yield self
        finally:
            await self.cut()
