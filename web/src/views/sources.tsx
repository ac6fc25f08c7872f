import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type DragEvent, useEffect, useId, useRef, useState } from "react";
import { Link } from "wouter";
import type { Import, ImportResult, Run, Sources } from "../api-types";
import { SelectField, TextField } from "../components/form";
import { RunProgress } from "../components/run-progress";
import { Button, Empty, ErrorNote, Loaded, More, PageHead, Skeleton } from "../components/ui";
import { api } from "../lib/api";
import { bytesName, count, counted, platformName } from "../lib/format";
import { isOver, useRun, useSources } from "../lib/queries";
import { sentence } from "../lib/text";
import { briefTime, daysName, durationName, fullTime } from "../lib/time";
import { cancel, refuse, send, useUploads } from "../lib/uploads";

const formats = [
  ["", "told from the file"],
  ["jsonl", "JSON Lines (jsonl)"],
  ["csv", "CSV"],
  ["x-archive", "Archive of X"],
  ["x-api", "Answers of X's API"],
  ["mastodon", "Answers of Mastodon's API"],
  ["bluesky", "Answers of Bluesky's API"],
  ["rss", "RSS feed"],
  ["atom", "Atom feed"],
  ["json-feed", "JSON Feed"],
  ["offx-database", "Database of OffX"],
] as const;

const formatName = (format: string): string => formats.find(([name]) => name === format)?.[1] ?? format;

const tookMs = (row: Import) => Date.parse(row.finished_at ?? row.started_at) - Date.parse(row.started_at);

/** The runs that import uploads, newest first: those of today may still be on their way. */
const useImportRuns = () =>
  useQuery({
    queryKey: ["runs", "import"],
    queryFn: async ({ signal }) =>
      (await api.get<{ runs: Run[] }>("/runs", { kind: "import", limit: 100 }, signal)).runs,
  });

const resultOf = (run: Run | undefined): ImportResult | null =>
  run?.result && Array.isArray(run.result["problems"]) ? (run.result as unknown as ImportResult) : null;

/** What was skipped, one by one: where it stands, what is wrong with it and what to do about it. */
function Skipped({ result }: { result: ImportResult }) {
  const { problems, broken } = result;
  if (problems.length === 0) return null;
  return (
    <div className="stack tight">
      <ul className="problems small">
        {problems.map((problem, index) => (
          <li key={index}>
            <span className="muted nowrap">{problem.where ? sentence(problem.where).slice(0, -1) : "The file"}</span>
            <span>
              {problem.field ? (
                <>
                  <code>{problem.field}</code> {problem.reason}
                </>
              ) : (
                sentence(problem.reason)
              )}
            </span>
          </li>
        ))}
      </ul>
      {broken > problems.length && (
        <p className="muted small">
          These are the first {problems.length} of {count(broken)}.
        </p>
      )}
      <p className="muted small">
        Correct {broken === 1 ? "it" : "them"} in the file and import it again: what is stored already stays as it is.
      </p>
    </div>
  );
}

/** A browser that is given a file beside the field for it would leave the page to show the file. */
function useNoStrayDrops() {
  useEffect(() => {
    const keep = (event: Event) => event.preventDefault();
    for (const event of ["dragover", "drop"]) window.addEventListener(event, keep);
    return () => {
      for (const event of ["dragover", "drop"]) window.removeEventListener(event, keep);
    };
  }, []);
}

/** What was dropped: folders look like files and cannot be sent. */
function dropped({ items }: DataTransfer): { files: File[]; folders: string[] } {
  const all = [...items].map((item) => ({ file: item.getAsFile(), entry: item.webkitGetAsEntry() }));
  return {
    files: all.flatMap(({ file, entry }) => (file && !entry?.isDirectory ? [file] : [])),
    folders: all.flatMap(({ entry }) => (entry?.isDirectory ? [entry.name] : [])),
  };
}

function Upload({ running }: { running: Run[] }) {
  const [over, setOver] = useState(false);
  const [format, setFormat] = useState("");
  const [platform, setPlatform] = useState("");
  const { sending, waiting, sent, refused } = useUploads();
  const input = useRef<HTMLInputElement>(null);
  useNoStrayDrops();
  const begin = (files: File[], as = format) => {
    send(files, { format: as, platform: platform.trim() });
    if (input.current) input.current.value = "";
  };
  const shown: { runId: number; file?: File }[] = [
    ...sent,
    // Another page sent these, or this one before it was loaded anew.
    ...running.filter((run) => !sent.some(({ runId }) => runId === run.id)).map((run) => ({ runId: run.id })),
  ];
  return (
    <div className="stack">
      <div
        className={over ? "dropzone over" : "dropzone"}
        onDragOver={(event: DragEvent) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event: DragEvent) => {
          event.preventDefault();
          setOver(false);
          const { files, folders } = dropped(event.dataTransfer);
          begin(files);
          for (const name of folders) refuse(name, "Is a folder: choose the files in it, or pack it into a zip.");
        }}
      >
        <h2>Import posts from files</h2>
        <p className="muted small">
          An archive of X, saved answers of Mastodon or Bluesky, feeds, JSON Lines, CSV; also compressed. The same file
          twice is harmless.
        </p>
        <input
          ref={input}
          type="file"
          multiple
          className="visually-hidden"
          id="import-files"
          aria-label="Files to import"
          tabIndex={-1}
          onChange={(event) => begin([...(event.target.files ?? [])])}
        />
        <Button kind="primary" icon="sources" onClick={() => input.current?.click()}>
          Choose files
        </Button>
        <details className="import-options">
          <summary className="small">Format and platform</summary>
          <div className="form-row">
            <SelectField<string> label="Format" value={format} onChange={setFormat} options={formats} />
            <TextField
              label="Platform of posts that name none"
              placeholder="as the format has it"
              maxLength={50}
              value={platform}
              onChange={setPlatform}
            />
          </div>
        </details>
      </div>
      {sending && (
        <div className="stack tight">
          <div className="row between small">
            <span>
              Sending <strong>{sending.name}</strong>: {bytesName(sending.bytes)} of {bytesName(sending.size)}
              {waiting > 0 && `, then ${counted(waiting, "more file")}`}
            </span>
            <Button small kind="quiet" onClick={cancel}>
              Cancel
            </Button>
          </div>
          <progress
            className="progress"
            aria-label={`Sending ${sending.name}`}
            value={sending.bytes}
            max={sending.size}
          />
        </div>
      )}
      {refused.map((message, index) => (
        <ErrorNote key={index} error={new Error(message)} />
      ))}
      {shown.map(({ runId, file }) => (
        <ImportRun key={runId} id={runId} {...(file && { again: (as) => begin([file], as) })} />
      ))}
    </div>
  );
}

/** One import, how far it is and what came of it. One that failed can be tried again as of another format. */
function ImportRun({ id, again }: { id: number; again?: (format: string) => void }) {
  const run = useRun(id);
  const [format, setFormat] = useState("");
  if (run.error) return <ErrorNote error={run.error} retry={() => void run.refetch()} />;
  if (!run.data) return <Skeleton height={40} />;
  const result = resultOf(run.data);
  return (
    <div className={isOver(run.data) ? "card flat import-over" : "card flat"}>
      <div className="stack tight">
        <RunProgress run={run.data} />
        {result && result.broken > 0 && <Skipped result={result} />}
        {run.data.state === "failed" && again && (
          <div className="row small">
            <label className="row">
              Its format is
              <select className="select" value={format} onChange={(event) => setFormat(event.target.value)}>
                {formats.map(([value, name]) => (
                  <option key={value} value={value}>
                    {value ? name : "choose one"}
                  </option>
                ))}
              </select>
            </label>
            <Button small disabled={format === ""} onClick={() => again(format)}>
              Import it again
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

function HistoryRow({ row, runs }: { row: Import; runs: Run[] | undefined }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const result = resultOf(runs?.find((run) => resultOf(run)?.import_id === row.id));
  const numbers = [
    `${count(row.added)} new`,
    row.updated > 0 && `${count(row.updated)} updated`,
    row.unchanged > 0 && `${count(row.unchanged)} unchanged`,
  ];
  return (
    <li>
      <div className="row between">
        <span className="grow">
          <span className="item-title">{row.source.split("/").at(-1)}</span>
          <span className="muted small"> {formatName(row.format)}</span>
        </span>
        <span className="muted small" title={fullTime(new Date(row.started_at))}>
          {briefTime(new Date(row.started_at))}
          {row.finished_at && tookMs(row) >= 1000 && ` · took ${durationName(tookMs(row))}`}
        </span>
      </div>
      <div className="row small">
        <span>{numbers.filter(Boolean).join(" · ")}</span>
        {row.broken > 0 &&
          (result && result.problems.length > 0 ? (
            <Button small kind="quiet" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
              {count(row.broken)} skipped: why?
            </Button>
          ) : (
            <span className="muted">{count(row.broken)} skipped; what was wrong was told where it was imported</span>
          ))}
      </div>
      {open && result && (
        <div id={id} className="import-problems">
          <Skipped result={result} />
        </div>
      )}
    </li>
  );
}

function FailedRow({ run }: { run: Run }) {
  const began = new Date(run.started_at ?? run.due_at);
  const name = run.title.replace(/^Import /, "");
  return (
    <li>
      <div className="row between">
        <span className="grow row">
          <span className="item-title">{name}</span>
          <span className="chip danger">failed</span>
        </span>
        <span className="muted small" title={fullTime(began)}>
          {briefTime(began)}
        </span>
      </div>
      <p className="small wrong">{run.error && sentence(run.error.replace(`${name}: `, ""))}</p>
    </li>
  );
}

function History({ runs }: { runs: Run[] | undefined }) {
  const imports = useInfiniteQuery({
    queryKey: ["imports"],
    queryFn: ({ pageParam, signal }) =>
      api.get<{ imports: Import[]; next: string | null }>("/imports", { after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  return (
    <section className="card" aria-label="Imports so far">
      <h2>Imports so far</h2>
      <Loaded query={imports} skeleton={<Skeleton height={34} count={4} />}>
        {(data) => {
          const stored = data.pages.flatMap((page) => page.imports);
          const oldest = imports.hasNextPage ? stored.at(-1)?.started_at : undefined;
          const rows = [
            ...stored.map((row) => ({ at: row.started_at, row, run: null })),
            ...(runs ?? [])
              .filter((run) => run.state === "failed" && (!oldest || run.due_at >= oldest))
              .map((run) => ({ at: run.started_at ?? run.due_at, row: null, run })),
          ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
          if (rows.length === 0) return <p className="muted">None yet.</p>;
          return (
            <>
              <ul className="list">
                {rows.map(({ row, run }) =>
                  row ? (
                    <HistoryRow key={`i${row.id}`} row={row} runs={runs} />
                  ) : (
                    <FailedRow key={`r${run.id}`} run={run} />
                  ),
                )}
              </ul>
              <More list={imports} />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function Platforms({ sources }: { sources: Sources["sources"] }) {
  const bySize = [...sources].sort((a, b) => b.posts - a.posts);
  const all = sources.reduce((sum, source) => sum + source.posts, 0);
  return (
    <section className="card" aria-label="Platforms">
      <div className="section-head">
        <h2>Platforms</h2>
        <span className="muted small">{counted(all, "post")} in all</span>
      </div>
      <ul className="shares">
        {bySize.map((source) => (
          <li key={source.platform}>
            <Link href={`/search?platform=${encodeURIComponent(source.platform)}`}>
              {platformName(source.platform)}
            </Link>
            <span className="share" aria-hidden="true">
              <span style={{ width: `${(100 * source.posts) / bySize[0]!.posts}%` }} />
            </span>
            <span className="number">{count(source.posts)}</span>
            <span className="muted small">
              {source.oldest_at && source.newest_at && daysName(new Date(source.oldest_at), new Date(source.newest_at))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export default function SourcesView() {
  const sources = useSources();
  const runs = useImportRuns();
  return (
    <div className="page reading">
      <PageHead title="Sources" sub="Where the posts come from." />
      <div className="stack loose">
        <Upload running={(runs.data ?? []).filter((run) => !isOver(run))} />
        <Loaded query={sources} skeleton={<Skeleton height={120} />}>
          {(data) =>
            data.sources.length === 0 ? (
              <Empty title="No posts yet">Choose a file above, or drop it there.</Empty>
            ) : (
              <Platforms sources={data.sources} />
            )
          }
        </Loaded>
        <History runs={runs.data} />
      </div>
    </div>
  );
}
