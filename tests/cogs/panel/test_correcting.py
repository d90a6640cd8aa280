"""What was mistyped is never lost: it waits in the draft, and a button opens the modal with it again."""

from datetime import time, timedelta

import pytest

from bot.refusals import Refusal
from bot.storage.drafts import KEPT_FOR
from tests.support.builders import explain
from tests.support.messages import answer, custom_ids
from tests.support.panel import NEW_YORK, Panel, open_panel, read_modal
from tests.support.server import Server, get_subscription, subscriptions

MISTAKES = {
    "Time and zone": {"time": "25:00", "timezone": "Germny"},
    "Filter and upvotes": {"filter": "after:someday  diffusion", "min_upvotes": "many"},
}


@pytest.mark.parametrize("label", MISTAKES)
async def test_the_modal_opens_again_with_exactly_what_was_typed(panel: Panel, label: str) -> None:
    before = await panel.settings()
    await panel.type_in(label, **MISTAKES[label])
    assert await panel.settings() == before
    assert read_modal(await panel.click("Correct it")) == MISTAKES[label]
    assert read_modal(await panel.click(label)) == MISTAKES[label]  # its own button has it too


async def test_valid_fields_are_taken_and_the_others_wait(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="18:30", timezone="Mordor")
    assert (await panel.settings()).schedule.time == time(18, 30)
    shown = await panel.click("Correct it")
    assert read_modal(shown) == {"time": "18:30", "timezone": "Mordor"}
    await panel.actor.submit_modal(shown, {"time": "18:30", "timezone": "Tokyo"})
    assert "at 18:30 Asia/Tokyo" in panel.text
    assert "✏️" not in panel.text
    assert "dismiss" not in panel.parts


async def test_the_ping_of_the_second_page_is_corrected_there(panel: Panel) -> None:
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", panel.server.guild.create_role("Readers", mentionable=True))
    await panel.type_in("Ping for every digest", ping_upvotes="lots")
    assert "`lots` doesn't work here." in panel.text
    await panel.correct(ping_upvotes="50")
    assert "at 50 upvotes or more" in panel.text
    assert "back" in panel.parts


async def test_a_mistake_stays_in_sight_until_it_is_corrected_or_dismissed(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="25:00", timezone="UTC")
    await panel.pick("size", "3")
    assert "✏️ `25:00` doesn't work here." in panel.text
    await panel.click("Threads and pings")
    assert "✏️ `25:00` doesn't work here." in panel.text
    await panel.click("Leave it as it was")
    assert "✏️" not in panel.text
    assert (await panel.draft()).mistyped == {}
    assert read_modal(await panel.click("Time and zone"))["time"] == "09:00"


async def test_it_still_waits_after_a_restart(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="25:00", timezone="Germny")
    await panel.server.restart()
    assert read_modal(await panel.click("Correct it")) == MISTAKES["Time and zone"]


async def test_mistakes_of_two_modals_have_a_button_each(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="25:00", timezone="UTC")
    await panel.type_in("Filter and upvotes", filter="min:lots", min_upvotes="0")
    assert panel.parts[-6:] == ["correct:time", "correct:selection", "dismiss", "preview", "save", "cancel"]
    await panel.correct("Correct the filter", filter="min:5")
    assert (await panel.settings()).selection.filter == "min:5"
    assert "✏️ `25:00` doesn't work here." in panel.text


async def test_a_misspelled_country_suggests_the_right_one(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="9:00", timezone="Germny")
    assert "`Germny` doesn't work here. Did you mean **Germany**?" in panel.text
    assert "timezone" not in panel.parts  # a select of them would be too much
    await panel.click("Use Germany")
    assert "at 09:00 Europe/Berlin" in panel.text
    assert "✏️" not in panel.text


async def test_what_was_meant_can_be_picked_in_the_modal_too(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="9:00", timezone="Germny")
    shown = await panel.click("Correct it")
    picked = {"picked_timezone": ["Europe/Berlin"]}
    await panel.actor.submit_modal(shown, read_modal(shown) | picked)
    assert "at 09:00 Europe/Berlin" in panel.text
    assert "✏️" not in panel.text


async def test_what_was_mistyped_is_gone_with_the_draft(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="after:someday", min_upvotes="7")
    await panel.click("Save")
    assert "✏️ `after:someday` doesn't work here." in panel.text
    assert (await get_subscription(panel.server)).settings.selection.min_upvotes == 7
    assert panel.server.tables()["drafts"] == []
    other = await open_panel(panel.server)
    await other.type_in("Time and zone", time="late", timezone="UTC")
    drafts = panel.server.bot.services.storage.drafts
    await drafts.delete_old(panel.server.clock.now + KEPT_FOR + timedelta(seconds=1))
    assert answer(await other.click("Correct it")) == explain(Refusal.PANEL_CLOSED)


async def test_a_mistake_in_a_command_loses_no_other_option(server: Server) -> None:
    result = await server.subscribe(time="25:00", timezone="Germny", weekdays="someday", size=7, filter="diffusion")
    text = answer(result)
    assert "`25:00` doesn't work here." in text
    assert "Did you mean **Germany**?" in text
    assert "`someday` doesn't work here." in text
    assert await subscriptions(server) == []
    assert result.response
    opened = Panel(server, result.response, server.admin)
    assert [each.rpartition(":")[2] for each in custom_ids(result.response)] == [
        "Europe/Berlin",
        "time",
        "days",
        "back",
    ]
    shown = await opened.click("Correct the time and zone")
    assert read_modal(shown) == {"time": "25:00", "timezone": "Germny"}
    await opened.actor.submit_modal(shown, {"time": "7:15", "timezone": "Germany"})
    assert f"at 07:15 Europe/Berlin, the top 7 papers about *diffusion* in <#{server.papers.id}>" in opened.text
    shown = await opened.click("Correct it")
    assert read_modal(shown) == {"weekdays": "someday"}
    await opened.actor.submit_modal(shown, {"weekdays": "mon, thu"})
    await opened.click("Save")
    assert (await get_subscription(server)).settings.schedule.weekdays == {0, 3}


async def test_the_panel_of_a_mistaken_command_has_everything_that_was_understood(server: Server) -> None:
    result = await server.subscribe(time="25:00", timezone="tokyo", size=7)
    assert result.response
    opened = Panel(server, result.response, server.admin)
    await opened.click("Open the panel")
    assert f"at 09:00 Asia/Tokyo, the top 7 papers in <#{server.papers.id}>" in opened.text
    assert "✏️ `25:00` doesn't work here." in opened.text


async def test_a_mistake_in_an_edit_keeps_the_rest_for_the_same_subscription(server: Server) -> None:
    await server.subscribe()
    result = await server.admin.slash(server.general, "digest edit", size=2, filter="x" * 5000)
    assert explain(Refusal.FILTER_TOO_LONG, number=300) in answer(result)
    assert result.response
    opened = Panel(server, result.response, server.admin)
    assert read_modal(await opened.click("Correct it"))["filter"] == "x" * 4000  # the longest that a modal can hold
    await opened.correct(filter="diffusion")
    await opened.click("Save")
    (only,) = await subscriptions(server)
    assert (only.settings.selection.size, only.settings.selection.filter) == (2, "diffusion")


async def test_a_command_without_a_time_zone_in_it_is_guessed_until_one_is_chosen(server: Server) -> None:
    result = await server.subscribe(timezone="Mordor")
    assert result.response
    opened = Panel(server, result.response, server.admin)
    await opened.click("Open the panel")
    assert f"at 09:00 {NEW_YORK}" in opened.text
