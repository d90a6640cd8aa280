"""Answers over real HTTP: slow ones are announced, far too slow ones given up, lost ones logged in one line."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot import answering
from bot.app import Services
from bot.demo.papers_server import PapersServer
from bot.logs import should_log
from bot.refusals import Refusal
from tests.support.builders import Clock, explain
from tests.support.delivery_rig import DeliveryRig, open_rig, readers_held
from tests.support.papers_server import list_two_days
from tests.support.wire import Fault, Payload, Wire

FAULTS = {"expired": Fault(404, 10062), "answered": Fault(400, 40060), "dropped": Fault()}
Act = Callable[[DeliveryRig], Awaitable[Payload]]
DOORS: dict[str, Act] = {
    "a command": lambda rig: rig.wire.command(rig.guild.general, "paper today"),
    "a command that is refused": lambda rig: rig.wire.command(rig.guild.general, "paper search", query=" "),
    "a button": lambda rig: press(rig, "top:n1:week:2026-01-15"),
    "a button of another time": lambda rig: press(rig, "find:"),
    "a modal": lambda rig: rig.wire.submit(rig.guild.general, "panel:ab:time"),
    "an option": lambda rig: rig.wire.type(rig.guild.general, "paper show", "paper", "pap"),
}


def press(rig: DeliveryRig, custom_id: str) -> Awaitable[Payload]:
    """Press a button that only one person sees."""
    button = {"type": 2, "style": 2, "label": "Next", "custom_id": custom_id}
    message = {"data": {"flags": 1 << 6, "components": [{"type": 1, "components": [button]}]}}
    return rig.wire.press(rig.guild.general, message, custom_id)


@pytest.fixture
def papers_server() -> PapersServer:
    return list_two_days()


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    async with open_rig(services, wire, clock) as opened:
        await services.archive.refresh_current_lists(clock)
        yield opened


async def test_a_slow_answer_is_announced_and_comes_later(rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "DEFER_AFTER", 0)
    async with readers_held(rig):
        asking = asyncio.create_task(rig.wire.command(rig.guild.general, "paper today"))
        await rig.wire.announced.wait()
        assert rig.wire.first_answers == [{"type": 5, "data": {"flags": 64}}]
        assert not asking.done()
    body = await asking
    assert "Paper 2601.00011" in str(body["data"]["components"])


async def test_an_answer_that_takes_far_too_long_is_given_up(rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "ANSWER_TIMEOUT", 0.01)
    async with readers_held(rig):
        body = await rig.wire.command(rig.guild.general, "paper today")
    assert body["data"]["content"] == rig.bot.mentions.mention_in_text(explain(Refusal.TOOK_TOO_LONG))


async def test_autocompletion_offers_nothing_when_it_would_be_too_late(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "AUTOCOMPLETE_TIMEOUT", 0.01)
    async with readers_held(rig):
        body = await DOORS["an option"](rig)
    assert body == {"type": 8, "data": {"choices": []}}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("act", DOORS.values(), ids=DOORS.keys())
async def test_a_lost_answer_is_one_line_in_the_log_and_not_a_bug(
    rig: DeliveryRig, act: Act, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rig.wire.answer_faults.append(fault)
    await act(rig)
    while not (told := _of_ourselves(caplog)):  # noqa: ASYNC110  # the log has no event
        await asyncio.sleep(0.01)
    (line,) = told
    assert (line.levelno, line.exc_info, "could not be" in line.getMessage()) == (logging.INFO, None, True)
    assert len(rig.wire.first_answers) == 1
    assert not [each for each in caplog.records if each.levelno > logging.INFO and should_log(each)]


def _of_ourselves(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What we log about lost answers, without what discord.py logs about them."""
    assert all(should_log(each) or each.name.startswith("discord") for each in list(caplog.records))
    return [each for each in caplog.records if each.name in {"bot.answering", "bot.logs"}]
