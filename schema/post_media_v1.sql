-- Images, videos and other attachments of posts, by address.
CREATE TABLE IF NOT EXISTS post_media_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  post_id INTEGER NOT NULL REFERENCES posts_v1 (id) ON DELETE CASCADE,
  media_url TEXT NOT NULL,
  media_type TEXT,
  alt_text TEXT,
  created_at TEXT NOT NULL
);

-- Not in the contract of version 1, which names no index here: without it every delete of a post reads the whole table.
CREATE INDEX IF NOT EXISTS idx_post_media_post_id ON post_media_v1 (post_id);
