import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Today, TodayTopic } from "../api-types";
import { Mood, Ring, Sparkline } from "../components/charts";
import { Dot, Icon } from "../components/icons";
import { SummaryText } from "../components/summary";
import { say } from "../components/toasts";
import { Button, Empty, Loaded, PageHead, Skeleton } from "../components/ui";
import { api } from "../lib/api";
import { count, counted, topicColor } from "../lib/format";
import { useShortcuts } from "../lib/keyboard";
import { useChange, useToday } from "../lib/queries";
import { briefTime, dayName, periodName } from "../lib/time";

/** Done marks show at once; if the server refuses, they are taken back. */
function useMarkDone() {
  const client = useQueryClient();
  const mark = (id: number, done: boolean) =>
    client.setQueryData<Today>(["today"], (today) => {
      if (!today) return today;
      const topics = today.topics.map((card) => (card.topic.id === id ? { ...card, done } : card));
      return { ...today, topics, done: topics.every((card) => card.done) };
    });
  const change = useChange(
    ({ id, done }: { id: number; done: boolean }) =>
      done ? api.put(`/today/${id}/done`) : api.delete(`/today/${id}/done`),
    { stale: ["today"] },
  );
  return (id: number, done: boolean) => {
    mark(id, done);
    change.mutate({ id, done }, { onError: () => mark(id, !done) });
  };
}

function TopicCard({ card, onDone }: { card: TodayTopic; onDone: (done: boolean) => void }) {
  const { topic, summary } = card;
  const head = (
    <div className="topic-card-head">
      <Dot color={topicColor(topic)} />
      <h2 className="grow">
        <Link href={`/topics/${topic.id}`}>{topic.title}</Link>
      </h2>
      {card.done ? (
        <Button small kind="quiet" onClick={() => onDone(false)} aria-label={`Take back: ${topic.title} is done`}>
          Done
          <Icon name="check" />
        </Button>
      ) : (
        <Sparkline points={card.trend} />
      )}
    </div>
  );
  if (card.done) return head;
  return (
    <>
      {head}
      {summary ? (
        <SummaryText summary={summary} hideTopic={topic.id} />
      ) : (
        <p className="muted">
          {card.posts_week > 0
            ? "No summary yet. Jobs writes one every morning, or open the topic and ask for one now."
            : "Quiet: no posts this week and no summary yet."}
        </p>
      )}
      <footer className="topic-card-foot">
        {card.new_posts > 0 && <span className="chip accent">{count(card.new_posts)} new</span>}
        <span>{counted(card.posts_week, "post")} this week</span>
        {summary && <span>{periodName(summary.period.start, summary.period.end)}</span>}
        {!summary && card.mood && <Mood score={card.mood.score} />}
        {summary?.sentiment && <Mood score={summary.sentiment.score} />}
        <span className="grow" />
        <Button small icon="check" onClick={() => onDone(true)} aria-label={`Mark ${topic.title} as done`}>
          Done
        </Button>
      </footer>
    </>
  );
}

function Cards({ today }: { today: Today }) {
  const markDone = useMarkDone();
  const [, navigate] = useLocation();
  const [selected, setSelected] = useState(-1);
  const list = useRef<HTMLOListElement>(null);
  const { topics } = today;
  const select = (index: number) => {
    if (index < 0 || index >= topics.length) return;
    setSelected(index);
    const element = list.current?.children[index] as HTMLElement | undefined;
    element?.focus();
    element?.scrollIntoView({ block: "nearest" });
  };
  const chosen = topics[selected];
  const done = (index: number, isDone: boolean) => {
    const card = topics[index];
    if (!card) return;
    markDone(card.topic.id, isDone);
    if (!isDone) return;
    const next = topics.findIndex((other, at) => at > index && !other.done);
    if (next >= 0) select(next);
    else if (topics.some((other, at) => at !== index && !other.done))
      select(topics.findIndex((other, at) => at !== index && !other.done));
    else say("You are done for today.");
  };
  useShortcuts("Today", [
    { keys: "j", does: "next topic", run: () => select(selected + 1) },
    { keys: "k", does: "previous topic", run: () => select(selected - 1) },
    { keys: "o", does: "open the topic", run: () => chosen && navigate(`/topics/${chosen.topic.id}`) },
    {
      keys: "m",
      does: "mark it done and go on to the next, or take that back",
      run: () => chosen && done(selected, !chosen.done),
    },
  ]);
  const finished = topics.filter((card) => card.done).length;
  const newPosts = topics.reduce((sum, card) => sum + card.new_posts, 0);
  return (
    <>
      <PageHead
        title="Today"
        sub={
          <>
            {dayName(new Date())}
            {today.since ? (
              <>
                . {counted(newPosts, "new post")} since {briefTime(new Date(today.since))}.
              </>
            ) : (
              "."
            )}
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
              <p className="muted">Everything there was to know is read. New posts come with the next import.</p>
            </div>
          </div>
        )}
        <ol className="stack" ref={list}>
          {topics.map((card, index) => (
            <li
              key={card.topic.id}
              className={card.done ? "card topic-card done" : "card topic-card"}
              tabIndex={-1}
              onFocus={() => setSelected(index)}
            >
              <TopicCard card={card} onDone={(isDone) => done(index, isDone)} />
            </li>
          ))}
        </ol>
      </div>
    </>
  );
}

/** The visit counts once for the time the page is open: what is new counts from the one before. */
let visitMarked = false;

export default function TodayView() {
  const today = useToday();
  useEffect(() => {
    if (!today.data || visitMarked) return;
    visitMarked = true;
    api.put("/today/visit").catch(() => (visitMarked = false));
  }, [today.data]);
  return (
    <div className="page reading">
      <Loaded
        query={today}
        skeleton={
          <>
            <PageHead title="Today" sub={dayName(new Date())} />
            <Skeleton height={220} count={3} label="Loading today" />
          </>
        }
      >
        {(data) =>
          data.topics.length > 0 ? (
            <Cards today={data} />
          ) : (
            <>
              <PageHead title="Today" sub={dayName(new Date())} />
              <Empty
                title="Nothing to read yet"
                actions={
                  <>
                    <Link className="button primary" href="/topics/new">
                      Make a topic
                    </Link>
                    <Link className="button" href="/sources">
                      Import posts
                    </Link>
                  </>
                }
              >
                A topic is a title and a rule. Posts that match it are summed up here, each sentence with its sources.
              </Empty>
            </>
          )
        }
      </Loaded>
    </div>
  );
}
