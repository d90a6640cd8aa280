"""Several processes of the bot on one PostgreSQL, each with some shards: killed, restarted, replaced and cut off."""
