import { useState } from "react";
import type { CardSummary, Summary } from "../api-types";
import { counted } from "../lib/format";
import { useSummary } from "../lib/queries";
import { periodName } from "../lib/time";
import { Mood } from "./charts";
import { PostCard } from "./post-card";
import { SentenceText } from "./post-text";
import { ErrorNote, Skeleton } from "./ui";

/** Sentences whose numbers open the posts they come from, in place. */
export function SummaryText({ summary, hideTopic }: { summary: CardSummary | Summary; hideTopic?: number }) {
  const [open, setOpen] = useState<string | null>(null);
  const [wantsPosts, setWantsPosts] = useState(false);
  const given = "posts" in summary ? summary.posts : undefined;
  const detail = useSummary(wantsPosts && !given ? summary.id : null);
  const posts = given ?? detail.data?.posts;
  const willOpen = () => setWantsPosts(true); // so that they are there when it is clicked
  if (!summary.sentences) {
    return (
      <p className="summary-text" dir="auto">
        <SentenceText text={summary.content ?? ""} />
      </p>
    );
  }
  if (summary.sentences.length === 0)
    return <p className="muted">Nothing was said in this period that could be summed up.</p>;
  return (
    <ol className="summary-sentences">
      {summary.sentences.map((sentence, index) => (
        <li key={index} dir="auto">
          {/* The word joiner keeps the first number with the last word. */}
          <span dir="auto">
            <SentenceText text={sentence.text} />
            {"\u2060"}
          </span>
          {sentence.posts.map((n) => {
            const key = `${index}/${n}`;
            return (
              <button
                key={n}
                type="button"
                className="cite"
                aria-expanded={open === key}
                aria-label={`Source ${n}`}
                onPointerEnter={willOpen}
                onFocus={willOpen}
                onClick={() => {
                  willOpen(); // keys click what has no focus
                  setOpen(open === key ? null : key);
                }}
              >
                {n}
              </button>
            );
          })}
          {sentence.posts
            .filter((n) => open === `${index}/${n}`)
            .map((n) => {
              const post = posts?.find((candidate) => candidate.n === n);
              return (
                <div key={n} className="cited-post" dir="ltr">
                  {post && (
                    <PostCard
                      post={post}
                      n={n}
                      cited={sentence.text}
                      nested
                      {...(hideTopic !== undefined && { hideTopic })}
                    />
                  )}
                  {!post && detail.error && <ErrorNote error={detail.error} retry={() => void detail.refetch()} />}
                  {!post && posts && <p className="muted small">This post is no longer stored.</p>}
                  {!post && !posts && !detail.error && <Skeleton height={90} label="Loading the post" />}
                </div>
              );
            })}
        </li>
      ))}
    </ol>
  );
}

/** What a summary is of. */
export function SummaryFacts({ summary, period = true }: { summary: Summary; period?: boolean }) {
  return (
    <span className="row wide small muted">
      {period && <span>{periodName(summary.period.start, summary.period.end)}</span>}
      <span>from {counted(summary.post_count, "post")}</span>
      {summary.sentiment && <Mood score={summary.sentiment.score} />}
    </span>
  );
}
