-- The complete schema, for reading. migrations/ creates it, and a test holds it equal to the sum of the migrations. A change goes into this
-- file, into a new migration, and into SCHEMA_VERSION (src/model/version.ts). docs/storage.md describes each column, and how long it is
-- stored.
-- A written row costs a thousand times as much as a read row, and each index is one more written row. So each index here says what it is
-- for.

-- The migrations that have been applied to this database, by number: see migrations/.
CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER NOT NULL PRIMARY KEY,
  applied_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- imported_from, imported_until: the first and last day of imported totals; NULL if it has none.
CREATE TABLE IF NOT EXISTS pixels (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  timezone TEXT NOT NULL,
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  imported_from TEXT,
  imported_until TEXT
) STRICT, WITHOUT ROWID;

-- API tokens. Only the SHA-256 of a token is stored, so the table alone gives no access.
CREATE TABLE IF NOT EXISTS tokens (
  hash TEXT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  pixel TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions of the dashboard. hash: the SHA-256 of the cookie's secret. kind: admin, token or link. proof: for admin a hash of the secret
-- and ADMIN_TOKEN together; for a token or link its hash, so that the session ends with it.
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

-- Shared links: anyone with the link sees a pixel's statistics. password: PBKDF2 of the password, salted with the link's secret, which is not
-- stored. guesses: the wrong passwords until guess_until. token: the id of the token that created the link; NULL if ADMIN_TOKEN did.
-- public_id: the id of its public page; NULL if it has none. embed_origins: a JSON array of the sites that may embed that page. used_at: its
-- last use, to the hour.
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
  token TEXT,
  public_id TEXT,
  embed_origins TEXT NOT NULL DEFAULT '[]',
  used_at INTEGER
) STRICT, WITHOUT ROWID;

-- Finds a link by the id of its public page. Links without one cost nothing here.
CREATE INDEX IF NOT EXISTS links_public ON links (public_id) WHERE public_id IS NOT NULL;

-- One random key per calendar date, sealed under SECRET_KEY. Without it no visitor of that date can be recognized.
CREATE TABLE IF NOT EXISTS salts (
  date TEXT NOT NULL PRIMARY KEY,
  salt TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One random key per pixel, sealed under SECRET_KEY. Aliases of people are hashed with it.
CREATE TABLE IF NOT EXISTS keys (
  pixel TEXT NOT NULL PRIMARY KEY,
  key TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The names that other tools' clients have for their sites, and the pixels that they lead to: one name may lead to several pixels.
-- tool: a name of src/model/pixel-key.ts. The index finds a pixel's names.
CREATE TABLE IF NOT EXISTS pixel_keys (
  tool TEXT NOT NULL,
  name TEXT NOT NULL,
  pixel TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tool, name, pixel)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pixel_keys_pixel ON pixel_keys (pixel);

-- Clustered by pixel and time: a local day is one range scan, and an event costs one written row. authenticated: 1 if the event was sent
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

-- Finds the other report of an event with a client's id. Events without one cost nothing here.
CREATE INDEX IF NOT EXISTS events_eid ON events (pixel, name, eid, ts) WHERE eid <> '';

-- Finds a person's events, to erase, show and attribute them. Events without a person cost nothing here.
CREATE INDEX IF NOT EXISTS events_person ON events (pixel, person, ts) WHERE person <> '';

-- The visitors of an hour of a pixel, so that a visitor's events of today are found without reading all events. visitors: JSONB of
-- {the beginning of a visitor's hash: [milliseconds since the beginning of the hour, …]}; NULL for an hour with too many events. Stored for
-- 26 hours.
CREATE TABLE IF NOT EXISTS visitor_hours (
  pixel TEXT NOT NULL,
  hour INTEGER NOT NULL,
  visitors BLOB,
  PRIMARY KEY (pixel, hour)
) STRICT, WITHOUT ROWID;

-- Links from an alias of a person to a stronger one. confirmed: 1 if the owner's server vouched for the link, 0 if anyone could have claimed
-- it. The index finds a person's aliases from the strongest one.
CREATE TABLE IF NOT EXISTS person_links (
  pixel TEXT NOT NULL,
  alias TEXT NOT NULL,
  target TEXT NOT NULL,
  confirmed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (pixel, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_links_target ON person_links (pixel, target);

-- The people of a day, by the alias in their events, with their kinds of device as bits. A row without devices is of a person who has no
-- events on that day any more. The index finds the first day of a person.
CREATE TABLE IF NOT EXISTS person_days (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  person TEXT NOT NULL,
  devices INTEGER NOT NULL,
  PRIMARY KEY (pixel, day, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS person_days_person ON person_days (pixel, person, day);

-- The people and visitors who have been erased. who: an alias, or a visitor's hash. Their events from before the erasure are not stored any
-- more, whether they arrive late or come from an export.
CREATE TABLE IF NOT EXISTS erasures (
  pixel TEXT NOT NULL,
  who TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (pixel, who)
) STRICT, WITHOUT ROWID;

-- Events that were not stored: a count and the latest samples per pixel, day, reason and, for bots, family. batches: the ids of the batches
-- counted last, so that a batch that arrives again is not counted again.
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

-- Messages that the queue has given up on, sealed under SECRET_KEY, for the owner to replay. They contain nothing that was erased or deleted
-- before checked_at.
CREATE TABLE IF NOT EXISTS dead_letters (
  id TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  checked_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Counters of /health, such as spilled batches, lost events and cron runs; and when something was last erased.
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
-- version of the code that made the last one. slice, slices: how many slices are done, and of how many. columns: the version of the
-- format of its columns, in segments or in its month's segment; 0 if it has none. points: how many of its events are in Analytics Engine
-- only, as of the last look at counted_at. sample_interval: of how many events one is kept there at worst; 1 if all are. held_until: a day
-- that was restored from the archive is not purged before this time.
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
  columns INTEGER NOT NULL DEFAULT 0,
  points INTEGER NOT NULL DEFAULT 0,
  sample_interval INTEGER NOT NULL DEFAULT 1,
  counted_at INTEGER NOT NULL DEFAULT 0,
  held_until INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (pixel, day)
) STRICT, WITHOUT ROWID;

-- The cron looks up the days to roll up, each pixel's oldest days with raw events and those with columns, and the days whose rollup is of an
-- older version and can be recomputed.
CREATE INDEX IF NOT EXISTS days_dirty ON days (ends_at) WHERE dirty > 0;
CREATE INDEX IF NOT EXISTS days_raw ON days (pixel, ends_at) WHERE raw < 2;
CREATE INDEX IF NOT EXISTS days_columns ON days (pixel, ends_at) WHERE columns > 0;
CREATE INDEX IF NOT EXISTS days_outdated ON days (rollup_version, ends_at) WHERE raw = 0 AND dirty = 0;

-- Finds the days whose points are counted again: they may still get some. Other days cost nothing here.
CREATE INDEX IF NOT EXISTS days_points ON days (ends_at) WHERE points > 0 AND counted_at < ends_at + 86400000;

-- Tasks of the cron that have failed, and when each is tried again. A task that succeeds has no row. item: what the task works on, such as a
-- day or a month. error: the last error, shortened.
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

-- The counts of a day for each value of each dimension. Rows with a currency have only the revenue (in millionths) and sales of that
-- currency. The other rows have all other counts.
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

-- The months that have rollups of their own, so that a query for a year reads twelve of them and not 365 days. A month's rollup is valid as
-- long as its days are clean and have been rolled up rolls times in all. columns: the generation of the month's segment, which replaces those
-- of its days; 0 if there is none.
CREATE TABLE IF NOT EXISTS months (
  pixel TEXT NOT NULL,
  month TEXT NOT NULL,
  rolls INTEGER NOT NULL,
  columns INTEGER NOT NULL DEFAULT 0,
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

-- The unfinished rollup of a large day. counts: some hundred rows of a slice of its visitors, as JSONB. When all slices are stored, they are
-- summed. One table row per rollup row would cost as much as the events themselves.
CREATE TABLE IF NOT EXISTS rollup_slices (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  slice INTEGER NOT NULL,
  part INTEGER NOT NULL,
  counts BLOB NOT NULL,
  PRIMARY KEY (pixel, day, slice, part)
) STRICT, WITHOUT ROWID;

-- The events of finished days as columns, without anything that tells visitors or people apart. period: a local day, or a month. generation:
-- for a day, its rolls as of the rollup that it was stored with; for a month, the month's. slice: the number of a part of a large day's visitors. name: the
-- column; '' for the header. chunk: the number of a piece of its dictionary and codes. size: their bytes. docs/storage.md describes them.
CREATE TABLE IF NOT EXISTS segments (
  pixel TEXT NOT NULL,
  period TEXT NOT NULL,
  generation INTEGER NOT NULL,
  slice INTEGER NOT NULL,
  name TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  size INTEGER NOT NULL,
  dictionary TEXT NOT NULL,
  codes TEXT NOT NULL,
  PRIMARY KEY (pixel, period, generation, slice, name, chunk)
) STRICT, WITHOUT ROWID;

-- The files of archived events in the bucket: the parts of each closed day. A row is made before its file is written. written_at: when the
-- file was written; 0 if it is still to be written, or is of an earlier state of the day. last_ts, last_id: the key of the last event that
-- was written to it. is_last: 1 if no part follows. people: how many of its events belong to people. sha256: of the file, in hex.
-- erase_at: the latest erasure or deletion that the file may still have to follow; 0 for none. restored: how many of its events the
-- restore in progress has written back.
CREATE TABLE IF NOT EXISTS archives (
  pixel TEXT NOT NULL,
  day TEXT NOT NULL,
  part INTEGER NOT NULL,
  last_ts INTEGER NOT NULL DEFAULT 0,
  last_id TEXT NOT NULL DEFAULT '',
  is_last INTEGER NOT NULL DEFAULT 0,
  events INTEGER NOT NULL DEFAULT 0,
  people INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  sha256 TEXT NOT NULL DEFAULT '',
  written_at INTEGER NOT NULL DEFAULT 0,
  erase_at INTEGER NOT NULL DEFAULT 0,
  restored INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (pixel, day, part)
) STRICT, WITHOUT ROWID;

-- The cron looks up the files that erasures have to reach, those that are not written, and those with people who are to be forgotten.
CREATE INDEX IF NOT EXISTS archives_erase ON archives (erase_at) WHERE erase_at > 0;
CREATE INDEX IF NOT EXISTS archives_unwritten ON archives (pixel, day) WHERE written_at = 0;
CREATE INDEX IF NOT EXISTS archives_people ON archives (day) WHERE people > 0;

-- Imports of files of other tools. The ids of an import's events begin with its own. fingerprint: a hash of the file, so that the same file
-- continues its import. state: see src/model/import.ts. since, until: only events from since on and before until are stored. position: how
-- many items of the file have been taken. counts: a JSON object of what became of them.
CREATE TABLE IF NOT EXISTS imports (
  pixel TEXT NOT NULL,
  id TEXT NOT NULL,
  source TEXT NOT NULL,
  file TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL,
  since INTEGER,
  until INTEGER,
  position INTEGER NOT NULL,
  counts TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (pixel, id)
) STRICT, WITHOUT ROWID;

-- The dates (UTC, in days since 1970) on which an import that can be undone has events. Local days that touch one are not purged.
CREATE TABLE IF NOT EXISTS import_dates (
  pixel TEXT NOT NULL,
  date INTEGER NOT NULL,
  import TEXT NOT NULL,
  PRIMARY KEY (pixel, date, import)
) STRICT, WITHOUT ROWID;

-- The counts of a day for the values of a dimension, as another tool has exported them. One row has all values, since a written row costs a
-- thousand times as much as a read one. dimension: as in rollups; '' for the day itself. size: the number of values. counts: JSONB, a list of
-- [value, visitors, visits, pageviews, events, bounces, duration, engaged, engaged_visits, scroll, scrolled_visits].
CREATE TABLE IF NOT EXISTS imported_rollups (
  pixel TEXT NOT NULL,
  dimension TEXT NOT NULL,
  day TEXT NOT NULL,
  import TEXT NOT NULL,
  size INTEGER NOT NULL,
  counts BLOB NOT NULL,
  PRIMARY KEY (pixel, dimension, day)
) STRICT, WITHOUT ROWID;

-- Where conversions are sent: docs/relay.md. network, state, mode: see src/model/destination.ts. account: the network's id of the owner's pixel or
-- account. settings: a JSON object. rules: a JSON array. secret: sealed under SECRET_KEY; secret_at: when the owner set it. problem: a JSON object that says
-- why it has stopped; NULL otherwise. failures: how often in a row the network could not be reached, or asked to wait; retry_at: when it is asked again.
CREATE TABLE IF NOT EXISTS destinations (
  id TEXT NOT NULL PRIMARY KEY,
  pixel TEXT NOT NULL,
  network TEXT NOT NULL,
  name TEXT NOT NULL,
  account TEXT NOT NULL,
  settings TEXT NOT NULL,
  rules TEXT NOT NULL,
  mode TEXT NOT NULL,
  test_code TEXT NOT NULL,
  state TEXT NOT NULL,
  secret TEXT NOT NULL,
  secret_at INTEGER NOT NULL,
  problem TEXT,
  failures INTEGER NOT NULL DEFAULT 0,
  retry_at INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS destinations_pixel ON destinations (pixel);

-- Conversions on their way to a destination, and for 30 days what became of them. The key makes an event go to a destination once. ts, id: the
-- event's. person, visitor: the event's, so that an erasure finds the row. sent_as: the network's name of the event. has_eid: 1 if the client gave the
-- event its id. reported: who reported the event, as bits: 1 a browser, 2 the owner's server. on_page: 1 if the network's own pixel was on the page.
-- state: see src/model/delivery.ts. queued_at: when the row was made; due_at: when it is sent, or sent again, or asked after. expires_at: when the
-- network would not take it any more. payload: what is to be sent, sealed under SECRET_KEY; NULL once it does not wait any more. fields: a JSON array
-- of the fields that were sent, without their values. answer: a JSON object of what the network answered.
CREATE TABLE IF NOT EXISTS deliveries (
  destination TEXT NOT NULL,
  name TEXT NOT NULL,
  event_id TEXT NOT NULL,
  pixel TEXT NOT NULL,
  ts INTEGER NOT NULL,
  id TEXT NOT NULL,
  person TEXT NOT NULL,
  visitor TEXT NOT NULL,
  sent_as TEXT NOT NULL,
  has_eid INTEGER NOT NULL,
  reported INTEGER NOT NULL,
  on_page INTEGER NOT NULL,
  state TEXT NOT NULL,
  queued_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  sent_at INTEGER,
  payload TEXT,
  fields TEXT,
  answer TEXT,
  PRIMARY KEY (destination, name, event_id)
) STRICT, WITHOUT ROWID;

-- The latest deliveries of a destination; those that are due; those of a person, and those of a visitor, to erase them and to stop what waits. The
-- last one finds those of a deleted pixel, too.
CREATE INDEX IF NOT EXISTS deliveries_ts ON deliveries (destination, ts);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (destination, due_at) WHERE state IN ('waiting', 'sent');
CREATE INDEX IF NOT EXISTS deliveries_person ON deliveries (pixel, person) WHERE person <> '';
CREATE INDEX IF NOT EXISTS deliveries_visitor ON deliveries (pixel, visitor);

-- The latest click of a person for each parameter of an advertising network, kept under consent for a later purchase. click: the click id, sealed under
-- SECRET_KEY. at: the time of the click.
CREATE TABLE IF NOT EXISTS clicks (
  pixel TEXT NOT NULL,
  person TEXT NOT NULL,
  parameter TEXT NOT NULL,
  click TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (pixel, person, parameter)
) STRICT, WITHOUT ROWID;

-- The people who have withdrawn their consent. Their events from before that are not sent to anybody any more, whenever they arrive.
CREATE TABLE IF NOT EXISTS withdrawals (
  pixel TEXT NOT NULL,
  person TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (pixel, person)
) STRICT, WITHOUT ROWID;
