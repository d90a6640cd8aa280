"""What the log says of a healthy start: one line, with all that the operator waits for."""

import asyncio
import logging
import re

import pytest

from bot.app import Services
from tests.support.bot_process import DUE, World
from tests.support.builders import Clock
from tests.support.crashing import TICKED
from tests.support.delivery_rig import open_rig
from tests.support.wire import TOKEN, Wire

INVITE = "https://discord.com/oauth2/authorize?client_id=77&scope=bot+applications.commands&permissions=68608"


@pytest.mark.parametrize("start", ["the first start", "a later one"])
async def test_a_start_says_in_one_line_that_it_is_ready_and_how_to_invite_it(world: World, start: str) -> None:
    if start == "a later one":
        async with world.child(DUE) as child:
            await child.tick()
            await child.stop()
    async with world.child(DUE) as child:
        for _ in range(3):
            await child.tick()
        said = await child.stop()
    others = (TICKED, "bot.delivery.sending", "apscheduler")  # it leaves out ticks that a busy machine has no time for
    lines = [line for line in said.splitlines() if not any(each in line for each in others)]
    assert [re.sub(r".*bot\.client(: |\x1b\[0m )", "", line) for line in lines] == [
        f"ready: paperboy, 1 server, 1 subscription, invite: {INVITE}"
    ]
    assert TOKEN not in said


async def test_a_new_session_after_a_lost_one_is_not_logged_as_a_start(
    services: Services,
    wire: Wire,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        wire.add_guild()
    async with open_rig(services, wire, clock) as rig:
        again = asyncio.create_task(rig.bot.wait_for("ready"))
        await wire.gateway.drop(forget=True)
        await again
    told = [each.getMessage() for each in caplog.records if each.name == "bot.client"]
    assert told == [f"ready: paperboy, 3 servers, 1 subscription, invite: {INVITE}"]
