"""When digests keep failing, the server is told once, with the reason, and not before it matters."""

from datetime import timedelta

import pytest

from bot.demo.papers_server import PapersServer
from bot.layouts.notices import describe_suspended_subscription
from tests.support import builders
from tests.support.builders import DAY, GONE, entries
from tests.support.messages import ids, paper_ids, read_texts
from tests.support.server import Server, delete, forbid, system_channel

REASON = "Discord rejected the message (error 50008)."
MESSAGES = "/channels/{}/messages"


@pytest.fixture
def papers_server(papers_server: PapersServer) -> PapersServer:
    """A list a day, each day others."""
    papers_server.lists = {
        day: entries(2, day, first=1 + 10 * number)
        for number, day in enumerate(DAY + timedelta(days=each) for each in range(12))
    }
    return papers_server


def refuse(server: Server, times: int | None) -> None:
    """Discord will refuse the next messages in `#papers`, in every form."""
    server.env.inject_error("POST", MESSAGES.format(server.papers.id), status=400, code=50008, times=times)


def told(server: Server) -> list[str]:
    return [read_texts(message) for message in server.general.history(viewer=server.member)]


async def begin(server: Server) -> None:
    await system_channel(server)
    await server.subscribe()
    await server.later(hours=1)


async def test_after_two_failed_runs_in_a_row_the_server_is_told_the_reason_once(server: Server) -> None:
    refuse(server, times=None)
    await begin(server)
    assert told(server) == []
    await server.later(days=1)
    expected = f"Two digests in a row didn't reach <#{server.papers.id}>. {REASON} See `/digest status` for details."
    assert told(server) == [expected]
    for _ in range(3):
        await server.later(days=1)
    assert told(server) == [expected]


async def test_after_a_restart_the_server_is_not_told_again(server: Server) -> None:
    refuse(server, times=None)
    await begin(server)
    await server.restart()
    await server.later(days=1)
    await server.restart()
    await server.later(days=1)
    assert len(told(server)) == 1


async def test_a_single_failure_is_not_told_and_a_success_in_between_starts_the_count_again(server: Server) -> None:
    refuse(server, times=1)
    await begin(server)
    await server.later(days=1)
    refuse(server, times=1)
    await server.later(days=1)
    assert (len(server.posted), told(server)) == (1, [])


async def test_after_a_success_two_more_failures_are_told_again(server: Server) -> None:
    refuse(server, times=3)
    await begin(server)
    for _ in range(3):
        await server.later(days=1)
    assert (len(server.posted), len(told(server))) == (1, 1)
    refuse(server, times=2)
    await server.later(days=1)
    assert len(told(server)) == 1
    await server.later(days=1)
    assert len(told(server)) == 2


async def test_temporary_failures_do_not_count_as_failed_runs(server: Server) -> None:
    server.env.inject_error("POST", MESSAGES.format(server.papers.id), status=503, times=4)
    await begin(server)
    for _ in range(5):
        await server.later(minutes=30)
    assert (len(server.posted), told(server)) == (1, [])


async def test_two_digests_that_fail_on_one_day_are_not_two_failures_in_a_row(server: Server) -> None:
    refuse(server, times=2)
    await server.subscribe()
    await begin(server)
    assert (server.posted, told(server)) == ([], [])


async def test_losing_a_channel_with_several_digests_at_different_times_is_told_once(server: Server) -> None:
    for time in ("9:00", "10:00", "18:00"):
        await server.subscribe(time=time)
    await system_channel(server)
    await delete(server, server.papers.id)
    for _ in range(12):
        await server.later(hours=1)
    assert told(server) == [describe_suspended_subscription(server.papers.id, GONE)]
    assert (await server.ask("digest status")).count("⚠️ Suspended. The channel is gone") == 3


async def test_losing_two_channels_is_told_of_each(server: Server) -> None:
    other = server.guild.create_text_channel("other")
    await server.subscribe()
    await server.subscribe(channel=other, time="10:00")
    await system_channel(server)
    for channel in (server.papers, other):
        await delete(server, channel.id)
    await server.later(hours=1)
    await server.later(hours=1)
    assert told(server) == [describe_suspended_subscription(each.id, GONE) for each in (server.papers, other)]


async def test_a_permission_lost_again_after_a_digest_got_through_is_told_again(server: Server) -> None:
    await system_channel(server)
    await server.subscribe()
    forbid(server, server.papers, "send_messages")
    await server.later(hours=1)
    forbid(server, server.papers)
    await server.ask("digest resume")
    await server.later(days=1)
    forbid(server, server.papers, "send_messages")
    await server.later(days=1)
    expected = describe_suspended_subscription(server.papers.id, builders.build_missing_permissions("send_messages"))
    assert told(server) == [expected, expected]
    assert [paper_ids(message) for message in server.papers.history()] == [ids(1, 11, 2, 12)]


async def test_the_other_digests_of_the_server_go_on(server: Server) -> None:
    haven = server.guild.create_text_channel("haven")
    await server.subscribe()
    await server.subscribe(channel=haven)
    refuse(server, times=None)
    await server.later(hours=1)
    await server.later(days=1)
    assert (len(server.posted), len(haven.history())) == (0, 2)
    assert (await server.ask("digest status")).count(f"not posted. {REASON}") == 2
