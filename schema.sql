-- Speck's whole schema, to read: migrations/ makes it, and a test holds it equal to the sum of the migrations. A change goes in
-- here, into a new migration, and into SCHEMA_VERSION (src/model/version.ts). docs/storage.md says what each column holds, and for
-- how long.
-- A written row costs a thousand times a read one and every index is one more row written, so each index here
-- says what it is for.

-- The migrations that have been applied to this database, by number: see migrations/.
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

-- Tokens are kept as SHA-256, so the table opens nothing by itself.
CREATE TABLE IF NOT EXISTS tokens (
  hash TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  pixel TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is signed in at the dashboard: the SHA-256 of a cookie's secret, and what it was made with. kind: admin, whose proof is
-- a hash of the secret and ADMIN_TOKEN together; token or link, whose proof is that one's hash, so that it ends with it.
CREATE TABLE IF NOT EXISTS sessions (
  hash TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  proof TEXT NOT NULL,
  pixel TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts the sessions of one token or link, and finds those that have expired.
CREATE INDEX IF NOT EXISTS sessions_proof ON sessions (proof, expires_at);

-- Links that show a pixel's statistics to whoever has them. password is PBKDF2 of it, salted with the link's secret, which
-- is not kept; guesses counts wrong passwords until guess_until. token is the id of the token that made the link, null if
-- ADMIN_TOKEN did.
CREATE TABLE IF NOT EXISTS links (
  hash TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  pixel TEXT NOT NULL,
  name TEXT NOT NULL,
  password TEXT,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  guesses INTEGER NOT NULL DEFAULT 0,
  guess_until INTEGER NOT NULL DEFAULT 0,
  token TEXT
) STRICT, WITHOUT ROWID;

-- One random key a calendar date, sealed under SECRET_KEY; without it no visitor of that date can be recognised again.
CREATE TABLE IF NOT EXISTS salts (
  date TEXT NOT NULL PRIMARY KEY,
  salt TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One random key a pixel, sealed under SECRET_KEY, under which its people are hashed.
CREATE TABLE IF NOT EXISTS keys (
  pixel TEXT NOT NULL PRIMARY KEY,
  key TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Clustered by pixel and time: a local day is one range scan, an event one written row. authenticated is 1 if the event came
-- with a token, 0 if anyone could have sent it.
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
  authenticated INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (pixel, ts, id)
) STRICT, WITHOUT ROWID;

-- Finds the other report of an event that carries a client's id. Events without one cost nothing here.
CREATE INDEX IF NOT EXISTS events_eid ON events (pixel, name, eid, ts) WHERE eid <> '';

-- Finds a person's events, for erasing, showing and attributing them. Events of nobody known cost nothing here.
CREATE INDEX IF NOT EXISTS events_person ON events (pixel, person, ts) WHERE person <> '';

-- When the visitors of an hour of a pixel were there, so that a visitor's events of today are found without reading all: JSONB of
-- {the beginning of a visitor's hash: [milliseconds since the hour began, …]}, NULL for an hour with too many events. Kept for 26 hours.
CREATE TABLE IF NOT EXISTS visitor_hours (
  pixel TEXT NOT NULL,
  hour INTEGER NOT NULL,
  visitors BLOB,
  PRIMARY KEY (pixel, hour)
) STRICT, WITHOUT ROWID;

-- Which alias of a person belongs to which stronger one. confirmed is 1 if the owner's server vouched for the link, 0 if
-- anyone could have claimed it. The index finds a person's aliases from the strongest.
CREATE TABLE IF NOT EXISTS person_links (
  pixel TEXT NOT NULL,
  alias TEXT NOT NULL,
  target TEXT NOT NULL,
  confirmed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (pixel, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_links_target ON person_links (pixel, target);

-- The people of a day as events name them, and the kinds of device they had, as bits. A row of no devices is of a person
-- who is in that day no more. The index tells when a person was first seen.
CREATE TABLE IF NOT EXISTS person_days (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  person TEXT NOT NULL,
  devices INTEGER NOT NULL,
  PRIMARY KEY (pixel, day, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_days_person ON person_days (pixel, person, day);

-- Who has been erased, as events name them: an alias of a person, or a visitor. What happened before and was still on its way
-- then, or comes from an export, is not written afterwards.
CREATE TABLE IF NOT EXISTS erasures (
  pixel TEXT NOT NULL,
  who TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (pixel, who)
) STRICT, WITHOUT ROWID;

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

-- Messages that the queue has given up, for the owner to replay, sealed under SECRET_KEY. What has been erased and deleted
-- until checked_at is in them no more.
CREATE TABLE IF NOT EXISTS dead_letters (
  id TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  checked_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What health tells: how much was spilled or lost, and when the cron last ran; and when something was last erased.
CREATE TABLE IF NOT EXISTS counters (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The local days that have events. src/model/day-state.ts has the names of the states.
-- dirty: 0 clean: the rollup agrees with the events and the goals; 1 eventsChanged: events have changed since the last rollup, or
-- there is none; 2 inSlices: a large day is being rolled up slice by slice, and no event has changed since the first slice;
-- 3 goalsChanged: only goals have changed.
-- raw: 0 stored; 1 purging: the purge has begun; 2 purged. From 1 on the day takes no more events.
-- rolled_at and events: the time of the last rollup, and its number of events. rolls: the number of rollups. rollup_version: the
-- version of the code that made the last one. slice, slices: how many slices are done, and of how many.
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
  rollup_version INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (pixel, day)
) STRICT, WITHOUT ROWID;

-- The cron looks up the days to roll up, each pixel's oldest days with raw events, and the days whose rollup is of an older version
-- and can be recomputed.
CREATE INDEX IF NOT EXISTS days_dirty ON days (ends_at) WHERE dirty > 0;
CREATE INDEX IF NOT EXISTS days_raw ON days (pixel, ends_at) WHERE raw < 2;
CREATE INDEX IF NOT EXISTS days_outdated ON days (rollup_version, ends_at) WHERE raw = 0 AND dirty = 0;

-- Tasks of the cron that failed, and when each is tried again. A task that succeeds has no row. item is what the task works
-- on, such as a day or a month; error is the last error, cut.
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

-- The counts of a day for each value of each dimension. Rows with a currency hold revenue (in millionths) and sales of
-- that currency and nothing else; the others hold all but these.
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

-- The months that have rollups of their own, so that a question about a year reads twelve of them, not 365 days. One
-- holds as long as its days have been rolled up as often as rolls says, and none of them has changed since.
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

-- A large day's rollup in the making: some hundred rows of a slice of its visitors each, as JSONB, until all slices are
-- there and are summed. A row for each would cost as much as the events themselves.
CREATE TABLE IF NOT EXISTS rollup_slices (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  slice INTEGER NOT NULL,
  part INTEGER NOT NULL,
  counts BLOB NOT NULL,
  PRIMARY KEY (pixel, day, slice, part)
) STRICT, WITHOUT ROWID;
