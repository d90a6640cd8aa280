"""How a bot ends: quickly when it is asked to, and with one clear line when Discord closes the door."""

import asyncio
import signal

import pytest

from tests.support.bot_process import DUE, World
from tests.support.wire import Fault


async def test_a_stop_while_a_digest_is_sent_lets_it_arrive_and_records_it(world: World) -> None:
    async with world.child(DUE) as child:

        async def stop_and_keep_waiting() -> None:
            child.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(1)  # Discord takes its time to answer

        world.wire.post_faults.append(Fault(200, created=True, meanwhile=stop_and_keep_waiting))
        code, said = await child.end()
    assert (code, "Traceback" in said) == (0, False), said
    await world.assert_arrived_once()


async def test_a_stop_of_an_idle_bot_is_quick(world: World) -> None:
    async with world.child(DUE) as child:
        await child.tick()
        await child.tick()
        assert "Traceback" not in await child.stop()
    await world.assert_arrived_once()


async def test_a_stop_while_discord_does_not_answer_the_login_is_quick(world: World) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        asked.set()
        await answered.wait()

    world.wire.login_faults.append(Fault(200, meanwhile=hold))
    async with world.child(DUE) as child:
        try:
            await asked.wait()
            assert "Traceback" not in await child.stop()
        finally:
            answered.set()


async def test_a_stop_while_the_gateway_is_closed_is_quick(world: World) -> None:
    world.wire.gateway.open = False
    async with world.child(DUE) as child:
        await world.wire.gateway.refused.wait()
        await child.stop()


async def test_a_stop_while_the_papers_api_does_not_answer_is_quick(world: World) -> None:
    asked, answered = asyncio.Semaphore(0), asyncio.Event()

    async def hold() -> None:
        asked.release()
        await answered.wait()

    world.papers.meanwhile = hold
    async with world.child(DUE) as child:
        try:
            for _ in ("the archive", "the digest that is due"):
                await asked.acquire()
            assert "Traceback" not in await child.stop()
        finally:
            answered.set()


FINAL = {
    4004: "Copy it again from the developer portal",
    4010: "Start Paperboy again",
    4011: "Start Paperboy again",
    4012: "Update Paperboy",
    4013: "Update Paperboy",
    4014: "Paperboy needs no privileged intent",
}


@pytest.mark.parametrize("code", FINAL)
async def test_a_gateway_that_closes_for_good_ends_the_start_with_one_clear_line(world: World, code: int) -> None:
    world.wire.gateway.final_code = code
    async with world.child(DUE) as child:
        assert_says_what_to_do(*await child.end(), code)


async def test_a_gateway_that_closes_for_good_later_on_ends_the_bot_with_one_clear_line(world: World) -> None:
    async with world.child(DUE) as child:
        await child.tick()
        await world.wire.gateway.drop(code=4004)
        assert_says_what_to_do(*await child.end(), 4004)


def assert_says_what_to_do(ended: int, said: str, code: int) -> None:
    assert ended == 2, said
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if FINAL[code] in line]
    assert line == said.splitlines()[-1]


async def test_a_token_that_discord_does_not_know_ends_the_start_with_one_clear_line(world: World) -> None:
    token = "a-token.that-is.wrong"
    async with world.child(DUE, token=token) as child:
        code, said = await child.end()
    assert code == 2
    (line,) = [line for line in said.splitlines() if "DISCORD_TOKEN" in line]
    assert line == said.splitlines()[-1]
    assert "Discord does not know this token" in line
    assert token not in said
    assert "Traceback" not in said
