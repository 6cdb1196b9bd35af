CREATE TABLE events (
  pixel TEXT NOT NULL,
  ts INTEGER NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  page TEXT NOT NULL,
  referrer TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  language TEXT NOT NULL,
  country TEXT NOT NULL,
  eid TEXT NOT NULL,
  PRIMARY KEY (pixel, ts, id)
) STRICT, WITHOUT ROWID;
