"""Why a PostgreSQL cannot be used, as values.

What a server says of a rejected connection may be in any language, and libpq keeps the code of that error to itself. So
the code is read from libpq's own record of another attempt.
"""

import os
import re
import select
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import pq

from bot.database_address import PostgresAddress
from bot.storage.database import DatabaseProblem, DatabaseUnusable
from bot.storage.postgres.connection import connect

OLDEST = 14  # of the versions of PostgreSQL that are looked after
_HIDDEN = "•••"
_PATIENCE = 10  # seconds
_CODE = re.compile(rb'ErrorResponse\t.*? C "(\w{5})" M "')
_PROBLEMS: Mapping[str, DatabaseProblem] = {
    "28P01": DatabaseProblem.LOGIN_REJECTED,
    "28000": DatabaseProblem.LOGIN_REJECTED,
    "3D000": DatabaseProblem.NO_SUCH_DATABASE,
    "42501": DatabaseProblem.NO_PERMISSION,
    "57P03": DatabaseProblem.STARTING_UP,
    "57P01": DatabaseProblem.STARTING_UP,
    "57P02": DatabaseProblem.STARTING_UP,
    "53300": DatabaseProblem.NO_CONNECTION_LEFT,
    "53100": DatabaseProblem.DISK_FULL,
    "25006": DatabaseProblem.IS_REPLICA,
}
_BEGINNING = re.compile(r"^(connection\s(failed|is\sbad):\s)?(connection\sto\sserver\b.*?\bfailed:\s(FATAL:\s*)?)?")
_MEANS_CLIENT = re.compile(r"SSL|TLS|certificate|GSS|sslmode|private key|\binvalid\b.*\bvalue\b", re.IGNORECASE)


def build_unusable_error(address: PostgresAddress, error: Exception) -> DatabaseUnusable:
    """What an error of PostgreSQL means for whoever wants to use the database. It contains no secret."""
    detail = describe_error(address, error)
    code = getattr(error, "sqlstate", None)
    if code is None and isinstance(error, psycopg.OperationalError):
        if _MEANS_CLIENT.search(detail):
            return DatabaseUnusable(DatabaseProblem.UNUSABLE, address, detail)
        with suppress(psycopg.Error, OSError):
            code = _read_code(address)
        if code is None:
            return DatabaseUnusable(DatabaseProblem.UNREACHABLE, address, detail)
    return DatabaseUnusable(_PROBLEMS.get(code or "", DatabaseProblem.UNUSABLE), address, detail)


def describe_error(address: PostgresAddress, error: Exception) -> str:
    """What PostgreSQL or its client says, in one line and without any secret."""
    said = (isinstance(error, psycopg.Error) and error.diag.message_primary) or str(error)
    line = next(iter(said.strip().splitlines()), "") or type(error).__name__
    line = _BEGINNING.sub("", line)
    for secret in address.list_secrets():
        line = line.replace(secret, _HIDDEN)
    return line


def _read_code(address: PostgresAddress) -> str | None:
    """The code of the error with which the server ends an attempt to connect; None if it does not answer."""
    record = os.memfd_create("libpq")  # not on any disk, since what is sent may be secret
    try:
        connection = pq.PGconn.connect_start(address.url.encode())
        try:
            if connection.status == pq.ConnStatus.BAD:
                return None
            connection.trace(record)
            connection.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
            _finish_connecting(connection)
            connection.untrace()
        finally:
            connection.finish()
        codes = _CODE.findall(os.pread(record, os.fstat(record).st_size, 0))
        return codes[-1].decode() if codes else None
    finally:
        os.close(record)


def _finish_connecting(connection: pq.abc.PGconn) -> None:
    while (state := connection.connect_poll()) in {pq.PollingStatus.READING, pq.PollingStatus.WRITING}:
        waited = [connection.socket]
        reads, writes = (waited, []) if state == pq.PollingStatus.READING else ([], waited)
        if not any(select.select(reads, writes, [], _PATIENCE)):
            return


def check_server(address: PostgresAddress, connection: psycopg.Connection[Any]) -> None:
    """Raise `DatabaseUnusable` if Paperboy cannot work with this server."""
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        raise DatabaseUnusable(DatabaseProblem.SERVER_TOO_OLD, address, f"version {version}, not {OLDEST} or newer")
    query = "SELECT current_setting('server_encoding'), pg_is_in_recovery()"
    ((encoding, is_replica),) = connection.execute(query).fetchall()
    if encoding != "UTF8":
        raise DatabaseUnusable(DatabaseProblem.NOT_UTF8, address, encoding)
    if is_replica:
        raise DatabaseUnusable(DatabaseProblem.IS_REPLICA, address)


def check_sessions(address: PostgresAddress, connection: psycopg.Connection[Any]) -> None:
    """Raise `DatabaseUnusable` if two connections can have one session, as a pooler may arrange.

    A lock that belongs to a session would then belong to anybody.
    """
    ((process,),) = connection.execute("SELECT pg_backend_pid()").fetchall()
    if process == connection.info.backend_pid:  # no pooler in between
        return
    key = int.from_bytes(os.urandom(7))
    with connect(address) as other:
        connection.execute("SELECT pg_advisory_lock(%s)", (key,))
        try:
            ((is_shared,),) = other.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchall()
        finally:
            connection.execute("SELECT pg_advisory_unlock_all()")
    if is_shared:
        raise DatabaseUnusable(DatabaseProblem.POOLED, address)
