// GET /api/v1/posts?limit=50 on the same database, with the same rows and members, as the first OffX would have
// written it: Hono on Node, @libsql/client on the file. node server.mjs DATABASE PORT
import { serve } from "@hono/node-server";
import { createClient } from "@libsql/client";
import { Hono } from "hono";

const [, , database, port] = process.argv;
const client = createClient({ url: `file:${database}` });
const app = new Hono();

const iso = (time) => `${time.replace(" ", "T")}Z`;

app.get("/api/v1/posts", async (c) => {
  const limit = Number(c.req.query("limit") ?? 50);
  const { rows } = await client.execute({
    sql: `SELECT p.*, d.lang, d.author_id, d.conversation_id, d.reply_to, d.is_reply, d.is_repost, d.is_quote,
                 d.reference_id, d.reposted_by, d.quoted_text, d.links, d.content_warning, d.html, d.is_private, d.edited_at
          FROM posts_v1 AS p INDEXED BY idx_posts_created_at LEFT JOIN post_details_v1 AS d ON d.post_id = p.id
          ORDER BY p.created_at DESC, p.id DESC LIMIT ?`,
    args: [limit + 1],
  });
  const page = rows.slice(0, limit);
  const ids = JSON.stringify(page.map((row) => row.id));
  const [media, topics] = await client.batch(
    [
      {
        sql: `SELECT id, post_id, media_url, media_type, alt_text FROM post_media_v1
              WHERE post_id IN (SELECT value FROM json_each(?)) ORDER BY post_id, id`,
        args: [ids],
      },
      {
        sql: `SELECT l.post_id, t.id, t.title, t.color FROM topic_posts_v1 AS l JOIN topics_v2 AS t ON t.id = l.topic_id
              WHERE l.post_id IN (SELECT value FROM json_each(?)) ORDER BY l.post_id, t.id`,
        args: [ids],
      },
    ],
    "read",
  );
  const of = (result, id) => result.rows.filter((row) => row.post_id === id);
  const last = page.at(-1);
  return c.json({
    posts: page.map((row) => ({
      id: row.id,
      external_id: row.external_id,
      platform: row.platform,
      content: row.content,
      author: row.author || null,
      author_username: row.author_username || null,
      created_at: iso(row.created_at),
      fetched_at: iso(row.fetched_at),
      url: row.url || null,
      media: of(media, row.id).map((m) => ({
        id: m.id, url: m.media_url, type: m.media_type, alt_text: m.alt_text, proxy: `/api/v1/media/${m.id}`,
      })),
      ...(row.lang ? { lang: row.lang } : {}),
      topics: of(topics, row.id).map((t) => ({ id: t.id, title: t.title, color: t.color })),
    })),
    next: rows.length > limit ? `${last.created_at.replace(" ", "T")}~${last.id}` : null,
  });
});

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(port) });
