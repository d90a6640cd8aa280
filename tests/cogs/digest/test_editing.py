"""`/digest edit`: it changes what was typed and nothing else, and no digest is lost or posted twice."""

from dataclasses import replace

from bot.demo.papers_server import PapersServer
from tests.support.builders import FRIDAY, entries
from tests.support.messages import ids, paper_ids
from tests.support.papers_server import Papers
from tests.support.server import Server, delete, forbid, get_subscription, without_drafts


async def test_a_digest_is_not_moved_to_a_channel_the_bot_may_not_write_in(server: Server) -> None:
    await server.subscribe(channel=server.general)
    forbid(server, server.papers, "send_messages")
    before = without_drafts(server.tables())
    assert "I'm missing **Send Messages**" in await server.ask("digest edit", channel=server.papers)
    assert without_drafts(server.tables()) == before


async def test_what_an_edit_leaves_out_stays_as_it_is(server: Server) -> None:
    await server.subscribe(time="18:30", timezone="Asia/Kolkata", size=7, weekdays="mon, thu", min_upvotes=12)
    before = await get_subscription(server)
    await server.ask("digest edit", size=3)
    after = await get_subscription(server)
    assert after.settings.selection.size == 3
    assert after.settings == replace(before.settings, selection=replace(before.settings.selection, size=3))
    assert after.next_run == before.next_run
    await server.ask("digest edit", min_upvotes=0)
    assert (await get_subscription(server)).settings.selection.min_upvotes == 0


async def test_an_edit_that_says_nothing_opens_the_panel(server: Server) -> None:
    await server.subscribe()
    before = await get_subscription(server)
    assert (await server.ask("digest edit")).startswith("### Edit subscription")
    assert await get_subscription(server) == before


async def test_every_part_of_a_digest_can_be_changed(server: Server) -> None:
    await server.subscribe()
    changes = {"time": "7am", "timezone": "Europe/Berlin", "size": 10, "weekdays": "weekends", "min_upvotes": 3}
    text = await server.ask("digest edit", channel=server.general, **changes)
    when = "Every Saturday and Sunday at 07:00 Europe/Berlin"
    assert f"{when}, the top 10 papers with at least 3 upvotes in <#{server.general.id}>" in text


async def test_an_earlier_time_applies_from_today(server: Server) -> None:
    await server.subscribe()
    await server.ask("digest edit", time="8:30")
    await server.later(minutes=30)
    assert len(server.posted) == 1


async def test_a_later_time_does_not_bring_a_second_digest_today(server: Server, papers_server: PapersServer) -> None:
    await server.subscribe()
    await server.later(hours=1)
    papers_server.lists = {FRIDAY: entries(3, FRIDAY, first=11)}
    await server.ask("digest edit", time="10:00")
    assert (await get_subscription(server)).next_run.date.day == 17
    await server.later(hours=2)
    assert len(server.posted) == 1
    await server.later(hours=23)
    assert len(server.posted) == 2


async def test_moving_a_suspended_digest_to_another_channel_starts_it_again(server: Server) -> None:
    await server.subscribe()
    await delete(server, server.papers.id)
    await server.later(hours=1)
    haven = server.guild.create_text_channel("haven")
    assert "Next digest" in await server.ask("digest edit", channel=haven)
    await server.later(days=1)
    assert [paper_ids(each) for each in haven.history()] == [ids(1, 2, 3, 4, 5)]


async def test_an_edit_does_not_resume_a_digest_that_still_cannot_be_posted(server: Server) -> None:
    await server.subscribe()
    forbid(server, server.papers, "send_messages")
    await server.later(hours=1)
    assert "I'm missing **Send Messages**" in await server.ask("digest edit", size=3)
    forbid(server, server.papers)
    assert "the top 3 papers" in await server.ask("digest edit", size=3)


async def test_editing_does_not_skip_an_overdue_digest(server: Server, papers_server: Papers) -> None:
    await server.subscribe()
    papers_server.down = True
    await server.later(hours=1)
    await server.ask("digest edit", size=3)
    papers_server.down = False
    await server.later(minutes=5)
    assert [paper_ids(each) for each in server.papers.history()] == [ids(1, 2, 3)]
