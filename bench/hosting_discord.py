"""A simulated Discord and papers API for `bench.hosting`, in their own process, so that they don't count as the bot's.

`python -m bench.hosting_discord SERVERS NOW` prints their addresses, and the servers' channels for digests. Each server
has as many channels and roles as an ordinary one, because the bot remembers them. Upvotes grow with each reading of a
list, so that reading it again is as much work as it is in real life. After a line of texts on standard input, somebody
searches for each of them, one after the other; then it prints a line.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from aiohttp import web

from bench import corpus
from bot.demo.papers_server import PapersServer
from tests.support.wire import Channel, Guild, Wire

CHANNELS, ROLES = 40, 25  # of each server
DAYS = 16
OTHERS = [Channel(number, 0, f"channel-{number}").payload() for number in range(1, CHANNELS - 1)]


class OrdinaryGuild(Guild):
    """A server with other channels than those that the bot is asked to post in."""

    def payload(self) -> dict[str, Any]:
        known = super().payload()
        return known | {"channels": [*known["channels"], *OTHERS]}


class LivelyPapers(PapersServer):
    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        for entry in self.lists.get(date.fromisoformat(request.query["date"]), []):
            entry["paper"]["upvotes"] += 1
        return await super().answer_list(request)


def list_latest_days(now: datetime) -> Mapping[date, list[Any]]:
    """The last lists of the corpus, as if they were those of the days until `now`."""
    _, lists = corpus.lists()
    latest = [entries for _, entries in sorted(lists.items()) if entries][-DAYS:]
    return {day: _list_on(day, entries) for day, entries in _date_lists(latest, now.date())}


def _date_lists(latest: list[list[Any]], today: date) -> Iterator[tuple[date, list[Any]]]:
    for back, entries in enumerate(reversed(latest)):
        yield today - timedelta(days=back), entries


def _list_on(day: date, entries: list[Any]) -> list[Any]:
    submitted = {"submittedOnDailyAt": f"{day}T06:00:00.000Z"}
    return [entry | {"paper": entry["paper"] | submitted} for entry in entries]


def _add_guilds(wire: Wire, count: int) -> Iterator[tuple[int, int]]:
    for _ in range(count):
        known = wire.add_guild()
        roles = [known.id + number for number in range(10, 10 + ROLES)]
        wire.guilds[known.id] = OrdinaryGuild(known.id, known.general, known.papers, role_ids=roles)
        yield known.id, known.papers.id


async def _serve(guilds: int, now: datetime) -> None:
    wire = Wire(lambda: now)
    channels = list(_add_guilds(wire, guilds))
    async with wire.serve(), LivelyPapers(list_latest_days(now)).serve() as papers_url:
        known = {"api_url": wire.api_url, "gateway_url": wire.gateway.url, "papers_url": papers_url}
        print(json.dumps(known | {"channels": channels}), flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            general = next(iter(wire.guilds.values())).general
            for text in json.loads(line):
                await wire.command(general, "paper search", query=text)
            print("searched", flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))
