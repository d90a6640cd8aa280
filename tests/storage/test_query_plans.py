"""Every statement of the storage is served by an index: what grows is never read from end to end."""

import inspect
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bot.share import WHOLE
from bot.storage import (
    Storage,
    open_storage,
)
from tests.support.builders import (
    DAY,
    MORNING,
    digest,
    paper,
    plan,
    subscribe,
    tables,
)
from tests.support.works import GROWING, Works

# What may read a whole table all the same: the part of the plan, and why.
# Reads everything, at the start; is only for PostgreSQL
UNPLANNED = {"embeddings.read_all", "restored.mark_if_replaced"}
ALLOWED = {
    "SCAN papers USING INDEX papers_by_rank": "the leaderboard of a year stops at the end of its page",
    "SCAN deliveries USING INDEX deliveries_under_way": "only those under way are in that index",
    "SCAN papers USING COVERING INDEX sqlite_autoindex_papers_1": "all vectors that are missing, every few minutes",
    "SCAN embeddings USING COVERING INDEX sqlite_autoindex_embeddings_1": "the same, while another encoder is awaited",
    "SCAN papers USING COVERING INDEX sqlite_autoindex_papers_2": "counted while the search index is being made",
    "SCAN deliveries USING COVERING INDEX deliveries_under_way": "the same, counted",
    "SCAN captures": "one row a day: counted for those who watch the bot",
    "SCAN restored_subscriptions USING COVERING INDEX restored_subscriptions_by_channel": "for minutes after a restore",
    "SCAN guilds": "all servers are counted, once a day and at the start",
    "SCAN subscriptions USING INDEX subscriptions_due": "the active ones are counted, once at the start",
    "SCAN subscriptions USING COVERING INDEX subscriptions_due": "the same, as newer versions of SQLite do it",
    "SCAN subscriptions USING COVERING INDEX subscriptions_by_guild": "all servers are counted",
}
# What belongs to a server or a person, and how a plan says that it is about one of them.
OWNED = {
    *("subscriptions", "deliveries", "messages", "highlights", "digest_settings", "past_runs", "audit_log", "drafts"),
    *("guilds", "notices", "followed_queries", "muted", "idle_people", "restored_subscriptions", "found_messages"),
}
OF_ONE = re.compile(r"\b(id|rowid|guild_id|user_id|created_by|subscription_id|delivery_id|channel_id|place_id|nonce)=")
# What may be read of those of all processes: the part of the plan, and why.
ALLOWED_FOR_ALL = {
    "SEARCH drafts USING INDEX drafts_by_age (updated_at<?)": "who leads deletes those of all",
    "SEARCH subscriptions": "the last id that any has been given",
}


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


def list_ranging(path: Path, statement: str) -> Iterator[str]:
    """The parts of a statement's plan that read the servers' or people's rows, not those of one of them."""
    with closing(sqlite3.connect(path)) as connection:
        for *_, part in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
            table = re.match(r"(?:SCAN|SEARCH) (\w+)", part)
            if table and table[1] in OWNED and not OF_ONE.search(part) and part not in ALLOWED_FOR_ALL:
                yield part


async def test_no_growing_table_is_read_from_end_to_end(statements: list[str], tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [paper("2601.00001"), paper("2601.00002")], MORNING)
        known = await subscribe(storage)
        delivery = await plan(storage, known, digest(paper("2601.00001")))
        assert delivery
        assert tables(path).keys() >= GROWING
        works = Works(storage, known, delivery.id).calls()
        assert works.keys() == functions(storage) - UNPLANNED, "each function has a line in `Works.calls`"
        found: dict[str, set[str]] = {}
        ranging: dict[str, set[str]] = {}
        for name, work in works.items():
            statements.clear()
            await work()
            told = [each for each in statements if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", each)]
            assert told, name
            found[name] = {part for each in told for part in scans(path, each)}
            shared = [each for each in told if WHOLE.build_condition("id") not in each]
            ranging[name] = {part for each in shared for part in list_ranging(path, each)}
    scanned = {name: parts for name, parts in found.items() if parts}
    assert scanned == {}, "needs an index, or its reason in `ALLOWED`"
    for_all = {name: parts for name, parts in ranging.items() if parts}
    assert for_all == {}, "ranges over servers or people: needs a share, or its reason in `ALLOWED_FOR_ALL`"
