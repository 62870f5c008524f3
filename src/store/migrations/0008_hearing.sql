-- What each source usually brings, by hour of the week (0 is Monday, midnight to one, Berlin).
CREATE TABLE hearing_habit (
    source   TEXT             NOT NULL,
    hour     BIGINT           NOT NULL,
    -- Changes in that hour.
    per_hour DOUBLE PRECISION NOT NULL,
    -- Weeks that this was learned from.
    weeks    BIGINT           NOT NULL,
    PRIMARY KEY (source, hour)
);

-- When each source was connected last: from then on a house that was down could not listen.
CREATE TABLE hearing_last (
    source TEXT   PRIMARY KEY,
    at_ms  BIGINT NOT NULL
);

-- Gaps are asked for by time.
CREATE INDEX gap_time ON gap (to_ms);
