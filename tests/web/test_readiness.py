"""`/readyz` says whether digests are being sent, and `/healthz` whether the process runs; each says why not."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.app import Services
from bot.readiness import StandingBy, ask_whether_ready
from bot.web import observer
from tests.support.builders import get_file
from tests.support.delivery_rig import DeliveryRig, readers_held
from tests.support.pages import Asked, serving

Watched = tuple[DeliveryRig, Asked]


async def test_a_bot_that_is_connected_is_ready(watched: Watched) -> None:
    _, asked = watched
    assert await asked.ask_kinds() == (200, [])
    assert await asked.ask_kinds("/healthz") == (200, [])


async def test_while_it_starts_it_is_alive_but_not_ready() -> None:
    async with serving() as asked:
        assert await asked.ask_kinds() == (503, ["starting"])
        assert await asked.ask_kinds("/healthz") == (200, [])
        assert (await asked.read_metrics())["paperboy_ready"] == 0


async def test_a_standby_is_alive_but_not_ready_until_it_has_its_shards() -> None:
    async with serving() as asked:
        asked.pages.show_standby(3)
        assert await asked.ask_kinds() == (503, ["standby"])
        assert "another process has shard 3" in (await asked.ask("/readyz"))[1]
        assert await asked.ask_kinds("/healthz") == (200, [])
        with pytest.raises(StandingBy):  # so `paperboy health` ends with 0
            await asyncio.to_thread(ask_whether_ready, "127.0.0.1", asked.port, 10)
        asked.pages.show_standby(None)
        assert await asked.ask_kinds() == (503, ["starting"])


async def test_a_bot_whose_gateway_is_cut_is_not_ready_until_it_is_back(watched: Watched) -> None:
    rig, asked = watched
    rig.wire.gateway.open = False
    lost = asyncio.create_task(rig.bot.wait_for("shard_disconnect"))
    await rig.wire.gateway.drop(forget=True)
    await lost
    assert await asked.ask_kinds() == (503, ["gateway_closed"])
    assert "0 of 1 connections to Discord's gateway" in (await asked.ask("/readyz"))[1]
    rig.wire.gateway.open = True
    await rig.bot.wait_for("shard_connect")
    assert await asked.ask_kinds() == (200, [])


async def test_a_resumed_gateway_is_connected(watched: Watched) -> None:
    rig, asked = watched
    resumed = asyncio.create_task(rig.bot.wait_for("shard_resumed"))
    await rig.wire.gateway.drop()
    await resumed
    assert await asked.ask_kinds() == (200, [])


async def test_a_database_that_answers_no_read_is_told_and_metrics_still_come(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, asked = watched
    monkeypatch.setattr(observer, "READ_LIMIT", 0.1)
    async with readers_held(rig):
        assert await asked.ask_kinds() == (503, ["database_silent"])
        known = await asked.read_metrics()
        assert known["paperboy_ready"] == 0
        assert "paperboy_shards_connected" in known
        assert "paperboy_runs_due" not in known
    monkeypatch.undo()
    assert await asked.ask_kinds() == (200, [])


async def test_a_write_that_another_program_holds_up_is_told(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, asked = watched
    monkeypatch.setattr(observer, "WRITE_LIMIT", 0)
    database = rig.storage.database
    with closing(sqlite3.connect(get_file(rig.storage), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(database.execute("DELETE FROM captures WHERE day = ''"))
        while not database.write_seconds:  # noqa: ASYNC110  # it has no event
            await asyncio.sleep(0.01)
        assert await asked.ask_kinds() == (503, ["database_locked"])
        other.execute("ROLLBACK")
        await writing
    assert await asked.ask_kinds() == (200, [])


async def test_a_full_disk_is_told(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, asked = watched
    monkeypatch.setattr("bot.storage.sqlite.ENOUGH_SPACE", 2**99)
    rig.storage.database._is_full = True
    assert await asked.ask_kinds() == (503, ["disk_full"])


async def test_a_bot_whose_ticks_do_not_end_well_is_not_ready(watched: Watched, services: Services) -> None:
    _, asked = watched
    later, vitals = [0.0], services.vitals
    vitals._steady = lambda: vitals.started_at + later[0]
    vitals.end_tick(is_good=True)
    later[0] = observer.TICK_LIMIT - 1
    vitals.end_tick(is_good=False)
    assert await asked.ask_kinds() == (200, [])
    later[0] = observer.TICK_LIMIT + 1
    assert await asked.ask_kinds() == (503, ["no_good_tick"])
    assert "No tick has ended well for 181 s" in (await asked.ask("/readyz"))[1]
    vitals.end_tick(is_good=True)
    assert await asked.ask_kinds() == (200, [])


async def test_a_late_loop_is_told(watched: Watched, services: Services) -> None:
    _, asked = watched
    services.vitals._lags.append(observer.LAG_LIMIT + 1)
    assert await asked.ask_kinds() == (503, ["loop_late"])
    assert await asked.ask_kinds("/healthz") == (503, ["loop_late"])
    services.vitals._lags.append(0)
    assert await asked.ask_kinds("/healthz") == (200, [])
    assert (await asked.read_metrics())["paperboy_loop_lag_seconds"] == observer.LAG_LIMIT + 1


async def test_a_bot_that_is_being_stopped_says_so(watched: Watched) -> None:
    rig, asked = watched
    rig.bot.services.vitals.begin_stop()
    assert await asked.ask_kinds() == (503, ["stopping"])
    await rig.bot.close()
    assert await asked.ask_kinds() == (503, ["stopping"])
    assert (await asked.read_metrics())["paperboy_ready"] == 0


async def test_whoever_asks_at_the_same_time_is_answered_by_one_look_at_the_database(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, asked = watched
    looks: list[object] = []
    read = type(rig.storage.backlog).read

    async def read_and_note(*args: object) -> object:
        looks.append(args)
        return await read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(type(rig.storage.backlog), "read", read_and_note)
    async with readers_held(rig):
        asking = [asyncio.create_task(asked.ask(path)) for path in ("/metrics", "/readyz") * 10]
        while not looks:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    answers = await asyncio.gather(*asking)
    assert {status for status, _ in answers} == {200}
    assert len(looks) <= 3  # those who came after the first was over were answered by the next


async def test_a_digest_that_is_due_while_the_pages_wait_for_the_database_comes(watched: Watched) -> None:
    rig, asked = watched
    async with readers_held(rig):
        asking = [asyncio.create_task(asked.ask("/metrics")) for _ in range(20)]
        ticking = asyncio.create_task(rig.tick())
        await asyncio.sleep(0.05)
    await ticking
    await rig.assert_arrived_once()
    assert {status for status, _ in await asyncio.gather(*asking)} == {200}
