-- Conversions that are sent to advertising networks: where to, what waits and what became of it, and the clicks that are kept for it.

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

CREATE INDEX IF NOT EXISTS deliveries_ts ON deliveries (destination, ts);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (destination, due_at) WHERE state IN ('waiting', 'sent');
CREATE INDEX IF NOT EXISTS deliveries_person ON deliveries (pixel, person) WHERE person <> '';
CREATE INDEX IF NOT EXISTS deliveries_visitor ON deliveries (pixel, visitor);

CREATE TABLE IF NOT EXISTS clicks (
  pixel TEXT NOT NULL,
  person TEXT NOT NULL,
  parameter TEXT NOT NULL,
  click TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (pixel, person, parameter)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS withdrawals (
  pixel TEXT NOT NULL,
  person TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (pixel, person)
) STRICT, WITHOUT ROWID;
