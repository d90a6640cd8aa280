"""What is stored of people's digests: beside the servers, and never mixed up with theirs."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.reasons import Reason, ReasonKind
from bot.share import WHOLE
from bot.storage import DeliveryState, Storage, Subscription, SubscriptionState, open_storage, sqlite
from bot.subscription.schedule import Run
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    GONE,
    MORNING,
    SETTINGS,
    build_settings,
    digest,
    paper,
    plan,
    send,
    subscribe,
)

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

ADA, BOB = 7, 8
CLOSED = Reason(ReasonKind.INBOX_CLOSED)


async def add(storage: Storage, user_id: int = ADA, channel_id: int = 70, at: Run = FIRST_RUN) -> Subscription:
    return await storage.subscriptions.add_for_person(user_id, build_settings(channel_id), now=MORNING, next_run=at)


async def list_paper(storage: Storage, number: int) -> str:
    listed = paper(f"2601.{number:05}")
    await storage.papers.record_list(DAY + timedelta(days=number), [listed], MORNING)
    return listed.id


class TestNotice:
    async def test_i_am_told_once_why_my_digests_stopped_and_nobody_else_is(self, storage: Storage) -> None:
        mine, _ = await add(storage), await add(storage, BOB, 80)
        await storage.subscriptions.suspend(mine.id, CLOSED, MORNING)
        take = storage.subscriptions.take_closed_inbox_notice
        assert [await take(BOB), await take(ADA), await take(ADA), await take(99)] == [None, CLOSED, None, None]

    async def test_after_i_resumed_i_am_told_again_only_if_it_stops_again(self, storage: Storage) -> None:
        mine, take = await add(storage), storage.subscriptions.take_closed_inbox_notice
        await storage.subscriptions.suspend(mine.id, CLOSED, MORNING)
        mine = await storage.subscriptions.resume(mine, FIRST_RUN, by=ADA, now=MORNING)
        assert await take(ADA) is None
        await storage.subscriptions.suspend(mine.id, GONE, MORNING)
        assert [await take(ADA), await take(ADA)] == [GONE, None]

    async def test_a_digest_that_failed_for_a_closed_inbox_leaves_a_notice(self, storage: Storage) -> None:
        mine = await add(storage)
        await list_paper(storage, 1)
        delivery = await plan(storage, mine, digest(paper("2601.00001")))
        assert delivery
        await storage.deliveries.fail_delivery(delivery.id, CLOSED, MORNING, suspending=True)
        assert await storage.subscriptions.take_closed_inbox_notice(ADA) == CLOSED

    async def test_a_server_gets_none(self, storage: Storage) -> None:
        servers = await subscribe(storage)
        await storage.subscriptions.suspend(servers.id, GONE, MORNING)
        assert await storage.subscriptions.take_closed_inbox_notice(servers.guild_id) is None


class TestBesideServers:
    async def test_what_happens_to_servers_happens_to_no_person(self, storage: Storage) -> None:
        mine, servers = await add(storage), await subscribe(storage, 1)
        await list_paper(storage, 1)
        await send(storage, await plan(storage, mine, digest(paper("2601.00001"))))
        before = await storage.subscriptions.get_for_person(ADA)
        await storage.guilds.reconcile_servers(WHOLE, [], MORNING)
        await storage.guilds.record_leave(0, MORNING)
        await storage.guilds.delete_server(0)
        await storage.guilds.delete_server(servers.guild_id)
        await storage.guilds.reconcile_servers(WHOLE, [5], MORNING)
        assert await storage.subscriptions.get_for_person(ADA) == before
        assert len(await storage.deliveries.list_latest(mine.id, 9)) == 1
        assert await storage.subscriptions.list_for_server(0) == []

    async def test_a_persons_digest_is_nowhere_in_what_a_server_saw(self, storage: Storage) -> None:
        mine = await add(storage, channel_id=SETTINGS.channel_id)
        servers = await subscribe(storage, 1)
        shown = await list_paper(storage, 1)
        await send(storage, await plan(storage, mine, digest(paper(shown))))
        for guild_id in (0, servers.guild_id):
            assert await storage.posted_papers.list_channels(guild_id) == []
            assert await storage.posted_papers.find_latest(guild_id, [SETTINGS.channel_id], [shown]) == {}
            assert await storage.posted_papers.list_since(guild_id, [SETTINGS.channel_id], MORNING, limit=9) == ([], 0)
            assert await storage.deliveries.find_first_seen(guild_id, [shown]) in (None, {})

    async def test_suspended_people_are_not_among_the_servers_that_recover(self, storage: Storage) -> None:
        mine, servers = await add(storage), await subscribe(storage)
        for each in (mine, servers):
            await storage.subscriptions.suspend(each.id, Reason(ReasonKind.CHANNEL_HIDDEN), MORNING)
        assert [each.id for each in await storage.subscriptions.list_suspended(WHOLE)] == [servers.id]

    async def test_a_persons_message_is_linked_as_one_of_their_direct_messages(self, storage: Storage) -> None:
        await list_paper(storage, 1)
        delivery = await plan(storage, await add(storage), digest(paper("2601.00001")))
        await send(storage, delivery)
        assert delivery
        sent = await storage.deliveries.get(delivery.id)
        assert sent
        assert sent.posted_message
        assert sent.posted_message.url == "https://discord.com/channels/@me/70/77"


class TestDue:
    async def test_people_are_read_bit_by_bit_those_first_who_were_due_first(self, storage: Storage) -> None:
        later = Run(FIRST_RUN.date, FIRST_RUN.at + timedelta(minutes=1))
        added = [await add(storage, n, 100 + n, later if n % 2 else FIRST_RUN) for n in range(1, 8)]
        await subscribe(storage)
        found, last = [], None
        while page := await storage.subscriptions.list_due_people(WHOLE, later.at, limit=2, after=last):
            found += [each.user_id for each in page]
            last = page[-1]
        assert found == [2, 4, 6, 1, 3, 5, 7]
        assert added[0].user_id == 1
        assert await storage.subscriptions.list_due_people(WHOLE, FIRST_RUN.at - timedelta(seconds=1), limit=9) == []

    async def test_deliveries_to_people_are_listed_apart_and_bit_by_bit(self, storage: Storage) -> None:
        people, servers = [await add(storage, n, 100 + n) for n in range(1, 6)], await subscribe(storage)
        await list_paper(storage, 1)
        for each in (*people, servers):
            await plan(storage, each, digest(paper("2601.00001")))
        assert [each.subscription_id for each in await storage.deliveries.list_under_way(WHOLE, MORNING)] == [
            servers.id
        ]
        found, last = [], 0
        while page := await storage.deliveries.list_under_way_to_people(WHOLE, MORNING, limit=2, after=last):
            found += page
            last = page[-1][0]
        assert [subscription_id for subscription_id, _ in found] == [each.id for each in people]
        for subscription_id, delivery_id in found:
            delivery = await storage.deliveries.get(delivery_id)
            assert delivery
            assert delivery.subscription_id == subscription_id

    async def test_a_delivery_that_waits_for_its_next_try_is_not_listed_until_then(self, storage: Storage) -> None:
        await list_paper(storage, 1)
        delivery = await plan(storage, await add(storage), digest(paper("2601.00001")))
        assert delivery
        await storage.deliveries.postpone_delivery(delivery.id, CLOSED, MORNING + timedelta(minutes=2))
        assert await storage.deliveries.list_under_way_to_people(WHOLE, MORNING, limit=9) == []
        assert await storage.deliveries.list_under_way_to_people(WHOLE, MORNING + timedelta(minutes=2), limit=9) != []


async def test_a_delivery_knows_that_the_direct_messages_have_moved(storage: Storage) -> None:
    mine, servers = await add(storage), await subscribe(storage)
    await list_paper(storage, 1)
    deliveries = [await plan(storage, each, digest(paper("2601.00001"))) for each in (mine, servers)]
    await storage.subscriptions.move_for_person(ADA, 71)
    await storage.subscriptions.edit(servers, build_settings(6), FIRST_RUN, by=1, now=MORNING)
    found = [await storage.deliveries.get(each.id) for each in deliveries if each]
    assert [(each.channel_id, each.moved_to) for each in found if each] == [(70, 71), (SETTINGS.channel_id, None)]


async def test_a_person_may_have_many_extra_digests_a_day_and_they_are_packed_like_runs(storage: Storage) -> None:
    mine = await add(storage)
    for day in range(12):
        for extra in range(1, 6):
            number = 5 * day + extra
            shown = await list_paper(storage, number)
            run = Run(DAY + timedelta(days=day), MORNING + timedelta(days=day))
            delivery = await plan(storage, mine, digest(paper(shown)), run=run, extra=extra)
            await send(storage, delivery, 1000 + number)
    assert await storage.deliveries.count_extra_digests(mine.id, DAY) == 5
    await storage.deliveries.pack_old_runs(WHOLE, MORNING + timedelta(days=99))
    left = await storage.deliveries.list_latest(mine.id, 99)
    assert 5 <= len(left) < 60
    ids = [f"2601.{number:05}" for number in range(1, 61)]
    assert await storage.deliveries.find_highlighted(mine.id, ids) == frozenset(ids)
    assert all(each.state is DeliveryState.SENT for each in left)


async def test_an_older_database_keeps_its_suspensions_and_gains_the_notice(tmp_path: Path) -> None:
    path, scripts = tmp_path / "paperboy.db", sqlite._load_migrations()
    (number,) = [number for number, script in enumerate(scripts) if "has_notice" in script]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{' '.join(scripts[:number])} PRAGMA user_version = {number};")
        connection.execute(
            "INSERT INTO subscriptions (user_id, channel_id, time, timezone, weekdays, size, min_upvotes, risers,"
            " state, reason, next_run_date, next_run_at, created_by, created_at) VALUES (7, 70, '09:00', 'UTC', '01',"
            " 5, 0, 0, 'suspended', '{\"kind\": \"channel_gone\"}', '2026-01-16', '2026-01-16T09:00:00+00:00', 7,"
            " '2026-01-01T00:00:00+00:00')"
        )
        connection.commit()
    async with open_storage(path) as storage:
        known = await storage.subscriptions.get_for_person(7)
        assert known
        assert (known.state, known.reason) == (SubscriptionState.SUSPENDED, GONE)
        assert await storage.subscriptions.take_closed_inbox_notice(7) is None
