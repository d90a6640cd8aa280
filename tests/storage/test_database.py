"""The memory: what is recorded once stays, whole or not at all."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import open_services, open_storage_alongside
from bot.layouts.terminal import describe_database_problem
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.storage import DatabaseUnusable, Storage, database, embeddings, open_storage
from bot.storage.database import Database
from bot.storage.posted_papers import _POSTED_OF
from tests.support.builders import DAY, MORNING, paper, query

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

NEXT_DAY = DAY + timedelta(days=1)
A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))


class TestPapers:
    async def test_a_paper_comes_back_as_it_was_recorded(self, storage: Storage) -> None:
        full = Paper(
            "2601.00010",
            title="Quotes \"'` and 💡",
            abstract="Ünïcödé \u2028 text",
            day=DAY,
            upvotes=42,
            comments=3,
            authors=("Zhāng Wěi", 'The "Quote"', "O'Neil"),
            published_at=datetime(2026, 1, 13, 18, 0, 1, tzinfo=UTC),
            organization="Lab",
            ai_summary="In short.",
            tags=("a", "b, c"),
            github_repo="https://github.com/a/b",
            github_stars=5,
            project_page="https://a.example/",
            media_urls=("https://cdn.example/1.png",),
            linked_models=3,
            linked_datasets=0,
            linked_spaces=12,
            withdrawn_at=datetime(2026, 1, 14, 18, 0, 1, tzinfo=UTC),
        )
        await storage.papers.record_list(DAY, [full, paper("2601.00020")], MORNING)
        assert await storage.papers.get(["2601.00020", "2601.99999", full.id]) == [paper("2601.00020"), full]

    async def test_an_empty_day_is_captured(self, storage: Storage) -> None:
        assert await storage.papers.record_list(DAY, [], MORNING) == 0
        assert await storage.papers.get_capture_times([DAY, NEXT_DAY]) == {DAY: MORNING}
        assert await storage.papers.list_days_with_papers(date.min, date.max) == ()

    async def test_an_older_capture_does_not_undo_a_newer(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [], MORNING)
        await storage.papers.record_list(DAY, [], MORNING - timedelta(hours=1))
        assert await storage.papers.get_capture_times([DAY]) == {DAY: MORNING}

    async def test_a_resubmitted_paper_keeps_one_row_and_remembers_both_days(
        self, storage: Storage, path: Path
    ) -> None:
        await storage.papers.record_list(DAY, [A, B], MORNING)
        await storage.papers.record_list(NEXT_DAY, [replace(A, day=NEXT_DAY, upvotes=9)], MORNING)
        assert query(path, "SELECT count(*) FROM papers") == [(2,)]
        candidates = {each.paper.id: each.days for each in await storage.papers.list_candidates(DAY, NEXT_DAY)}
        assert candidates == {A.id: {DAY, NEXT_DAY}, B.id: {DAY}}
        assert await storage.papers.get([A.id]) == [replace(A, day=NEXT_DAY, upvotes=9)]
        assert await storage.papers.list_days_with_papers(DAY, NEXT_DAY) == (DAY, NEXT_DAY)
        assert await storage.papers.list_days_of(A.id) == (DAY, NEXT_DAY)
        assert await storage.papers.list_days_of(B.id) == (DAY,)
        assert await storage.papers.list_days_of("2601.99999") == ()

    async def test_reading_the_earlier_list_later_does_not_move_a_paper_back(self, storage: Storage) -> None:
        await storage.papers.record_list(NEXT_DAY, [replace(A, day=NEXT_DAY)], MORNING)
        assert await storage.papers.record_list(DAY, [A], MORNING) == 0
        (known,) = await storage.papers.get([A.id])
        assert known.day == NEXT_DAY
        assert [each.paper.id for each in await storage.papers.list_candidates(DAY, DAY)] == [A.id]

    async def test_a_snapshot_is_kept_only_when_the_upvotes_changed(self, storage: Storage, path: Path) -> None:
        changed = replace(A, upvotes=8)
        renamed = replace(changed, title="Another title")
        for hours, seen in enumerate((A, A, changed, renamed, changed)):
            await storage.papers.record_list(DAY, [seen], MORNING + timedelta(hours=hours))
        snapshots = query(path, "SELECT taken_at, upvotes FROM upvote_snapshots ORDER BY taken_at")
        assert snapshots == [("2026-01-16T08:00:00+00:00", 1), ("2026-01-16T10:00:00+00:00", 8)]

    async def test_change_numbers_grow_strictly_and_only_for_what_changed(self, storage: Storage) -> None:
        assert await storage.papers.record_list(DAY, [A, B, C], MORNING) == 3
        assert await storage.papers.record_list(DAY, [A, B, C], MORNING) == 0
        assert await storage.papers.get_last_change() == 3
        assert await storage.papers.record_list(DAY, [A, replace(B, upvotes=50), C], MORNING) == 1
        assert await storage.papers.list_changed_since(3, 10) == [(4, replace(B, upvotes=50))]
        assert [change for change, _ in await storage.papers.list_changed_since(0, 10)] == [1, 3, 4]
        assert [change for change, _ in await storage.papers.list_changed_since(0, 2)] == [1, 3]
        assert await storage.papers.get_last_change() == 4

    @pytest.mark.parametrize(
        "change",
        [
            {"title": "T"},
            {"abstract": "A"},
            {"comments": 1},
            {"authors": ("N",)},
            {"tags": ("t",)},
            {"github_stars": 1},
            {"published_at": MORNING},
            {"organization": "O"},
            {"ai_summary": "S"},
            {"project_page": "https://a.example"},
        ],
    )
    async def test_any_changed_field_is_a_change(self, storage: Storage, change: dict[str, object]) -> None:
        await storage.papers.record_list(DAY, [A], MORNING)
        assert await storage.papers.record_list(DAY, [replace(A, **change)], MORNING) == 1  # type: ignore[arg-type]

    async def test_summaries_and_tags_outlive_an_outage_of_their_source(self, storage: Storage) -> None:
        known = replace(A, ai_summary="In short.", tags=("x",), organization="Lab")
        await storage.papers.record_list(DAY, [known], MORNING)
        assert await storage.papers.record_list(DAY, [A], MORNING) == 0
        assert await storage.papers.get([A.id]) == [known]
        await storage.papers.record_list(DAY, [replace(A, ai_summary="Better.")], MORNING)
        assert await storage.papers.get([A.id]) == [replace(known, ai_summary="Better.")]

    async def test_what_a_list_does_not_tell_stays_known(self, storage: Storage) -> None:
        known = replace(
            A,
            abstract="What it is about.",
            authors=("Ada Lovelace",),
            published_at=MORNING,
            github_repo="https://github.com/a/b",
            github_stars=5,
            project_page="https://a.example/",
            media_urls=("https://cdn.example/1.png",),
            linked_models=3,
            linked_datasets=0,
            linked_spaces=12,
        )
        await storage.papers.record_list(DAY, [known], MORNING)
        assert await storage.papers.record_list(DAY, [A], MORNING) == 0
        await storage.papers.record_list(DAY, [replace(A, comments=2, upvotes=0, github_stars=6)], MORNING)
        assert await storage.papers.get([A.id]) == [replace(known, comments=2, upvotes=0, github_stars=6)]

    async def test_an_id_that_ends_in_zero_stays_a_text(self, storage: Storage) -> None:
        ten, one = paper("2601.00010"), paper("2601.0001")
        await storage.papers.record_list(DAY, [ten, one], MORNING)
        assert await storage.papers.get([ten.id, one.id]) == [ten, one]

    async def test_a_leaderboard_counts_a_paper_of_two_days_once(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B], MORNING)
        await storage.papers.record_list(NEXT_DAY, [replace(A, day=NEXT_DAY)], MORNING)
        top, total = await storage.papers.list_top(date.min, date.max, limit=10)
        assert ([each.id for each in top], total) == ([B.id, A.id], 2)
        assert await storage.papers.list_top(date(2027, 1, 1), date(2027, 2, 1), limit=10) == ([], 0)

    async def test_two_tasks_that_record_at_once_lose_nothing(self, storage: Storage) -> None:
        lists = [[paper(f"26{month:02}.{number:05}") for number in range(50)] for month in range(1, 9)]
        await asyncio.gather(*(storage.papers.record_list(DAY, each, MORNING) for each in lists))
        changes = await storage.papers.list_changed_since(0, 1000)
        assert [change for change, _ in changes] == list(range(1, 401))
        assert {each.id for _, each in changes} == {each.id for known in lists for each in known}

    async def test_an_archive_knows_itself_from_any_other(self, storage: Storage, path: Path, tmp_path: Path) -> None:
        async with open_storage(tmp_path / "other.db") as other, open_storage(path) as same:
            assert await same.papers.get_archive_id() == await storage.papers.get_archive_id()
            assert await other.papers.get_archive_id() != await storage.papers.get_archive_id()


STRANGER = replace(paper("1706.03762"), day=None, upvotes=100, linked_models=3, linked_datasets=0)


class TestLookedUpPapers:
    async def test_a_stranger_is_kept_without_a_day(self, storage: Storage) -> None:
        assert await storage.papers.record_paper(STRANGER, MORNING) == STRANGER
        assert await storage.papers.get([STRANGER.id]) == [STRANGER]
        assert await storage.papers.list_changed_since(0, 10) == [(1, STRANGER)]

    async def test_it_is_on_no_list_and_no_leaderboard(self, storage: Storage) -> None:
        await storage.papers.record_paper(replace(STRANGER, day=DAY), MORNING)
        assert await storage.papers.list_candidates(date.min, date.max) == ()
        assert await storage.papers.list_top(date.min, date.max, limit=10) == ([], 0)
        assert await storage.papers.list_days_with_papers(date.min, date.max) == ()
        assert await storage.papers.get_capture_times([DAY]) == {}

    async def test_a_known_paper_keeps_its_days_and_what_a_look_up_does_not_tell(self, storage: Storage) -> None:
        known = replace(A, comments=4, authors=("Ada Lovelace",), project_page="https://a.example/")
        await storage.papers.record_list(DAY, [known], MORNING)
        seen = replace(A, day=None, upvotes=9, linked_spaces=2)
        merged = await storage.papers.record_paper(seen, MORNING)
        assert merged == replace(known, upvotes=9, linked_spaces=2)
        assert await storage.papers.get([A.id]) == [merged]
        assert [each.paper for each in await storage.papers.list_candidates(DAY, DAY)] == [merged]

    async def test_a_stranger_that_is_listed_later_gets_its_day(self, storage: Storage) -> None:
        await storage.papers.record_paper(STRANGER, MORNING)
        listed = replace(STRANGER, day=DAY, linked_models=None, linked_datasets=None)
        assert await storage.papers.record_list(DAY, [listed], MORNING) == 1
        assert await storage.papers.list_changed_since(0, 10) == [(2, replace(STRANGER, day=DAY))]

    async def test_looking_twice_changes_nothing(self, storage: Storage) -> None:
        for hours in range(3):
            await storage.papers.record_paper(STRANGER, MORNING + timedelta(hours=hours))
        assert await storage.papers.get_last_change() == 1
        assert await storage.papers.list_snapshots(STRANGER.id) == [(MORNING, 100)]

    async def test_upvotes_over_time_come_in_the_order_of_time_from_lists_and_look_ups(self, storage: Storage) -> None:
        later, latest = MORNING + timedelta(hours=1), MORNING + timedelta(days=2)
        await storage.papers.record_paper(replace(A, upvotes=30), latest)
        await storage.papers.record_list(DAY, [A, B], MORNING)
        await storage.papers.record_list(DAY, [replace(A, upvotes=20)], later)
        assert await storage.papers.list_snapshots(A.id) == [(MORNING, 1), (later, 20), (latest, 30)]
        assert await storage.papers.list_snapshots("2601.99999") == []

    async def test_papers_seen_elsewhere_are_completed_and_not_kept(self, storage: Storage) -> None:
        known = replace(A, comments=4, ai_summary="In short.")
        await storage.papers.record_list(DAY, [known], MORNING)
        seen = replace(A, day=None, upvotes=50)
        assert await storage.papers.complete_papers([STRANGER, seen]) == [STRANGER, replace(known, upvotes=50)]
        assert await storage.papers.complete_papers([replace(seen, comments=7)]) == [
            replace(known, upvotes=50, comments=7)
        ]
        assert await storage.papers.get([STRANGER.id, A.id]) == [known]


class TestEmbeddings:
    @pytest.fixture(autouse=True)
    async def recorded(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B, C], MORNING)

    async def everything(self, storage: Storage, model: str = "m") -> list[tuple[str, bytes]]:
        return [each async for batch in storage.embeddings.read_all(model) for each in batch]

    async def test_papers_without_a_vector_are_missing_newest_first(self, storage: Storage) -> None:
        assert await storage.embeddings.list_missing("m", 2) == [C, B]
        await storage.embeddings.save("m", [(C, b"c"), (A, b"\x00\xff")])
        assert await storage.embeddings.list_missing("m", 2) == [B]
        assert await self.everything(storage) == [(A.id, b"\x00\xff"), (C.id, b"c")]
        assert await storage.embeddings.get("m", [C.id, B.id, "2601.99999"]) == {C.id: b"c"}

    @pytest.mark.parametrize("change", [{"title": "Another title"}, {"abstract": "Another abstract."}])
    async def test_a_changed_text_is_missing_again(self, storage: Storage, change: dict[str, str]) -> None:
        await storage.embeddings.save("m", [(each, b"v") for each in (A, B, C)])
        changed = replace(B, **change)  # type: ignore[arg-type]
        await storage.papers.record_list(DAY, [A, changed, C], MORNING)
        assert await storage.embeddings.list_missing("m", 10) == [changed]
        assert await storage.embeddings.get("m", [A.id, B.id]) == {A.id: b"v"}

    async def test_new_upvotes_leave_a_vector_as_it_is(self, storage: Storage) -> None:
        await storage.embeddings.save("m", [(each, b"v") for each in (A, B, C)])
        await storage.papers.record_list(DAY, [replace(A, upvotes=99, ai_summary="In short.")], MORNING)
        await storage.papers.record_paper(replace(A, linked_models=3), MORNING)
        assert await storage.embeddings.list_missing("m", 10) == []

    async def test_a_vector_of_a_text_that_changed_while_it_was_computed_is_dropped(self, storage: Storage) -> None:
        (computing,) = await storage.embeddings.list_missing("m", 1)
        changed = replace(C, abstract="Another abstract.")
        await storage.papers.record_list(DAY, [changed], MORNING)
        await storage.embeddings.save("m", [(computing, b"old"), (B, b"b")])
        assert await self.everything(storage) == [(B.id, b"b")]
        assert changed in await storage.embeddings.list_missing("m", 10)

    async def test_another_models_vectors_are_not_mixed_in_and_give_way(self, storage: Storage) -> None:
        await storage.embeddings.save("old", [(A, b"1"), (B, b"1")])
        assert await storage.embeddings.list_missing("new", 10) == [C, B, A]
        await storage.embeddings.save("new", [(A, b"2")])
        assert await self.everything(storage, "old") == [(B.id, b"1")]
        assert await storage.embeddings.get("new", [A.id, B.id]) == {A.id: b"2"}

    async def test_reading_all_vectors_leaves_room_for_others_between_batches(
        self, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(embeddings, "BATCH", 2)
        await storage.embeddings.save("m", [(each, each.id.encode()) for each in (A, B, C)])
        reading = [storage.embeddings.read_all("m") for _ in range(2 * database.READERS)]
        first = [await anext(each) for each in reading]
        assert first == [[(A.id, A.id.encode()), (B.id, B.id.encode())]] * len(reading)
        await asyncio.wait_for(storage.papers.record_paper(STRANGER, MORNING), 60)
        assert [batch for each in reading async for batch in each] == [[(C.id, C.id.encode())]] * len(reading)


@pytest.fixture
async def opened(path: Path) -> AsyncIterator[Database]:
    async with Database(path) as known:
        yield known


async def write_capture(opened: Database, day: date, failure: BaseException | None = None) -> None:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO captures (day, captured_at) VALUES (?, 'now')", (day.isoformat(),))
        if failure:
            raise failure

    await opened.write(write)


async def captures(opened: Database) -> int:
    ((number,),) = await opened.fetch_rows("SELECT count(*) FROM captures")
    return int(number)


@asynccontextmanager
async def transaction(opened: Database) -> AsyncIterator[None]:
    """One that has written, and is not committed until the block ends."""
    written, free = threading.Event(), threading.Event()

    def write(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO captures (day, captured_at) VALUES ('2026-01-15', 'now')")
        written.set()
        free.wait()

    writing = asyncio.create_task(opened.write(write))
    await asyncio.to_thread(written.wait)
    try:
        yield
    finally:
        free.set()
        await writing


class TestTransactions:
    @pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
    async def test_a_failed_transaction_leaves_nothing_and_the_writer_usable(
        self, opened: Database, failure: type[BaseException]
    ) -> None:
        with pytest.raises(failure):
            await write_capture(opened, DAY, failure())
        assert await captures(opened) == 0
        await write_capture(opened, DAY)
        assert await captures(opened) == 1

    async def test_a_statement_that_fails_takes_the_whole_transaction_back(self, opened: Database) -> None:
        def twice(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO captures (day, captured_at) VALUES ('2026-01-15', 'now')")
            connection.execute("INSERT INTO captures (day, captured_at) VALUES ('2026-01-15', 'now')")

        with pytest.raises(sqlite3.IntegrityError):
            await opened.write(twice)
        assert await captures(opened) == 0

    @pytest.mark.parametrize("steps", range(12))
    async def test_a_task_cancelled_at_any_moment_leaves_all_or_nothing(self, storage: Storage, steps: int) -> None:
        for attempt in range(8):
            task = asyncio.create_task(storage.papers.record_list(DAY, [replace(A, upvotes=attempt), B], MORNING))
            for _ in range(steps):
                await asyncio.sleep(0.0003 * attempt)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            known = await storage.papers.get([A.id, B.id])
            assert len(known) in {0, 2}
            assert (await storage.papers.get_capture_times([DAY]) == {}) == (known == [])
        assert await storage.papers.record_list(DAY, [replace(A, upvotes=99)], MORNING) == 1

    async def test_a_task_cancelled_while_it_waits_for_its_turn_disturbs_nobody(self, opened: Database) -> None:
        async with transaction(opened):
            waiting = asyncio.create_task(write_capture(opened, NEXT_DAY))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert await captures(opened) == 1

    async def test_one_tasks_failure_never_undoes_anothers_work(self, opened: Database) -> None:
        days = [DAY + timedelta(days=number) for number in range(40)]
        works = [write_capture(opened, day, ValueError() if n % 2 else None) for n, day in enumerate(days)]
        outcomes = await asyncio.gather(*works, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), ValueError] * 20
        assert await captures(opened) == 20

    async def test_those_who_wait_share_a_commit(self, opened: Database, path: Path) -> None:
        async with transaction(opened):
            works = [write_capture(opened, DAY + timedelta(days=n), ValueError() if n == 7 else None) for n in range(9)]
            waiting = asyncio.gather(*works, return_exceptions=True)
            await asyncio.sleep(0)
            log = path.with_name(f"{path.name}-wal")
            before = log.stat().st_size
        assert [type(outcome) for outcome in await waiting] == [
            *(sqlite3.IntegrityError, *[type(None)] * 6),  # the first day was written already
            *(ValueError, type(None)),
        ]
        assert await captures(opened) == 8
        pages = (log.stat().st_size - before) / (4096 + 24)  # one for each commit
        assert round(pages) == 1 + 9 / database.MAX_PER_COMMIT

    async def test_all_who_share_a_commit_that_fails_hear_of_it(self, opened: Database) -> None:
        def lacking(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            connection.execute("INSERT INTO listings (day, paper_id) VALUES ('2026-01-15', '2601.00010')")

        async with transaction(opened):
            works = [write_capture(opened, NEXT_DAY), opened.write(lacking)]
            waiting = asyncio.gather(*works, return_exceptions=True)
            await asyncio.sleep(0)
        assert [type(outcome) for outcome in await waiting] == [sqlite3.IntegrityError] * 2
        assert await captures(opened) == 1
        await write_capture(opened, NEXT_DAY)
        assert await captures(opened) == 2

    async def test_readers_do_not_wait_for_an_open_transaction(self, opened: Database) -> None:
        async with transaction(opened):
            assert await asyncio.wait_for(captures(opened), 60) == 0
        assert await captures(opened) == 1

    async def test_more_readers_than_connections_take_turns(self, opened: Database) -> None:
        assert await asyncio.gather(*(captures(opened) for _ in range(50))) == [0] * 50

    async def test_a_cancelled_reader_leaves_its_connection_usable(self, opened: Database) -> None:
        for _ in range(2 * database.READERS):
            task = asyncio.create_task(captures(opened))
            await asyncio.sleep(0.0005)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert await asyncio.gather(*(captures(opened) for _ in range(5))) == [0] * 5

    async def test_a_reader_cannot_write(self, opened: Database) -> None:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await opened.fetch_rows("INSERT INTO captures (day, captured_at) VALUES ('2026-01-15', 'now')")

    async def test_two_processes_on_one_file_wait_for_each_other(self, storage: Storage, path: Path) -> None:
        async with open_storage(path) as other:
            both = [
                each.papers.record_list(DAY, [paper(f"2601.{n:05}")], MORNING)
                for n in range(20)
                for each in (storage, other)
            ]
            await asyncio.gather(*both)
            assert len(await other.papers.list_candidates(DAY, DAY)) == 20


class TestSchema:
    async def test_every_table_is_strict(self, storage: Storage, path: Path) -> None:
        tables = query(path, "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        loose = [name for name, strict in tables if not strict and not str(name).startswith("sqlite_")]
        assert loose == []
        assert len(tables) > 6

    async def test_foreign_keys_are_enforced(self, opened: Database) -> None:
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            await opened.execute("INSERT INTO listings (day, paper_id) VALUES ('2026-01-15', '2601.00010')")

    async def test_the_file_is_in_wal_mode_and_safe_from_power_cuts(self, opened: Database) -> None:
        def look(connection: sqlite3.Connection) -> tuple[str, int]:
            ((mode,),) = connection.execute("PRAGMA journal_mode")
            ((synchronous,),) = connection.execute("PRAGMA synchronous")
            return mode, synchronous

        assert await opened.write(look) == ("wal", 2)

    async def test_due_subscriptions_are_found_through_an_index(self, opened: Database) -> None:
        steps = await opened.fetch_rows(
            "EXPLAIN QUERY PLAN SELECT * FROM subscriptions WHERE state = 'active' AND next_run_at <= ?", "x"
        )
        assert "subscriptions_due" in " ".join(step["detail"] for step in steps)

    async def test_where_a_paper_was_posted_is_found_through_an_index(self, opened: Database) -> None:
        steps = await opened.fetch_rows(f"EXPLAIN QUERY PLAN SELECT paper_id {_POSTED_OF}", "[]", 1, "[]")
        plan = " ".join(step["detail"] for step in steps)
        assert "SEARCH highlights USING INDEX sqlite_autoindex_highlights_2 (subscription_id=? AND paper_id=?)" in plan
        for table in ("highlights", "deliveries", "messages"):
            assert f"SCAN {table}" not in plan

    @pytest.mark.parametrize(
        ("asked", "index"),
        [
            ("SELECT count(*) FROM messages WHERE place_id = 1 AND published_at >= 'x'", "messages_published"),
            ("SELECT * FROM audit_log WHERE guild_id = 1 ORDER BY id DESC LIMIT 9", "audit_log_by_guild"),
            ("SELECT 1 FROM deliveries WHERE subscription_id = 1 AND state = 'planned'", "deliveries_under_way"),
        ],
    )
    async def test_what_every_delivery_and_every_log_asks_is_found_through_an_index(
        self, storage: Storage, path: Path, asked: str, index: str
    ) -> None:
        steps = " ".join(str(step) for step in query(path, f"EXPLAIN QUERY PLAN {asked}"))
        assert index in steps
        assert "SCAN" not in steps
        assert "TEMP B-TREE" not in steps


class TestOpening:
    async def test_a_new_file_is_made_and_opened_again_as_it_was(self, path: Path) -> None:
        async with open_storage(path) as storage:
            await storage.papers.record_list(DAY, [A], MORNING)
            identity = await storage.papers.get_archive_id()
        async with open_storage(path) as storage:
            assert await storage.papers.get([A.id]) == [A]
            assert await storage.papers.get_archive_id() == identity

    async def test_an_empty_file_is_taken(self, path: Path) -> None:
        path.touch()
        async with open_storage(path) as storage:
            assert await storage.papers.get_last_change() == 0

    async def test_a_new_migration_is_applied_to_an_old_file_and_keeps_what_is_in_it(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_storage(path) as storage:
            await storage.papers.record_list(DAY, [A], MORNING)
        self.add_migration(
            monkeypatch, "ALTER TABLE captures ADD COLUMN note TEXT; CREATE TABLE more (id TEXT) STRICT;"
        )
        for _ in range(2):
            async with open_storage(path) as storage:
                assert await storage.papers.get([A.id]) == [A]
        assert query(path, "PRAGMA user_version") == [(len(database._load_migrations()),)]
        assert query(path, "SELECT note FROM captures") == [(None,)]

    @pytest.mark.parametrize(
        "script",
        [
            "CREATE TABLE more (id TEXT) STRICT; DROP TABLE captures; SELECT no_such_function();",
            "UPDATE papers SET upvotes = 99; INSERT INTO captures (day) VALUES ('x');",
            "DELETE FROM listings; nonsense;",
        ],
    )
    async def test_a_migration_that_fails_leaves_version_schema_and_rows_as_they_were(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, script: str
    ) -> None:
        async with open_storage(path) as storage:
            await storage.papers.record_list(DAY, [A], MORNING)
        before = self.state(path)
        self.add_migration(monkeypatch, script)
        with pytest.raises(DatabaseUnusable, match="unusable"):
            async with open_storage(path):
                pass
        assert self.state(path) == before
        monkeypatch.undo()
        async with open_storage(path) as storage:
            assert await storage.papers.get([A.id]) == [A]

    async def test_a_first_migration_that_fails_leaves_a_file_that_can_be_begun_again(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(database, "_load_migrations", lambda: ["CREATE TABLE papers (id TEXT) STRICT; nonsense;"])
        with pytest.raises(DatabaseUnusable):
            async with open_storage(path):
                pass
        monkeypatch.undo()
        async with open_storage(path) as storage:
            assert await storage.papers.get_last_change() == 0

    def add_migration(self, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        scripts = [*database._load_migrations(), script]
        monkeypatch.setattr(database, "_load_migrations", lambda: scripts)

    def state(self, path: Path) -> list[tuple[object, ...]]:
        parts = (
            "PRAGMA user_version",
            "SELECT sql FROM sqlite_master",
            "SELECT * FROM papers",
            "SELECT * FROM listings",
        )
        return [row for part in parts for row in query(path, part)]

    async def refusal(self, path: Path) -> str:
        """Why the file is refused; checks that it is left as it is."""
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(DatabaseUnusable) as refused:
            async with open_storage(path):
                pass
        assert (path.read_bytes() if path.is_file() else None) == before
        return describe_database_problem(refused.value)

    async def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(self, path: Path) -> None:
        async with open_storage(path):
            pass
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 999")
        refusal = await self.refusal(path)
        assert "newer Paperboy (schema 999" in refusal
        assert "Update Paperboy" in refusal

    @pytest.mark.parametrize(
        "script",
        [
            "CREATE TABLE papers (id TEXT);",
            "PRAGMA user_version = 1;",
            "PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE t (a);",
            "PRAGMA user_version = 999; CREATE TABLE t (a);",
            "PRAGMA journal_mode = WAL; CREATE TABLE t (a);",
        ],
    )
    async def test_another_programs_database_is_refused_and_left_as_it_is(self, path: Path, script: str) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        assert "another program's database" in await self.refusal(path)

    @pytest.mark.parametrize("body", [b"a letter\n" * 100, b"SQLite", b"\x00" * 5000, b"\xff" * 5000])
    async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(self, path: Path, body: bytes) -> None:
        path.write_bytes(body)
        assert str(path) in await self.refusal(path)
        path.unlink()

    async def test_a_torn_database_is_refused_and_left_as_it_is(self, path: Path) -> None:
        async with open_storage(path):
            pass
        path.write_bytes(path.read_bytes()[:700])
        assert str(path) in await self.refusal(path)
        path.unlink()

    async def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        assert f"{tmp_path} is a folder" in await self.refusal(tmp_path)

    async def test_a_path_into_nowhere_is_refused(self, tmp_path: Path) -> None:
        assert "nowhere" in await self.refusal(tmp_path / "nowhere" / "paperboy.db")

    async def test_a_path_through_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        assert "file" in await self.refusal(tmp_path / "file" / "paperboy.db")


class TestSoleUse:
    async def test_a_second_bot_on_the_same_database_is_refused(self, path: Path, api: PapersAPI) -> None:
        async with open_services(path, api):
            with pytest.raises(DatabaseUnusable, match="in_use"):
                async with open_services(path, api):
                    pass
        async with open_services(path, api):
            pass

    @pytest.mark.parametrize("other", ["a symlink", "a hard link", "a folder that links there"])
    async def test_a_second_bot_on_the_same_file_by_another_name_is_refused(
        self, tmp_path: Path, api: PapersAPI, other: str
    ) -> None:
        (tmp_path / "home").mkdir()
        path, names = tmp_path / "home" / "paperboy.db", tmp_path / "names"
        names.symlink_to(tmp_path / "home") if other == "a folder that links there" else names.mkdir()
        async with open_storage(path):
            pass
        if other == "a symlink":
            (names / path.name).symlink_to(path)
        elif other == "a hard link":
            (names / path.name).hardlink_to(path)
        async with open_services(path, api):
            with pytest.raises(DatabaseUnusable, match="in_use"):
                async with open_services(names / path.name, api):
                    pass
        async with open_services(names / path.name, api):
            pass

    async def test_a_link_that_leads_to_itself_is_refused(self, path: Path, api: PapersAPI) -> None:
        path.symlink_to(path)
        with pytest.raises(DatabaseUnusable, match="unusable"):
            async with open_services(path, api):
                pass

    async def test_what_is_opened_beside_a_running_bot_reads_and_writes_its_file(
        self, path: Path, api: PapersAPI
    ) -> None:
        async with open_services(path, api) as services, open_storage_alongside(path) as storage:
            await storage.papers.record_list(DAY, [A], MORNING)
            assert await services.storage.papers.get([A.id]) == [A]

    async def test_what_is_opened_beside_an_older_bot_does_not_migrate_its_file(
        self, path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_services(path, api) as services:
            self.age_by_a_version(monkeypatch)
            with pytest.raises(DatabaseUnusable) as refused:
                async with open_storage_alongside(path):
                    pass
            assert "in use by an older Paperboy" in describe_database_problem(refused.value)
            await services.storage.papers.record_list(DAY, [A], MORNING)
        async with open_storage_alongside(path) as storage:
            assert await storage.papers.get([A.id]) == [A]
        assert query(path, "PRAGMA user_version") == [(len(database._load_migrations()),)]

    async def test_what_is_opened_beside_a_newer_bot_is_refused(
        self, path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as newer:
            self.age_by_a_version(newer)
            async with open_services(path, api):
                newer.undo()
                with pytest.raises(DatabaseUnusable, match="newer"):
                    async with open_storage_alongside(path):
                        pass

    def age_by_a_version(self, patch: pytest.MonkeyPatch) -> None:
        newer = [*database._load_migrations(), "CREATE TABLE novelties (id INTEGER) STRICT;"]
        patch.setattr(database, "_load_migrations", lambda: newer)

    async def test_a_newer_version_does_not_migrate_what_an_older_one_works_with(
        self, path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_services(path, api):
            version = query(path, "PRAGMA user_version")
            newer = [*database._load_migrations(), "CREATE TABLE novelties (id INTEGER) STRICT;"]
            monkeypatch.setattr(database, "_load_migrations", lambda: newer)
            with pytest.raises(DatabaseUnusable, match="in_use"):
                async with open_services(path, api):
                    pass
            assert query(path, "PRAGMA user_version") == version

    async def test_memory_is_a_file_like_any_other(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        async with open_storage(Path(":memory:")) as storage:
            assert await storage.papers.get_last_change() == 0
        assert (tmp_path / ":memory:").exists()
