-- Finished days as columns.

ALTER TABLE days ADD COLUMN columns INTEGER NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS days_columns ON days (pixel, ends_at) WHERE columns > 0;

ALTER TABLE months ADD COLUMN columns INTEGER NOT NULL DEFAULT 0;

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
