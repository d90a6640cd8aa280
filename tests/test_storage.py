"""The memory: what is recorded once stays, whole or not at all."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.client import open_house
from bot.digest import Digest, Highlight, Taste
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.schedule import Run, Timetable
from bot.storage import (
    DatabaseRefused,
    Delivery,
    DeliveryState,
    Post,
    Storage,
    Subscription,
    SubscriptionState,
    TooManySubscriptions,
    database,
    embeddings,
    open_storage,
)
from bot.storage.database import Database
from bot.storage.deliveries import _POSTED
from bot.storage.subscriptions import PER_GUILD
from tests.builders import DAY, MORNING, paper

NEXT_DAY = DAY + timedelta(days=1)
TIMETABLE = Timetable(time(9), ZoneInfo("Europe/Berlin"), frozenset({0, 2, 4}))
FIRST_RUN = Run(date(2026, 1, 16), datetime(2026, 1, 16, 8, tzinfo=UTC))
SECOND_RUN = Run(date(2026, 1, 19), datetime(2026, 1, 19, 8, tzinfo=UTC))
A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "paperboy.db"


@pytest.fixture(autouse=True)
def the_file_is_sound(path: Path) -> Iterator[None]:
    """Whatever a test did, the file it leaves behind is whole."""
    yield
    if path.is_file() and path.read_bytes()[:6] == b"SQLite":
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        assert query(path, "PRAGMA foreign_key_check") == []


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def subscribe(storage: Storage, guild_id: int = 1, next_run: Run = FIRST_RUN) -> Subscription:
    return await storage.subscriptions.add(
        guild_id, 5, TIMETABLE, Taste(5, 2, 1), created_by=7, now=MORNING, next_run=next_run
    )


def digest(*papers: Paper, reason: str | None = None) -> Digest:
    highlights = tuple(Highlight(n, each, each.upvotes, each.comments) for n, each in enumerate(papers, 1))
    return Digest(DAY, (DAY,), len(papers), highlights, reason)


async def plan(
    storage: Storage, subscription: Subscription, planned: Digest, run: Run = FIRST_RUN, nonce: str = "n1"
) -> Delivery | None:
    following = Run(run.date + timedelta(days=3), run.at + timedelta(days=3))
    return await storage.deliveries.plan(subscription, run, following, planned, nonce=nonce, now=MORNING)


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
        )
        await storage.papers.record(DAY, [full, paper("2601.00020")], MORNING)
        assert await storage.papers.get(["2601.00020", "2601.99999", full.id]) == [paper("2601.00020"), full]

    async def test_an_empty_day_is_captured(self, storage: Storage) -> None:
        assert await storage.papers.record(DAY, [], MORNING) == 0
        assert await storage.papers.captured_at([DAY, NEXT_DAY]) == {DAY: MORNING}
        assert await storage.papers.listed_days(date.min, date.max) == ()

    async def test_an_older_capture_does_not_undo_a_newer(self, storage: Storage) -> None:
        await storage.papers.record(DAY, [], MORNING)
        await storage.papers.record(DAY, [], MORNING - timedelta(hours=1))
        assert await storage.papers.captured_at([DAY]) == {DAY: MORNING}

    async def test_a_resubmitted_paper_keeps_one_row_and_remembers_both_days(
        self, storage: Storage, path: Path
    ) -> None:
        await storage.papers.record(DAY, [A, B], MORNING)
        await storage.papers.record(NEXT_DAY, [replace(A, day=NEXT_DAY, upvotes=9)], MORNING)
        assert query(path, "SELECT count(*) FROM papers") == [(2,)]
        candidates = {each.paper.id: each.days for each in await storage.papers.candidates(DAY, NEXT_DAY)}
        assert candidates == {A.id: {DAY, NEXT_DAY}, B.id: {DAY}}
        assert await storage.papers.get([A.id]) == [replace(A, day=NEXT_DAY, upvotes=9)]
        assert await storage.papers.listed_days(DAY, NEXT_DAY) == (DAY, NEXT_DAY)

    async def test_reading_the_earlier_list_later_does_not_move_a_paper_back(self, storage: Storage) -> None:
        await storage.papers.record(NEXT_DAY, [replace(A, day=NEXT_DAY)], MORNING)
        assert await storage.papers.record(DAY, [A], MORNING) == 0
        (known,) = await storage.papers.get([A.id])
        assert known.day == NEXT_DAY
        assert [each.paper.id for each in await storage.papers.candidates(DAY, DAY)] == [A.id]

    async def test_a_snapshot_is_kept_only_when_the_upvotes_changed(self, storage: Storage, path: Path) -> None:
        changed = replace(A, upvotes=8)
        renamed = replace(changed, title="Another title")
        for hours, seen in enumerate((A, A, changed, renamed, changed)):
            await storage.papers.record(DAY, [seen], MORNING + timedelta(hours=hours))
        snapshots = query(path, "SELECT taken_at, upvotes FROM upvote_snapshots ORDER BY taken_at")
        assert snapshots == [("2026-01-16T08:00:00+00:00", 1), ("2026-01-16T10:00:00+00:00", 8)]

    async def test_change_numbers_grow_strictly_and_only_for_what_changed(self, storage: Storage) -> None:
        assert await storage.papers.record(DAY, [A, B, C], MORNING) == 3
        assert await storage.papers.record(DAY, [A, B, C], MORNING) == 0
        assert await storage.papers.last_change() == 3
        assert await storage.papers.record(DAY, [A, replace(B, upvotes=50), C], MORNING) == 1
        assert await storage.papers.changed_since(3, 10) == [(4, replace(B, upvotes=50))]
        assert [change for change, _ in await storage.papers.changed_since(0, 10)] == [1, 3, 4]
        assert [change for change, _ in await storage.papers.changed_since(0, 2)] == [1, 3]
        assert await storage.papers.last_change() == 4

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
        await storage.papers.record(DAY, [A], MORNING)
        assert await storage.papers.record(DAY, [replace(A, **change)], MORNING) == 1  # type: ignore[arg-type]

    async def test_summaries_and_tags_outlive_an_outage_of_their_source(self, storage: Storage) -> None:
        known = replace(A, ai_summary="In short.", tags=("x",), organization="Lab")
        await storage.papers.record(DAY, [known], MORNING)
        assert await storage.papers.record(DAY, [A], MORNING) == 0
        assert await storage.papers.get([A.id]) == [known]
        await storage.papers.record(DAY, [replace(A, ai_summary="Better.")], MORNING)
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
        await storage.papers.record(DAY, [known], MORNING)
        assert await storage.papers.record(DAY, [A], MORNING) == 0
        await storage.papers.record(DAY, [replace(A, comments=2, upvotes=0, github_stars=6)], MORNING)
        assert await storage.papers.get([A.id]) == [replace(known, comments=2, upvotes=0, github_stars=6)]

    async def test_an_id_that_ends_in_zero_stays_a_text(self, storage: Storage) -> None:
        ten, one = paper("2601.00010"), paper("2601.0001")
        await storage.papers.record(DAY, [ten, one], MORNING)
        assert await storage.papers.get([ten.id, one.id]) == [ten, one]

    async def test_a_leaderboard_counts_a_paper_of_two_days_once(self, storage: Storage) -> None:
        await storage.papers.record(DAY, [A, B], MORNING)
        await storage.papers.record(NEXT_DAY, [replace(A, day=NEXT_DAY)], MORNING)
        top, total = await storage.papers.top(date.min, date.max, limit=10)
        assert ([each.id for each in top], total) == ([B.id, A.id], 2)
        assert await storage.papers.top(date(2027, 1, 1), date(2027, 2, 1), limit=10) == ([], 0)

    async def test_two_tasks_that_record_at_once_lose_nothing(self, storage: Storage) -> None:
        lists = [[paper(f"26{month:02}.{number:05}") for number in range(50)] for month in range(1, 9)]
        await asyncio.gather(*(storage.papers.record(DAY, each, MORNING) for each in lists))
        changes = await storage.papers.changed_since(0, 1000)
        assert [change for change, _ in changes] == list(range(1, 401))
        assert {each.id for _, each in changes} == {each.id for known in lists for each in known}

    async def test_an_archive_knows_itself_from_any_other(self, storage: Storage, path: Path, tmp_path: Path) -> None:
        async with open_storage(tmp_path / "other.db") as other, open_storage(path) as same:
            assert await same.papers.identity() == await storage.papers.identity()
            assert await other.papers.identity() != await storage.papers.identity()


STRANGER = replace(paper("1706.03762"), day=None, upvotes=100, linked_models=3, linked_datasets=0)


class TestLookedUpPapers:
    async def test_a_stranger_is_kept_without_a_day(self, storage: Storage) -> None:
        assert await storage.papers.record_paper(STRANGER, MORNING) == STRANGER
        assert await storage.papers.get([STRANGER.id]) == [STRANGER]
        assert await storage.papers.changed_since(0, 10) == [(1, STRANGER)]

    async def test_it_is_on_no_list_and_no_leaderboard(self, storage: Storage) -> None:
        await storage.papers.record_paper(replace(STRANGER, day=DAY), MORNING)
        assert await storage.papers.candidates(date.min, date.max) == []
        assert await storage.papers.top(date.min, date.max, limit=10) == ([], 0)
        assert await storage.papers.listed_days(date.min, date.max) == ()
        assert await storage.papers.captured_at([DAY]) == {}

    async def test_a_known_paper_keeps_its_days_and_what_a_look_up_does_not_tell(self, storage: Storage) -> None:
        known = replace(A, comments=4, authors=("Ada Lovelace",), project_page="https://a.example/")
        await storage.papers.record(DAY, [known], MORNING)
        seen = replace(A, day=None, upvotes=9, linked_spaces=2)
        merged = await storage.papers.record_paper(seen, MORNING)
        assert merged == replace(known, upvotes=9, linked_spaces=2)
        assert await storage.papers.get([A.id]) == [merged]
        assert [each.paper for each in await storage.papers.candidates(DAY, DAY)] == [merged]

    async def test_a_stranger_that_is_listed_later_gets_its_day(self, storage: Storage) -> None:
        await storage.papers.record_paper(STRANGER, MORNING)
        listed = replace(STRANGER, day=DAY, linked_models=None, linked_datasets=None)
        assert await storage.papers.record(DAY, [listed], MORNING) == 1
        assert await storage.papers.changed_since(0, 10) == [(2, replace(STRANGER, day=DAY))]

    async def test_looking_twice_changes_nothing(self, storage: Storage) -> None:
        for hours in range(3):
            await storage.papers.record_paper(STRANGER, MORNING + timedelta(hours=hours))
        assert await storage.papers.last_change() == 1
        assert await storage.papers.snapshots(STRANGER.id) == [(MORNING, 100)]

    async def test_upvotes_over_time_come_in_the_order_of_time_from_lists_and_look_ups(self, storage: Storage) -> None:
        later, latest = MORNING + timedelta(hours=1), MORNING + timedelta(days=2)
        await storage.papers.record_paper(replace(A, upvotes=30), latest)
        await storage.papers.record(DAY, [A, B], MORNING)
        await storage.papers.record(DAY, [replace(A, upvotes=20)], later)
        assert await storage.papers.snapshots(A.id) == [(MORNING, 1), (later, 20), (latest, 30)]
        assert await storage.papers.snapshots("2601.99999") == []

    async def test_papers_seen_elsewhere_are_completed_and_not_kept(self, storage: Storage) -> None:
        known = replace(A, comments=4, ai_summary="In short.")
        await storage.papers.record(DAY, [known], MORNING)
        seen = replace(A, day=None, upvotes=50)
        assert await storage.papers.completed([STRANGER, seen]) == [STRANGER, replace(known, upvotes=50)]
        assert await storage.papers.completed([replace(seen, comments=7)]) == [replace(known, upvotes=50, comments=7)]
        assert await storage.papers.get([STRANGER.id, A.id]) == [known]


class TestEmbeddings:
    @pytest.fixture(autouse=True)
    async def recorded(self, storage: Storage) -> None:
        await storage.papers.record(DAY, [A, B, C], MORNING)

    async def everything(self, storage: Storage, model: str = "m") -> list[tuple[str, bytes]]:
        return [each async for batch in storage.embeddings.all(model) for each in batch]

    async def test_papers_without_a_vector_are_missing_newest_first(self, storage: Storage) -> None:
        assert await storage.embeddings.missing("m", 2) == [C, B]
        await storage.embeddings.save("m", [(C, b"c"), (A, b"\x00\xff")])
        assert await storage.embeddings.missing("m", 2) == [B]
        assert await self.everything(storage) == [(A.id, b"\x00\xff"), (C.id, b"c")]
        assert await storage.embeddings.get("m", [C.id, B.id, "2601.99999"]) == {C.id: b"c"}

    @pytest.mark.parametrize("change", [{"title": "Another title"}, {"abstract": "Another abstract."}])
    async def test_a_changed_text_is_missing_again(self, storage: Storage, change: dict[str, str]) -> None:
        await storage.embeddings.save("m", [(each, b"v") for each in (A, B, C)])
        changed = replace(B, **change)  # type: ignore[arg-type]
        await storage.papers.record(DAY, [A, changed, C], MORNING)
        assert await storage.embeddings.missing("m", 10) == [changed]
        assert await storage.embeddings.get("m", [A.id, B.id]) == {A.id: b"v"}

    async def test_new_upvotes_leave_a_vector_as_it_is(self, storage: Storage) -> None:
        await storage.embeddings.save("m", [(each, b"v") for each in (A, B, C)])
        await storage.papers.record(DAY, [replace(A, upvotes=99, ai_summary="In short.")], MORNING)
        await storage.papers.record_paper(replace(A, linked_models=3), MORNING)
        assert await storage.embeddings.missing("m", 10) == []

    async def test_a_vector_of_a_text_that_changed_while_it_was_computed_is_dropped(self, storage: Storage) -> None:
        (computing,) = await storage.embeddings.missing("m", 1)
        changed = replace(C, abstract="Another abstract.")
        await storage.papers.record(DAY, [changed], MORNING)
        await storage.embeddings.save("m", [(computing, b"old"), (B, b"b")])
        assert await self.everything(storage) == [(B.id, b"b")]
        assert changed in await storage.embeddings.missing("m", 10)

    async def test_another_models_vectors_are_not_mixed_in_and_give_way(self, storage: Storage) -> None:
        await storage.embeddings.save("old", [(A, b"1"), (B, b"1")])
        assert await storage.embeddings.missing("new", 10) == [C, B, A]
        await storage.embeddings.save("new", [(A, b"2")])
        assert await self.everything(storage, "old") == [(B.id, b"1")]
        assert await storage.embeddings.get("new", [A.id, B.id]) == {A.id: b"2"}

    async def test_reading_all_vectors_leaves_room_for_others_between_batches(
        self, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(embeddings, "BATCH", 2)
        await storage.embeddings.save("m", [(each, each.id.encode()) for each in (A, B, C)])
        reading = [storage.embeddings.all("m") for _ in range(2 * database.READERS)]
        first = [await anext(each) for each in reading]
        assert first == [[(A.id, A.id.encode()), (B.id, B.id.encode())]] * len(reading)
        await asyncio.wait_for(storage.papers.record_paper(STRANGER, MORNING), 5)
        assert [batch for each in reading async for batch in each] == [[(C.id, C.id.encode())]] * len(reading)


@pytest.fixture
async def opened(path: Path) -> AsyncIterator[Database]:
    async with Database(path) as known:
        yield known


async def write_capture(opened: Database, day: date, failure: BaseException | None = None) -> None:
    async with opened.write() as connection:
        await connection.execute("INSERT INTO captures (day, captured_at) VALUES (?, 'now')", (day.isoformat(),))
        await asyncio.sleep(0)
        if failure:
            raise failure


async def captures(opened: Database) -> int:
    async with opened.read() as connection:
        ((number,),) = await connection.execute_fetchall("SELECT count(*) FROM captures")
    return int(number)


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
        async def twice() -> None:
            async with opened.write() as connection:
                await connection.execute("INSERT INTO captures VALUES ('2026-01-15', 'now')")
                await connection.execute("INSERT INTO captures VALUES ('2026-01-15', 'now')")

        with pytest.raises(sqlite3.IntegrityError):
            await twice()
        assert await captures(opened) == 0

    @pytest.mark.parametrize("steps", range(12))
    async def test_a_task_cancelled_at_any_moment_leaves_all_or_nothing(self, storage: Storage, steps: int) -> None:
        for attempt in range(8):
            task = asyncio.create_task(storage.papers.record(DAY, [replace(A, upvotes=attempt), B], MORNING))
            for _ in range(steps):
                await asyncio.sleep(0.0003 * attempt)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            known = await storage.papers.get([A.id, B.id])
            assert len(known) in {0, 2}
            assert (await storage.papers.captured_at([DAY]) == {}) == (known == [])
        assert await storage.papers.record(DAY, [replace(A, upvotes=99)], MORNING) == 1

    async def test_a_task_cancelled_while_it_waits_for_its_turn_disturbs_nobody(self, opened: Database) -> None:
        async with opened.write() as connection:
            await connection.execute("INSERT INTO captures VALUES ('2026-01-15', 'now')")
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

    async def test_readers_do_not_wait_for_an_open_transaction(self, opened: Database) -> None:
        async with opened.write() as connection:
            await connection.execute("INSERT INTO captures VALUES ('2026-01-15', 'now')")
            assert await asyncio.wait_for(captures(opened), 5) == 0
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
        async with opened.read() as connection:
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                await connection.execute("INSERT INTO captures VALUES ('2026-01-15', 'now')")

    async def test_two_processes_on_one_file_wait_for_each_other(self, storage: Storage, path: Path) -> None:
        async with open_storage(path) as other:
            both = [
                each.papers.record(DAY, [paper(f"2601.{n:05}")], MORNING)
                for n in range(20)
                for each in (storage, other)
            ]
            await asyncio.gather(*both)
            assert len(await other.papers.candidates(DAY, DAY)) == 20


class TestSchema:
    async def test_every_table_is_strict(self, storage: Storage, path: Path) -> None:
        tables = query(path, "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        loose = [name for name, strict in tables if not strict and not str(name).startswith("sqlite_")]
        assert loose == []
        assert len(tables) > 6

    async def test_foreign_keys_are_enforced(self, opened: Database) -> None:
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            async with opened.write() as connection:
                await connection.execute("INSERT INTO listings VALUES ('2026-01-15', '2601.00010')")

    async def test_the_file_is_in_wal_mode_and_safe_from_power_cuts(self, opened: Database) -> None:
        async with opened.write() as connection:
            ((mode,),) = await connection.execute_fetchall("PRAGMA journal_mode")
            ((synchronous,),) = await connection.execute_fetchall("PRAGMA synchronous")
        assert (mode, synchronous) == ("wal", 2)

    async def test_due_subscriptions_are_found_through_an_index(self, opened: Database) -> None:
        async with opened.read() as connection:
            steps = await connection.execute_fetchall(
                "EXPLAIN QUERY PLAN SELECT * FROM subscriptions WHERE state = 'active' AND next_run_at <= ?", ("x",)
            )
        assert "subscriptions_due" in " ".join(step["detail"] for step in steps)

    async def test_where_a_paper_was_posted_is_found_through_an_index(self, opened: Database) -> None:
        async with opened.read() as connection:
            steps = await connection.execute_fetchall(
                f"EXPLAIN QUERY PLAN SELECT paper_id {_POSTED} AND paper_id IN (SELECT value FROM json_each('[]'))",
                (1,),
            )
        plan = " ".join(step["detail"] for step in steps)
        assert "highlights_by_paper" in plan
        assert "SCAN highlights" not in plan
        assert "SCAN deliveries" not in plan


class TestAnOldFile:
    """A file of version 1, as the first release left it."""

    ROWS = """
        INSERT INTO papers VALUES ('2601.00010', 'T', 'A', 42, 3, '["Ada"]', '2026-01-13T18:00:01+00:00', 'Lab',
            'In short.', '["x"]', 'https://github.com/a/b', 5, 'https://a.example/', '[]', 7);
        INSERT INTO listings VALUES ('2026-01-15', '2601.00010');
        INSERT INTO captures VALUES ('2026-01-15', '2026-01-16T08:00:00+00:00');
        INSERT INTO upvote_snapshots VALUES ('2601.00010', '2026-01-16T08:00:00+00:00', 42);
        INSERT INTO subscriptions VALUES (1, 10, 5, '09:00', 'Europe/Berlin', '0123', 5, 0, 1, 'active', NULL,
            '2026-01-19', '2026-01-19T08:00:00+00:00', 0, 7, '2026-01-01T08:00:00+00:00');
        INSERT INTO deliveries VALUES (1, 1, '2026-01-16', 5, 'sent', NULL, 'n1', '2026-01-15', '["2026-01-15"]', 1,
            '2026-01-16T08:00:00+00:00', 0, NULL, NULL, 77, '2026-01-16T08:00:01+00:00');
        INSERT INTO highlights VALUES (1, 1, 1, '2601.00010', 42, 3, 0);
    """

    @pytest.fixture(autouse=True)
    def old_rows(self, path: Path) -> dict[str, list[tuple[object, ...]]]:
        """What each table's query gave before anybody opened the file."""
        first, *_ = database._migrations()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(f"{first} PRAGMA user_version = 1; BEGIN; {self.ROWS} COMMIT;")
        columns = query(
            path,
            "SELECT tables.name, group_concat(columns.name) FROM pragma_table_list AS tables,"
            " pragma_table_info(tables.name) AS columns WHERE strict GROUP BY tables.name",
        )
        return {each: query(path, each) for each in (f"SELECT {names} FROM {table}" for table, names in columns)}

    async def test_it_keeps_everything_when_it_is_opened(
        self, path: Path, old_rows: dict[str, list[tuple[object, ...]]]
    ) -> None:
        assert len(old_rows) == 8
        assert all(old_rows.values())
        async with open_storage(path):
            pass
        assert query(path, "PRAGMA user_version") == [(len(database._migrations()),)]
        assert {each: query(path, each) for each in old_rows} == old_rows

    async def test_what_is_in_it_is_as_good_as_new(self, path: Path) -> None:
        async with open_storage(path) as storage:
            (known,) = await storage.papers.get(["2601.00010"])
            assert (known.day, known.upvotes, known.linked_models) == (DAY, 42, None)
            merged = await storage.papers.record_paper(replace(known, linked_models=3), MORNING)
            assert merged == replace(known, linked_models=3)
            assert await storage.embeddings.missing("m", 10) == [merged]
            assert (await storage.deliveries.posts([5], [known.id]))[known.id].message_id == 77


class TestOpening:
    async def test_a_new_file_is_made_and_opened_again_as_it_was(self, path: Path) -> None:
        async with open_storage(path) as storage:
            await storage.papers.record(DAY, [A], MORNING)
            identity = await storage.papers.identity()
        async with open_storage(path) as storage:
            assert await storage.papers.get([A.id]) == [A]
            assert await storage.papers.identity() == identity

    async def test_an_empty_file_is_taken(self, path: Path) -> None:
        path.touch()
        async with open_storage(path) as storage:
            assert await storage.papers.last_change() == 0

    async def test_a_new_migration_is_applied_to_an_old_file_and_keeps_what_is_in_it(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_storage(path) as storage:
            await storage.papers.record(DAY, [A], MORNING)
        self.add_migration(
            monkeypatch, "ALTER TABLE captures ADD COLUMN note TEXT; CREATE TABLE more (id TEXT) STRICT;"
        )
        for _ in range(2):
            async with open_storage(path) as storage:
                assert await storage.papers.get([A.id]) == [A]
        assert query(path, "PRAGMA user_version") == [(len(database._migrations()),)]
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
            await storage.papers.record(DAY, [A], MORNING)
        before = self.state(path)
        self.add_migration(monkeypatch, script)
        with pytest.raises(DatabaseRefused, match="cannot be used"):
            async with open_storage(path):
                pass
        assert self.state(path) == before
        monkeypatch.undo()
        async with open_storage(path) as storage:
            assert await storage.papers.get([A.id]) == [A]

    async def test_a_first_migration_that_fails_leaves_a_file_that_can_be_begun_again(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(database, "_migrations", lambda: ["CREATE TABLE papers (id TEXT) STRICT; nonsense;"])
        with pytest.raises(DatabaseRefused):
            async with open_storage(path):
                pass
        monkeypatch.undo()
        async with open_storage(path) as storage:
            assert await storage.papers.last_change() == 0

    def add_migration(self, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        scripts = [*database._migrations(), script]
        monkeypatch.setattr(database, "_migrations", lambda: scripts)

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
        with pytest.raises(DatabaseRefused) as refused:
            async with open_storage(path):
                pass
        assert (path.read_bytes() if path.is_file() else None) == before
        return str(refused.value)

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


class TestSubscriptions:
    async def test_a_subscription_comes_back_as_it_was_wished(self, storage: Storage) -> None:
        added = await subscribe(storage)
        assert added == Subscription(
            id=added.id,
            guild_id=1,
            channel_id=5,
            timetable=TIMETABLE,
            taste=Taste(5, 2, 1),
            state=SubscriptionState.ACTIVE,
            reason=None,
            next_run=FIRST_RUN,
            revision=0,
        )
        assert await storage.subscriptions.get(added.id) == added
        assert await storage.subscriptions.of_guild(1) == [added]
        assert await storage.subscriptions.of_guild(2) == []

    async def test_a_server_has_25_at_most_and_removing_one_makes_room(self, storage: Storage) -> None:
        known = [await subscribe(storage) for _ in range(PER_GUILD)]
        assert PER_GUILD == 25
        with pytest.raises(TooManySubscriptions):
            await subscribe(storage)
        await subscribe(storage, guild_id=2)
        await storage.subscriptions.remove(known[0].id)
        await subscribe(storage)
        assert len(await storage.subscriptions.of_guild(1)) == 25

    async def test_the_25th_cannot_be_added_twice_at_once(self, storage: Storage) -> None:
        outcomes = await asyncio.gather(*(subscribe(storage) for _ in range(40)), return_exceptions=True)
        assert sum(isinstance(outcome, TooManySubscriptions) for outcome in outcomes) == 15
        assert len(await storage.subscriptions.of_guild(1)) == 25

    async def test_it_is_due_from_the_second_of_its_run(self, storage: Storage) -> None:
        added = await subscribe(storage)
        assert await storage.subscriptions.due(FIRST_RUN.at - timedelta(seconds=1)) == []
        assert await storage.subscriptions.due(FIRST_RUN.at) == [added]
        assert await storage.subscriptions.due(FIRST_RUN.at + timedelta(days=400)) == [added]

    async def test_what_is_paused_or_removed_is_not_due(self, storage: Storage) -> None:
        paused, removed = await subscribe(storage), await subscribe(storage)
        await storage.subscriptions.pause(paused.id)
        await storage.subscriptions.remove(removed.id)
        assert await storage.subscriptions.due(FIRST_RUN.at) == []
        assert await storage.subscriptions.get(removed.id) is None
        await storage.subscriptions.resume(paused.id, SECOND_RUN)
        assert [each.id for each in await storage.subscriptions.due(SECOND_RUN.at)] == [paused.id]

    async def test_every_change_by_an_admin_makes_a_new_revision(self, storage: Storage) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.pause(added.id)
        await storage.subscriptions.resume(added.id, SECOND_RUN)
        await storage.subscriptions.edit(added.id, 6, replace(TIMETABLE, at=time(18, 30)), Taste(10, 0, 0), SECOND_RUN)
        edited = await storage.subscriptions.get(added.id)
        wished = replace(added, channel_id=6, timetable=replace(TIMETABLE, at=time(18, 30)), taste=Taste(10, 0, 0))
        assert edited == replace(wished, next_run=SECOND_RUN, revision=3)

    async def test_an_edit_wakes_a_suspended_subscription_but_not_a_paused_one(self, storage: Storage) -> None:
        added = await subscribe(storage)
        delivery = await plan(storage, added, await self.recorded(storage))
        assert delivery
        await storage.deliveries.fail(delivery.id, "the channel is gone", suspend=True)
        suspended = await storage.subscriptions.get(added.id)
        assert suspended
        assert (suspended.state, suspended.reason) == (SubscriptionState.SUSPENDED, "the channel is gone")
        await storage.subscriptions.edit(added.id, 6, TIMETABLE, Taste(), SECOND_RUN)
        assert await self.state(storage, added) == (SubscriptionState.ACTIVE, None)
        await storage.subscriptions.pause(added.id)
        await storage.subscriptions.edit(added.id, 6, TIMETABLE, Taste(), SECOND_RUN)
        assert await self.state(storage, added) == (SubscriptionState.PAUSED, None)

    async def test_what_a_run_waits_for_is_noted_and_cleared_by_its_plan(self, storage: Storage) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.wait(added.id, "the API is down")
        assert await self.state(storage, added) == (SubscriptionState.ACTIVE, "the API is down")
        assert await plan(storage, added, await self.recorded(storage))
        assert await self.state(storage, added) == (SubscriptionState.ACTIVE, None)

    async def recorded(self, storage: Storage) -> Digest:
        await storage.papers.record(DAY, [A], MORNING)
        return digest(A)

    async def state(self, storage: Storage, subscription: Subscription) -> tuple[SubscriptionState, str | None]:
        known = await storage.subscriptions.get(subscription.id)
        assert known
        return known.state, known.reason


class TestSoleUse:
    async def test_a_second_bot_on_the_same_database_is_refused(self, path: Path, api: PapersAPI) -> None:
        async with open_house(path, api):
            with pytest.raises(DatabaseRefused, match="another Paperboy is running"):
                async with open_house(path, api):
                    pass
        async with open_house(path, api):
            pass

    async def test_a_newer_version_does_not_migrate_what_an_older_one_works_with(
        self, path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_house(path, api):
            version = query(path, "PRAGMA user_version")
            newer = [*database._migrations(), "CREATE TABLE novelties (id INTEGER) STRICT;"]
            monkeypatch.setattr(database, "_migrations", lambda: newer)
            with pytest.raises(DatabaseRefused, match="another Paperboy is running"):
                async with open_house(path, api):
                    pass
            assert query(path, "PRAGMA user_version") == version

    async def test_memory_is_a_file_like_any_other(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        async with open_storage(Path(":memory:")) as storage:
            assert await storage.papers.last_change() == 0
        assert (tmp_path / ":memory:").exists()


class TestDeliveries:
    @pytest.fixture(autouse=True)
    async def subscription(self, storage: Storage) -> Subscription:
        await storage.papers.record(DAY, [A, B, C], MORNING)
        return await subscribe(storage)

    async def test_a_plan_keeps_the_digest_and_moves_the_next_run(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(B, A))
        assert planned == Delivery(
            id=1,
            subscription_id=subscription.id,
            guild_id=1,
            channel_id=5,
            run_date=FIRST_RUN.date,
            state=DeliveryState.PLANNED,
            reason=None,
            nonce="n1",
            digest=digest(B, A),
            attempts=0,
            attempted_at=None,
            message_id=None,
            sent_at=None,
        )
        assert await storage.deliveries.under_way(MORNING) == [planned]
        assert await storage.deliveries.latest(subscription.id) == [planned]
        assert await storage.deliveries.highlighted(subscription.id) == {A.id, B.id}
        assert await storage.deliveries.covered_until(subscription.id) == DAY
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert known.next_run == SECOND_RUN

    async def test_a_highlight_keeps_the_upvotes_it_had_then(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await plan(storage, subscription, digest(A))
        await storage.papers.record(DAY, [replace(A, upvotes=500)], MORNING)
        ((highlight,),) = [each.digest.highlights for each in await storage.deliveries.latest(subscription.id)]
        assert (highlight.upvotes, highlight.paper.upvotes) == (1, 500)

    async def test_a_second_plan_for_a_run_is_impossible(self, storage: Storage, subscription: Subscription) -> None:
        first = await plan(storage, subscription, digest(A))
        assert first
        await storage.deliveries.sent(first.id, 77, MORNING)
        assert await plan(storage, subscription, digest(B), nonce="n2") is None
        assert len(await storage.deliveries.latest(subscription.id, 10)) == 1
        assert await storage.deliveries.highlighted(subscription.id) == {A.id}

    async def test_two_tasks_at_once_make_one_plan(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        async with open_storage(path) as other:
            tries = (plan(each, subscription, digest(A), nonce="n1") for each in (storage, other) * 10)
            planned = [each for each in await asyncio.gather(*tries) if each]
        assert len(planned) == 1
        assert query(path, "SELECT count(*) FROM deliveries") == [(1,)]

    async def test_the_database_itself_refuses_a_second_delivery_of_a_run(
        self, storage: Storage, subscription: Subscription, path: Path
    ) -> None:
        assert await plan(storage, subscription, digest(A))
        columns = "subscription_id, channel_id, covered_until, days, listed, planned_at"
        for run_date, state in ((FIRST_RUN.date, "sent"), (SECOND_RUN.date, "planned")):
            insert = (
                f"INSERT INTO deliveries ({columns}, run_date, state, nonce)"
                f" SELECT {columns}, '{run_date}', '{state}', 'n2' FROM deliveries"
            )
            with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
                query(path, insert)

    async def test_one_delivery_is_under_way_at_a_time(self, storage: Storage, subscription: Subscription) -> None:
        planned = await plan(storage, subscription, digest(A))
        assert planned
        later = SECOND_RUN.at + timedelta(days=30)
        assert await storage.subscriptions.due(later) == []
        with pytest.raises(sqlite3.IntegrityError):
            await plan(storage, subscription, digest(B), run=SECOND_RUN, nonce="n2")
        await storage.deliveries.sent(planned.id, 77, MORNING)
        assert [each.id for each in await storage.subscriptions.due(later)] == [subscription.id]
        assert await plan(storage, subscription, digest(B), run=SECOND_RUN, nonce="n2")

    async def test_a_plan_made_from_an_older_revision_is_void(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        await storage.subscriptions.edit(subscription.id, 6, TIMETABLE, Taste(), FIRST_RUN)
        assert await plan(storage, subscription, digest(A)) is None
        assert await storage.deliveries.latest(subscription.id) == []
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert known.next_run == FIRST_RUN

    @pytest.mark.parametrize("change", ["pause", "remove"])
    async def test_a_plan_for_what_an_admin_stopped_is_void(
        self, storage: Storage, subscription: Subscription, change: str
    ) -> None:
        await getattr(storage.subscriptions, change)(subscription.id)
        assert await plan(storage, subscription, digest(A)) is None
        assert await storage.deliveries.highlighted(subscription.id) == frozenset()

    async def test_a_plan_with_a_paper_highlighted_before_leaves_nothing(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        first = await plan(storage, subscription, digest(A))
        assert first
        await storage.deliveries.sent(first.id, 77, MORNING)
        with pytest.raises(sqlite3.IntegrityError, match="highlights"):
            await plan(storage, subscription, digest(B, A), run=SECOND_RUN, nonce="n2")
        assert len(await storage.deliveries.latest(subscription.id, 10)) == 1
        assert await storage.deliveries.highlighted(subscription.id) == {A.id}

    async def test_another_subscription_may_highlight_the_same_paper(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        assert await plan(storage, subscription, digest(A))
        assert await plan(storage, await subscribe(storage), digest(A), nonce="n2")

    async def test_a_quiet_delivery_is_recorded_with_its_reason(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        quiet = await plan(storage, subscription, digest(reason="no new papers were listed"))
        assert quiet
        assert (quiet.state, quiet.reason) == (DeliveryState.QUIET, "no new papers were listed")
        assert await storage.deliveries.under_way(MORNING) == []
        assert await storage.deliveries.covered_until(subscription.id) == DAY

    async def test_a_failed_delivery_releases_its_papers_and_covers_nothing(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(A, B))
        assert planned
        await storage.deliveries.fail(planned.id, "Discord was down")
        (failed,) = await storage.deliveries.latest(subscription.id)
        assert (failed.state, failed.reason, failed.digest.highlights) == (DeliveryState.FAILED, "Discord was down", ())
        assert await storage.deliveries.highlighted(subscription.id) == frozenset()
        assert await storage.deliveries.covered_until(subscription.id) is None
        known = await storage.subscriptions.get(subscription.id)
        assert known
        assert known.state is SubscriptionState.ACTIVE
        assert await plan(storage, subscription, digest(A), run=SECOND_RUN, nonce="n2")

    async def test_a_send_is_noted_before_its_outcome_is_known(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(A))
        assert planned
        await storage.deliveries.attempt(planned.id, MORNING)
        await storage.deliveries.attempt(planned.id, MORNING + timedelta(minutes=1))
        (tried,) = await storage.deliveries.under_way(MORNING)
        assert tried.attempted_at == MORNING
        await storage.deliveries.not_arrived(planned.id)
        (known_lost,) = await storage.deliveries.under_way(MORNING)
        assert known_lost.attempted_at is None

    async def test_a_postponed_delivery_waits_for_its_time_or_the_next_run(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(A))
        assert planned
        await storage.deliveries.postpone(planned.id, "Discord answered 503", MORNING + timedelta(minutes=4))
        assert await storage.deliveries.under_way(MORNING + timedelta(minutes=3)) == []
        (retried,) = await storage.deliveries.under_way(MORNING + timedelta(minutes=4))
        assert retried.reason == "Discord answered 503"
        await storage.deliveries.postpone(planned.id, "again", SECOND_RUN.at + timedelta(days=99))
        assert len(await storage.deliveries.under_way(SECOND_RUN.at)) == 1

    async def test_what_was_sent_is_recorded_with_its_message(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        planned = await plan(storage, subscription, digest(A))
        assert planned
        await storage.deliveries.attempt(planned.id, MORNING)
        await storage.deliveries.sent(planned.id, 2**63 - 1, MORNING)
        (sent,) = await storage.deliveries.latest(subscription.id)
        assert (sent.state, sent.message_id, sent.sent_at) == (DeliveryState.SENT, 2**63 - 1, MORNING)
        assert await storage.deliveries.under_way(SECOND_RUN.at) == []

    async def test_a_paused_subscription_has_nothing_under_way(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        assert await plan(storage, subscription, digest(A))
        await storage.subscriptions.pause(subscription.id)
        assert await storage.deliveries.under_way(MORNING) == []

    async def test_the_latest_deliveries_come_latest_run_first(
        self, storage: Storage, subscription: Subscription
    ) -> None:
        runs = [Run(FIRST_RUN.date + timedelta(days=n), FIRST_RUN.at + timedelta(days=n)) for n in range(5)]
        for number, run in enumerate(runs):
            await plan(storage, subscription, digest(reason="quiet"), run=run, nonce=f"n{number}")
        latest = await storage.deliveries.latest(subscription.id, 3)
        assert [each.run_date for each in latest] == [run.date for run in runs[:1:-1]]


class TestPosts:
    """Where a server was shown what."""

    async def post(
        self,
        storage: Storage,
        *papers: Paper,
        guild_id: int = 1,
        message_id: int = 77,
        sent_at: datetime = MORNING,
    ) -> Subscription:
        """A digest of these papers, sent by a subscription of its own."""
        await storage.papers.record(DAY, papers, MORNING)
        subscription = await subscribe(storage, guild_id)
        planned = await plan(storage, subscription, digest(*papers), nonce=f"n{message_id}")
        assert planned
        await storage.deliveries.sent(planned.id, message_id, sent_at)
        return subscription

    async def test_a_posted_paper_is_found_by_its_message(self, storage: Storage) -> None:
        await self.post(storage, A, B)
        posts = await storage.deliveries.posts([5], [A.id, C.id])
        assert posts == {A.id: Post(guild_id=1, channel_id=5, message_id=77, sent_at=MORNING)}
        assert posts[A.id].url == "https://discord.com/channels/1/5/77"

    async def test_another_server_never_sees_it(self, storage: Storage) -> None:
        await self.post(storage, A)
        assert await storage.deliveries.channels(1) == [5]
        assert await storage.deliveries.channels(2) == []

    async def test_another_channel_was_shown_nothing(self, storage: Storage) -> None:
        await self.post(storage, A)
        for channels in ([], [6]):
            assert await storage.deliveries.posts(channels, [A.id]) == {}
            assert await storage.deliveries.posted(channels, MORNING, limit=10) == ([], 0)

    async def test_of_several_posts_the_latest_is_given(self, storage: Storage) -> None:
        await self.post(storage, A, message_id=79, sent_at=MORNING + timedelta(days=2))
        await self.post(storage, A, B, message_id=78, sent_at=MORNING + timedelta(days=1))
        posts = await storage.deliveries.posts([5], [A.id, B.id])
        assert {each: post.message_id for each, post in posts.items()} == {A.id: 79, B.id: 78}

    async def test_it_was_posted_where_the_subscription_was_then(self, storage: Storage) -> None:
        subscription = await self.post(storage, A)
        await storage.subscriptions.edit(subscription.id, 6, TIMETABLE, Taste(), SECOND_RUN)
        await storage.subscriptions.remove(subscription.id)
        assert (await storage.deliveries.posts([5, 6], [A.id]))[A.id].channel_id == 5
        assert await storage.deliveries.channels(1) == [5]

    async def test_what_is_under_way_failed_or_quiet_was_not_posted(self, storage: Storage) -> None:
        await storage.papers.record(DAY, [A, B], MORNING)
        assert await plan(storage, await subscribe(storage), digest(A), nonce="a")
        failed = await plan(storage, await subscribe(storage), digest(B), nonce="b")
        assert failed
        await storage.deliveries.fail(failed.id, "gone")
        await plan(storage, await subscribe(storage), digest(reason="nothing"), nonce="c")
        assert await storage.deliveries.channels(1) == []
        assert await storage.deliveries.posts([5], [A.id, B.id]) == {}
        assert await storage.deliveries.posted([5], MORNING, limit=10) == ([], 0)

    async def test_what_was_posted_comes_newest_message_first_in_its_own_order(self, storage: Storage) -> None:
        await self.post(storage, C, A, message_id=77)
        await self.post(storage, A, B, message_id=78, sent_at=MORNING + timedelta(hours=1))
        posted, total = await storage.deliveries.posted([5], MORNING, limit=10)
        assert [(each, post.message_id) for each, post in posted] == [(A, 78), (B, 78), (C, 77), (A, 77)]
        assert total == 4

    async def test_what_was_posted_is_read_page_by_page(self, storage: Storage) -> None:
        await self.post(storage, A, B, C)
        pages = [await storage.deliveries.posted([5], MORNING, limit=2, offset=n) for n in (0, 2, 4)]
        assert [[each.id for each, _ in page] for page, _ in pages] == [[A.id, B.id], [C.id], []]
        assert {total for _, total in pages} == {3}

    async def test_what_was_posted_from_an_instant_on_begins_with_that_instant(self, storage: Storage) -> None:
        await self.post(storage, A)
        since = (MORNING, MORNING.astimezone(TIMETABLE.zone), MORNING + timedelta(seconds=1))
        totals = [(await storage.deliveries.posted([5], each, limit=10))[1] for each in since]
        assert totals == [1, 1, 0]

    async def test_a_delivery_leads_to_its_message_once_it_has_arrived(self, storage: Storage) -> None:
        await storage.papers.record(DAY, [A], MORNING)
        planned = await plan(storage, await subscribe(storage), digest(A), nonce="a")
        assert planned
        assert planned.post is None
        await storage.deliveries.sent(planned.id, 77, MORNING)
        (sent,) = await storage.deliveries.latest(planned.subscription_id)
        assert sent.post == (await storage.deliveries.posts([5], [A.id]))[A.id]

    async def test_many_ids_are_looked_for_at_once(self, storage: Storage) -> None:
        await self.post(storage, A)
        wanted = [f"2602.{number:05}" for number in range(40_000)]
        assert list(await storage.deliveries.posts([5], [*wanted, A.id])) == [A.id]
        assert await storage.deliveries.posts([5], []) == {}
