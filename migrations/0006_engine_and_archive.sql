-- Days of Analytics Engine: how many points they have there, and how strongly these are sampled.

ALTER TABLE days ADD COLUMN points INTEGER NOT NULL DEFAULT 0;

ALTER TABLE days ADD COLUMN sample_interval INTEGER NOT NULL DEFAULT 1;

ALTER TABLE days ADD COLUMN counted_at INTEGER NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS days_points ON days (ends_at) WHERE points > 0 AND counted_at < ends_at + 86400000;

-- Days that were restored from the archive, and the files of the archive.

ALTER TABLE days ADD COLUMN held_until INTEGER NOT NULL DEFAULT 0;

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

CREATE INDEX IF NOT EXISTS archives_erase ON archives (erase_at) WHERE erase_at > 0;
CREATE INDEX IF NOT EXISTS archives_unwritten ON archives (pixel, day) WHERE written_at = 0;
CREATE INDEX IF NOT EXISTS archives_people ON archives (day) WHERE people > 0;
