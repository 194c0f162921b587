-- Truth of the class: opened by instructors' code paths only, in a file of its own.
CREATE TABLE IF NOT EXISTS vault_keys (
    assignment VARCHAR NOT NULL, variant VARCHAR NOT NULL, version INTEGER NOT NULL, salt VARCHAR NOT NULL, key VARCHAR NOT NULL,
    draw INTEGER NOT NULL DEFAULT 0, difficulty DOUBLE, reason VARCHAR NOT NULL DEFAULT '', at_us BIGINT NOT NULL,
    PRIMARY KEY (assignment, variant, version));
CREATE TABLE IF NOT EXISTS vault_settings (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS vault_rounds (round VARCHAR PRIMARY KEY, document VARCHAR NOT NULL);
-- Since there are sealed records; an older row has none and gets its own when its data is first asked for.
ALTER TABLE vault_keys ADD COLUMN IF NOT EXISTS recipe VARCHAR DEFAULT '';
ALTER TABLE vault_keys ADD COLUMN IF NOT EXISTS digest VARCHAR DEFAULT '';
