import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type DragEvent, useRef, useState } from "react";
import { Link } from "wouter";
import type { Import, Run, Sources } from "../api-types";
import { RunProgress } from "../components/run-progress";
import { Button, Empty, ErrorNote, Loaded, PageHead, Skeleton } from "../components/ui";
import { api, upload } from "../lib/api";
import { bytesName, count, counted, platformName } from "../lib/format";
import { isOver, useChange, useRun } from "../lib/queries";
import { briefTime, durationName, fullTime, longDay } from "../lib/time";

const maxBytes = 1024 ** 3;

const tookMs = (row: Import) => Date.parse(row.finished_at ?? row.started_at) - Date.parse(row.started_at);

function Upload() {
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState<{ name: string; bytes: number; size: number } | null>(null);
  const [runIds, setRunIds] = useState<number[]>([]);
  const [refused, setRefused] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const abort = useRef<AbortController | null>(null);
  // One file that is refused does not keep the others.
  const send = useChange(
    async (files: File[]) => {
      const problems: string[] = [];
      for (const file of files) {
        if (file.size === 0) {
          problems.push(`${file.name} is empty.`);
          continue;
        }
        if (file.size > maxBytes) {
          problems.push(`${file.name} is larger than 1 GB. Import it on the server: offx import FILE`);
          continue;
        }
        abort.current = new AbortController();
        setSent({ name: file.name, bytes: 0, size: file.size });
        try {
          const { run } = await upload<{ run: Run }>(
            "/imports",
            { filename: file.name },
            file,
            (bytes) => setSent({ name: file.name, bytes, size: file.size }),
            abort.current.signal,
          );
          setRunIds((ids) => [run.id, ...ids]);
        } catch (error) {
          if (error instanceof DOMException) throw error; // cancelled: the rest too
          problems.push(`${file.name}: ${(error as Error).message}`);
        }
      }
      if (problems.length > 0) throw new Error(problems.join(" "));
    },
    { quiet: true, stale: ["runs"] },
  );
  const begin = (files: FileList | null) => {
    if (!files || files.length === 0) return;
    setRefused(null);
    send.mutate([...files], {
      onSettled: () => setSent(null),
      onError: (error) => {
        if (!(error instanceof DOMException)) setRefused(error.message);
      },
    });
    if (input.current) input.current.value = "";
  };
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
          begin(event.dataTransfer.files);
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
          onChange={(event) => begin(event.target.files)}
        />
        <Button kind="primary" icon="sources" busy={send.isPending} onClick={() => input.current?.click()}>
          Choose files
        </Button>
      </div>
      {sent && (
        <div className="stack tight">
          <div className="row between small">
            <span>
              Sending <strong>{sent.name}</strong>: {bytesName(sent.bytes)} of {bytesName(sent.size)}
            </span>
            <Button small kind="quiet" onClick={() => abort.current?.abort()}>
              Cancel
            </Button>
          </div>
          <progress className="progress" aria-label={`Sending ${sent.name}`} value={sent.bytes} max={sent.size} />
        </div>
      )}
      {refused && <ErrorNote error={new Error(refused)} />}
      {runIds.map((id) => (
        <ImportRun key={id} id={id} />
      ))}
    </div>
  );
}

function ImportRun({ id }: { id: number }) {
  const run = useRun(id);
  if (run.error) return <ErrorNote error={run.error} retry={() => void run.refetch()} />;
  if (!run.data) return <Skeleton height={40} />;
  return (
    <div className={isOver(run.data) ? "card flat import-over" : "card flat"}>
      <RunProgress run={run.data} />
    </div>
  );
}

function History() {
  const imports = useInfiniteQuery({
    queryKey: ["imports"],
    queryFn: ({ pageParam, signal }) =>
      api.get<{ imports: Import[]; next: string | null }>("/imports", { after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  return (
    <section className="card">
      <h2>Imports so far</h2>
      <Loaded query={imports} skeleton={<Skeleton height={34} count={4} />}>
        {(data) => {
          const rows = data.pages.flatMap((page) => page.imports);
          if (rows.length === 0) return <p className="muted">None yet.</p>;
          return (
            <>
              <div className="table-scroll" tabIndex={0} role="region" aria-label="Imports so far">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">What</th>
                      <th scope="col">When</th>
                      <th scope="col" className="number">
                        New
                      </th>
                      <th scope="col" className="number">
                        Updated
                      </th>
                      <th scope="col" className="number">
                        Unchanged
                      </th>
                      <th scope="col" className="number">
                        Skipped
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map((row) => (
                      <tr key={row.id}>
                        <td>
                          {row.source.split("/").at(-1)} <span className="muted small">{row.format}</span>
                        </td>
                        <td title={fullTime(new Date(row.started_at))}>
                          {briefTime(new Date(row.started_at))}
                          {!row.finished_at && <span className="chip warn">not finished</span>}
                          {row.finished_at && tookMs(row) >= 1000 && (
                            <span className="muted small"> in {durationName(tookMs(row))}</span>
                          )}
                        </td>
                        <td className="number">{count(row.added)}</td>
                        <td className="number">{count(row.updated)}</td>
                        <td className="number">{count(row.unchanged)}</td>
                        <td className="number">{count(row.broken)}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              {imports.hasNextPage && (
                <Button small busy={imports.isFetchingNextPage} onClick={() => void imports.fetchNextPage()}>
                  Show more
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

export default function SourcesView() {
  const sources = useQuery({
    queryKey: ["sources"],
    queryFn: ({ signal }) => api.get<Sources>("/sources", {}, signal),
  });
  return (
    <div className="page reading">
      <PageHead title="Sources" sub="Where the posts come from." />
      <div className="stack loose">
        <Upload />
        <Loaded query={sources} skeleton={<Skeleton height={120} />}>
          {(data) =>
            data.sources.length === 0 ? (
              <Empty title="No posts yet">
                Choose a file above. In a terminal, offx import takes files, folders and addresses, such as a feed's.
              </Empty>
            ) : (
              <section className="card">
                <h2>Platforms</h2>
                <div className="table-scroll">
                  <table>
                    <thead>
                      <tr>
                        <th scope="col">Platform</th>
                        <th scope="col" className="number">
                          Posts
                        </th>
                        <th scope="col">From</th>
                        <th scope="col">To</th>
                      </tr>
                    </thead>
                    <tbody>
                      {data.sources.map((source) => (
                        <tr key={source.platform}>
                          <td>
                            <Link href={`/search?platform=${encodeURIComponent(source.platform)}`}>
                              {platformName(source.platform)}
                            </Link>
                          </td>
                          <td className="number">{count(source.posts)}</td>
                          <td>{source.oldest_at && longDay(new Date(source.oldest_at))}</td>
                          <td>{source.newest_at && longDay(new Date(source.newest_at))}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
                <p className="muted small">
                  {counted(
                    data.sources.reduce((sum, source) => sum + source.posts, 0),
                    "post",
                  )}{" "}
                  in all.
                </p>
              </section>
            )
          }
        </Loaded>
        <History />
      </div>
    </div>
  );
}
