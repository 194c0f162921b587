-- The class: people, assignments, what was handed in, marks and the audit log. Truth is in class_vault.sql, another file.
CREATE TABLE IF NOT EXISTS class_settings (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS class_people (
    person VARCHAR PRIMARY KEY, role VARCHAR NOT NULL, handle VARCHAR NOT NULL UNIQUE, name VARCHAR NOT NULL DEFAULT '',
    first_name VARCHAR NOT NULL DEFAULT '', last_name VARCHAR NOT NULL DEFAULT '', email VARCHAR NOT NULL DEFAULT '',
    student_id VARCHAR NOT NULL DEFAULT '', login VARCHAR NOT NULL DEFAULT '', lms_id VARCHAR NOT NULL DEFAULT '',
    section VARCHAR NOT NULL DEFAULT '', labels VARCHAR NOT NULL DEFAULT '[]', pin_hash VARCHAR NOT NULL DEFAULT '',
    dropped BOOLEAN NOT NULL DEFAULT FALSE, erased BOOLEAN NOT NULL DEFAULT FALSE, joined_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS class_epochs (person VARCHAR PRIMARY KEY, epoch VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS class_tokens (
    token_hash VARCHAR PRIMARY KEY, person VARCHAR NOT NULL, made_us BIGINT NOT NULL, revoked BOOLEAN NOT NULL DEFAULT FALSE);
CREATE TABLE IF NOT EXISTS class_assignments (
    assignment VARCHAR PRIMARY KEY, spec VARCHAR NOT NULL, spec_version INTEGER NOT NULL, state VARCHAR NOT NULL,
    rubric VARCHAR NOT NULL, commitment VARCHAR NOT NULL DEFAULT '', checks VARCHAR NOT NULL DEFAULT '{}', made_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS class_variants (
    assignment VARCHAR NOT NULL, variant VARCHAR NOT NULL, person VARCHAR NOT NULL, commitment VARCHAR NOT NULL DEFAULT '',
    start_us BIGINT NOT NULL, end_us BIGINT NOT NULL, machines VARCHAR NOT NULL, PRIMARY KEY (assignment, person));
CREATE TABLE IF NOT EXISTS class_submissions (
    submission VARCHAR PRIMARY KEY, person VARCHAR NOT NULL, assignment VARCHAR NOT NULL, variant VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, received_us BIGINT NOT NULL, sha256 VARCHAR NOT NULL, attempt INTEGER NOT NULL, payload VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS class_scores (
    submission VARCHAR NOT NULL, part VARCHAR NOT NULL, truth_version INTEGER NOT NULL, rubric VARCHAR NOT NULL,
    rubric_version INTEGER NOT NULL, scorer_version VARCHAR NOT NULL, grade VARCHAR NOT NULL,
    PRIMARY KEY (submission, part, truth_version, rubric, rubric_version, scorer_version));
CREATE TABLE IF NOT EXISTS class_marks (
    seq BIGINT PRIMARY KEY, submission VARCHAR NOT NULL, line VARCHAR NOT NULL, points DOUBLE, comment VARCHAR NOT NULL DEFAULT '',
    grader VARCHAR NOT NULL, auto_points DOUBLE, at_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS class_rules (
    assignment VARCHAR NOT NULL, scope VARCHAR NOT NULL, field VARCHAR NOT NULL, value VARCHAR NOT NULL, at_us BIGINT NOT NULL,
    PRIMARY KEY (assignment, scope, field));
CREATE TABLE IF NOT EXISTS class_releases (
    seq BIGINT PRIMARY KEY, assignment VARCHAR NOT NULL, scope VARCHAR NOT NULL, who VARCHAR NOT NULL, at_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS class_ended (
    assignment VARCHAR NOT NULL, variant VARCHAR NOT NULL, at_us BIGINT NOT NULL, PRIMARY KEY (assignment, variant));
CREATE TABLE IF NOT EXISTS class_begun (
    assignment VARCHAR NOT NULL, person VARCHAR NOT NULL, at_us BIGINT NOT NULL, PRIMARY KEY (assignment, person));
CREATE TABLE IF NOT EXISTS class_published (
    seq BIGINT PRIMARY KEY, assignment VARCHAR NOT NULL, person VARCHAR NOT NULL, submission VARCHAR NOT NULL, points DOUBLE NOT NULL,
    truth_version INTEGER NOT NULL, note VARCHAR NOT NULL DEFAULT '', at_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS class_disputes (
    dispute VARCHAR PRIMARY KEY, assignment VARCHAR NOT NULL, person VARCHAR NOT NULL, machine VARCHAR NOT NULL,
    start_us BIGINT NOT NULL, end_us BIGINT NOT NULL, text VARCHAR NOT NULL, state VARCHAR NOT NULL, answer VARCHAR NOT NULL DEFAULT '',
    at_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS class_reviews (
    assignment VARCHAR NOT NULL, item VARCHAR NOT NULL, verdict VARCHAR NOT NULL, reason VARCHAR NOT NULL, who VARCHAR NOT NULL,
    at_us BIGINT NOT NULL, PRIMARY KEY (assignment, item));
CREATE TABLE IF NOT EXISTS class_drafts (
    person VARCHAR NOT NULL, assignment VARCHAR NOT NULL, revision BIGINT NOT NULL, document VARCHAR NOT NULL, at_us BIGINT NOT NULL,
    PRIMARY KEY (person, assignment));
CREATE TABLE IF NOT EXISTS class_calls (
    seq BIGINT PRIMARY KEY, person VARCHAR NOT NULL, assignment VARCHAR NOT NULL, machine VARCHAR NOT NULL, action VARCHAR NOT NULL,
    fault VARCHAR NOT NULL DEFAULT '', stream_us BIGINT NOT NULL, at_us BIGINT NOT NULL, previous VARCHAR NOT NULL, hash VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS class_rounds (
    round VARCHAR PRIMARY KEY, kind VARCHAR NOT NULL, state VARCHAR NOT NULL, document VARCHAR NOT NULL, at_us BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS class_votes (
    round VARCHAR NOT NULL, stage VARCHAR NOT NULL, person VARCHAR NOT NULL, answer VARCHAR NOT NULL, stream_us BIGINT NOT NULL,
    at_us BIGINT NOT NULL, PRIMARY KEY (round, stage, person));
CREATE TABLE IF NOT EXISTS class_audit (
    seq BIGINT PRIMARY KEY, at_us BIGINT NOT NULL, actor VARCHAR NOT NULL, action VARCHAR NOT NULL, object VARCHAR NOT NULL,
    before VARCHAR NOT NULL DEFAULT '', after VARCHAR NOT NULL DEFAULT '', previous VARCHAR NOT NULL, hash VARCHAR NOT NULL);
