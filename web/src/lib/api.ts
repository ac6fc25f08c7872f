// The one way to the server: JSON, the CSRF token, problem documents as errors.
import type { Problem, Readiness, Session } from "../api-types";
import { keep, kept } from "./kept";
import { sentence } from "./text";

const base = "/api/v1";

/** An answer that is no success, or none at all (`status` 0). The message is fit for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly problem: Problem | null = null,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** What the server says of one field of a form. */
  fieldError(field: string) {
    const error = this.problem?.errors?.find((candidate) => candidate.field === field);
    return error ? { ...error, message: sentence(error.message) } : null;
  }
}

let csrfToken = "";
let userId = 0;

/** Every session answer brings the token that the next unsafe request has to show. */
export function adoptSession(session: Session): Session {
  csrfToken = session.csrf_token;
  userId = session.user?.id ?? 0;
  keep("in", session.user ? "yes" : "");
  return session;
}

/** Whether somebody was logged in when this browser last asked: what the page shows before it knows. */
export const wasIn = (): boolean => kept("in") !== "";

export type Query = Record<string, string | number | boolean | null | undefined>;

/** The path with those of the parameters that hold something. */
export function withQuery(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

export const addressOf = (path: string, query?: Query): string => base + withQuery(path, query);

declare global {
  interface Window {
    offxEarly?: Map<string, Promise<Response>>; // by address
  }
}

const earlyForMs = 10_000;

/** Asks before the program is there that wants the answer. */
export function askEarly(path: string, query?: Query): void {
  const answer = fetch(addressOf(path, query), { headers: { accept: "application/json" } });
  answer.catch(() => {}); // told to whoever takes it
  (window.offxEarly ??= new Map()).set(addressOf(path, query), answer);
}

/** What was asked for early is given once, and only while the page is being loaded. */
function takeEarly(address: string): Promise<Response> | undefined {
  const answer = window.offxEarly?.get(address);
  window.offxEarly?.delete(address);
  return performance.now() < earlyForMs ? answer : undefined;
}

async function errorOf(response: Response): Promise<ApiError> {
  let problem: Problem | null = null;
  if (response.headers.get("content-type")?.includes("json")) {
    problem = (await response.json().catch(() => null)) as Problem | null;
  }
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const told = problem?.errors?.[0]?.message ?? problem?.detail ?? problem?.title;
  const message = told ? sentence(told) : `The server answered ${response.status}.`;
  return new ApiError(response.status, message, problem, Number.isFinite(retryAfter) ? retryAfter : null);
}

interface Options {
  query?: Query;
  json?: unknown;
  body?: Blob;
  signal?: AbortSignal;
  fresh?: boolean; // counted now, not up to 30 seconds ago
  isAgain?: boolean; // with another token than at first
}

/** What may be asked by somebody who is not in. */
const entrances = ["/session", "/setup"];

const hasEnded = () => new ApiError(401, "Not done: the session had ended. Try again.");

async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  if (userId === 0 && !entrances.includes(path)) throw hasEnded();
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.fresh) headers["cache-control"] = "no-cache";
  if (method !== "GET") headers["x-csrf-token"] = csrfToken;
  if (options.json !== undefined) headers["content-type"] = "application/json";
  if (options.body) headers["content-type"] = "application/octet-stream";
  const address = addressOf(path, options.query);
  let response: Response;
  try {
    response = await ((method === "GET" && takeEarly(address)) ||
      fetch(address, {
        method,
        headers,
        credentials: "same-origin",
        body: options.json !== undefined ? JSON.stringify(options.json) : (options.body ?? null),
        signal: options.signal ?? null,
      }));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "The server cannot be reached.");
  }
  if (response.status === 403 && method !== "GET") {
    if (options.isAgain && userId === 0) throw new ApiError(403, noCookie());
    if (!options.isAgain && (await hasNewToken())) return request(method, path, { ...options, isAgain: true });
  }
  if (response.status === 401 && !entrances.includes(path)) throw hasEnded();
  if (!response.ok) throw await errorOf(response);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** A new password, or a log-in, in another tab gives this browser another token: whether that is so, and it is the same user. */
async function hasNewToken(): Promise<boolean> {
  const before = { csrfToken, userId };
  adoptSession(await request<Session>("GET", "/session"));
  return csrfToken !== before.csrfToken && userId === before.userId;
}

/** Every answer brought another token: what the browser was given to keep it has not kept. */
const noCookie = (): string =>
  window.isSecureContext
    ? "This browser keeps no cookie of OffX: allow this site to have cookies, without them nobody can log in."
    : "Over plain http this browser keeps no cookie of OffX: open it by https, or set OFFX_COOKIE_SECURE=0 where it runs, if you trust the network.";

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal, fresh = false) =>
    request<T>("GET", path, { ...(query && { query }), ...(signal && { signal }), fresh }),
  post: <T>(path: string, json: unknown = {}) => request<T>("POST", path, { json }),
  put: <T>(path: string, json?: unknown) => request<T>("PUT", path, { json }),
  patch: <T>(path: string, json: unknown) => request<T>("PATCH", path, { json }),
  delete: <T = void>(path: string) => request<T>("DELETE", path),
};

/** Whether the database answers, as the server sees it: it says so also while the database is away. */
export async function readiness(signal?: AbortSignal): Promise<Readiness> {
  const response = await fetch("/readyz", { headers: { accept: "application/json" }, signal: signal ?? null });
  return (await response.json()) as Readiness;
}

/** Sends a file, telling how much of it has gone; `fetch` cannot say that yet. */
export async function upload<T>(...given: Parameters<typeof send<T>>): Promise<T> {
  try {
    return await send<T>(...given);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403 && (await hasNewToken())) return send<T>(...given);
    throw error;
  }
}

function send<T>(
  path: string,
  query: Query,
  file: Blob,
  onProgress: (sentBytes: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", addressOf(path, query));
    xhr.setRequestHeader("accept", "application/json");
    xhr.setRequestHeader("content-type", "application/octet-stream");
    xhr.setRequestHeader("x-csrf-token", csrfToken);
    xhr.upload.onprogress = (event) => onProgress(event.loaded);
    xhr.onload = () => {
      const response = new Response(xhr.responseText, {
        status: xhr.status,
        headers: {
          "content-type": xhr.getResponseHeader("content-type") ?? "",
          "retry-after": xhr.getResponseHeader("retry-after") ?? "",
        },
      });
      if (response.ok) resolve(JSON.parse(xhr.responseText) as T);
      else void errorOf(response).then(reject);
    };
    xhr.onerror = () => reject(new ApiError(0, "The server cannot be reached, or refused the file."));
    xhr.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal?.addEventListener("abort", () => xhr.abort());
    xhr.send(file);
  });
}
