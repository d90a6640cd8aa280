"""*Papers in this message* over real HTTP: messages of all kinds, in servers, direct messages, and without the bot."""

from typing import Any

import discord
import pytest

from bot.demo.papers_server import PapersServer
from bot.layouts.commands import PAPERS_IN_MESSAGE
from tests.support.builders import entry
from tests.support.delivery_rig import DeliveryRig
from tests.support.discord_limits import check_message
from tests.support.wire import Kind, Payload
from tests.support.wire_channels import SOMEBODY, Channel

READER = int(str(SOMEBODY["id"]))
ELSEWHERE = Channel(1, 999, "a server without the bot")
EMBED = {
    "type": "rich",
    "title": "2601.00001",
    "url": "https://arxiv.org/abs/2601.00002",
    "description": "see hf.co/papers/2601.00003",
    "fields": [{"name": "arXiv:2601.00004", "value": "[pdf](https://arxiv.org/pdf/2601.00005)", "inline": False}],
    "footer": {"text": "10.48550/arXiv.2601.00006"},
}
BUTTON = {"type": 2, "id": 3, "style": 5, "label": "PDF", "url": "https://arxiv.org/pdf/2601.00002v2.pdf"}
LAYOUT = {
    "type": 17,
    "id": 1,
    "accent_color": None,
    "spoiler": False,
    "components": [
        {
            "type": 9,
            "id": 2,
            "components": [{"type": 10, "id": 4, "content": "**2601.00001**"}],
            "accessory": BUTTON,
        },
        {"type": 1, "id": 5, "components": [BUTTON | {"id": 6, "url": "https://alphaxiv.org/abs/2601.00003"}]},
    ],
}
FORWARDED = {
    "message": {
        "type": 0,
        "content": "https://arxiv.org/abs/2601.00004",
        "embeds": [EMBED],
        "attachments": [],
        "timestamp": "2026-01-15T12:00:00+00:00",
        "edited_timestamp": None,
        "flags": 0,
        "mentions": [],
        "mention_roles": [],
    }
}
POLL = {
    "question": {"text": "2601.00001 or"},
    "answers": [{"answer_id": 1, "poll_media": {"text": "arXiv:2601.00002"}}],
    "expiry": "2026-01-16T12:00:00+00:00",
    "allow_multiselect": False,
    "layout_type": 1,
}
FILE = {
    "id": "5",
    "filename": "2601.00007v1.pdf",
    "size": 9,
    "url": "https://cdn.discordapp.com/attachments/1/5/2601.00007v1.pdf",
    "proxy_url": "https://media.discordapp.net/attachments/1/5/2601.00007v1.pdf",
}


async def ask(rig: DeliveryRig, message: Payload, channel: Channel | None = None) -> Payload:
    body = await rig.wire.use_on_message(channel or rig.guild.general, PAPERS_IN_MESSAGE, message)
    check_message({"allowed_mentions": {"parse": []}, **body["data"]})
    return body


def list_picks(body: Payload) -> list[str]:
    (container,) = body["data"]["components"]
    options: list[dict[str, Any]] = next(
        row["components"][0]["options"] for row in container["components"] if row["type"] == 1
    )
    return [each["value"][-5:] for each in options]


@pytest.mark.parametrize(
    ("message", "numbers"),
    [
        ({"content": "2601.00002", "embeds": [EMBED]}, [2, 1, 3, 4, 5, 6]),
        ({"components": [LAYOUT], "flags": 1 << 15}, [1, 2, 3]),
        ({"message_snapshots": [FORWARDED]}, [4, 2, 1, 3, 5, 6]),
        ({"poll": POLL}, [1, 2]),
        ({"content": "2601.00001 and this:", "attachments": [FILE]}, [1, 7]),
    ],
    ids=["an embed", "a layout", "a forwarded message", "a poll", "a file"],
)
async def test_papers_are_found_wherever_a_message_has_them(
    filled: DeliveryRig, message: Payload, numbers: list[int]
) -> None:
    assert list_picks(await ask(filled, message)) == [f"{number:05}" for number in numbers]


async def test_it_works_in_direct_messages(filled: DeliveryRig) -> None:
    body = await ask(filled, {"content": "https://arxiv.org/abs/2601.00003"}, filled.wire.add_person().papers)
    assert "Paper 2601.00003" in str(body)
    assert body["data"]["flags"] & 1 << 6


async def test_it_works_for_whoever_installed_the_bot_where_it_is_not(
    filled: DeliveryRig, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2512.00001", title="Zeppelin Dynamics")]
    filled.wire.owners = {"1": SOMEBODY["id"]}
    body = await ask(filled, {"content": "[x](<https://arxiv.org/abs/2512.00001>)"}, ELSEWHERE)
    assert "Zeppelin Dynamics" in str(body)
    assert [each["type"] for each in filled.wire.first_answers] == [5]  # announced, to this person alone
    assert filled.wire.first_answers[0]["data"]["flags"] == 1 << 6
    between_friends = Channel(2, READER, "", Kind.PERSON)
    assert "I found no paper" in str(await ask(filled, {"content": "hello there"}, between_friends))


async def test_a_card_is_shared_with_everyone_wherever_discord_lets_people_do_that(filled: DeliveryRig) -> None:
    filled.wire.owners = {"1": SOMEBODY["id"]}
    shown = await ask(filled, {"content": "2601.00003"}, ELSEWHERE)
    refused = await filled.wire.press(ELSEWHERE, shown, "share-card:2601.00003")
    assert "You need **Use External Apps**" in str(refused)
    may = discord.Permissions(send_messages=True, use_external_apps=True).value
    filled.wire.member = {"permissions": str(may)}
    shared = await filled.wire.press(ELSEWHERE, shown, "share-card:2601.00003")
    check_message(shared["data"])
    assert f"-# Shared by <@{READER}>" in str(shared)
    assert not shared["data"]["flags"] & 1 << 6
    assert shared["data"]["allowed_mentions"] == {"parse": []}
    assert "share-card" not in str(shared)
    again = await filled.wire.press(ELSEWHERE, shared, "cite:2601.00003")
    assert again["data"]["flags"] & 1 << 6  # only whoever clicks sees it
