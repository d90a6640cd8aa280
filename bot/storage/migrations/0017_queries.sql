-- Searches that are too long for a button's custom_id, by a hash of their text. Nothing says who typed them.
CREATE TABLE stored_queries (
    key TEXT PRIMARY KEY,
    query TEXT NOT NULL,
    used_at TEXT NOT NULL
) STRICT;

CREATE INDEX stored_queries_by_use ON stored_queries (used_at);

CREATE TRIGGER stored_queries_are_bounded AFTER INSERT ON stored_queries
BEGIN
    DELETE FROM stored_queries WHERE key IN (
        SELECT key FROM stored_queries ORDER BY used_at DESC LIMIT -1 OFFSET 2000
    );
END;
