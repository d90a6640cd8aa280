"""Modals over real HTTP: Discord opens none in answer to a modal, so a mistake is answered in the panel."""

from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.app import Services
from bot.layouts import panel as layout
from bot.storage import Draft
from bot.subscription.settings import PostingOptions
from cogs.helpers import panel as helper
from cogs.helpers.controls import Interaction
from tests.support.builders import Clock
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.discord_limits import check_message, walk
from tests.support.wire import Payload, Wire

CHANGE, MODAL = 7, 9  # types of answers


def find_id(body: Payload, ending: str) -> str:
    """The custom_id of a control of an answer."""
    (found,) = [
        each["custom_id"] for each in walk(body["data"]["components"]) if each.get("custom_id", "").endswith(ending)
    ]
    return str(found)


def read_fields(body: Payload) -> dict[str, Any]:
    """What the text fields of a modal hold."""
    assert body["type"] == MODAL
    fields = [each["component"] for each in body["data"]["components"]]
    return {each["custom_id"]: each.get("value") for each in fields if each["type"] == 4}


def choose_role(draft: Draft) -> Draft:
    return replace(draft, settings=replace(draft.settings, posting=PostingOptions(ping_role_id=5)))


async def open_the_panel(rig: DeliveryRig) -> Payload:
    return await rig.wire.command(rig.guild.general, "digest setup")


@pytest.mark.parametrize(
    ("part", "typed"),
    [
        ("time", {"time": "25:00", "timezone": "Germny"}),
        ("selection", {"filter": "after:someday", "min_upvotes": "lots"}),
        ("pings", {"ping_upvotes": "lots"}),
    ],
)
async def test_what_was_mistyped_in_a_modal_comes_back_in_the_next_one(
    services: Services, wire: Wire, clock: Clock, part: str, typed: dict[str, str]
) -> None:
    async with open_rig(services, wire, clock) as rig:
        panel = await open_the_panel(rig)
        draft = find_id(panel, ":save").split(":")[1]
        if part == "pings":  # its button is on the second page, once there is a role to ping
            await services.storage.drafts.change(draft, choose_role, clock.now)
            panel = await rig.wire.press(rig.guild.general, panel, f"panel:{draft}:more")
        opened = await rig.wire.press(rig.guild.general, panel, f"panel:{draft}:{part}")
        assert opened["data"]["custom_id"] == f"panel:{draft}:{part}"
        told = await rig.wire.submit(rig.guild.general, opened["data"]["custom_id"], panel, **typed)
        assert told["type"] == CHANGE
        check_message(told["data"] | {"flags": 1 << 15, "allowed_mentions": {"parse": []}})
        for text in typed.values():
            assert f"`{text}` doesn't work here" in str(told["data"]["components"])
        again = await rig.wire.press(rig.guild.general, told, find_id(told, f":correct:{part}"))
        assert read_fields(again) == typed


async def test_discord_refuses_a_modal_in_answer_to_a_modal(
    services: Services, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which the simulated Discord does not."""
    refused = []

    async def answer_with_a_modal(interaction: Interaction, *_: Any, **__: Any) -> None:
        draft = await interaction.client.services.storage.drafts.get(interaction.data["custom_id"].split(":")[1])  # type: ignore[index,typeddict-item]
        assert draft
        try:
            await interaction.response.send_modal(layout.build_time_modal(draft))
        except discord.HTTPException as error:
            refused.append(error.code)
            await interaction.response.send_message("no")

    async with open_rig(services, wire, clock) as rig:
        panel = await open_the_panel(rig)
        custom_id = find_id(panel, ":time")
        monkeypatch.setattr(helper, "_show_panel", answer_with_a_modal)
        told = await rig.wire.submit(rig.guild.general, custom_id, panel, time="25:00", timezone="UTC")
    assert (refused, told["data"]["content"]) == ([50035], "no")


async def test_a_modal_of_another_time_gets_an_answer(services: Services, wire: Wire, clock: Clock) -> None:
    async with open_rig(services, wire, clock) as rig:
        await open_the_panel(rig)
        told = await rig.wire.submit(rig.guild.general, "panel:ab:time", time="9:00")
    assert "This panel is closed." in str(told["data"]["components"])
