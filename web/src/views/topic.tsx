import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Interval, Run, Summary, Topic } from "../api-types";
import { Dot } from "../components/icons";
import { PostList } from "../components/post-list";
import { RunProgress } from "../components/run-progress";
import { SummaryFacts, SummaryText } from "../components/summary";
import { say } from "../components/toasts";
import { Button, Empty, ErrorNote, Loaded, More, NotFound, PageHead, Segmented, Skeleton } from "../components/ui";
import { api, ApiError } from "../lib/api";
import { counted, topicColor } from "../lib/format";
import {
  isOver,
  useChange,
  usePosts,
  useRun,
  useSeries,
  useSources,
  useSummaries,
  useSummary,
  useTopic,
  useTopics,
} from "../lib/queries";
import { endOf, type Span } from "../lib/series";
import { useSticky } from "../lib/sticky";
import { useShortcuts } from "../lib/keyboard";
import { isoDay, lastDays, longDay, periodName } from "../lib/time";
import { TopicForm } from "./topic-form";

const SeriesChart = lazy(() =>
  import("../components/series-chart").then((module) => ({ default: module.SeriesChart })),
);

const ranges = [
  ["2d", "2 days"],
  ["14d", "14 days"],
  ["90d", "90 days"],
  ["2y", "2 years"],
  ["all", "All"],
] as const;
type Range = (typeof ranges)[number][0];
const rangeDays: Record<Exclude<Range, "all">, number> = { "2d": 2, "14d": 14, "90d": 90, "2y": 730 };
const dayMs = 86_400_000;
const daysMax = 7 * 990; // the server's charts have up to 1,000 intervals
const intervalFor = (days: number): Interval => (days <= 2 ? "hour" : days <= 120 ? "day" : "week");

interface Times {
  since: string;
  until: string;
}

/** How many days up to today a range has; nothing while it is not known since when there are posts. */
function useDays(range: Range): number | undefined {
  const oldest = useSources(range === "all")
    .data?.sources.map((source) => source.oldest_at ?? "")
    .filter(Boolean);
  if (range !== "all") return rangeDays[range];
  if (!oldest) return undefined;
  const first = Math.min(Date.now(), ...oldest.map((time) => Date.parse(time)));
  return Math.min(daysMax, Math.ceil((Date.now() - first) / dayMs) + 1);
}

function Overview({ topic }: { topic: Topic }) {
  const [range, setRange] = useState<Range>("14d");
  const [span, setSpan] = useState<(Span & Times) | null>(null);
  const days = useDays(range);
  const today = isoDay(new Date());
  const times = useMemo(() => days && { interval: intervalFor(days), ...lastDays(days) }, [today, days]);
  const series = useSeries(topic.id, times || null);
  const posts = usePosts({ topic: topic.id, cluster: true, since: span?.since, until: span?.until });
  useShortcuts("Topic", [{ keys: "c", does: "clear the selected span", run: () => setSpan(null) }]);

  return (
    <div className="stack loose">
      <section className="card" aria-label="Volume and mood over time">
        <div className="section-head">
          <h2>Over time</h2>
          <Segmented
            label="How far back"
            value={range}
            options={ranges}
            onChange={(value) => {
              setRange(value);
              setSpan(null);
            }}
          />
        </div>
        <Loaded query={series} skeleton={<Skeleton height={236} label="Loading the chart" />}>
          {(data) => (
            <Suspense fallback={<Skeleton height={236} label="Loading the chart" />}>
              <SeriesChart
                points={data.points}
                interval={data.interval}
                color={topicColor(topic)}
                span={span}
                onSpan={(chosen) => {
                  if (!chosen) return setSpan(null);
                  const until =
                    data.points[chosen.last + 1]?.start ?? endOf(data.points[chosen.last]!.start, data.interval);
                  setSpan({ ...chosen, since: data.points[chosen.first]!.start, until });
                }}
              />
            </Suspense>
          )}
        </Loaded>
        {range !== "all" && topic.posts > 0 && series.data?.points.every((point) => point.posts === 0) && (
          <div className="row">
            <span className="muted small">No posts in this time.</span>
            <Button small onClick={() => setRange("all")}>
              Look at all of it
            </Button>
          </div>
        )}
        {span && (
          <div className="row">
            <span className="chip accent">{periodName(span.since, span.until)}</span>
            <Button small kind="quiet" icon="close" onClick={() => setSpan(null)}>
              Show all
            </Button>
          </div>
        )}
      </section>
      <div className="columns">
        <section aria-label="Posts" className="stack">
          <h2>{span ? `Posts, ${periodName(span.since, span.until)}` : "Posts"}</h2>
          <PostList
            query={posts}
            hideTopic={topic.id}
            empty={
              span ? (
                <Empty
                  title="No posts in this span"
                  actions={<Button onClick={() => setSpan(null)}>Show all</Button>}
                />
              ) : (
                <Empty
                  title={topic.filing ? "Posts are being filed" : "No posts yet"}
                  actions={
                    <Link className="button" href={`/topics/${topic.id}/rule`}>
                      {topic.rule ? "Look at the rule" : "Give it a rule"}
                    </Link>
                  }
                >
                  {topic.filing
                    ? "This takes a moment."
                    : topic.rule
                      ? "Nothing that is stored matches the rule. Import more, or widen it."
                      : "This topic has no rule, so posts come under it by hand alone."}
                </Empty>
              )
            }
          />
        </section>
        <SummaryPanel topic={topic} span={span} />
      </div>
    </div>
  );
}

/** The summary of the chosen period, else of the selected span, else the newest; and asking for another. */
function SummaryPanel({ topic, span }: { topic: Topic; span: Times | null }) {
  const summaries = useSummaries(topic.id);
  const [chosen, setChosen] = useState<number | null>(null);
  const [runId, setRunId] = useState<number | null>(null);
  const run = useRun(runId);
  const sticky = useSticky<HTMLElement>();
  const all = summaries.data?.pages.flatMap((page) => page.summaries) ?? [];
  const ofSpan =
    span &&
    all.find(
      (summary) =>
        Date.parse(summary.period.start) === Date.parse(span.since) &&
        Date.parse(summary.period.end) === Date.parse(span.until),
    );
  const shown: Summary | undefined = span
    ? (ofSpan ?? undefined)
    : (all.find((summary) => summary.id === chosen) ?? all[0]);
  const detail = useSummary(shown?.id ?? null);

  const made = run.data?.state === "done" ? (run.data.result?.["summaries"] as number[] | undefined) : undefined;
  useEffect(() => {
    if (!run.data || !isOver(run.data)) return;
    void summaries.refetch();
    if (made?.[0] !== undefined) setChosen(made[0]);
  }, [run.data?.state]);

  const ask = useChange(
    (period: Times | "day" | "week" | "month") =>
      api.post<{ run: Run }>("/summaries", {
        topic_id: topic.id,
        ...(typeof period === "string" ? { period } : period),
      }),
    { done: (answer) => setRunId(answer.run.id), stale: ["runs"] },
  );

  return (
    <section className="card aside" aria-label="Summary" ref={sticky}>
      <div className="section-head">
        <h2>Summary</h2>
        {!span && all.length > 0 && (
          <select
            className="select"
            aria-label="Period"
            value={shown?.id ?? ""}
            onChange={(event) => setChosen(Number(event.target.value))}
          >
            {all.map((summary) => (
              <option key={summary.id} value={summary.id}>
                {periodName(summary.period.start, summary.period.end)}
              </option>
            ))}
          </select>
        )}
      </div>
      <div className="stack">
        {summaries.isPending && <Skeleton height={180} label="Loading the summary" />}
        {summaries.error && <ErrorNote error={summaries.error} retry={() => void summaries.refetch()} />}
        {run.data && run.data.state !== "done" && <RunProgress run={run.data} />}
        {made?.length === 0 && (
          <p className="muted" role="status">
            There were no posts in that time, so there is nothing to sum up.
          </p>
        )}
        {!span && summaries.hasNextPage && (
          <Link className="small" href={`/topics/${topic.id}/summaries`}>
            Older ones, in Summaries
          </Link>
        )}
        {shown && (
          <>
            <SummaryFacts summary={shown} period={span !== null} />
            {detail.error && <ErrorNote error={detail.error} retry={() => void detail.refetch()} />}
            <SummaryText key={shown.id} summary={detail.data ?? shown} hideTopic={topic.id} />
          </>
        )}
        {summaries.data && !shown && (
          <p className="muted">
            {span ? "There is no summary of just this span." : "No summary yet. One is written every morning, or now:"}
          </p>
        )}
        {summaries.data && (
          <div className="row">
            {span && !shown && (
              <Button
                kind="primary"
                busy={ask.isPending}
                onClick={() => ask.mutate({ since: span.since, until: span.until })}
              >
                Summarise this span
              </Button>
            )}
            {!span && (
              <>
                <Button small busy={ask.isPending} onClick={() => ask.mutate("day")}>
                  Yesterday
                </Button>
                <Button small busy={ask.isPending} onClick={() => ask.mutate("week")}>
                  Last week
                </Button>
                <Button small busy={ask.isPending} onClick={() => ask.mutate(lastDays(14))}>
                  Last 14 days
                </Button>
              </>
            )}
          </div>
        )}
      </div>
    </section>
  );
}

function Summaries({ topic }: { topic: Topic }) {
  const summaries = useSummaries(topic.id);
  return (
    <Loaded query={summaries} skeleton={<Skeleton height={160} count={3} />}>
      {({ pages }) =>
        pages[0]!.summaries.length === 0 ? (
          <Empty
            title="No summaries yet"
            actions={
              <Link className="button" href={`/topics/${topic.id}`}>
                Ask for one
              </Link>
            }
          >
            One is written every morning for the day before.
          </Empty>
        ) : (
          <div className="stack reading-width">
            <ol className="stack">
              {pages
                .flatMap((page) => page.summaries)
                .map((summary) => (
                  <li key={summary.id} className="card">
                    <div className="row">
                      <SummaryFacts summary={summary} />
                    </div>
                    <SummaryText summary={summary} hideTopic={topic.id} />
                  </li>
                ))}
            </ol>
            <More list={summaries} />
          </div>
        )
      }
    </Loaded>
  );
}

const tabs = [
  ["", "Overview"],
  ["summaries", "Summaries"],
  ["rule", "Rule"],
] as const;

/** Neither the number of a topic, nor of one that is there. */
const isNowhere = (error: ApiError) => error.status === 400 || error.status === 404;

export default function TopicView({ id, tab }: { id: number; tab: string }) {
  const topic = useTopic(id);
  const [, navigate] = useLocation();
  const base = `/topics/${id}`;
  useShortcuts("Topic pages", [
    { keys: "e", does: "edit the rule", run: () => navigate(`${base}/rule`) },
    { keys: "u", does: "summaries", run: () => navigate(`${base}/summaries`) },
  ]);
  const known = useTopics().data?.find((candidate) => candidate.id === id);
  if (topic.error instanceof ApiError && isNowhere(topic.error)) {
    return (
      <NotFound title="There is no such topic" sub="It may have been removed." href="/topics" back="To the topics" />
    );
  }
  if (topic.data && !tabs.some(([name]) => name === tab)) {
    return (
      <NotFound title="There is nothing here" sub="The address may be misspelt." href={base} back="To the topic" />
    );
  }
  return (
    <div className="page">
      {!topic.data && <PageHead title={known?.title ?? "Topic"} />}
      <Loaded query={topic} skeleton={<Skeleton height={60} count={5} />}>
        {(data) => (
          <>
            <PageHead
              title={data.title}
              sub={
                <>
                  {data.description && (
                    <p className="clamped" dir="auto">
                      {data.description}
                    </p>
                  )}
                  <p className="row wide small">
                    <span className="row">
                      <Dot color={topicColor(data)} /> {counted(data.posts, "post")} · made on{" "}
                      {longDay(new Date(data.created_at))}
                    </span>
                    {data.filing && <span className="chip accent">posts of before are being filed</span>}
                    {!data.is_active && <span className="chip">switched off</span>}
                  </p>
                </>
              }
            >
              <nav className="segmented" aria-label="Of this topic">
                {tabs.map(([name, title]) => (
                  <Link
                    key={name}
                    href={name ? `${base}/${name}` : base}
                    aria-current={tab === name ? "page" : undefined}
                  >
                    {title}
                  </Link>
                ))}
              </nav>
            </PageHead>
            {tab === "rule" ? (
              <TopicForm key={data.id} topic={data} onSaved={() => say("Saved.")} />
            ) : tab === "summaries" ? (
              <Summaries topic={data} />
            ) : (
              <Overview key={data.id} topic={data} />
            )}
          </>
        )}
      </Loaded>
    </div>
  );
}
