"""Typing a filter and upvotes: what is right is kept, what is wrong is explained."""

import pytest

from bot.refusals import Refusal
from bot.storage.digest_settings import diff_settings
from bot.subscription.settings import Selection
from tests.support.builders import explain
from tests.support.messages import options
from tests.support.panel import Panel


async def test_a_filter_is_counted_against_last_week(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter='"paper 2601.00003"', min_upvotes="0")
    assert "Last week this would have matched 1 of 7 papers." in panel.text
    await panel.type_in("Filter and upvotes", filter="", min_upvotes="35")
    assert "Last week this would have matched 4 of 7 papers." in panel.text
    assert "with at least 35 upvotes" in panel.text
    await panel.type_in("Filter and upvotes", filter="", min_upvotes="")
    assert "Last week had 7 papers to choose from." in panel.text
    assert (await panel.settings()).selection == Selection()


async def test_typing_a_filter_offers_no_other_time_zones(panel: Panel) -> None:
    await panel.type_in("Time and zone", time="9:00", timezone="Tokyo")
    await panel.type_in("Filter and upvotes", filter="paper", min_upvotes="0")
    assert options(panel.message, panel.id_of("timezone")) == []


async def test_a_filter_and_upvotes_are_typed_and_nothing_else_changes(panel: Panel) -> None:
    before = await panel.settings()
    await panel.type_in("Filter and upvotes", filter="  tag:diffusion   models ", min_upvotes="1,000")
    changed = {"filter": ["", "tag:diffusion models"], "min_upvotes": [0, 1000]}
    assert diff_settings(before, await panel.settings()) == changed


async def test_a_wrong_filter_is_explained_and_the_upvotes_typed_with_it_are_kept(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="after:someday", min_upvotes="7")
    assert "`after:someday` doesn't work here." in panel.text
    assert "I don't understand `after:someday`. Write it like" in panel.text
    assert (await panel.settings()).selection == Selection(min_upvotes=7)


@pytest.mark.parametrize("typed", ["many", "-1", "10001", "1.5", "²", "1e3"])
async def test_wrong_upvotes_are_explained_and_the_filter_typed_with_them_is_kept(panel: Panel, typed: str) -> None:
    await panel.type_in("Filter and upvotes", filter="diffusion", min_upvotes=typed)
    assert f"`{typed}` doesn't work here. {explain(Refusal.UPVOTES_UNCLEAR)}" in panel.text
    assert (await panel.settings()).selection == Selection(filter="diffusion")
