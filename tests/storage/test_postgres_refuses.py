"""A PostgreSQL that cannot be used: what is wrong is known, whatever language it says it in, and no secret is shown."""

import asyncio

import psycopg
import pytest

from bot.database_address import PostgresAddress
from bot.layouts.terminal import describe_database_problem
from bot.storage import DatabaseProblem, DatabaseUnusable, open_storage
from bot.storage.examination import examine_schema
from bot.storage.postgres import refusing
from tests.support.ports import find_free_port
from tests.support.postgres import name_database
from tests.support.refusing_postgres import RefusingServer

PASSWORD = "wh1spered%20word"
SECRETS = (PASSWORD, "wh1spered word")


async def refuse(url: str) -> DatabaseUnusable:
    """Why it cannot be opened; looking at it tells the same."""
    address = PostgresAddress(url)
    with pytest.raises(DatabaseUnusable) as refused:
        async with open_storage(address):
            pass
    with pytest.raises(DatabaseUnusable) as seen:
        await asyncio.to_thread(examine_schema, address)
    assert seen.value.problem is refused.value.problem
    said = f"{refused.value} {refused.value!r} {describe_database_problem(refused.value)}"
    assert not any(secret in said for secret in SECRETS), said
    return refused.value


@pytest.mark.parametrize(
    ("code", "words", "problem", "may_pass"),
    [
        (
            "28P01",
            "Passwort-Authentifizierung für Benutzer »ada« fehlgeschlagen",
            DatabaseProblem.LOGIN_REJECTED,
            False,
        ),
        ("28000", "no hay una línea en pg_hba.conf", DatabaseProblem.LOGIN_REJECTED, False),
        ("3D000", 'データベース"papers"は存在しません', DatabaseProblem.NO_SUCH_DATABASE, False),
        ("42501", "permission denied for database", DatabaseProblem.NO_PERMISSION, False),
        ("57P03", "das Datenbanksystem startet", DatabaseProblem.STARTING_UP, True),
        ("53300", "sorry, too many clients already", DatabaseProblem.NO_CONNECTION_LEFT, True),
        ("53100", "no space left on device", DatabaseProblem.DISK_FULL, True),
        ("XX000", "something new", DatabaseProblem.UNUSABLE, False),
    ],
)
async def test_a_server_that_lets_nobody_in_says_why_in_any_language(
    code: str, words: str, problem: DatabaseProblem, *, may_pass: bool
) -> None:
    async with RefusingServer(code, words).serve() as server:
        refused = await refuse(server.get_url(PASSWORD))
    assert (refused.problem, refused.may_pass) == (problem, may_pass)


async def test_a_server_that_quotes_the_password_is_not_quoted() -> None:
    async with RefusingServer("XX000", f"cannot decode {PASSWORD}, or wh1spered word").serve() as server:
        assert "cannot decode" in (await refuse(server.get_url(PASSWORD))).detail


async def test_a_server_that_is_not_there_may_come() -> None:
    for url in (
        f"postgresql://ada:{PASSWORD}@127.0.0.1:{find_free_port()}/papers",
        f"postgresql://ada:{PASSWORD}@nowhere.invalid/papers",
        f"postgresql:///papers?host=/nowhere&password={PASSWORD}",
    ):
        refused = await refuse(url)
        assert (refused.problem, refused.may_pass) == (DatabaseProblem.UNREACHABLE, True)


async def test_a_server_without_the_encryption_that_is_wanted_has_to_be_mended() -> None:
    async with RefusingServer("57P03").serve() as server:
        refused = await refuse(server.get_url(PASSWORD, "?sslmode=require"))
    assert (refused.problem, refused.may_pass) == (DatabaseProblem.UNUSABLE, False)
    assert "SSL" in describe_database_problem(refused)


async def test_an_unknown_database_and_an_unknown_user_are_told_apart(postgres_url: str) -> None:
    url = PostgresAddress(postgres_url)
    assert (await refuse(postgres_url.replace(url.name, "nothing_here"))).problem is DatabaseProblem.NO_SUCH_DATABASE
    assert (await refuse(with_option(postgres_url, "user=nobody_here"))).problem is DatabaseProblem.LOGIN_REJECTED


def with_option(url: str, option: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{option}"


def change(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for each in statements:
            connection.execute(each.encode())


async def test_another_programs_database_stays_untouched(postgres_url: str) -> None:
    change(postgres_url, "CREATE TABLE letters (id int)")
    assert (await refuse(postgres_url)).problem is DatabaseProblem.FOREIGN
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert tables == [("letters",)]


async def test_a_newer_schema_is_left_to_newer_versions(postgres_url: str) -> None:
    async with open_storage(PostgresAddress(postgres_url)):
        pass
    change(postgres_url, "UPDATE schema SET version = 999")
    refused = await refuse(postgres_url)
    assert refused.problem is DatabaseProblem.NEWER
    assert "999" in describe_database_problem(refused)


async def test_a_user_who_may_create_nothing_is_told_so(postgres_url: str) -> None:
    role = f"reader_of_{PostgresAddress(postgres_url).name}"
    change(postgres_url, f"CREATE ROLE {role} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    try:
        assert (await refuse(with_option(postgres_url, f"user={role}"))).problem is DatabaseProblem.NO_PERMISSION
    finally:
        change(postgres_url, f"DROP ROLE {role}")


async def test_a_replica_may_become_the_primary(postgres_url: str) -> None:
    async with open_storage(PostgresAddress(postgres_url)):
        pass
    url = with_option(postgres_url, "options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as refused, psycopg.connect(url) as connection:
        connection.execute("DELETE FROM papers")
    problem = refusing.build_unusable_error(PostgresAddress(url), refused.value)
    assert (problem.problem, problem.may_pass) == (DatabaseProblem.IS_REPLICA, True)


async def test_text_that_is_not_utf_8_is_refused(postgres_server: str) -> None:
    name = "paperboy_latin"
    create = f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    change(postgres_server, f"DROP DATABASE IF EXISTS {name}", create)
    try:
        refused = await refuse(name_database(postgres_server, name))
        assert refused.problem is DatabaseProblem.NOT_UTF8
        assert "LATIN1" in describe_database_problem(refused)
    finally:
        change(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_server_that_is_too_old_is_named_with_what_is_needed(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusing, "OLDEST", 99)
    refused = await refuse(postgres_url)
    assert refused.problem is DatabaseProblem.SERVER_TOO_OLD
    assert "not 99 or newer" in describe_database_problem(refused)
