"""The audit log: every change, by whom and when."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.digest import Digest
from bot.reasons import Reason, ReasonKind
from bot.share import WHOLE
from bot.storage import Action, AuditEntry, Storage
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    GONE,
    MORNING,
    NOTHING_LISTED,
    SCHEDULE,
    SECOND_RUN,
    SETTINGS,
    digest,
    paper,
    plan,
    query,
    send,
    subscribe,
    tables,
)
from tests.support.engines import BROKEN_RULES, forbid
from tests.support.subscriptions import CHANGES, FULL, LATER, MOVED, newest

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A = paper("2601.00001", upvotes=1)


async def recorded(storage: Storage) -> Digest:
    await storage.papers.record_list(DAY, [A], MORNING)
    return digest(A)


class TestChanges:
    async def test_every_change_tells_who_made_it_and_when(self, storage: Storage) -> None:
        added = await subscribe(storage)
        times = [LATER + timedelta(minutes=number) for number in range(7)]
        await storage.subscriptions.edit(added, MOVED, FIRST_RUN, by=10, now=times[0])
        await storage.subscriptions.pause(await newest(storage, added), by=11, now=times[1])
        await storage.subscriptions.resume(await newest(storage, added), FIRST_RUN, by=12, now=times[2])
        await storage.subscriptions.suspend(added.id, GONE, times[3])
        await storage.subscriptions.suspend(added.id, Reason(ReasonKind.SERVER_GONE), times[4])  # it is already
        await storage.guilds.record_leave(1, times[5])
        await storage.subscriptions.remove(await newest(storage, added), by=13, now=times[6])
        assert await storage.audit_log.list_latest(1, 99) == [
            AuditEntry(added.id, 13, Action.REMOVED, {}, None, times[6]),
            AuditEntry(added.id, None, Action.LEFT, {}, None, times[5]),
            AuditEntry(added.id, None, Action.SUSPENDED, {}, GONE, times[3]),
            AuditEntry(added.id, 12, Action.RESUMED, {}, None, times[2]),
            AuditEntry(added.id, 11, Action.PAUSED, {}, None, times[1]),
            AuditEntry(added.id, 10, Action.EDITED, {"channel_id": (5, 6)}, None, times[0]),
            AuditEntry(added.id, 7, Action.ADDED, {}, None, MORNING),
        ]

    async def test_sending_a_digest_early_and_undoing_it_are_logged(self, storage: Storage) -> None:
        added = await subscribe(storage)
        planned = await plan(storage, added, await recorded(storage), by=14)
        assert planned
        await send(storage, planned)
        await storage.deliveries.undo_delivery(planned, by=15, now=LATER)
        undone, sent, _ = await storage.audit_log.list_latest(1, 99)
        assert undone == AuditEntry(added.id, 15, Action.UNDONE, {}, None, LATER)
        assert sent == AuditEntry(added.id, 14, Action.SENT, {}, None, MORNING)

    async def test_the_audit_log_of_a_server_lists_only_its_own_actions_latest_first(self, storage: Storage) -> None:
        first, other, second = [await subscribe(storage, guild_id) for guild_id in (1, 2, 1)]
        assert [each.subscription_id for each in await storage.audit_log.list_latest(1, 9)] == [second.id, first.id]
        assert [each.subscription_id for each in await storage.audit_log.list_latest(1, 1)] == [second.id]
        assert [each.subscription_id for each in await storage.audit_log.list_latest(2, 9)] == [other.id]
        assert await storage.audit_log.list_latest(3, 9) == []

    @pytest.mark.parametrize(
        ("after", "details"),
        [
            (SETTINGS, {}),
            (MOVED, {"channel_id": (5, 6)}),
            (replace(SETTINGS, selection=replace(SETTINGS.selection, filter="ünï")), {"filter": ("", "ünï")}),
            (
                replace(SETTINGS, selection=Selection(10, 0, 1)),
                {"size": (5, 10), "min_upvotes": (2, 0), "allow_repeats": (1, 0)},
            ),
            (replace(SETTINGS, schedule=replace(SCHEDULE, weekdays=frozenset({6, 5}))), {"weekdays": ("024", "56")}),
            (
                replace(SETTINGS, schedule=replace(SCHEDULE, time=time(18, 5), cadence=Cadence.WEEKLY)),
                {"time": ("09:00", "18:05"), "cadence": ("daily", "weekly")},
            ),
            (
                replace(SETTINGS, posting=PostingOptions(DigestLayout.COMPACT, ping_role_id=3, silent=True)),
                {"layout": ("list", "compact"), "ping_role_id": (None, 3), "silent": (0, 1)},
            ),
        ],
    )
    async def test_an_edit_lists_what_was_changed_and_nothing_else(
        self, storage: Storage, after: DigestSettings, details: dict[str, tuple[Any, Any]]
    ) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.edit(added, after, FIRST_RUN, by=9, now=LATER)
        edited, _ = await storage.audit_log.list_latest(1, 9)
        assert edited == AuditEntry(added.id, 9, Action.EDITED, details, None, LATER)

    async def test_an_edit_of_everything_lists_every_setting(self, storage: Storage) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.edit(added, FULL, FIRST_RUN, by=9, now=LATER)
        edited, _ = await storage.audit_log.list_latest(1, 9)
        assert len(edited.details) == 18
        assert all(before != after for before, after in edited.details.values())

    async def test_a_change_that_cannot_be_logged_is_not_made(self, storage: Storage, path: Path) -> None:
        known = await subscribe(storage)
        sent = await plan(storage, known, await recorded(storage))
        assert sent
        await send(storage, sent)
        works: list[Callable[[], Awaitable[object]]] = [
            *(lambda change=change: change(storage, known) for change in CHANGES.values()),
            lambda: subscribe(storage),
            lambda: storage.subscriptions.suspend(known.id, GONE, LATER),
            lambda: storage.deliveries.fail_delivery(sent.id, GONE, LATER, suspending=True),
            lambda: storage.deliveries.undo_delivery(sent, by=9, now=LATER),
            lambda: plan(storage, known, digest(reason=NOTHING_LISTED), run=SECOND_RUN, by=9),
            lambda: storage.guilds.record_leave(1, LATER),
            lambda: storage.guilds.reconcile_servers(WHOLE, [2], LATER),
        ]
        forbid(path, "BEFORE INSERT ON audit_log", "the disk is full")
        before = tables(path)
        for work in works:
            with pytest.raises(BROKEN_RULES, match="the disk is full"):
                await work()
            assert tables(path) == before

    async def test_the_audit_log_keeps_the_latest_200_actions_of_a_server(self, storage: Storage, path: Path) -> None:
        known, other = await subscribe(storage), await subscribe(storage, guild_id=2)
        for number in range(210):
            await storage.subscriptions.suspend(known.id, NOTHING_LISTED, MORNING + timedelta(minutes=number))
            await storage.subscriptions.recover(known.id, MORNING + timedelta(minutes=number))
        assert query(path, "SELECT guild_id, count(*) FROM audit_log GROUP BY 1 ORDER BY 1") == [(1, 200), (2, 1)]
        latest, *_ = await storage.audit_log.list_latest(1, 20)
        assert (latest.action, latest.made_at) == (Action.RECOVERED, MORNING + timedelta(minutes=209))
        assert (await storage.audit_log.list_latest(2, 20))[0].subscription_id == other.id
