-- How much a story is worth checking: the latest weighing, and the highest. No text of a mention.
CREATE TABLE story_weight (
    story      BIGINT           PRIMARY KEY,
    first_ms   BIGINT           NOT NULL,
    weighed_ms BIGINT           NOT NULL,
    score      DOUBLE PRECISION NOT NULL,
    peak       DOUBLE PRECISION NOT NULL,
    peak_ms    BIGINT           NOT NULL,
    -- When it was flagged as worth checking; null for what was not.
    flagged_ms BIGINT,
    -- Figures, parts of the score, threshold and model (JSON), as it was weighed last …
    weight     TEXT             NOT NULL,
    -- … and when it was flagged.
    flagged    TEXT,
    -- What the office says of the flag: empty, yes or no.
    judged     TEXT             NOT NULL DEFAULT ''
);
CREATE INDEX story_weight_flagged ON story_weight (flagged_ms) WHERE flagged_ms IS NOT NULL;
CREATE INDEX story_weight_peak ON story_weight (peak_ms);

-- The office's own entries of the register of claims.
CREATE TABLE claim (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    claim      TEXT    NOT NULL,
    -- Further wordings, one a line.
    wordings   TEXT    NOT NULL,
    -- The approved answer, and where it stands.
    answer     TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    created_ms BIGINT  NOT NULL,
    changed_ms BIGINT  NOT NULL,
    -- 1: no longer compared; what it matched stays.
    retired    BIGINT  NOT NULL
);

-- Mentions that may repeat an entry: of the office (claim_id), or a fact check (its mention's key).
CREATE TABLE mention_claim (
    mention_id  BIGINT           NOT NULL,
    claim_id    BIGINT,
    check_key   BLOB,
    probability DOUBLE PRECISION NOT NULL,
    -- suggested or confirmed; what the office says: empty, yes or no.
    grade       TEXT             NOT NULL,
    judged      TEXT             NOT NULL,
    judged_ms   BIGINT,
    -- What was measured, and what both have in common (JSON).
    features    TEXT             NOT NULL,
    reasons     TEXT             NOT NULL,
    at_ms       BIGINT           NOT NULL
);
CREATE INDEX mention_claim_mention ON mention_claim (mention_id);
CREATE INDEX mention_claim_claim ON mention_claim (claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX mention_claim_check ON mention_claim (check_key) WHERE check_key IS NOT NULL;
CREATE INDEX mention_claim_judged ON mention_claim (judged_ms) WHERE judged <> '';

-- Where a mention differs from official statements (JSON); null for most.
ALTER TABLE mention ADD COLUMN differs TEXT;
-- Which statements those are: when one goes or changes, its words go from here too.
CREATE TABLE mention_differs (
    mention_id    BIGINT NOT NULL,
    statement_key BLOB   NOT NULL,
    PRIMARY KEY (mention_id, statement_key)
);
CREATE INDEX mention_differs_statement ON mention_differs (statement_key);
-- Articles among them are looked at again: when next, what was seen, and what has been amended.
CREATE TABLE report_look (
    mention_id BIGINT PRIMARY KEY,
    source     TEXT   NOT NULL,
    looks      BIGINT NOT NULL,
    next_ms    BIGINT,
    seen_ms    BIGINT,
    -- same, amended or closed
    outcome    TEXT   NOT NULL DEFAULT '',
    amended_ms BIGINT,
    -- Which of our values stand there now, which of theirs do not any more (JSON).
    how        TEXT
);
CREATE INDEX report_look_due ON report_look (source, next_ms) WHERE next_ms IS NOT NULL;
-- What the comparing starts with.
CREATE INDEX mention_official ON mention (published_ms) WHERE official = 1;
CREATE INDEX mention_review ON mention (id) WHERE review IS NOT NULL;

-- The story that a case is about, for rules that look at stories.
ALTER TABLE desk_case ADD COLUMN story BIGINT;
CREATE INDEX desk_case_story ON desk_case (story, rule) WHERE story IS NOT NULL;
