-- Summaries of a topic's posts over a period.
CREATE TABLE IF NOT EXISTS summarizations_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic_id INTEGER NOT NULL REFERENCES topics_v1 (id) ON DELETE CASCADE,
  content TEXT NOT NULL,
  prompt TEXT,
  post_count INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  time_period_start TEXT NOT NULL,
  time_period_end TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_summarizations_topic_id ON summarizations_v1 (topic_id);

CREATE INDEX IF NOT EXISTS idx_summarizations_created_at ON summarizations_v1 (created_at);

CREATE INDEX IF NOT EXISTS idx_summarizations_time_period ON summarizations_v1 (time_period_start, time_period_end);
