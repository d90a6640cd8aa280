"""`/privacy export` over real HTTP: the file comes with the answer, also with one that was announced."""

import asyncio
import json
from typing import Any

import pytest

from bot import answering, export
from bot.layouts import privacy
from tests.support.delivery_rig import DeliveryRig, readers_held
from tests.support.people import furnish
from tests.support.wire_channels import SOMEBODY

ME = int(SOMEBODY["id"] or 0)


def read_upload(rig: DeliveryRig) -> dict[str, Any]:
    ((name, content),) = rig.wire.uploads
    assert name == "paperboy-data.json"
    read: dict[str, Any] = json.loads(content)
    return read


async def test_the_file_arrives_whole_and_for_nobody_else(rig: DeliveryRig) -> None:
    await furnish(rig.storage, ME)
    body = await rig.wire.command(rig.guild.general, "privacy export")
    assert body["data"]["flags"] == 64  # only who asked sees it
    assert [each["filename"] for each in body["data"]["attachments"]] == ["paperboy-data.json"]
    assert "as a JSON file" in body["data"]["content"]
    assert read_upload(rig)["user_id"] == str(ME)


async def test_an_export_that_takes_long_is_announced_and_comes_later(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await furnish(rig.storage, ME)
    monkeypatch.setattr(answering, "DEFER_AFTER", 0)
    async with readers_held(rig):
        asking = asyncio.create_task(rig.wire.command(rig.guild.general, "privacy export"))
        await rig.wire.announced.wait()
        assert rig.wire.first_answers == [{"type": 5, "data": {"flags": 64}}]
    await asking
    assert len(read_upload(rig)["deliveries"]) == 16


async def test_the_longest_file_is_one_that_discord_takes(rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(rig.storage, ME)
    at_most = b"{}".ljust(export.MAX_FILE)
    monkeypatch.setattr(export, "build_export", lambda *_: at_most)
    await rig.wire.command(rig.guild.general, "privacy export")
    assert rig.wire.uploads == [("paperboy-data.json", at_most)]


async def test_deleting_with_the_button_deletes_and_says_so(rig: DeliveryRig) -> None:
    await furnish(rig.storage, ME)
    asked = await rig.wire.command(rig.guild.general, "privacy delete")
    body = await rig.wire.press(rig.guild.general, asked, f"erase:{ME}")
    assert body["data"]["content"] == rig.bot.mentions.mention_in_text(privacy.PERSON_DELETED)
    assert (await rig.storage.people.read_data(ME)).is_empty
