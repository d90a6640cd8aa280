"""A new subscription begins with one of a few subjects, each a filter with the papers it would have had."""

from datetime import timedelta
from typing import Any

import pytest

from bot.search import parse_query
from bot.subscription.presets import PRESETS
from bot.subscription.settings import MAX_FILTER_LENGTH
from tests.support.builders import DAY, entry
from tests.support.panel import Panel, open_panel
from tests.support.papers_server import Papers
from tests.support.server import Server, get_subscription

TITLES = {
    "2601.00010": "A large language model that plans",
    "2601.00011": "Video generation at night",
    "2601.00012": "Robots that fold laundry",
    "2601.00013": "Speech without words",
    "2601.00014": "Pruning LLMs",
}


@pytest.fixture
async def panel(server: Server, papers_server: Papers) -> Panel:
    """With a list of five papers, one of them with code, and an older one that counts no more."""
    code: dict[str, dict[str, Any]] = {"2601.00012": {"githubRepo": "https://github.com/somebody/laundry"}}
    listed = [entry(each, title=title, summary="What it is.", **code.get(each, {})) for each, title in TITLES.items()]
    papers_server.lists = {DAY: listed}
    await server.read_lists()
    old = DAY - timedelta(days=30)
    papers_server.lists[old] = [entry("2512.00001", old, title="A robot of last year")]
    await server.bot.services.archive.ensure_fresh_lists([old], server.clock.now)
    return await open_panel(server)


def described(panel: Panel) -> dict[str, str]:
    return {each["label"]: each["description"] for each in panel.select("preset")["options"]}


async def test_each_preset_says_how_many_papers_it_would_have_had(panel: Panel) -> None:
    counts = {
        "About everything": "5 papers",
        "Language models": "2 papers",
        "Vision": "1 paper",
        "Robotics": "1 paper",
        "Audio": "1 paper",
        "Only with code": "1 paper",
    }
    assert described(panel) == {label: f"{count} in the last 30 days" for label, count in counts.items()}
    assert panel.defaults("preset") == ["everything"]


async def test_a_preset_is_a_filter_that_the_sentence_names(panel: Panel) -> None:
    await panel.pick("preset", "robotics")
    assert "the top 5 papers about robotics in" in panel.text
    assert "Last week this would have matched 1 of 5 papers." in panel.text
    assert panel.defaults("preset") == ["robotics"]
    await panel.click("Save")
    assert "the top 5 papers about robotics in" in panel.text
    assert (await get_subscription(panel.server)).settings.selection.filter == PRESETS["robotics"]


async def test_a_preset_can_be_changed_like_any_filter(panel: Panel) -> None:
    await panel.pick("preset", "code")
    await panel.type_in("Filter and upvotes", filter="has:code diffusion", min_upvotes="3")
    assert panel.defaults("preset") == []
    await panel.pick("preset", "everything")
    assert (await panel.settings()).selection.filter == ""
    assert (await panel.settings()).selection.min_upvotes == 3


async def test_a_preset_takes_the_place_of_a_filter_that_was_mistyped(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="after:someday", min_upvotes="0")
    await panel.pick("preset", "audio")
    assert "✏️" not in panel.text


async def test_a_subscription_that_exists_keeps_its_filter_and_is_offered_none(server: Server) -> None:
    await server.subscribe(filter="diffusion")
    assert "preset" not in (await open_panel(server, "1")).parts


@pytest.mark.parametrize("filter_", PRESETS.values(), ids=PRESETS.keys())
def test_each_preset_is_a_filter_that_could_be_typed(filter_: str) -> None:
    assert not parse_query(filter_, DAY).mistakes
    assert len(filter_) <= MAX_FILTER_LENGTH
