-- What OffX does by itself, and when. `next_due_at` is NULL until a scheduler has worked it out; every change of a job
-- that concerns its times sets it anew. `name` tells the built-in ones, which can be switched off but not removed.
CREATE TABLE IF NOT EXISTS jobs_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  schedule TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  enabled INTEGER NOT NULL DEFAULT 1,
  options TEXT NOT NULL DEFAULT '{}',
  next_due_at TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
