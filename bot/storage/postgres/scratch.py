"""A part of a database for something that leaves nothing behind, beside whatever else is in it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from bot.database_address import PostgresAddress
from bot.storage.postgres.connection import connect
from bot.storage.postgres.refusing import build_unusable_error, check_server


@contextmanager
def make_scratch(address: PostgresAddress) -> Iterator[PostgresAddress]:
    """A schema of its own, with an address that leads to it; it is dropped at the end. Raises `DatabaseUnusable`."""
    name = f"paperboy_{secrets.token_hex(6)}"
    try:
        with connect(address) as connection:
            check_server(address, connection)
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        try:
            yield address.in_schema(name)
        finally:
            with connect(address) as connection:
                connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise build_unusable_error(address, error) from error
