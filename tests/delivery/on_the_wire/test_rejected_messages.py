"""Refused: what Discord does not take of a digest never costs a subscription more than that."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.app import Services
from bot.layouts.history import describe_explanation
from bot.layouts.subscriptions import describe_subscription_status
from bot.storage import DeliveryState, MessageForm
from bot.subscription.settings import DigestLayout, Threads
from tests.support.builders import DAY, Clock, entries
from tests.support.delivery_rig import DeliveryRig, assert_holds, open_rig, running_bot
from tests.support.papers_server import FrailPapers
from tests.support.wire import Fault, Kind, Wire

BAD = "2601.00003"  # of the first list
PAGE = "<html><body><h1>400 Bad Request</h1></body></html>"
PICTURE = "https://cdn.example.com/figure.png"


@pytest.fixture(name="papers_server")
def daily_lists() -> FrailPapers:
    """Seven papers a day for two weeks, each with an address in its summary and a picture."""
    known: dict[str, Any] = {"mediaUrls": [PICTURE], "ai_summary": "Weights are at https://weights.example.com/w now."}

    def listed(number: int) -> list[dict[str, Any]]:
        plain = entries(7, DAY + timedelta(days=number), first=1 + 10 * number)
        return [each | {"paper": each["paper"] | known} for each in plain]

    return FrailPapers({DAY + timedelta(days=number): listed(number) for number in range(14)})


def refusing(pattern: str, fault: Fault) -> Callable[[str], Fault | None]:
    """A channel that takes no message in which this pattern is found."""
    return lambda body: fault if re.search(pattern, body) else None


async def status(rig: DeliveryRig) -> str:
    return describe_subscription_status(await rig.get_subscription(), await rig.deliveries(), [])


def posted(rig: DeliveryRig) -> list[str]:
    return [paper for message in rig.channel.digests for paper in message.papers]


@pytest.mark.parametrize("code", [50035, 200000, 200001, 240000, 0])
@pytest.mark.parametrize("kind", Kind)
async def test_a_paper_that_discord_rejects_is_left_out_for_good_and_the_others_come(
    services: Services, wire: Wire, clock: Clock, kind: Kind, code: int
) -> None:
    wanted = Threads.PER_DIGEST if kind is Kind.FORUM else Threads.NONE
    async with open_rig(services, wire, clock, kind, threads=wanted) as rig:
        rig.channel.judge = refusing(BAD, Fault(400, code))
        await rig.tick()
        assert posted(rig) == ["2601.00001", "2601.00002", "2601.00004", "2601.00005"]
        (delivery,) = await rig.deliveries()
        assert delivery.state is DeliveryState.SENT
        assert_holds(rig.channel.digests, delivery)
        text = await status(rig)
        assert f"Discord rejected {BAD} (error {code or 400}). I skip this paper from now on." in text
        assert f"in {len(rig.channel.digests)} messages" in text
        await rig.tick(days=1)
        rig.channel.judge = None
        await rig.tick(days=1)
        assert len(rig.channel.digests[-1].papers) == 5
        assert BAD not in posted(rig)
        assert len(posted(rig)) == len(set(posted(rig))) == 14


@pytest.mark.parametrize("kind", Kind)
async def test_a_digest_that_arrived_behind_a_server_error_is_found_when_its_repetition_is_rejected(
    services: Services, wire: Wire, clock: Clock, kind: Kind
) -> None:
    wanted = Threads.PER_DIGEST if kind is Kind.FORUM else Threads.NONE
    async with open_rig(services, wire, clock, kind, threads=wanted) as rig:
        rig.wire.post_faults.extend([Fault(502, created=True), *[Fault(400, 50035)] * 3])
        await rig.tick()
        await rig.tick(minutes=2)
        await rig.tick(days=1)
        assert len(posted(rig)) == len(set(posted(rig))) == 10


async def test_highlights_in_messages_of_their_own_come_even_if_an_earlier_one_is_rejected(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, threads=Threads.PER_PAPER) as rig:
        rig.channel.judge = refusing("2601.00001", Fault(400, 240000))
        await rig.tick()
        (delivery,) = await rig.deliveries()
        assert posted(rig) == ["2601.00002", "2601.00003", "2601.00004", "2601.00005"]
        assert [thread.id for thread in rig.channel.threads] == [each.id for each in rig.channel.digests]
        assert delivery.state is DeliveryState.SENT
        assert "Discord rejected 2601.00001 (error 240000). I skip this paper from now on." in await status(rig)


@pytest.mark.parametrize("layout", DigestLayout)
async def test_a_link_that_discord_considers_harmful_is_left_out(
    services: Services, wire: Wire, clock: Clock, layout: DigestLayout
) -> None:
    async with open_rig(services, wire, clock, layout=layout) as rig:
        rig.channel.judge = refusing(r"weights\.example|cdn\.example", Fault(400, 240000))
        await rig.tick()
        (message,) = rig.channel.digests
        (delivery,) = await rig.deliveries()
        assert len(message.papers) == 5
        assert "huggingface.co/papers/2601.00001" in json.dumps(message.body)
        if layout is DigestLayout.COMPACT:  # it shows neither
            assert delivery.messages[0].form is MessageForm.FULL
        else:
            assert "was posted without pictures and outside links" in await status(rig)


async def test_a_layout_that_discord_rejects_is_replaced_by_plain_lines(rig: DeliveryRig) -> None:
    rig.channel.judge = refusing("huggingface", Fault(400, 50035))
    await rig.tick()
    (message,) = rig.channel.digests
    assert len(message.papers) == 5
    assert "1. Paper 2601.00001 ▲ 70" in json.dumps(message.body, ensure_ascii=False)
    assert "Discord rejected it at first (error 50035), so it was posted as plain lines." in await status(rig)


async def test_if_every_message_is_rejected_for_a_while_the_papers_come_afterwards(rig: DeliveryRig) -> None:
    rig.channel.judge = refusing(".", Fault(400, 50035))
    await rig.tick()
    (failed,) = await rig.deliveries()
    assert (failed.state, failed.rejected_papers) == (DeliveryState.FAILED, ())
    rig.channel.judge = None
    await rig.tick(days=1)
    assert posted(rig) == ["2601.00001", "2601.00011", "2601.00002", "2601.00012", "2601.00003"]


async def test_two_rejected_papers_that_are_a_whole_digest_do_not_block_later_ones(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, size=2) as rig:
        rig.channel.judge = refusing(r"2601\.0000[12]", Fault(400, 200000))
        for _ in range(5):
            await rig.tick(days=1)
        assert posted(rig)[:1] != []
        assert {"2601.00001", "2601.00002"}.isdisjoint(posted(rig))


async def test_after_a_digest_of_one_rejected_paper_the_next_day_has_another(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, size=1) as rig:
        rig.channel.judge = refusing("2601.00001", Fault(400, 240000))
        await rig.tick()
        assert "not posted. Discord rejected 2601.00001 (error 240000). I skip this paper from now on." in await status(
            rig
        )
        await rig.tick(days=1)
        assert posted(rig) == ["2601.00011"]


async def test_a_post_that_discord_always_answers_with_500_is_simplified_until_it_is_accepted(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, Kind.FORUM, threads=Threads.PER_DIGEST) as rig:
        rig.channel.judge = refusing(BAD, Fault(500))
        await rig.tick()
        for _ in range(90):
            await rig.tick(minutes=2)
        assert sorted(posted(rig)) == ["2601.00001", "2601.00002", "2601.00004", "2601.00005"]
        assert f"Discord rejected {BAD} (error 500). I skip this paper from now on." in await status(rig)


async def test_an_outage_of_a_few_minutes_does_not_simplify_a_digest(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, Kind.FORUM, threads=Threads.PER_DIGEST) as rig:
        rig.channel.judge = refusing(".", Fault(500))
        await rig.tick()
        await rig.tick(minutes=2)
        rig.channel.judge = None
        await rig.tick(minutes=30)
        (delivery,) = await rig.deliveries()
        assert (len(posted(rig)), delivery.messages[0].form) == (5, MessageForm.FULL)


async def test_a_single_paper_that_is_always_answered_with_500_is_tried_until_the_next_run(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, Kind.FORUM, size=1, threads=Threads.PER_DIGEST) as rig:
        rig.channel.judge = refusing("2601.00001", Fault(500))
        await rig.tick()
        for _ in range(10):
            await rig.tick(hours=1)
        (delivery,) = await rig.deliveries()
        assert (delivery.state, delivery.messages[0].form) == (DeliveryState.PLANNED, MessageForm.PLAIN)
        await rig.tick(hours=14)
        assert posted(rig) == ["2601.00011"]


@pytest.mark.parametrize("minutes", [15, 45, 130])
@pytest.mark.parametrize("threads", [Threads.PER_DIGEST, Threads.PER_PAPER])
async def test_an_outage_of_hours_loses_no_paper(
    services: Services, wire: Wire, clock: Clock, threads: Threads, minutes: int
) -> None:
    async with open_rig(services, wire, clock, Kind.FORUM, threads=threads) as rig:
        rig.channel.judge = refusing(".", Fault(500))
        await rig.tick()
        for _ in range(minutes):
            await rig.tick(minutes=2)
        rig.channel.judge = None
        for _ in range(40):
            await rig.tick(minutes=2)
        (delivery,) = await rig.deliveries()
        assert (delivery.state, delivery.rejected_papers) == (DeliveryState.SENT, ())
        assert sorted(posted(rig)) == [f"2601.{number:05}" for number in range(1, 6)]
        assert all(message.message_id for message in delivery.messages)


async def test_a_digest_that_came_after_many_errors_can_be_undone(services: Services, wire: Wire, clock: Clock) -> None:
    async with open_rig(services, wire, clock, Kind.FORUM, size=1, threads=Threads.PER_DIGEST) as rig:
        await rig.tick()
        rig.channel.judge = refusing(".", Fault(500))
        await rig.tick(days=1)
        for _ in range(20):
            await rig.tick(minutes=2)
        rig.channel.judge = None
        for _ in range(40):
            await rig.tick(minutes=2)
        assert posted(rig) == ["2601.00001", "2601.00011"]
        known = await rig.get_subscription()
        last = await rig.bot.dispatcher.find_undoable_digest(known)
        undone, _ = await rig.bot.dispatcher.undo_digest(known, last.id, clock(), by=1)
        assert undone.run_date == clock.now.date()
        assert posted(rig) == ["2601.00001"]


async def test_deleting_a_server_while_its_message_is_simplified_is_no_bug(rig: DeliveryRig) -> None:
    async def forget() -> None:
        await rig.storage.guilds.delete_server(rig.guild.id)

    rig.wire.post_faults.extend([Fault(400, 50035), Fault(400, 50035), Fault(400, 50035, meanwhile=forget)])
    await rig.tick()
    assert not rig.channel.digests


async def test_a_restarted_bot_goes_on_with_the_form_it_had_reached(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, Kind.FORUM, threads=Threads.PER_DIGEST) as rig:
        rig.channel.judge = refusing("weights", Fault(500))
        await rig.tick()
        await rig.tick(minutes=2)
        await rig.tick(minutes=4)
    rig.channel.judge = None
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock.advance(minutes=30))
    (delivery,) = await rig.deliveries()
    (message,) = rig.channel.digests
    assert (len(message.papers), delivery.messages[0].form) == (5, MessageForm.UNLINKED)
    assert_holds([message], delivery)


async def test_the_first_message_that_arrives_pings_the_role(services: Services, wire: Wire, clock: Clock) -> None:
    async with open_rig(services, wire, clock, threads=Threads.PER_PAPER) as rig:
        rig.channel.judge = refusing("2601.00001", Fault(400, 240000))
        await rig.tick()
        (delivery,) = await rig.deliveries()
        assert [delivery.is_first_message(message) for message in delivery.messages] == [True, False, False, False]


async def test_why_says_that_discord_rejected_a_paper(rig: DeliveryRig) -> None:
    rig.channel.judge = refusing(BAD, Fault(400, 200000))
    await rig.tick()
    (paper,) = await rig.storage.papers.get([BAD])
    subscription = await rig.get_subscription()
    said = describe_explanation(
        subscription, await rig.bot.services.explainer.explain_paper(subscription, paper, rig.clock())
    )
    assert f"Not highlighted in the run of 16 Jan 2026. Discord rejected {BAD} (error 200000)." in said


async def test_a_message_is_not_simplified_if_it_is_not_to_blame(rig: DeliveryRig) -> None:
    rig.channel.judge = refusing(".", Fault(400, 160006))
    await rig.tick()
    assert len(rig.wire.bodies) == 1


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("created", [True, False])
async def test_a_400_of_a_proxy_is_not_a_rejection_by_discord(
    services: Services, wire: Wire, clock: Clock, kind: Kind, created: bool
) -> None:
    wanted = Threads.PER_DIGEST if kind is Kind.FORUM else Threads.NONE
    async with open_rig(services, wire, clock, kind, threads=wanted) as rig:
        wire.post_faults.append(Fault(400, created=created, page=PAGE))
        await rig.tick()
        (delivery,) = await rig.deliveries()
        assert (delivery.state, delivery.messages[0].form) == (DeliveryState.PLANNED, MessageForm.FULL)
        assert "delayed, but on its way. Discord answered with error 400." in await status(rig)
        await rig.tick(minutes=5)
        await rig.assert_arrived_once()


async def test_a_thread_beyond_the_limit_of_the_server_is_reported_with_the_message_that_arrived(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, threads=Threads.PER_DIGEST) as rig:
        wire.thread_faults.append(Fault(400, 160006))
        await rig.tick()
        await rig.assert_arrived_once()
        said = "But I couldn't open a thread. The server has too many active threads."
        assert said in await status(rig)


async def test_a_post_beyond_the_thread_limit_of_the_server_fails_the_run_and_not_the_subscription(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, Kind.FORUM, threads=Threads.PER_DIGEST) as rig:
        wire.post_faults.append(Fault(400, 160006))
        await rig.tick()
        assert "not posted. The server has too many active threads." in await status(rig)
        await rig.tick(days=1)
        assert len(posted(rig)) == 5
