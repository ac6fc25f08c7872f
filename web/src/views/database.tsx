import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Backup, DatabaseState, MigrationPhase, MigrationState, Run } from "../api-types";
import { AskFirst } from "../components/ask-first";
import { DatabaseAway } from "../components/database-away";
import { RunProgress } from "../components/run-progress";
import { Button, Empty, Loaded, PageHead, Skeleton, Table } from "../components/ui";
import { addressOf, api } from "../lib/api";
import { bytesName, count, counted } from "../lib/format";
import { useChange, useReadiness, useRun } from "../lib/queries";
import { briefTime, fullTime } from "../lib/time";

const engineNames: Record<string, string> = { sqlite: "SQLite", libsql: "libSQL", valtown: "Val Town" };

const phaseNames: Record<MigrationPhase, string> = {
  expand: "making tables",
  backfill: "copying rows",
  verify: "comparing",
  live: "both versions live",
  completing: "completing",
  completed: "completed",
  rolling_back: "rolling back",
  rolled_back: "rolled back",
};

function Migration({ migration, isAdmin }: { migration: MigrationState; isAdmin: boolean }) {
  const act = (action: string) => api.post(`/database/migrations/${encodeURIComponent(migration.name)}/${action}`);
  const stale = ["database"];
  const pause = useChange(() => act(migration.paused ? "resume" : "pause"), { stale, quiet: true });
  const moving = ["expand", "backfill", "verify", "completing", "rolling_back"].includes(migration.phase);
  const done = migration.tables.reduce((sum, table) => sum + table.rows_done, 0);
  const total = migration.tables.reduce((sum, table) => sum + table.rows_total, 0);
  const tables = migration.tables.map((table) => `${table.from} → ${table.to}`).join(", ");
  return (
    <li>
      <div className="row between">
        <div className="grow">
          <div className="row">
            <h3>{migration.name}</h3>
            <span
              className={`chip ${migration.phase === "completed" || migration.kept ? "good" : moving ? "accent" : ""}`}
            >
              {migration.kept ? "done" : (phaseNames[migration.phase] ?? migration.phase)}
            </span>
            {migration.paused && <span className="chip warn">paused</span>}
          </div>
          <p className="small muted">
            {tables}, since{" "}
            <span title={fullTime(new Date(migration.started_at))}>{briefTime(new Date(migration.started_at))}</span>
            {migration.old_users.length > 0 &&
              `; ${counted(migration.old_users.length, "program")} still on the old version`}
          </p>
          {migration.description && <p className="small">{migration.description}</p>}
          {migration.kept && (
            <p className="small">
              Nothing to do: the old version is kept so that you can go back to the release before. The next release
              removes it.
            </p>
          )}
          {migration.error && <p className="small wrong">{migration.error}</p>}
          {pause.error && <p className="small wrong">{pause.error.message}</p>}
        </div>
        {isAdmin && (
          <div className="row">
            {moving && (
              <Button small busy={pause.isPending} onClick={() => pause.mutate()}>
                {migration.paused ? "Resume" : "Pause"}
              </Button>
            )}
            {migration.phase === "live" && !migration.kept && (
              <AskFirst
                small
                title={`Complete ${migration.name}?`}
                text="The new version stands alone and the old one is removed. Programs of the release before stop working on this database. There is no way back but another migration."
                action="Complete"
                change={() => act("complete")}
                stale={stale}
              >
                Complete…
              </AskFirst>
            )}
            {((migration.phase === "live" && !migration.kept) || moving) && migration.phase !== "completing" && (
              <AskFirst
                small
                kind="quiet"
                title={`Roll ${migration.name} back?`}
                text="The new version is removed. What was written through it stays in the old one."
                action="Roll back"
                change={() => act("rollback")}
                stale={stale}
              >
                Roll back…
              </AskFirst>
            )}
          </div>
        )}
      </div>
      {moving && (
        <>
          <progress className="progress" aria-label={migration.name} {...(total > 0 && { value: done, max: total })} />
          <p className="small muted">
            {count(done)} of {count(total)} rows
            {migration.rows_per_second > 0 && `, ${count(migration.rows_per_second)} a second`}
          </p>
        </>
      )}
    </li>
  );
}

function Backups({ isAdmin }: { isAdmin: boolean }) {
  const backups = useQuery({
    queryKey: ["backups"],
    queryFn: async ({ signal }) => (await api.get<{ backups: Backup[] }>("/database/backups", {}, signal)).backups,
  });
  const [runId, setRunId] = useState<number | null>(null);
  const run = useRun(runId);
  const make = useChange(() => api.post<{ run: Run }>("/database/backups"), {
    stale: ["runs"],
    done: (answer) => setRunId(answer.run.id),
  });
  return (
    <section className="card">
      <div className="section-head">
        <h2>Backups</h2>
        {isAdmin && (
          <Button icon="database" busy={make.isPending} onClick={() => make.mutate()}>
            Back up now
          </Button>
        )}
      </div>
      <div className="stack">
        {run.data && <RunProgress run={run.data} />}
        <Loaded query={backups} skeleton={<Skeleton height={34} count={3} />}>
          {(data) =>
            data.length === 0 ? (
              <p className="muted">None yet. A job makes one every day.</p>
            ) : (
              <ul className="list">
                {data.map((backup) => (
                  <li key={backup.name} className="row between">
                    <span className="grow">
                      <span className="mono small">{backup.name}</span>
                      <span className="muted small">
                        {" "}
                        {bytesName(backup.bytes)},{" "}
                        <span title={fullTime(new Date(backup.created_at))}>
                          {briefTime(new Date(backup.created_at))}
                        </span>
                      </span>
                    </span>
                    {isAdmin && (
                      <span className="row">
                        <a
                          className="button small"
                          href={addressOf(`/database/backups/${encodeURIComponent(backup.name)}`)}
                          download
                        >
                          Download
                        </a>
                        <AskFirst
                          small
                          kind="quiet"
                          aria-label={`Remove ${backup.name}`}
                          title="Remove this backup?"
                          text={<span className="mono">{backup.name}</span>}
                          action="Remove"
                          change={() => api.delete(`/database/backups/${encodeURIComponent(backup.name)}`)}
                          stale={["backups"]}
                        >
                          Remove…
                        </AskFirst>
                      </span>
                    )}
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </div>
    </section>
  );
}

export default function DatabaseView({ isAdmin }: { isAdmin: boolean }) {
  const database = useQuery({
    queryKey: ["database"],
    queryFn: ({ signal }) => api.get<DatabaseState>("/database", {}, signal),
    refetchInterval: (query) =>
      query.state.data?.migrations.some((migration) => !["live", "completed", "rolled_back"].includes(migration.phase))
        ? 10_000 // events tell its progress
        : false,
  });
  const readiness = useReadiness();
  const away = readiness.data?.ready === false ? readiness.data : null;
  const [all, setAll] = useState(false);
  const retry = () => {
    void readiness.refetch();
    void database.refetch();
  };
  return (
    <div className="page reading">
      <PageHead title="Database" sub="What is stored, in which versions of its tables." />
      <div className="stack loose">
        {away && <DatabaseAway state={away} retry={retry} />}
        {(!away || away.reads) && (
          <Loaded query={database} skeleton={<Skeleton height={90} count={3} />}>
            {(data) => {
              const tables = all ? data.tables : data.tables.filter((table) => table.logical !== null && table.live);
              return (
                <>
                  <dl className="card facts">
                    <div>
                      <dt>Engine</dt>
                      <dd>{engineNames[data.engine] ?? data.engine}</dd>
                    </div>
                    <div>
                      <dt>Size</dt>
                      <dd className="number">{data.bytes === null ? "not known" : bytesName(data.bytes)}</dd>
                    </div>
                    <div>
                      <dt>Tables</dt>
                      <dd className="number">{data.tables.length}</dd>
                    </div>
                    <div>
                      <dt>Schema</dt>
                      <dd>
                        {data.drift === null
                          ? "not checked"
                          : data.drift === 0
                            ? "as it should be"
                            : counted(data.drift, "difference")}
                      </dd>
                    </div>
                  </dl>
                  <Backups isAdmin={isAdmin} />
                  <section className="card">
                    <h2>Migrations</h2>
                    {data.migrations.length === 0 ? (
                      <Empty title="No table has changed its version yet" />
                    ) : (
                      <ul className="list">
                        {data.migrations.map((migration) => (
                          <Migration key={migration.name} migration={migration} isAdmin={isAdmin} />
                        ))}
                      </ul>
                    )}
                  </section>
                  <section className="card">
                    <div className="section-head">
                      <h2>Tables</h2>
                      <label className="checkbox">
                        <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />
                        All, also old versions and indexes of text
                      </label>
                    </div>
                    <Table label="Tables" columns={["Table", "Holds", { number: "Version" }, { number: "Rows" }]}>
                      {tables.map((table) => (
                        <tr key={table.name}>
                          <td className="mono">{table.name}</td>
                          <td>
                            {table.logical?.replaceAll("_", " ")}
                            {!table.live && <span className="chip">old</span>}
                          </td>
                          <td className="number">{table.version}</td>
                          <td className="number">{table.rows === null ? "" : count(table.rows)}</td>
                        </tr>
                      ))}
                    </Table>
                    <p className="small muted mono">{data.description}</p>
                  </section>
                </>
              );
            }}
          </Loaded>
        )}
      </div>
    </div>
  );
}
