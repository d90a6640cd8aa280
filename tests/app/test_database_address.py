"""Where the database is."""

from pathlib import Path

import psycopg
import pytest

from bot.database_address import PostgresAddress, read_address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db.example:5433/papers?sslmode=require", "postgresql://db.example:5433/papers"),
        ("postgres://me:sec%40ret@db.example/papers", "postgresql://db.example/papers"),
        ("postgresql://db.example/papers?password=secret&user=me", "postgresql://db.example/papers"),
        ("postgresql:///papers?host=/run/postgresql&password=secret", "postgresql:///run/postgresql/papers"),
        ("postgresql://me:secret@[::1]:5432/papers", "postgresql://[::1]:5432/papers"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    address = read_address(url)
    assert str(address) == shown
    assert "secret" not in f"{address} {address!r}"


def test_anything_else_is_the_path_of_a_file() -> None:
    assert read_address("data/paperboy.db") == Path("data/paperboy.db")
    assert read_address("postgresql.db") == Path("postgresql.db")


def test_a_test_has_an_empty_database_of_its_own(postgres_url: str) -> None:
    assert isinstance(read_address(postgres_url), PostgresAddress)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
