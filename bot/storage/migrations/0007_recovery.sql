-- Suspended subscriptions are looked at whenever something may have changed.

CREATE INDEX subscriptions_suspended ON subscriptions (guild_id) WHERE state = 'suspended';
