"""Opening direct messages, on the wire: for those who asked, a few at a time, with a break when Discord wants one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.app import Services
from bot.channels import inboxes
from bot.channels.inboxes import BURST, FIRST_BACK_OFF, MAX_BACK_OFF, Inboxes
from bot.channels.requests import ChannelBlocked, DeliveryFailed, TemporaryFailure
from bot.client import PaperBot
from bot.reasons import Reason, ReasonKind
from tests.support.builders import FIRST_RUN, MORNING, Clock, build_settings
from tests.support.delivery_rig import running_bot
from tests.support.wire import Fault, Wire, rate_limit

CLOSED = Reason(ReasonKind.INBOX_CLOSED)


@pytest.fixture
async def bot(services: Services, wire: Wire) -> AsyncIterator[PaperBot]:
    async with running_bot(services, wire) as opened:
        yield opened


def count_opened(wire: Wire) -> int:
    return wire.requests.count("POST /users/@me/channels")


async def failure_of(opening: "asyncio.Future[int] | asyncio.Task[int]") -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        await opening
    return failed.value


def opening(bot: PaperBot, user_id: int) -> "asyncio.Task[int]":
    return asyncio.create_task(bot.inboxes.open_inbox(user_id))


async def test_whoever_asks_gets_direct_messages_and_a_welcome(bot: PaperBot, wire: Wire) -> None:
    ada = wire.add_person()
    channel_id = await bot.inboxes.open_inbox(ada.id)
    assert await bot.inboxes.send_welcome(ada.id, channel_id, "this is where it will come") == channel_id
    (message,) = ada.papers.messages
    assert (channel_id, message.body["content"]) == (ada.papers.id, "this is where it will come")
    assert message.body["allowed_mentions"] == {"parse": []}


async def test_a_welcome_that_is_sent_again_arrives_once(bot: PaperBot, wire: Wire) -> None:
    ada = wire.add_person()
    wire.post_faults.append(Fault(created=True))
    channel_id = await bot.inboxes.open_inbox(ada.id)
    with pytest.raises(TemporaryFailure):
        await bot.inboxes.send_welcome(ada.id, channel_id, "hello")
    await bot.inboxes.send_welcome(ada.id, channel_id, "hello")
    assert len(ada.papers.messages) == 1


async def test_direct_messages_that_are_known_are_not_opened_again(bot: PaperBot, wire: Wire) -> None:
    ada = wire.add_person()
    add = bot.services.storage.subscriptions.add_for_person
    await add(ada.id, build_settings(ada.papers.id), now=MORNING, next_run=FIRST_RUN)
    assert await bot.inboxes.open_inbox(ada.id) == ada.papers.id
    assert count_opened(wire) == 0


async def test_whoever_clicks_impatiently_takes_nobody_elses_turn(bot: PaperBot, wire: Wire) -> None:
    ada, bob = wire.add_person(), wire.add_person()
    clicks = [opening(bot, ada.id) for _ in range(2 * BURST)]
    assert {await each for each in clicks} == {ada.papers.id}
    assert await bot.inboxes.open_inbox(bob.id) == bob.papers.id
    assert count_opened(wire) == 2


async def test_direct_messages_that_could_not_be_opened_before_are_opened_at_the_next_click(
    bot: PaperBot, wire: Wire
) -> None:
    ada = wire.add_person()
    add = bot.services.storage.subscriptions.add_for_person
    await add(ada.id, build_settings(0), now=MORNING, next_run=FIRST_RUN)
    assert await bot.inboxes.open_inbox(ada.id) == ada.papers.id


async def test_a_welcome_in_a_channel_that_is_gone_comes_to_the_new_one(bot: PaperBot, wire: Wire) -> None:
    ada = wire.add_person()
    subscriptions = bot.services.storage.subscriptions
    await subscriptions.add_for_person(ada.id, build_settings(ada.papers.id), now=MORNING, next_run=FIRST_RUN)
    known = await bot.inboxes.open_inbox(ada.id)
    wire.move(ada)
    assert await bot.inboxes.send_welcome(ada.id, known, "hello") == ada.papers.id
    assert len(ada.papers.messages) == 1
    moved = await subscriptions.get_for_person(ada.id)
    assert moved
    assert moved.settings.channel_id == ada.papers.id


@pytest.mark.parametrize("code", [50007, 50278])
async def test_who_takes_no_direct_messages_is_known_at_once(bot: PaperBot, wire: Wire, code: int) -> None:
    ada = wire.add_person()
    ada.closed = Fault(403, code)
    channel_id = await bot.inboxes.open_inbox(ada.id)
    with pytest.raises(ChannelBlocked) as blocked:
        await bot.inboxes.send_welcome(ada.id, channel_id, "hello")
    assert blocked.value.reason == CLOSED
    wire.opening_faults.append(Fault(403, code))
    assert (await failure_of(opening(bot, wire.add_person().id))).reason == CLOSED
    assert await bot.inboxes.open_inbox(wire.add_person().id)  # it is theirs alone


async def test_an_account_that_discord_does_not_know_is_not_opened(bot: PaperBot) -> None:
    failure = await failure_of(opening(bot, 404))
    assert (type(failure), failure.reason.kind) == (ChannelBlocked, ReasonKind.USER_GONE)


@pytest.mark.parametrize("fault", [Fault(503), Fault()])
async def test_a_failure_of_discord_may_be_tried_again_at_once(bot: PaperBot, wire: Wire, fault: Fault) -> None:
    ada = wire.add_person()
    wire.opening_faults.append(fault)
    assert isinstance(await failure_of(opening(bot, ada.id)), TemporaryFailure)
    assert await bot.inboxes.open_inbox(ada.id) == ada.papers.id


async def test_of_many_who_ask_at_once_some_are_asked_to_try_again(
    bot: PaperBot, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "MAX_WAIT", 0.01)
    asked = [opening(bot, wire.add_person().id) for _ in range(BURST + 20)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in done if isinstance(each, TemporaryFailure)]
    assert {each.reason.kind for each in refused} == {ReasonKind.OPENED_TOO_FAST}
    assert len(refused) == 20
    assert count_opened(wire) == BURST


@pytest.mark.parametrize("fault", [Fault(403, 40003), Fault(403, 20026), rate_limit(3600)])
async def test_when_discord_has_had_enough_nothing_is_opened_for_anyone_until_a_break_is_over(
    bot: PaperBot, wire: Wire, clock: Clock, fault: Fault
) -> None:
    ada, bob = wire.add_person(), wire.add_person()
    wire.opening_faults.append(fault)
    until = clock() + FIRST_BACK_OFF
    told = Reason(ReasonKind.OPENED_TOO_FAST, until=until)
    assert (await failure_of(opening(bot, ada.id))).reason == told
    clock.advance(minutes=4)
    assert (await failure_of(opening(bot, bob.id))).reason == told
    assert count_opened(wire) == 1
    clock.advance(minutes=1)
    assert await bot.inboxes.open_inbox(bob.id) == bob.papers.id


async def test_a_break_grows_with_each_refusal_and_is_short_again_after_a_success(
    bot: PaperBot, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "SECONDS_EACH", 0.001)
    bot.inboxes = Inboxes(bot, bot.services.storage, bot.services.share, clock)
    ada, waits = wire.add_person(), []
    for _ in range(9):
        wire.opening_faults.append(Fault(403, 40003))
        until = (await failure_of(opening(bot, ada.id))).reason.until
        assert until
        waits.append(until - clock())
        clock.now = until
    assert waits == [min(FIRST_BACK_OFF * 2**number, MAX_BACK_OFF) for number in range(9)]
    await bot.inboxes.open_inbox(wire.add_person().id)
    wire.opening_faults.append(Fault(403, 40003))
    failure = await failure_of(opening(bot, ada.id))
    assert failure.reason.until == clock() + FIRST_BACK_OFF


async def test_a_clock_that_is_set_back_makes_no_break_longer(bot: PaperBot, wire: Wire, clock: Clock) -> None:
    ada = wire.add_person()
    wire.opening_faults.append(Fault(403, 40003))
    await failure_of(opening(bot, ada.id))
    clock.now -= timedelta(days=3)
    assert await bot.inboxes.open_inbox(ada.id) == ada.papers.id
