"""`/digest pause`, `resume` and `remove`."""

from bot.demo.papers_server import PapersServer
from bot.layouts.advice import advise_admin
from bot.refusals import Refusal
from tests.support.builders import FRIDAY, GONE, MONDAY, entries, explain
from tests.support.papers_server import Papers
from tests.support.server import Server, delete


async def test_a_paused_digest_posts_nothing(server: Server) -> None:
    await server.subscribe()
    assert "Nothing is posted until" in await server.ask("digest pause")
    await server.later(days=1)
    assert server.posted == []
    assert "Nothing is posted until you use `/digest resume`." in await server.ask("digest status")
    assert "paused" in await server.ask("digest list")


async def test_a_resumed_digest_posts_what_was_missed_in_one_message(
    server: Server, papers_server: PapersServer
) -> None:
    await server.subscribe()
    await server.later(hours=1)
    await server.ask("digest pause")
    papers_server.lists = {FRIDAY: entries(4, FRIDAY, first=11), MONDAY: entries(4, MONDAY, first=21)}
    await server.later(days=3, hours=23)
    assert "Resumed." in await server.ask("digest resume")
    await server.later(hours=1)
    (_, text) = server.posted
    assert "Friday 16 January 2026 – Monday 19 January 2026" in text


async def test_a_digest_is_not_resumed_in_a_channel_that_is_gone(server: Server) -> None:
    await server.subscribe()
    await delete(server, server.papers.id)
    await server.later(hours=1)
    before = server.tables()
    assert await server.ask("digest resume") == advise_admin(0, GONE)
    assert server.tables() == before


async def test_a_removed_digest_is_gone_and_what_it_posted_stays(server: Server) -> None:
    await server.subscribe()
    await server.later(hours=1)
    text = await server.remove()
    assert text.startswith(f"**Removed.** Every day at 09:00 UTC, the top 5 papers in <#{server.papers.id}>.")
    await server.later(days=1)
    assert len(server.posted) == 1
    assert await server.ask("digest list") == explain(Refusal.NO_SUBSCRIPTIONS)


async def test_with_several_digests_the_admin_has_to_say_which(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    before = server.tables()
    assert await server.remove() == explain(Refusal.SUBSCRIPTION_NEEDED)
    assert await server.remove(subscription="random") == explain(Refusal.SUBSCRIPTION_UNKNOWN)
    assert server.tables() == before
    assert f"<#{server.general.id}>" in await server.remove(subscription="2")


async def test_resuming_does_not_skip_an_overdue_digest(server: Server, papers_server: Papers) -> None:
    await server.subscribe()
    papers_server.down = True
    await server.later(hours=1)
    await server.ask("digest resume")
    papers_server.down = False
    await server.later(minutes=5)
    assert len(server.posted) == 1
