-- Of a file that was restored from a backup: the subscriptions of which it is not known yet what they have posted since.
-- Nothing is planned or sent for one until its channel was searched.
CREATE TABLE restored_subscriptions (
    subscription_id INTEGER PRIMARY KEY REFERENCES subscriptions (id),
    channel_id      INTEGER NOT NULL,      -- that it had in the backup, where the search is
    backup_at       TEXT NOT NULL,
    restored_at     TEXT NOT NULL,
    searched_until  INTEGER                -- the last message or post of the channel that was looked at
) STRICT;

CREATE INDEX restored_subscriptions_by_channel ON restored_subscriptions (channel_id);

-- What the searches have found so far, until they end.
CREATE TABLE found_messages (
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    message_id      INTEGER NOT NULL,
    place_id        INTEGER NOT NULL,
    sent_at         TEXT NOT NULL,
    nonce           TEXT NOT NULL,
    run_date        TEXT NOT NULL,
    extra           INTEGER NOT NULL,
    position        INTEGER NOT NULL,      -- of its first paper
    papers          TEXT NOT NULL,         -- JSON array: the id, title and upvotes of each that it shows
    highlighted     INTEGER,               -- how many papers its digest has, where the message says so
    has_thread      INTEGER NOT NULL CHECK (has_thread IN (0, 1)),
    is_published    INTEGER NOT NULL CHECK (is_published IN (0, 1)),
    PRIMARY KEY (subscription_id, message_id)
) STRICT, WITHOUT ROWID;
