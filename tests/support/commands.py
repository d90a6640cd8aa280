"""Every slash command as it is registered, with good values for its options."""

from collections.abc import Iterator
from typing import Any

from simcord.interactions import command_leaves

from tests.support.server import Server

STRING, INTEGER, BOOLEAN, CHANNEL = 3, 4, 5, 7
GOOD = {
    "time": "9:00",
    "timezone": "Europe/Berlin",
    "weekdays": "weekdays",
    "query": "paper",
    "filter": "paper",
    "paper": "2601.00001",
    "period": "week",
    "date": "2026-01-15",
    "subscription": "1",
    "sort": "upvotes",
    "tag": "thesis",
    "format": "plain",
}


def commands(server: Server) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every command as it is registered with Discord: its full name and its options."""
    for root in server.env.backend.visible_commands(user_id=server.admin.id, channel_id=server.general.id):
        for path, leaf in command_leaves(root):
            yield " ".join(path), leaf.get("options") or []


def text_options(server: Server, *, completed: bool = False) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Every free text option, with its command and the command's other options."""
    return [
        (name, each["name"], [other for other in options if completed or other is not each])
        for name, options in commands(server)
        for each in options
        if each["type"] == STRING and not each.get("choices") and (each.get("autocomplete") or not completed)
    ]


def filled(server: Server, options: list[dict[str, Any]], *, optional: bool = False) -> dict[str, Any]:
    """Good values for the required options, or for all of them."""
    return {each["name"]: good(server, each) for each in options if optional or each.get("required")}


def good(server: Server, option: dict[str, Any]) -> Any:
    if option["type"] == CHANNEL:
        return server.papers
    if option["type"] == BOOLEAN:
        return False
    if option.get("choices"):
        return option["choices"][-1]["value"]
    return option["max_value"] if option["type"] == INTEGER else GOOD[option["name"]]
