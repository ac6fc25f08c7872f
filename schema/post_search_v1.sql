-- Full-text index over posts. The texts are tokens in search form that OffX made, so the tokenizer only has to split at
-- blanks; `terms` holds tags, mentions, authors and languages. Contentless: the posts themselves are in posts_v1.
CREATE VIRTUAL TABLE IF NOT EXISTS post_search_v1 USING fts5 (
  body, terms, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);

CREATE TRIGGER IF NOT EXISTS post_search_v1_post_deleted AFTER DELETE ON posts_v1 BEGIN
  DELETE FROM post_search_v1 WHERE rowid = OLD.id;
END;
