-- What a summary is beyond its text: the engine, the posts it read (as a hash), its sentences as JSON
-- [{"text":…,"posts":[n,…]}] and the sentiment over the period as JSON.
CREATE TABLE IF NOT EXISTS summarization_details_v1 (
  summarization_id INTEGER PRIMARY KEY REFERENCES summarizations_v1 (id) ON DELETE CASCADE,
  engine TEXT NOT NULL,
  input_hash TEXT NOT NULL,
  sentences TEXT NOT NULL,
  sentiment TEXT
);

-- The posts a summary cites, by the number it gives them, and how many others said the same.
CREATE TABLE IF NOT EXISTS summarization_posts_v1 (
  summarization_id INTEGER NOT NULL REFERENCES summarizations_v1 (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  post_id INTEGER NOT NULL REFERENCES posts_v1 (id) ON DELETE CASCADE,
  said_by INTEGER NOT NULL,
  PRIMARY KEY (summarization_id, n)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS idx_summarization_posts_post_id ON summarization_posts_v1 (post_id);
