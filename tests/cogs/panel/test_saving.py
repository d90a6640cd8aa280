"""Saving and canceling: a draft becomes one subscription, or none, and is never lost."""

import asyncio
from typing import Any

import pytest

from bot.layouts.refusals import BUG
from bot.refusals import Refusal
from bot.storage import Draft, SubscriptionState
from bot.storage.drafts import Drafts
from bot.storage.subscriptions import Subscriptions
from bot.subscription.schedule import Run
from tests.support.builders import DAY, MORNING, build_settings, explain
from tests.support.messages import answer, custom_ids
from tests.support.panel import Panel, open_panel
from tests.support.server import (
    Server,
    forbid,
    stale_button,
    subscriptions,
)


async def test_from_an_empty_server_to_the_first_digest(server: Server) -> None:
    opened = await open_panel(server)
    await opened.pick("channel_id", server.papers)
    await opened.type_in("Time and zone", time="9:00", timezone="UTC")
    await opened.pick("size", "3")
    await opened.click("Save")
    sentence = f"Every day at 09:00 UTC, the top 3 papers in <#{server.papers.id}>."
    assert opened.text.startswith(f"**Set up.** {sentence}\nNext digest <t:1768554000:f>")
    assert custom_ids(opened.message) == ["digest:extra:1:1", "digest:preview:1", "setup:new", "digest:show:1"]
    assert server.tables()["drafts"] == []
    await server.later(hours=1)
    (posted,) = server.posted
    assert "Paper 2601.00003" in posted
    assert "Paper 2601.00004" not in posted


async def test_a_new_panel_can_be_saved_as_it_is(panel: Panel) -> None:
    wanted = await panel.settings()
    await panel.click("Save")
    (saved,) = await subscriptions(panel.server)
    assert saved.settings == wanted
    assert saved.state is SubscriptionState.ACTIVE
    assert saved.next_run.at.timestamp() == 1768572000


async def test_save_clicked_twice_sets_up_one_subscription(panel: Panel) -> None:
    again = stale_button(panel.server, panel.id_of("save"))
    await panel.click("Save")
    assert answer(await panel.server.admin.click(again, label="Details")) == explain(Refusal.PANEL_CLOSED)
    assert len(await subscriptions(panel.server)) == 1


async def test_save_clicked_twice_at_the_same_moment_sets_up_one_subscription(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = await panel.draft()
    again = stale_button(panel.server, panel.id_of("save"))
    await panel.click("Save")

    async def as_it_was(*_: Any) -> Draft:  # the second click has read the draft before the first one ended it
        return draft

    monkeypatch.setattr(Drafts, "get", as_it_was)
    assert answer(await panel.server.admin.click(again, label="Details")) == explain(Refusal.PANEL_CLOSED)
    assert len(await subscriptions(panel.server)) == 1


async def test_when_many_end_a_draft_at_the_same_moment_only_one_gets_it(panel: Panel) -> None:
    drafts, wanted = panel.server.bot.services.storage.drafts, await panel.draft()
    ended = await asyncio.gather(*(drafts.delete(panel.draft_id) for _ in range(5)))
    assert [each for each in ended if each] == [wanted]


async def test_a_draft_that_could_not_be_saved_is_kept(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid(panel.server, panel.server.papers, "send_messages")
    await panel.pick("channel_id", panel.server.papers)
    before = await panel.draft()
    await panel.click("Save")
    assert panel.text.count("I'm missing **Send Messages**") == 1
    assert "✏️ I'm missing **Send Messages**" in panel.text
    assert "Nothing was changed." in panel.text
    assert await panel.draft() == before
    assert await subscriptions(panel.server) == []
    await panel.pick("channel_id", panel.server.general)
    await panel.click("Save")
    assert len(await subscriptions(panel.server)) == 1


async def test_a_draft_survives_a_failure_of_the_database(
    panel: Panel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def stumble(*_: Any, **__: Any) -> None:
        raise OSError("disk I/O error")

    before = await panel.draft()
    with monkeypatch.context() as patched:
        patched.setattr(Subscriptions, "add", stumble)
        assert answer(await panel.click("Save")) == BUG
    caplog.clear()
    assert await panel.draft() == before
    await panel.click("Save")
    assert len(await subscriptions(panel.server)) == 1


async def test_the_26th_subscription_is_refused_and_can_be_saved_once_there_is_room(panel: Panel) -> None:
    server = panel.server
    now, store = server.clock.now, server.bot.services.storage.subscriptions
    for _ in range(25):
        await store.add(server.guild.id, build_settings(server.papers.id), by=1, now=now, next_run=Run(DAY, MORNING))
    await panel.click("Save")
    assert f"✏️ {explain(Refusal.TOO_MANY_SUBSCRIPTIONS)}" in panel.text
    assert len(await subscriptions(server)) == 25
    await store.remove((await subscriptions(server))[0], by=1, now=now)
    await panel.click("Save")
    assert "**Set up.**" in panel.text


async def test_cancelling_changes_nothing(panel: Panel) -> None:
    await panel.pick("size", "3")
    await panel.click("Cancel")
    assert panel.text == "Cancelled. Nothing was changed."
    assert custom_ids(panel.message) == []
    assert await subscriptions(panel.server) == []
    assert panel.server.tables()["drafts"] == []


async def test_two_panels_of_one_admin_are_two_drafts(panel: Panel) -> None:
    other = await open_panel(panel.server)
    await panel.pick("size", "3")
    assert "the top 5 papers" in other.text
    assert (await other.settings()).selection.size == 5
