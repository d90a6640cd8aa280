-- A person whose digests can't be sent is told at their next command.

ALTER TABLE subscriptions ADD COLUMN has_notice INTEGER NOT NULL DEFAULT 0 CHECK (has_notice IN (0, 1));

-- Not of people, thousands of whom may have closed their direct messages: only what servers have is looked through.
DROP INDEX subscriptions_suspended;
CREATE INDEX subscriptions_suspended ON subscriptions (guild_id) WHERE state = 'suspended' AND guild_id IS NOT NULL;
