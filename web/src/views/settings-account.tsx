import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { LoginSession, Scope, Session, Token } from "../api-types";
import { say } from "../components/toasts";
import { Button, ErrorNote, Field, Loaded, Part, Skeleton } from "../components/ui";
import { adoptSession, api, ApiError } from "../lib/api";
import { useChange } from "../lib/queries";
import { briefTime, longDay } from "../lib/time";

export function PasswordForm({ username }: { username: string }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const client = useQueryClient();
  const change = useChange(
    () => api.put<Session>("/account/password", { current_password: current, new_password: next }),
    {
      quiet: true,
      stale: ["sessions"],
      done: (session) => {
        client.setQueryData(["session"], adoptSession(session));
        setCurrent("");
        setNext("");
        say("The password is changed. All other sessions have ended.");
      },
    },
  );
  const error = change.error instanceof ApiError ? change.error : null;
  const told = error?.fieldError("new_password") ?? error?.fieldError("current_password");
  return (
    <Part title="Password" sub="Changing it ends all other sessions.">
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
        <div className="form-row">
          <Field label="Present password" error={error?.fieldError("current_password")?.message}>
            {(control) => (
              <input
                {...control}
                className="input"
                type="password"
                autoComplete="current-password"
                required
                value={current}
                onChange={(event) => setCurrent(event.target.value)}
              />
            )}
          </Field>
          <Field label="New password, at least 12 characters" error={error?.fieldError("new_password")?.message}>
            {(control) => (
              <input
                {...control}
                className="input"
                type="password"
                autoComplete="new-password"
                minLength={12}
                required
                value={next}
                onChange={(event) => setNext(event.target.value)}
              />
            )}
          </Field>
        </div>
        {error && !told && <ErrorNote error={error} />}
        <div>
          <Button type="submit" busy={change.isPending}>
            Change password
          </Button>
        </div>
      </form>
    </Part>
  );
}

function browserName(agent: string): string {
  const browser = /(Firefox|Edg|Chrome|Safari|curl)\b/.exec(agent)?.[1] ?? "Unknown program";
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1];
  return `${browser === "Edg" ? "Edge" : browser}${system ? ` on ${system}` : ""}`;
}

export function Sessions() {
  const sessions = useQuery({
    queryKey: ["sessions"],
    queryFn: async ({ signal }) =>
      (await api.get<{ sessions: LoginSession[] }>("/account/sessions", {}, signal)).sessions,
  });
  const end = useChange((id: number) => api.delete(`/account/sessions/${id}`), { stale: ["sessions"] });
  return (
    <Part title="Sessions" sub="Where you are logged in.">
      <Loaded query={sessions} skeleton={<Skeleton height={40} count={2} />}>
        {(data) => (
          <ul className="list">
            {data.map((session) => (
              <li key={session.id} className="row between">
                <span className="grow">
                  {browserName(session.user_agent)} {session.current && <span className="chip accent">this one</span>}
                  <span className="muted small">
                    {" "}
                    {session.address}, since {longDay(new Date(session.created_at))}, last seen{" "}
                    {briefTime(new Date(session.last_seen_at))}
                  </span>
                </span>
                {!session.current && (
                  <Button
                    small
                    busy={end.isPending && end.variables === session.id}
                    onClick={() => end.mutate(session.id)}
                  >
                    End
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Part>
  );
}

const scopeNames: Record<Scope, string> = {
  read: "read",
  write: "read and write",
  admin: "everything, users and backups too",
};

export function Tokens({ isAdmin }: { isAdmin: boolean }) {
  const tokens = useQuery({
    queryKey: ["tokens"],
    queryFn: async ({ signal }) => (await api.get<{ tokens: Token[] }>("/tokens", {}, signal)).tokens,
  });
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("read");
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<string | null>(null);
  const make = useChange(
    () =>
      api.post<{ token: string }>("/tokens", {
        name: name.trim(),
        scopes: [scope],
        ...(days && { expires_in_days: Number(days) }),
      }),
    {
      stale: ["tokens"],
      quiet: true,
      done: (answer) => {
        setMade(answer.token);
        setName("");
      },
    },
  );
  const revoke = useChange((id: number) => api.delete(`/tokens/${id}`), { stale: ["tokens"] });
  return (
    <>
      <Part
        title="New API token"
        sub={
          <>
            For scripts: <code>Authorization: Bearer offx_…</code>
          </>
        }
      >
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            make.mutate();
          }}
        >
          <div className="form-row">
            <Field label="What for">
              {(control) => (
                <input
                  {...control}
                  className="input"
                  required
                  maxLength={100}
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
            <Field label="May">
              {(control) => (
                <select
                  {...control}
                  className="select full"
                  value={scope}
                  onChange={(event) => setScope(event.target.value as Scope)}
                >
                  {(["read", "write", ...(isAdmin ? ["admin"] : [])] as Scope[]).map((value) => (
                    <option key={value} value={value}>
                      {scopeNames[value]}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field label="For">
              {(control) => (
                <select
                  {...control}
                  className="select full"
                  value={days}
                  onChange={(event) => setDays(event.target.value)}
                >
                  <option value="30">30 days</option>
                  <option value="90">90 days</option>
                  <option value="365">a year</option>
                  <option value="">ever</option>
                </select>
              )}
            </Field>
          </div>
          {make.error ? <ErrorNote error={make.error} /> : null}
          <div>
            <Button type="submit" kind="primary" busy={make.isPending}>
              Make token
            </Button>
          </div>
        </form>
        {made && (
          <div className="alert plain" role="status">
            <span className="grow">
              Copy it now, it is not shown again: <code>{made}</code>
            </span>
            <Button small onClick={() => void navigator.clipboard?.writeText(made).then(() => say("Copied."))}>
              Copy
            </Button>
          </div>
        )}
      </Part>
      <Part title="Tokens">
        <Loaded query={tokens} skeleton={<Skeleton height={40} count={2} />}>
          {(data) =>
            data.length === 0 ? (
              <p className="muted">None yet.</p>
            ) : (
              <ul className="list">
                {data.map((token) => (
                  <li key={token.id} className="row between">
                    <span className="grow">
                      <strong>{token.name}</strong> <span className="chip">{token.scopes.join(", ")}</span>
                      <span className="muted small">
                        {" "}
                        <code>{token.prefix}…</code>
                        {token.expires_at ? `, until ${longDay(new Date(token.expires_at))}` : ", for ever"}
                        {token.last_used_at ? `, last used ${briefTime(new Date(token.last_used_at))}` : ", never used"}
                      </span>
                    </span>
                    <Button
                      small
                      busy={revoke.isPending && revoke.variables === token.id}
                      onClick={() => revoke.mutate(token.id)}
                      aria-label={`Revoke ${token.name}`}
                    >
                      Revoke
                    </Button>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Part>
    </>
  );
}
