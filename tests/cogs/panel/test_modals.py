"""Modals: they open with what is set, and are read whichever way Discord sends them."""

from typing import Any

import pytest
import simcord

from bot.layouts import panel as layout
from bot.refusals import Refusal
from bot.storage import Draft
from cogs.helpers.controls import _read_typed
from tests.support.builders import explain
from tests.support.messages import answer
from tests.support.panel import NEW_YORK, Panel


def value(result: simcord.InteractionResult, field: str) -> str | None:
    """What a modal's field holds when it opens."""
    modal = result.modal
    assert modal
    (found,) = [each["component"] for each in modal["components"] if each["component"]["custom_id"] == field]
    return found.get("value")  # type: ignore[no-any-return]


async def test_modals_open_with_what_is_set(panel: Panel) -> None:
    shown = await panel.click("Time and zone")
    assert (value(shown, "time"), value(shown, "timezone")) == ("09:00", NEW_YORK)
    await panel.server.admin.submit_modal(shown, {"time": "6:30pm", "timezone": "Tokyo"})
    await panel.type_in("Filter and upvotes", filter="tag:diffusion", min_upvotes="25")
    again = await panel.click("Time and zone")
    assert (value(again, "time"), value(again, "timezone")) == ("18:30", "Asia/Tokyo")
    selection = await panel.click("Filter and upvotes")
    assert (value(selection, "filter"), value(selection, "min_upvotes")) == ("tag:diffusion", "25")


async def test_a_modal_is_not_kept_in_memory(panel: Panel) -> None:
    await panel.click("Time and zone")
    assert panel.server.bot._connection._view_store._modals == {}
    assert panel.server.bot._connection._view_store._views == {}


async def test_a_forged_modal_gets_an_answer(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_make_control_id", lambda *_: "panel:?")
    shown = await panel.click("Time and zone")
    result = await panel.server.admin.submit_modal(shown, {"time": "9:00", "timezone": "UTC"})
    assert answer(result) == explain(Refusal.PANEL_CLOSED)


async def test_a_modal_opened_before_an_update_says_that_the_panel_is_closed_and_changes_nothing(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = layout._build_modal_field

    def build_old(draft: Draft, name: str, *args: Any, **options: Any) -> Any:
        return build(draft, "query" if name == "filter" else name, *args, **options)

    monkeypatch.setattr(layout, "_build_modal_field", build_old)
    shown, before = await panel.click("Filter and upvotes"), await panel.settings()
    result = await panel.server.admin.submit_modal(shown, {"query": "diffusion", "min_upvotes": "7"})
    assert answer(result) == explain(Refusal.PANEL_CLOSED)
    assert await panel.settings() == before


async def test_a_modal_that_is_not_the_panels_is_left_alone(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_make_control_id", lambda *_: "panels:abc:time")
    shown = await panel.click("Time and zone")
    result = await panel.server.admin.submit_modal(shown, {"time": "9:00", "timezone": "UTC"})
    assert not result.acknowledged


def test_typed_text_is_read_from_labels_and_from_rows() -> None:
    label = {"type": 18, "id": 1, "component": {"type": 4, "custom_id": "time", "value": "9:00"}}
    row = {"type": 1, "components": [{"type": 4, "custom_id": "timezone", "value": ""}]}
    text = {"type": 10, "id": 2}
    assert dict(_read_typed([label, text, row])) == {"time": "9:00", "timezone": ""}
