// A rule as it is typed: what is wrong is underlined where it is, and the posts it would find are shown below.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import type { RuleCheck, RulePreview } from "../api-types";
import { api, ApiError } from "../lib/api";
import { count, counted } from "../lib/format";
import { PostCard } from "./post-card";
import { ErrorNote, Skeleton } from "./ui";

export function useDebounced<T>(value: T, delayMs = 300): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}

export function useRuleCheck(rule: string) {
  return useQuery({
    queryKey: ["rule", rule],
    queryFn: () => api.post<RuleCheck>("/rules/validate", { rule }),
    enabled: rule.trim() !== "",
    staleTime: Infinity,
  });
}

export function RuleField({
  value,
  onChange,
  check,
}: {
  value: string;
  onChange: (rule: string) => void;
  check: RuleCheck | undefined;
}) {
  const id = useId();
  const marks = useRef<HTMLDivElement>(null);
  const fault = check && !check.valid ? check : null;
  const begin = fault ? Math.min(fault.position, value.length) : 0;
  const end = fault ? Math.min(begin + Math.max(1, fault.length), value.length) : 0;
  return (
    <div className="field">
      <label htmlFor={id}>Rule</label>
      <div className="rule-box">
        <div className="rule-marks" aria-hidden="true" ref={marks}>
          {fault && (
            <>
              {value.slice(0, begin)}
              <span className="fault">{value.slice(begin, end) || " "}</span>
              {value.slice(end)}
            </>
          )}
        </div>
        <textarea
          id={id}
          className="input"
          value={value}
          rows={4}
          spellCheck={false}
          autoCapitalize="off"
          placeholder={'sqlite OR "write-ahead log" -giveaway'}
          aria-invalid={fault ? true : undefined}
          aria-describedby={`${id}-hint`}
          onChange={(event) => onChange(event.target.value)}
          onScroll={(event) => {
            if (marks.current) marks.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      <span id={`${id}-hint`}>
        {fault ? (
          <span className="wrong" role="alert">
            At character {fault.position + 1}: {fault.message}
          </span>
        ) : (
          <span className="hint">
            As in X's search: <code>a OR b</code>, <code>"a phrase"</code>, <code>-without</code>, <code>#tag</code>,{" "}
            <code>from:name</code>, <code>lang:en</code>, <code>platform:bluesky</code>, <code>has:media</code>. A word
            finds itself in any case, and inside tags.
          </span>
        )}
      </span>
    </div>
  );
}

/** The newest stored posts that a rule finds, with the words it finds them by. */
export function RulePreviewList({ rule, check }: { rule: string; check: RuleCheck | undefined }) {
  const wanted = rule.trim() !== "" && check?.valid === true;
  const preview = useQuery({
    queryKey: ["preview", rule],
    queryFn: () => api.post<RulePreview>("/rules/preview", { rule, limit: 20 }),
    enabled: wanted,
    placeholderData: (before) => before,
    retry: (failures, error) => failures < 1 && error instanceof ApiError && error.status >= 500,
  });
  if (rule.trim() === "")
    return <p className="muted small">Type a rule to see what it finds among the stored posts.</p>;
  if (check?.valid === false)
    return <p className="muted small">Once the rule can be understood, the posts it finds are shown here.</p>;
  if (preview.error) return <ErrorNote error={preview.error} retry={() => void preview.refetch()} />;
  if (!preview.data) return wanted ? <Skeleton height={120} count={2} label="Looking for posts" /> : null;
  const { matched, seen, complete, posts } = preview.data;
  return (
    <div className="stack" aria-busy={preview.isFetching}>
      <p role="status">
        <strong>{counted(matched, "post matches", "posts match")}</strong>{" "}
        <span className="muted">
          of {complete ? `all ${count(seen)}` : `the newest ${count(seen)}`} stored
          {posts.length < matched && `; the newest ${posts.length} are shown`}.
        </span>
      </p>
      {posts.map((post) => (
        <PostCard key={post.id} post={post} />
      ))}
    </div>
  );
}
