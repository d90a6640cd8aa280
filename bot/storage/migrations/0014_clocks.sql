-- Our clock may be far from Discord's, which dates what stands in a channel.
ALTER TABLE messages ADD COLUMN attempted_at_discord TEXT;  -- the time there at `attempted_at`; NULL where not known
