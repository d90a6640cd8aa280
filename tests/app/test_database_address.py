"""Where the database is."""

from pathlib import Path

import psycopg
import pytest
from psycopg import pq

from bot.database_address import OPTIONS, AddressProblem, BadAddress, PostgresAddress, read_address
from bot.layouts.terminal_setup import describe_bad_address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db.example:5433/papers?sslmode=require", "postgresql://db.example:5433/papers"),
        ("postgres://me:sec%40ret@db.example/papers", "postgresql://db.example/papers"),
        ("postgresql://db.example/papers?password=secret&user=me", "postgresql://db.example/papers"),
        ("postgresql:///papers?host=/run/postgresql&password=secret", "postgresql:///papers?host=/run/postgresql"),
        ("postgresql://me:secret@[::1]:5432/papers", "postgresql://[::1]:5432/papers"),
        ("PostgreSQL://me:secret@one:1,two:2/papers", "postgresql://one:1,two:2/papers"),
        ("postgresql://db.example?dbname=papers&sslpassword=secret", "postgresql://db.example/papers"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    address = read_address(url)
    assert str(address) == shown
    assert "secret" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("postgresql://me:sec@ret@db.example/papers", AddressProblem.UNESCAPED),
        ("postgresql://me:sec#ret@db.example/papers", AddressProblem.UNESCAPED),
        ("postgresql://me:sec/ret@db.example/papers", AddressProblem.UNESCAPED),
        ("postgresql://me:sec?ret@db.example/papers", AddressProblem.UNESCAPED),
        ("postgresql://me:sec%ret@db.example/papers", AddressProblem.UNESCAPED),
        ("postgresql://me:sec ret@db.example/papers", AddressProblem.UNESCAPED),
        ("postgresql://me:secret@db.example", AddressProblem.NO_NAME),
        ("postgresql://me:secret@[::1/papers", AddressProblem.BAD_HOST),
        ("postgresql://me:secret@db.example:5432a/papers", AddressProblem.BAD_PORT),
        ("postgresql://me:secret@db.example/papers?port=x", AddressProblem.BAD_PORT),
        ("postgresql://db.example/papers?pasword=secret", AddressProblem.UNKNOWN_OPTION),
        ("mysql://me:secret@db.example/papers", AddressProblem.OTHER_PROGRAM),
    ],
)
def test_a_bad_address_says_what_is_wrong_with_it_and_nothing_of_it(url: str, problem: AddressProblem) -> None:
    with pytest.raises(BadAddress) as refused:
        read_address(url)
    assert refused.value.problem is problem
    said = f"{refused.value} {refused.value!r} {describe_bad_address(refused.value)}"
    assert not any(word in said for word in ("sec@", "sec#", "ret@", "secret", "me:", "db.example"))


def test_what_is_secret_of_an_address_is_known_in_both_spellings() -> None:
    address = PostgresAddress("postgresql://me:sec%40ret@db.example/papers?sslmode=require&sslpassword=hush%20hush")
    assert {*address.list_secrets()} == {address.url, "sec%40ret", "sec@ret", "hush%20hush", "hush hush"}
    assert address.url_without_password == "postgresql://me@db.example/papers?sslmode=require"


def test_the_options_that_an_address_may_have_are_those_of_postgresql() -> None:
    known = {each.keyword.decode() for each in pq.Conninfo.get_defaults()}
    assert OPTIONS - {"ssl"} <= known  # that one means sslmode=require
    assert known - OPTIONS <= {"client_encoding", "replication", "service", "sslkeylogfile", "gssdelegation"}


def test_anything_else_is_the_path_of_a_file() -> None:
    assert read_address("data/paperboy.db") == Path("data/paperboy.db")
    assert read_address("postgresql.db") == Path("postgresql.db")


def test_a_test_has_an_empty_database_of_its_own(postgres_url: str) -> None:
    assert isinstance(read_address(postgres_url), PostgresAddress)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
