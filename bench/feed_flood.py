"""Asks a port for feeds, so many times a second, in a process of its own.

`python -m bench.feed_flood PORT RATE` begins when it reads a line from standard input and ends with the next. Then it
prints how many answers there were, by status. `python -m bench.feed_flood` alone is another program with a port, which
it prints, and answers everything with nothing.
"""

import asyncio
import json
import sys
import time
from collections import Counter

from bench.feeds import LOCAL

_DIFFERENT = 2  # of so many requests, one is for a query that nobody has asked for


async def _flood(port: int, rate: float) -> Counter[str]:
    statuses: Counter[str] = Counter()
    asking: set[asyncio.Task[None]] = set()

    async def ask(number: int) -> None:
        path = f"search.atom?q=word{number}" if number % _DIFFERENT else "daily.atom"
        try:
            reader, writer = await asyncio.open_connection(LOCAL, port)
            writer.write(f"GET /feeds/{path} HTTP/1.1\r\nHost: {LOCAL}\r\n\r\n".encode())
            answer = await reader.read(64)
            writer.close()
            statuses[answer[9:12].decode()] += 1
        except OSError:
            statuses["closed"] += 1

    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    began, number = time.monotonic(), 0
    while not ended.done():
        while number < (time.monotonic() - began) * rate:
            task = asyncio.create_task(ask(number))
            asking.add(task)
            task.add_done_callback(asking.discard)
            number += 1
        await asyncio.sleep(0.002)
    await asyncio.wait({*asking, asyncio.create_task(asyncio.sleep(0))})
    return statuses


async def _answer_nothing() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(256)
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, LOCAL, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.readline)


def main() -> None:
    if not sys.argv[1:]:
        asyncio.run(_answer_nothing())
        return
    port, rate = int(sys.argv[1]), float(sys.argv[2])
    while sys.stdin.readline():
        print(json.dumps(asyncio.run(_flood(port, rate))), flush=True)


if __name__ == "__main__":
    main()
