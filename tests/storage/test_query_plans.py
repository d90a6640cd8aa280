"""Every statement of the storage is served by an index: what grows is never read from end to end."""

import inspect
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.reasons import ReasonKind
from bot.storage import Form, Registered, Storage, Subscription, open_storage
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    GONE,
    MORNING,
    SECOND_RUN,
    WISH,
    digest,
    have_a_past,
    paper,
    plan,
    subscribe,
)

GROWING = {
    *("papers", "listings", "captures", "upvote_snapshots", "embeddings", "subscriptions", "deliveries"),
    *("messages", "highlights", "wishes", "past", "changes", "drafts", "guilds", "notices"),
}
# What may read a whole table all the same: the part of the plan, and why.
ALLOWED = {
    "SCAN papers USING INDEX papers_by_rank": "the leaderboard of a year stops at the end of its page",
    "SCAN deliveries USING INDEX deliveries_under_way": "only those under way are in that index",
    "SCAN papers USING COVERING INDEX sqlite_autoindex_papers_1": "all vectors that are missing, every few minutes",
    "SCAN guilds": "all servers are counted, once a day and at the start",
    "SCAN subscriptions USING INDEX subscriptions_due": "the active ones are counted, once at the start",
    "SCAN subscriptions USING COVERING INDEX subscriptions_by_guild": "all servers are counted",
}

SHARING = replace(WISH, taste=replace(WISH.taste, repeats=False))  # looks at the other digests of its channel


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that a connection begins, with its values."""
    seen: list[str] = []
    connect = sqlite3.connect

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options)
        connection.set_trace_callback(seen.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return seen


class Works:
    """Calls of every function of the storage, by its name there: `deliveries.plan`."""

    def __init__(self, storage: Storage, known: Subscription, delivery_id: int) -> None:
        self.storage, self.known, self.delivery_id = storage, known, delivery_id

    def calls(self) -> dict[str, Callable[[], Any]]:
        storage, known, delivery_id = self.storage, self.known, self.delivery_id
        ids, days = ["2601.00001", "2601.00002"], (DAY, DAY + timedelta(days=6))
        return {
            "papers.record": lambda: storage.papers.record(DAY, [paper("2601.00003")], MORNING, ids=["2601.00003"]),
            "papers.record_paper": lambda: storage.papers.record_paper(paper("2601.00004"), MORNING),
            "papers.completed": lambda: storage.papers.completed([paper("2601.00001")]),
            "papers.snapshots": lambda: storage.papers.snapshots(ids[0]),
            "snapshots.thin": lambda: storage.snapshots.thin(MORNING + timedelta(days=99)),
            "papers.captured_at": lambda: storage.papers.captured_at(days),
            "papers.get": lambda: storage.papers.get(ids),
            "papers.top": self.tops,
            "papers.candidates": lambda: storage.papers.candidates(*days),
            "papers.listed_days": lambda: storage.papers.listed_days(*days),
            "papers.listed_on": lambda: storage.papers.listed_on(ids[0]),
            "papers.latest_listed_day": lambda: storage.papers.latest_listed_day(DAY),
            "papers.changed_since": lambda: storage.papers.changed_since(0, 100),
            "papers.last_change": storage.papers.last_change,
            "papers.identity": storage.papers.identity,
            "embeddings.missing": lambda: storage.embeddings.missing("m", 16),
            "embeddings.save": lambda: storage.embeddings.save("m", [(paper(ids[0]), b"v")]),
            "embeddings.get": lambda: storage.embeddings.get("m", ids),
            "guilds.join": lambda: storage.guilds.join(1, MORNING),
            "guilds.leave": lambda: storage.guilds.leave(9, MORNING),
            "guilds.reconcile": lambda: storage.guilds.reconcile([1, 2], MORNING),
            "guilds.forget_left": lambda: storage.guilds.forget_left(MORNING + timedelta(days=99)),
            "guilds.left_before": lambda: storage.guilds.left_before(MORNING),
            "guilds.forget": lambda: storage.guilds.forget(9),
            "notices.first": lambda: storage.notices.first(1, 1, 1, MORNING),
            "subscriptions.add": lambda: storage.subscriptions.add(1, WISH, by=7, now=MORNING, next_run=FIRST_RUN),
            "subscriptions.of_guild": lambda: storage.subscriptions.of_guild(1),
            "subscriptions.get": lambda: storage.subscriptions.get(1),
            "subscriptions.due": lambda: storage.subscriptions.due(SECOND_RUN.at),
            "subscriptions.suspended": lambda: storage.subscriptions.suspended(1, only=ReasonKind.IN_TIME_OUT),
            "subscriptions.count_active": storage.subscriptions.count_active,
            "subscriptions.edit": lambda: storage.subscriptions.edit(known, WISH, FIRST_RUN, by=7, now=MORNING),
            "subscriptions.pause": lambda: self.newest("pause"),
            "subscriptions.resume": lambda: self.newest("resume", FIRST_RUN),
            "subscriptions.remove": lambda: self.newest("remove"),
            "subscriptions.suspend": lambda: storage.subscriptions.suspend(1, GONE, MORNING),
            "subscriptions.recover": lambda: storage.subscriptions.recover(1, MORNING),
            "subscriptions.wait": lambda: storage.subscriptions.wait(1, GONE),
            "drafts.begin": lambda: storage.drafts.begin(1, 7, WISH, MORNING),
            "drafts.put": self.put_draft,
            "drafts.get": lambda: storage.drafts.get("a"),
            "drafts.change": lambda: storage.drafts.change("a", lambda wish: wish, MORNING),
            "drafts.end": lambda: storage.drafts.end("a"),
            "drafts.forget_old": lambda: storage.drafts.forget_old(MORNING),
            "changes.latest": lambda: storage.changes.latest(1, 20),
            "deliveries.plan": lambda: plan(
                storage, replace(known, wish=SHARING), digest(paper(ids[1])), run=SECOND_RUN
            ),
            "deliveries.get": lambda: storage.deliveries.get(delivery_id),
            "deliveries.with_nonce": lambda: storage.deliveries.with_nonce("n"),
            "deliveries.under_way": lambda: storage.deliveries.under_way(MORNING),
            "deliveries.latest": lambda: storage.deliveries.latest(1, 5),
            "deliveries.is_under_way": lambda: storage.deliveries.is_under_way(1),
            "deliveries.last_posted": lambda: storage.deliveries.last_posted(1),
            "deliveries.taken": lambda: storage.deliveries.taken(1, DAY),
            "deliveries.covered_until": lambda: storage.deliveries.covered_until(1),
            "deliveries.standing": lambda: storage.deliveries.standing(1, DAY, DAY, guild_id=1, wish=SHARING),
            "deliveries.highlighted": lambda: storage.deliveries.highlighted(1, ids),
            "deliveries.of_paper": lambda: storage.deliveries.of_paper(1, ids[0]),
            "deliveries.elsewhere": lambda: storage.deliveries.elsewhere(replace(known, wish=SHARING), ids[0]),
            "deliveries.refusing": lambda: storage.deliveries.refusing(1, ids[0]),
            "deliveries.covering": lambda: storage.deliveries.covering(1, DAY),
            "deliveries.seen": lambda: storage.deliveries.seen(1, ids),
            "deliveries.published_since": lambda: storage.deliveries.published_since(5, MORNING),
            "deliveries.failures_in_a_row": lambda: storage.deliveries.failures_in_a_row(1),
            "deliveries.attempt": lambda: storage.deliveries.attempt(delivery_id, 1, MORNING),
            "deliveries.not_arrived": lambda: storage.deliveries.not_arrived(delivery_id, 1),
            "deliveries.searched": lambda: storage.deliveries.searched(delivery_id, 1, 7),
            "deliveries.arrived": lambda: storage.deliveries.arrived(delivery_id, 1, 5, 77, MORNING),
            "deliveries.note_server_error": lambda: storage.deliveries.note_server_error(delivery_id, 1),
            "deliveries.simplify": lambda: storage.deliveries.simplify(delivery_id, 1, Form.PLAIN, 50035),
            "deliveries.split": self.split,
            "deliveries.threaded": lambda: storage.deliveries.threaded(delivery_id, 1),
            "deliveries.published": lambda: storage.deliveries.published(delivery_id, 1, MORNING),
            "deliveries.postpone": lambda: storage.deliveries.postpone(delivery_id, GONE, MORNING),
            "deliveries.complete": self.complete,
            "deliveries.fail": lambda: storage.deliveries.fail(delivery_id, GONE, MORNING, suspending=True),
            "deliveries.undo": self.undo,
            "deliveries.fold": lambda: have_a_past(storage),
            "posts.channels": lambda: storage.posts.channels(1),
            "posts.latest": lambda: storage.posts.latest(1, [5], ids),
            "posts.since": lambda: storage.posts.since(1, [5], MORNING, limit=5),
            "commands.get": lambda: storage.commands.get(1),
            "commands.save": lambda: storage.commands.save(1, Registered("f", {}), MORNING),
        }

    async def tops(self) -> None:
        for days in (1, 30, 365):
            await self.storage.papers.top(DAY, DAY + timedelta(days=days), limit=5)

    async def newest(self, name: str, *values: Any) -> None:
        subscription = await self.storage.subscriptions.get(self.known.id)
        await getattr(self.storage.subscriptions, name)(subscription, *values, by=7, now=MORNING)

    async def put_draft(self) -> None:
        draft = await self.storage.drafts.begin(1, 7, WISH, MORNING)
        await self.storage.drafts.end(draft.id)
        await self.storage.drafts.put(draft, MORNING)

    async def split(self) -> None:
        delivery = await self.storage.deliveries.get(self.delivery_id)
        assert delivery
        await self.storage.deliveries.split(delivery.id, delivery.messages[0], "half", 50035)

    async def complete(self) -> None:
        await self.storage.deliveries.simplify(self.delivery_id, 1, Form.REFUSED, 50035)
        delivery = await self.storage.deliveries.get(self.delivery_id)
        assert delivery
        await self.storage.deliveries.complete(delivery)

    async def undo(self) -> None:
        delivery = await self.storage.deliveries.get(self.delivery_id)
        assert delivery
        await self.storage.deliveries.undo(delivery, by=7, now=MORNING)


def functions(storage: Storage) -> set[str]:
    """Every function of the storage that reads or writes."""
    return {
        f"{field.name}.{name}"
        for field in fields(storage)
        if field.name != "database"  # which runs what the others ask
        for name, member in inspect.getmembers(type(getattr(storage, field.name)), inspect.isfunction)
        if not name.startswith("_")
    }


def scans(path: Path, statement: str) -> Iterator[str]:
    """The parts of a statement's plan that read a growing table from end to end."""
    with closing(sqlite3.connect(path)) as connection:
        for *_, part in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
            table = re.match(r"SCAN (\w+)", part)
            if table and table[1] in GROWING and part not in ALLOWED:
                yield part


async def test_nothing_that_grows_is_read_from_end_to_end(statements: list[str], tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    async with open_storage(path) as storage:
        await storage.papers.record(DAY, [paper("2601.00001"), paper("2601.00002")], MORNING)
        known = await subscribe(storage)
        delivery = await plan(storage, known, digest(paper("2601.00001")))
        assert delivery
        works = Works(storage, known, delivery.id).calls()
        assert works.keys() == functions(storage) - {"embeddings.all"}
        found: dict[str, set[str]] = {}
        for name, work in works.items():
            statements.clear()
            await work()
            told = [each for each in statements if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", each)]
            assert told, name
            found[name] = {part for each in told for part in scans(path, each)}
    assert {name: parts for name, parts in found.items() if parts} == {}
