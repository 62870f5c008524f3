-- Mentions that are near-copies of each other, or bare shares of one article, have one story.
ALTER TABLE mention ADD COLUMN story BIGINT NOT NULL DEFAULT 0;
UPDATE mention SET story = id;
CREATE INDEX mention_story ON mention (story);
INSERT INTO sequence (name, value) SELECT 'story', COALESCE(MAX(id), 0) FROM mention;

-- Stories that turned out to be another one: links to them lead on.
CREATE TABLE story_absorbed (
    story      BIGINT PRIMARY KEY,
    into_story BIGINT NOT NULL
);
CREATE INDEX story_absorbed_into ON story_absorbed (into_story);
