import { useMutationState, useQueryClient } from "@tanstack/react-query";
import { memo, useCallback, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Run, Today, TodayTopic } from "../api-types";
import { Mood, Ring, Sparkline } from "../components/charts";
import { Icon } from "../components/icons";
import { RunProgress } from "../components/run-progress";
import { SummaryText } from "../components/summary";
import { Button, Loaded, PageHead, Skeleton, TopicHead } from "../components/ui";
import { api } from "../lib/api";
import { count, counted } from "../lib/format";
import { useShortcuts } from "../lib/keyboard";
import { useChange, useRun, useSources, useToday } from "../lib/queries";
import { wordCount } from "../lib/text";
import { briefTime, dayName, lastDays, periodName } from "../lib/time";

interface Mark {
  id: number;
  done: boolean;
}

function withMarks(today: Today, marks: Mark[]): Today {
  if (marks.length === 0) return today;
  const done = new Map(marks.map((mark) => [mark.id, mark.done]));
  const topics = today.topics.map((card) => ({ ...card, done: done.get(card.topic.id) ?? card.done }));
  return { ...today, topics, done: topics.every((card) => card.done) };
}

/** Done marks show at once, whatever the server tells meanwhile; if it refuses one, it is gone again. */
function useDoneMarks(told: Today) {
  const client = useQueryClient();
  const change = useChange(
    ({ id, done }: Mark) => (done ? api.put(`/today/${id}/done`) : api.delete(`/today/${id}/done`)),
    {
      name: "done",
      stale: ["today"],
      done: (_, mark) => client.setQueryData<Today>(["today"], (today) => today && withMarks(today, [mark])),
    },
  );
  const onTheirWay = useMutationState({
    filters: { mutationKey: ["done"], status: "pending" },
    select: (mutation) => mutation.state.variables as Mark,
  });
  return { today: withMarks(told, onTheirWay), markDone: (id: number, done: boolean) => change.mutate({ id, done }) };
}

/** In the place of a summary, where there is none yet. */
function FirstSummary({ card }: { card: TodayTopic }) {
  const [runId, setRunId] = useState<number | null>(null);
  const run = useRun(runId);
  const ask = useChange(() => api.post<{ run: Run }>("/summaries", { topic_id: card.topic.id, ...lastDays(14) }), {
    done: (answer) => setRunId(answer.run.id),
    stale: ["runs"],
  });
  const posts = card.trend.reduce((sum, count) => sum + count, 0);
  if (run.data) return <RunProgress run={run.data} />;
  if (posts === 0) return <p className="muted">Quiet: no posts in the last 14 days, and no summary yet.</p>;
  return (
    <div className="row wide">
      <p className="muted">No summary yet. One is written every morning.</p>
      <Button small busy={ask.isPending} onClick={() => ask.mutate()}>
        Summarise the last 14 days now
      </Button>
    </div>
  );
}

type OnDone = (topicId: number, isDone: boolean) => void;

/** Only drawn again if it has changed: there may be many. */
const TopicCard = memo(function TopicCard({ card, onDone }: { card: TodayTopic; onDone: OnDone }) {
  const { topic, summary } = card;
  const head = (
    <TopicHead topic={topic}>
      {card.done ? (
        <Button
          small
          kind="quiet"
          onClick={() => onDone(topic.id, false)}
          aria-label={`Take back: ${topic.title} is done`}
        >
          Done
          <Icon name="check" />
        </Button>
      ) : (
        <Sparkline posts={card.trend} />
      )}
    </TopicHead>
  );
  if (card.done) return head;
  return (
    <>
      {head}
      {summary ? <SummaryText summary={summary} hideTopic={topic.id} /> : <FirstSummary card={card} />}
      <footer className="topic-card-foot">
        {card.new_posts > 0 && <span className="chip accent">{count(card.new_posts)} new</span>}
        <span>{counted(card.posts_week, "post")} this week</span>
        {summary && <span>{periodName(summary.period.start, summary.period.end)}</span>}
        {!summary && card.mood && <Mood score={card.mood.score} />}
        {summary?.sentiment && <Mood score={summary.sentiment.score} />}
        <Button small icon="check" onClick={() => onDone(topic.id, true)} aria-label={`Mark ${topic.title} as done`}>
          Done
        </Button>
      </footer>
    </>
  );
});

function whatWasRead(topics: TodayTopic[]): string {
  const summaries = topics.flatMap((card) => card.summary ?? []);
  const sentences = summaries.reduce((sum, summary) => sum + (summary.sentences?.length ?? 0), 0);
  const posts = summaries.reduce((sum, summary) => sum + summary.post_count, 0);
  return sentences > 0
    ? `${counted(sentences, "sentence")} instead of ${counted(posts, "post")}.`
    : "There was nothing to be read.";
}

/** How long what is not done yet takes, at 200 words a minute. */
function readingMinutes(topics: TodayTopic[]): number {
  const words = topics
    .filter((card) => !card.done)
    .flatMap(({ summary }) => summary?.sentences?.map((sentence) => sentence.text) ?? summary?.content ?? [])
    .reduce((sum, text) => sum + wordCount(text), 0);
  return Math.ceil(words / 200);
}

function Cards({ told }: { told: Today }) {
  const { today, markDone } = useDoneMarks(told);
  const [, navigate] = useLocation();
  const selected = useRef(-1); // nothing looks different for it but the focus
  const list = useRef<HTMLOListElement>(null);
  const { topics } = today;
  const select = (index: number) => {
    if (index < 0 || index >= topics.length) return;
    selected.current = index;
    const element = list.current?.children[index] as HTMLElement | undefined;
    element?.focus();
    element?.scrollIntoView({ block: "nearest" });
  };
  const chosen = () => topics[selected.current];
  const done: OnDone = (topicId, isDone) => {
    markDone(topicId, isDone);
    if (!isDone) return;
    const index = topics.findIndex((card) => card.topic.id === topicId);
    const next = topics.findIndex((other, at) => at > index && !other.done);
    if (next >= 0) select(next);
    else if (topics.some((other, at) => at !== index && !other.done))
      select(topics.findIndex((other, at) => at !== index && !other.done));
  };
  const latestDone = useRef(done);
  useEffect(() => {
    latestDone.current = done;
  });
  const onDone = useCallback<OnDone>((topicId, isDone) => latestDone.current(topicId, isDone), []);
  useShortcuts("Today", [
    {
      keys: "j",
      does: "next topic",
      // To begin with, the first there is something to read of.
      run: () =>
        select(
          selected.current < 0
            ? Math.max(
                0,
                topics.findIndex((card) => !card.done),
              )
            : selected.current + 1,
        ),
    },
    { keys: "k", does: "previous topic", run: () => select(selected.current - 1) },
    { keys: "o", does: "open the topic", run: () => chosen() && navigate(`/topics/${chosen()!.topic.id}`) },
    {
      keys: "m",
      does: "mark it done and go on to the next, or take that back",
      run: () => chosen() && done(chosen()!.topic.id, !chosen()!.done),
    },
    ...Array.from({ length: 9 }, (_, index) => ({
      keys: String(index + 1),
      does: index === 0 ? "open that source of the topic, or close it" : "",
      shown: "1 … 9",
      run: () => {
        const cites = list.current?.children[selected.current]?.querySelectorAll<HTMLElement>(".cite") ?? [];
        [...cites].find((cite) => cite.textContent === String(index + 1))?.click();
      },
    })),
  ]);
  const finished = topics.filter((card) => card.done).length;
  const newPosts = topics.reduce((sum, card) => sum + card.new_posts, 0);
  const minutes = readingMinutes(topics);
  return (
    <>
      <PageHead
        title="Today"
        sub={
          <>
            {[
              dayName(new Date()),
              today.since && `${counted(newPosts, "new post")} since ${briefTime(new Date(today.since))}`,
              minutes > 0 && `${minutes} min to read`,
            ]
              .filter(Boolean)
              .join(" · ")}
          </>
        }
      >
        <Ring done={finished} total={topics.length} what="topic" />
      </PageHead>
      <div className="stack">
        {today.done && (
          <div className="done-note" role="status">
            <Icon name="rest" />
            <div>
              <h2>You are done.</h2>
              <p className="muted">{whatWasRead(topics)} New posts come with the next import.</p>
            </div>
          </div>
        )}
        <ol className="stack" ref={list}>
          {topics.map((card, index) => (
            <li
              key={card.topic.id}
              className={card.done ? "card topic-card done" : "card topic-card"}
              tabIndex={-1}
              onFocus={() => (selected.current = index)}
            >
              <TopicCard card={card} onDone={onDone} />
            </li>
          ))}
        </ol>
      </div>
    </>
  );
}

/** What there is to do before there is something to read. */
function FirstSteps() {
  const sources = useSources();
  const posts = sources.data?.sources.reduce((sum, source) => sum + source.posts, 0) ?? 0;
  const steps = [
    {
      title: "Bring posts in",
      text:
        posts > 0 ? `${counted(posts, "post")} stored.` : "An archive of X, a feed, saved answers, JSON Lines or CSV.",
      done: posts > 0,
      link: ["/sources", "Import posts"],
    },
    {
      title: "Make a topic",
      text: "A title and a rule in X's search syntax. What a rule finds is shown while you type it.",
      done: false,
      link: ["/topics/new", "Make a topic"],
    },
    {
      title: "Read what was said",
      text: "Here, every morning: a few sentences for each topic, each with its sources. Five minutes, then you are done.",
      done: false,
    },
  ] as const;
  const next = steps.findIndex((step) => !step.done);
  return (
    <section className="card first-steps" aria-label="First steps">
      <h2>Nothing to read yet</h2>
      <ol>
        {steps.map((step, index) => (
          <li key={step.title} className={step.done ? "done" : undefined}>
            <span className="step-mark" aria-hidden="true">
              {step.done ? <Icon name="check" /> : index + 1}
            </span>
            <div className="grow">
              <h3>
                {step.title}
                {step.done && <span className="visually-hidden">: done</span>}
              </h3>
              <p className="muted small">{step.text}</p>
            </div>
            {"link" in step && (
              <Link className={index === next ? "button primary" : "button"} href={step.link[0]}>
                {step.link[1]}
              </Link>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

const visitMarkedEveryMs = 5 * 60_000;
let visitMarkedAt = 0;

/** Somebody looks at this page. What is less than half an hour apart is one visit; what is new counts from the one before. */
function markVisit() {
  const before = visitMarkedAt;
  if (document.visibilityState !== "visible" || Date.now() - before < visitMarkedEveryMs) return;
  visitMarkedAt = Date.now();
  api.put("/today/visit").catch(() => (visitMarkedAt = before));
}

export default function TodayView() {
  const today = useToday();
  const isShown = today.data !== undefined;
  useEffect(() => {
    if (!isShown) return;
    markVisit();
    // A page may stay open for days, and be looked at each morning.
    const comesBack = ["focus", "visibilitychange"];
    for (const event of comesBack) window.addEventListener(event, markVisit);
    return () => {
      for (const event of comesBack) window.removeEventListener(event, markVisit);
    };
  }, [isShown]);
  return (
    <div className="page reading">
      {!today.data && <PageHead title="Today" sub={dayName(new Date())} />}
      <Loaded query={today} skeleton={<Skeleton height={220} count={3} label="Loading today" />}>
        {(data) =>
          data.topics.length > 0 ? (
            <Cards told={data} />
          ) : (
            <>
              <PageHead title="Today" sub={dayName(new Date())} />
              <FirstSteps />
            </>
          )
        }
      </Loaded>
    </div>
  );
}
