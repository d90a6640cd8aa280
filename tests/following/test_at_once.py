"""What comes at once: soon after a paper passes, in one message, once."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.app import Services
from bot.delivery.planning import Planner
from bot.following.at_once import MAX_PER_DAY
from bot.papers import Paper
from bot.share import WHOLE
from bot.storage import Delivery, DeliveryState, How, Muted, MutedKind, Subscription
from bot.subscription.schedule import Schedule
from tests.support.builders import DAY, FRIDAY, MORNING, OUTAGE, Clock, paper, send
from tests.support.readers import list_deliveries_to_people

ADA, BOB = 7, 8
UTC_NINE = Schedule(time(9), ZoneInfo("UTC"))


def agents(number: int, upvotes: int, **known: object) -> Paper:
    return replace(paper(f"2601.{number:05}", upvotes=upvotes, day=FRIDAY, tags=("agents",)), **known)  # type: ignore[arg-type]


class Scans:
    """The lists of two days, which grow, and what is planned after they were read."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self.services, self.clock, self.storage = services, clock, services.storage
        self.planner = Planner(self.storage, services.composer, services.personal_composer)

    async def follow(self, user_id: int, text: str, how: How = How.AT_ONCE) -> None:
        await self.services.follower.follow(user_id, text, how, user_id, UTC_NINE, self.clock.now)

    async def get_subscription(self, user_id: int) -> Subscription:
        known = await self.storage.subscriptions.get_for_person(user_id)
        assert known
        return known

    async def list_papers(self, *papers: Paper) -> None:
        await self.storage.papers.record_list(FRIDAY, papers, self.clock.advance(seconds=1))
        await self.services.archive.update_index()

    async def scan(self) -> dict[int, Delivery]:
        """What is under way after a scan, by person."""
        await self.planner.plan_at_once(self.services.at_once, self.clock.now)
        under_way = await list_deliveries_to_people(self.storage, self.clock.now)
        return {each.user_id: each for each in under_way if each.user_id}

    async def scan_and_send(self) -> Mapping[int, list[str]]:
        """The papers that come to each person."""
        planned = await self.scan()
        for delivery in planned.values():
            await send(self.storage, delivery, message_id=1000 + delivery.id)
        return {
            user_id: [each.paper.id for each in delivery.digest.highlights] for user_id, delivery in planned.items()
        }


@pytest.fixture
def scans(services: Services, clock: Clock) -> Scans:
    clock.now = MORNING + timedelta(hours=4)  # Friday's list is open
    return Scans(services, clock)


async def test_a_paper_comes_once_it_has_the_upvotes_while_its_list_is_open(scans: Scans) -> None:
    await scans.follow(ADA, "tag:agents")
    await scans.follow(BOB, "tag:agents min:10")
    await scans.list_papers(agents(1, 9), agents(2, 12))
    assert await scans.scan_and_send() == {BOB: ["2601.00002"]}
    await scans.list_papers(agents(1, 51), agents(2, 49))
    assert await scans.scan_and_send() == {ADA: ["2601.00001"], BOB: ["2601.00001"]}
    assert await scans.scan_and_send() == {}


async def test_what_passes_together_is_one_message_that_says_why(scans: Scans) -> None:
    await scans.follow(ADA, "tag:agents")
    await scans.follow(ADA, "paper min:5")
    await scans.list_papers(agents(1, 60), agents(2, 6), agents(3, 90))
    delivery = (await scans.scan())[ADA]
    assert [(each.paper.id, each.followed) for each in delivery.digest.highlights] == [
        ("2601.00003", ("tag:agents", "paper min:5")),
        ("2601.00001", ("tag:agents", "paper min:5")),
        ("2601.00002", ("paper min:5",)),
    ]
    known = await scans.get_subscription(ADA)
    assert (delivery.extra, delivery.run_date, len(delivery.messages)) == (1, FRIDAY, 1)
    assert known.next_run.at == MORNING + timedelta(days=1, hours=1), "no run moves"


async def test_scans_at_the_same_time_and_after_a_restart_plan_nothing_twice(scans: Scans, clock: Clock) -> None:
    await scans.follow(ADA, "tag:agents")
    await scans.list_papers(agents(1, 60))
    other = Planner(scans.storage, scans.services.composer, scans.services.personal_composer)
    planned = await asyncio.gather(
        *(each.plan_at_once(scans.services.at_once, clock.now) for each in (scans.planner, other, scans.planner))
    )
    assert sum(planned) == 1
    (delivery,) = await list_deliveries_to_people(scans.storage, clock.now)
    await send(scans.storage, delivery)
    assert await other.plan_at_once(scans.services.at_once, clock.now) == 0


async def test_whose_digest_is_on_its_way_waits_for_the_next_scan(scans: Scans) -> None:
    await scans.follow(ADA, "tag:agents")
    await scans.list_papers(agents(1, 60))
    first = (await scans.scan())[ADA]
    await scans.list_papers(agents(1, 60), agents(2, 60))
    assert (await scans.scan())[ADA] == first
    await send(scans.storage, first)
    assert await scans.scan_and_send() == {ADA: ["2601.00002"]}


async def test_a_failed_message_is_planned_again_by_the_next_scan(scans: Scans) -> None:
    await scans.follow(ADA, "tag:agents")
    await scans.list_papers(agents(1, 60))
    first = (await scans.scan())[ADA]
    await scans.storage.deliveries.fail_delivery(first.id, OUTAGE, scans.clock.now)
    again = (await scans.scan())[ADA]
    assert (again.extra, [each.paper.id for each in again.digest.highlights]) == (2, ["2601.00001"])


async def test_after_so_many_messages_on_a_day_the_rest_comes_with_the_next_digest(scans: Scans) -> None:
    await scans.follow(ADA, "tag:agents")
    listed: list[Paper] = []
    for number in range(MAX_PER_DAY + 3):
        listed.append(agents(number, 60))
        await scans.list_papers(*listed)
        assert len(await scans.scan_and_send()) == (number < MAX_PER_DAY)
    scans.clock.now = MORNING + timedelta(days=1, hours=1)  # Friday's list has closed
    await scans.list_papers(*listed)
    (due,) = await scans.storage.subscriptions.list_due_people(WHOLE, scans.clock.now, limit=2)
    delivery = await scans.planner.plan_due_run(due, scans.clock.now)
    assert delivery
    assert [each.paper.id for each in delivery.digest.highlights] == [each.id for each in listed[MAX_PER_DAY:]]
    assert {each.followed for each in delivery.digest.highlights} == {("tag:agents",)}


async def test_what_was_listed_before_i_followed_or_is_muted_or_stopped_does_not_come(scans: Scans) -> None:
    old = replace(agents(9, 99), day=DAY)
    await scans.storage.papers.record_list(DAY, [old], MORNING)
    await scans.follow(ADA, "tag:agents")
    await scans.follow(BOB, "tag:agents")
    await scans.services.follower.mute(ADA, Muted(MutedKind.AUTHOR, "Ada Lovelace"), scans.clock.now)
    await scans.list_papers(agents(1, 60, authors=("Ada Lovelace",)), agents(2, 60))
    await scans.services.follower.stop_all(BOB, scans.clock.now)
    assert await scans.scan_and_send() == {ADA: ["2601.00002"]}


async def test_a_query_that_becomes_at_once_is_looked_at_by_the_next_scan(scans: Scans) -> None:
    await scans.follow(ADA, "tag:agents", How.DAILY)
    await scans.list_papers(agents(1, 60))
    assert await scans.scan_and_send() == {}
    await scans.follow(ADA, "tag:agents", How.AT_ONCE)
    assert await scans.scan_and_send() == {ADA: ["2601.00001"]}


async def test_a_run_that_was_composed_before_a_scan_does_not_repeat_its_papers(scans: Scans) -> None:
    await scans.follow(ADA, "tag:agents", How.DAILY)
    await scans.follow(ADA, "paper min:5", How.AT_ONCE)
    scans.clock.now = MORNING + timedelta(days=1, hours=1)
    await scans.list_papers(agents(1, 60))
    (due,) = await scans.storage.subscriptions.list_due_people(WHOLE, scans.clock.now, limit=2)
    digest = await scans.services.personal_composer.compose_digest(due, scans.clock.now)
    assert await scans.scan_and_send() == {ADA: ["2601.00001"]}
    late = await scans.storage.deliveries.plan_delivery(
        due, due.next_run, None, digest, nonces=["n"], now=scans.clock.now
    )
    assert late is None
    delivery = await scans.planner.plan_due_run(due, scans.clock.now)
    assert delivery
    assert delivery.state is DeliveryState.QUIET


async def test_a_mute_of_a_paper_keeps_those_away_that_are_like_it(scans: Scans) -> None:
    hens = "How hens lay eggs in a coop, and how a farmer feeds hens with corn in winter and in summer."
    roads = "Roads between mountains are repaired by bitumen, gravel, rollers and many workers at night."
    await scans.follow(ADA, "tag:agents")
    await scans.follow(BOB, "tag:agents")
    filler = [
        agents(number, 0, title=f"Unrelated {number}", abstract=f"Other words number{number} stand here alone.")
        for number in range(20, 60)
    ]
    first = agents(1, 60, title="Hens and eggs", abstract=hens)
    await scans.list_papers(first, *filler)
    assert await scans.scan_and_send() == {ADA: ["2601.00001"], BOB: ["2601.00001"]}
    await scans.services.follower.mute(ADA, Muted(MutedKind.PAPER, first.id), scans.clock.now)
    alike = agents(2, 70, title="Hens and eggs in winter", abstract=hens)
    other = agents(3, 60, title="Roads in mountains", abstract=roads)
    await scans.list_papers(first, alike, other, *filler)
    assert await scans.scan_and_send() == {ADA: ["2601.00003"], BOB: ["2601.00002", "2601.00003"]}


async def test_a_paper_says_how_like_the_example_it_is_however_like_is_written(scans: Scans) -> None:
    await scans.list_papers(agents(1, 10, title="Legged robots that learn to walk"))
    await scans.follow(ADA, "Like:2601.00001 min:5")
    (highlight,) = (await scans.scan())[ADA].digest.highlights
    assert highlight.likeness
    assert highlight.likeness.example == "2601.00001"


async def test_what_i_stop_while_others_are_looked_at_does_not_come(scans: Scans, clock: Clock) -> None:
    for user_id in (ADA, BOB):
        await scans.follow(user_id, "tag:agents")
        await scans.follow(user_id, "paper min:5")
    await scans.list_papers(agents(1, 60), agents(2, 60, tags=()))
    found = []
    async for each in scans.services.at_once.find_digests(clock.now):
        found.append({paper.paper.id: paper.followed for paper in each.digest.highlights})
        if len(found) == 1:
            _, stopped = (await scans.services.follower.get_overview(BOB)).followed
            await scans.services.follower.stop(BOB, stopped.id, clock.now)
    both = ("tag:agents", "paper min:5")
    assert found == [{"2601.00001": both, "2601.00002": ("paper min:5",)}, {"2601.00001": ("tag:agents",)}]
