"""On PostgreSQL, too, every statement is served by an index: what grows is never read from end to end."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count
from typing import Any

import psycopg
import pytest

from bot.database_address import PostgresAddress
from bot.storage import Storage, open_storage
from bot.storage.postgres.connection import PostgresConnection, connect, translate
from tests.support.builders import DAY, MORNING, digest, paper, plan, subscribe
from tests.support.works import GROWING, Works

# What may read a whole table or index all the same, and why.
ALLOWED = {
    "Index Only Scan papers papers_change_key": "the last change: the end of that index",
    "Index Only Scan subscriptions subscriptions_pkey": "the last id: the end of that index",
    "Index Scan captures captures_pkey": "the latest one: the end of that index",
    "Seq Scan papers": "counted while the search index is being made",
    "Index Only Scan papers papers_pkey": "all vectors that are missing, every few minutes",
    "Index Only Scan embeddings embeddings_pkey": "the same, while another encoder is awaited",
    "Seq Scan captures": "one row a day: counted for those who watch the bot",
    "Bitmap Index Scan deliveries_under_way": "only those under way are in that index",
    "Index Only Scan subscriptions subscriptions_suspended": "counted for those who watch the bot",
    "Index Scan subscriptions subscriptions_suspended": "only the suspended ones are in that index",
    "Index Only Scan subscriptions subscriptions_due": "the active ones are counted, once at the start",
    "Seq Scan guilds": "the first of them",
    "Index Scan guilds guilds_pkey": "all servers, once a day and at the start",
    "Index Scan guilds guilds_left": "the same: only those that were left are in that index",
    "Seq Scan subscriptions": "all of them, once after a restore",
    "Index Scan restored_subscriptions restored_subscriptions_pkey": "for minutes after a restore",
    "Index Scan subscriptions subscriptions_pkey": "joined with the same",
}
TYPES = {str: "TEXT", int: "BIGINT", bool: "BIGINT", float: "DOUBLE PRECISION", bytes: "BYTEA"}
# A database of some servers and people, whose tables the planner takes for 300 times as large.
GROWN = """
    SET session_replication_role = replica;
    INSERT INTO papers (id, title, abstract, upvotes, comments, authors, tags, media_urls, change)
        SELECT '25' || n, 'A', 'B', n % 100, n % 9, '[]', '[]', '[]', 1000000 + n FROM generate_series(1, 3000) AS n;
    INSERT INTO listings SELECT (date '2020-01-01' + n / 9)::text, '25' || n FROM generate_series(1, 3000) AS n;
    INSERT INTO captures SELECT (date '2020-01-01' + n)::text, 'x' FROM generate_series(1, 1000) AS n;
    INSERT INTO upvote_snapshots SELECT '25' || n, 'x' || m, m
        FROM generate_series(1, 1000) AS n, generate_series(1, 3) AS m;
    INSERT INTO embeddings SELECT '25' || n, 'm', 'v' FROM generate_series(1, 3000) AS n;
    INSERT INTO guilds SELECT 100000 + n, 'x', CASE WHEN n % 50 = 0 THEN 'x' END FROM generate_series(1, 1000) AS n;
    INSERT INTO subscriptions (id, guild_id, user_id, channel_id, time, timezone, weekdays, size, min_upvotes, risers,
            state, reason, next_run_date, next_run_at, created_by, created_at)
        SELECT 100000 + n, CASE WHEN n % 3 > 0 THEN 100000 + n / 3 END, CASE WHEN n % 3 = 0 THEN 200000 + n END,
            300000 + n, 'x', 'x', 'x', 5, 0, 0, CASE WHEN n % 40 = 0 THEN 'suspended' ELSE 'active' END,
            CASE WHEN n % 40 = 0 THEN '{"kind": "blocked"}' END, 'x', '2030-01-01T00:' || n, 400000 + n / 2, 'x'
        FROM generate_series(1, 3000) AS n;
    INSERT INTO digest_settings SELECT 100000 + n, 1, '{"cadence": "daily"}' FROM generate_series(1, 3000) AS n;
    INSERT INTO deliveries (id, subscription_id, run_date, channel_id, state, covered_until, days, listed, planned_at)
        SELECT 90000000 + n * 10 + m, 100000 + n, (date '2020-01-01' + m)::text, 300000 + n,
            CASE WHEN m = 1 AND n % 100 = 0 THEN 'planned' ELSE 'sent' END, 'x', '[]', 9, 'x'
        FROM generate_series(1, 1000) AS n, generate_series(1, 3) AS m;
    INSERT INTO messages (delivery_id, number, nonce, place_id, message_id, published_at, sent_at)
        SELECT id, 1, id, channel_id, id, CASE WHEN id % 9 = 0 THEN 'x' END, 'x' FROM deliveries WHERE id > 90000000;
    INSERT INTO highlights (delivery_id, position, subscription_id, paper_id, upvotes, comments, riser)
        SELECT id, m, subscription_id, '25' || ((id * 3 + m) % 3000), 9, 9, 0
        FROM deliveries, generate_series(1, 2) AS m WHERE id > 90000000;
    INSERT INTO rejected_papers SELECT 100000 + n, '25' || n, 90000001 + n * 10, 1 FROM generate_series(1, 1000) AS n;
    INSERT INTO past_runs (subscription_id, since, until, runs)
        SELECT 100000 + n, (date '2020-01-01' + m * 40)::text, (date '2020-01-01' + m * 40 + 39)::text, 'x'
        FROM generate_series(1, 1000) AS n, generate_series(1, 3) AS m;
    INSERT INTO audit_log (guild_id, subscription_id, user_id, action, details, made_at)
        SELECT 100000 + n / 3, 100000 + n, 400000 + n, 'added', '{}', 'x' FROM generate_series(1, 3000) AS n;
    INSERT INTO drafts SELECT n, 100000 + n, 400000 + n, 100000 + n, 0, '{}', 'x' || n
        FROM generate_series(1, 3000) AS n;
    INSERT INTO notices SELECT 100000 + n, 100000 + n, 1, 'x' FROM generate_series(1, 3000) AS n;
    INSERT INTO stored_queries SELECT n, 'x', 'x' || n FROM generate_series(1, 3000) AS n;
    INSERT INTO followed_queries (user_id, query, how, first_day, created_at)
        SELECT 200000 + n / 3, 'q' || n % 1000, CASE WHEN n % 9 = 0 THEN 'at once' ELSE 'daily' END, 'x', 'x'
        FROM generate_series(1, 3000) AS n;
    INSERT INTO muted SELECT 200000 + n / 3, 'tag', n, 'x' FROM generate_series(1, 3000) AS n;
    INSERT INTO idle_people SELECT 500000 + n, 'x' || n FROM generate_series(1, 3000) AS n;
    INSERT INTO restored_subscriptions SELECT 100000 + n, 300000 + n, 'x', 'x' FROM generate_series(2001, 3000) AS n;
    INSERT INTO found_messages SELECT 100000 + n, m, 1, 'x', n * 9 + m, 'x', 0, 1, '[]', 1, 0, 0
        FROM generate_series(2001, 3000) AS n, generate_series(1, 3) AS m;
    ANALYZE;
    UPDATE pg_class SET reltuples = reltuples * 300 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace;
"""

Told = tuple[str, Any]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """Every statement that a work tells PostgreSQL, with its values."""
    seen: list[Told] = []
    execute, executemany = PostgresConnection.execute, PostgresConnection.executemany

    def execute_and_note(self: PostgresConnection, statement: str, values: Any = ()) -> Any:
        seen.append((statement, values))
        return execute(self, statement, values)

    def executemany_and_note(self: PostgresConnection, statement: str, values: Any) -> Any:
        rows = list(values)
        seen.extend((statement, row) for row in rows[:1])
        return executemany(self, statement, rows)

    monkeypatch.setattr(PostgresConnection, "execute", execute_and_note)
    monkeypatch.setattr(PostgresConnection, "executemany", executemany_and_note)
    return seen


def explain(connection: psycopg.Connection[Any], statement: str, values: Any) -> dict[str, Any]:
    """The plan that PostgreSQL keeps to after some executions: for these values, or for any if that is as cheap."""
    named = dict(values) if isinstance(values, Mapping) else {}
    rest = iter([] if named else values)
    numbers = count(1)

    def number(found: re.Match[str]) -> str:
        value = named[found[1]] if found[1] else next(rest)
        return f"${next(numbers)}" if value is None else f"CAST(${next(numbers)} AS {name_type(value)})"

    text = re.sub(r"%\((\w+)\)s|%s", number, translate(statement).decode()).replace("%%", "%")
    ((for_any,),) = connection.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {text}".encode()).fetchall()
    ((for_these,),) = connection.execute(b"EXPLAIN (FORMAT JSON) " + translate(statement), values).fetchall()
    return min((for_any[0]["Plan"], for_these[0]["Plan"]), key=lambda plan: plan["Total Cost"])


def name_type(value: object) -> str:
    return next(name for kind, name in TYPES.items() if isinstance(value, kind))


def scans(node: dict[str, Any]) -> Iterator[str]:
    """The parts of a plan that read a growing table, or an index of one, from end to end."""
    kind, table = node["Node Type"], node.get("Relation Name")
    if kind == "Seq Scan" and table in GROWING:
        yield f"Seq Scan {table}"
    if kind in {"Index Scan", "Index Only Scan"} and table in GROWING and "Index Cond" not in node:
        yield f"{kind} {table} {node['Index Name']}"
    if kind == "Bitmap Index Scan" and "Index Cond" not in node:
        yield f"{kind} {node['Index Name']}"
    for each in node.get("Plans", ()):
        yield from scans(each)


async def test_no_growing_table_is_read_from_end_to_end(
    statements: list[Told], postgres_address: PostgresAddress
) -> None:
    async with open_storage(postgres_address) as storage:
        found = await explain_all(storage, statements, postgres_address)
    scanned = {name: parts for name, parts in found.items() if parts - ALLOWED.keys()}
    assert scanned == {}, "needs an index, or its reason in `ALLOWED`"


async def explain_all(storage: Storage, statements: list[Told], address: PostgresAddress) -> dict[str, set[str]]:
    await storage.papers.record_list(DAY, [paper("2601.00001"), paper("2601.00002")], MORNING)
    known = await subscribe(storage)
    delivery = await plan(storage, known, digest(paper("2601.00001")))
    assert delivery
    told: dict[str, list[Told]] = {}
    for name, work in Works(storage, known, delivery.id).calls().items():
        statements.clear()
        await work()
        told[name] = [each for each in statements if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", each[0])]
        assert told[name], name
    with closing(connect(address)) as connection:
        connection.prepare_threshold = None  # a prepared EXPLAIN wants its values
        if connection.info.server_version < 160000:
            pytest.skip("an older PostgreSQL does not tell its plan for any values")
        connection.execute(GROWN.encode())
        return {
            name: {part for each in asked for part in scans(explain(connection, *each))} for name, asked in told.items()
        }
