"""Database files as earlier releases left them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.storage import open_storage, sqlite

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

# What rows of an old file say, and where that is found now.
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


def make_old(path: Path, version: int) -> None:
    """The file as the release with that schema left it."""
    scripts = sqlite._load_migrations()[:version]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"{' '.join(scripts)} PRAGMA user_version = {version};")
        connection.executescript(f"PRAGMA foreign_keys = ON; BEGIN; {ROWS[version]} COMMIT;")


async def migrate(path: Path) -> None:
    async with open_storage(path):
        pass
