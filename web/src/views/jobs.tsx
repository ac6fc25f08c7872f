import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Job, Run, ScheduleTimes } from "../api-types";
import { AskFirst } from "../components/ask-first";
import { useDebounced } from "../components/rule-field";
import { Form, SelectField, TextField } from "../components/form";
import { RunProgress, runResult, RunState } from "../components/run-progress";
import { say } from "../components/toasts";
import {
  Button,
  Dialog,
  Empty,
  errorMessage,
  Loaded,
  More,
  PageHead,
  Segmented,
  Skeleton,
  Table,
} from "../components/ui";
import { api } from "../lib/api";
import { isOver, useChange, useMayTouch, useRun, useTopicOptions } from "../lib/queries";
import { sentence } from "../lib/text";
import { briefTime, durationName, fullTime, sameClock, timeIn, timeZone, untilTime } from "../lib/time";

const stale = ["jobs", "runs"];

const presets = [
  ["0 6 * * *", "every day at 06:00"],
  ["0 * * * *", "every hour"],
  ["0 7 * * 1", "Mondays at 07:00"],
  ["every 15m", "every 15 minutes"],
] as const;

const periods = [
  ["day", "the day before"],
  ["week", "the week before"],
  ["month", "the month before"],
] as const;

const engines = [["extractive", "extractive: the posts' own sentences"]] as const;

/** The schedule of a job that is there, or a new job that writes summaries. */
function JobDialog({ job, onClose }: { job?: Job; onClose: () => void }) {
  const [title, setTitle] = useState(job?.title ?? "");
  const [schedule, setSchedule] = useState(job?.schedule ?? "0 6 * * *");
  const [zone, setZone] = useState(job?.time_zone ?? timeZone());
  const [topic, setTopic] = useState(job?.options.topic_id ? String(job.options.topic_id) : "");
  const topics = useTopicOptions("All active topics", topic);
  const [period, setPeriod] = useState(String(job?.options.period ?? "day"));
  const [sentences, setSentences] = useState(String(job?.options.max_sentences ?? 5));
  const [engine, setEngine] = useState(String(job?.options.engine ?? engines[0][0]));
  const summarises = !job || job.kind === "summarise";
  const save = useChange(
    () => {
      // What the command line alone can set stays.
      const { topic_id: _, ...others } = job?.options ?? {};
      const options = {
        ...others,
        ...(topic && { topic_id: Number(topic) }),
        ...{ period, engine, max_sentences: Number(sentences) },
      };
      const body = { schedule: schedule.trim(), time_zone: zone.trim(), ...(summarises && { options }) };
      return job
        ? api.patch<Job>(`/jobs/${job.id}`, body)
        : api.post<Job>("/jobs", { kind: "summarise", ...(title.trim() && { title: title.trim() }), ...body });
    },
    {
      stale,
      quiet: true,
      done: (saved) => {
        const next = saved.next_due_at;
        say(next ? `Saved. Next run ${untilTime(new Date(next))}.` : "Saved.");
        onClose();
      },
    },
  );
  return (
    <Dialog title={job ? job.title : "New job: summaries"} onClose={onClose}>
      <Form change={save} action="Save">
        {!job && <TextField label="Title" hint="May stay empty." field="title" value={title} onChange={setTitle} />}
        <TextField
          label="Schedule"
          hint="A cron expression of five fields, or an interval such as every 15m."
          field="schedule"
          mono
          required
          value={schedule}
          onChange={setSchedule}
        />
        <div className="row">
          {presets.map(([value, name]) => (
            <Button key={value} small onClick={() => setSchedule(value)}>
              {name}
            </Button>
          ))}
        </div>
        <NextTimes schedule={schedule} zone={zone} />
        <TextField label="Time zone" field="time_zone" required value={zone} onChange={setZone} />
        {summarises && (
          <div className="form-row">
            <SelectField<string> label="Topic" value={topic} onChange={setTopic} options={topics} />
            <SelectField<string> label="Period" value={period} onChange={setPeriod} options={periods} />
            <SelectField<string> label="Engine" value={engine} onChange={setEngine} options={engines} />
            <TextField
              label="Sentences at most"
              type="number"
              min={1}
              max={100}
              required
              value={sentences}
              onChange={setSentences}
            />
          </div>
        )}
      </Form>
    </Dialog>
  );
}

/** What a schedule means, while it is typed. */
function NextTimes({ schedule, zone }: { schedule: string; zone: string }) {
  const wanted = { schedule: useDebounced(schedule.trim()), time_zone: useDebounced(zone.trim()) };
  const times = useQuery({
    queryKey: ["schedule", wanted],
    queryFn: ({ signal }) => api.get<ScheduleTimes>("/schedule", wanted, signal),
    enabled: wanted.schedule !== "" && wanted.time_zone !== "",
    placeholderData: (before) => before,
  });
  if (times.error) return <p className="small wrong">{errorMessage(times.error)}</p>;
  if (!times.data) return null;
  return (
    <p className="small muted" role="status">
      {sentence(times.data.explanation)} Next:{" "}
      {times.data.next_times.map((time) => timeIn(wanted.time_zone, new Date(time))).join("; ")}.
    </p>
  );
}

const hasClock = (text: string) => /\d:\d/.test(text);

/** When it runs: by its schedule, whose zone is told if its clocks show another time than the reader's. */
function JobTimes({ job, last }: { job: Job; last: Run | null }) {
  const next = job.enabled && job.next_due_at ? new Date(job.next_due_at) : null;
  const elsewhere = !sameClock(job.time_zone, next ?? new Date());
  return (
    <p className="small muted">
      {job.explanation ? (
        <span title={job.schedule}>{sentence(job.explanation).replace(/\.$/, "")}</span>
      ) : (
        <code>{job.schedule}</code>
      )}
      {elsewhere && hasClock(job.explanation ?? "") && ` (${job.time_zone})`}
      {next && (
        <>
          {" · next "}
          <time dateTime={job.next_due_at!} title={fullTime(next)}>
            {untilTime(next)}
          </time>
          {elsewhere && hasClock(untilTime(next)) && " your time"}
        </>
      )}
      {last?.finished_at && (
        <>
          {" · last "}
          <time dateTime={last.finished_at} title={fullTime(new Date(last.finished_at))}>
            {briefTime(new Date(last.finished_at))}
          </time>
        </>
      )}
    </p>
  );
}

function JobRow({ job }: { job: Job }) {
  const [isEditing, setEditing] = useState(false);
  const [runId, setRunId] = useState<number | null>(null);
  const run = useRun(runId);
  const start = useChange(() => api.post<{ run: Run }>(`/jobs/${job.id}/run`), {
    stale,
    done: (answer) => setRunId(answer.run.id),
  });
  const toggle = useChange(() => api.patch<Job>(`/jobs/${job.id}`, { enabled: !job.enabled }), { stale });
  const mayTouch = useMayTouch()(job.kind);
  const last = run.data ?? job.last_run;
  return (
    <li>
      <div className="row between">
        <div className="grow">
          <div className="row">
            <h2 className="item-title">{job.title}</h2>
            {!job.enabled && <span className="chip warn">paused</span>}
            {last && <RunState run={last} />}
          </div>
          <JobTimes job={job} last={last} />
          {last?.state === "failed" && last.error && <p className="small wrong">{last.error}</p>}
        </div>
        {mayTouch ? (
          <div className="row">
            <Button
              small
              icon="play"
              busy={start.isPending || (run.data !== undefined && !isOver(run.data))}
              onClick={() => start.mutate()}
              aria-label={`Run now: ${job.title}`}
            >
              Run now
            </Button>
            <Button small onClick={() => setEditing(true)} aria-label={`Edit ${job.title}`}>
              Edit
            </Button>
            <Button
              small
              kind="quiet"
              icon={job.enabled ? "pause" : "play"}
              busy={toggle.isPending}
              onClick={() => toggle.mutate()}
              aria-label={`${job.enabled ? "Pause" : "Resume"} ${job.title}`}
            >
              {job.enabled ? "Pause" : "Resume"}
            </Button>
            {job.name === null && (
              <AskFirst
                small
                kind="quiet"
                aria-label={`Remove ${job.title}`}
                title={`Remove “${job.title}”?`}
                text="What it has written stays."
                action="Remove"
                change={() => api.delete(`/jobs/${job.id}`)}
                stale={stale}
              >
                Remove…
              </AskFirst>
            )}
          </div>
        ) : (
          <span className="small muted">Administrators run and change it.</span>
        )}
      </div>
      {run.data && !isOver(run.data) && <RunProgress run={run.data} />}
      {isEditing && <JobDialog job={job} onClose={() => setEditing(false)} />}
    </li>
  );
}

const states = [
  ["", "All"],
  ["running", "Running"],
  ["failed", "Failed"],
] as const;

function Runs() {
  const [state, setState] = useState<(typeof states)[number][0]>("");
  const runs = useInfiniteQuery({
    queryKey: ["runs", state],
    queryFn: ({ pageParam, signal }) =>
      api.get<{ runs: Run[]; next: string | null }>("/runs", { state, limit: 25, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  return (
    <section className="card">
      <div className="section-head">
        <h2>Runs</h2>
        <Segmented label="Which runs" value={state} options={states} onChange={setState} />
      </div>
      <Loaded query={runs} skeleton={<Skeleton height={34} count={5} />}>
        {(data) => {
          const rows = data.pages.flatMap((page) => page.runs);
          if (rows.length === 0) return <p className="muted">{state === "failed" ? "None failed." : "None yet."}</p>;
          return (
            <>
              <Table label="Runs" columns={["What", "State", "When", { number: "Took" }, "Result"]}>
                {rows.map((run) => {
                  const began = run.started_at ?? run.due_at;
                  return (
                    <tr key={run.id}>
                      <td>
                        {run.title}
                        {run.attempt > 1 && <span className="muted small"> (attempt {run.attempt})</span>}
                      </td>
                      <td>
                        <RunState run={run} />
                      </td>
                      <td title={fullTime(new Date(began))}>
                        {run.state === "waiting" ? untilTime(new Date(run.due_at)) : briefTime(new Date(began))}
                      </td>
                      <td className="number">
                        {run.started_at &&
                          run.finished_at &&
                          durationName(Date.parse(run.finished_at) - Date.parse(run.started_at))}
                      </td>
                      <td className={run.error ? "wrong" : "muted"}>{runResult(run)}</td>
                    </tr>
                  );
                })}
              </Table>
              <More list={runs} />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

export default function JobsView() {
  const jobs = useQuery({
    queryKey: ["jobs"],
    queryFn: async ({ signal }) => (await api.get<{ jobs: Job[] }>("/jobs", {}, signal)).jobs,
  });
  const [adding, setAdding] = useState(false);
  return (
    <div className="page">
      <PageHead title="Jobs" sub="What OffX does by itself, and how it went.">
        <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
          New job
        </Button>
      </PageHead>
      <div className="stack loose">
        <Loaded query={jobs} skeleton={<Skeleton height={64} count={4} />}>
          {(data) =>
            data.length === 0 ? (
              <Empty title="No jobs">The server makes the built-in ones when it starts.</Empty>
            ) : (
              <section className="card" aria-label="Jobs">
                <ul className="list">
                  {data.map((job) => (
                    <JobRow key={job.id} job={job} />
                  ))}
                </ul>
              </section>
            )
          }
        </Loaded>
        <Runs />
      </div>
      {adding && <JobDialog onClose={() => setAdding(false)} />}
    </div>
  );
}
