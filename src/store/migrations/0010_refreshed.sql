-- When a platform was last asked whether an item is still there, for those whose terms demand it.
ALTER TABLE mention ADD COLUMN refreshed_ms BIGINT;
CREATE INDEX mention_unseen ON mention (platform, coalesce(refreshed_ms, collected_ms));
