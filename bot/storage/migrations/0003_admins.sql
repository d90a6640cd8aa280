-- Wishes in full, a delivery in several messages, who changed what, and servers that came and went.

ALTER TABLE subscriptions ADD COLUMN cadence TEXT NOT NULL DEFAULT 'daily'
    CHECK (cadence IN ('daily', 'weekly', 'monthly'));
ALTER TABLE subscriptions ADD COLUMN query TEXT NOT NULL DEFAULT '';  -- the filter
ALTER TABLE subscriptions ADD COLUMN layout TEXT NOT NULL DEFAULT 'list'
    CHECK (layout IN ('list', 'compact', 'cards'));
ALTER TABLE subscriptions ADD COLUMN discussion TEXT NOT NULL DEFAULT 'none'
    CHECK (discussion IN ('none', 'digest', 'highlight'));
ALTER TABLE subscriptions ADD COLUMN archive_after INTEGER NOT NULL DEFAULT 1440;  -- minutes
ALTER TABLE subscriptions ADD COLUMN publish INTEGER NOT NULL DEFAULT 0 CHECK (publish IN (0, 1));
ALTER TABLE subscriptions ADD COLUMN ping_role_id INTEGER;
ALTER TABLE subscriptions ADD COLUMN ping_upvotes INTEGER NOT NULL DEFAULT 0 CHECK (ping_upvotes >= 0);
ALTER TABLE subscriptions ADD COLUMN silent INTEGER NOT NULL DEFAULT 0 CHECK (silent IN (0, 1));
ALTER TABLE subscriptions ADD COLUMN quiet_line INTEGER NOT NULL DEFAULT 0 CHECK (quiet_line IN (0, 1));

ALTER TABLE highlights ADD COLUMN seen_on TEXT;  -- in a recap: when a daily digest of the server had it
ALTER TABLE highlights ADD COLUMN missed INTEGER NOT NULL DEFAULT 0 CHECK (missed IN (0, 1));
ALTER TABLE highlights ADD COLUMN message INTEGER NOT NULL DEFAULT 1;  -- the number of the message it is in

-- The messages of a delivery, from 1. Each is sent, recorded, given its thread and published in turn.
CREATE TABLE messages (
    delivery_id  INTEGER NOT NULL REFERENCES deliveries (id),
    number       INTEGER NOT NULL,
    nonce        TEXT NOT NULL UNIQUE,
    attempted_at TEXT,                    -- a send of unknown outcome began then
    place_id     INTEGER,                 -- the channel or forum post it stands in
    message_id   INTEGER,
    sent_at      TEXT,
    threaded     INTEGER NOT NULL DEFAULT 0 CHECK (threaded IN (0, 1)),
    published_at TEXT,
    PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

INSERT INTO messages (delivery_id, number, nonce, attempted_at, place_id, message_id, sent_at)
SELECT id, 1, nonce, attempted_at, CASE WHEN message_id IS NOT NULL THEN channel_id END, message_id, sent_at
FROM deliveries WHERE state != 'quiet';

-- SQLite changes no constraint in place: the table is made anew.
CREATE TABLE new_deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,  -- never that of one forgotten, which may be on its way
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    run_date        TEXT NOT NULL,
    channel_id      INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'quiet', 'failed', 'undone')),
    reason          TEXT,                  -- why it failed, or is not sent yet
    quiet           TEXT,                  -- why it highlights nothing
    wish            TEXT NOT NULL,         -- JSON: what the admin wanted when it was planned
    covered_until   TEXT NOT NULL,
    days            TEXT NOT NULL,         -- JSON array of the days it covers that had papers
    listed          INTEGER NOT NULL,
    planned_at      TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,  -- that failed
    retry_at        TEXT,
    UNIQUE (subscription_id, run_date)
) STRICT;

INSERT INTO new_deliveries
SELECT deliveries.id, subscription_id, run_date, deliveries.channel_id, deliveries.state,
    CASE WHEN deliveries.state != 'quiet' THEN deliveries.reason END,
    CASE WHEN deliveries.state = 'quiet' THEN deliveries.reason END,
    json_object(
        'channel_id', deliveries.channel_id, 'at', at, 'zone', zone, 'weekdays', weekdays, 'cadence', cadence,
        'size', size, 'min_upvotes', min_upvotes, 'risers', risers, 'query', query, 'layout', layout,
        'discussion', discussion, 'archive_after', archive_after, 'publish', publish, 'ping_role_id', ping_role_id,
        'ping_upvotes', ping_upvotes, 'silent', silent, 'quiet_line', quiet_line
    ),
    covered_until, days, listed, planned_at, attempts, retry_at
FROM deliveries JOIN subscriptions ON subscriptions.id = subscription_id;

DROP TABLE deliveries;
ALTER TABLE new_deliveries RENAME TO deliveries;

-- One digest on its way at a time: the next is planned when the fate of the last is known.
CREATE UNIQUE INDEX deliveries_under_way ON deliveries (subscription_id) WHERE state = 'planned';

-- Discord publishes so many messages of a channel in an hour.
CREATE INDEX messages_published ON messages (place_id, published_at) WHERE published_at IS NOT NULL;

-- A subscription as an admin is about to have it; the controls of their panel name it by its id.
CREATE TABLE drafts (
    id              TEXT PRIMARY KEY,
    guild_id        INTEGER NOT NULL,
    user_id         INTEGER NOT NULL,
    subscription_id INTEGER REFERENCES subscriptions (id),  -- that it changes; none for a new one
    revision        INTEGER,                                -- of that subscription when it was read
    wish            TEXT NOT NULL,                          -- JSON
    updated_at      TEXT NOT NULL
) STRICT;

-- What was done to the subscriptions of a server, by whom (nobody: by the bot), and what came of it.
CREATE TABLE changes (
    id              INTEGER PRIMARY KEY,
    guild_id        INTEGER NOT NULL,
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    user_id         INTEGER,
    action          TEXT NOT NULL,
    details         TEXT NOT NULL,         -- JSON object: what was changed, as [before, after]
    reason          TEXT,
    made_at         TEXT NOT NULL
) STRICT;

CREATE INDEX changes_by_guild ON changes (guild_id, id);

-- Servers the bot has joined or left since it keeps count.
CREATE TABLE guilds (
    id        INTEGER PRIMARY KEY,
    joined_at TEXT,
    left_at   TEXT
) STRICT;

-- Subscriptions whose digests do not get to their channel, as the server has been told, until one does.
CREATE TABLE notices (
    guild_id        INTEGER NOT NULL,
    subscription_id INTEGER NOT NULL,
    channel_id      INTEGER NOT NULL,
    told_at         TEXT NOT NULL,
    PRIMARY KEY (guild_id, subscription_id)
) STRICT, WITHOUT ROWID;
