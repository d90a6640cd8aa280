"""What the log says of a healthy start: one line, with all that the operator waits for."""

import asyncio
import logging
import re
from dataclasses import replace

import pytest

from bot.app import Services
from bot.claims import SoleClaims
from tests.support.bot_process import DUE, World
from tests.support.builders import Clock
from tests.support.crashing import TICKED
from tests.support.delivery_rig import open_rig, running_bot
from tests.support.shares import FIRST_HALF, build_id
from tests.support.wire import TOKEN, Kind, Wire

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


async def test_one_of_several_processes_says_which_shards_it_has(
    services: Services, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.client")
    wire.gateway.shards = FIRST_HALF.count
    for shard in range(FIRST_HALF.count):
        wire.add_guild(Kind.TEXT, build_id(shard, FIRST_HALF.count, 1))
    async with running_bot(replace(services, claims=SoleClaims(FIRST_HALF)), wire) as bot:
        while bot.get_cog("Guilds").known_ids is None:  # type: ignore[union-attr]  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    told = [each.getMessage() for each in caplog.records if each.name == "bot.client"]
    assert told == [f"ready: paperboy, shards 0-1/4, 2 servers, 0 subscriptions, invite: {INVITE}"]
