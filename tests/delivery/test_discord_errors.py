"""When Discord refuses a digest or fails: the digest is late or given up, but never posted twice."""

import pytest

from tests.support.messages import ids, paper_ids
from tests.support.server import Server, delete, forbid, other_admin, system_channel


async def test_a_deleted_channel_suspends_its_subscription_and_the_server_is_told_once(server: Server) -> None:
    await system_channel(server)
    await server.subscribe()
    await delete(server, server.papers.id)
    for _ in range(3):
        await server.later(hours=1)
    (told,) = server.general.history(viewer=server.member)
    assert "suspended. The channel is gone" in told.content
    text = await server.ask("digest status")
    assert "Suspended. The channel is gone" in text
    assert "Run of 16 Jan 2026: ⚠️ not posted. The channel is gone." in text


async def test_one_servers_lost_channel_does_not_cost_another_its_digest(server: Server) -> None:
    other = server.env.create_guild("Reading Group")
    digest = other.create_text_channel("digest")
    await other_admin(server, other, "emmy").slash(digest, "digest add", channel=digest, time="9:00", timezone="UTC")
    await server.subscribe()
    await delete(server, server.papers.id)
    await server.later(hours=1)
    _welcome, posted = digest.history(viewer=other.owner)
    assert paper_ids(posted) == ids(1, 2, 3, 4, 5)


async def test_a_permission_taken_away_suspends_the_subscription_until_it_is_given_back(server: Server) -> None:
    await server.subscribe()
    forbid(server, server.papers, "send_messages")
    await server.later(hours=1)
    text = await server.ask("digest status")
    assert "Suspended. I'm missing **Send Messages** in the channel" in text
    assert f"I'm missing **Send Messages** in <#{server.papers.id}>" in text
    forbid(server, server.papers)
    await server.ask("digest resume")
    await server.later(days=1)
    assert [paper_ids(each) for each in server.papers.history()] == [ids(1, 2, 3, 4, 5)]


@pytest.mark.parametrize("failure", [500, 502, 503])
async def test_a_temporary_failure_of_discord_delays_the_digest_and_it_is_posted_once(
    server: Server, failure: int
) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=failure, times=2)
    await server.later(hours=1)
    assert server.posted == []
    assert f"delayed, but on its way. Discord answered with error {failure}" in await server.ask("digest status")
    await server.later(seconds=59)
    await server.later(seconds=1)  # the second try, which fails too
    await server.later(seconds=119)
    assert server.posted == []
    await server.later(seconds=1)
    await server.later(minutes=30)
    assert len(server.posted) == 1
    assert "[top 5](https://discord.com/channels/" in await server.ask("digest status")


async def test_a_message_that_discord_will_never_accept_is_not_tried_again(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=400, code=50008, times=None)
    await server.later(hours=1)
    await server.later(hours=1)
    sent = [each for each in server.env.http_requests if each.method == "POST" and each.path.endswith("/messages")]
    assert len(sent) == 1
    assert "not posted. Discord rejected the message (error 50008)" in await server.ask("digest status")
    assert "Next digest" in await server.ask("digest status")


async def test_papers_of_a_digest_that_failed_come_with_the_next(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=400, code=50035)
    await server.later(hours=1)
    await server.later(days=1)
    assert [paper_ids(message) for message in server.papers.history()] == [ids(1, 2, 3, 4, 5)]
