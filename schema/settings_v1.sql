-- What can be set while the server runs; a name without a row has its default.
CREATE TABLE IF NOT EXISTS settings_v1 (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
