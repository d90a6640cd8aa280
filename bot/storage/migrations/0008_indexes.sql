-- So that what grows is never read from end to end.

CREATE INDEX deliveries_by_channel ON deliveries (channel_id);  -- what a server's channels were shown
CREATE INDEX notices_by_subscription ON notices (subscription_id);
CREATE INDEX drafts_by_age ON drafts (updated_at);
CREATE INDEX guilds_left ON guilds (left_at) WHERE left_at IS NOT NULL;

-- For the foreign keys, when a subscription is forgotten.
CREATE INDEX drafts_by_subscription ON drafts (subscription_id) WHERE subscription_id IS NOT NULL;
CREATE INDEX drafts_by_guild ON drafts (guild_id);
CREATE INDEX changes_by_subscription ON changes (subscription_id, id);
