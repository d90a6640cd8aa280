"""Whose data is in which table."""

PEOPLES = {"followed_queries", "muted", "idle_people", "saved_papers"}  # and no server's
NO_SERVERS = {
    *("archive", "brand", "captures", "commands", "embeddings", "listings", "owner_notices", "papers"),
    *("claims", "cluster", "schema"),  # of PostgreSQL
    *("sqlite_sequence", "stored_queries", "traces", "upvote_snapshots"),
    *PEOPLES,
}
NO_PERSONS = NO_SERVERS - PEOPLES | {"guilds", "server_feeds"}
