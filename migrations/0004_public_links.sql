-- Public pages of shared links, the sites that may embed them, and when a link was last used.

ALTER TABLE links ADD COLUMN public_id TEXT;

ALTER TABLE links ADD COLUMN embed_origins TEXT NOT NULL DEFAULT '[]';

ALTER TABLE links ADD COLUMN used_at INTEGER;

CREATE INDEX IF NOT EXISTS links_public ON links (public_id) WHERE public_id IS NOT NULL;
