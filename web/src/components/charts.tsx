import { counted, moodName } from "../lib/format";

/** Fourteen days in the space of a word. */
export function Sparkline({ posts }: { posts: number[] }) {
  if (posts.length < 2) return null;
  const most = Math.max(1, ...posts);
  const x = (index: number) => 2 + (index / (posts.length - 1)) * 80;
  const y = (count: number) => 21 - (count / most) * 18;
  const line = posts.map((count, index) => `${x(index).toFixed(1)} ${y(count).toFixed(1)}`).join("L");
  const last = posts.at(-1)!;
  return (
    <svg
      className="sparkline"
      viewBox="0 0 84 24"
      role="img"
      aria-label={`Posts a day over ${posts.length} days, at most ${most}, now ${last}`}
    >
      <path d={`M${line}L82 22L2 22Z`} fill="currentColor" opacity="0.12" />
      <path d={`M${line}`} fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" />
      <circle cx={x(posts.length - 1)} cy={y(last)} r="2" fill="currentColor" />
    </svg>
  );
}

/** Where a mean sentiment lies between negative and positive, in a word and on a scale. */
export function Mood({ score }: { score: number }) {
  const at = 5 + ((Math.max(-0.6, Math.min(0.6, score)) + 0.6) / 1.2) * 34;
  return (
    <span className="mood" title={`Mean sentiment ${score > 0 ? "+" : ""}${score.toFixed(2)}, from −1 to 1`}>
      <svg width="44" height="10" viewBox="0 0 44 10" aria-hidden="true">
        <path d="M3 5h38" stroke="var(--line-strong)" strokeWidth="1.5" strokeLinecap="round" opacity="0.6" />
        <path d="M22 2.5v5" stroke="var(--line-strong)" strokeWidth="1" />
        <circle
          cx={at}
          cy="5"
          r="4"
          fill={score >= 0.1 ? "var(--good)" : score <= -0.1 ? "var(--danger)" : "var(--text-muted)"}
        />
      </svg>
      {moodName(score)}
    </span>
  );
}

/** How much of it is done. */
export function Ring({ done, total, what }: { done: number; total: number; what: string }) {
  const around = 2 * Math.PI * 12;
  return (
    <span className="ring">
      <svg viewBox="0 0 30 30" aria-hidden="true">
        <circle cx="15" cy="15" r="12" fill="none" stroke="var(--line)" strokeWidth="3.5" />
        <circle
          cx="15"
          cy="15"
          r="12"
          fill="none"
          stroke="var(--accent)"
          strokeWidth="3.5"
          strokeLinecap="round"
          opacity={done > 0 ? 1 : 0}
          strokeDasharray={`${total > 0 ? (done / total) * around : 0} ${around}`}
          transform="rotate(-90 15 15)"
        />
      </svg>
      {done} of {counted(total, what)} done
    </span>
  );
}
