"""Answers to what people do, on the wire: in time, given up in the end, and lost with one line in the log."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bot import answering
from bot.app import House
from bot.logs import is_news
from bot.refusals import Refusal
from bot.storage.database import READERS
from tests.builders import Clock, refusal
from tests.desk import Desk, loopback, no_bug, opened_desk, two_lists  # noqa: F401
from tests.wire import Fault, Payload, Wire

FAULTS = {"expired": Fault(404, 10062), "answered": Fault(400, 40060), "dropped": Fault()}
Act = Callable[[Desk], Awaitable[Payload]]
DOORS: dict[str, Act] = {
    "a command": lambda desk: desk.wire.command(desk.guild.general, "paper today"),
    "a command that is refused": lambda desk: desk.wire.command(desk.guild.general, "paper search", query=" "),
    "a button": lambda desk: press(desk, "top:n1:week:2026-01-15"),
    "a button of another time": lambda desk: press(desk, "find:"),
    "a modal": lambda desk: desk.wire.submit(desk.guild.general, "panel:ab:time"),
    "an option": lambda desk: desk.wire.type(desk.guild.general, "paper show", "paper", "pap"),
}


def press(desk: Desk, custom_id: str) -> Awaitable[Payload]:
    """Press a button that only one person sees."""
    button = {"type": 2, "style": 2, "label": "Next", "custom_id": custom_id}
    message = {"data": {"flags": 1 << 6, "components": [{"type": 1, "components": [button]}]}}
    return desk.wire.press(desk.guild.general, message, custom_id)


@pytest.fixture
async def desk(house: House, wire: Wire, clock: Clock) -> AsyncIterator[Desk]:
    async with opened_desk(house, wire, clock) as opened:
        await house.archive.refresh_current(clock)
        yield opened


@asynccontextmanager
async def readers_held(desk: Desk) -> AsyncIterator[None]:
    """Meanwhile nothing is read."""
    database = desk.storage.papers._database
    readers = [await database._readers.get() for _ in range(READERS)]
    try:
        yield
    finally:
        for reader in readers:
            database._readers.put_nowait(reader)


async def test_an_answer_that_takes_long_is_announced_and_follows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "ANNOUNCED_AFTER", 0)
    async with readers_held(desk):
        asking = asyncio.create_task(desk.wire.command(desk.guild.general, "paper today"))
        await desk.wire.announced.wait()
        assert desk.wire.first_answers == [{"type": 5, "data": {"flags": 64}}]
        assert not asking.done()
    body = await asking
    assert "Paper 2601.00011" in str(body["data"]["components"])


async def test_an_answer_that_takes_much_too_long_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "ANSWERED_WITHIN", 0.01)
    async with readers_held(desk):
        body = await desk.wire.command(desk.guild.general, "paper today")
    assert body["data"]["content"] == refusal(Refusal.TOOK_TOO_LONG)


async def test_an_option_offers_nothing_rather_than_too_late(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "COMPLETED_WITHIN", 0.01)
    async with readers_held(desk):
        body = await DOORS["an option"](desk)
    assert body == {"type": 8, "data": {"choices": []}}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("act", DOORS.values(), ids=DOORS.keys())
async def test_an_answer_that_is_lost_is_one_line_and_no_bug(
    desk: Desk, act: Act, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk.wire.answer_faults.append(fault)
    await act(desk)
    while not (told := _of_ourselves(caplog)):  # noqa: ASYNC110  # the log tells nobody
        await asyncio.sleep(0.01)
    (line,) = told
    assert (line.levelno, line.exc_info, "could not be" in line.getMessage()) == (logging.INFO, None, True)
    assert len(desk.wire.first_answers) == 1
    assert not [each for each in caplog.records if each.levelno > logging.INFO and is_news(each)]


def _of_ourselves(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What we log of lost answers, once what discord.py logs of them is taken out."""
    assert all(is_news(each) or each.name.startswith("discord") for each in list(caplog.records))
    return [each for each in caplog.records if each.name in {"bot.answering", "bot.logs"}]
