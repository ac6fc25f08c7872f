-- Full-text index over posts. The texts are tokens in search form that OffX made, so the tokenizer only has to split at
-- blanks; `terms` holds tags, mentions, authors and languages. Contentless: the posts themselves are in posts_v1. No
-- trigger writes it, so that programs whose SQLite does not know such tables can still write posts: what is left of a post
-- that another program deleted joins with no post and is never shown.
CREATE VIRTUAL TABLE IF NOT EXISTS post_search_v1 USING fts5 (
  body, terms, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
);
