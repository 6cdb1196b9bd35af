-- The names that other tools' clients have for their sites, and the pixels that they lead to.

CREATE TABLE IF NOT EXISTS pixel_keys (
  tool TEXT NOT NULL,
  name TEXT NOT NULL,
  pixel TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tool, name, pixel)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS pixel_keys_pixel ON pixel_keys (pixel);
