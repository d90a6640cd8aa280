-- Papers come to people: a person's digests are a subscription whose channel is that of their direct messages.

CREATE TABLE new_subscriptions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id      INTEGER,                 -- the server it posts in, or
    user_id       INTEGER,                 -- the person whom it is sent to
    channel_id    INTEGER NOT NULL,
    time          TEXT NOT NULL,           -- local time, HH:MM
    timezone      TEXT NOT NULL,           -- IANA name
    weekdays      TEXT NOT NULL,           -- digits, 0 is Monday
    cadence       TEXT NOT NULL DEFAULT 'daily' CHECK (cadence IN ('daily', 'weekly', 'monthly')),
    size          INTEGER NOT NULL CHECK (size BETWEEN 1 AND 10),
    min_upvotes   INTEGER NOT NULL CHECK (min_upvotes >= 0),
    risers        INTEGER NOT NULL CHECK (risers >= 0),
    filter        TEXT NOT NULL DEFAULT '',
    allow_repeats INTEGER NOT NULL DEFAULT 0 CHECK (allow_repeats IN (0, 1)),
    layout        TEXT NOT NULL DEFAULT 'list' CHECK (layout IN ('list', 'compact', 'cards')),
    threads       TEXT NOT NULL DEFAULT 'none' CHECK (threads IN ('none', 'digest', 'highlight')),
    archive_after INTEGER NOT NULL DEFAULT 1440,  -- minutes
    publish       INTEGER NOT NULL DEFAULT 0 CHECK (publish IN (0, 1)),
    ping_role_id  INTEGER,
    ping_upvotes  INTEGER NOT NULL DEFAULT 0 CHECK (ping_upvotes >= 0),
    silent        INTEGER NOT NULL DEFAULT 0 CHECK (silent IN (0, 1)),
    quiet_line    INTEGER NOT NULL DEFAULT 0 CHECK (quiet_line IN (0, 1)),
    state         TEXT NOT NULL CHECK (state IN ('active', 'paused', 'suspended', 'removed')),
    reason        TEXT,                    -- why it is suspended, or what its run waits for
    next_run_date TEXT NOT NULL,
    next_run_at   TEXT NOT NULL,
    revision      INTEGER NOT NULL DEFAULT 0,  -- grows with every change by an admin or that person
    created_by    INTEGER NOT NULL,
    created_at    TEXT NOT NULL,
    CHECK ((guild_id IS NULL) != (user_id IS NULL))
) STRICT;

INSERT INTO new_subscriptions (id, guild_id, channel_id, time, timezone, weekdays, cadence, size, min_upvotes, risers,
    filter, allow_repeats, layout, threads, archive_after, publish, ping_role_id, ping_upvotes, silent, quiet_line, state,
    reason, next_run_date, next_run_at, revision, created_by, created_at)
SELECT id, guild_id, channel_id, time, timezone, weekdays, cadence, size, min_upvotes, risers,
    filter, allow_repeats, layout, threads, archive_after, publish, ping_role_id, ping_upvotes, silent, quiet_line, state,
    reason, next_run_date, next_run_at, revision, created_by, created_at
FROM subscriptions;

DELETE FROM sqlite_sequence WHERE name = 'new_subscriptions';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'new_subscriptions', seq FROM sqlite_sequence WHERE name = 'subscriptions';

DROP TABLE subscriptions;
ALTER TABLE new_subscriptions RENAME TO subscriptions;
CREATE INDEX subscriptions_due ON subscriptions (next_run_at) WHERE state = 'active';
CREATE INDEX subscriptions_by_guild ON subscriptions (guild_id);
CREATE INDEX subscriptions_suspended ON subscriptions (guild_id) WHERE state = 'suspended';
CREATE UNIQUE INDEX subscriptions_by_user ON subscriptions (user_id) WHERE user_id IS NOT NULL;  -- one for each person

-- What a person follows. The empty query is their inbox: the best papers, whatever they are about.
CREATE TABLE followed_queries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- never that of another one: old messages have buttons with it
    user_id    INTEGER NOT NULL,
    query      TEXT NOT NULL,
    how        TEXT NOT NULL CHECK (how IN ('daily', 'weekly', 'at once')),
    first_day  TEXT NOT NULL,              -- papers that were listed only before it don't come
    created_at TEXT NOT NULL,
    UNIQUE (user_id, query)
) STRICT;

CREATE INDEX followed_queries_by_how ON followed_queries (how, id);

-- Of what a person wants to see less.
CREATE TABLE muted (
    user_id  INTEGER NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('tag', 'author', 'org', 'paper')),
    value    TEXT NOT NULL,
    muted_at TEXT NOT NULL,
    PRIMARY KEY (user_id, kind, value)
) STRICT, WITHOUT ROWID;

ALTER TABLE highlights ADD COLUMN followed TEXT;      -- JSON array: the followed queries that brought it
ALTER TABLE highlights ADD COLUMN like_example TEXT;  -- the id of the nearest example of `like:` …
ALTER TABLE highlights ADD COLUMN likeness REAL;      -- … and how near it is, from 0 to 1
