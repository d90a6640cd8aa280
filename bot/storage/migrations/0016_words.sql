-- The words of docs/glossary.md: tables, columns and the keys of JSON that say what they hold.

ALTER TABLE subscriptions RENAME COLUMN at TO time;
ALTER TABLE subscriptions RENAME COLUMN zone TO timezone;
ALTER TABLE subscriptions RENAME COLUMN query TO filter;
ALTER TABLE subscriptions RENAME COLUMN discussion TO threads;
ALTER TABLE subscriptions RENAME COLUMN repeats TO allow_repeats;

ALTER TABLE wishes RENAME TO digest_settings;
ALTER TABLE digest_settings RENAME COLUMN number TO version;
ALTER TABLE digest_settings RENAME COLUMN wish TO settings;
ALTER TABLE drafts RENAME COLUMN wish TO settings;
ALTER TABLE deliveries RENAME COLUMN wish TO settings_version;
ALTER TABLE deliveries RENAME COLUMN quiet TO quiet_reason;

ALTER TABLE messages RENAME COLUMN threaded TO has_thread;
ALTER TABLE messages RENAME COLUMN refusal TO error_code;
ALTER TABLE refused_papers RENAME TO rejected_papers;
ALTER TABLE rejected_papers RENAME COLUMN refusal TO error_code;
DROP INDEX refused_papers_by_delivery;
CREATE INDEX rejected_papers_by_delivery ON rejected_papers (delivery_id);

ALTER TABLE past RENAME TO past_runs;
DROP INDEX past_by_subscription;
CREATE INDEX past_runs_by_subscription ON past_runs (subscription_id, until, since);

DROP TRIGGER changes_are_few;
ALTER TABLE changes RENAME TO audit_log;
DROP INDEX changes_by_guild;
DROP INDEX changes_by_subscription;
CREATE INDEX audit_log_by_guild ON audit_log (guild_id, id);
CREATE INDEX audit_log_by_subscription ON audit_log (subscription_id, id);
CREATE TRIGGER audit_log_is_bounded AFTER INSERT ON audit_log
BEGIN
    DELETE FROM audit_log WHERE guild_id = NEW.guild_id AND id <= (
        SELECT id FROM audit_log WHERE guild_id = NEW.guild_id ORDER BY id DESC LIMIT 1 OFFSET 200
    );
END;

-- A quote within a value is written \", so none of these is found in one.
UPDATE digest_settings SET settings = replace(replace(replace(replace(replace(settings,
    '"at":', '"time":'), '"zone":', '"timezone":'), '"query":', '"filter":'), '"discussion":', '"threads":'),
    '"repeats":', '"allow_repeats":');
UPDATE drafts SET settings = replace(replace(replace(replace(replace(settings,
    '"at":', '"time":'), '"zone":', '"timezone":'), '"query":', '"filter":'), '"discussion":', '"threads":'),
    '"repeats":', '"allow_repeats":');
UPDATE audit_log SET details = replace(replace(replace(replace(replace(details,
    '"at":', '"time":'), '"zone":', '"timezone":'), '"query":', '"filter":'), '"discussion":', '"threads":'),
    '"repeats":', '"allow_repeats":');
