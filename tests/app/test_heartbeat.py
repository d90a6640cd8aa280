"""The heartbeat: whoever waits for it hears from the bot after each good tick, and nobody learns its address."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from bot import heartbeat
from bot.heartbeat import Heartbeat
from bot.vitals import Vitals
from tests.support.bot_process import DUE, World
from tests.support.ports import answering

SECRET = "1b2c3d4e-secret"


class Monitor:
    """A monitoring service; each request is answered with the next of `statuses`, or 200."""

    def __init__(self) -> None:
        self.beats: asyncio.Queue[str] = asyncio.Queue()
        self.statuses: list[int] = []
        self.is_silent = False

    async def hear(self, request: web.Request) -> web.Response:
        self.beats.put_nowait(request.path)
        if self.is_silent:
            await asyncio.Event().wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        async with answering(self.hear, "/{key}") as port:
            yield f"http://127.0.0.1:{port}/{SECRET}"


@asynccontextmanager
async def beating(vitals: Vitals, url: str, proxy: str | None = None) -> AsyncIterator[asyncio.Queue[bool]]:
    """A heartbeat that runs, with what is reported after each request."""
    reports: asyncio.Queue[bool] = asyncio.Queue()
    running = asyncio.create_task(
        Heartbeat(url, reports.put_nowait, proxy=proxy).beat_forever(vitals.wait_for_good_tick)
    )
    await asyncio.sleep(0)
    try:
        yield reports
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def beat(vitals: Vitals, reports: "asyncio.Queue[bool]") -> bool:
    vitals.end_tick(is_good=True)
    return await reports.get()


async def test_a_running_bot_beats_after_its_ticks_and_its_log_never_names_the_address(world: World) -> None:
    monitor = Monitor()
    monitor.statuses = [500]
    async with (
        monitor.serve() as url,
        world.child(DUE, PAPERBOY_HEARTBEAT_URL=url, PAPERBOY_LOG_LEVEL="DEBUG") as child,
    ):
        for _ in range(3):
            assert await monitor.beats.get() == f"/{SECRET}"
        monitor.is_silent = True
        await monitor.beats.get()
        for _ in range(5):
            await child.tick()  # which wait for no monitor
        said = await child.stop()
    assert "the heartbeat does not arrive (HTTP status 500)" in said
    assert "the heartbeat arrives again" in said
    assert SECRET not in said


async def test_no_beat_comes_after_a_tick_that_was_not_good() -> None:
    monitor, vitals = Monitor(), Vitals()
    async with monitor.serve() as url, beating(vitals, url) as reports:
        vitals.end_tick(is_good=False)
        await beat(vitals, reports)
        assert monitor.beats.qsize() == 1


@pytest.mark.parametrize("trouble", ["an error", "silence"])
async def test_a_heartbeat_that_fails_is_logged_once_when_that_begins_and_once_when_it_ends(
    trouble: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monitor, vitals = Monitor(), Vitals()
    monitor.statuses, monitor.is_silent = [404] * 3, trouble == "silence"
    monkeypatch.setattr(heartbeat, "TIMEOUT", 0.3 if monitor.is_silent else 60)
    async with monitor.serve() as url, beating(vitals, url) as reports:
        assert [await beat(vitals, reports) for _ in range(3)] == [True] * 3
        monitor.is_silent, monitor.statuses = False, []
        while await beat(vitals, reports):
            pass  # on a busy machine, an answer may take longer than the limit
    assert caplog.messages[0].startswith("the heartbeat does not arrive (")
    assert caplog.messages[1] == "the heartbeat arrives again"
    assert SECRET not in caplog.text


async def test_an_address_that_nobody_answers_at_is_not_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    vitals = Vitals()
    async with beating(vitals, f"http://127.0.0.1:9/{SECRET}") as reports:
        assert await beat(vitals, reports)
    (line,) = caplog.messages
    assert line.startswith("the heartbeat does not arrive (ClientConnector")
    assert SECRET not in caplog.text


async def test_a_heartbeat_goes_through_the_proxy_that_everything_goes_through() -> None:
    monitor, vitals = Monitor(), Vitals()
    async with (
        monitor.serve() as url,
        beating(vitals, "http://127.0.0.1:9/elsewhere", url.removesuffix(SECRET)) as reports,
    ):
        assert await beat(vitals, reports) is False
        assert await monitor.beats.get() == "/elsewhere"
