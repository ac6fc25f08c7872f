// The JSON of the server's API (/api/v1), as docs/api.md and /api/v1/openapi.json describe it. Times are ISO 8601 in UTC.

export interface Problem {
  title: string;
  status: number;
  detail?: string;
  instance?: string; // the request's id
  errors?: { field: string; message: string; position?: number }[];
}

// --- Account ---------------------------------------------------------------------------------------------------------

export interface User {
  id: number;
  username: string;
  is_admin: boolean;
  created_at?: string;
  last_login_at?: string | null;
}

export interface Session {
  user: User | null;
  csrf_token: string;
  setup_required: boolean;
  version: string;
  time_zone: string;
}

export interface LoginSession {
  id: number;
  created_at: string;
  last_seen_at: string;
  address: string;
  user_agent: string;
  current: boolean;
}

export type Scope = "read" | "write" | "admin";

export interface Token {
  id: number;
  name: string;
  prefix: string;
  scopes: Scope[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface LogEntry {
  id: number;
  time: string;
  request_id: string;
  method: string;
  path: string;
  status: number;
  ms: number;
  who: string | null;
  address: string;
  bytes: number;
}

export interface Settings {
  time_zone: string;
  posts_keep_days: number | null;
  log_keep_days: number | null;
  backups_keep: number | null;
}

// --- Posts -----------------------------------------------------------------------------------------------------------

/** [begin, end) in UTF-16 units of the post's content. */
export type Place = [number, number];

export interface MatchedTerm {
  term: string;
  places: Place[];
}

export interface Media {
  id?: number;
  url: string;
  type: string;
  alt_text: string | null;
  proxy?: string;
}

export interface TopicRef {
  id: number;
  title: string;
  color?: string | null;
  matched?: MatchedTerm[];
}

export interface Post {
  id: number;
  external_id: string;
  platform: string;
  content: string;
  author: string | null;
  author_username: string | null;
  url: string | null;
  created_at: string;
  fetched_at: string;
  media: Media[];
  lang?: string;
  reply_to?: string;
  reposted_by?: string;
  quoted_text?: string;
  content_warning?: string;
  is_reply?: boolean;
  is_repost?: boolean;
  is_quote?: boolean;
  is_private?: boolean;
  links?: string[];
  edited_at?: string;
  topics?: TopicRef[];
  score?: number | null;
  label?: string | null;
  matched?: MatchedTerm[];
  said_by?: number;
  same?: Post[];
}

export interface PostPage {
  posts: Post[];
  next: string | null;
}

// --- Topics and summaries --------------------------------------------------------------------------------------------

export interface Topic {
  id: number;
  title: string;
  description: string | null;
  rule: string | null;
  is_active: boolean;
  color: string | null;
  created_at: string;
  updated_at: string;
  posts: number;
  last_summary_at: string | null;
  filing: boolean;
  run?: Run | null;
}

export interface CitedPost extends Post {
  n: number;
  said_by: number;
}

export interface Sentiment {
  score: number;
  label: string;
  positive: number;
  neutral: number;
  negative: number;
  count: number;
}

/** A summary as a card of today shows it. */
export interface CardSummary {
  id: number;
  period: { start: string; end: string };
  created_at: string;
  post_count: number;
  sentences: { text: string; posts: number[] }[] | null; // null: by the first OffX, which wrote a text
  content: string | null; // the text, where there are no sentences; beyond cards always
  sentiment: Sentiment | null;
}

export interface Summary extends CardSummary {
  topic_id: number;
  engine: string | null;
  prompt: string | null;
  posts?: CitedPost[];
}

export interface TodayTopic {
  topic: { id: number; title: string; color: string | null; is_active: boolean };
  summary: CardSummary | null;
  posts_today: number;
  posts_week: number;
  new_posts: number;
  trend: number[]; // posts of each of the days
  mood: { score: number; label: string } | null;
  done: boolean;
}

export interface Today {
  since: string | null;
  days: string[]; // their beginnings; the last is today
  done: boolean;
  topics: TodayTopic[];
}

export type Interval = "hour" | "day" | "week";

export interface SeriesPoint {
  start: string;
  posts: number;
  score: number | null;
  positive: number;
  neutral: number;
  negative: number;
}

export interface Series {
  interval: Interval;
  time_zone: string;
  points: SeriesPoint[];
}

export type RuleCheck = { valid: true } | { valid: false; message: string; position: number; length: number };

export interface RulePreview {
  seen: number;
  matched: number;
  posts: Post[];
  complete: boolean;
}

// --- Sources, jobs, database -----------------------------------------------------------------------------------------

export interface Import {
  id: number;
  source: string;
  format: string;
  started_at: string;
  finished_at: string | null;
  added: number;
  updated: number;
  unchanged: number;
  broken: number;
}

/** One item of a file that could not be used. */
export interface ImportProblem {
  where: string; // `line 12`; empty: the file as a whole
  number: number;
  field: string | null;
  reason: string;
}

/** The result of a run that imports. */
export interface ImportResult {
  import_id: number;
  broken: number;
  problems: ImportProblem[]; // the first 50
}

export interface Sources {
  sources: { platform: string; posts: number; newest_at: string | null; oldest_at: string | null }[];
  last_import: Import | null;
}

export type RunState = "waiting" | "running" | "done" | "failed" | "cancelled";

export interface Run {
  id: number;
  job_id: number | null;
  kind: string;
  title: string;
  state: RunState;
  progress: { done: number; total: number | null; unit: string } | null;
  message: string | null;
  result: Record<string, unknown> | null;
  error: string | null;
  attempt: number;
  due_at: string;
  started_at: string | null;
  finished_at: string | null;
  created_by: string | null;
}

/** A schedule in words, and when it is due next. */
export interface ScheduleTimes {
  explanation: string;
  next_times: string[];
}

export interface Job {
  id: number;
  name: string | null; // of built-in jobs, which cannot be removed
  kind: string;
  title: string;
  schedule: string;
  time_zone: string;
  enabled: boolean;
  options: Record<string, unknown>;
  next_due_at: string | null;
  next_times: string[];
  explanation: string | null;
  last_run: Run | null;
}

export interface DatabaseState {
  engine: string;
  description: string;
  bytes: number | null;
  tables: { name: string; logical: string | null; version: number | null; live: boolean; rows: number | null }[];
  migrations: MigrationState[];
  drift: number | null;
}

/** What /readyz says of the database. */
export interface Readiness {
  ready: boolean;
  reason: string | null;
  advice: string | null;
  /** Addresses and the database's own words, for who may see metrics. */
  details: string | null;
  /** What is stored can be read: at a replica, if it is not ready. */
  reads: boolean;
}

export type MigrationPhase =
  "expand" | "backfill" | "verify" | "live" | "completing" | "completed" | "rolling_back" | "rolled_back";

/** As `offx migrate status --json` tells it. */
export interface MigrationState {
  name: string;
  description: string | null;
  phase: MigrationPhase;
  paused: boolean;
  /** The old tables are kept so that one can go back to the release before; the next release removes them. */
  kept: boolean;
  error: string | null;
  started_at: string;
  changed_at: string;
  rows_per_second: number;
  tables: {
    from: string;
    to: string;
    phase: MigrationPhase;
    rows_done: number;
    rows_total: number;
    kept_as: string | null;
  }[];
  old_users: { program: string; host: string; pid: number }[];
}

export interface Backup {
  name: string;
  bytes: number;
  created_at: string;
}
