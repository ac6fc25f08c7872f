import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { MigrationState, Run } from "../api-types";
import { addressOf } from "./api";
import { adoptRun } from "./queries";

function listen(client: QueryClient): EventSource {
  const source = new EventSource(addressOf("/events"));
  source.addEventListener("run", (event: MessageEvent<string>) => adoptRun(client, JSON.parse(event.data) as Run));
  source.addEventListener("posts", () => {
    for (const key of ["today", "topics", "stats"]) void client.invalidateQueries({ queryKey: [key] });
  });
  source.addEventListener("migration", (event: MessageEvent<string>) => {
    const migration = JSON.parse(event.data) as MigrationState;
    client.setQueryData<{ migrations: MigrationState[] }>(
      ["database"],
      (before) =>
        before && {
          ...before,
          migrations: before.migrations.map((other) => (other.name === migration.name ? migration : other)),
        },
    );
  });
  return source;
}

/**
 * Keeps what is shown in step with the server while the page is looked at. A page in the background lets go: browsers
 * have six connections to a server for all their pages, and what is stale is asked for anew when it is looked at again.
 */
export function useServerEvents(): void {
  const client = useQueryClient();
  useEffect(() => {
    let source: EventSource | null = null;
    const follow = () => {
      if (document.visibilityState === "visible") source ??= listen(client);
      else {
        source?.close();
        source = null;
      }
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      source?.close();
    };
  }, [client]);
}
