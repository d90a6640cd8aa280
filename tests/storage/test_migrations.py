"""The files that earlier releases left behind: opened by this one, they have lost nothing."""

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState, Message, PostedMessage, Storage, SubscriptionState, database, open_storage
from bot.subscription.schedule import Cadence
from bot.subscription.settings import PostingOptions, Threads
from tests.support.builders import DAY, MORNING, SCHEDULE, digest, paper, plan, query, send, tables
from tests.support.paths import ROOT

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

NOW = datetime(2026, 1, 19, 8, 10, tzinfo=UTC)
LIMIT = 300  # seconds that a process may take to end

PAPERS = """
    INSERT INTO papers (id, title, abstract, upvotes, comments, authors, published_at, organization, ai_summary, tags,
        github_repo, github_stars, project_page, media_urls, change) VALUES
        ('2601.00010', 'T', 'A', 42, 3, '["Ada"]', '2026-01-13T18:00:01+00:00', 'Lab',
            'In short.', '["x"]', 'https://github.com/a/b', 5, 'https://a.example/', '[]', 7),
        ('2601.00020', 'U', 'B', 7, 0, '[]', NULL, NULL, NULL, '[]', NULL, NULL, NULL, '[]', 8),
        ('2601.00030', 'V', 'C', 5, 0, '[]', NULL, NULL, NULL, '[]', NULL, NULL, NULL, '[]', 9);
    INSERT INTO listings VALUES ('2026-01-15', '2601.00010'), ('2026-01-16', '2601.00020');
    INSERT INTO captures VALUES ('2026-01-15', '2026-01-16T08:00:00+00:00');
    INSERT INTO upvote_snapshots VALUES ('2601.00010', '2026-01-16T08:00:00+00:00', 42);
"""
# Of the first subscription a delivery in each state. The second was moved to another channel and suspended with a
# delivery in doubt, the third was removed.
SERVERS = """
    INSERT INTO subscriptions VALUES
        (1, 10, 5, '09:00', 'Europe/Berlin', '024', 5, 2, 1, 'active', NULL,
            '2026-01-21', '2026-01-21T08:00:00+00:00', 3, 7, '2026-01-01T08:00:00+00:00'),
        (2, 10, 6, '18:30', 'UTC', '0123456', 10, 0, 0, 'suspended', 'the channel is gone',
            '2026-01-20', '2026-01-20T18:30:00+00:00', 1, 8, '2026-01-01T08:00:00+00:00'),
        (3, 11, 8, '09:00', 'UTC', '0', 1, 0, 0, 'removed', NULL,
            '2026-01-26', '2026-01-26T09:00:00+00:00', 1, 9, '2026-01-01T08:00:00+00:00');
    INSERT INTO deliveries VALUES
        (1, 1, '2026-01-12', 5, 'sent', NULL, 'n1', '2026-01-11', '["2026-01-10", "2026-01-11"]', 1,
            '2026-01-12T08:00:00+00:00', 1, NULL, NULL, 77, '2026-01-12T08:01:01+00:00'),
        (2, 1, '2026-01-14', 5, 'quiet', 'no new papers were listed', 'n2', '2026-01-13', '[]', 0,
            '2026-01-14T08:00:00+00:00', 0, NULL, NULL, NULL, NULL),
        (3, 1, '2026-01-16', 5, 'failed', 'Discord did not take the message (error 50035)', 'n3', '2026-01-18',
            '["2026-01-15"]', 2, '2026-01-16T08:00:00+00:00', 0, NULL, NULL, NULL, NULL),
        (4, 1, '2026-01-19', 5, 'planned', 'Discord answered 503', 'n4', '2026-01-17', '["2026-01-16"]', 9,
            '2026-01-19T08:00:00+00:00', 2, '2026-01-19T08:00:01+00:00', '2026-01-19T08:05:00+00:00', NULL, NULL),
        (5, 2, '2026-01-16', 4, 'sent', NULL, 'n5', '2026-01-15', '["2026-01-15"]', 9,
            '2026-01-16T18:30:00+00:00', 0, NULL, NULL, 78, '2026-01-16T18:30:01+00:00'),
        (6, 2, '2026-01-19', 6, 'planned', NULL, 'n6', '2026-01-17', '["2026-01-16"]', 9,
            '2026-01-19T18:30:00+00:00', 0, NULL, NULL, NULL, NULL),
        (7, 3, '2026-01-12', 8, 'sent', NULL, 'n7', '2026-01-11', '["2026-01-11"]', 9,
            '2026-01-12T09:00:00+00:00', 0, NULL, NULL, 79, '2026-01-12T09:00:01+00:00');
    INSERT INTO highlights (delivery_id, position, subscription_id, paper_id, upvotes, comments, riser) VALUES
        (1, 1, 1, '2601.00010', 40, 3, 0), (1, 2, 1, '2601.00030', 5, 0, 1), (4, 1, 1, '2601.00020', 6, 0, 0),
        (5, 1, 2, '2601.00010', 41, 3, 0), (6, 1, 2, '2601.00020', 6, 0, 0), (7, 1, 3, '2601.00030', 4, 0, 0);
"""
SEARCHED = """
    UPDATE papers SET linked_models = 3 WHERE id = '2601.00020';
    INSERT INTO embeddings VALUES ('2601.00030', 'm', x'0102');
"""
ROWS = {1: PAPERS + SERVERS, 2: PAPERS + SERVERS + SEARCHED}

# What rows of old tell, and where it is found now.
MOVED = {
    "SELECT id, subscription_id, run_date, channel_id, state, reason, covered_until, days, listed, planned_at,"
    " attempts, retry_at FROM deliveries ORDER BY id": "SELECT id, subscription_id, run_date, channel_id, state,"
    " coalesce(reason, quiet_reason) ->> 'text', covered_until, days, listed, planned_at, attempts, retry_at"
    " FROM deliveries ORDER BY id",
    "SELECT id, guild_id, channel_id, at, zone, weekdays, size, min_upvotes, risers, state, reason, next_run_date,"
    " next_run_at, revision, created_by, created_at FROM subscriptions ORDER BY id": "SELECT id, guild_id, channel_id,"
    " time, timezone, weekdays, size, min_upvotes, risers, state, reason ->> 'text', next_run_date, next_run_at,"
    " revision, created_by, created_at FROM subscriptions ORDER BY id",
    "SELECT id, 1, nonce, attempted_at, message_id, sent_at FROM deliveries WHERE state != 'quiet' ORDER BY id":
    "SELECT delivery_id, number, nonce, attempted_at, message_id, sent_at FROM messages ORDER BY delivery_id",
}  # fmt: skip


def worded(text: str) -> Reason:
    """A reason of the time when reasons were sentences."""
    return Reason(ReasonKind.FREE_TEXT, text=text)


def make_old(path: Path, version: int) -> None:
    """The file as the release with that schema left it."""
    scripts = database._load_migrations()[:version]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{' '.join(scripts)} PRAGMA user_version = {version};")
        connection.executescript(f"PRAGMA foreign_keys = ON; BEGIN; {ROWS[version]} COMMIT;")


def columns(path: Path) -> dict[str, str]:
    """The names of each table's columns."""
    listed = query(
        path,
        "SELECT tables.name, group_concat(columns.name) FROM pragma_table_list AS tables,"
        " pragma_table_info(tables.name) AS columns WHERE strict GROUP BY tables.name",
    )
    return dict(listed)


@pytest.fixture(params=ROWS)
def old(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file of an earlier release."""
    path = tmp_path / "paperboy.db"
    make_old(path, request.param)
    return path


async def migrate(path: Path) -> None:
    async with open_storage(path):
        pass


class TestAnOldFile:
    async def test_it_keeps_everything_when_it_is_opened(self, old: Path) -> None:
        moved = ("deliveries", "subscriptions")
        kept = [f"SELECT {names} FROM {table}" for table, names in columns(old).items() if table not in moved]
        before = {each: query(old, each) for each in (*kept, *MOVED)}
        assert len(before) >= 9
        assert all(before.values())
        await migrate(old)
        assert query(old, "PRAGMA user_version") == [(len(database._load_migrations()),)]
        assert {each: query(old, each) for each in kept} == {each: before[each] for each in kept}
        assert [query(old, now) for now in MOVED.values()] == [before[then] for then in MOVED]

    async def test_a_paper_filed_under_a_day_that_no_list_was_read_of_is_on_that_day_no_more(self, old: Path) -> None:
        query(
            old,
            "INSERT INTO listings (day, paper_id) VALUES ('1970-01-01', '2601.00010'), ('2031-01-15', '2601.00020')",
        )
        async with open_storage(old) as storage:
            assert await storage.papers.list_days_with_papers(date.min, date.max) == (DAY, DAY + timedelta(days=1))
            assert [each.id for _, each in await storage.papers.list_changed_since(9, 9)] == [
                "2601.00010",
                "2601.00020",
            ]

    async def test_what_was_posted_is_found_as_before(self, old: Path) -> None:
        async with open_storage(old) as storage:
            assert await storage.posted_papers.list_channels(10) == [4, 5]
            assert await storage.posted_papers.list_channels(11) == [8]
            posts = await storage.posted_papers.find_latest(10, [4, 5, 6], ["2601.00010", "2601.00020", "2601.00030"])
            assert posts == {
                "2601.00010": PostedMessage(10, 4, 4, 78, datetime(2026, 1, 16, 18, 30, 1, tzinfo=UTC)),
                "2601.00030": PostedMessage(10, 5, 5, 77, datetime(2026, 1, 12, 8, 1, 1, tzinfo=UTC)),
            }
            assert posts["2601.00010"].url == "https://discord.com/channels/10/4/78"
            shown, total = await storage.posted_papers.list_since(
                10, [4, 5, 8], datetime(2026, 1, 1, tzinfo=UTC), limit=10
            )
            assert [(each.id, post.message_id) for each, post in shown] == [
                ("2601.00010", 78),
                ("2601.00010", 77),
                ("2601.00030", 77),
            ]
            assert total == 3

    async def test_every_subscription_looks_on_from_the_same_day(self, old: Path) -> None:
        before = query(
            old,
            "SELECT subscription_id, max(covered_until) FROM deliveries WHERE state != 'failed'"
            " GROUP BY subscription_id ORDER BY subscription_id",
        )
        assert before == [(1, "2026-01-17"), (2, "2026-01-17"), (3, "2026-01-11")]
        async with open_storage(old) as storage:
            for subscription_id, day in before:
                assert await storage.deliveries.get_covered_until(subscription_id) == date.fromisoformat(day)

    async def test_a_quiet_run_tells_why_and_has_no_message(self, old: Path) -> None:
        async with open_storage(old) as storage:
            quiet = await storage.deliveries.get(2)
        assert quiet
        assert (quiet.state, quiet.reason, quiet.messages) == (DeliveryState.QUIET, None, ())
        assert quiet.digest.reason == worded("no new papers were listed")

    async def test_a_failed_run_tells_why(self, old: Path) -> None:
        async with open_storage(old) as storage:
            failed = await storage.deliveries.get(3)
            assert await storage.deliveries.count_failures_in_a_row(1) == 1
        assert failed
        assert (failed.state, failed.digest.highlights, failed.digest.reason) == (DeliveryState.FAILED, (), None)
        assert failed.reason == worded("Discord did not take the message (error 50035)")
        assert failed.messages == (Message(1, "n3"),)

    async def test_what_was_under_way_in_doubt_is_still_to_be_searched_for(self, old: Path) -> None:
        async with open_storage(old) as storage:
            assert await storage.deliveries.list_under_way(NOW - timedelta(minutes=6)) == []
            (under_way,) = await storage.deliveries.list_under_way(NOW)
            assert under_way.messages == (Message(1, "n4", datetime(2026, 1, 19, 8, 0, 1, tzinfo=UTC), positions=(1,)),)
            assert under_way.is_in_doubt
            assert (under_way.attempts, under_way.reason) == (2, worded("Discord answered 503"))
            assert [each.paper.id for each in under_way.digest.highlights] == ["2601.00020"]
            assert await storage.deliveries.find_by_nonce("n4") == under_way
            without_doubt = await storage.deliveries.get(6)
            assert without_doubt
            assert without_doubt.messages == (Message(1, "n6", positions=(1,)),)

    async def test_what_was_under_way_arrives_in_a_message_that_holds_all_of_it(self, old: Path) -> None:
        async with open_storage(old) as storage:
            (under_way,) = await storage.deliveries.list_under_way(NOW)
            await send(storage, under_way, 90, NOW)
            assert (await storage.posted_papers.find_latest(10, [5], ["2601.00020"]))["2601.00020"].message_id == 90
            assert await storage.deliveries.list_under_way(NOW + timedelta(days=99)) == []

    async def test_subscriptions_want_what_they_wanted_and_nothing_new(self, old: Path) -> None:
        async with open_storage(old) as storage:
            first, second = await storage.subscriptions.list_for_server(10)
            assert await storage.subscriptions.list_for_server(11) == []
        assert first.settings == replace(first.settings, channel_id=5, schedule=SCHEDULE, posting=PostingOptions())
        assert (
            first.settings.selection.size,
            first.settings.selection.min_upvotes,
            first.settings.selection.risers,
        ) == (5, 2, 1)
        assert (first.settings.selection.filter, first.settings.schedule.cadence) == ("", Cadence.DAILY)
        assert (first.state, first.revision) == (SubscriptionState.ACTIVE, 3)
        assert (second.settings.channel_id, second.state) == (6, SubscriptionState.SUSPENDED)
        assert second.reason == worded("the channel is gone")

    async def test_a_delivery_keeps_the_channel_that_it_went_to(self, old: Path) -> None:
        async with open_storage(old) as storage:
            (second, first) = await storage.deliveries.list_latest(2, 5)
            now = await storage.subscriptions.get(2)
        assert now
        assert (first.channel_id, first.settings) == (4, replace(now.settings, channel_id=4))
        assert (second.channel_id, second.settings) == (6, now.settings)

    async def test_what_its_admins_wanted_is_kept_once(self, old: Path) -> None:
        await migrate(old)
        counted = "SELECT subscription_id, count(*), max(version) FROM digest_settings GROUP BY subscription_id"
        assert query(old, counted) == [(1, 1, 1), (2, 2, 2), (3, 1, 1)]

    async def test_its_daily_digests_count_in_the_recaps_to_come(self, old: Path) -> None:
        async with open_storage(old) as storage:
            seen = await storage.deliveries.find_first_seen(10, ["2601.00010", "2601.00020"])
        assert seen == {"2601.00010": date(2026, 1, 12), "2601.00020": date(2026, 1, 19)}

    async def test_it_is_as_good_as_new(self, old: Path) -> None:
        async with open_storage(old) as storage:
            (known,) = await storage.papers.get(["2601.00010"])
            assert (known.day, known.upvotes, known.linked_models) == (DAY, 42, None)
            merged = await storage.papers.record_paper(replace(known, linked_models=3), MORNING)
            assert merged == replace(known, linked_models=3)
            assert merged in await storage.embeddings.list_missing("m", 10)
            await self.go_on(storage)

    async def go_on(self, storage: Storage) -> None:
        """The first subscription's next digest is planned, sent and undone."""
        (under_way,) = await storage.deliveries.list_under_way(NOW)
        await send(storage, under_way)
        first = await storage.subscriptions.get(1)
        assert first
        await storage.papers.record_list(DAY, [paper("2601.00040")], NOW)
        following = await plan(storage, first, digest(paper("2601.00040")), run=first.next_run)
        assert following
        assert following.id > 7
        await send(storage, following)
        await storage.deliveries.undo_delivery(following, by=7, now=NOW)
        await storage.guilds.delete_server(10)
        assert await storage.posted_papers.list_channels(10) == []

    async def test_highlights_and_messages_still_hang_on_their_delivery(self, old: Path) -> None:
        await migrate(old)
        with closing(sqlite3.connect(old)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for table in ("highlights", "messages"):
                with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
                    connection.execute(f"UPDATE {table} SET delivery_id = 99 WHERE delivery_id = 1")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE subscriptions ADD COLUMN cadence",
        "CREATE TABLE messages",
        "INSERT INTO messages",
        "INSERT INTO new_deliveries",
        "DROP TABLE deliveries",
        "ALTER TABLE new_deliveries RENAME",
        "CREATE UNIQUE INDEX deliveries_under_way",
        "CREATE TABLE notices",
        "PRAGMA user_version = 3",
        "COMMIT",
    ],
)
async def test_a_bot_killed_amid_the_migration_leaves_the_old_file_and_the_next_start_migrates_it(
    tmp_path: Path, statement: str
) -> None:
    path = tmp_path / "paperboy.db"
    make_old(path, version=2)
    before = tables(path)
    code, said = await start_and_kill(path, statement)
    assert code == -signal.SIGKILL, said
    assert query(path, "PRAGMA user_version") == [(2,)]
    assert tables(path) == before
    await migrate(path)
    assert query(path, "PRAGMA user_version") == [(len(database._load_migrations()),)]
    assert [query(path, now) for now in MOVED.values()] == [await answers_of_old(tmp_path, then) for then in MOVED]


async def start_and_kill(path: Path, statement: str) -> tuple[int | None, str]:
    """The real bot, which kills itself as it begins `statement`: how it ended, and all it said."""
    known = {"DISCORD_TOKEN": "a.b.c", "PAPERBOY_DATABASE": str(path), "PAPERBOY_DISCORD_API_URL": "http://127.0.0.1:9"}
    test = {"PAPERBOY_TEST_NOW": NOW.isoformat(), "PAPERBOY_TEST_KILL": f"amid {statement}", "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.crashing", "run"),
        env=os.environ | known | test,
        cwd=path.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LIMIT):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


async def answers_of_old(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a file of version 2 answers that nobody has migrated."""
    path = folder / "untouched.db"
    if not path.exists():
        make_old(path, version=2)
    return query(path, sql)


async def test_what_admins_had_set_up_is_read_by_its_new_names(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    scripts = database._load_migrations()[:15]
    old = (
        '{"channel_id": 5, "at": "18:05", "zone": "Asia/Tokyo", "weekdays": "04", "cadence": "daily", "size": 3,'
        ' "min_upvotes": 2, "risers": 1, "query": "say \\"at\\": now", "repeats": 1, "layout": "cards",'
        ' "discussion": "highlight", "archive_after": 60, "publish": 0, "ping_role_id": null, "ping_upvotes": 0,'
        ' "silent": 0, "quiet_line": 1}'
    )
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{' '.join(scripts)} PRAGMA user_version = 15;")
        connection.execute(
            "INSERT INTO subscriptions (guild_id, channel_id, at, zone, weekdays, size, min_upvotes, risers, state,"
            " next_run_date, next_run_at, created_by, created_at, query, discussion, repeats) VALUES (1, 5, '18:05',"
            " 'Asia/Tokyo', '04', 3, 2, 1, 'active', '2026-01-19', '2026-01-19T09:05:00+00:00', 7,"
            " '2026-01-01T00:00:00+00:00', 'diffusion', 'highlight', 1)"
        )
        connection.execute("INSERT INTO wishes VALUES (1, 1, ?)", (old,))
        connection.execute("INSERT INTO drafts VALUES ('a', 1, 7, NULL, NULL, ?, '2026-01-19T08:00:00+00:00')", (old,))
        connection.execute(
            "INSERT INTO changes (guild_id, subscription_id, user_id, action, details, made_at) VALUES (1, 1, 7,"
            " 'edited', ?, '2026-01-19T08:00:00+00:00')",
            ('{"at": ["09:00", "18:05"], "zone": ["UTC", "Asia/Tokyo"], "discussion": ["none", "highlight"]}',),
        )
        connection.commit()
    async with open_storage(path) as storage:
        subscription = await storage.subscriptions.get(1)
        draft = await storage.drafts.get("a")
        (entry,) = await storage.audit_log.list_latest(1, 9)
        assert subscription
        assert draft
    assert subscription.settings.schedule == draft.settings.schedule
    assert (draft.settings.schedule.time, draft.settings.schedule.timezone.key) == (time(18, 5), "Asia/Tokyo")
    assert (subscription.settings.selection.filter, draft.settings.selection.filter) == (
        "diffusion",
        'say "at": now',
    )
    assert subscription.settings.selection.allow_repeats
    assert draft.settings.selection.allow_repeats
    assert draft.settings.posting.threads is Threads.PER_HIGHLIGHT
    assert list(entry.details) == ["time", "timezone", "threads"]
