-- What the connectors know of a post beyond posts_v1; no row where they know nothing more. `links` is a JSON array.
CREATE TABLE IF NOT EXISTS post_details_v1 (
  post_id INTEGER PRIMARY KEY REFERENCES posts_v1 (id) ON DELETE CASCADE,
  lang TEXT,
  author_id TEXT,
  conversation_id TEXT,
  reply_to TEXT,
  is_reply INTEGER NOT NULL DEFAULT 0,
  is_repost INTEGER NOT NULL DEFAULT 0,
  is_quote INTEGER NOT NULL DEFAULT 0,
  reference_id TEXT,
  reposted_by TEXT,
  quoted_text TEXT,
  links TEXT,
  content_warning TEXT,
  html TEXT,
  is_private INTEGER NOT NULL DEFAULT 0,
  edited_at TEXT
);
