-- Speck's whole schema. Safe to apply again. docs/storage.md says what each column holds, and for how long.
-- A written row costs a thousand times a read one and every index is one more row written, so each index here
-- says what it is for.

CREATE TABLE IF NOT EXISTS pixels (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  timezone TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Tokens are kept as SHA-256, so the table opens nothing by itself.
CREATE TABLE IF NOT EXISTS tokens (
  hash TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  pixel TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One random key a calendar date; without it no visitor of that date can be recognised again.
CREATE TABLE IF NOT EXISTS salts (
  date TEXT NOT NULL PRIMARY KEY,
  salt TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Clustered by pixel and time: a local day is one range scan, an event one written row.
CREATE TABLE IF NOT EXISTS events (
  pixel TEXT NOT NULL,
  ts INTEGER NOT NULL,
  id TEXT NOT NULL,
  eid TEXT NOT NULL,
  name TEXT NOT NULL,
  visitor TEXT NOT NULL,
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
  value INTEGER,
  currency TEXT NOT NULL,
  props TEXT NOT NULL,
  PRIMARY KEY (pixel, ts, id)
) STRICT, WITHOUT ROWID;

-- Finds the other report of an event that carries a client's id. Events without one cost nothing here.
CREATE INDEX IF NOT EXISTS events_eid ON events (pixel, name, eid, ts) WHERE eid <> '';

-- What was not stored, and why: a count and the latest samples a pixel, day, reason and (of bots) family. batches
-- holds the ids of the last batches counted, so that one that comes again is not counted again.
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

-- Messages that the queue has given up, for the owner to look at and replay.
CREATE TABLE IF NOT EXISTS dead_letters (
  id TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  received_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What health tells: how much was spilled or lost, and when the cron last ran.
CREATE TABLE IF NOT EXISTS counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The local days that have events. raw: 0 kept, 1 being purged, 2 gone; from 1 on the day takes no more events.
CREATE TABLE IF NOT EXISTS days (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  dirty INTEGER NOT NULL,
  rolled_at INTEGER,
  raw INTEGER NOT NULL,
  PRIMARY KEY (pixel, day)
) STRICT, WITHOUT ROWID;

-- What the cron asks for: the days to roll up, and each pixel's oldest days that still hold raw events.
CREATE INDEX IF NOT EXISTS days_dirty ON days (ends_at) WHERE dirty = 1;
CREATE INDEX IF NOT EXISTS days_raw ON days (pixel, ends_at) WHERE raw < 2;

CREATE TABLE IF NOT EXISTS rollups (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  dimension TEXT NOT NULL,
  value TEXT NOT NULL,
  visitors INTEGER NOT NULL,
  visits INTEGER NOT NULL,
  pageviews INTEGER NOT NULL,
  events INTEGER NOT NULL,
  bounces INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  PRIMARY KEY (pixel, day, dimension, value)
) STRICT, WITHOUT ROWID;
