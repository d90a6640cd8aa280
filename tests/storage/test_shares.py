"""Processes that share a database: each is told of its own servers and people, and changes nothing for the others'."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.reasons import Reason, ReasonKind
from bot.share import WHOLE, Share
from bot.storage import How, Storage, SubscriptionState
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    GONE,
    MORNING,
    SECOND_RUN,
    build_settings,
    digest,
    paper,
    plan,
    send,
    subscribe,
)
from tests.support.shares import FIRST_HALF, SECOND_HALF, build_id

LATER = MORNING + timedelta(days=1)
DUE, UNDER_WAY, SUSPENDED, LEFT = range(4)  # servers and people, four of each kind
SERVERS = {kind: [build_id(shard, 4, 1 + kind) for shard in range(4)] for kind in (DUE, UNDER_WAY, SUSPENDED, LEFT)}
PEOPLE = {kind: [build_id(shard, 4, 11 + kind) for shard in range(4)] for kind in (DUE, UNDER_WAY)}
OWNERS = [each for owners in (*SERVERS.values(), *PEOPLE.values()) for each in owners]
Ask = Callable[[Storage, Share], Awaitable[list[int]]]


@pytest.fixture
async def town(storage: Storage) -> Storage:
    """In each of four shards, a server and a person of each kind. The channel of each has its owner's id, plus one."""
    await storage.papers.record_list(DAY, [paper("2601.00001")], MORNING)
    for kind, ids in SERVERS.items():
        for each in ids:
            await storage.guilds.record_join(each, MORNING)
            known = await subscribe(storage, each, build_settings(each + 1))
            if kind == UNDER_WAY:
                await plan(storage, known, digest(paper("2601.00001")))
            if kind == SUSPENDED:
                await storage.subscriptions.suspend(known.id, GONE, MORNING)
            if kind == LEFT:
                await storage.guilds.record_leave(each, MORNING)
    await _add_people(storage)
    return storage


async def _add_people(storage: Storage) -> None:
    for kind, ids in PEOPLE.items():
        for each in ids:
            await storage.followed_queries.follow(each, f"tag:x{each}", How.AT_ONCE, DAY, MORNING)
            known = await storage.subscriptions.add_for_person(
                each, build_settings(each + 1), now=MORNING, next_run=FIRST_RUN
            )
            if kind == UNDER_WAY:
                await plan(storage, known, digest(paper("2601.00001")))


async def list_due(storage: Storage, share: Share) -> list[int]:
    return [each.guild_id for each in await storage.subscriptions.list_due(share, FIRST_RUN.at)]


async def list_due_people(storage: Storage, share: Share) -> list[int]:
    return [each.owner_id for each in await storage.subscriptions.list_due_people(share, FIRST_RUN.at, limit=99)]


async def list_under_way(storage: Storage, share: Share) -> list[int]:
    return [each.guild_id for each in await storage.deliveries.list_under_way(share, MORNING)]


async def list_under_way_to_people(storage: Storage, share: Share) -> list[int]:
    found = await storage.deliveries.list_under_way_to_people(share, MORNING, limit=99)
    deliveries = [await storage.deliveries.get(delivery_id) for _, delivery_id in found]
    return [each.owner_id for each in deliveries if each]


async def list_suspended(storage: Storage, share: Share) -> list[int]:
    found = await storage.subscriptions.list_suspended(share)
    assert found == await storage.subscriptions.list_suspended(share, only=GONE.kind)
    return [each.guild_id for each in found]


async def list_left(storage: Storage, share: Share) -> list[int]:
    return await storage.guilds.list_servers_left_before(share, LATER)


async def list_followers(storage: Storage, share: Share) -> list[int]:
    pages = [each async for each in storage.personal_digests.list_at_once_queries(share)]
    return [int(query.removeprefix("tag:x")) for page in pages for query in page]


async def list_waiting(storage: Storage, share: Share) -> list[int]:
    passing = [(f"tag:x{each}", "2601.00001", DAY) for each in PEOPLE[DUE]]
    return list(await storage.personal_digests.find_waiting_people(share, passing))


ASKED: dict[str, tuple[Ask, list[int]]] = {
    "servers that are due": (list_due, SERVERS[DUE]),
    "people who are due": (list_due_people, PEOPLE[DUE]),
    "servers whose delivery is under way": (list_under_way, SERVERS[UNDER_WAY]),
    "people whose delivery is under way": (list_under_way_to_people, PEOPLE[UNDER_WAY]),
    "servers that may recover": (list_suspended, SERVERS[SUSPENDED]),
    "servers that were left": (list_left, SERVERS[LEFT]),
    "what people follow at once": (list_followers, [*PEOPLE[DUE], *PEOPLE[UNDER_WAY]]),
    "people for whom something passes": (list_waiting, PEOPLE[DUE]),
}


async def test_each_process_is_told_of_its_own_servers_and_people(town: Storage) -> None:
    for name, (ask, owners) in ASKED.items():
        assert sorted(await ask(town, WHOLE)) == sorted(owners), name
        for share in (FIRST_HALF, SECOND_HALF):
            assert sorted(await ask(town, share)) == sorted(filter(share.has, owners)), name


async def test_each_process_counts_its_own(town: Storage) -> None:
    whole, halves = await town.backlog.read(WHOLE, LATER), []
    for share in (FIRST_HALF, SECOND_HALF):
        halves.append(await town.backlog.read(share, LATER))
        assert await town.subscriptions.count_active(share) * 2 == await town.subscriptions.count_active(WHOLE) == 16
    assert [(each.due, each.under_way, each.suspended) for each in (whole, *halves)] == [
        *((8, 8, 4), (4, 4, 2), (4, 4, 2))
    ]


async def test_the_servers_of_another_process_are_not_taken_for_left_or_new(town: Storage) -> None:
    present = [each for kind in (DUE, UNDER_WAY, SUSPENDED) for each in SERVERS[kind]]
    gone = SERVERS[DUE][2]  # from the second half
    told = [each for each in present if each != gone]
    assert await town.guilds.reconcile_servers(FIRST_HALF, told, LATER) == []
    assert sorted(await list_due(town, WHOLE)) == sorted(SERVERS[DUE])
    assert await town.guilds.reconcile_servers(SECOND_HALF, told, LATER) == []
    assert sorted(await list_due(town, WHOLE)) == sorted({*SERVERS[DUE]} - {gone})
    new = build_id(3, 4, 99)
    assert await town.guilds.reconcile_servers(FIRST_HALF, [*told, new], LATER) == []
    assert await town.guilds.reconcile_servers(SECOND_HALF, [*told, new], LATER) == [new]


async def test_the_first_start_of_each_process_welcomes_nobody(storage: Storage) -> None:
    first, second = build_id(0, 4, 1), build_id(2, 4, 1)
    assert await storage.guilds.reconcile_servers(FIRST_HALF, [first], MORNING) == []
    assert await storage.guilds.reconcile_servers(SECOND_HALF, [second], MORNING) == []


async def test_a_process_forgets_the_servers_and_people_that_are_its_own(town: Storage) -> None:
    for each in PEOPLE[DUE]:
        await town.followed_queries.unfollow_all(each, MORNING)
    await town.people.delete_old(WHOLE, MORNING)  # notes to whom nothing comes
    for share, left in ((FIRST_HALF, SECOND_HALF), (SECOND_HALF, None)):
        await town.guilds.delete_left_servers(share, MORNING + timedelta(days=99))
        await town.people.delete_old(share, MORNING + timedelta(days=999))
        kept = [each for each in SERVERS[LEFT] if left and left.has(each)]
        assert sorted(await town.guilds.list_servers_left_before(WHOLE, MORNING + timedelta(days=99))) == sorted(kept)
        for each in PEOPLE[DUE]:
            data = await town.people.read_data(each)
            assert data.is_empty is not bool(left and left.has(each))


async def test_a_process_blocks_and_unblocks_its_own(town: Storage) -> None:
    async def list_blocked() -> list[int]:
        known = [await town.subscriptions.get_for_person(each) for each in PEOPLE[DUE]]
        return [each.owner_id for each in known if each and each.state is SubscriptionState.SUSPENDED]

    await town.subscriptions.suspend_blocked(FIRST_HALF, PEOPLE[DUE])
    await town.guilds.leave_blocked(FIRST_HALF, SERVERS[DUE], MORNING)
    assert await list_blocked() == [*filter(FIRST_HALF.has, PEOPLE[DUE])]
    assert sorted(await list_due(town, WHOLE)) == sorted(filter(SECOND_HALF.has, SERVERS[DUE]))
    await town.subscriptions.suspend_blocked(SECOND_HALF, ())  # which has other settings, for the moment
    assert await list_blocked() == [*filter(FIRST_HALF.has, PEOPLE[DUE])]
    await town.subscriptions.suspend_blocked(FIRST_HALF, ())
    assert await list_blocked() == []


async def test_a_process_packs_the_past_of_its_own(storage: Storage) -> None:
    owners = [build_id(shard, 2, 1) for shard in range(2)]
    known = [await subscribe(storage, each) for each in owners]
    for number in range(12):
        one, day = paper(f"2602.{number:05}", day=DAY + timedelta(days=number)), DAY + timedelta(days=number)
        await storage.papers.record_list(day, [one], MORNING)
        for each in known:
            planned = await plan(storage, each, digest(one), run=type(FIRST_RUN)(day, MORNING))
            await send(storage, planned, 1000 * each.id + number)
    await storage.deliveries.pack_old_runs(Share(frozenset({0}), 2), MORNING + timedelta(days=99))
    left = [len(await storage.deliveries.list_latest(each.id, 99)) for each in known]
    assert left[0] < left[1] == 12


async def test_after_a_restore_each_process_searches_the_channels_of_its_own(town: Storage) -> None:
    async def list_searched(share: Share) -> list[int]:
        return sorted(each.channel_id - 1 for each in await town.restored.list_channels(share))

    assert await town.restored.mark_if_old(SECOND_HALF, MORNING + timedelta(hours=3))
    assert await list_searched(FIRST_HALF) == []
    assert await list_searched(SECOND_HALF) == sorted(filter(SECOND_HALF.has, OWNERS))
    assert await list_due(town, SECOND_HALF) == []
    assert sorted(await list_due(town, FIRST_HALF)) == sorted(filter(FIRST_HALF.has, SERVERS[DUE]))
    # Who leads reads lists, and then no other process could tell any more: it marks everybody's.
    assert await town.restored.mark_if_old(FIRST_HALF, MORNING + timedelta(hours=3))
    assert await list_searched(WHOLE) == sorted(OWNERS)
    assert await list_due_people(town, WHOLE) == []


async def test_a_persons_change_through_another_process_is_found_by_their_own(town: Storage) -> None:
    ada = PEOPLE[DUE][3]
    known = await town.subscriptions.get_for_person(ada)
    assert known
    await town.subscriptions.suspend(known.id, Reason(ReasonKind.INBOX_CLOSED), MORNING)
    assert ada not in await list_due_people(town, SECOND_HALF)
    await town.followed_queries.change_settings(ada, MORNING, lambda known: known or build_settings(), wakes=True)
    due = await town.subscriptions.list_due_people(SECOND_HALF, SECOND_RUN.at + timedelta(days=1), limit=99)
    assert ada in [each.user_id for each in due]
