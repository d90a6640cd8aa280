"""`paperboy brand`: shows what will change on Discord, asks, and says what was changed."""

import pytest

from bot.brand import Part
from bot.layouts.brand import NAME
from bot.layouts.terminal import NOTHING_MISSING, describe_given_part
from tests.support.terminal import Terminal, is_one_clear_line
from tests.support.wire import TOKEN, Fault, Wire
from tests.support.wire_application import too_fast


@pytest.fixture
def terminal(terminal: Terminal, wire: Wire) -> Terminal:
    terminal.environment |= {"DISCORD_TOKEN": TOKEN, "PAPERBOY_DISCORD_API_URL": wire.api_url}
    return terminal


async def test_without_a_yes_it_shows_what_would_change_and_changes_nothing(terminal: Terminal, wire: Wire) -> None:
    ended = await terminal.run("brand")
    assert ended.code == 2
    assert 'name: "paperboy" → "Paperboy"' in ended.out
    assert [line.partition(":")[0] for line in ended.out.splitlines()[: len(Part)]] == list(Part)
    assert (wire.changes, "Add --yes" in ended.err) == ([], True)
    assert TOKEN not in ended.out + ended.err


async def test_it_says_what_was_changed_and_a_second_run_changes_nothing(terminal: Terminal, wire: Wire) -> None:
    ended = await terminal.run("brand", "--yes")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[len(Part) :] == [describe_given_part(each) for each in Part]
    assert wire.user["username"] == NAME
    changes = len(wire.changes)
    ended = await terminal.run("brand", "--yes")
    assert (ended.code, ended.out, ended.err) == (0, f"{NOTHING_MISSING}\n", "")
    assert len(wire.changes) == changes


async def test_only_the_parts_that_are_named_are_changed(terminal: Terminal, wire: Wire) -> None:
    ended = await terminal.run("brand", "--yes", "--only", "description", "--only", "tags")
    assert ended.code == 0
    assert [list(each) for each in wire.changes] == [["description"], ["tags"]]


async def test_when_discord_says_it_was_too_often_the_rest_is_changed_and_it_says_when_to_try_again(
    terminal: Terminal, wire: Wire
) -> None:
    wire.change_faults.extend([Fault(200), too_fast("avatar")])
    ended = await terminal.run("brand", "--yes")
    assert ended.code == 1
    assert is_one_clear_line(ended)
    assert "avatar: not changed. Discord lets a bot change it a few times an hour." in ended.err
    assert wire.application["tags"]


async def test_a_mistake_is_explained_in_one_line(terminal: Terminal, wire: Wire) -> None:
    assert (await terminal.run("brand", "--only", "hat")).is_mistake_in_usage("paperboy brand")
    terminal.environment["DISCORD_TOKEN"] = "wrong"
    ended = await terminal.run("brand", "--yes")
    assert ended.code == 2
    assert is_one_clear_line(ended)
    assert "DISCORD_TOKEN" in ended.err
    assert wire.changes == []
