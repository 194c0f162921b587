CREATE TABLE vault_keys("assignment" VARCHAR, variant VARCHAR, "version" INTEGER, salt VARCHAR NOT NULL, "key" VARCHAR NOT NULL, draw INTEGER DEFAULT(0) NOT NULL, difficulty DOUBLE, reason VARCHAR DEFAULT('') NOT NULL, at_us BIGINT NOT NULL, PRIMARY KEY("assignment", variant, "version"));
CREATE TABLE vault_rounds(round VARCHAR PRIMARY KEY, "document" VARCHAR NOT NULL);
CREATE TABLE vault_settings("name" VARCHAR PRIMARY KEY, "value" VARCHAR NOT NULL);

