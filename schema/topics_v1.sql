-- Topics a user defined, to file posts under and to summarise.
CREATE TABLE IF NOT EXISTS topics_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL,
  description TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
