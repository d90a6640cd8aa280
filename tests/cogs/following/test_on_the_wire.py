"""Following over real HTTP, by somebody who installed the bot for themselves, in a server that does not have it."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.app import Services
from bot.demo.papers_server import PapersServer
from bot.storage import SubscriptionState
from tests.support.builders import DAY, Clock
from tests.support.delivery_rig import DeliveryRig
from tests.support.discord_limits import check_message, walk
from tests.support.following import LECUN, entry_by
from tests.support.papers_server import FrailPapers
from tests.support.wire import Fault, Kind, Person
from tests.support.wire_channels import SOMEBODY, Channel

READER = int(str(SOMEBODY["id"]))
ELSEWHERE = Channel(1, 999, "a server without the bot")
QUERY = f'author:"{LECUN}" {"-tag:something " * 12}'.strip()  # too long for a button


@pytest.fixture
def papers_server() -> PapersServer:
    return FrailPapers({DAY: [entry_by(number, LECUN) for number in range(1, 5)]})


@pytest.fixture
async def reader(rig: DeliveryRig, services: Services, clock: Clock) -> Person:
    await services.archive.refresh_list(DAY, clock())
    await services.archive.update_index()
    rig.wire.owners = {"1": SOMEBODY["id"]}
    papers = Channel(8801, READER, "", Kind.PERSON)
    rig.wire.people[READER] = person = Person(READER, papers, papers)
    rig.wire.direct_messages[papers.id] = papers
    return person


def checked(answer: dict[str, Any]) -> dict[str, Any]:
    check_message({"allowed_mentions": {"parse": []}, **answer["data"]})
    return answer


def find_id(answer: dict[str, Any], label: str) -> str:
    return next(str(each["custom_id"]) for each in buttons(answer) if each["label"] == label)


def buttons(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (each for each in walk(answer["data"]["components"]) if each["type"] == 2 and "custom_id" in each)


async def press(rig: DeliveryRig, answer: dict[str, Any], label: str) -> dict[str, Any]:
    return await rig.wire.press(ELSEWHERE, answer, find_id(answer, label))


async def test_a_long_query_is_followed_and_the_first_message_opens_the_inbox_once(
    rig: DeliveryRig, reader: Person
) -> None:
    shown = checked(await rig.wire.command(ELSEWHERE, "follow", query=QUERY, time="9:00", timezone="UTC"))
    assert "It would have brought **4**" in str(shown)
    followed = checked(await press(rig, shown, "Follow"))
    assert "just sent you a direct message" in str(followed)
    assert (reader.opened, len(reader.papers.messages)) == (1, 1)
    checked(await rig.wire.command(ELSEWHERE, "follow", query="tag:video"))
    assert reader.opened == 1


async def test_a_modal_brings_back_what_was_typed(rig: DeliveryRig, reader: Person) -> None:
    shown = checked(await rig.wire.command(ELSEWHERE, "follow", query="autor:lecun", time="quarter past"))
    modal = await press(rig, shown, "Correct it")
    fields = [each["component"] for each in modal["data"]["components"]]
    values = {each["custom_id"]: each.get("value") for each in fields}
    assert (values["query"], values["time"]) == ("autor:lecun", "quarter past")
    again = await rig.wire.submit(
        ELSEWHERE, modal["data"]["custom_id"], shown, query=QUERY, how="weekly", time="7pm", timezone="Berlin"
    )
    assert "every Monday at 19:00, Berlin time" in str(checked(again))


async def test_a_closed_inbox_is_explained_and_opens_at_the_next_try(rig: DeliveryRig, reader: Person) -> None:
    reader.closed = Fault(403, 50278)
    shown = checked(await rig.wire.command(ELSEWHERE, "follow", query="tag:video"))
    told = checked(await press(rig, shown, "Follow"))
    assert "but I can't send you direct messages yet" in str(told)
    reader.closed = None
    opened = checked(await press(rig, told, "Try again"))
    assert "Your direct messages are open" in str(opened)
    known = await rig.storage.subscriptions.get_for_person(READER)
    assert known
    assert known.state is SubscriptionState.ACTIVE
