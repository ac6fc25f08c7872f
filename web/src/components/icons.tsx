// Line icons on a grid of 24, drawn for OffX. Decoration only: what they mean is always said in words beside them.
import type { ReactNode } from "react";

const shapes = {
  today: <path d="M4 7h16M4 12h16M4 17h9" />,
  topics: <path d="M5 4h14v16l-7-4.5L5 20z" />,
  search: (
    <>
      <circle cx="11" cy="11" r="6.5" />
      <path d="m16 16 4.5 4.5" />
    </>
  ),
  sources: <path d="M12 4v11m-4.5-4L12 15.5l4.5-4.5M4.5 19.5h15" />,
  jobs: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7v5l3.5 2" />
    </>
  ),
  database: (
    <>
      <ellipse cx="12" cy="6" rx="7.5" ry="3" />
      <path d="M4.5 6v12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3V6M4.5 12c0 1.7 3.4 3 7.5 3s7.5-1.3 7.5-3" />
    </>
  ),
  settings: (
    <>
      <path d="M4 8h8m6 0h2M4 16h2m6 0h8" />
      <circle cx="15" cy="8" r="2.5" />
      <circle cx="9" cy="16" r="2.5" />
    </>
  ),
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  plus: <path d="M12 5v14M5 12h14" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  more: <path d="M5 12h.01M12 12h.01M19 12h.01" strokeWidth="2.6" />,
  image: (
    <>
      <rect x="3.5" y="5" width="17" height="14" rx="2" />
      <path d="m4 17 5-5 4 4 3-3 4 4" />
      <circle cx="15.5" cy="9.5" r="1.3" />
    </>
  ),
  out: <path d="M9 6h9v9M18 6 6.5 17.5" />,
  pause: <path d="M8.5 5.5v13M15.5 5.5v13" />,
  play: <path d="M8 5.5v13l10-6.5z" />,
  rest: (
    <>
      <path d="M5 10h11v5a5 5 0 0 1-5 5h-1a5 5 0 0 1-5-5z" />
      <path d="M16 11.5h1.2a2.4 2.4 0 0 1 0 4.8h-1.3" />
      <path d="M8.5 3.5c-1 1.2 1 1.8 0 3.3M12.5 3.5c-1 1.2 1 1.8 0 3.3" />
    </>
  ),
  wrong: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 8v4.5M12 15.9v.1" />
    </>
  ),
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {shapes[name]}
    </svg>
  );
}

export function Logo() {
  return (
    <svg viewBox="0 0 64 64" aria-hidden="true">
      <rect width="64" height="64" rx="15" fill="#0c655c" />
      <path d="M19 19 45 45M19 45l9.5-9.5" fill="none" stroke="#fff" strokeWidth="7" strokeLinecap="round" />
      <circle cx="43.5" cy="20.5" r="5.5" fill="#f4c95d" />
    </svg>
  );
}

/** A topic's colour; the style is set through the DOM, which the Content-Security-Policy allows. */
export function Dot({ color }: { color: string }) {
  return <span className="dot" style={{ background: color }} aria-hidden="true" />;
}
