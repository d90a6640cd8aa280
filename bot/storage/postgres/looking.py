"""A look into a PostgreSQL database that changes nothing in it."""

from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bot.database_address import PostgresAddress
from bot.storage.connection import Answer, DatabaseWork
from bot.storage.database import DatabaseProblem, DatabaseUnusable
from bot.storage.postgres.claims import SHARD_LOCK
from bot.storage.postgres.connection import PostgresConnection, connect
from bot.storage.postgres.refusing import build_unusable_error, check_server, check_sessions
from bot.storage.postgres.schema import check_version

_NOT_OURS = (  # tables of another user
    "SELECT string_agg(relname, ', ' ORDER BY relname) FROM pg_class"
    " WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND relkind = 'r'"
    " AND pg_get_userbyid(relowner) != current_user AND NOT pg_has_role(relowner, 'USAGE')"
)
_SERVER = (
    "SELECT current_setting('server_version'), pg_database_size(current_database()), clock_timestamp(),"
    " to_regclass('cluster') IS NOT NULL"
)
_CLAIMED = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid::bigint = %s AND (objid::bigint = ANY(%s) OR cardinality(%s::bigint[]) = 0))"
)
_CONNECTIONS = """
    SELECT least(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - count(*),
        (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
            - count(*) FILTER (WHERE datname = current_database()),
        (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)
            - count(*) FILTER (WHERE usename = current_user)
    ) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid != pg_backend_pid()
"""


def look(address: PostgresAddress, work: DatabaseWork[Answer]) -> Answer:
    """What `work` reads, in one transaction. Raises `DatabaseUnusable`."""
    try:
        with closing(connect(address)) as raw:
            raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return work(PostgresConnection(raw))
    except psycopg.Error as error:
        raise build_unusable_error(address, error) from error


def examine_version(address: PostgresAddress) -> int:
    """The schema's version; 0 for an empty database. Raises `DatabaseUnusable`."""
    try:
        with closing(connect(address)) as raw:
            check_server(address, raw)
            check_sessions(address, raw)
            version = check_version(address, raw)
            if version == 0:
                _check_may_create(address, raw)
    except psycopg.Error as error:
        raise build_unusable_error(address, error) from error
    return version


def _check_may_create(address: PostgresAddress, raw: psycopg.Connection[Any]) -> None:
    ((may_create,),) = raw.execute("SELECT has_schema_privilege(current_schema(), 'CREATE')").fetchall()
    if not may_create:
        raise DatabaseUnusable(DatabaseProblem.NO_PERMISSION, address, "CREATE ON SCHEMA")


def examine_server(address: PostgresAddress) -> tuple[str, int, int, timedelta, str, int | None]:
    """The fields of `bot.storage.examination.Server`. Raises `DatabaseUnusable`."""
    try:
        with closing(connect(address)) as raw:
            ((version, size, now, has_cluster),) = raw.execute(_SERVER).fetchall()
            offset = datetime.now(UTC) - now
            ((left,),) = raw.execute(_CONNECTIONS).fetchall()
            ((not_ours,),) = raw.execute(_NOT_OURS).fetchall()
            counts = raw.execute("SELECT shard_count FROM cluster").fetchall() if has_cluster else []
    except psycopg.Error as error:
        raise build_unusable_error(address, error) from error
    shard_count = int(counts[0][0]) if counts and counts[0][0] is not None else None
    return version.split()[0], size, left, offset, not_ours or "", shard_count


def is_claimed(address: PostgresAddress, shards: Collection[int]) -> bool:
    """Whether a process holds the lock of one of these shards, or without any, of one at all."""
    try:
        with closing(connect(address)) as raw:
            ((is_held,),) = raw.execute(_CLAIMED, (SHARD_LOCK, list(shards), list(shards))).fetchall()
    except psycopg.Error as error:
        raise build_unusable_error(address, error) from error
    return bool(is_held)
