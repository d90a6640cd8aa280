-- What people save, and the feeds that servers have.

-- A removed paper stays for a day, with its note, so that removing it can be undone.
CREATE TABLE saved_papers (
    user_id BIGINT NOT NULL,
    paper_id TEXT COLLATE "C" NOT NULL,
    saved_at TEXT COLLATE "C" NOT NULL,
    read_at TEXT COLLATE "C", -- when it was marked as read
    note TEXT COLLATE "C" NOT NULL DEFAULT '',
    own_tags TEXT COLLATE "C" NOT NULL DEFAULT '[]', -- JSON array
    removed_at TEXT COLLATE "C",
    PRIMARY KEY (user_id, paper_id)
);

-- It has all of what a search of one person looks at.
CREATE INDEX saved_papers_by_time ON saved_papers (user_id, saved_at DESC, paper_id DESC, read_at, removed_at)
    WHERE removed_at IS NULL;
CREATE INDEX saved_papers_removed ON saved_papers (removed_at) WHERE removed_at IS NOT NULL;
-- To count what a person has without reading their notes.
CREATE INDEX saved_papers_of_people ON saved_papers (user_id, removed_at);

-- Who knows the key can read the server's digests.
CREATE TABLE server_feeds (
    guild_id BIGINT PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at TEXT COLLATE "C" NOT NULL
);
