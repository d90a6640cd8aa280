-- Whether a server was taken for left by counting alone: should it turn up again, it never was, and goes on as before.

ALTER TABLE guilds ADD COLUMN counted_out INTEGER NOT NULL DEFAULT 0 CHECK (counted_out IN (0, 1));
