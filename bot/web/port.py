"""The port itself: who may connect, and for how long.

Whoever connects must never cost the bot more than a moment. aiohttp limits neither how many connect nor how long a
request takes to arrive, so that is done here. Connections are accepted here too, instead of by asyncio: of a thousand a
second that are turned away, each then costs a tenth of a request (decision 50).
"""

import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 256  # more than come in two turns of the loop, so that none leaves before it is read
MAX_TOGETHER = 64  # connections that are taken in one turn of the loop
_BEGIN = 64  # bytes that tell what is asked for
MAX_SECONDS = 15.0  # from connecting until all is answered
MAX_LINE = 4096  # bytes, of the first line and of each header
_TOLD_SHORTLY = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}  # asyncio's own text repeats the address

TurnAway = Callable[[bytes, str], bytes | None]


class PortUnusable(Exception):
    """The port cannot be opened; `detail` is the system's error."""

    def __init__(self, host: str, port: int, detail: str) -> None:
        super().__init__(f"{host}:{port}: {detail}")
        self.host = host
        self.port = port
        self.detail = detail


@asynccontextmanager
async def open_port(
    app: web.Application, host: str, port: int, turn_away: TurnAway = lambda *_: None
) -> AsyncIterator[int]:
    """Serve `app` on a port of this machine, and give its number: with 0, any that is free.

    `turn_away` is asked first, with the bytes that a connection begins with and the address that it comes from. What it
    answers is sent, and the request is not even read. Raises `PortUnusable`.
    """
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, max_line_size=MAX_LINE, max_field_size=MAX_LINE, keepalive_timeout=1
    )
    await runner.setup()
    try:
        assert runner.server
        guests = _Guests(runner.server)
        doors = await _open_doors(guests, host, port, turn_away)
        number = doors[0].number
        log.info("health, metrics and feeds are on port %d of %s", number, host)
        try:
            yield number
        finally:
            for door in doors:
                door.close()
            guests.leave()
    finally:
        await runner.cleanup()


async def _open_doors(guests: "_Guests", host: str, port: int, turn_away: TurnAway) -> "list[_Door]":
    """A door at each address of `host`, which asyncio looks up and binds. Raises `PortUnusable`."""
    loop = asyncio.get_running_loop()
    doors: list[_Door] = []
    try:
        bound = await loop.create_server(guests.welcome, host, port, start_serving=False)
        try:
            for each in bound.sockets:
                door = _Door(each.dup(), guests, turn_away)
                doors.append(door)  # those before one that fails are closed below
        finally:
            bound.close()
    except (OSError, UnicodeError, OverflowError) as error:  # the second for a host that is no name
        for door in doors:
            door.close()
        raise PortUnusable(host, port, _describe_error(error)) from error
    return doors


def _describe_error(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in _TOLD_SHORTLY:
        return os.strerror(error.errno)
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return str(error)


class _Door:
    """Takes connections. Those that are turned away cost a few calls of the system, and asyncio never sees them."""

    def __init__(self, listening: socket.socket, guests: "_Guests", turn_away: TurnAway) -> None:
        self._socket = listening
        self._guests = guests
        self._answer_at_once = turn_away
        self._loop = asyncio.get_running_loop()
        self._coming: set[asyncio.Task[object]] = set()
        self.number: int = listening.getsockname()[1]
        listening.setblocking(False)
        if sys.platform == "linux":  # then most have sent something when they are taken
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        try:
            listening.listen(MAX_TOGETHER)
        except OSError:
            listening.close()
            raise
        self._watch()

    def _watch(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._take_all)

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _take_all(self) -> None:
        for _ in range(MAX_TOGETHER):  # then others have a turn
            try:
                connection, address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            except OSError:  # no more open files
                self._loop.remove_reader(self._socket)
                self._loop.call_later(1, self._watch)
                return
            connection.setblocking(False)
            if not self._turn_away(connection, str(address[0])):
                task = self._loop.create_task(self._let_in(connection))
                self._coming.add(task)
                task.add_done_callback(self._coming.discard)

    def _turn_away(self, connection: socket.socket, address: str) -> bool:
        """Whether it was; one that has sent nothing yet is let in."""
        try:
            answer = self._answer_at_once(connection.recv(_BEGIN, socket.MSG_PEEK), address)
            if answer is None:
                return False
            connection.recv(2 * MAX_LINE)  # else the answer would be lost
            connection.send(answer)
        except BlockingIOError:
            return False
        except OSError:
            pass  # it has gone
        connection.close()
        return True

    async def _let_in(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._guests.welcome, connection)
        except OSError:
            connection.close()


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
