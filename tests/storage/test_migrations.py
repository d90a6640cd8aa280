"""Files that earlier releases left behind: opened by this one, they have lost nothing."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bot.reasons import Reason, ReasonKind
from bot.share import WHOLE
from bot.storage import DeliveryState, Message, PostedMessage, Storage, SubscriptionState, open_storage, sqlite
from bot.subscription.schedule import Cadence
from bot.subscription.settings import PostingOptions, Threads
from tests.support.builders import DAY, MORNING, SCHEDULE, digest, paper, plan, query, send
from tests.support.old_files import MOVED, ROWS, make_old, migrate

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

NOW = datetime(2026, 1, 19, 8, 10, tzinfo=UTC)


def worded(text: str) -> Reason:
    """A reason of the time when reasons were sentences."""
    return Reason(ReasonKind.FREE_TEXT, text=text)


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


class TestAnOldFile:
    async def test_an_old_file_keeps_everything_when_it_is_opened(self, old: Path) -> None:
        moved = ("deliveries", "subscriptions")
        kept = [f"SELECT {names} FROM {table}" for table, names in columns(old).items() if table not in moved]
        before = {each: query(old, each) for each in (*kept, *MOVED)}
        assert len(before) >= 9
        assert all(before.values())
        await migrate(old)
        assert query(old, "PRAGMA user_version") == [(len(sqlite._load_migrations()),)]
        assert {each: query(old, each) for each in kept} == {each: before[each] for each in kept}
        assert [query(old, now) for now in MOVED.values()] == [before[then] for then in MOVED]

    async def test_a_paper_on_a_day_whose_list_was_never_read_is_taken_off_that_day(self, old: Path) -> None:
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

    async def test_posted_papers_are_found_as_before(self, old: Path) -> None:
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

    async def test_every_subscription_continues_from_the_same_day(self, old: Path) -> None:
        before = query(
            old,
            "SELECT subscription_id, max(covered_until) FROM deliveries WHERE state != 'failed'"
            " GROUP BY subscription_id ORDER BY subscription_id",
        )
        assert before == [(1, "2026-01-17"), (2, "2026-01-17"), (3, "2026-01-11")]
        async with open_storage(old) as storage:
            for subscription_id, day in before:
                assert await storage.deliveries.get_covered_until(subscription_id) == date.fromisoformat(day)

    async def test_an_old_quiet_run_keeps_its_reason_and_has_no_message(self, old: Path) -> None:
        async with open_storage(old) as storage:
            quiet = await storage.deliveries.get(2)
        assert quiet
        assert (quiet.state, quiet.reason, quiet.messages) == (DeliveryState.QUIET, None, ())
        assert quiet.digest.reason == worded("no new papers were listed")

    async def test_an_old_failed_run_keeps_its_reason(self, old: Path) -> None:
        async with open_storage(old) as storage:
            failed = await storage.deliveries.get(3)
            assert await storage.deliveries.count_failures_in_a_row(1) == 1
        assert failed
        assert (failed.state, failed.digest.highlights, failed.digest.reason) == (DeliveryState.FAILED, (), None)
        assert failed.reason == worded("Discord did not take the message (error 50035)")
        assert failed.messages == (Message(1, "n3"),)

    async def test_a_delivery_in_doubt_is_still_searched_for(self, old: Path) -> None:
        async with open_storage(old) as storage:
            assert await storage.deliveries.list_under_way(WHOLE, NOW - timedelta(minutes=6)) == []
            (under_way,) = await storage.deliveries.list_under_way(WHOLE, NOW)
            assert under_way.messages == (Message(1, "n4", datetime(2026, 1, 19, 8, 0, 1, tzinfo=UTC), positions=(1,)),)
            assert under_way.is_in_doubt
            assert (under_way.attempts, under_way.reason) == (2, worded("Discord answered 503"))
            assert [each.paper.id for each in under_way.digest.highlights] == ["2601.00020"]
            assert await storage.deliveries.find_by_nonce("n4") == under_way
            without_doubt = await storage.deliveries.get(6)
            assert without_doubt
            assert without_doubt.messages == (Message(1, "n6", positions=(1,)),)

    async def test_a_delivery_under_way_arrives_in_one_message(self, old: Path) -> None:
        async with open_storage(old) as storage:
            (under_way,) = await storage.deliveries.list_under_way(WHOLE, NOW)
            await send(storage, under_way, 90, NOW)
            assert (await storage.posted_papers.find_latest(10, [5], ["2601.00020"]))["2601.00020"].message_id == 90
            assert await storage.deliveries.list_under_way(WHOLE, NOW + timedelta(days=99)) == []

    async def test_subscriptions_keep_their_settings_and_new_options_are_off(self, old: Path) -> None:
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

    async def test_a_delivery_keeps_the_channel_it_went_to(self, old: Path) -> None:
        async with open_storage(old) as storage:
            (second, first) = await storage.deliveries.list_latest(2, 5)
            now = await storage.subscriptions.get(2)
        assert now
        assert (first.channel_id, first.settings) == (4, replace(now.settings, channel_id=4))
        assert (second.channel_id, second.settings) == (6, now.settings)

    async def test_the_settings_of_old_deliveries_are_stored_once(self, old: Path) -> None:
        await migrate(old)
        counted = "SELECT subscription_id, count(*), max(version) FROM digest_settings GROUP BY subscription_id"
        assert query(old, counted) == [(1, 1, 1), (2, 2, 2), (3, 1, 1)]

    async def test_old_daily_digests_count_in_later_recaps(self, old: Path) -> None:
        async with open_storage(old) as storage:
            seen = await storage.deliveries.find_first_seen(10, ["2601.00010", "2601.00020"])
        assert seen == {"2601.00010": date(2026, 1, 12), "2601.00020": date(2026, 1, 19)}

    async def test_an_old_file_works_like_a_new_one(self, old: Path) -> None:
        async with open_storage(old) as storage:
            (known,) = await storage.papers.get(["2601.00010"])
            assert (known.day, known.upvotes, known.linked_models) == (DAY, 42, None)
            merged = await storage.papers.record_paper(replace(known, linked_models=3), MORNING)
            assert merged == replace(known, linked_models=3)
            assert merged in await storage.embeddings.list_missing("m", 10)
            await self.go_on(storage)

    async def go_on(self, storage: Storage) -> None:
        """The first subscription's next digest is planned, sent and undone."""
        (under_way,) = await storage.deliveries.list_under_way(WHOLE, NOW)
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

    async def test_highlights_and_messages_still_belong_to_their_delivery(self, old: Path) -> None:
        await migrate(old)
        with closing(sqlite3.connect(old)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for table in ("highlights", "messages"):
                with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
                    connection.execute(f"UPDATE {table} SET delivery_id = 99 WHERE delivery_id = 1")


async def test_old_settings_are_read_by_their_new_names(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    scripts = sqlite._load_migrations()[:15]
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
    assert draft.settings.posting.threads is Threads.PER_PAPER
    assert list(entry.details) == ["time", "timezone", "threads"]


async def test_a_file_from_before_there_were_saved_papers_gets_room_for_them(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{' '.join(sqlite._load_migrations()[:27])} PRAGMA user_version = 27;")
        connection.execute(
            "INSERT INTO followed_queries (user_id, query, how, first_day, created_at)"
            " VALUES (7, 'q', 'daily', '2026-01-15', '2026-01-15T08:00:00+00:00')"
        )
        connection.commit()
    async with open_storage(path) as storage:
        await storage.saved_papers.annotate(7, "2601.00001", note="Mine", own_tags=["thesis"], now=NOW)
        saved = await storage.saved_papers.get(7, "2601.00001")
        assert saved
        assert (saved.note, saved.own_tags, saved.read_at) == ("Mine", ("thesis",), None)
        assert len((await storage.people.read_data(7)).followed) == 1
        assert await storage.server_feeds.get(1) is None
