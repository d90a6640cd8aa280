-- The slash commands as Discord has them, by the application they are registered for.

CREATE TABLE commands (
    application_id INTEGER PRIMARY KEY,
    fingerprint    TEXT NOT NULL,         -- of all that was registered: the same is not registered again
    ids            TEXT NOT NULL,         -- JSON object: the id of each command by its name
    registered_at  TEXT NOT NULL
) STRICT;
