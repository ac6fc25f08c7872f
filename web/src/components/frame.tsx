// What stands around every view. Also drawn beforehand, without a session and its topics, for the page to hold before the
// program is there (tools/first-content.ts): so nothing here may need a browser, or a style attribute.
import { type ReactNode, type Ref } from "react";
import { Link, useLocation } from "wouter";
import type { Topic } from "../api-types";
import { count, topicColor } from "../lib/format";
import { Dot, Icon, type IconName, Logo } from "./icons";

interface Place {
  href: string;
  name: string;
  icon: IconName;
  key: string;
}

export const places: Place[] = [
  { href: "/", name: "Today", icon: "today", key: "t" },
  { href: "/topics", name: "Topics", icon: "topics", key: "p" },
  { href: "/search", name: "Search", icon: "search", key: "s" },
  { href: "/sources", name: "Sources", icon: "sources", key: "o" },
  { href: "/jobs", name: "Jobs", icon: "jobs", key: "j" },
  { href: "/database", name: "Database", icon: "database", key: "d" },
  { href: "/settings", name: "Settings", icon: "settings", key: "e" },
];
const place = (name: string) => places.find((candidate) => candidate.name === name)!;
const behindMore = ["Sources", "Jobs", "Database", "Settings"].map(place);

function NavLink({ to }: { to: Place }) {
  const [location] = useLocation();
  const current = to.href === "/" ? location === "/" : location.startsWith(to.href);
  return (
    <Link className="nav-link" href={to.href} aria-current={current ? "page" : undefined}>
      <Icon name={to.icon} />
      <span className="grow">{to.name}</span>
    </Link>
  );
}

function TopicLink({ topic }: { topic: Topic }) {
  const [location] = useLocation();
  const href = `/topics/${topic.id}`;
  const current = location.split("/").slice(0, 3).join("/") === href;
  return (
    <Link className="nav-link" href={href} aria-current={current ? "page" : undefined}>
      <Dot color={topicColor(topic)} />
      <bdi className="grow">{topic.title}</bdi>
      <span className="small number" aria-label={`${topic.posts} posts`}>
        {count(topic.posts)}
      </span>
    </Link>
  );
}

/** So many topics stand beside every view; what is below them has to be in reach. */
const besideMax = 30;

function Sidebar({ topics, username }: { topics: Topic[] | undefined; username: string | undefined }) {
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
            {topics?.slice(0, besideMax).map((topic) => (
              <TopicLink key={topic.id} topic={topic} />
            ))}
            {topics && topics.length > besideMax && (
              <Link className="nav-link" href="/topics">
                All {count(topics.length)} topics
              </Link>
            )}
            {topics?.length === 0 && (
              <Link className="nav-link" href="/topics/new">
                Make the first topic
              </Link>
            )}
          </div>
        </div>
        <div className="nav-list">
          {behindMore.map((to) => (
            <NavLink key={to.name} to={to} />
          ))}
        </div>
      </nav>
      <p className="sidebar-foot small muted">{username}</p>
    </header>
  );
}

function TabBar({ onMore }: { onMore: (() => void) | undefined }) {
  const [location] = useLocation();
  const isBehindMore = behindMore.some((to) => location.startsWith(to.href));
  return (
    <nav className="tabbar" aria-label="Main, narrow">
      <NavLink to={place("Today")} />
      <NavLink to={place("Topics")} />
      <NavLink to={place("Search")} />
      <button
        type="button"
        className="nav-link button quiet"
        aria-current={isBehindMore ? "page" : undefined}
        onClick={onMore}
      >
        <Icon name="more" />
        <span>More</span>
      </button>
    </nav>
  );
}

/** The links that do not fit into the bar of a phone. */
export function MoreLinks({ onChosen }: { onChosen: () => void }) {
  return (
    <nav className="nav-list" aria-label="More" onClick={onChosen}>
      {behindMore.map((to) => (
        <NavLink key={to.name} to={to} />
      ))}
    </nav>
  );
}

/** In the place of a view that is on its way: a heading and cards. */
export function ViewSkeleton() {
  return (
    <div className="page reading">
      <h1 className="visually-hidden">OffX</h1>
      <div className="stack" role="status" aria-label="Loading">
        {[1, 2, 3, 4].map((number) => (
          <div key={number} className="skeleton of-view" />
        ))}
      </div>
    </div>
  );
}

interface FrameProps {
  topics?: Topic[] | undefined;
  username?: string | undefined;
  main?: Ref<HTMLElement>;
  onMore?: () => void;
  children?: ReactNode; // the view; without one it is on its way
}

export function Frame({ topics, username, main, onMore, children }: FrameProps) {
  return (
    <div className="app">
      <a className="skip-link" href="#main">
        To the content
      </a>
      <Sidebar topics={topics} username={username} />
      {children === undefined ? (
        <main aria-busy="true">
          <ViewSkeleton />
        </main>
      ) : (
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      )}
      <TabBar onMore={onMore} />
    </div>
  );
}

/** The page of somebody who is not in. */
export function Entrance({ children }: { children?: ReactNode }) {
  return (
    <main className="entrance" aria-busy={children === undefined || undefined}>
      <div className="entrance-box">
        <div className="brand">
          <Logo />
          OffX
        </div>
        {children ?? <h1 className="visually-hidden">OffX</h1>}
      </div>
    </main>
  );
}
