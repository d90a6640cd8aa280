"""A bot that hangs ends itself and says where; one that only had to wait goes on."""

import asyncio
import shutil
import signal
import subprocess
import sys
from contextlib import AbstractAsyncContextManager

import pytest

from tests.support.bot_process import DUE, Child, World
from tests.support.freezing import FROZEN
from tests.support.paths import ROOT

LIMIT = 3


def hanging(world: World, freeze: str = "") -> AbstractAsyncContextManager[Child]:
    return world.child(
        DUE, program="tests.support.freezing", PAPERBOY_TEST_FREEZE=freeze, PAPERBOY_TEST_LIMIT=str(LIMIT)
    )


@pytest.mark.parametrize(
    ("freeze", "problem", "place"),
    [
        ("loop", "the event loop has been stuck for 3 seconds", "in _hang_loop"),
        ("tick", "no tick has ended for 3 seconds", "in _wait_for_nothing"),
    ],
)
async def test_a_hang_ends_the_bot_and_the_log_says_where_everything_stood(
    world: World, freeze: str, problem: str, place: str
) -> None:
    async with hanging(world, freeze) as child:
        code, said = await child.end()
    assert code == 1
    assert f"{problem}: Paperboy ends itself, so that it can be started again" in said
    assert place in said
    assert "Thread MainThread:" in said
    assert "1 task:" in said


STUCK_IN_C = """
import asyncio, os, re
from bot import watchdog
from bot.vitals import Vitals

watchdog.STEP, watchdog.LOOP_LIMIT, watchdog.MAX_CORES = 0.1, 0.5, 1

async def hang():
    with watchdog.Watchdog(Vitals(), asyncio.get_running_loop()):
        await asyncio.sleep(1)
        re.match("(a+)+$", "a" * 99 + "b")

asyncio.run(hang())
"""


@pytest.mark.parametrize(("place", "code"), [((), -signal.SIGPROF), (("unshare", "-pf"), 1)], ids=["", "container"])
def test_work_that_lets_no_thread_run_ends_the_bot_too(place: tuple[str, ...], code: int) -> None:
    """Also as the first process of a container, whom few signals end."""
    if place and not (shutil.which(place[0]) and subprocess.run([*place, "true"], check=False).returncode == 0):
        pytest.skip("processes cannot have numbers of their own here")
    command = [*place, sys.executable, "-c", STUCK_IN_C]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert 'in match\n  File "<string>", line 11 in hang' in ended.stderr


async def test_the_bot_ends_even_if_nothing_can_be_logged(world: World) -> None:
    async with hanging(world, "log") as child:
        code, said = await child.end()
    assert code == 1
    assert FROZEN in said


async def test_a_stop_that_hangs_ends_too(world: World) -> None:
    async with hanging(world, "stop") as child:
        await child.tick()
        child.process.send_signal(signal.SIGTERM)
        code, said = await child.end()
    assert code == 1
    assert "stopping has taken 3 seconds" in said


async def test_a_process_that_was_stopped_for_longer_than_the_limit_goes_on(world: World) -> None:
    async with hanging(world) as child:
        await child.tick()
        child.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2 * LIMIT)
        child.process.send_signal(signal.SIGCONT)
        for _ in range(20):
            await child.tick()
        await child.stop()


async def test_a_start_that_takes_longer_than_the_limit_is_no_hang(world: World) -> None:
    async with hanging(world, "start") as child:
        await child.tick()
        await child.stop()


async def test_a_gateway_that_does_not_answer_is_no_hang(world: World) -> None:
    connected = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1") as mute:
        port = mute.sockets[0].getsockname()[1]
        world.wire.gateway.url = f"ws://127.0.0.1:{port}"
        async with hanging(world) as child:
            await connected.wait()
            await asyncio.sleep(2 * LIMIT)
            assert child.process.returncode is None
            await child.stop()
