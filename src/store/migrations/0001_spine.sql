-- The only truth. Times are Unix milliseconds UTC. Common subset of SQLite and PostgreSQL but for
-- the key of `mention` and `desk_case`, which are the places to change.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- One running number for everything that followers read, handed out inside the transaction.
CREATE TABLE sequence (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO sequence (name, value) VALUES ('change', 0);

CREATE TABLE mention (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    seq          BIGINT NOT NULL UNIQUE,
    key          BLOB   NOT NULL UNIQUE,
    source       TEXT   NOT NULL,
    platform     TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    published_ms BIGINT NOT NULL,
    edited_ms    BIGINT,
    collected_ms BIGINT NOT NULL,
    title        TEXT   NOT NULL,
    text         TEXT   NOT NULL,
    lang         TEXT   NOT NULL,
    site         TEXT   NOT NULL,
    url          TEXT,
    links        TEXT   NOT NULL,
    voice_name   TEXT,
    voice_handle TEXT,
    pseudonym    BLOB,
    sealed       BLOB,
    reply_key    BLOB,
    matches      TEXT   NOT NULL,
    labels       TEXT   NOT NULL,
    backfill     BIGINT NOT NULL
);
CREATE INDEX mention_pseudonym ON mention (pseudonym) WHERE pseudonym IS NOT NULL;
-- The index and retention read by week of publication.
CREATE INDEX mention_published ON mention (published_ms);

-- One row a matched watch, for the desk's counting.
CREATE TABLE mention_watch (
    mention_id   BIGINT NOT NULL,
    watch        TEXT   NOT NULL,
    stance       TEXT   NOT NULL,
    -- The first flag of the mention; empty where it has none.
    flag         TEXT   NOT NULL,
    collected_ms BIGINT NOT NULL,
    backfill     BIGINT NOT NULL,
    PRIMARY KEY (mention_id, watch)
);
CREATE INDEX mention_watch_time ON mention_watch (watch, stance, collected_ms);
CREATE INDEX mention_watch_flag ON mention_watch (watch, collected_ms) WHERE flag <> '';

-- What followers must forget: the row is gone, its number tells them.
CREATE TABLE removed (
    seq          BIGINT PRIMARY KEY,
    mention_id   BIGINT NOT NULL,
    published_ms BIGINT NOT NULL
);

-- Keyed hashes of deleted items; a tombstone wins whatever the order. Those of items that this
-- house never had (`known` = 0) expire.
CREATE TABLE tombstone (
    key   BLOB   PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    known BIGINT NOT NULL
);
CREATE INDEX tombstone_unknown ON tombstone (at_ms) WHERE known = 0;

-- Pseudonyms of accounts that left (`known` 0 and 1) or were erased by order (2).
CREATE TABLE author_gone (
    pseudonym BLOB   PRIMARY KEY,
    at_ms     BIGINT NOT NULL,
    known     BIGINT NOT NULL
);

CREATE TABLE source_cursor (
    source     TEXT   PRIMARY KEY,
    value      TEXT   NOT NULL,
    updated_ms BIGINT NOT NULL
);

-- Intervals in which we could not listen.
CREATE TABLE gap (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    source  TEXT   NOT NULL,
    from_ms BIGINT NOT NULL,
    to_ms   BIGINT NOT NULL,
    reason  TEXT   NOT NULL
);

CREATE TABLE desk_case (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    rule      TEXT   NOT NULL,
    watch     TEXT   NOT NULL,
    state     TEXT   NOT NULL,
    opened_ms BIGINT NOT NULL,
    -- The latest mention that the rule counted; a cool-down runs from here.
    last_ms   BIGINT NOT NULL,
    -- Figures of the rule when it fired (JSON); never text of a mention.
    facts     TEXT   NOT NULL
);
CREATE INDEX desk_case_latest ON desk_case (rule, watch, id);

CREATE TABLE case_mention (
    case_id    BIGINT NOT NULL,
    mention_id BIGINT NOT NULL,
    PRIMARY KEY (case_id, mention_id)
);
CREATE INDEX case_mention_mention ON case_mention (mention_id);

CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id         BIGINT NOT NULL,
    step            TEXT   NOT NULL,
    recipient       TEXT   NOT NULL,
    message_id      TEXT   NOT NULL UNIQUE,
    -- Ids of the mentions that the mail shows (JSON). The text is fetched when it is sent, so a
    -- mention that was deleted meanwhile is not mailed.
    mention_ids     TEXT   NOT NULL,
    state           TEXT   NOT NULL,
    attempts        BIGINT NOT NULL,
    created_ms      BIGINT NOT NULL,
    next_attempt_ms BIGINT NOT NULL,
    sent_ms         BIGINT,
    last_error      TEXT
);
CREATE INDEX outbox_due ON outbox (state, next_attempt_ms);

-- The same ids, to find the mails that showed a mention which was deleted or edited.
CREATE TABLE outbox_mention (
    mention_id BIGINT NOT NULL,
    outbox_id  BIGINT NOT NULL,
    PRIMARY KEY (mention_id, outbox_id)
);

-- How far a follower that keeps its position here has read; it may lag, never lead.
CREATE TABLE follower (
    name TEXT PRIMARY KEY,
    seq  BIGINT NOT NULL
);

-- Who opened a sealed value or erased something, when and why. Never what it said.
CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  BIGINT NOT NULL,
    action TEXT   NOT NULL,
    detail TEXT   NOT NULL
);
