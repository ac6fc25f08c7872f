import { type FormEvent, useEffect, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { PostList } from "../components/post-list";
import { Field, SelectField, TextField } from "../components/form";
import { Button, Empty, PageHead } from "../components/ui";
import { useDebounced } from "../components/rule-field";
import { ApiError, withQuery } from "../lib/api";
import { platformName } from "../lib/format";
import { useShortcuts } from "../lib/keyboard";
import { usePosts, useSources, useTopicOptions } from "../lib/queries";
import { sentence } from "../lib/text";
import { addDays, dayStart, isDay } from "../lib/time";

const filterNames = ["topic", "platform", "author", "since", "until", "lang", "media", "sort"] as const;
type Filters = Partial<Record<(typeof filterNames)[number], string>>;

const platforms = ["x", "bluesky", "mastodon", "rss"];
const media = [
  ["", "any content"],
  ["any", "with media"],
  ["image", "with images"],
  ["video", "with videos"],
] as const;
const orders = [
  ["", "newest first"],
  ["relevance", "best first"],
] as const;
const languages = (
  "ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sr sv ta te th " +
  "tl tr uk ur vi zh"
).split(" ");
const dayMax = "9999-12-31"; // else a fifth digit may be typed into a year
const languageNames = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

/** The code's language, or the text itself: what stands in an address may be anything. */
function languageName(code: string): string {
  try {
    return languageNames.of(code) ?? code;
  } catch {
    return code;
  }
}

/** What is typed is searched for once the typing pauses; what the address says anew is shown. */
function useTyped(value: string, commit: (text: string) => void, delayMs = 350) {
  const [text, setText] = useState(value);
  const settled = useDebounced(text, delayMs);
  useEffect(() => {
    if (settled !== value) commit(settled);
  }, [settled]);
  const last = useRef(value);
  useEffect(() => {
    if (value !== last.current && value !== settled) setText(value);
    last.current = value;
  }, [value]);
  return [text, setText] as const;
}

export default function SearchView() {
  const [, navigate] = useLocation();
  const address = useSearch();
  const parameters = new URLSearchParams(address);
  const q = parameters.get("q") ?? "";
  const filters: Filters = {};
  for (const name of filterNames) {
    const value = parameters.get(name);
    if (value && (name !== "sort" || value === "relevance")) filters[name] = value;
  }
  const field = useRef<HTMLInputElement>(null);
  const filterBox = useRef<HTMLDivElement>(null);
  const topics = useTopicOptions("any topic", filters.topic ?? "");
  const chosen = filterNames.filter((name) => name !== "sort" && filters[name]).length;
  const [showsFilters, setShowsFilters] = useState(() => chosen > 0 || window.matchMedia("(min-width: 52rem)").matches);

  // The address is what is searched for: it can be kept, shared and gone back to.
  const now = useRef({ ...filters, q });
  now.current = { ...filters, q };
  const go = (next: { q?: string } & Filters) => {
    now.current = { ...now.current, ...next };
    navigate(withQuery("/search", now.current), { replace: true });
  };
  const [text, setText] = useTyped(q, (typed) => go({ q: typed }));
  const [author, setAuthor] = useTyped(filters.author ?? "", (typed) => go({ author: typed.trim() }), 500);
  // A day that is being typed may pass through years such as 0202.
  const goToDay = (name: "since" | "until") => (typed: string) => {
    if (typed === "" || isDay(typed)) go({ [name]: typed });
  };
  const [since, setSince] = useTyped(filters.since ?? "", goToDay("since"), 500);
  const [until, setUntil] = useTyped(filters.until ?? "", goToDay("until"), 500);

  useShortcuts("Search", [
    { keys: "/", does: "to the search field", run: () => field.current?.select() },
    {
      keys: "f",
      does: "to the filters",
      run: () => {
        setShowsFilters(true);
        requestAnimationFrame(() => filterBox.current?.querySelector<HTMLElement>("select, input")?.focus());
      },
    },
  ]);

  const sources = useSources();
  const known = [
    ...new Set([...platforms, ...(sources.data?.sources ?? []).map((source) => source.platform), filters.platform]),
  ].filter((platform): platform is string => Boolean(platform));

  const wrongDays: Filters = {};
  for (const name of ["since", "until"] as const) {
    if (filters[name] && !isDay(filters[name])) wrongDays[name] = "That is no day; choose one.";
  }
  if (filters.since && filters.until && filters.since > filters.until)
    wrongDays.until ??= "That is before the first day.";
  const canAsk = Object.keys(wrongDays).length === 0;
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
      since: canAsk && filters.since ? dayStart(filters.since).toISOString() : undefined,
      until: canAsk && filters.until ? dayStart(addDays(filters.until, 1)).toISOString() : undefined,
      cluster: filters.sort === "relevance" ? undefined : true,
    },
    asks && canAsk,
  );
  // What is wrong is said where it stands: an address may hold anything.
  const fault =
    posts.error instanceof ApiError && posts.error.status === 400 ? posts.error.problem?.errors?.[0] : undefined;
  const faultOf = (name: string) =>
    wrongDays[name as keyof Filters] ?? (fault?.field === name ? sentence(fault.message) : undefined);
  const isFilterWrong = filterNames.some((name) => faultOf(name));
  const choose = (name: keyof Filters) => ({
    value: filters[name] ?? "",
    error: faultOf(name),
    onChange: (value: string) => go({ [name]: value }),
  });

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
            fault && !isFilterWrong
              ? fault.position !== undefined
                ? `At character ${fault.position + 1}: ${fault.message}`
                : fault.message
              : undefined
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
        <div className="row between">
          <Button
            small
            aria-expanded={showsFilters || isFilterWrong}
            aria-controls="search-filters"
            onClick={() => setShowsFilters(!showsFilters)}
          >
            Filters{chosen > 0 ? ` (${chosen})` : ""}
          </Button>
          {chosen > 0 && (
            <Button
              small
              kind="quiet"
              icon="close"
              onClick={() => navigate(withQuery("/search", { q, sort: filters.sort }), { replace: true })}
            >
              Clear filters
            </Button>
          )}
        </div>
        {(showsFilters || isFilterWrong) && (
          <div className="filters" id="search-filters" ref={filterBox}>
            <SelectField<string> {...choose("topic")} label="Topic" options={topics} />
            <SelectField<string>
              {...choose("platform")}
              label="Platform"
              options={[["", "any platform"], ...known.map((platform) => [platform, platformName(platform)] as const)]}
            />
            <TextField
              label="Author"
              placeholder="a name or @name"
              spellCheck={false}
              autoCapitalize="off"
              error={faultOf("author")}
              value={author}
              onChange={setAuthor}
            />
            <SelectField<string>
              {...choose("lang")}
              label="Language"
              options={[
                ["", "any language"],
                ...[...new Set([...languages, filters.lang ?? "en"])].map(
                  (code) => [code, languageName(code)] as const,
                ),
              ]}
            />
            <SelectField<string> {...choose("media")} label="Media" options={media} />
            <TextField
              label="From"
              type="date"
              max={filters.until ?? dayMax}
              error={faultOf("since")}
              value={since}
              onChange={setSince}
            />
            <TextField
              label="To"
              type="date"
              min={filters.since}
              max={dayMax}
              error={faultOf("until")}
              value={until}
              onChange={setUntil}
            />
            {q.trim() !== "" && <SelectField<string> {...choose("sort")} label="Order" options={orders} />}
          </div>
        )}
      </form>
      <section className="results" aria-label="Results">
        {asks && canAsk && !fault && (
          <PostList
            key={address}
            query={posts}
            empty={
              sources.data?.sources.length === 0 ? (
                <Empty
                  title="No posts yet"
                  actions={
                    <Link className="button primary" href="/sources">
                      Import posts
                    </Link>
                  }
                >
                  There is something to be found once posts are stored.
                </Empty>
              ) : (
                <Empty title="Nothing found">
                  Fewer words, a prefix such as <code>data*</code>, or a wider span of time may find more.
                </Empty>
              )
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
