"""The port itself: who may connect, and for how long.

Whoever connects must never cost the bot more than a moment. aiohttp limits neither how many connect nor how long a
request takes to arrive, so that is done here.
"""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
MAX_SECONDS = 15.0  # from connecting until all is answered
MAX_LINE = 4096  # bytes, of the first line and of each header
_TOLD_SHORTLY = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}  # asyncio's own text repeats the address


class PortUnusable(Exception):
    """The port cannot be opened; `detail` is the system's error."""

    def __init__(self, host: str, port: int, detail: str) -> None:
        super().__init__(f"{host}:{port}: {detail}")
        self.host = host
        self.port = port
        self.detail = detail


@asynccontextmanager
async def open_port(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` on a port of this machine, and give its number: with 0, any that is free. Raises `PortUnusable`."""
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, max_line_size=MAX_LINE, max_field_size=MAX_LINE, keepalive_timeout=1
    )
    await runner.setup()
    try:
        assert runner.server
        guests = _Guests(runner.server)
        try:
            listener = await asyncio.get_running_loop().create_server(guests.welcome, host, port, backlog=64)
        except (OSError, UnicodeError, OverflowError) as error:  # the second for a host that is no name
            raise PortUnusable(host, port, _describe_error(error)) from error
        number: int = listener.sockets[0].getsockname()[1]
        log.info("health and metrics are on port %d of %s", number, host)
        try:
            yield number
        finally:
            listener.close()
            guests.leave()
    finally:
        await runner.cleanup()


def _describe_error(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in _TOLD_SHORTLY:
        return os.strerror(error.errno)
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return str(error)


class _Guests:
    """Who is connected. If there are too many, the one who came first has to leave: most answers take milliseconds."""

    def __init__(self, server: web.Server) -> None:
        self._server = server
        self._connected: dict[_Guest, None] = {}  # in the order in which they came

    def welcome(self) -> "_Guest":
        return _Guest(self, self._server())

    def add(self, guest: "_Guest") -> None:
        self._connected[guest] = None
        if len(self._connected) > MAX_CONNECTIONS:
            next(iter(self._connected)).leave()

    def remove(self, guest: "_Guest") -> None:
        self._connected.pop(guest, None)

    def leave(self) -> None:
        for guest in list(self._connected):
            guest.leave()


class _Guest(asyncio.Protocol):
    """A connection: aiohttp's own protocol, which is told everything, with a limit on its time."""

    def __init__(self, guests: _Guests, protocol: asyncio.Protocol) -> None:
        self._guests = guests
        self._protocol = protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._limit = asyncio.get_running_loop().call_later(MAX_SECONDS, self.leave)
        self._protocol.connection_made(transport)
        self._guests.add(self)

    def leave(self) -> None:
        self._guests.remove(self)
        self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._limit.cancel()
        self._guests.remove(self)
        self._protocol.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
