"""Settings that can never post, or cancel each other out, are pointed out with figures: in the panel and after Save."""

import pytest

from tests.support.panel import Panel
from tests.support.server import Server

SEVEN = "none of the 7 papers of the last"


async def test_more_upvotes_than_any_paper_had_are_pointed_out_before_and_after_saving(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="", min_upvotes="10,000")
    told = (
        "⚠️ **10,000 upvotes:** no paper of the last 2 days has that; the best of 7 has 70, so nothing would be posted."
    )
    assert told in panel.text
    await panel.click("Save")
    assert told in panel.text
    assert "Set up." in panel.text


async def test_the_best_paper_that_matches_the_filter_counts(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter='"paper 2601.00003"', min_upvotes="900")
    assert "no paper of the last 2 days that matches the filter has that; the only one has 50" in panel.text


async def test_the_commands_say_the_same(ready: Server) -> None:
    told = await ready.ask("digest edit", min_upvotes=10_000)
    assert "⚠️ **10,000 upvotes:** no paper of the last 2 days has that" in told
    told = await ready.ask("digest edit", min_upvotes=0, filter="quantum")
    assert f"⚠️ **Filter:** {SEVEN} 2 days matches." in told
    assert "⚠️" not in await ready.ask("digest edit", filter="none")
    told = await ready.ask("digest add", channel=ready.general, time="9:00", timezone="UTC", min_upvotes=9000)
    assert "⚠️ **9,000 upvotes:** no paper" in told


async def test_parts_of_a_filter_that_exclude_each_other_are_named_with_what_would_be_left(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="paper -paper", min_upvotes="0")
    assert f"{SEVEN} 2 days matches. Some would without `-paper` (7)." in panel.text
    await panel.type_in("Filter and upvotes", filter="paper min:9000", min_upvotes="0")
    assert "Some would without `min:9000` (7)." in panel.text


@pytest.mark.parametrize(
    "filter_", ["before:2026-01-01", "day:2025-12-24", "-after:2025", "before:8d", "(on:2025-12-24)"]
)
async def test_a_filter_for_the_past_alone_can_post_nothing_new(panel: Panel, filter_: str) -> None:
    await panel.type_in("Filter and upvotes", filter=filter_, min_upvotes="0")
    assert "⚠️ **Filter:** its dates leave out every new paper, so nothing would be posted." in panel.text


@pytest.mark.parametrize("filter_", ["after:2025", "before:2099", "-before:2025", "day:yesterday", "after:7d", "paper"])
async def test_a_filter_that_leaves_new_papers_gets_no_warning(panel: Panel, filter_: str) -> None:
    await panel.type_in("Filter and upvotes", filter=filter_, min_upvotes="0")
    assert "⚠️" not in panel.text


async def test_an_order_in_a_filter_does_nothing(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="paper sort:date", min_upvotes="0")
    assert "⚠️ **Filter:** `sort:` does nothing here. A digest begins with the most upvotes." in panel.text


async def test_a_ping_without_notifications_notifies_no_one(panel: Panel) -> None:
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", panel.server.guild.create_role("Readers", mentionable=True))
    assert "⚠️" not in panel.text
    await panel.click("Notifications: on")
    assert "⚠️ **The ping notifies no one**, because notifications are off." in panel.text
    await panel.click("Notifications: off")
    assert "⚠️" not in panel.text


async def test_a_ping_that_never_comes_or_always_comes_is_pointed_out(panel: Panel) -> None:
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", panel.server.guild.create_role("Readers", mentionable=True))
    await panel.type_in("Ping for every digest", ping_upvotes="900")
    assert "⚠️ **A ping at 900 upvotes:** no paper of the last 2 days has that; the best of 7 has 70" in panel.text
    await panel.type_in("Ping at 900 upvotes or more", ping_upvotes="20")
    await panel.click("Back")
    await panel.type_in("Filter and upvotes", filter="", min_upvotes="30")
    assert "Every paper has at least 30 upvotes here, so the ping at 20 comes with every digest." in panel.text


async def test_weekdays_that_a_weekly_recap_does_not_use_are_named(panel: Panel) -> None:
    await panel.pick("weekdays", "1", "3", "5")
    assert "⚠️" not in panel.text
    await panel.pick("cadence", "weekly")
    assert "A weekly recap comes once a week, on Tuesday. I don't use Thursday or Saturday." in panel.text
    await panel.pick("weekdays", "5")
    assert "⚠️" not in panel.text


async def test_an_archive_that_is_still_empty_warns_of_nothing(server: Server) -> None:
    assert "⚠️" not in await server.ask(
        "digest add", channel=server.papers, time="9:00", timezone="UTC", min_upvotes=10_000, filter="quantum"
    )


async def test_an_example_that_nobody_knows_is_named_with_what_to_do(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="like:2699.00001 OR paper", min_upvotes="0")
    assert (
        "⚠️ **Filter:** I don't have the paper `2699.00001`, so nothing is like it. Check the ID, or open it with "
        in panel.text
    )
    await panel.type_in("Filter and upvotes", filter="like:2601.00003", min_upvotes="0")
    assert "⚠️" not in panel.text
