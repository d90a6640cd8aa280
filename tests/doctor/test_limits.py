"""No check keeps another one waiting or from telling what it found, however many channels there are."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from bot.doctor import CHECKS, Case, Check, case, channels
from bot.doctor.case import run_in_thread
from bot.doctor.database import find_network_system
from bot.findings import Finding, Kind, Severity, find
from tests.support.doctor import HEARTBEAT_WORD, HF_TOKEN, SetUp, list_problems
from tests.support.wire import TOKEN, Channel, Fault

DISCORDS = {"discord", "identity", "intents", "gateway", "commands", "channels"}  # need an answer of Discord
CHANNELS_CHECK = [each for each in CHECKS if each.name == "channels"]


async def wait_forever() -> None:
    await asyncio.Event().wait()


def add_channels(set_up: SetUp, number: int) -> list[Channel]:
    """So many more channels in the server, each with a subscription like the first one."""
    guild = set_up.guild
    added = [Channel(guild.id + 10 + each, guild.id, f"papers-{each}") for each in range(number)]
    guild.more += added
    columns = (
        "guild_id, time, timezone, weekdays, cadence, size, min_upvotes, risers, state, next_run_date, next_run_at,"
        " created_by, created_at"
    )
    for channel in added:
        set_up.change(
            f"INSERT INTO subscriptions (channel_id, {columns}) SELECT {channel.id}, {columns}"
            " FROM subscriptions WHERE id = 1"
        )
    return added


async def test_a_discord_that_never_answers_is_told_and_everything_else_too(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case, "LOGIN_LIMIT", 0.5)
    set_up.wire.login_faults.append(Fault(200, meanwhile=wait_forever))
    set_up.change("DELETE FROM papers WHERE change = (SELECT min(change) FROM papers)")
    examined = await set_up.examine()
    assert set(list_problems(examined)) == {Kind.DISCORD_SILENT, Kind.DATABASE_DAMAGED}
    skipped = {each.check for each in examined if Kind.SKIPPED in {finding.kind for finding in each.findings}}
    assert skipped == DISCORDS - {"discord"}


async def test_a_gateway_that_says_nothing_is_told(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.doctor.account.HELLO_LIMIT", 0.5)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the doctor gives up
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        set_up.set("PAPERBOY_DISCORD_GATEWAY_URL", f"ws://127.0.0.1:{port}/")
        assert set(list_problems(await set_up.examine())) == {Kind.GATEWAY_UNREACHABLE}


async def test_a_check_that_hangs_ends_at_its_limit_with_what_it_found(set_up: SetUp) -> None:
    async def hang(_: Case) -> AsyncIterator[Finding]:
        yield find(Kind.HEARTBEAT_OFF)
        await wait_forever()

    async def hang_in_a_thread(_: Case) -> AsyncIterator[Finding]:
        await run_in_thread(threading.Event().wait)
        yield find(Kind.HEARTBEAT_OFF)

    first, second, *others = await set_up.examine(
        [Check("hangs", hang, 0.5), Check("hangs", hang_in_a_thread, 0.5), *CHECKS]
    )
    assert [each.kind for each in first.findings] == [Kind.HEARTBEAT_OFF, Kind.CHECK_TOO_SLOW]
    assert [each.kind for each in second.findings] == [Kind.CHECK_TOO_SLOW]
    assert list_problems(others) == {}


async def test_a_check_that_fails_says_so_without_secrets_and_the_others_go_on(set_up: SetUp) -> None:
    async def fail(examined: Case) -> AsyncIterator[Finding]:
        yield find(Kind.HEARTBEAT_OFF)
        raise ValueError(f"{TOKEN} {HF_TOKEN} {examined.bot_settings.heartbeat_url} {HEARTBEAT_WORD} is wrong")

    first, *others = await set_up.examine([Check("fails", fail), *CHECKS])
    assert [each.kind for each in first.findings] == [Kind.HEARTBEAT_OFF, Kind.CHECK_FAILED]
    assert "ValueError" in first.findings[1].facts["detail"]
    assert first.findings[1].severity is Severity.ERROR
    assert list_problems(others) == {}


async def test_of_thousands_of_channels_it_looks_at_some_and_counts_the_others(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MAX_SUBSCRIPTIONS", 3)
    add_channels(set_up, 6)
    (examined,) = await set_up.examine(CHANNELS_CHECK)
    assert [(each.kind, each.facts) for each in examined.findings] == [
        (Kind.CHANNELS_FINE, {"asked": 3, "subscriptions": 7})
    ]
    asked = [each for each in set_up.wire.requests if each.startswith("GET /channels/")]
    assert len(asked) == 3


async def test_of_many_blocked_channels_it_names_some(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MAX_FINDINGS", 2)
    for channel in add_channels(set_up, 5):
        channel.denied = discord.Permissions(send_messages=True)
    (examined,) = await set_up.examine(CHANNELS_CHECK)
    assert [each.kind for each in examined.findings] == [
        *(Kind.CHANNEL_BLOCKED, Kind.CHANNEL_BLOCKED, Kind.MORE_CHANNELS_BLOCKED)
    ]
    assert examined.findings[2].facts["number"] == 3


async def test_when_discord_is_slow_to_say_how_channels_are_the_rest_is_left_out(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "SECONDS", 0.5)
    set_up.guild.papers.before = wait_forever
    (examined,) = await set_up.examine(CHANNELS_CHECK)
    assert [(each.kind, each.facts) for each in examined.findings] == [
        (Kind.CHANNELS_FINE, {"asked": 0, "subscriptions": 1})
    ]


async def test_a_channel_of_which_discord_says_nothing_is_no_fault_of_the_channel(set_up: SetUp) -> None:
    set_up.guild.papers.refusal = Fault(503)
    assert set(list_problems(await set_up.examine())) == {Kind.CHANNELS_UNANSWERED}


async def test_a_request_that_discord_does_not_answer_is_told_by_its_check(set_up: SetUp) -> None:
    set_up.wire.list_faults.append(Fault(503))
    examined = await set_up.examine()
    assert set(list_problems(examined)) == {Kind.DISCORD_UNANSWERED}


async def test_the_heartbeat_is_never_asked_for(set_up: SetUp) -> None:
    """A request would be a sign of life of a bot that may be dead."""
    requests: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        set_up.set("PAPERBOY_HEARTBEAT_URL", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{HEARTBEAT_WORD}")
        assert list_problems(await set_up.examine()) == {}
    assert requests == [b""]


def test_each_check_has_a_limit_and_a_name_of_its_own() -> None:
    assert len({each.name for each in CHECKS}) == len(CHECKS)
    assert all(0 < each.seconds <= 600 for each in CHECKS)


def test_a_network_file_system_is_known_by_the_mount_that_a_path_is_on() -> None:
    mounts = "\n".join(
        [
            "/dev/sda1 / ext4 rw 0 0",
            "host:/data /srv/pa\\040per nfs4 rw 0 0",
            "/dev/sdb1 /srv/pa\\040per/local xfs rw 0 0",
        ]
    )
    assert find_network_system(Path("/srv/pa per/db"), mounts) == "nfs4"
    assert find_network_system(Path("/srv/pa per/local/db"), mounts) is None
    assert find_network_system(Path("/srv/paperboy.db"), mounts) is None
