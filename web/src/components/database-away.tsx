// Why the database does not answer, and what can be done.
import type { Readiness } from "../api-types";
import { sentence } from "../lib/text";
import { Button } from "./ui";

export function DatabaseAway({ state, retry }: { state: Readiness; retry: () => void }) {
  return (
    <section className="card" role="alert">
      <div className="section-head">
        <h2>The database is away</h2>
        <Button small onClick={retry}>
          Try again
        </Button>
      </div>
      <div className="stack">
        <p>{sentence(state.reason ?? "it does not answer")}</p>
        {state.advice && (
          <p>
            <strong>What to do:</strong> {state.advice}
          </p>
        )}
        <p className="small muted">
          {state.reads
            ? "Meanwhile a replica shows what there is; the newest may be missing, and nothing can be changed."
            : "Nothing can be shown or changed until it is back. This page looks every two seconds."}
        </p>
        {state.details ? (
          <p className="small mono">{state.details}</p>
        ) : (
          <p className="small muted">The server&rsquo;s log says more, under database.unavailable.</p>
        )}
      </div>
    </section>
  );
}
