-- Who may log in. `password_hash` is a PHC string of argon2id.
CREATE TABLE IF NOT EXISTS users_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  username TEXT NOT NULL UNIQUE COLLATE NOCASE,
  password_hash TEXT NOT NULL,
  is_admin INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  last_login_at TEXT
);

-- Browsers that are logged in. Of the cookie only its SHA-256 is kept.
CREATE TABLE IF NOT EXISTS sessions_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token_hash TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users_v1(id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  address TEXT NOT NULL,
  user_agent TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_sessions_user_id ON sessions_v1(user_id, address);

-- For programs. `prefix` is what their owner knows them by; `scopes` are words with blanks between.
CREATE TABLE IF NOT EXISTS api_tokens_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token_hash TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users_v1(id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT,
  last_used_at TEXT
);

CREATE INDEX IF NOT EXISTS idx_api_tokens_user_id ON api_tokens_v1(user_id);

-- Attempts to log in that failed, or have not ended yet: they are counted before a password is looked at. `account` is
-- a user name, or a hash of what was given for one and is nobody's.
CREATE TABLE IF NOT EXISTS login_attempts_v1 (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL COLLATE NOCASE,
  address TEXT NOT NULL,
  at TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS idx_login_attempts_account ON login_attempts_v1(account, at);

CREATE INDEX IF NOT EXISTS idx_login_attempts_address ON login_attempts_v1(address, at);
