"""Saving, notes and exports over real HTTP: in a server, in direct messages, and in a server without the bot."""

import json

import pypandoc
import pytest

from tests.support.delivery_rig import DeliveryRig
from tests.support.discord_limits import check_message
from tests.support.wire import Payload
from tests.support.wire_channels import SOMEBODY, Channel

PAPER = "2601.00003"


@pytest.fixture(params=["a server", "direct messages", "a server without the bot"])
def place(filled: DeliveryRig, request: pytest.FixtureRequest) -> Channel:
    if request.param == "a server":
        return filled.guild.general
    if request.param == "direct messages":
        return filled.wire.add_person().papers
    filled.wire.owners = {"1": SOMEBODY["id"]}
    return Channel(1, 999, request.param)


def seen_by_one(body: Payload) -> Payload:
    """An answer that Discord takes, and that only the one who asked sees."""
    check_message({"allowed_mentions": {"parse": []}, **body["data"]})
    assert body["data"]["flags"] & 1 << 6
    return body


async def test_a_paper_is_saved_noted_found_by_the_note_exported_and_removed(
    filled: DeliveryRig, place: Channel
) -> None:
    wire = filled.wire
    shown = await wire.command(place, "paper show", paper=PAPER)
    saved = seen_by_one(await wire.press(place, shown, f"save:{PAPER}"))
    assert "Saved **" in str(saved)
    modal = await wire.press(place, saved, f"note:{PAPER}")
    noted = await wire.submit(place, modal["data"]["custom_id"], saved, note="a zeppelin over it", tags="thesis")
    assert "a zeppelin over it" in str(noted)
    found = seen_by_one(await wire.command(place, "saved", query="zeppelin my:thesis"))
    assert f"Paper {PAPER}" in str(found)
    await wire.pick_in_answer(place, found, "export:", "RIS")
    name, file = wire.uploads[-1]
    (read,) = json.loads(pypandoc.convert_text(file.decode(), "csljson", format="ris"))
    assert (name, read["title"]) == ("saved-papers.ris", f"Paper {PAPER}")
    assert "a zeppelin over it" in file.decode()
    removed = seen_by_one(await wire.press(place, shown, f"save:{PAPER}"))
    assert "Removed **" in str(removed)
    assert "Nothing saved yet" in str(await wire.command(place, "saved"))
