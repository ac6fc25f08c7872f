import { useQuery } from "@tanstack/react-query";
import type { Sources } from "../api-types";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { PostList } from "../components/post-list";
import { Button, Empty, Field, PageHead } from "../components/ui";
import { useDebounced } from "../components/rule-field";
import { ApiError, api, withQuery } from "../lib/api";
import { platformName } from "../lib/format";
import { useShortcuts } from "../lib/keyboard";
import { usePosts, useTopics } from "../lib/queries";
import { addDays, dayStart } from "../lib/time";

const filterNames = ["topic", "platform", "author", "since", "until", "lang", "media", "sort"] as const;
type Filters = Partial<Record<(typeof filterNames)[number], string>>;

const platforms = ["x", "bluesky", "mastodon", "rss"];
const media = [
  ["any", "with media"],
  ["image", "with images"],
  ["video", "with videos"],
] as const;

export default function SearchView() {
  const [, navigate] = useLocation();
  const address = useSearch();
  const parameters = new URLSearchParams(address);
  const q = parameters.get("q") ?? "";
  const filters: Filters = {};
  for (const name of filterNames) {
    const value = parameters.get(name);
    if (value) filters[name] = value;
  }
  const [text, setText] = useState(q);
  const settled = useDebounced(text, 350);
  const field = useRef<HTMLInputElement>(null);
  const topics = useTopics();

  // The address is what is searched for: it can be kept, shared and gone back to.
  const go = (next: { q?: string } & Filters) =>
    navigate(withQuery("/search", { ...filters, q, ...next }), { replace: true });
  useEffect(() => {
    if (settled !== q) go({ q: settled });
  }, [settled]);
  const lastQ = useRef(q);
  useEffect(() => {
    if (q !== lastQ.current && q !== settled) setText(q);
    lastQ.current = q;
  }, [q]);

  useShortcuts("Search", [{ keys: "/", does: "to the search field", run: () => field.current?.select() }]);

  const sources = useQuery({
    queryKey: ["sources"],
    queryFn: ({ signal }) => api.get<Sources>("/sources", {}, signal),
  });
  const known = [
    ...new Set([...platforms, ...(sources.data?.sources ?? []).map((source) => source.platform), filters.platform]),
  ].filter((platform): platform is string => Boolean(platform));

  const asks = q.trim() !== "" || Object.keys(filters).some((name) => name !== "sort");
  const posts = usePosts(
    {
      q: q.trim() || undefined,
      topic: filters.topic,
      platform: filters.platform,
      author: filters.author,
      lang: filters.lang,
      media: filters.media,
      sort: q.trim() ? filters.sort : undefined,
      since: filters.since && dayStart(filters.since).toISOString(),
      until: filters.until && dayStart(addDays(filters.until, 1)).toISOString(),
      cluster: filters.sort === "relevance" ? undefined : true,
    },
    asks,
  );
  const fault =
    posts.error instanceof ApiError && posts.error.status === 400 ? posts.error.problem?.errors?.[0] : undefined;
  const select = (name: keyof Filters, label: string, all: string, options: readonly (readonly [string, string])[]) => (
    <select
      className="select"
      aria-label={label}
      value={filters[name] ?? ""}
      onChange={(event) => go({ [name]: event.target.value })}
    >
      <option value="">{all}</option>
      {options.map(([value, title]) => (
        <option key={value} value={value}>
          {title}
        </option>
      ))}
    </select>
  );

  return (
    <div className="page reading">
      <PageHead title="Search" />
      <form
        className="stack"
        role="search"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          go({ q: text });
        }}
      >
        <Field
          label="Words, phrases, operators"
          error={
            fault &&
            (fault.position !== undefined ? `At character ${fault.position + 1}: ${fault.message}` : fault.message)
          }
          hint={
            <>
              As in rules: <code>"a phrase"</code>, <code>-without</code>, <code>#tag</code>, <code>from:name</code>;
              and <code>data*</code> for words that begin so.
            </>
          }
        >
          {(control) => (
            <input
              {...control}
              ref={field}
              className="input"
              type="search"
              autoFocus
              spellCheck={false}
              value={text}
              placeholder={'"lantern cup" OR larkdb'}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <div className="filters">
          {select(
            "topic",
            "Topic",
            "Any topic",
            (topics.data ?? []).map((topic) => [String(topic.id), topic.title] as const),
          )}
          {select(
            "platform",
            "Platform",
            "Any platform",
            known.map((platform) => [platform, platformName(platform)] as const),
          )}
          {select("media", "Media", "Any content", media)}
          {q.trim() !== "" && select("sort", "Order", "Newest first", [["relevance", "Best first"]])}
          <label className="small muted">
            from{" "}
            <input
              className="select"
              type="date"
              value={filters.since ?? ""}
              max={filters.until}
              onChange={(event) => go({ since: event.target.value })}
            />
          </label>
          <label className="small muted">
            to{" "}
            <input
              className="select"
              type="date"
              value={filters.until ?? ""}
              min={filters.since}
              onChange={(event) => go({ until: event.target.value })}
            />
          </label>
          {Object.keys(filters).length > 0 && (
            <Button
              small
              kind="quiet"
              icon="close"
              onClick={() => navigate(withQuery("/search", { q }), { replace: true })}
            >
              Clear filters
            </Button>
          )}
        </div>
      </form>
      <section className="results" aria-label="Results">
        {asks && !fault && (
          <PostList
            key={address}
            query={posts}
            empty={
              <Empty title="Nothing found">
                Fewer words, a prefix such as <code>data*</code>, or a wider span of time may find more.
              </Empty>
            }
          />
        )}
        {!asks && (
          <Empty title="Search everything that is stored">
            Across all topics and platforms. Press <kbd>/</kbd> anywhere to come here.
          </Empty>
        )}
      </section>
    </div>
  );
}
