-- A paper that is listed on an earlier day too has changed, though its own row, which goes by the latest, says
-- the same: whoever keeps what was read of the archive goes by `change` alone.
CREATE TRIGGER earlier_listing_changes_paper AFTER INSERT ON listings
WHEN EXISTS (SELECT 1 FROM listings WHERE paper_id = NEW.paper_id AND day > NEW.day)
BEGIN
    UPDATE papers SET change = (SELECT max(change) + 1 FROM papers) WHERE id = NEW.paper_id;
END;
