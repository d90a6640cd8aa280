-- Where the search for a message in doubt goes on.
ALTER TABLE messages ADD COLUMN searched_until INTEGER;  -- the last message of the channel that was looked at

-- What Discord refuses is sent in a simpler form, then in parts, at last without the paper that it refuses.

ALTER TABLE messages ADD COLUMN form TEXT NOT NULL DEFAULT 'full' CHECK (form IN ('full', 'bare', 'plain', 'refused'));
ALTER TABLE messages ADD COLUMN refusal INTEGER;  -- the error code that its form, or its being a part, comes from
ALTER TABLE messages ADD COLUMN server_errors INTEGER NOT NULL DEFAULT 0;  -- that Discord answered to it

-- Papers that Discord does not let a subscription post: no digest of it has them any more.
CREATE TABLE refused_papers (
    subscription_id INTEGER NOT NULL REFERENCES subscriptions (id),
    paper_id        TEXT NOT NULL REFERENCES papers (id),
    delivery_id     INTEGER NOT NULL REFERENCES deliveries (id),
    refusal         INTEGER NOT NULL,      -- Discord's error code
    PRIMARY KEY (subscription_id, paper_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX refused_papers_by_delivery ON refused_papers (delivery_id);
