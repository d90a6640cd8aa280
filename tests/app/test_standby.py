"""Processes on one PostgreSQL, as they are started: one waits for the shards of another, and takes them over."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from bot.database_address import PostgresAddress
from tests.support.bot_process import DUE, QUICKLY, Child, World
from tests.support.ports import find_free_port

USAGE = 2  # exit codes, like the next
TEMPORARY = 1
CUT = b"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 1346437122"


@asynccontextmanager
async def start(
    world: World, address: PostgresAddress, shards: str, port: int | None = None, **settings: str
) -> AsyncIterator[Child]:
    settings |= {"PAPERBOY_DATABASE": address.url, "PAPERBOY_SHARDS": shards}
    settings["PAPERBOY_INDEX"] = str(world.database.with_name(f"index-{port}"))
    if port:
        settings["PAPERBOY_HTTP_PORT"] = str(port)
    async with world.child(DUE, program="bot", **settings) as child:
        yield child


def ask(port: int, page: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=QUICKLY)
    connection.request("GET", page)
    response = connection.getresponse()
    return response.status, json.load(response)


async def wait_for_problem(port: int, kind: str) -> str:
    """Wait until `/readyz` tells of it; gives its text."""
    while True:
        try:
            _, known = await asyncio.to_thread(ask, port, "/readyz")
        except OSError:
            known = {"problems": []}
        for problem in known["problems"]:
            if problem["kind"] == kind:
                return str(problem["text"])
        await asyncio.sleep(0.1)


async def test_beside_a_running_process_one_waits_as_a_standby_and_one_with_another_number_of_shards_is_refused(
    world: World, postgres_address: PostgresAddress
) -> None:
    port = find_free_port()
    async with start(world, postgres_address, "0-1/2"):
        assert await world.wire.gateway.arrivals.get() == "identify"
        async with start(world, postgres_address, "1,0/2", port) as standby:
            assert "another process has shard 0" in await wait_for_problem(port, "standby")
            status, _ = await asyncio.to_thread(ask, port, "/healthz")
            assert status == 200
            assert "shard 0 is held by another process: waiting as a standby" in await standby.stop()
        async with start(world, postgres_address, "1/4", find_free_port()) as other:
            code, said = await other.end()
    assert code == USAGE
    assert "have 2 shards together" in said
    assert "PAPERBOY_SHARDS" in said


async def test_a_process_whose_shards_another_one_has_taken_stops_so_that_it_can_be_started_again(
    world: World, postgres_address: PostgresAddress
) -> None:
    port = find_free_port()
    async with start(world, postgres_address, "0/1") as first:
        assert await world.wire.gateway.arrivals.get() == "identify"
        async with start(world, postgres_address, "0/1", port):
            await wait_for_problem(port, "standby")
            with psycopg.connect(postgres_address.url, autocommit=True) as connection:
                connection.execute(CUT)
            async with asyncio.timeout(2 * QUICKLY):
                code, said = await first.end()
            assert await world.wire.gateway.arrivals.get() == "identify"
    assert code == TEMPORARY
    assert "Another process has taken this one's shards" in said
    assert "Traceback" not in said
