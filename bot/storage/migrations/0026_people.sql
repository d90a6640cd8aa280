-- What is kept of a person can be given to them and deleted, and is not kept for long once nothing comes to them.

CREATE INDEX audit_log_by_user ON audit_log (user_id) WHERE user_id IS NOT NULL;  -- 0 is someone who deleted their data
CREATE INDEX subscriptions_by_creator ON subscriptions (created_by);
CREATE INDEX drafts_by_user ON drafts (user_id);

-- People to whom nothing comes.
CREATE TABLE idle_people (
    user_id INTEGER PRIMARY KEY,
    since   TEXT NOT NULL
) STRICT;

CREATE INDEX idle_people_by_time ON idle_people (since);
