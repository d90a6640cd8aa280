"""A simulated Discord for `bench.paced`, in its own process, that prints when each message was made.

`python -m bench.timed NOW GUILDS HANGING SECONDS` prints its address and its channels, then a line with the channel
and the time for each message. The channels of the last `HANGING` servers do not answer until it reads a line from
standard input; the others take `SECONDS` for each answer.
"""

import asyncio
import json
import sys
import time
from datetime import datetime
from functools import partial
from typing import Any

from tests.support.wire import Channel, Posted, Thread, Wire


class TimedWire(Wire):
    """A Discord that prints when a message is made."""

    read_clock = staticmethod(time.monotonic)

    def _create(self, place: Channel | Thread, body: dict[str, Any]) -> Posted:
        before = len(place.messages)
        message = super()._create(place, body)
        if len(place.messages) > before:  # otherwise the nonce was known
            print(place.id, self.read_clock(), flush=True)
        return message


async def _serve(now: datetime, guilds: int, hanging: int, seconds: float) -> None:
    wire, free = TimedWire(lambda: now), asyncio.Event()
    servers = [wire.add_guild() for _ in range(guilds)]
    for number, guild in enumerate(servers):
        guild.papers.before = free.wait if number >= guilds - hanging else partial(asyncio.sleep, seconds)
    async with wire.serve():
        channels = [(guild.id, guild.papers.id) for guild in servers]
        known = {"api_url": wire.api_url, "gateway_url": wire.gateway.url, "channels": channels}
        print(json.dumps(known), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            free.set()


if __name__ == "__main__":
    asyncio.run(_serve(datetime.fromisoformat(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
