"""A simulated Discord that shards, and the papers API, for `bench.shards`, in a process of their own.

`python -m bench.shards_discord SERVERS SHARDS SPACING DIGESTS` prints their addresses, and the first servers' channels
for digests. Then it prints a line with the channel and the time for each message. After a line on standard input, it
prints what it had to refuse.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from aiohttp import web

from bench.hosting_discord import ROLES, LivelyPapers, OrdinaryGuild, list_latest_days
from bench.timed import TimedWire
from bot.clock import system_clock
from bot.identifying import SPACING
from tests.support.gateway import Gateway
from tests.support.wire import Channel, Thread
from tests.support.wire_rates import Rates

ANSWER_SECONDS = 0.1  # until a message is made
IDENTIFY_SECONDS = 5  # Discord's
SHIFT = 22  # of the bits of a server's id that choose its shard
FIRST = int(datetime(2021, 3, 4, tzinfo=UTC).timestamp() * 1000)  # without its lower bits, as the ids of that day are


class ForgetfulGateway(Gateway):
    """It remembers no events, which would be more than a gigabyte."""

    async def _identified(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        await super()._identified(socket, said)
        for session in self._sessions.values():
            session.events.clear()


class LargeWire(TimedWire):
    """A Discord that finds a channel of many at once, and prints when a message is made."""

    read_clock = staticmethod(time.time)

    def __init__(self) -> None:
        super().__init__(system_clock)
        self.gateway = ForgetfulGateway(self.guilds)
        self.rates = self.limits = Rates()
        self.slowness = ANSWER_SECONDS
        self._channels: dict[int, Channel] = {}

    def add_guilds(self, count: int) -> Iterator[tuple[int, int]]:
        """So many servers, each shard's turn; gives each with its channel for digests."""
        for number in range(FIRST, FIRST + count):
            known = self.add_guild(number=number << SHIFT)
            roles = [known.id + each for each in range(10, 10 + ROLES)]
            self.guilds[known.id] = OrdinaryGuild(known.id, known.general, known.papers, role_ids=roles)
            self._channels |= {each.id: each for each in known.channels}
            yield known.id, known.papers.id

    def _place(self, request: web.Request) -> Channel | Thread:
        return self._channels.get(int(request.match_info["id"])) or super()._place(request)


async def _serve(servers: int, shards: int, spacing: float, digests: int) -> None:
    wire = LargeWire()
    channels = list(wire.add_guilds(servers))
    wire.gateway.shards, wire.gateway.identify_seconds = shards, spacing * IDENTIFY_SECONDS / SPACING
    async with wire.serve(), LivelyPapers(list_latest_days(system_clock())).serve() as papers_url:
        known = {"api_url": wire.api_url, "gateway_url": wire.gateway.url, "papers_url": papers_url}
        print(json.dumps(known | {"channels": list(islice(channels, digests))}), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            refused = wire.limits.beyond_global + wire.limits.beyond_channel
            print(json.dumps({"refused": refused, "too_fast": wire.gateway.too_fast}), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
