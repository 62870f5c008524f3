-- 1: the ministry's own statement, from a source that is configured as official.
ALTER TABLE mention ADD COLUMN official BIGINT NOT NULL DEFAULT 0;
-- The verdict of a fact check on a claim (JSON); null for everything else.
ALTER TABLE mention ADD COLUMN review TEXT;
