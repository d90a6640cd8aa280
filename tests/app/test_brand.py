"""The brand: the application gets what it lacks, once, part by part, over real HTTP."""

import asyncio
import logging
import struct
from collections.abc import AsyncIterator

import pytest

from bot.app import Services
from bot.brand import PICTURES, Part, list_missing_parts, read_picture
from bot.branding import Branding, give_brand_at_start
from bot.identity import log_in
from bot.layouts.brand import DESCRIPTION, NAME, STATUS, TAG_LINE, TAGS, TEXTS
from bot.layouts.terminal import describe_missing_part, describe_rejected_part
from tests.support.delivery_rig import running_bot
from tests.support.paths import ROOT
from tests.support.wire import TOKEN, Fault, Wire
from tests.support.wire_application import too_fast


@pytest.fixture
async def branding(services: Services, wire: Wire) -> AsyncIterator[Branding]:
    async with log_in(TOKEN) as client:
        yield Branding(client, services.storage)


async def give_all(branding: Branding) -> list[Part]:
    given: list[Part] = []
    assert await branding.give(await branding.list_missing(), given.append) == []
    return given


async def list_missing_later(services: Services) -> list[Part]:
    """What a later start of the command would change."""
    async with log_in(TOKEN) as client:
        return await Branding(client, services.storage).list_missing()


async def test_an_application_gets_all_that_it_lacks(branding: Branding, wire: Wire) -> None:
    assert await give_all(branding) == list(Part)
    assert (wire.user["username"], wire.application["description"]) == (NAME, DESCRIPTION)
    assert wire.application["tags"] == list(TAGS)
    assert wire.user["avatar"] == wire.application["icon"] is not None
    assert wire.user["banner"] not in {None, wire.user["avatar"]}


async def test_a_second_time_nothing_is_changed(branding: Branding, services: Services, wire: Wire) -> None:
    await give_all(branding)
    before = list(wire.changes)
    assert await list_missing_later(services) == []
    assert wire.changes == before


async def test_what_was_changed_by_hand_is_missing_again_and_nothing_else(
    branding: Branding, services: Services, wire: Wire
) -> None:
    await give_all(branding)
    wire.user |= {"avatar": "f" * 32}
    wire.application |= {"description": "Something else"}
    assert await list_missing_later(services) == [Part.AVATAR, Part.DESCRIPTION]


async def test_another_application_gets_the_brand_of_its_own(
    branding: Branding, services: Services, wire: Wire
) -> None:
    await give_all(branding)
    wire.application |= {"id": "4711"}
    missing = await list_missing_later(services)
    assert {Part.AVATAR, Part.BANNER, Part.ICON, Part.STATUS} == set(missing)


async def test_a_part_that_was_changed_too_often_is_left_and_the_others_are_given(
    branding: Branding, services: Services, wire: Wire
) -> None:
    wire.change_faults.extend([Fault(200), too_fast("avatar")])
    given: list[Part] = []
    (rejected,) = await branding.give(await branding.list_missing(), given.append)
    assert (rejected.part, rejected.is_too_often) == (Part.AVATAR, True)
    assert "Run `paperboy brand` again in an hour" in describe_rejected_part(rejected)
    assert given == [each for each in Part if each is not Part.AVATAR]
    assert await list_missing_later(services) == [Part.AVATAR]


@pytest.mark.parametrize(
    "fault", [Fault(403, 50001), Fault(), Fault(400, 50035)], ids=["refused", "dropped", "invalid"]
)
async def test_what_discord_rejects_is_named_with_its_words_and_tried_again_later(
    branding: Branding, services: Services, wire: Wire, fault: Fault
) -> None:
    wire.change_faults.append(fault)
    (rejected,) = await branding.give([Part.NAME], lambda _: None)
    assert (rejected.part, rejected.is_too_often) == (Part.NAME, False)
    assert describe_rejected_part(rejected).startswith("name: not changed. Discord said: ")
    assert Part.NAME in await list_missing_later(services)


async def test_the_bot_shows_its_status_from_the_next_start_on(
    branding: Branding, services: Services, wire: Wire
) -> None:
    async with running_bot(services, wire):
        assert wire.gateway.presences == [None]
    await give_all(branding)
    async with running_bot(services, wire):
        assert wire.gateway.presences[-1]["game"]["state"] == STATUS
    assert len(wire.changes) == len(Part) - 1


async def test_a_setting_gives_the_brand_at_the_start(services: Services, wire: Wire) -> None:
    has_tags = asyncio.Event()

    async def hear() -> None:
        has_tags.set()

    wire.change_faults.extend([*[Fault(200)] * 5, Fault(200, meanwhile=hear)])
    async with running_bot(services, wire, gives_brand=True):
        await has_tags.wait()
    assert wire.gateway.presences[-1]["game"]["state"] == STATUS
    assert len(wire.changes) == len(Part) - 1


async def test_at_the_start_the_log_says_what_changed_and_what_did_not(
    services: Services, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bot.branding")
    wire.change_faults.append(too_fast("username"))
    for _ in range(2):
        async with log_in(TOKEN) as client:
            await give_brand_at_start(client, services.storage)
    levels = [(each.levelname, each.getMessage().partition(":")[0]) for each in caplog.records]
    others = [("INFO", each.value) for each in Part if each is not Part.NAME]
    assert levels == [*others, ("WARNING", "name"), ("INFO", "name")]


def test_it_says_what_will_change() -> None:
    look = {Part.NAME: "paperboy-2", Part.TAGS: "news", Part.AVATAR: "a" * 32}
    lines = [describe_missing_part(part, look) for part in list_missing_parts(look, TEXTS, {})]
    assert lines[:4] == [
        'name: "paperboy-2" → "Paperboy"',
        "avatar: another picture → avatar.png",
        "banner: none → banner.png",
        "icon: none → avatar.png",
    ]
    assert lines[4].startswith("description: none → \"The day's best AI papers in your server")
    assert lines[5] == f'tags: "news" → "{", ".join(TAGS)}"'


def test_the_texts_are_within_discords_limits() -> None:
    assert 2 <= len(NAME) <= 32
    assert len(DESCRIPTION) <= 400
    assert len(TAGS) <= 5
    assert all(len(each) <= 20 for each in TAGS)
    assert len(STATUS) <= 128


@pytest.mark.parametrize(
    ("part", "size"), [(Part.AVATAR, (512, 512)), (Part.ICON, (512, 512)), (Part.BANNER, (1360, 480))]
)
def test_the_pictures_are_pngs_of_the_right_size(part: Part, size: tuple[int, int]) -> None:
    picture = read_picture(part)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == size
    assert len(picture) < 50_000
    assert (ROOT / "bot" / "pictures" / PICTURES[part]).with_suffix(".svg").exists()


def test_the_readme_has_the_texts_for_the_portal_and_the_directory() -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for text in (NAME, TAG_LINE, DESCRIPTION, ", ".join(TAGS), STATUS):
        assert " ".join(text.split()) in readme.replace("> ", "")
