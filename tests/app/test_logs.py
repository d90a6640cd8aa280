"""What the log says of deliveries, and how it says it to machines."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import discord
import pytest

from bot.app import Services
from bot.logs import should_log
from bot.subscription.settings import Threads
from tests.support.bot_process import DUE, World
from tests.support.builders import Clock
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.paths import ROOT
from tests.support.wire import Fault, Kind, Wire


def events(caplog: pytest.LogCaptureFixture) -> Iterator[tuple[str, dict[str, Any]]]:
    """The lines that say what became of something, with their fields."""
    for record in caplog.records:
        if hasattr(record, "event"):
            names = ("event", "guild", "subscription", "delivery", "kind", "papers")
            yield record.getMessage(), {name: getattr(record, name) for name in names if hasattr(record, name)}


async def test_every_line_of_a_json_log_is_an_object_that_machines_can_search(world: World) -> None:
    async with world.child(DUE, PAPERBOY_LOG_FORMAT="json", PAPERBOY_LOG_LEVEL="DEBUG") as child:
        await child.tick()
        said = await child.stop()
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert len(lines) >= len(said.splitlines()) - 20, "only ticks are no objects"
    assert all(each.keys() >= {"time", "level", "logger", "message"} for each in lines)
    (posted,) = [each for each in lines if each.get("event") == "posted"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", posted["time"])
    assert (posted["guild"], posted["subscription"], posted["delivery"], posted["papers"]) == (1000, 1, 1, 5)
    assert posted["message"] == "delivery 1: posted, messages: 1, papers: 5"


async def test_the_last_line_of_a_json_log_says_as_an_object_why_the_bot_ended(world: World) -> None:
    async with world.child(DUE, token="wrong", PAPERBOY_LOG_FORMAT="json") as child:
        code, said = await child.end()
    (line,) = said.splitlines()
    assert code == 2
    assert "Discord does not know this token" in json.loads(line)["message"]


def test_a_traceback_in_a_json_log_is_one_line() -> None:
    program = (
        "import logging, warnings; from bot.logs import set_up_logging; set_up_logging('INFO', 'json')\n"
        "warnings.warn('beware')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logging.getLogger('x').exception('strange: %s', 'a\\nb', extra={'guild': {1}})\n"
        "raise ValueError('unexpected')"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    warning, caught, bug = [json.loads(line) for line in ended.stderr.splitlines()]
    assert "beware" in warning["message"]
    assert caught["message"] == "strange: a\nb"
    assert "ZeroDivisionError" in caught["error"]
    assert "ValueError: unexpected" in bug["error"]


class TestEachChangeHasOneLine:
    async def test_a_digest_that_arrives_later_is_postponed_and_then_posted(
        self, rig: DeliveryRig, wire: Wire, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        wire.post_faults.append(Fault(503))
        for _ in range(3):
            await rig.tick(minutes=2)
        about = {"guild": rig.guild.id, "subscription": 1, "delivery": 1}
        assert list(events(caplog)) == [
            (
                "delivery 1: postponed: discord_failed number=503",
                {"event": "postponed", "kind": "discord_failed", **about},
            ),
            ("delivery 1: posted, messages: 1, papers: 5", {"event": "posted", "papers": 5, **about}),
        ]

    async def test_a_quiet_run_says_why(self, rig: DeliveryRig, caplog: pytest.LogCaptureFixture) -> None:
        await rig.tick()
        caplog.set_level(logging.INFO)
        await rig.tick(days=1)
        ((message, fields),) = events(caplog)
        assert message == "delivery 2: quiet (no_papers_listed)"
        assert (fields["event"], fields["kind"], fields["delivery"]) == ("quiet", "no_papers_listed", 2)

    async def test_a_subscription_that_is_suspended_and_resumes(
        self, rig: DeliveryRig, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        rig.channel.denied = discord.Permissions(send_messages=True)
        await rig.learn(rig.channel, "guild_channel_update")
        await rig.tick()
        rig.channel.denied = discord.Permissions.none()
        await rig.learn(rig.channel, "guild_channel_update")
        await rig.bot.recovery.recover_server(rig.guild.id, rig.clock())
        assert [fields["event"] for _, fields in events(caplog)] == ["suspended", "resumed"]

    async def test_a_person_is_not_named(
        self, services: Services, wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        async with open_rig(services, wire, clock, Kind.PERSON) as rig:
            await rig.tick()
        ((message, fields),) = events(caplog)
        assert fields == {"event": "posted", "subscription": 1, "delivery": 1, "papers": 5}
        assert str(rig.guild.id) not in message

    async def test_what_is_left_undone_is_said_with_the_digest(
        self, services: Services, wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        async with open_rig(services, wire, clock, threads=Threads.PER_DIGEST) as rig:
            wire.thread_faults.append(Fault(403, 50013))
            await rig.tick()
        assert [(fields["event"], fields.get("kind")) for _, fields in events(caplog)] == [
            ("left_undone", "permissions_missing"),
            ("posted", "permissions_missing"),
        ]


def test_a_reconnect_is_one_line_without_a_traceback() -> None:
    error = OSError("gateway")
    record = logging.LogRecord(
        *("discord.shard", logging.ERROR, "", 0, "Attempting a reconnect for shard ID %s in %.2fs", (0, 1.5)),
        (OSError, error, None),
    )
    assert should_log(record)
    assert record.getMessage() == "Attempting a reconnect for shard ID 0 in 1.50s (OSError)"
    assert (record.exc_info, record.levelname) == (None, "WARNING")
