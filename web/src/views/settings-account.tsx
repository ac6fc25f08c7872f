import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { LoginSession, Scope, Session, Token } from "../api-types";
import { say, sayError } from "../components/toasts";
import { Form, NewPasswordFields, SelectField, TextField, useNewPassword } from "../components/form";
import { Button, Loaded, Part, Skeleton } from "../components/ui";
import { adoptSession, api } from "../lib/api";
import { useChange, useSecret } from "../lib/queries";
import { briefTime, longDay } from "../lib/time";

export function PasswordForm({ username }: { username: string }) {
  const [current, setCurrent] = useSecret();
  const next = useNewPassword();
  const client = useQueryClient();
  const change = useChange(
    () => api.put<Session>("/account/password", { current_password: current, new_password: next.value }),
    {
      quiet: true,
      stale: ["sessions"],
      done: (session) => {
        client.setQueryData(["session"], adoptSession(session));
        setCurrent("");
        next.clear();
        say("The password is changed. All other sessions have ended.");
      },
    },
  );
  return (
    <Part title="Password" sub="Changing it ends all other sessions.">
      <Form change={change} action="Change password" primary={false} disabled={!next.ready}>
        <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
        <TextField
          label="Present password"
          field="current_password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={setCurrent}
        />
        <div className="form-row">
          <NewPasswordFields label="New password" field="new_password" {...next.props} />
        </div>
      </Form>
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

const lifetimes = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["", "ever"],
] as const;

export function Tokens({ isAdmin }: { isAdmin: boolean }) {
  const tokens = useQuery({
    queryKey: ["tokens"],
    queryFn: async ({ signal }) => (await api.get<{ tokens: Token[] }>("/tokens", {}, signal)).tokens,
  });
  const [name, setName] = useState("");
  const [scope, setScope] = useState<Scope>("read");
  const [days, setDays] = useState<(typeof lifetimes)[number][0]>("90");
  const [made, setMade] = useSecret();
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
  const scopes: Scope[] = ["read", "write", ...(isAdmin ? (["admin"] as const) : [])];
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
        <Form change={make} action="Make token">
          <div className="form-row">
            <TextField label="What for" field="name" required maxLength={100} value={name} onChange={setName} />
            <SelectField
              label="May"
              field="scopes"
              value={scope}
              onChange={setScope}
              options={scopes.map((value) => [value, scopeNames[value]] as const)}
            />
            <SelectField label="For" field="expires_in_days" value={days} onChange={setDays} options={lifetimes} />
          </div>
        </Form>
        {made && (
          <div className="alert plain" role="status">
            <span className="grow">
              Copy it now, it is not shown again: <code>{made}</code>
            </span>
            {/* Over plain http browsers have no clipboard for us. */}
            {window.isSecureContext && (
              <Button
                small
                onClick={() => void navigator.clipboard.writeText(made).then(() => say("Copied."), sayError)}
              >
                Copy
              </Button>
            )}
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
