"""Telling the two engines the same thing, where their languages differ."""

import sqlite3
from pathlib import Path

import psycopg

from bot.database_address import DatabaseAddress
from tests.support.builders import query

BROKEN_RULES = (sqlite3.IntegrityError, psycopg.IntegrityError)  # what an engine raises if a key or check forbids it


def add_trigger(database: DatabaseAddress, when: str, statement: str) -> None:
    """Let a statement run each time that something like `AFTER DELETE ON guilds` happens."""
    if isinstance(database, Path):
        query(database, f"CREATE TRIGGER planted {when} BEGIN {statement}; END")
        return
    row = "OLD" if "DELETE" in when else "NEW"
    body = f"BEGIN {statement}; RETURN {row}; END"
    query(database, f"CREATE FUNCTION plant() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
    event, _, condition = when.partition(" WHEN ")
    condition = f"WHEN ({condition})" if condition else ""
    query(database, f"CREATE TRIGGER planted {event} FOR EACH ROW {condition} EXECUTE FUNCTION plant()")


def forbid(database: DatabaseAddress, when: str, message: str) -> None:
    """Let something like `BEFORE INSERT ON audit_log` fail with one of `BROKEN_RULES`."""
    is_file = isinstance(database, Path)
    code = "integrity_constraint_violation"
    refusal = (
        f"SELECT RAISE(ABORT, '{message}')" if is_file else f"RAISE EXCEPTION '{message}' USING ERRCODE = '{code}'"
    )
    add_trigger(database, when, refusal)


def list_columns(database: DatabaseAddress, table: str) -> list[str]:
    """The columns of a table, in order."""
    if isinstance(database, Path):
        return [name for _, name, *_ in query(database, f"PRAGMA table_info({table})")]
    columns = (
        f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
    )
    return [name for (name,) in query(database, columns)]
