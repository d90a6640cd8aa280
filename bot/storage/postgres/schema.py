"""The schema of PostgreSQL: created and migrated under a lock, as several processes may start at once."""

from importlib.resources import files
from typing import Any

import psycopg

from bot.database_address import PostgresAddress
from bot.storage.database import DatabaseProblem, DatabaseUnusable
from bot.storage.postgres.connection import connect
from bot.storage.postgres.refusing import build_unusable_error, check_server, check_sessions
from bot.storage.sqlite import get_current_schema, refuse_newer_schema

WRITER_LOCK = 1346457683  # of the one writer over all processes
MIGRATION_LOCK = WRITER_LOCK + 1
# The schema whose script is complete; those after it change it. SQLite's scripts have the same numbers.
FIRST = 27


def migrate(address: PostgresAddress) -> None:
    """Create or migrate the schema. Raises `DatabaseUnusable`, and leaves a foreign database untouched."""
    try:
        with connect(address) as connection:
            check_server(address, connection)
            check_sessions(address, connection)
            connection.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})".encode())
            run_scripts(connection, check_version(address, connection))
    except psycopg.Error as error:
        raise build_unusable_error(address, error) from error


def run_scripts(connection: psycopg.Connection[Any], version: int) -> None:
    """Bring the schema from this version, or from nothing, to the current one: by one transaction for each script.

    Within a transaction that has begun, they are a part of it.
    """
    for number in range(version + 1 if version else FIRST, get_current_schema() + 1):
        with connection.transaction():
            connection.execute(_load_script(number).encode())
            connection.execute("UPDATE schema SET version = %s", (number,))


def check_version(address: PostgresAddress, connection: psycopg.Connection[Any]) -> int:
    """The schema's version; 0 for an empty database. Raises `DatabaseUnusable`, also if it is newer than ours."""
    # In this order, as another process may make the tables meanwhile.
    query = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
    ((tables,),) = connection.execute(query).fetchall()
    query = "SELECT to_regclass('schema') IS NOT NULL AND to_regclass('papers') IS NOT NULL"
    ((is_ours,),) = connection.execute(query).fetchall()
    if is_ours:
        ((version,),) = connection.execute("SELECT version FROM schema").fetchall()
        refuse_newer_schema(address, version)
        return int(version)
    if tables:
        raise DatabaseUnusable(DatabaseProblem.FOREIGN, address)
    return 0


def _load_script(number: int) -> str:
    (script,) = (
        each
        for each in (files("bot.storage.postgres") / "migrations").iterdir()
        if each.name.startswith(f"{number:04}_")
    )
    return script.read_text(encoding="utf-8")
