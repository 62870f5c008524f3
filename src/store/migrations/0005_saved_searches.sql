-- Searches that the office has named. The parameters of a search's address, as `/` and `/api/search`
-- take them: read anew at every use, so that nothing can be saved that could not be asked. Nobody's
-- name stands here.
CREATE TABLE saved_search (
    name       TEXT   PRIMARY KEY,
    parameters TEXT   NOT NULL,
    saved_ms   BIGINT NOT NULL
);
