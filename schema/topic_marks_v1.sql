-- Which topics a user is done with, and since when.
CREATE TABLE IF NOT EXISTS topic_marks_v1 (
  user_id INTEGER NOT NULL,
  topic_id INTEGER NOT NULL,
  done_at TEXT NOT NULL,
  PRIMARY KEY (user_id, topic_id)
) WITHOUT ROWID;

-- When a user looked at what is new, and when before: what came since then is new.
CREATE TABLE IF NOT EXISTS visits_v1 (
  user_id INTEGER PRIMARY KEY,
  last_at TEXT NOT NULL,
  previous_at TEXT
);
