-- Which post belongs to which topic.
CREATE TABLE IF NOT EXISTS topic_posts_v1 (
  topic_id INTEGER NOT NULL REFERENCES topics_v1 (id) ON DELETE CASCADE,
  post_id INTEGER NOT NULL REFERENCES posts_v1 (id) ON DELETE CASCADE,
  added_at TEXT NOT NULL,
  PRIMARY KEY (topic_id, post_id)
) WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS idx_topic_posts_topic_id ON topic_posts_v1 (topic_id);

CREATE INDEX IF NOT EXISTS idx_topic_posts_post_id ON topic_posts_v1 (post_id);
