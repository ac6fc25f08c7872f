-- Posts of every platform. Times are UTC, YYYY-MM-DD HH:MM:SS.
CREATE TABLE IF NOT EXISTS posts_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  external_id TEXT NOT NULL,
  content TEXT NOT NULL,
  author TEXT,
  author_username TEXT,
  platform TEXT NOT NULL,
  created_at TEXT NOT NULL,
  fetched_at TEXT NOT NULL,
  url TEXT
);

-- A post is one by the platform and the platform's id.
CREATE UNIQUE INDEX IF NOT EXISTS idx_posts_external_id ON posts_v1 (external_id, platform);

CREATE INDEX IF NOT EXISTS idx_posts_author ON posts_v1 (author);

CREATE INDEX IF NOT EXISTS idx_posts_created_at ON posts_v1 (created_at);

CREATE INDEX IF NOT EXISTS idx_posts_platform ON posts_v1 (platform);
