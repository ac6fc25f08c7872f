-- What was imported when.
CREATE TABLE IF NOT EXISTS imports_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  format TEXT NOT NULL,
  started_at TEXT NOT NULL,
  finished_at TEXT NOT NULL,
  posts_added INTEGER NOT NULL,
  posts_updated INTEGER NOT NULL,
  posts_unchanged INTEGER NOT NULL,
  items_broken INTEGER NOT NULL
);
