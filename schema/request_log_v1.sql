-- What the server answered. `path` is without its query, which may hold what somebody looked for.
CREATE TABLE IF NOT EXISTS request_log_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time TEXT NOT NULL,
  request_id TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  status INTEGER NOT NULL,
  ms INTEGER NOT NULL,
  user_id INTEGER,
  who TEXT NOT NULL,
  address TEXT NOT NULL,
  bytes INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_request_log_time ON request_log_v1(time);
