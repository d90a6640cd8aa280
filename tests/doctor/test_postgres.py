"""The doctor and a PostgreSQL: a healthy one has nothing wrong, and each fault that is planted is found."""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from bot.app import get_index_path
from bot.clock import system_clock
from bot.database_address import PostgresAddress
from bot.doctor import machine
from bot.findings import Examined, Finding, Kind
from bot.layouts.doctor import describe_examined, describe_verdict
from bot.storage.database import to_iso
from bot.storage.examination import Server, examine_server
from bot.storage.postgres.claims import SHARD_LOCK
from tests.support.doctor import SetUp, list_problems
from tests.support.ports import find_free_port
from tests.support.refusing_postgres import RefusingServer

Plant = Callable[[SetUp], object]
LONG_AGO = system_clock() - timedelta(days=400)


def list_facts(examined: tuple[Examined, ...]) -> dict[Kind, Finding]:
    return {finding.kind: finding for each in examined for finding in each.findings}


async def test_nothing_is_wrong_with_what_the_bot_itself_set_up(on_postgres: SetUp) -> None:
    examined = await on_postgres.examine()
    assert list_problems(examined) == {}
    assert describe_verdict(examined) == "Nothing is wrong."
    found = list_facts(examined)
    assert found.keys() >= {Kind.BACKUPS_ELSEWHERE, Kind.INTEGRITY_ELSEWHERE, Kind.INDEX_FINE, Kind.NOT_RUNNING}
    facts = found[Kind.POSTGRES_FINE].facts
    assert facts["path"] == PostgresAddress(on_postgres.url)
    assert facts["subscriptions"] == 1
    assert facts["papers"] > 0
    assert "PostgreSQL" in found[Kind.CLOCK_FINE].facts["sources"]
    assert "PostgreSQL" in "\n".join(map(describe_examined, examined))


def change(*statements: str) -> Plant:
    def plant(set_up: SetUp) -> None:
        for each in statements:
            set_up.change(each.format(name=PostgresAddress(set_up.url).name))

    return plant


def use_port_of_nobody(set_up: SetUp) -> None:
    set_up.set("PAPERBOY_DATABASE", f"postgresql://ada:hushhush@127.0.0.1:{find_free_port()}/papers")


def lose_index(set_up: SetUp) -> None:
    shutil.rmtree(get_index_path(set_up.database))


FAULTS: dict[str, tuple[Plant, Kind]] = {
    "an older version wrote it": (change("UPDATE schema SET version = version - 1"), Kind.POSTGRES_OLDER),
    "a newer version wrote it": (change("UPDATE schema SET version = 999"), Kind.POSTGRES_UNUSABLE),
    "another program has its tables": (change("ALTER TABLE schema RENAME TO others"), Kind.POSTGRES_UNUSABLE),
    "nobody listens": (use_port_of_nobody, Kind.POSTGRES_AWAY),
    "connections run out": (change("ALTER DATABASE {name} CONNECTION LIMIT 3"), Kind.CONNECTIONS_SHORT),
    "a run is overdue": (change(f"UPDATE subscriptions SET next_run_at = '{to_iso(LONG_AGO)}'"), Kind.RUNS_WAITING),
    "the index is gone": (lose_index, Kind.INDEX_MISSING),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found_and_nothing_else(on_postgres: SetUp, fault: str) -> None:
    plant, kind = FAULTS[fault]
    plant(on_postgres)
    assert set(list_problems(await on_postgres.examine())) == {kind}


async def test_an_empty_database_is_new(on_postgres: SetUp, postgres_url: str) -> None:
    on_postgres.set("PAPERBOY_DATABASE", postgres_url)
    examined = await on_postgres.examine()
    assert list_problems(examined) == {}
    assert Kind.POSTGRES_NEW in list_facts(examined)


async def test_a_server_that_lets_nobody_in_says_what_to_do(on_postgres: SetUp) -> None:
    async with RefusingServer("28P01", "wrong: hushhush").serve() as server:
        on_postgres.set("PAPERBOY_DATABASE", server.get_url("hushhush"))
        examined = await on_postgres.examine()
    assert set(list_problems(examined)) == {Kind.POSTGRES_UNUSABLE}
    assert list_facts(examined)[Kind.POSTGRES_UNUSABLE].facts["problem"] == "login_rejected"
    said = "\n".join(map(describe_examined, examined))
    assert "pg_hba.conf" in said
    assert "hushhush" not in said


async def test_tables_of_another_user_are_named(on_postgres: SetUp) -> None:
    role = f"writer_of_{PostgresAddress(on_postgres.url).name}"
    rights = ("SCHEMA public", "ALL TABLES IN SCHEMA public")
    change(f"CREATE ROLE {role} LOGIN", *(f"GRANT ALL ON {each} TO {role}" for each in rights))(on_postgres)
    try:
        on_postgres.set("PAPERBOY_DATABASE", f"{on_postgres.url}&user={role}")
        problems = list_problems(await on_postgres.examine())
        assert set(problems) == {Kind.TABLES_NOT_OURS}
        assert "papers" in problems[Kind.TABLES_NOT_OURS].facts["names"]
    finally:
        change(f"DROP OWNED BY {role}", f"DROP ROLE {role}")(on_postgres)


async def test_processes_that_run_are_seen_and_have_to_agree_on_the_number_of_shards(on_postgres: SetUp) -> None:
    change("UPDATE cluster SET shard_count = 8")(on_postgres)  # as the bot left it, but for the number
    on_postgres.set("PAPERBOY_SHARDS", "0-1/4")
    assert list_problems(await on_postgres.examine()) == {}  # whoever starts first decides anew
    with closing(psycopg.connect(on_postgres.url, autocommit=True)) as process:
        process.execute("SELECT pg_advisory_lock(%s, 1)", (SHARD_LOCK,))
        assert set(list_problems(await on_postgres.examine())) == {Kind.SHARDS_DIFFER}
        on_postgres.set("PAPERBOY_SHARDS", "0-1/8")
        assert Kind.RUNNING_FINE in list_facts(await on_postgres.examine())
        on_postgres.set("PAPERBOY_SHARDS", "2-7/8")
        assert Kind.NOT_RUNNING in list_facts(await on_postgres.examine())


async def test_a_clock_that_is_not_the_servers_is_told(on_postgres: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    def examine(address: PostgresAddress) -> Server:
        return replace(examine_server(address), offset=timedelta(minutes=-10))  # nobody may set a clock here

    monkeypatch.setattr(machine, "examine_server", examine)
    problems = list_problems(await on_postgres.examine())
    assert set(problems) == {Kind.CLOCK_FAR_OFF}
    assert problems[Kind.CLOCK_FAR_OFF].facts["source"] == "PostgreSQL"
