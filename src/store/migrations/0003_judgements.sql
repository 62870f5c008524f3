-- What the office says of a label: which stance a mention has toward a target. Nobody's name stands
-- here, neither the author's nor the editor's, and no text: a judgement goes with its mention.
CREATE TABLE judgement (
    mention_id BIGINT NOT NULL,
    target     TEXT   NOT NULL,
    stance     TEXT   NOT NULL,
    -- page or api
    way        TEXT   NOT NULL,
    at_ms      BIGINT NOT NULL,
    -- 1: kept apart to measure models by, never learned from. Decided by the mention's key.
    is_test    BIGINT NOT NULL,
    -- SHA-256 of the words that were judged: an edit sets the judgement aside.
    words      BLOB   NOT NULL,
    -- The model's label (JSON), to go back to.
    said       TEXT   NOT NULL,
    PRIMARY KEY (mention_id, target)
);

-- Two people code a sample of each week blindly: 1 and 2, no names.
CREATE TABLE coding (
    week       TEXT   NOT NULL,
    mention_id BIGINT NOT NULL,
    target     TEXT   NOT NULL,
    coder      BIGINT NOT NULL,
    stance     TEXT   NOT NULL,
    at_ms      BIGINT NOT NULL,
    PRIMARY KEY (mention_id, target, coder)
);
CREATE INDEX coding_week ON coding (week);
