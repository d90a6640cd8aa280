"""Typing a time and a time zone: what is right is kept, what is wrong is explained."""

from datetime import time

import pytest

from bot.storage.digest_settings import diff_settings
from tests.support.messages import options
from tests.support.panel import MAIN_PARTS, NEW_YORK, Panel


async def test_a_time_and_zone_are_typed_and_nothing_else_changes(panel: Panel) -> None:
    before = await panel.settings()
    await panel.type_in("Time and zone", time="6:30 pm", timezone="tokyo")
    assert diff_settings(before, await panel.settings()) == {
        "time": ["09:00", "18:30"],
        "timezone": [NEW_YORK, "Asia/Tokyo"],
    }
    assert "Every day at 18:30 Asia/Tokyo" in panel.text
    assert "✏️" not in panel.text


@pytest.mark.parametrize("typed", ["25:00", "99", "nine", "24:00", "-1:00", "`@everyone`", "12:60"])
async def test_a_wrong_time_is_explained_and_the_zone_typed_with_it_is_kept(panel: Panel, typed: str) -> None:
    await panel.type_in("Time and zone", time=typed, timezone="Asia/Tokyo")
    assert f"✏️ `{typed.replace('`', chr(39))}` doesn't work here. A time looks" in panel.text
    known = (await panel.settings()).schedule
    assert (known.time, known.timezone.key) == (time(9), "Asia/Tokyo")
    assert panel.parts[-5:] == ["correct:time", "dismiss", "preview", "save", "cancel"]


@pytest.mark.parametrize("typed", ["Mordor", "../../etc/passwd", "Europe/", "\\", "%"])
async def test_a_wrong_zone_is_explained_and_the_time_typed_with_it_is_kept(panel: Panel, typed: str) -> None:
    await panel.type_in("Time and zone", time="7:15", timezone=typed)
    assert "doesn't work here" in panel.text
    known = (await panel.settings()).schedule
    assert (known.time, known.timezone.key) == (time(7, 15), NEW_YORK)


async def test_two_things_typed_wrongly_are_both_explained(panel: Panel) -> None:
    before = await panel.settings()
    await panel.type_in("Time and zone", time="late", timezone="Mordor")
    assert "`late` doesn't work here" in panel.text
    assert "`Mordor` doesn't work here" in panel.text
    assert await panel.settings() == before


async def test_blanks_typed_for_a_time_are_explained(panel: Panel) -> None:
    await panel.type_in("Time and zone", time=" ", timezone="UTC")
    assert "✏️ A time looks like" in panel.text


async def test_a_place_name_that_several_time_zones_share_offers_the_others(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="9:00", timezone="portland")
    assert "at 09:00 America/Los_Angeles" in panel.text
    offered = options(panel.message, panel.id_of("timezone"))
    assert NEW_YORK in offered
    assert "America/Los_Angeles" not in offered
    assert panel.select("timezone")["placeholder"].startswith("Another time zone")
    before = await panel.settings()
    await panel.pick("timezone", NEW_YORK)
    assert diff_settings(before, await panel.settings()) == {"timezone": ["America/Los_Angeles", NEW_YORK]}
    assert panel.parts == [each for each in MAIN_PARTS if each != "timezone"]  # it is no guess any more


async def test_a_country_with_several_time_zones_offers_them_and_changes_nothing(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="9:00", timezone="australia")
    assert "That place has several time zones" in panel.text
    assert (await panel.settings()).schedule.timezone.key == NEW_YORK
    offered = options(panel.message, panel.id_of("timezone"))
    assert "Australia/Sydney" in offered
    assert len(offered) <= 25
    await panel.pick("timezone", "Australia/Sydney")
    assert "at 09:00 Australia/Sydney" in panel.text
