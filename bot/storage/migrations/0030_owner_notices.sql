-- Faults that whoever runs the bot has to mend, and whether they were told on Discord: once, also after a restart.

CREATE TABLE owner_notices (
    fault    TEXT PRIMARY KEY,
    began_at TEXT NOT NULL,
    told_at  TEXT
) STRICT;
