import { type ButtonHTMLAttributes, type ReactNode, useEffect, useId, useLayoutEffect, useRef } from "react";
import { Link } from "wouter";
import { ApiError } from "../lib/api";
import { topicColor } from "../lib/format";
import { Dot, Icon, type IconName } from "./icons";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "primary" | "quiet" | "danger";
  small?: boolean;
  icon?: IconName;
  busy?: boolean;
}

/** While it is busy it does nothing, but keeps the focus, which a disabled one would lose. */
export function Button({ kind, small, icon, busy, className = "", children, onClick, ...rest }: ButtonProps) {
  const classes = ["button", kind, small && "small", icon && !children && "icon", className].filter(Boolean).join(" ");
  return (
    <button
      type="button"
      className={classes}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export function Segmented<T extends string>(props: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}) {
  return (
    <div className="segmented" role="group" aria-label={props.label}>
      {props.options.map(([value, name]) => (
        <button key={value} type="button" aria-pressed={value === props.value} onClick={() => props.onChange(value)}>
          {name}
        </button>
      ))}
    </div>
  );
}

/** The head of a view: what it is called in the window's title too. */
export function PageHead({
  title,
  sub,
  mark,
  children,
}: {
  title: string;
  sub?: ReactNode;
  mark?: ReactNode;
  children?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · OffX`;
  }, [title]);
  return (
    <header className="page-head">
      <div>
        <h1>
          {mark}
          <bdi>{title}</bdi>
        </h1>
        {sub && <div className="sub">{sub}</div>}
      </div>
      {children && <div className="row">{children}</div>}
    </header>
  );
}

/** The head of a topic's card. */
export function TopicHead(props: {
  topic: { id: number; title: string; color?: string | null };
  children?: ReactNode;
}) {
  const { topic, children } = props;
  return (
    <div className="topic-card-head">
      <Dot color={topicColor(topic)} />
      <h2 className="grow">
        <Link href={`/topics/${topic.id}`}>
          <bdi>{topic.title}</bdi>
        </Link>
      </h2>
      {children}
    </div>
  );
}

/** An address that leads nowhere: asking again would not help, so it leads back. */
export function NotFound({ title, sub, href, back }: { title: string; sub: string; href: string; back: string }) {
  return (
    <div className="page reading">
      <PageHead title={title} sub={sub} />
      <Link className="button primary" href={href}>
        {back}
      </Link>
    </div>
  );
}

/** What to do when there is nothing yet. */
export function Empty({ title, children, actions }: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="notice">
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {actions && <div className="row">{actions}</div>}
    </div>
  );
}

export function errorMessage(error: unknown): string {
  if (error instanceof ApiError && error.status === 429 && error.retryAfterSeconds) {
    const seconds = error.retryAfterSeconds;
    return `${error.message} Try again in ${seconds < 60 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`}.`;
  }
  return error instanceof Error ? error.message : "Something went wrong.";
}

export function ErrorNote({ error, retry }: { error: unknown; retry?: () => void }) {
  const instance = error instanceof ApiError ? error.problem?.instance : undefined;
  return (
    <div className="alert" role="alert">
      <span className="grow">
        {errorMessage(error)}
        {instance && error instanceof ApiError && error.status >= 500 && <span className="mono"> ({instance})</span>}
      </span>
      {retry && (
        <Button small onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function Skeleton({ height, count = 1, label = "Loading" }: { height: number; count?: number; label?: string }) {
  return (
    <div className="stack" role="status" aria-label={label}>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="skeleton" style={{ height }} />
      ))}
    </div>
  );
}

/** One of four: an error with retry, a skeleton, nothing, or what came. */
export function Loaded<T>(props: {
  query: { data: T | undefined; error: unknown; refetch: () => unknown; isPending: boolean };
  skeleton: ReactNode;
  children: (data: T) => ReactNode;
}) {
  const { data, error, refetch } = props.query;
  if (data !== undefined) return props.children(data);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  return props.skeleton;
}

/** The rest of a list, which is asked for by hand. */
export function More(props: {
  list: {
    hasNextPage: boolean;
    isFetchingNextPage: boolean;
    isFetchNextPageError: boolean;
    error: unknown;
    fetchNextPage: () => unknown;
  };
}) {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, error, fetchNextPage } = props.list;
  if (!hasNextPage) return null;
  return (
    <div className="stack tight">
      {isFetchNextPageError && <ErrorNote error={error} />}
      <div>
        <Button small busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      </div>
    </div>
  );
}

type Column = string | { number: string };

/** A table that may be wider than the page: then it scrolls, also by the keys. */
export function Table(props: { label: string; columns: Column[]; children: ReactNode }) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={props.label}>
      <table>
        <thead>
          <tr>
            {props.columns.map((column) =>
              typeof column === "string" ? (
                <th key={column} scope="col">
                  {column}
                </th>
              ) : (
                <th key={column.number} scope="col" className="number">
                  {column.number}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

/** The browser's own modal: focus stays inside, Escape closes. Shown while mounted; the focus then goes back. */
export function Dialog({
  title,
  wide = false,
  onClose,
  children,
}: {
  title: string;
  wide?: boolean;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isPressedBeside = useRef(false);
  const id = useId();
  // Closed before it is taken out of the page: the browser gives the focus back only then.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? "wide" : undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      // Pressed and let go beside it: who marks the words of a field may let go there.
      onPointerDown={(event) => (isPressedBeside.current = event.target === dialog.current)}
      onClick={(event) => {
        if (event.target === dialog.current && isPressedBeside.current) onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" icon="close" aria-label="Close" onClick={onClose} />
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}

/** A titled part of a page. */
export function Part({ title, sub, children }: { title: string; sub?: ReactNode; children: ReactNode }) {
  return (
    <section className="card">
      <h2>{title}</h2>
      <div className="stack">
        {sub && <p className="muted small">{sub}</p>}
        {children}
      </div>
    </section>
  );
}
