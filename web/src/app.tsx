import { QueryClient, QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import type { Session } from "./api-types";
import { Boundary } from "./components/boundary";
import { DatabaseAway } from "./components/database-away";
import { Entrance, Frame, MoreLinks, places, ViewSkeleton } from "./components/frame";
import { Toasts } from "./components/toasts";
import { Dialog, ErrorNote, NotFound, PageHead } from "./components/ui";
import { ApiError, wasIn } from "./lib/api";
import { useServerEvents } from "./lib/events";
import { whenKept } from "./lib/kept";
import { useShortcutGroups, useShortcuts } from "./lib/keyboard";
import { cameBack } from "./lib/position";
import { refreshPosts, useReadiness, useSession, useTopics } from "./lib/queries";
import { LoginAgain, LoginView, SetupView } from "./views/entrance";
import TodayView from "./views/today";

const TopicView = lazy(() => import("./views/topic"));
const TopicsView = lazy(() => import("./views/topics"));
const NewTopicView = lazy(() => import("./views/topic-form").then((module) => ({ default: module.NewTopicView })));
const SearchView = lazy(() => import("./views/search"));
const SourcesView = lazy(() => import("./views/sources"));
const JobsView = lazy(() => import("./views/jobs"));
const DatabaseView = lazy(() => import("./views/database"));
const SettingsView = lazy(() => import("./views/settings"));

function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const groups = useShortcutGroups();
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <div className="shortcut-groups">
        {groups.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <ul>
              {group.shortcuts
                .filter((shortcut) => shortcut.does !== "")
                .map((shortcut) => (
                  <li key={shortcut.keys}>
                    <span>{shortcut.does}</span>
                    <span>
                      {(shortcut.shown ?? shortcut.keys).split(" ").map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </span>
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function Shell({ session, isIn }: { session: Session; isIn: boolean }) {
  const { lost } = useServerEvents(isIn);
  const [location, navigate] = useLocation();
  const [overlay, setOverlay] = useState<"" | "keys" | "more">("");
  const main = useRef<HTMLElement>(null);
  useShortcuts("Everywhere", [
    { keys: "/", does: "search", run: () => navigate("/search") },
    ...places.map((target) => ({
      keys: `g ${target.key}`,
      does: `go to ${target.name}`,
      run: () => navigate(target.href),
    })),
    { keys: "n", does: "new topic", run: () => navigate("/topics/new") },
    { keys: "?", does: "these keys", run: () => setOverlay("keys") },
  ]);

  // A new view begins at its top, and whoever listens to the page hears it from there; one that was left, where it was.
  const shownPath = useRef(location);
  useEffect(() => {
    if (shownPath.current === location) return;
    shownPath.current = location;
    if (!cameBack()) window.scrollTo({ top: 0 });
    if (!cameBack() || document.activeElement === document.body) main.current?.focus({ preventScroll: true });
  }, [location]);

  return (
    <>
      <Frame topics={useTopics().data} username={session.user?.username} main={main} onMore={() => setOverlay("more")}>
        <div role="status" className="connection">
          {lost && "The server cannot be reached. What is shown may be old; it goes on by itself."}
        </div>
        <Boundary at={location}>
          <Suspense fallback={<ViewSkeleton />}>
            <Switch>
              <Route path="/" component={TodayView} />
              <Route path="/topics" component={TopicsView} />
              <Route path="/topics/new" component={NewTopicView} />
              <Route path="/topics/:id/:tab?">
                {(parameters) => <TopicView id={Number(parameters.id)} tab={parameters.tab ?? ""} />}
              </Route>
              <Route path="/search" component={SearchView} />
              <Route path="/sources" component={SourcesView} />
              <Route path="/jobs" component={JobsView} />
              <Route path="/database">
                <DatabaseView isAdmin={session.user?.is_admin ?? false} />
              </Route>
              <Route path="/settings/:part?">
                {(parameters) => <SettingsView session={session} part={parameters.part ?? ""} />}
              </Route>
              <Route path="/login">
                <Redirect to="/" replace />
              </Route>
              <Route path="/setup">
                <Redirect to="/" replace />
              </Route>
              <Route>
                <NotFound
                  title="There is nothing here"
                  sub="The address may be misspelt, or what it led to is gone."
                  href="/"
                  back="To Today"
                />
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </Frame>
      {overlay === "keys" && <ShortcutHelp onClose={() => setOverlay("")} />}
      {overlay === "more" && (
        <Dialog title="More" onClose={() => setOverlay("")}>
          <MoreLinks onChosen={() => setOverlay("")} />
        </Dialog>
      )}
      <Toasts />
    </>
  );
}

function Gate() {
  const session = useSession();
  const client = useQueryClient();
  const [location] = useLocation();
  const away = !session.data && session.error instanceof ApiError && session.error.status === 503;
  const readiness = useReadiness(away);
  // Whose page it is. When the session ends it is kept, and what was typed in it, until the same user is back.
  const [last, setLast] = useState<Session>();
  if (session.data?.user && session.data !== last) setLast(session.data);

  // A session that ended elsewhere, or is another's now: whichever request notices asks who we are.
  useEffect(() => {
    const noticed = (error: unknown) => {
      if (
        error instanceof ApiError &&
        [401, 403].includes(error.status) &&
        client.getQueryData<Session>(["session"])?.user
      ) {
        void client.invalidateQueries({ queryKey: ["session"] });
      }
    };
    const stopQueries = client.getQueryCache().subscribe((event) => {
      if (event.type === "updated" && event.action.type === "error") noticed(event.action.error);
    });
    const stopChanges = client.getMutationCache().subscribe((event) => {
      if (event.type === "updated" && event.action.type === "error") noticed(event.action.error);
    });
    return () => {
      stopQueries();
      stopChanges();
    };
  }, [client]);

  // Other tabs say that somebody has come in, or is no longer. Who logs out there leaves nothing here.
  useEffect(() => {
    const stopFollowing = whenKept("in", () => void client.invalidateQueries({ queryKey: ["session"] }));
    const stopLeaving = whenKept("left", () => window.location.reload());
    return () => {
      stopFollowing();
      stopLeaving();
    };
  }, [client]);

  // What one user has seen is not shown to another; who is back sees what could not be asked for meanwhile.
  const user = session.data?.user?.id;
  const userBefore = useRef(user);
  useEffect(() => {
    if (!user) return;
    if (userBefore.current === user) {
      void client.invalidateQueries({
        predicate: ({ queryKey }) => !["session", "posts"].includes(String(queryKey[0])),
      });
      refreshPosts(client);
    } else if (userBefore.current) {
      void client.resetQueries({ predicate: (query) => query.queryKey[0] !== "session" });
    }
    userBefore.current = user;
  }, [client, user]);

  if (session.error && !session.data) {
    const retry = () => {
      void readiness.refetch();
      void session.refetch();
    };
    return (
      <Entrance>
        <PageHead title={away ? "No database" : "No connection"} />
        {away && readiness.data?.ready === false ? (
          <DatabaseAway state={readiness.data} retry={retry} />
        ) : (
          <ErrorNote error={session.error} retry={retry} />
        )}
      </Entrance>
    );
  }
  if (!session.data) return wasIn() ? <Frame /> : <Entrance />;
  const { user: isIn, setup_required } = session.data;
  if (!isIn && (setup_required || location === "/setup")) return <SetupView required={setup_required} />;
  const shown = isIn ? session.data : last;
  if (!shown?.user) return <LoginView />;
  return (
    <>
      <Shell key={shown.user.id} session={shown} isIn={Boolean(isIn)} />
      {!isIn && <LoginAgain before={shown.user} />}
    </>
  );
}

/** Whether to ask again by itself: the server does not answer, or says that it can soon. */
function mayPass(error: Error): boolean {
  if (!(error instanceof ApiError)) return true;
  if (error.status === 429) return (error.retryAfterSeconds ?? Infinity) <= 5;
  return error.status < 400 || error.status >= 500;
}

// A server on this machine or in the same house is there also where the browser says that there is no network.
const network = { networkMode: "always" } as const;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      ...network,
      refetchOnReconnect: true,
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && mayPass(error),
      retryDelay: (failures, error) => 1000 * ((error instanceof ApiError && error.retryAfterSeconds) || 2 ** failures),
    },
    mutations: network,
  },
});

export function App() {
  return (
    <QueryClientProvider client={client}>
      <Gate />
    </QueryClientProvider>
  );
}
