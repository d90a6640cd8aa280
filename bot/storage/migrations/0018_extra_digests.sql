-- Extra digests, which admins post beside the runs. Several may have the date of a run, so the date alone is no key.

CREATE TABLE new_deliveries (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,  -- never that of one forgotten, which may be on its way
    subscription_id  INTEGER NOT NULL REFERENCES subscriptions (id),
    run_date         TEXT NOT NULL,
    extra            INTEGER NOT NULL DEFAULT 0,  -- 0 for the run, 1 for the date's first extra digest, and so on
    channel_id       INTEGER NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'quiet', 'failed', 'undone')),
    reason           TEXT,                   -- why it failed, or is not sent yet
    quiet_reason     TEXT,                   -- why it highlights nothing
    covered_until    TEXT NOT NULL,
    days             TEXT NOT NULL,          -- JSON array of the days it looked at that had papers
    listed           INTEGER NOT NULL,
    planned_at       TEXT NOT NULL,
    attempts         INTEGER NOT NULL DEFAULT 0,  -- that failed
    retry_at         TEXT,
    settings_version INTEGER NOT NULL DEFAULT 0,
    UNIQUE (subscription_id, run_date, extra)
) STRICT;

INSERT INTO new_deliveries (id, subscription_id, run_date, channel_id, state, reason, quiet_reason, covered_until, days,
    listed, planned_at, attempts, retry_at, settings_version)
SELECT id, subscription_id, run_date, channel_id, state, reason, quiet_reason, covered_until, days,
    listed, planned_at, attempts, retry_at, settings_version
FROM deliveries;

DELETE FROM sqlite_sequence WHERE name = 'new_deliveries';
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_deliveries', seq FROM sqlite_sequence WHERE name = 'deliveries';

DROP TABLE deliveries;
ALTER TABLE new_deliveries RENAME TO deliveries;
CREATE UNIQUE INDEX deliveries_under_way ON deliveries (subscription_id) WHERE state = 'planned';
CREATE INDEX deliveries_by_channel ON deliveries (channel_id);  -- what a server's channels were shown
