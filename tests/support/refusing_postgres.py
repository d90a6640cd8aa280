"""A server on loopback that speaks PostgreSQL's protocol just far enough to let nobody in."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_SSL_REQUEST = struct.pack("!i", 80877103)


class RefusingServer:
    """Ends each connection with an error of `code` and `words`, which may be in any language."""

    def __init__(self, code: str, words: str = "nein") -> None:
        self.code, self.words = code, words
        self.port = 0
        self.asked = asyncio.Event()

    def get_url(self, password: str = "hush", options: str = "") -> str:
        return f"postgresql://ada:{password}@127.0.0.1:{self.port}/papers{options}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!i", await reader.readexactly(4))
                if await reader.readexactly(length - 4) != _SSL_REQUEST:
                    break
                writer.write(b"N")
            fields = ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", self.code), (b"M", self.words))
            body = b"".join(name + text.encode() + b"\0" for name, text in fields) + b"\0"
            writer.write(b"E" + struct.pack("!i", 4 + len(body)) + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # whoever asked has gone
        finally:
            self.asked.set()
            writer.close()

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator["RefusingServer"]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
