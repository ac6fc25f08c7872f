import type { Run } from "../api-types";
import { api } from "../lib/api";
import { count } from "../lib/format";
import { isOver, useChange, useMayTouch } from "../lib/queries";
import { Button } from "./ui";

export function runResult(run: Run): string {
  if (run.error) return run.error;
  // The server writes numbers as they are; here they are grouped as everywhere else.
  if (run.message) return run.message.replace(/(?<![\w.:-])\d{4,}(?![\w:-])/g, (digits) => count(Number(digits)));
  const numbers = Object.entries(run.result ?? {}).filter(([, value]) => typeof value === "number");
  return numbers.map(([name, value]) => `${count(value as number)} ${name.replaceAll("_", " ")}`).join(", ");
}

const stateNames = { waiting: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled" };
const stateKinds = { waiting: "", running: "accent", done: "good", failed: "danger", cancelled: "" };

export function RunState({ run }: { run: Run }) {
  return <span className={`chip ${stateKinds[run.state]}`}>{stateNames[run.state]}</span>;
}

/** How far a run is, until it is over and says how it went. */
export function RunProgress({ run }: { run: Run }) {
  const cancel = useChange(() => api.post<Run>(`/runs/${run.id}/cancel`), { stale: ["run", "runs"] });
  const mayTouch = useMayTouch();
  const { progress } = run;
  const total = progress?.total ?? 0;
  return (
    <div className="stack tight" role="status">
      <div className="row between small">
        <span className="row">
          <strong>{run.title}</strong>
          <RunState run={run} />
        </span>
        {!isOver(run) && mayTouch(run.kind) && (
          <Button small kind="quiet" busy={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel
          </Button>
        )}
      </div>
      {!isOver(run) && (
        <progress
          className="progress"
          aria-label={run.title}
          {...(total > 0 && { value: progress?.done ?? 0, max: total })}
        />
      )}
      <p className={`small ${run.state === "failed" ? "wrong" : "muted"}`}>
        {!isOver(run) && progress
          ? `${count(progress.done)}${total > 0 ? ` of ${count(total)}` : ""} ${progress.unit}`
          : runResult(run)}
      </p>
    </div>
  );
}
