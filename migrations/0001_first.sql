-- The tables of version 1. What they hold is said in schema.sql. A migration is not changed after its release.

CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER NOT NULL PRIMARY KEY,
  applied_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS pixels (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  timezone TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS tokens (
  hash TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  pixel TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS sessions (
  hash TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  proof TEXT NOT NULL,
  pixel TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS links (
  hash TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  pixel TEXT NOT NULL,
  name TEXT NOT NULL,
  password TEXT,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  guesses INTEGER NOT NULL DEFAULT 0,
  guess_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS salts (
  date TEXT NOT NULL PRIMARY KEY,
  salt TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS keys (
  pixel TEXT NOT NULL PRIMARY KEY,
  key TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS events (
  pixel TEXT NOT NULL,
  ts INTEGER NOT NULL,
  id TEXT NOT NULL,
  eid TEXT NOT NULL,
  name TEXT NOT NULL,
  visitor TEXT NOT NULL,
  person TEXT NOT NULL,
  hostname TEXT NOT NULL,
  page TEXT NOT NULL,
  referrer TEXT NOT NULL,
  source TEXT NOT NULL,
  channel TEXT NOT NULL,
  utm_source TEXT NOT NULL,
  utm_medium TEXT NOT NULL,
  utm_campaign TEXT NOT NULL,
  utm_content TEXT NOT NULL,
  utm_term TEXT NOT NULL,
  device TEXT NOT NULL,
  browser TEXT NOT NULL,
  browser_version TEXT NOT NULL,
  os TEXT NOT NULL,
  os_version TEXT NOT NULL,
  country TEXT NOT NULL,
  region TEXT NOT NULL,
  region_name TEXT NOT NULL,
  city TEXT NOT NULL,
  language TEXT NOT NULL,
  agent_class TEXT NOT NULL,
  engaged INTEGER,
  scroll INTEGER,
  value INTEGER,
  currency TEXT NOT NULL,
  props TEXT NOT NULL,
  PRIMARY KEY (pixel, ts, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS events_eid ON events (pixel, name, eid, ts) WHERE eid <> '';

CREATE INDEX IF NOT EXISTS events_person ON events (pixel, person, ts) WHERE person <> '';

CREATE TABLE IF NOT EXISTS person_links (
  pixel TEXT NOT NULL,
  alias TEXT NOT NULL,
  target TEXT NOT NULL,
  PRIMARY KEY (pixel, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_links_target ON person_links (pixel, target);

CREATE TABLE IF NOT EXISTS person_days (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  person TEXT NOT NULL,
  devices INTEGER NOT NULL,
  PRIMARY KEY (pixel, day, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_days_person ON person_days (pixel, person, day);

CREATE TABLE IF NOT EXISTS erasures (
  pixel TEXT NOT NULL,
  who TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (pixel, who)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS rejections (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  reason TEXT NOT NULL,
  family TEXT NOT NULL,
  count INTEGER NOT NULL,
  samples TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  batches TEXT NOT NULL,
  PRIMARY KEY (pixel, day, reason, family)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS dead_letters (
  id TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS days (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  dirty INTEGER NOT NULL,
  rolled_at INTEGER,
  events INTEGER NOT NULL DEFAULT 0,
  rolls INTEGER NOT NULL DEFAULT 0,
  slice INTEGER NOT NULL DEFAULT 0,
  slices INTEGER NOT NULL DEFAULT 0,
  raw INTEGER NOT NULL,
  PRIMARY KEY (pixel, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS days_dirty ON days (ends_at) WHERE dirty > 0;
CREATE INDEX IF NOT EXISTS days_raw ON days (pixel, ends_at) WHERE raw < 2;

CREATE TABLE IF NOT EXISTS rollups (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  dimension TEXT NOT NULL,
  value TEXT NOT NULL,
  currency TEXT NOT NULL,
  visitors INTEGER NOT NULL,
  visits INTEGER NOT NULL,
  pageviews INTEGER NOT NULL,
  events INTEGER NOT NULL,
  bounces INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  engaged INTEGER NOT NULL,
  engaged_visits INTEGER NOT NULL,
  scroll INTEGER NOT NULL,
  scrolled_visits INTEGER NOT NULL,
  revenue INTEGER NOT NULL,
  sales INTEGER NOT NULL,
  PRIMARY KEY (pixel, day, dimension, currency, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS months (
  pixel TEXT NOT NULL,
  month TEXT NOT NULL,
  rolls INTEGER NOT NULL,
  PRIMARY KEY (pixel, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS month_rollups (
  pixel TEXT NOT NULL,
  month TEXT NOT NULL,
  dimension TEXT NOT NULL,
  value TEXT NOT NULL,
  currency TEXT NOT NULL,
  visitors INTEGER NOT NULL,
  visits INTEGER NOT NULL,
  pageviews INTEGER NOT NULL,
  events INTEGER NOT NULL,
  bounces INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  engaged INTEGER NOT NULL,
  engaged_visits INTEGER NOT NULL,
  scroll INTEGER NOT NULL,
  scrolled_visits INTEGER NOT NULL,
  revenue INTEGER NOT NULL,
  sales INTEGER NOT NULL,
  PRIMARY KEY (pixel, month, dimension, currency, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS rollup_slices (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  slice INTEGER NOT NULL,
  part INTEGER NOT NULL,
  counts BLOB NOT NULL,
  PRIMARY KEY (pixel, day, slice, part)
) STRICT, WITHOUT ROWID;
