-- Whether papers may come again that another digest of the channel, of the same cadence, has had.

ALTER TABLE subscriptions ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0 CHECK (repeats IN (0, 1));
