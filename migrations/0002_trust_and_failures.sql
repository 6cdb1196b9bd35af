-- Who vouches for an event or a link, which code made a rollup, who made a shared link, what has been taken out of a dead letter,
-- and which tasks of the cron fail.

ALTER TABLE events ADD COLUMN authenticated INTEGER NOT NULL DEFAULT 0;

ALTER TABLE person_links ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;

ALTER TABLE days ADD COLUMN rollup_version INTEGER NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS days_outdated ON days (rollup_version, ends_at) WHERE raw = 0 AND dirty = 0;

ALTER TABLE links ADD COLUMN token TEXT;

ALTER TABLE dead_letters ADD COLUMN checked_at INTEGER NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS sessions_proof ON sessions (proof, expires_at);

CREATE TABLE IF NOT EXISTS failed_tasks (
  task TEXT NOT NULL,
  pixel TEXT NOT NULL,
  item TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  since INTEGER NOT NULL,
  retry_at INTEGER NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (task, pixel, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS visitor_hours (
  pixel TEXT NOT NULL,
  hour INTEGER NOT NULL,
  visitors BLOB,
  PRIMARY KEY (pixel, hour)
) STRICT, WITHOUT ROWID;
