-- What was typed into a panel and is not understood, by field (JSON), until it is corrected; and the language of Discord
-- from which the time zone of a draft was guessed, until an admin chooses one.

ALTER TABLE drafts ADD COLUMN mistyped TEXT NOT NULL DEFAULT '{}';
ALTER TABLE drafts ADD COLUMN guessed_from TEXT NOT NULL DEFAULT '';
