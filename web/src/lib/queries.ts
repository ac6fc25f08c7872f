// What the views ask the server, under which key it is kept, and what a change makes stale.
import { type QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type {
  Interval,
  Post,
  PostPage,
  Readiness,
  Run,
  Series,
  Session,
  Sources,
  Summary,
  Today,
  Topic,
} from "../api-types";
import { say, sayError } from "../components/toasts";
import { adoptSession, api, type Query, readiness } from "./api";
import { keep } from "./kept";
import { timeZone } from "./time";

export const useSession = () =>
  useQuery({
    queryKey: ["session"],
    queryFn: async () => adoptSession(await api.get<Session>("/session")),
    staleTime: Infinity,
    refetchOnWindowFocus: "always", // another tab may have changed who is in
  });

/** As useState(""), for what is not to be found in the page once the session has ended. */
export function useSecret() {
  const [secret, setSecret] = useState("");
  const isIn = Boolean(useSession().data?.user);
  useEffect(() => {
    if (!isIn) setSecret("");
  }, [isIn]);
  return [secret, setSecret] as const;
}

/** Looked at anew as long as it is shown; what could not be had is asked for when the database is back. */
export function useReadiness(enabled = true) {
  const client = useQueryClient();
  return useQuery({
    enabled,
    queryKey: ["readiness"],
    queryFn: async ({ signal }) => {
      const now = await readiness(signal);
      const before = client.getQueryData<Readiness>(["readiness"]);
      if (now.ready && before?.ready === false)
        void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "readiness" });
      return now;
    },
    refetchInterval: (query) => (query.state.data?.ready === false ? 2000 : 10_000),
    staleTime: 0,
  });
}

const kindsForUsers = ["summarise", "file_topic", "import"];

/** Whether the user may run, change and cancel jobs of that kind; the others look after the database (src/api/jobs.cpp). */
export function useMayTouch(): (kind: string) => boolean {
  const isAdmin = useSession().data?.user?.is_admin ?? false;
  return (kind) => isAdmin || kindsForUsers.includes(kind);
}

export const useToday = () =>
  useQuery({
    queryKey: ["today"],
    queryFn: ({ signal }) => {
      const zone = timeZone();
      keep("today_zone", zone); // for src/early.ts
      return api.get<Today>("/today", { time_zone: zone }, signal);
    },
  });

/** What the server counted up to now is too old: see refreshSources. */
let sourcesChanged = false;

export const useSources = (enabled = true) =>
  useQuery({
    enabled,
    queryKey: ["sources"],
    queryFn: async ({ signal }) => {
      const sources = await api.get<Sources>("/sources", {}, signal, sourcesChanged);
      sourcesChanged = false;
      return sources;
    },
  });

export const useTopics = () =>
  useQuery({
    queryKey: ["topics"],
    queryFn: async ({ signal }) => (await api.get<{ topics: Topic[] }>("/topics", {}, signal)).topics,
    refetchInterval: (query) => (query.state.data?.some((topic) => topic.filing) ? 2000 : false),
  });

/** For a choice among the topics. What is chosen is one of them, also if it is gone or not known yet. */
export function useTopicOptions(none: string, chosen: string): [id: string, title: string][] {
  const topics = useTopics().data;
  const known = (topics ?? []).map(({ id, title }): [string, string] => [String(id), title]);
  const isMissing = chosen !== "" && !known.some(([id]) => id === chosen);
  return [
    ["", none],
    ...known,
    ...(isMissing ? [[chosen, topics ? "a topic that is gone" : "…"] as [string, string]] : []),
  ];
}

export const useTopic = (id: number) =>
  useQuery({
    queryKey: ["topic", id],
    queryFn: ({ signal }) => api.get<Topic>(`/topics/${id}`, {}, signal),
    refetchInterval: (query) => (query.state.data?.filing ? 2000 : false),
  });

/** Without times, when they are not known yet, what was shown before stays. */
export const useSeries = (topic: number, times: { interval: Interval; since: string; until: string } | null) =>
  useQuery({
    enabled: times !== null,
    queryKey: ["series", topic, times],
    queryFn: ({ signal }) => api.get<Series>(`/topics/${topic}/series`, { ...times, time_zone: timeZone() }, signal),
    placeholderData: (before) => before,
  });

export const useSummaries = (topic: number) =>
  useInfiniteQuery({
    queryKey: ["summaries", topic],
    queryFn: ({ pageParam, signal }) =>
      api.get<{ summaries: Summary[]; next: string | null }>(
        "/summaries",
        { topic, limit: 100, after: pageParam },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const useSummary = (id: number | null) =>
  useQuery({
    queryKey: ["summary", id],
    queryFn: ({ signal }) => api.get<Summary>(`/summaries/${id}`, {}, signal),
    enabled: id !== null,
    staleTime: Infinity,
  });

export const usePosts = (query: Query, enabled = true) =>
  useInfiniteQuery({
    queryKey: ["posts", query],
    queryFn: ({ pageParam, signal }) =>
      // Short, so that there is soon something to read; then less often.
      api.get<PostPage>("/posts", { limit: pageParam ? 100 : 50, ...query, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: Infinity, // else all pages so far are asked for again whenever the window is looked at; see refreshPosts
    enabled,
  });

export const usePost = (id: number, enabled: boolean) =>
  useQuery({ queryKey: ["post", id], queryFn: ({ signal }) => api.get<Post>(`/posts/${id}`, {}, signal), enabled });

export const isOver = (run: Run): boolean =>
  run.state === "done" || run.state === "failed" || run.state === "cancelled";

/** A run as it goes on: by the server's events, and asked for now and then in case these do not come. */
export function useRun(id: number | null) {
  const client = useQueryClient();
  return useQuery({
    queryKey: ["run", id],
    queryFn: async ({ signal }) => {
      const run = await api.get<Run>(`/runs/${id}`, {}, signal);
      noticeEnd(client, run);
      return run;
    },
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data && isOver(query.state.data) ? false : 1000),
  });
}

/** Whoever hears first that a run is over makes stale what it changed. */
function noticeEnd(client: QueryClient, run: Run): void {
  const before = client.getQueryData<Run>(["run", run.id]);
  if (isOver(run) && !(before && isOver(before))) refreshAfter(client, run);
}

/** A run as an event tells it. */
export function adoptRun(client: QueryClient, run: Run): void {
  noticeEnd(client, run);
  client.setQueryData(["run", run.id], run);
  void client.invalidateQueries({ queryKey: ["runs"] });
}

/** Lists that were read far into are not asked for anew under the reader's eyes: that is offered. */
export function refreshPosts(client: QueryClient): void {
  const isLong = (query: { state: { data?: unknown } }) =>
    ((query.state.data as { pages: unknown[] } | undefined)?.pages.length ?? 0) > 4;
  void client.invalidateQueries({ queryKey: ["posts"], predicate: (query) => !isLong(query) });
  client.removeQueries({ queryKey: ["posts"], type: "inactive" });
  if (client.getQueryCache().findAll({ queryKey: ["posts"], type: "active", predicate: isLong }).length > 0) {
    say("These posts have changed.", {
      name: "Show them anew",
      run: () => void client.resetQueries({ queryKey: ["posts"] }).then(() => window.scrollTo({ top: 0 })),
    });
  }
}

/** Posts have come or gone, and no more are on their way. */
export function refreshSources(client: QueryClient): void {
  sourcesChanged = true;
  void client.invalidateQueries({ queryKey: ["sources"] });
}

/** What may look different once a run of that kind is over. */
function refreshAfter(client: QueryClient, run: Run): void {
  const stale: Record<string, string[]> = {
    summarise: ["today", "topics", "topic", "summaries"],
    file_topic: ["today", "topics", "topic", "series"],
    import: ["today", "topics", "topic", "series", "imports"],
    cleanup: ["today", "topics", "series", "database"],
    backup: ["backups", "database"],
  };
  for (const key of [...(stale[run.kind] ?? []), "jobs", "runs"]) void client.invalidateQueries({ queryKey: [key] });
  if (["file_topic", "import", "cleanup"].includes(run.kind)) refreshPosts(client);
  if (["import", "cleanup"].includes(run.kind)) refreshSources(client);
}

/** A change on the server; what it makes stale is asked for again. Errors are shown unless the caller handles them. */
export function useChange<Argument = void, Answer = unknown>(
  change: (argument: Argument) => Promise<Answer>,
  options: {
    /** For those who look at what is on its way. */
    name?: string;
    stale?: string[];
    quiet?: boolean;
    done?: (answer: Answer, argument: Argument) => void;
  } = {},
) {
  const client = useQueryClient();
  return useMutation({
    ...(options.name && { mutationKey: [options.name] }),
    mutationFn: change,
    onSuccess: (answer, argument) => {
      for (const key of options.stale ?? []) void client.invalidateQueries({ queryKey: [key] });
      options.done?.(answer, argument);
    },
    onError: (error) => {
      if (!options.quiet) sayError(error);
    },
  });
}
