"""The bot killed before or after any step: each message, thread and publication is made once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from bot.app import Services
from bot.delivery.dispatcher import Dispatcher
from bot.storage.deliveries import Deliveries
from tests.support.builders import MORNING, Clock
from tests.support.delivery_rig import (
    DESTINATIONS,
    DeliveryRig,
    assert_complete,
    restart_dispatcher,
    running_bot,
    subscribe,
)
from tests.support.wire import Fault, Wire

DUE = MORNING + timedelta(hours=1)
LATER = {"at once": timedelta(seconds=10), "after a nonce has expired": timedelta(minutes=10)}


class Killed(BaseException):
    """Nothing in the bot catches it: what it interrupts leaves no trace but what is stored."""


@contextmanager
def killed(monkeypatch: pytest.MonkeyPatch, when: str, number: int) -> Iterator[list[str]]:
    """The bot dies before or after the `number`th time it notes something of a delivery; gives what that was."""
    noted, notes = count(1), list[str]()

    def mortal(name: str) -> Any:
        work = getattr(Deliveries, name)

        async def note(*args: Any, **options: Any) -> Any:
            this = next(noted)
            if this > number or (this == number and when == "before"):
                notes.append(name)
                raise Killed
            result = await work(*args, **options)
            if this == number:
                notes.append(name)
                raise Killed
            return result

        return note

    with monkeypatch.context() as patching:
        for name in (
            "record_attempt",
            "record_absence",
            "record_arrival",
            "record_thread",
            "record_publication",
            "complete_delivery",
            "postpone_delivery",
        ):
            patching.setattr(Deliveries, name, mortal(name))
        yield notes


async def ticks(dispatcher: Dispatcher, clock: Clock, until: Sequence[str] = ()) -> None:
    """Those of an hour, or until the bot is killed."""
    for _ in range(6):
        await dispatcher.run_due(clock())
        if until:
            return
        clock.advance(minutes=10)


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answers lost"])
@pytest.mark.parametrize("later", LATER.values(), ids=LATER.keys())
@pytest.mark.parametrize("destination", DESTINATIONS)
async def test_a_bot_killed_before_or_after_any_step_posts_and_opens_and_publishes_everything_once(
    services: Services,
    wire: Wire,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    destination: str,
    later: timedelta,
    lost: bool,
) -> None:
    kind, how = DESTINATIONS[destination]
    guilds = [wire.add_guild(kind) for _ in range(80)]
    async with running_bot(services, wire) as bot:
        steps = [(number, when) for number in range(1, 40) for when in ("before", "after")]
        for guild, (number, when) in zip(guilds, steps, strict=False):
            clock.now = DUE
            subscription = await subscribe(services, guild, size=3, **how)
            for faults in (wire.post_faults, wire.thread_faults, wire.publish_faults):
                faults.clear()
                faults.extend([Fault(created=True)] if lost else [])
            with killed(monkeypatch, when, number) as notes:
                await ticks(restart_dispatcher(bot), clock, notes)
            clock.now += later
            await ticks(restart_dispatcher(bot), clock)
            (delivery,) = await services.storage.deliveries.list_latest(subscription.id, 100)
            print(f"killed {when} number {number}, {notes}")  # noqa: T201
            assert_complete(guild.papers, delivery)
            if not notes:
                break
        assert not notes, "there were more steps"
        assert number > 2


async def test_a_bot_killed_again_and_again_creates_each_post_once(
    posts: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts.wire.post_faults.extend([Fault(created=True), Fault(200, created=True), Fault(503, created=True)])
    for number in (2, 1, 1, 2, 1, 3, 1, 2):
        with killed(monkeypatch, "before", number):
            await restart_dispatcher(posts.bot).run_due(posts.clock.advance(minutes=4))
    for _ in range(3):
        await posts.tick(minutes=10)
    (delivery,) = await posts.deliveries()
    assert_complete(posts.channel, delivery)
