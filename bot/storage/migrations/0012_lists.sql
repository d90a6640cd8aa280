-- A later reading of a list replaces it, and papers are withdrawn.

ALTER TABLE papers ADD COLUMN withdrawn_at TEXT;

ALTER TABLE listings ADD COLUMN read_from TEXT;  -- the day of the list that has the paper, where that is not `day`
ALTER TABLE captures ADD COLUMN short_since TEXT;  -- since then, more than half of the list is missing

-- Whoever keeps what was read of the archive goes by `change` alone.
CREATE TRIGGER unlisting_changes_paper AFTER DELETE ON listings
BEGIN
    UPDATE papers SET change = (SELECT max(change) + 1 FROM papers) WHERE id = OLD.paper_id;
END;

-- Days that no list was read of, nor of a day beside it: an instant was misread, as of 1970.
DELETE FROM listings WHERE NOT EXISTS (
    SELECT 1 FROM captures WHERE day BETWEEN date(listings.day, '-1 day') AND date(listings.day, '+1 day')
);
