-- The mood of a topic's posts by hour, as far as somebody has asked for it. It holds for the posts that topic_volume
-- counted when its `posts` and `revision` were these; with others it has to be worked out again.
CREATE TABLE IF NOT EXISTS topic_mood_v1 (
  topic_id INTEGER NOT NULL,
  hour TEXT NOT NULL,
  posts INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  score_sum REAL NOT NULL,
  positive INTEGER NOT NULL,
  negative INTEGER NOT NULL,
  PRIMARY KEY (topic_id, hour)
) WITHOUT ROWID;
