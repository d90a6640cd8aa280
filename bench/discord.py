"""A simulated Discord for `bench.wire`, in its own process, so that its cost does not count as the bot's.

`python -m bench.discord GUILDS NOW` prints its address and its channels. After a line
`{"texts": […], "every": seconds}` on standard input, simulated people search for these texts and turn pages: one
interaction every `every` seconds, whether the last one was answered or not. The next line ends that, and prints the
milliseconds to each answer and the number of messages that arrived in that time.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Iterator
from datetime import datetime
from itertools import cycle
from typing import Any

from bench.figures import Stopwatch
from tests.support.wire import Channel, Wire

SEARCHED, TURNED = "a search", "a page turned"
LONGEST_SECONDS = 60  # to wait for the last answers
Answer = dict[str, Any]


class People:
    """Simulated people who search in each of `wire`'s servers in turn, and turn the page of the results."""

    def __init__(self, wire: Wire, texts: list[str], every: float) -> None:
        self.taken: dict[str, list[float]] = {SEARCHED: [], TURNED: []}
        self._wire = wire
        self._asking = zip(cycle(texts), cycle([guild.general for guild in wire.guilds.values()]), strict=False)
        self._every = every

    async def act(self, ended: asyncio.Event) -> None:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as acting:
            while not ended.is_set():
                acting.create_task(self._search(*next(self._asking)))
                await asyncio.sleep(2 * self._every)
            limit.reschedule(asyncio.get_running_loop().time() + LONGEST_SECONDS)

    async def _search(self, text: str, channel: Channel) -> None:
        found = await self._timed(SEARCHED, self._wire.command(channel, "paper search", query=text))
        for button in _buttons(found["data"]):
            if button["label"] == "Next" and not button.get("disabled"):
                await asyncio.sleep(self._every)
                await self._timed(TURNED, self._wire.press(channel, found, button["custom_id"]))

    async def _timed(self, what: str, answer: Awaitable[Answer]) -> Answer:
        with Stopwatch() as watch:
            body = await answer
        self.taken[what].append(watch.ms)
        return body


def _buttons(component: Answer) -> Iterator[Answer]:
    if component.get("label"):
        yield component
    for child in component.get("components", ()):
        yield from _buttons(child)


async def _serve(guilds: int, now: datetime) -> None:
    wire = Wire(lambda: now)
    channels = [(guild.id, guild.papers.id) for guild in (wire.add_guild() for _ in range(guilds))]
    async with wire.serve():
        _say({"api_url": wire.api_url, "gateway_url": wire.gateway.url, "channels": channels})
        while line := await _line():
            people, ended, before = People(wire, **json.loads(line)), asyncio.Event(), len(wire.bodies)
            acting = asyncio.create_task(people.act(ended))
            await _line()
            ended.set()
            await acting
            _say({"taken": people.taken, "messages": len(wire.bodies) - before})


async def _line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


def _say(known: object) -> None:
    print(json.dumps(known), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))
