import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { LogEntry, Settings, User } from "../api-types";
import { AskFirst } from "../components/ask-first";
import { useDebounced } from "../components/rule-field";
import { say } from "../components/toasts";
import { Checkbox, Form, passwordCharsMin, TextField } from "../components/form";
import { Loaded, More, Part, Skeleton, Table } from "../components/ui";
import { api } from "../lib/api";
import { bytesName } from "../lib/format";
import { useChange, useSecret } from "../lib/queries";
import { briefTime, fullTime, longDay } from "../lib/time";

function SettingsForm({ settings }: { settings: Settings }) {
  const [zone, setZone] = useState(settings.time_zone);
  const [posts, setPosts] = useState(settings.posts_keep_days === null ? "" : String(settings.posts_keep_days));
  const [log, setLog] = useState(String(settings.log_keep_days ?? ""));
  const [backups, setBackups] = useState(String(settings.backups_keep ?? ""));
  const number = (text: string) => (text.trim() === "" ? null : Number(text));
  const save = useChange(
    () =>
      api.patch<Settings>("/settings", {
        time_zone: zone.trim(),
        posts_keep_days: number(posts),
        log_keep_days: Number(log),
        backups_keep: Number(backups),
      }),
    { stale: ["settings", "session"], quiet: true, done: () => say("Saved.") },
  );
  const days = { type: "number", min: 1, inputMode: "numeric" } as const;
  return (
    <Form change={save} action="Save">
      <TextField
        label="Time zone of the server"
        hint="For jobs, and the days of summaries."
        field="time_zone"
        required
        value={zone}
        onChange={setZone}
      />
      <div className="form-row">
        <TextField
          {...days}
          label="Keep posts for days"
          hint="Empty: for ever. Posts that summaries cite stay."
          field="posts_keep_days"
          value={posts}
          onChange={setPosts}
        />
        <TextField
          {...days}
          label="Keep the request log for days"
          field="log_keep_days"
          required
          value={log}
          onChange={setLog}
        />
        <TextField
          {...days}
          label="Backups to keep"
          field="backups_keep"
          required
          value={backups}
          onChange={setBackups}
        />
      </div>
    </Form>
  );
}

export function ServerSettings() {
  const settings = useQuery({
    queryKey: ["settings"],
    queryFn: ({ signal }) => api.get<Settings>("/settings", {}, signal),
  });
  return (
    <Part title="Server" sub="For all who use it.">
      <Loaded query={settings} skeleton={<Skeleton height={60} count={2} />}>
        {(data) => <SettingsForm settings={data} />}
      </Loaded>
    </Part>
  );
}

export function Users({ self }: { self: number }) {
  const users = useQuery({
    queryKey: ["users"],
    queryFn: async ({ signal }) => (await api.get<{ users: User[] }>("/users", {}, signal)).users,
  });
  const [username, setUsername] = useState("");
  const [password, setPassword] = useSecret();
  const [isAdmin, setIsAdmin] = useState(false);
  const add = useChange(() => api.post("/users", { username: username.trim(), password, is_admin: isAdmin }), {
    stale: ["users"],
    quiet: true,
    done: () => {
      say(`${username.trim()} can log in now.`);
      setUsername("");
      setPassword("");
      setIsAdmin(false);
    },
  });
  return (
    <>
      <Part title="Users">
        <Loaded query={users} skeleton={<Skeleton height={40} count={2} />}>
          {(data) => (
            <ul className="list">
              {data.map((user) => (
                <li key={user.id} className="row between">
                  <span className="grow">
                    <strong>{user.username}</strong> {user.is_admin && <span className="chip">administrator</span>}
                    <span className="muted small">
                      {user.created_at && ` since ${longDay(new Date(user.created_at))}`}
                      {user.last_login_at && `, last log-in ${briefTime(new Date(user.last_login_at))}`}
                    </span>
                  </span>
                  {user.id !== self && (
                    <AskFirst
                      small
                      aria-label={`Remove ${user.username}`}
                      title={`Remove ${user.username}?`}
                      text="Their sessions and tokens end at once."
                      action="Remove"
                      change={() => api.delete(`/users/${user.id}`)}
                      stale={["users"]}
                    >
                      Remove…
                    </AskFirst>
                  )}
                </li>
              ))}
            </ul>
          )}
        </Loaded>
      </Part>
      <Part title="Add a user">
        <Form change={add} action="Add">
          <div className="form-row">
            <TextField
              label="User name"
              field="username"
              autoComplete="off"
              autoCapitalize="off"
              required
              value={username}
              onChange={setUsername}
            />
            <TextField
              label="Password"
              hint={`At least ${passwordCharsMin} characters. They can change it.`}
              field="password"
              type="password"
              autoComplete="new-password"
              minLength={passwordCharsMin}
              required
              value={password}
              onChange={setPassword}
            />
          </div>
          <Checkbox checked={isAdmin} onChange={setIsAdmin}>
            Administrator: users, backups, migrations and server settings
          </Checkbox>
        </Form>
      </Part>
    </>
  );
}

export function RequestLog() {
  const [path, setPath] = useState("");
  const [status, setStatus] = useState("");
  const settled = useDebounced(status.trim());
  const isStatus = settled === "" || /^[1-5]\d\d$/.test(settled);
  const wanted = { path: useDebounced(path), status: isStatus ? settled : "" };
  const log = useInfiniteQuery({
    queryKey: ["log", wanted],
    queryFn: ({ pageParam, signal }) =>
      api.get<{ entries: LogEntry[]; next: string | null }>("/log", { ...wanted, limit: 50, after: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
  return (
    <Part title="Requests" sub="What the server was asked, without queries and bodies.">
      <div className="form-row">
        <TextField label="Path" mono placeholder="/api/v1/posts" value={path} onChange={setPath} />
        <TextField
          label="Status"
          inputMode="numeric"
          placeholder="404"
          error={isStatus ? null : "Has three digits, as 404."}
          value={status}
          onChange={setStatus}
        />
      </div>
      <Loaded query={log} skeleton={<Skeleton height={30} count={8} />}>
        {(data) => {
          const entries = data.pages.flatMap((page) => page.entries);
          if (entries.length === 0) return <p className="muted">None.</p>;
          return (
            <>
              <Table
                label="Requests"
                columns={[
                  "When",
                  "Request",
                  { number: "Status" },
                  { number: "Took" },
                  { number: "Size" },
                  "Who",
                  "From",
                ]}
              >
                {entries.map((entry) => (
                  <tr key={entry.id}>
                    <td title={fullTime(new Date(entry.time))} className="nowrap">
                      {briefTime(new Date(entry.time))}
                    </td>
                    <td className="mono small">
                      {entry.method} {entry.path}
                    </td>
                    <td className="number">
                      <span className={entry.status >= 500 ? "wrong" : ""}>{entry.status}</span>
                    </td>
                    <td className="number">{entry.ms} ms</td>
                    <td className="number">{bytesName(entry.bytes)}</td>
                    <td>{entry.who}</td>
                    <td className="mono small">{entry.address}</td>
                  </tr>
                ))}
              </Table>
              <More list={log} />
            </>
          );
        }}
      </Loaded>
    </Part>
  );
}
