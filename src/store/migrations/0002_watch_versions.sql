-- Every query that a watch has had since this house runs: what a changed one is compared with.
CREATE TABLE watch_version (
    watch    TEXT   NOT NULL,
    -- From when on it was used.
    since_ms BIGINT NOT NULL,
    query    TEXT   NOT NULL,
    PRIMARY KEY (watch, since_ms)
);
