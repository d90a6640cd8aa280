-- What grows with every run is kept small.

-- What the admin of a subscription wanted, once for each time that it was changed, numbered from 1.
CREATE TABLE wishes (
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    number          INTEGER NOT NULL,
    wish            TEXT NOT NULL,          -- JSON
    PRIMARY KEY (subscription_id, number)
) STRICT, WITHOUT ROWID;

INSERT INTO wishes
SELECT subscription_id, row_number() OVER (PARTITION BY subscription_id ORDER BY min(id)), wish
FROM deliveries GROUP BY subscription_id, wish;

-- A delivery has the number of its subscription's wish when it was planned.
ALTER TABLE deliveries RENAME COLUMN wish TO whole_wish;
ALTER TABLE deliveries ADD COLUMN wish INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET wish = (
    SELECT number FROM wishes WHERE wishes.subscription_id = deliveries.subscription_id AND wishes.wish = whole_wish
);
ALTER TABLE deliveries DROP COLUMN whole_wish;

-- Finished deliveries of long ago, a week's runs to a row, with the days on which their papers were listed.
CREATE TABLE past (
    id              INTEGER PRIMARY KEY,
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    since           TEXT NOT NULL,
    until           TEXT NOT NULL,
    runs            BLOB NOT NULL           -- packed by bot/storage/past.py
) STRICT;

CREATE INDEX past_by_subscription ON past (subscription_id, until, since);

DROP INDEX highlights_by_paper;  -- nobody asks for a paper without a subscription any more

-- Of a server's log, the latest.
CREATE TRIGGER changes_are_few AFTER INSERT ON changes
BEGIN
    DELETE FROM changes WHERE guild_id = NEW.guild_id AND id <= (
        SELECT id FROM changes WHERE guild_id = NEW.guild_id ORDER BY id DESC LIMIT 1 OFFSET 200
    );
END;
