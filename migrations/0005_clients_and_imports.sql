-- The names that other tools' clients have for their sites, and the pixels that they lead to.

CREATE TABLE IF NOT EXISTS pixel_keys (
  tool TEXT NOT NULL,
  name TEXT NOT NULL,
  pixel TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tool, name, pixel)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS pixel_keys_pixel ON pixel_keys (pixel);

-- Imports of files of other tools, and the dates of the events of those that can be undone.

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

CREATE TABLE IF NOT EXISTS import_dates (
  pixel TEXT NOT NULL,
  date INTEGER NOT NULL,
  import TEXT NOT NULL,
  PRIMARY KEY (pixel, date, import)
) STRICT, WITHOUT ROWID;

-- Totals of tools that export no events, and the days that a pixel has such totals of.

CREATE TABLE IF NOT EXISTS imported_rollups (
  pixel TEXT NOT NULL,
  dimension TEXT NOT NULL,
  day TEXT NOT NULL,
  import TEXT NOT NULL,
  size INTEGER NOT NULL,
  counts BLOB NOT NULL,
  PRIMARY KEY (pixel, dimension, day)
) STRICT, WITHOUT ROWID;

ALTER TABLE pixels ADD COLUMN imported_from TEXT;

ALTER TABLE pixels ADD COLUMN imported_until TEXT;
