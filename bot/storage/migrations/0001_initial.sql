-- Days are ISO text, instants UTC ISO text, snowflakes integers.

PRAGMA application_id = 1346457683; -- 'PAPS': tells our file from any other SQLite database

-- Tells this archive from any other, for the index that is derived from it.
CREATE TABLE archive (
    id TEXT PRIMARY KEY
) STRICT;

INSERT INTO archive (id) VALUES (lower(hex(randomblob(16))));

CREATE TABLE papers (
    id            TEXT PRIMARY KEY,
    title         TEXT NOT NULL,
    abstract      TEXT NOT NULL,
    upvotes       INTEGER NOT NULL,
    comments      INTEGER NOT NULL,
    authors       TEXT NOT NULL,           -- JSON array of names
    published_at  TEXT,
    organization  TEXT,
    ai_summary    TEXT,
    tags          TEXT NOT NULL,           -- JSON array
    github_repo   TEXT,
    github_stars  INTEGER,
    project_page  TEXT,
    media_urls    TEXT NOT NULL,           -- JSON array; kept for layouts with pictures
    change        INTEGER NOT NULL UNIQUE  -- grows with every change; the search index follows it
) STRICT;

CREATE INDEX papers_by_rank ON papers (upvotes DESC, comments DESC, id);

-- A resubmitted paper is listed on several days.
CREATE TABLE listings (
    day      TEXT NOT NULL,
    paper_id TEXT NOT NULL REFERENCES papers (id),
    PRIMARY KEY (day, paper_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX listings_by_paper ON listings (paper_id, day);

CREATE TABLE captures (
    day         TEXT PRIMARY KEY,
    captured_at TEXT NOT NULL              -- when the list of this day was last read
) STRICT, WITHOUT ROWID;

-- Kept when the number changed.
CREATE TABLE upvote_snapshots (
    paper_id TEXT NOT NULL REFERENCES papers (id),
    taken_at TEXT NOT NULL,
    upvotes  INTEGER NOT NULL,
    PRIMARY KEY (paper_id, taken_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id      INTEGER NOT NULL,
    channel_id    INTEGER NOT NULL,
    at            TEXT NOT NULL,           -- local time, HH:MM
    zone          TEXT NOT NULL,           -- IANA name
    weekdays      TEXT NOT NULL,           -- digits, 0 is Monday
    size          INTEGER NOT NULL CHECK (size BETWEEN 1 AND 10),
    min_upvotes   INTEGER NOT NULL CHECK (min_upvotes >= 0),
    risers        INTEGER NOT NULL CHECK (risers >= 0),
    state         TEXT NOT NULL CHECK (state IN ('active', 'paused', 'suspended', 'removed')),
    reason        TEXT,                    -- why it is suspended, or what its run waits for
    next_run_date TEXT NOT NULL,
    next_run_at   TEXT NOT NULL,
    revision      INTEGER NOT NULL DEFAULT 0,  -- grows with every change by an admin
    created_by    INTEGER NOT NULL,
    created_at    TEXT NOT NULL
) STRICT;

CREATE INDEX subscriptions_due ON subscriptions (next_run_at) WHERE state = 'active';
CREATE INDEX subscriptions_by_guild ON subscriptions (guild_id);

CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY,
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    run_date        TEXT NOT NULL,
    channel_id      INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'quiet', 'failed')),
    reason          TEXT,                  -- why it is quiet, failed, or not sent yet
    nonce           TEXT NOT NULL UNIQUE,
    covered_until   TEXT NOT NULL,
    days            TEXT NOT NULL,         -- JSON array of the days it covers that had papers
    listed          INTEGER NOT NULL,
    planned_at      TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,  -- that failed
    attempted_at    TEXT,                  -- a send of unknown outcome began then
    retry_at        TEXT,
    message_id      INTEGER,
    sent_at         TEXT,
    UNIQUE (subscription_id, run_date)
) STRICT;

-- One digest on its way at a time: the next is planned when the fate of the last is known.
CREATE UNIQUE INDEX deliveries_under_way ON deliveries (subscription_id) WHERE state = 'planned';

CREATE TABLE highlights (
    delivery_id     INTEGER NOT NULL REFERENCES deliveries (id),
    position        INTEGER NOT NULL,
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    paper_id        TEXT NOT NULL REFERENCES papers (id),
    upvotes         INTEGER NOT NULL,
    comments        INTEGER NOT NULL,
    riser           INTEGER NOT NULL CHECK (riser IN (0, 1)),
    PRIMARY KEY (delivery_id, position),
    UNIQUE (subscription_id, paper_id)     -- never the same paper twice
) STRICT, WITHOUT ROWID;
