"""An extra digest: posted at once, beside the runs, which stay as they are."""

import asyncio
from typing import Any

import pytest

from bot.channels import Actor
from bot.delivery.planning import MAX_EXTRA_DIGESTS, Planner
from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import FRIDAY, entries, explain
from tests.support.messages import answer, button_labels, custom_ids, ids, paper_ids
from tests.support.papers_server import Papers
from tests.support.server import Server, deliveries, forbid, get_subscription, post, read_posted_papers, stale_button


async def save(server: Server) -> None:
    await server.subscribe()
    await server.read_lists()


async def post_extra(server: Server) -> str:
    return await server.ask_and_click("digest status", "Post an extra one")


async def test_the_first_digest_is_one_click_after_saving(server: Server) -> None:
    await server.read_lists()
    saved = await server.subscribe()
    assert saved.response
    assert button_labels(saved.response) == ["Post one now", "Preview", "Another digest", "More"]
    text = answer(await server.admin.click(saved.response, label="Post one now"))
    (message,) = server.papers.history()
    assert text.startswith(f"The extra digest posted on 16 Jan 2026: [top 5]({message.jump_url}) of 7 papers")
    assert "Next digest <t:1768554000:f>" in text
    assert paper_ids(message) == ids(1, 2, 3, 4, 5)


async def test_it_does_not_use_up_the_next_run_and_its_papers_do_not_come_again(server: Server) -> None:
    await save(server)
    await post_extra(server)
    await server.later(hours=1)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5), ids(6, 7)]
    assert [(each.extra, each.run_date.day) for each in await deliveries(server)] == [(0, 16), (1, 16)]


async def test_after_the_days_run_it_brings_what_that_left_out(server: Server) -> None:
    await post(server)
    await post_extra(server)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5), ids(6, 7)]


async def test_the_days_after_it_come_as_ever(server: Server, papers_server: PapersServer) -> None:
    await post(server)
    await post_extra(server)
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=11)}
    await server.later(days=1)
    assert read_posted_papers(server)[2:] == [ids(11, 12)]


@pytest.mark.parametrize("change", ["remove", "pause", "wipe"])
async def test_if_the_subscription_goes_before_the_digest_is_sent_nobody_is_told_that_it_is_on_its_way(
    server: Server, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    await save(server)
    known, editor, plan = await get_subscription(server), server.bot.editor, Planner.plan_extra_digest

    async def plan_and_lose(*args: Any, **options: Any) -> Any:
        planned = await plan(*args, **options)
        if change == "wipe":
            await editor.delete_server_data(known.guild_id)
        else:
            act = editor.remove_subscription if change == "remove" else editor.pause_subscription
            await act(known, by=Actor(server.admin.id, None), now=server.clock())
        return planned

    monkeypatch.setattr(Planner, "plan_extra_digest", plan_and_lose)
    assert await post_extra(server) == explain(Refusal.CHANGED_MEANWHILE)
    assert server.posted == []


async def test_a_second_click_on_the_same_button_posts_nothing(server: Server) -> None:
    await save(server)
    again = stale_button(server, "digest:extra:1:1")
    await post_extra(server)
    text = answer(await server.admin.click(again, label="Details"))
    assert text.startswith("There is nothing to send.")
    assert len([each for each in server.papers.history() if paper_ids(each)]) == 1


async def test_two_clicks_at_once_post_once(server: Server) -> None:
    await save(server)
    known, dispatcher = await get_subscription(server), server.bot.dispatcher
    extras = (dispatcher.send_extra_digest(known, server.clock.now, by=1, number=1) for _ in range(2))
    results = await asyncio.gather(*extras, return_exceptions=True)
    await server.env.settle()
    assert sorted(type(each).__name__ for each in results) == ["Delivery", "NothingToSend"]
    assert len(server.posted) == 1


async def test_a_day_has_only_a_few_of_them(server: Server, papers_server: PapersServer) -> None:
    await save(server)
    known, dispatcher = await get_subscription(server), server.bot.dispatcher
    await server.ask("digest edit", size=1)
    known = await get_subscription(server)
    for number in range(1, MAX_EXTRA_DIGESTS + 1):
        await dispatcher.send_extra_digest(known, server.clock.now, by=1, number=number)
    await server.env.settle()
    assert await post_extra(server) == explain(Refusal.TOO_MANY_EXTRA_DIGESTS, number=MAX_EXTRA_DIGESTS)
    assert len(server.posted) == MAX_EXTRA_DIGESTS
    server.clock.advance(days=1)
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(5, FRIDAY, first=11)}
    assert "The extra digest posted on 17 Jan 2026: " in await post_extra(server)


async def test_an_extra_digest_that_was_undone_can_be_posted_again(server: Server) -> None:
    await save(server)
    await post_extra(server)
    assert "is undone" in await server.undo()
    assert server.posted == []
    await post_extra(server)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5)]
    await server.later(hours=1)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5), ids(6, 7)]


async def test_undo_takes_back_the_extra_digest_if_that_was_the_last_one(server: Server) -> None:
    await post(server)
    await post_extra(server)
    await server.undo()
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5)]
    assert [each.state.value for each in await deliveries(server)] == ["undone", "sent"]


async def test_one_that_cannot_arrive_does_not_hold_up_the_next_run(server: Server) -> None:
    await save(server)
    server.clock.advance(minutes=58)
    for _ in range(2):
        server.env.inject_error("POST", "/channels/*/messages", status=503)
    assert "delayed, but on its way" in await post_extra(server)
    await server.later(minutes=3)
    await server.later(minutes=10)
    assert [(each.extra, each.state.value) for each in await deliveries(server)] == [(0, "sent"), (1, "failed")]
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5)]


async def test_the_log_and_the_status_name_it(server: Server) -> None:
    await save(server)
    await post_extra(server)
    assert "posted an extra digest." in await server.ask("digest log")
    assert "Extra digest of 16 Jan 2026: [top 5](" in await server.ask("digest status")


async def test_send_now_says_which_run_it_stands_in_for_and_offers_an_extra_one(server: Server) -> None:
    await save(server)
    asked = await server.admin.slash(server.general, "digest send now")
    assert asked.response
    assert answer(asked).startswith(
        "**Post the digest of 16 Jan 2026 now?** It stands in for the run at <t:1768554000:f>, so the next digest "
        "after it comes <t:1768640400:f>."
    )
    assert custom_ids(asked.response) == [
        *("digest:send_now:1:2026-01-16", "digest:extra:1:1", "digest:preview:1", "digest:show:1")
    ]
    assert server.posted == []
    await server.admin.click(asked.response, label="Post an extra one")
    await server.later(hours=1)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5), ids(6, 7)]


async def test_post_it_now_clicked_after_its_run_posts_nothing(server: Server) -> None:
    await save(server)
    late = stale_button(server, "digest:send_now:1:2026-01-16")
    await server.later(hours=1)
    text = answer(await server.admin.click(late, label="Details"))
    assert text == explain(Refusal.RUN_ALREADY_SENT)
    assert len([each for each in server.papers.history() if paper_ids(each)]) == 1


async def test_where_nothing_matches_nothing_is_posted_and_the_way_to_the_settings_is_open(server: Server) -> None:
    await server.subscribe(min_upvotes=500)
    await server.read_lists()
    clicked = await server.admin.click(
        (await server.admin.slash(server.general, "digest status")).response,  # type: ignore[arg-type]
        label="Post an extra one",
    )
    assert answer(clicked).startswith("There is nothing to send. No new paper had 500 upvotes or more.")
    assert clicked.response
    assert custom_ids(clicked.response) == ["setup:1", "digest:show:1"]
    assert await deliveries(server) == []


async def test_while_the_papers_api_is_down_it_says_so_and_records_nothing(
    server: Server, papers_server: Papers
) -> None:
    await server.subscribe()
    papers_server.down = True
    assert (await post_extra(server)).startswith("I can't do that right now. Hugging Face answered with error 503.")
    assert await deliveries(server) == []


async def test_a_missing_permission_is_named(server: Server) -> None:
    await save(server)
    forbid(server, server.papers, "send_messages")
    assert (await post_extra(server)).startswith("I'm missing **Send Messages**")
    assert await deliveries(server) == []
