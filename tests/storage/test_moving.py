"""A database moves whole, to another engine and back, and nothing else happens to either of the two."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from bot.claims import GRACE
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.search import SearchIndex
from bot.storage import DatabaseUnusable, Moved, MoveFailed, MoveProblem, check_different, move, open_storage
from bot.storage.postgres.schema import migrate
from bot.storage.sqlite import open_file
from tests.support.builders import DAY, MORNING, paper, query, subscribe
from tests.support.moving import GIVEN, LIMIT, fill, is_untouched, move_until_killed, read_all
from tests.support.paths import ROOT
from tests.support.postgres import create_database

SHARES = (0.0001, 0.6, 1.0)  # of the work, after which it is killed


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("full") / "paperboy.db")


@pytest.fixture
def filled(full: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(full, tmp_path))


@pytest.fixture
def empty(postgres_url: str) -> PostgresAddress:
    return PostgresAddress(postgres_url)


@pytest.fixture
def second(postgres_server: str) -> Iterator[PostgresAddress]:
    with create_database(postgres_server) as url:
        yield PostgresAddress(url)


def last_ids(path: Path) -> dict[str, int]:
    with closing(open_file(path)) as connection:
        return {table: connection.get_last_id(table) for table in GIVEN}


async def test_everything_arrives_and_is_the_same_when_it_comes_back(
    filled: Path, empty: PostgresAddress, second: PostgresAddress, tmp_path: Path
) -> None:
    before, bytes_before = read_all(filled), filled.read_bytes()
    shares: list[float] = []
    moved = move(filled, empty, watch=shares.append)
    assert moved == Moved({name: len(rows) for name, rows in before.items()}, changed_texts=0)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    back, copy = tmp_path / "back.db", tmp_path / "copy.db"
    move(empty, second)
    move(second, back)
    move(back, copy)
    for address in (empty, second, back, copy):
        assert read_all(address) == before, address
    assert filled.read_bytes() == bytes_before
    assert last_ids(back) == last_ids(copy) == GIVEN
    assert query(copy, "PRAGMA integrity_check") == [("ok",)]
    assert query(copy, "PRAGMA foreign_key_check") == []
    assert query(copy, "SELECT sql FROM sqlite_master ORDER BY name") == query(
        filled, "SELECT sql FROM sqlite_master ORDER BY name"
    )


async def test_ids_that_were_given_before_are_not_given_again(
    filled: Path, empty: PostgresAddress, tmp_path: Path
) -> None:
    move(filled, empty)
    move(empty, tmp_path / "back.db")
    for address in (empty, tmp_path / "back.db"):
        async with open_storage(address) as storage:
            assert (await subscribe(storage, guild_id=3)).id == GIVEN["subscriptions"] + 1


async def test_an_index_that_was_made_from_one_is_right_for_the_other(
    filled: Path, empty: PostgresAddress, tmp_path: Path
) -> None:
    move(filled, empty)
    for address in (filled, empty):
        async with open_storage(address) as storage:
            archive_id, last_change = await storage.papers.get_archive_id(), await storage.papers.get_last_change()
        index = SearchIndex(tmp_path / "index", archive_id, last_change)
        if address == filled:
            index.add_papers([(1, paper("2602.00000"))])
        assert index.count_papers() == 1, "it was not made anew"
        index.close()


async def test_what_a_change_brings_about_goes_on_afterwards(
    filled: Path, empty: PostgresAddress, tmp_path: Path
) -> None:
    move(filled, empty)
    move(empty, tmp_path / "back.db")
    for address in (empty, tmp_path / "back.db"):
        async with open_storage(address) as storage:
            change = await storage.papers.get_last_change()
            query(address, "INSERT INTO listings (day, paper_id) VALUES ('2001-01-01', '2602.00000')")
            assert await storage.papers.get_last_change() == change + 1


async def test_a_text_with_a_character_that_postgresql_cannot_store_comes_without_it(
    filled: Path, empty: PostgresAddress
) -> None:
    async with open_storage(filled) as storage:
        await storage.papers.record_list(DAY, [paper("2603.00001", title="a\0b\0", abstract="\0")], MORNING)
    query(filled, "UPDATE papers SET title = 'a' || char(0) || 'b', abstract = char(0) WHERE id = '2603.00001'")
    assert move(filled, empty).changed_texts == 2
    assert query(empty, "SELECT title, abstract FROM papers WHERE id = '2603.00001'") == [("ab", "")]


async def test_such_a_character_inside_json_is_left_out_too_so_the_row_can_be_read(
    filled: Path, empty: PostgresAddress
) -> None:
    query(filled, "UPDATE papers SET authors = '[\"A\\u0000da\", \"C:\\\\u0000\"]' WHERE id = '2602.00000'")
    assert move(filled, empty).changed_texts == 1
    authors = "SELECT value FROM papers CROSS JOIN json_each(authors) WHERE id = '2602.00000'"
    assert query(empty, authors) == [("Ada",), ("C:\\u0000",)]


async def test_a_move_that_is_killed_leaves_nothing_or_all_and_the_next_one_succeeds(
    filled: Path, empty: PostgresAddress, tmp_path: Path
) -> None:
    before, back = read_all(filled), tmp_path / "back.db"
    ends: tuple[tuple[DatabaseAddress, DatabaseAddress], ...] = ((filled, empty), (empty, back))
    for source, target in ends:
        for share in SHARES:
            assert move_until_killed(share, source, target)
            assert is_untouched(target), (share, target)
        move(source, target)
        assert read_all(source) == read_all(target) == before
    assert {each.name for each in tmp_path.iterdir()} == {"paperboy.db", "back.db"}


async def test_whoever_stops_it_finds_everything_as_it_was(
    filled: Path, empty: PostgresAddress, tmp_path: Path
) -> None:
    def stop(share: float) -> None:
        if share > 0.6:
            raise KeyboardInterrupt

    for target in (empty, tmp_path / "new.db"):
        with pytest.raises(KeyboardInterrupt):
            move(filled, target, watch=stop)
        assert is_untouched(target)
    assert {each.name for each in tmp_path.iterdir()} == {"paperboy.db"}


async def test_a_database_that_goes_away_meanwhile_is_named_and_nothing_has_happened(
    filled: Path, empty: PostgresAddress, second: PostgresAddress
) -> None:
    def cut(address: PostgresAddress, share: float) -> None:
        if share > 0.3:
            query(address, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paperboy'"
                  " AND datname = current_database() AND pid != pg_backend_pid()")  # fmt: skip

    with pytest.raises(DatabaseUnusable) as caught:
        move(filled, empty, watch=partial(cut, empty))
    assert (caught.value.path, caught.value.may_pass) == (empty, True)
    assert is_untouched(empty)
    move(filled, empty)
    with pytest.raises(DatabaseUnusable) as caught:
        move(empty, second, watch=partial(cut, empty))
    assert (caught.value.path, caught.value.may_pass) == (empty, True)
    with pytest.raises(DatabaseUnusable) as caught:
        move(empty, second, watch=partial(cut, second))
    assert (caught.value.path, caught.value.may_pass) == (second, True)
    assert is_untouched(second)


def test_a_full_disk_is_that_of_the_new_file(filled: Path, tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys; from pathlib import Path; from bot.storage import DatabaseUnusable, move\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "fill = lambda _: resource.setrlimit(resource.RLIMIT_FSIZE, (2**17, resource.RLIM_INFINITY))\n"
        "try: move(Path(sys.argv[1]), Path(sys.argv[2]), watch=fill)\n"
        "except DatabaseUnusable as error: print(error)"
    )
    new = tmp_path / "new.db"
    told = [sys.executable, "-c", script, str(filled), str(new)]
    ended = subprocess.run(told, cwd=ROOT, check=True, capture_output=True, text=True, timeout=LIMIT)
    assert ended.stdout == f"{new}: disk_full\n"
    assert is_untouched(new)


async def test_an_empty_schema_is_as_good_as_none(filled: Path, empty: PostgresAddress) -> None:
    migrate(empty)
    move(filled, empty)
    assert read_all(filled) == read_all(empty)


async def test_a_file_without_a_byte_is_as_good_as_none(filled: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.db"
    target.touch()
    move(filled, target)
    assert read_all(filled) == read_all(target)


async def test_a_new_file_can_be_read_by_nobody_else(filled: Path, empty: PostgresAddress, tmp_path: Path) -> None:
    move(filled, empty)
    move(empty, tmp_path / "back.db")
    assert (tmp_path / "back.db").stat().st_mode & 0o777 == 0o600


async def test_what_arrives_otherwise_than_it_was_sent_is_noticed(filled: Path, empty: PostgresAddress) -> None:
    migrate(empty)
    query(empty, "ALTER TABLE owner_notices ALTER COLUMN fault TYPE CHARACTER(40)")  # adds spaces
    with pytest.raises(MoveFailed) as caught:
        move(filled, empty)
    assert (caught.value.problem, caught.value.detail) == (MoveProblem.DIFFERS, "owner_notices")
    assert not any(read_all(empty)[table] for table in ("papers", "owner_notices"))


async def test_a_row_that_refers_to_nothing_is_named(filled: Path, empty: PostgresAddress, tmp_path: Path) -> None:
    query(filled, "INSERT INTO listings (day, paper_id) VALUES ('2026-01-01', 'nothing')")
    for target in (empty, tmp_path / "new.db"):
        with pytest.raises(MoveFailed) as caught:
            move(filled, target)
        assert caught.value.problem is MoveProblem.BAD_ROW
        assert "listings" in caught.value.detail
        assert is_untouched(target)


async def test_a_move_to_itself_is_refused_however_it_is_written(
    filled: Path, empty: PostgresAddress, tmp_path: Path
) -> None:
    link, hard_link = tmp_path / "link.db", tmp_path / "hard.db"
    link.symlink_to(filled)
    hard_link.hardlink_to(filled)
    again = PostgresAddress(f"{empty.url}{'&' if '?' in empty.url else '?'}application_name=other")
    for source, target in ((filled, filled), (filled, link), (filled, hard_link), (empty, again)):
        with pytest.raises(MoveFailed) as caught:
            check_different(source, target)
        assert caught.value.problem is MoveProblem.SAME
    check_different(filled, tmp_path / "new.db")


async def test_a_bot_on_a_file_starts_only_when_nothing_can_arrive_any_more(
    filled: Path, empty: PostgresAddress, tmp_path: Path
) -> None:
    pauses: list[float] = []
    move(filled, empty, pause=pauses.append)
    move(empty, tmp_path / "calm.db", pause=pauses.append)
    assert pauses == [0]
    query(empty, "UPDATE messages SET attempted_at = '2026-01-01T00:00:00+00:00' WHERE message_id IS NULL")
    move(empty, tmp_path / "doubtful.db", pause=pauses.append)
    assert GRACE / 2 < pauses[1] <= GRACE
