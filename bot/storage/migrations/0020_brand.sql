-- What `paperboy brand` has given an application, and what Discord calls it since: a hash for each picture.
CREATE TABLE brand (
    application_id INTEGER NOT NULL,
    part TEXT NOT NULL,
    given TEXT NOT NULL,
    became TEXT NOT NULL,
    PRIMARY KEY (application_id, part)
) STRICT, WITHOUT ROWID;
