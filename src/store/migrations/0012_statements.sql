-- What the office has published and entered by hand, to be compared like what is collected. Kept
-- until the office removes it: it is no mention, and no retention takes it out.
CREATE TABLE statement (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    title        TEXT    NOT NULL,
    text         TEXT    NOT NULL,
    -- Where it stands; empty where it stands nowhere.
    url          TEXT    NOT NULL,
    published_ms BIGINT  NOT NULL,
    created_ms   BIGINT  NOT NULL,
    changed_ms   BIGINT  NOT NULL
);
CREATE INDEX statement_published ON statement (published_ms);

-- A report differs from a statement that was collected (its mention's key) or entered (its number).
CREATE TABLE mention_differs_anew (
    mention_id    BIGINT NOT NULL,
    statement_key BLOB,
    statement_id  BIGINT
);
INSERT INTO mention_differs_anew (mention_id, statement_key)
    SELECT mention_id, statement_key FROM mention_differs;
DROP TABLE mention_differs;
ALTER TABLE mention_differs_anew RENAME TO mention_differs;
CREATE INDEX mention_differs_mention ON mention_differs (mention_id);
CREATE INDEX mention_differs_statement ON mention_differs (statement_key)
    WHERE statement_key IS NOT NULL;
CREATE INDEX mention_differs_entered ON mention_differs (statement_id)
    WHERE statement_id IS NOT NULL;
