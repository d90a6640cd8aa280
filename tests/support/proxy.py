"""A forward proxy on loopback, as a company has one, which remembers what went through it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from urllib.parse import urlsplit


class ForwardProxy:
    """Lets through whoever gives `name:password`."""

    def __init__(self) -> None:
        self.visited: set[str] = set()  # hosts with their ports
        self.turned_away = 0

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """The proxy's address, with what it asks for."""
        server = await asyncio.start_server(self._serve_one, "127.0.0.1", 0)
        async with server:
            yield f"http://name:password@127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, _, rest = head.partition("\r\n")
            method, target, version = line.split()
            if base64.b64encode(b"name:password").decode() not in rest.partition("Proxy-Authorization: Basic ")[2]:
                self.turned_away += 1
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            url = urlsplit(target)
            self.visited.add(url.netloc)
            host_reader, host_writer = await asyncio.open_connection(url.hostname, url.port)
            path = url._replace(scheme="", netloc="").geturl()
            host_writer.write(f"{method} {path} {version}\r\n{rest}".encode())
            await asyncio.gather(_relay(reader, host_writer), _relay(host_reader, writer))


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer):
        while data := await reader.read(2**16):
            writer.write(data)
