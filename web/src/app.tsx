import { QueryClient, QueryClientProvider, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import type { Session } from "./api-types";
import { Boundary } from "./components/boundary";
import { Dot, Icon, type IconName, Logo } from "./components/icons";
import { Toasts } from "./components/toasts";
import { Dialog, ErrorNote, NotFound, Skeleton } from "./components/ui";
import { ApiError } from "./lib/api";
import { useServerEvents } from "./lib/events";
import { count, topicColor } from "./lib/format";
import { useShortcutGroups, useShortcuts } from "./lib/keyboard";
import { useSession, useTopics } from "./lib/queries";
import { LoginView, SetupView } from "./views/entrance";
import TodayView from "./views/today";

const TopicView = lazy(() => import("./views/topic"));
const TopicsView = lazy(() => import("./views/topics"));
const NewTopicView = lazy(() => import("./views/topic-form").then((module) => ({ default: module.NewTopicView })));
const SearchView = lazy(() => import("./views/search"));
const SourcesView = lazy(() => import("./views/sources"));
const JobsView = lazy(() => import("./views/jobs"));
const DatabaseView = lazy(() => import("./views/database"));
const SettingsView = lazy(() => import("./views/settings"));

interface Place {
  href: string;
  name: string;
  icon: IconName;
  key: string;
}

const places: Place[] = [
  { href: "/", name: "Today", icon: "today", key: "t" },
  { href: "/topics", name: "Topics", icon: "topics", key: "p" },
  { href: "/search", name: "Search", icon: "search", key: "s" },
  { href: "/sources", name: "Sources", icon: "sources", key: "o" },
  { href: "/jobs", name: "Jobs", icon: "jobs", key: "j" },
  { href: "/database", name: "Database", icon: "database", key: "d" },
  { href: "/settings", name: "Settings", icon: "settings", key: "e" },
];
const place = (name: string) => places.find((candidate) => candidate.name === name)!;

function NavLink({ to, exact = false }: { to: Place; exact?: boolean }) {
  const [location] = useLocation();
  const current = to.href === "/" || exact ? location === to.href : location.startsWith(to.href);
  return (
    <Link className="nav-link" href={to.href} aria-current={current ? "page" : undefined}>
      <Icon name={to.icon} />
      <span className="grow">{to.name}</span>
    </Link>
  );
}

function Sidebar({ session }: { session: Session }) {
  const topics = useTopics();
  const [location] = useLocation();
  return (
    <header className="sidebar">
      <Link className="brand" href="/">
        <Logo />
        OffX
      </Link>
      <nav aria-label="Main" className="stack loose">
        <div className="nav-list">
          <NavLink to={place("Today")} />
          <NavLink to={place("Search")} />
        </div>
        <div>
          <div className="nav-title">
            <Link className="plain-link" href="/topics">
              Topics
            </Link>
            <Link className="button small quiet icon" href="/topics/new" aria-label="New topic">
              <Icon name="plus" />
            </Link>
          </div>
          <div className="nav-list">
            {topics.data?.map((topic) => (
              <Link
                key={topic.id}
                className="nav-link"
                href={`/topics/${topic.id}`}
                aria-current={location.split("/").slice(0, 3).join("/") === `/topics/${topic.id}` ? "page" : undefined}
              >
                <Dot color={topicColor(topic)} />
                <span className="grow">{topic.title}</span>
                <span className="small number" aria-label={`${topic.posts} posts`}>
                  {count(topic.posts)}
                </span>
              </Link>
            ))}
            {topics.data?.length === 0 && (
              <Link className="nav-link" href="/topics/new">
                Make the first topic
              </Link>
            )}
          </div>
        </div>
        <div className="nav-list">
          <NavLink to={place("Sources")} />
          <NavLink to={place("Jobs")} />
          <NavLink to={place("Database")} />
          <NavLink to={place("Settings")} />
        </div>
      </nav>
      <p className="sidebar-foot small muted">{session.user?.username}</p>
    </header>
  );
}

function TabBar({ onMore }: { onMore: () => void }) {
  return (
    <nav className="tabbar" aria-label="Main, narrow">
      <NavLink to={place("Today")} />
      <NavLink to={place("Topics")} />
      <NavLink to={place("Search")} />
      <button type="button" className="nav-link button quiet" onClick={onMore}>
        <Icon name="more" />
        <span>More</span>
      </button>
    </nav>
  );
}

function MoreMenu({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="More" onClose={onClose}>
      <nav className="nav-list" aria-label="More" onClick={onClose}>
        {["Sources", "Jobs", "Database", "Settings"].map((name) => (
          <NavLink key={name} to={place(name)} />
        ))}
      </nav>
    </Dialog>
  );
}

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

function Shell({ session }: { session: Session }) {
  const { lost } = useServerEvents();
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

  // A new view begins at its top, and whoever listens to the page hears it from there.
  const shownPath = useRef(location);
  useEffect(() => {
    if (shownPath.current === location) return;
    shownPath.current = location;
    window.scrollTo({ top: 0 });
    main.current?.focus({ preventScroll: true });
  }, [location]);

  return (
    <div className="app">
      <a className="skip-link" href="#main">
        To the content
      </a>
      <Sidebar session={session} />
      <main id="main" ref={main} tabIndex={-1}>
        <div role="status" className="connection">
          {lost && "The server cannot be reached. What is shown may be old; it goes on by itself."}
        </div>
        <Boundary at={location}>
          <Suspense
            fallback={
              <div className="page">
                <h1 className="visually-hidden">OffX</h1>
                <Skeleton height={60} count={4} />
              </div>
            }
          >
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
      </main>
      <TabBar onMore={() => setOverlay("more")} />
      {overlay === "keys" && <ShortcutHelp onClose={() => setOverlay("")} />}
      {overlay === "more" && <MoreMenu onClose={() => setOverlay("")} />}
      <Toasts />
    </div>
  );
}

function Gate() {
  const session = useSession();
  const client = useQueryClient();
  const [location] = useLocation();

  // A session that ended elsewhere: whichever request notices asks who we are now.
  useEffect(() => {
    const noticed = (error: unknown) => {
      if (error instanceof ApiError && error.status === 401 && client.getQueryData<Session>(["session"])?.user) {
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

  if (session.error && !session.data) {
    return (
      <main className="entrance" id="main">
        <div className="entrance-box stack">
          <div className="brand">
            <Logo />
            OffX
          </div>
          <h1>No connection</h1>
          <ErrorNote error={session.error} retry={() => void session.refetch()} />
        </div>
      </main>
    );
  }
  if (!session.data) {
    return (
      <main className="entrance waiting" aria-busy="true" aria-label="Loading">
        <Logo />
      </main>
    );
  }
  if (session.data.user) return <Shell session={session.data} />;
  if (session.data.setup_required || location === "/setup") return <SetupView required={session.data.setup_required} />;
  return <LoginView />;
}

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) =>
        failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
    },
  },
});

export function App() {
  return (
    <QueryClientProvider client={client}>
      <Gate />
    </QueryClientProvider>
  );
}
