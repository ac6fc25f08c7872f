import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { MigrationState, Run } from "../api-types";
import { addressOf } from "./api";
import { adoptRun } from "./queries";

/** Keeps what is shown in step with the server while the page is open. */
export function useServerEvents(): void {
  const client = useQueryClient();
  useEffect(() => {
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
    return () => source.close();
  }, [client]);
}
