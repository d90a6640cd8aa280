"""Everyone who does something hears from the bot before Discord gives up on it, and gets an answer in the end."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from bot import answering
from bot.layouts.refusals import BUG
from bot.layouts.results import SHARED
from bot.refusals import Refusal
from bot.storage.database import READERS
from cogs.helpers.controls import Control, ModalHandler
from tests.support import builders
from tests.support.builders import explain
from tests.support.commands import commands, filled
from tests.support.messages import answer, read_texts
from tests.support.panel import Panel, open_panel
from tests.support.paths import ROOT
from tests.support.server import Server, stale_button, stale_select

ANSWER, ANNOUNCEMENT, ANNOUNCED_CHANGE = 4, 5, 6  # types of first answers
BUTTONS = {  # one of each kind, as it may be in some message
    "find": "n1:paper",
    "share": "1:paper",
    "top": "n1:week:2026-01-15",
    "posted": "n1:month",
    "quiet": "ab",
    **dict.fromkeys(("details", "similar", "cite", "another"), "2601.00001"),
    **dict.fromkeys(("share-card", "share-similar"), "2601.00001"),
    "feed": f"1#{'0' * 24}",
    "server-feed": "show:0",
    "share-top": "1:week:2026-01-15",
    "share-posted": "1:month",
    "setup": "new",
    "forget": "everything",
    "erase": "{me}",
    "digest": "show:1",
    "subscriptions": "all",
    **dict.fromkeys(("hub", "near"), "1:paper"),
    "papers": "1:2601.00001 2601.00002",
    "copy": "1:5",
    "follow": "paper:2601.00001",
    "request": "see-d:||paper",
    "following": "show",
    "clock": "following:use:9:00|UTC",
    "stop": "all",
    "less": "ab:2601.00001",
    "mute": "2601.00001",
    "why": f"undo:2601.00001:{'0' * 24}",
    "inbox": "show",
    "get": "inbox",
    "saved": "e1:",
    "savedone": "show:2601.00001",
    "note": "2601.00001",
    "save": "2601.00001",
    "saving": "undo:2601.00001",
    "listed": "n1:2026-01-14:2026-01-15",
    "settings": "1",
}
ANSWERS = r"\.response\.(send|edit|defer|autocomplete)|\.followup\b|original_response"
SELECTS = {"pick": "2601.00001", "tag": "paper", "savedpick": "2601.00001", "export:s:": "RIS"}  # by custom_id


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is not ready at once is announced."""
    monkeypatch.setattr(answering, "DEFER_AFTER", 0)


@asynccontextmanager
async def database_held(server: Server) -> AsyncIterator[None]:
    """Until this ends, nothing is read or written."""
    database = server.bot.services.storage.papers._database
    readers = [await database._readers.get() for _ in range(READERS)]
    free = threading.Event()
    writing = asyncio.create_task(database.write(lambda _: free.wait()))
    try:
        yield
    finally:
        free.set()
        for reader in readers:
            database._readers.put_nowait(reader)
        await writing


def first_answers(server: Server) -> list[int]:
    """The types of the first answers to all interactions, in order."""
    sent = [each for each in server.env.http_requests if each.path.endswith("/callback")]
    return [each.json["type"] for each in sent if isinstance(each.json, dict)]


async def told_while_held(
    server: Server, act: Coroutine[Any, Any, Any], held: AbstractAsyncContextManager[None] | None = None
) -> tuple[int, Any]:
    """What kind of first answer a person gets while something is blocked, and the result of it all in the end."""
    known = len(first_answers(server))
    async with held or database_held(server):
        acting = asyncio.create_task(act)
        while len(first_answers(server)) == known:
            assert not acting.done(), await acting
            await asyncio.sleep(0)
        kind = first_answers(server)[known]
    return kind, await acting


async def test_every_command_says_something_while_the_database_hangs(ready: Server) -> None:
    announced = set()
    for name, options in commands(ready):
        kind, result = await told_while_held(ready, ready.admin.slash(ready.general, name, **filled(ready, options)))
        assert kind in {ANSWER, ANNOUNCEMENT}, name
        announced |= {name} if kind == ANNOUNCEMENT else set()
        assert answer(result) != BUG, name
        await ready.subscribe()  # `remove` took one away
    assert {name for name, _ in commands(ready)} - announced == {"help", "privacy about"}


async def test_every_button_and_select_says_something_while_the_database_hangs(ready: Server) -> None:
    selects = {custom_id.partition(":")[0] for custom_id in SELECTS}
    assert {*BUTTONS, *selects, "panel", "search"} == Control.registry.keys()  # these open modals at once
    for kind, rest in BUTTONS.items():
        custom_id = f"{kind}:{rest}".format(me=ready.admin.id)
        message = stale_button(ready, custom_id)
        await hears_before_it_is_answered(ready, ready.admin.click(message, custom_id=custom_id))
    for custom_id, value in SELECTS.items():
        message = stale_select(ready, custom_id, value)
        await hears_before_it_is_answered(ready, ready.admin.select(message, [value], custom_id=custom_id))


async def hears_before_it_is_answered(server: Server, act: Coroutine[Any, Any, Any]) -> None:
    kind, result = await told_while_held(server, act)
    assert kind == ANNOUNCEMENT
    assert read_texts(result.response.message) not in {"", BUG}


@pytest.fixture
async def panel(ready: Server) -> Panel:
    return await open_panel(ready)


async def test_a_slow_change_in_a_panel_updates_the_same_message(panel: Panel) -> None:
    kind, result = await told_while_held(panel.server, panel.pick("size", "3"))
    assert (kind, result.followups) == (ANNOUNCED_CHANGE, [])
    assert (await panel.settings()).selection.size == 3
    assert panel.defaults("size") == ["3"]


async def test_a_slow_change_from_a_modal_updates_the_same_panel(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ModalHandler.registry.keys() == {"clock", "follow", "note", "panel", "search", "why"}
    monkeypatch.setattr(answering, "DEFER_AFTER", 60)
    shown = await panel.click("Time and zone")
    monkeypatch.setattr(answering, "DEFER_AFTER", 0)
    kind, result = await told_while_held(
        panel.server, panel.actor.submit_modal(shown, {"time": "18:30", "timezone": "UTC"})
    )
    assert (kind, result.followups) == (ANNOUNCED_CHANGE, [])
    assert "18:30" in panel.text


async def test_a_button_that_cannot_open_its_modal_in_time_says_so(panel: Panel) -> None:
    kind, result = await told_while_held(panel.server, panel.click("Time and zone"))
    assert kind == ANNOUNCED_CHANGE
    (told,) = result.followups
    assert (read_texts(told.message), told.ephemeral) == (explain(Refusal.TOOK_TOO_LONG), True)


async def test_a_shared_answer_appears_to_everybody_once_it_is_ready(ready: Server) -> None:
    asking = ready.member.slash(ready.general, "paper search", query="paper", share=True)
    kind, result = await told_while_held(ready, asking)
    assert (kind, answer(result)) == (ANNOUNCEMENT, SHARED)
    (shared,) = ready.general.history(viewer=ready.guild.owner)
    assert [each.id for each in result.followups] == [shared.id]
    assert "Paper 2601.00001" in read_texts(shared)


async def test_only_the_person_who_asked_learns_that_there_was_nothing_to_share(ready: Server) -> None:
    asking = ready.member.slash(ready.general, "paper search", query='"no such thing"', share=True)
    kind, result = await told_while_held(ready, asking)
    assert kind == ANNOUNCEMENT
    assert "no such thing" in answer(result)
    assert ready.general.history(viewer=ready.guild.owner) == []


async def test_digest_why_is_announced_while_the_index_is_written(ready: Server) -> None:
    await ready.ask("digest edit", filter="paper")
    services = ready.bot.services
    await services.storage.papers.record_paper(builders.paper("2601.00099"), ready.clock.now)  # not in the index yet
    asking = ready.admin.slash(ready.general, "digest why", paper="2601.00001")
    kind, result = await told_while_held(ready, asking, services.archive._index_lock)
    assert kind == ANNOUNCEMENT
    assert "may come with the run of" in answer(result)


def test_only_one_module_answers_interactions() -> None:
    """An answer from elsewhere could come too late, or collide with an announcement."""
    sources = [path for folder in ("bot", "cogs") for path in (ROOT / folder).rglob("*.py")]
    answering_ones = [path for path in sources if re.search(ANSWERS, path.read_text(encoding="utf-8"))]
    assert answering_ones == [ROOT / "bot" / "answering.py"]
