-- Posts that somebody removed, so that the next import does not bring them back.
CREATE TABLE IF NOT EXISTS removed_posts_v1 (
  platform TEXT NOT NULL,
  external_id TEXT NOT NULL,
  removed_at TEXT NOT NULL,
  PRIMARY KEY (platform, external_id)
) WITHOUT ROWID;
