-- Something was deleted for good since the file was written anew: of it, and of what was deleted before this version,
-- copies may be left in pages. A row for each time.
CREATE TABLE traces (
    id INTEGER PRIMARY KEY
) STRICT;

INSERT INTO traces DEFAULT VALUES;
