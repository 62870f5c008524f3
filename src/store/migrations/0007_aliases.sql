-- Further keys of mentions: what a server calls an item by when it takes it back. Two rows may share
-- one: a public post, and the message that it is to the house.
CREATE TABLE mention_alias (
    alias      BLOB   NOT NULL,
    mention_id BIGINT NOT NULL,
    PRIMARY KEY (alias, mention_id)
);
CREATE INDEX mention_alias_mention ON mention_alias (mention_id);
