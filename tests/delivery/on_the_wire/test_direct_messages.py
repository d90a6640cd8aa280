"""Direct messages on the wire: a person's digest arrives once, or not at all if they don't take it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.app import Services
from bot.channels import inboxes
from bot.reasons import Reason, ReasonKind
from bot.storage import Delivery, DeliveryState, SubscriptionState
from bot.subscription.settings import PostingOptions, Threads
from tests.support.builders import Clock
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.wire import Fault, Kind, Person, Wire, rate_limit

CLOSED = Reason(ReasonKind.INBOX_CLOSED)
CODES_OF_CLOSED = [50007, 50278, 50001, 50013]


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """A person whose first digest is due."""
    async with open_rig(services, wire, clock, Kind.PERSON) as opened:
        yield opened


def person_of(rig: DeliveryRig) -> Person:
    assert isinstance(rig.guild, Person)
    return rig.guild


async def state_of(rig: DeliveryRig) -> tuple[SubscriptionState, Reason | None]:
    known = await rig.storage.subscriptions.get_for_person(rig.guild.id)
    assert known
    return known.state, known.reason


async def last(rig: DeliveryRig) -> Delivery:
    return (await rig.deliveries())[0]


def list_requests(wire: Wire) -> list[str]:
    """What was asked of Discord about channels and people."""
    return [each for each in wire.requests if "/channels" in each]


async def test_a_persons_digest_takes_one_request_and_opens_nothing(rig: DeliveryRig) -> None:
    await rig.tick()
    await rig.tick(minutes=2)
    await rig.assert_arrived_once()
    (body,) = rig.wire.bodies
    assert (body["enforce_nonce"], body["allowed_mentions"]) == (True, {"parse": []})
    assert list_requests(rig.wire) == [f"POST /channels/{rig.channel.id}/messages"]


async def test_what_only_a_channel_of_a_server_can_do_is_not_tried(rig: DeliveryRig) -> None:
    known = await rig.get_subscription()
    posting = PostingOptions(threads=Threads.PER_DIGEST, publish=True, ping_role_id=5)
    await rig.storage.subscriptions.edit(
        known, replace(known.settings, posting=posting), known.next_run, by=1, now=rig.clock()
    )
    await rig.tick()
    await rig.assert_arrived_once()
    assert list_requests(rig.wire) == [f"POST /channels/{rig.channel.id}/messages"]


@pytest.mark.parametrize("said", [0, 3, 250])
async def test_a_digest_whose_answer_was_lost_is_found_among_what_the_reader_wrote(rig: DeliveryRig, said: int) -> None:
    for number in range(said):
        rig.wire.chat(rig.channel, f"stop? {number}")
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    await rig.tick(minutes=5)
    await rig.assert_arrived_once()
    assert (len(rig.wire.bodies), rig.wire.histories) == (1, said // 100 + 1)


async def test_a_digest_that_did_not_arrive_is_sent_after_the_history_was_searched(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault())
    await rig.tick()
    await rig.tick(minutes=5)
    await rig.assert_arrived_once()
    assert rig.wire.histories == 1


@pytest.mark.parametrize("fault", [Fault(500), Fault(503), Fault(503, created=True), rate_limit(0.1), Fault(403)])
async def test_what_passes_delays_a_digest_and_it_arrives_once(rig: DeliveryRig, fault: Fault) -> None:
    rig.wire.post_faults.append(fault)
    await rig.tick()
    await rig.tick(minutes=5)
    await rig.assert_arrived_once()
    assert await state_of(rig) == (SubscriptionState.ACTIVE, None)


@pytest.mark.parametrize("code", [40003, 20026])
async def test_too_many_direct_messages_delay_a_digest_and_close_no_inbox(rig: DeliveryRig, code: int) -> None:
    rig.wire.post_faults.append(Fault(403, code))
    await rig.tick()
    assert (await last(rig)).reason == Reason(ReasonKind.OPENED_TOO_FAST)
    await rig.tick(minutes=5)
    await rig.assert_arrived_once()
    assert person_of(rig).opened == 0


@pytest.mark.parametrize("code", CODES_OF_CLOSED)
async def test_a_closed_inbox_suspends_and_is_told_to_its_owner_once_and_to_nobody_else(
    rig: DeliveryRig, code: int
) -> None:
    rig.wire.add_guild()
    person_of(rig).closed = Fault(403, code)
    for _ in range(3):
        await rig.tick(hours=1)
    delivery = await last(rig)
    assert (delivery.state, delivery.reason, delivery.digest.highlights) == (DeliveryState.FAILED, CLOSED, ())
    assert await state_of(rig) == (SubscriptionState.SUSPENDED, CLOSED)
    assert list_requests(rig.wire) == [f"POST /channels/{rig.channel.id}/messages"]
    take = rig.storage.subscriptions.take_closed_inbox_notice
    assert [await take(1), await take(rig.guild.id), await take(rig.guild.id)] == [None, CLOSED, None]


async def test_after_the_inbox_is_open_again_its_owner_gets_the_same_papers_once(rig: DeliveryRig) -> None:
    person_of(rig).closed = Fault(403, 50007)
    await rig.tick()
    person_of(rig).closed = None
    await rig.tick(days=1)
    await rig.bot.recovery.recover_all_servers(rig.clock())
    assert rig.channel.digests == []  # nothing but the person's own word makes it go on
    await rig.resume()
    await rig.tick(days=1)
    (message,) = rig.channel.digests
    assert len(message.papers) == 5
    assert await rig.storage.subscriptions.take_closed_inbox_notice(rig.guild.id) is None


@pytest.mark.parametrize("created", [True, False])
async def test_a_digest_in_doubt_when_the_inbox_closes_arrives_once(rig: DeliveryRig, created: bool) -> None:
    rig.wire.post_faults.append(Fault(created=created))
    await rig.tick()
    person_of(rig).closed = Fault(403, 50007)
    await rig.tick(minutes=5)
    person_of(rig).closed = None
    if not created:
        assert (await state_of(rig))[1] == CLOSED
        await rig.resume()
    await rig.tick(days=1)
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers)) >= 5


async def test_a_digest_in_doubt_whose_history_is_closed_waits_for_the_person_and_is_not_sent_again(
    rig: DeliveryRig,
) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.channel.refusal = Fault(403, 50001)
    await rig.tick(minutes=5)
    assert (await last(rig)).state is DeliveryState.PLANNED
    assert await state_of(rig) == (SubscriptionState.SUSPENDED, CLOSED)
    rig.channel.refusal = None
    await rig.resume()
    await rig.tick(minutes=5)
    await rig.assert_arrived_once()
    assert len(rig.wire.bodies) == 1


@pytest.mark.parametrize("where", ["message", "opening"])
async def test_an_account_that_is_gone_is_not_written_to_again(rig: DeliveryRig, where: str) -> None:
    if where == "opening":
        del rig.wire.people[rig.guild.id]
        rig.channel.refusal = Fault(404, 10003)
    else:
        person_of(rig).closed = Fault(404, 10013)
    await rig.tick()
    await rig.tick(days=1)
    assert await state_of(rig) == (SubscriptionState.SUSPENDED, Reason(ReasonKind.USER_GONE))
    assert sum(each.startswith("POST") for each in list_requests(rig.wire)) == (2 if where == "opening" else 1)


class TestAnotherChannel:
    """Discord does not know the channel of the direct messages any more."""

    async def test_they_are_opened_anew_and_the_digest_arrives_at_once(self, rig: DeliveryRig) -> None:
        rig.wire.move(person_of(rig))
        await rig.tick()
        await rig.assert_arrived_once()
        assert (await rig.get_subscription()).settings.channel_id == rig.channel.id
        await rig.tick(days=1)
        assert person_of(rig).opened == 1

    @pytest.mark.parametrize("created", [True, False])
    async def test_a_digest_in_doubt_is_looked_for_in_both(self, rig: DeliveryRig, created: bool) -> None:
        before = rig.channel
        rig.wire.post_faults.append(Fault(created=created))
        await rig.tick()
        rig.wire.move(person_of(rig))
        rig.wire.direct_messages[before.id] = before
        await rig.storage.subscriptions.move_for_person(rig.guild.id, rig.channel.id)
        await rig.tick(minutes=5)
        assert len(before.digests) + len(rig.channel.digests) == 1
        assert (await last(rig)).state is DeliveryState.SENT
        assert len(before.digests) == created

    async def test_a_digest_in_doubt_in_a_channel_that_is_gone_is_sent_in_the_new_one(self, rig: DeliveryRig) -> None:
        rig.wire.post_faults.append(Fault())
        await rig.tick()
        rig.wire.move(person_of(rig))
        await rig.tick(minutes=5)
        await rig.assert_arrived_once()

    async def test_a_digest_in_doubt_in_the_new_channel_is_found_there(self, rig: DeliveryRig) -> None:
        rig.wire.move(person_of(rig))
        rig.wire.post_faults.append(Fault(created=True))
        await rig.tick()
        await rig.tick(minutes=5)
        await rig.assert_arrived_once()
        assert (len(rig.wire.bodies), person_of(rig).opened) == (1, 1)

    async def test_a_channel_that_discord_opens_and_does_not_know_delays_the_digest(self, rig: DeliveryRig) -> None:
        rig.channel.refusal = Fault(404, 10003)
        await rig.tick()
        assert (await last(rig)).reason == Reason(ReasonKind.CHANNEL_GONE)
        assert (await state_of(rig))[0] is SubscriptionState.ACTIVE
        assert person_of(rig).opened == 1
        rig.channel.refusal = None
        await rig.tick(minutes=5)
        await rig.assert_arrived_once()

    @pytest.mark.parametrize("code", [40003, 20026])
    async def test_while_discord_lets_me_open_none_the_digest_waits_and_i_do_not_ask(
        self, rig: DeliveryRig, code: int
    ) -> None:
        rig.wire.move(person_of(rig))
        rig.wire.opening_faults.append(Fault(403, code))
        await rig.tick()
        await rig.tick(minutes=2)
        reason = (await last(rig)).reason
        assert reason
        assert reason.kind is ReasonKind.OPENED_TOO_FAST
        assert list_requests(rig.wire).count("POST /users/@me/channels") == 1
        await rig.tick(minutes=inboxes.FIRST_BACK_OFF.seconds / 60)
        await rig.assert_arrived_once()

    async def test_who_takes_none_is_suspended_when_they_are_opened_anew(self, rig: DeliveryRig) -> None:
        rig.wire.move(person_of(rig))
        rig.wire.opening_faults.append(Fault(403, 50007))
        await rig.tick()
        assert await state_of(rig) == (SubscriptionState.SUSPENDED, CLOSED)


async def test_a_digest_that_discord_rejects_comes_to_a_person_in_a_simpler_form(rig: DeliveryRig) -> None:
    rig.channel.judge = lambda body: Fault(400, 50035) if "2601.00002" in body else None
    await rig.tick()
    delivery = await last(rig)
    assert delivery.state is DeliveryState.SENT
    assert [each.paper_id for each in delivery.rejected_papers] == ["2601.00002"]
    assert "2601.00002" not in [paper for message in rig.channel.digests for paper in message.papers]


async def test_failing_runs_in_a_row_are_told_to_no_server_and_the_next_one_comes(rig: DeliveryRig) -> None:
    rig.wire.add_guild()
    rig.channel.judge = lambda _: Fault(400, 50008)
    for _ in range(3):
        await rig.tick(days=1)
    assert len(rig.wire.bodies) == 3
    assert all(each.state is DeliveryState.FAILED for each in await rig.deliveries())
    assert await state_of(rig) == (SubscriptionState.ACTIVE, None)
    rig.channel.judge = None
    await rig.tick(days=1)
    assert len(rig.channel.digests) == 1
