"""Searches over real HTTP: what answers contain is what Discord takes, and what buttons send back is understood."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot import answering
from bot.demo.papers_server import PapersServer
from cogs.helpers import pages
from tests.support.builders import DAY, entries, entry
from tests.support.delivery_rig import DeliveryRig
from tests.support.discord_limits import check_message, walk
from tests.support.papers_server import FrailPapers
from tests.support.wire import Payload

LONGEST = f"paper {'x' * 5994}"  # Discord takes 6,000 characters


@pytest.fixture
def papers_server() -> PapersServer:
    title = "A Paper With a Title That Is Longer Than What a Button of Discord Can Hold in One Line"
    return FrailPapers({DAY: [*entries(7), *(entry(f"2601.0001{n}", title=f"{title} {n}") for n in range(5))]})


async def search(rig: DeliveryRig, query: str, command: str = "search") -> Payload:
    option = {"search": "query", "show": "paper"}[command]
    return checked(await rig.wire.command(rig.guild.general, f"paper {command}", **{option: query}))


async def press(rig: DeliveryRig, body: Payload, label: str) -> Payload:
    (custom_id,) = [each["custom_id"] for each in buttons(body) if each["label"] == label]
    return checked(await rig.wire.press(rig.guild.general, body, custom_id))


def checked(body: Payload) -> Payload:
    check_message({"allowed_mentions": {"parse": []}, **body["data"]})
    return body


def buttons(body: Payload) -> Iterator[dict[str, Any]]:
    return (each for each in walk(body["data"]["components"]) if each["type"] == 2 and "custom_id" in each)


async def test_the_pages_of_the_longest_query_turn(filled: DeliveryRig) -> None:
    body = await search(filled, LONGEST)
    assert "Page 1 of 3" in str(body)
    turned = await press(filled, body, "Next")
    assert turned["type"] == 7  # in the same message
    assert "Page 2 of 3" in str(turned)


async def test_a_long_query_is_answered_while_the_database_takes_no_writes(
    filled: DeliveryRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "STORE_SECONDS", 0)
    with closing(sqlite3.connect(tmp_path / "paperboy.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        body = await search(filled, LONGEST)
    assert "Page 1 of 3" in str(body)
    await asyncio.gather(*pages._STORING)  # it was stored as soon as that was possible
    assert "Page 2 of 3" in str(await press(filled, body, "Next"))


async def test_a_search_that_finds_nothing_leads_on(filled: DeliveryRig) -> None:
    body = await search(filled, "min:1000")
    assert "Page 1 of 3" in str(await press(filled, body, "Without min:1000"))


async def test_the_next_best_papers_fit_into_buttons(filled: DeliveryRig) -> None:
    body = await search(filled, "paper title", "show")
    labels = [each["label"] for each in buttons(body)]
    assert sum(label.startswith("A Paper With a Title") and label.endswith("…") for label in labels) == 4


async def test_hugging_face_is_asked_even_if_the_answer_has_to_be_announced(
    filled: DeliveryRig, papers_server: PapersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "DEFER_AFTER", 0)
    papers_server.unlisted = [entry("2512.00001", title="Zeppelin Dynamics")]
    body = await search(filled, "zeppelin")
    assert "Zeppelin Dynamics" in str(body)
    assert [each["type"] for each in filled.wire.first_answers] == [5]
