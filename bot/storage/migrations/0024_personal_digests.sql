-- A person's digest says how many papers did not fit; what comes at once is found by its query.

ALTER TABLE deliveries ADD COLUMN left_count INTEGER NOT NULL DEFAULT 0;  -- papers that come with the next digest

CREATE INDEX followed_queries_at_once ON followed_queries (query, user_id) WHERE how = 'at once';
DROP INDEX followed_queries_by_how;  -- nothing asks by it
