import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { DatabaseState, MigrationState, Run } from "../api-types";
import { addressOf } from "./api";
import { adoptRun, refreshPosts, refreshSources } from "./queries";

const againMs = 3000;
/** No news of posts for so long: whoever imports them is done. */
const settledMs = 3000;
/** The server ends every stream after some minutes; only what does not come back by then is lost. */
const patienceMs = 8000;

/** Progress is shown at once; one that begins, ends or changes its phase changes the tables too. */
function adoptMigration(client: QueryClient, migration: MigrationState): void {
  const phaseNow = (state?: DatabaseState) => state?.migrations.find(({ name }) => name === migration.name)?.phase;
  const before = client.getQueryData<DatabaseState>(["database"]);
  client.setQueryData<DatabaseState>(
    ["database"],
    before && {
      ...before,
      migrations: before.migrations.map((other) => (other.name === migration.name ? migration : other)),
    },
  );
  if (phaseNow(before) !== migration.phase) void client.invalidateQueries({ queryKey: ["database"] });
}

/**
 * Listens until it is closed. A connection that ends is made again: by the browser while it can, else by us. What was
 * missed meanwhile is asked for, and so is what could not be had; posts only if it took long.
 */
export function listen(client: QueryClient, onLost: (lost: boolean) => void): () => void {
  let source: EventSource;
  let again: ReturnType<typeof setTimeout> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;
  let settled: ReturnType<typeof setTimeout> | undefined;
  let wasInterrupted = false;
  let wasLost = false;
  const open = () => {
    source = new EventSource(addressOf("/events"));
    source.onopen = () => {
      clearTimeout(patience);
      patience = undefined;
      if (wasInterrupted) void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "posts" });
      if (wasLost) refreshPosts(client);
      wasInterrupted = wasLost = false;
      onLost(false);
    };
    source.onerror = () => {
      wasInterrupted = true;
      patience ??= setTimeout(() => {
        wasLost = true;
        onLost(true);
      }, patienceMs);
      if (source.readyState !== EventSource.CLOSED) return;
      // Refused. Who is logged out no longer sees what listens here.
      void client.invalidateQueries({ queryKey: ["session"] });
      again = setTimeout(open, againMs);
    };
    source.addEventListener("run", (event: MessageEvent<string>) => adoptRun(client, JSON.parse(event.data) as Run));
    source.addEventListener("posts", () => {
      for (const key of ["today", "topics"]) void client.invalidateQueries({ queryKey: [key] });
      clearTimeout(settled);
      settled = setTimeout(() => refreshSources(client), settledMs);
    });
    source.addEventListener("migration", (event: MessageEvent<string>) =>
      adoptMigration(client, JSON.parse(event.data) as MigrationState),
    );
  };
  open();
  return () => {
    clearTimeout(again);
    clearTimeout(patience);
    clearTimeout(settled);
    source.close();
    onLost(false);
  };
}

/**
 * Keeps what is shown in step with the server while the page is looked at, and tells whether the server is out of reach.
 * A page in the background lets go: browsers have six connections to a server for all their pages, and what is stale is
 * asked for anew when it is looked at again. Who is not in is told nothing.
 */
export function useServerEvents(isIn: boolean): { lost: boolean } {
  const client = useQueryClient();
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (!isIn) return;
    let close: (() => void) | null = null;
    const follow = () => {
      if (document.visibilityState === "visible") close ??= listen(client, setLost);
      else {
        close?.();
        close = null;
      }
    };
    const lookedAtAgain = () => {
      follow();
      // What is done may have been said in another tab just now.
      if (close) void client.invalidateQueries({ queryKey: ["today"] });
    };
    follow();
    document.addEventListener("visibilitychange", lookedAtAgain);
    return () => {
      document.removeEventListener("visibilitychange", lookedAtAgain);
      close?.();
    };
  }, [client, isIn]);
  return { lost };
}
