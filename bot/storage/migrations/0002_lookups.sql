-- Papers looked up one by one, where they were posted, and what their texts mean.

-- How many models, datasets and spaces of the Hub refer to a paper; only a look-up tells.
ALTER TABLE papers ADD COLUMN linked_models INTEGER;
ALTER TABLE papers ADD COLUMN linked_datasets INTEGER;
ALTER TABLE papers ADD COLUMN linked_spaces INTEGER;

-- A row is deleted when its paper's title or abstract changes: what has none is to be computed.
CREATE TABLE embeddings (
    paper_id TEXT PRIMARY KEY REFERENCES papers (id),
    model    TEXT NOT NULL,                -- that computed it; vectors of two models do not compare
    vector   BLOB NOT NULL
) STRICT;

CREATE INDEX embeddings_by_model ON embeddings (model, paper_id);

CREATE INDEX highlights_by_paper ON highlights (paper_id);
