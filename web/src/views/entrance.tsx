// Before anybody is in: log-in, and the very first set-up.
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import type { Session } from "../api-types";
import { Logo } from "../components/icons";
import { Button, ErrorNote, Field, PageHead } from "../components/ui";
import { adoptSession, api, ApiError } from "../lib/api";
import { useChange } from "../lib/queries";

function Entrance({ title, sub, children }: { title: string; sub: string; children: ReactNode }) {
  return (
    <main className="entrance" id="main">
      <div className="entrance-box">
        <div className="brand">
          <Logo />
          OffX
        </div>
        <PageHead title={title} sub={sub} />
        {children}
      </div>
    </main>
  );
}

function useEnter<Argument>(enter: (argument: Argument) => Promise<Session>) {
  const client = useQueryClient();
  return useChange(enter, {
    quiet: true,
    done: (session) => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
      client.setQueryData(["session"], adoptSession(session));
    },
  });
}

export function LoginView() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const login = useEnter(() => api.post<Session>("/session", { username, password }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate(undefined);
  };
  return (
    <Entrance title="Log in" sub="What was said about your topics, in five minutes.">
      <form className="form" onSubmit={submit}>
        <Field label="User name">
          {(control) => (
            <input
              {...control}
              className="input"
              name="username"
              autoComplete="username"
              autoCapitalize="off"
              required
              autoFocus
              value={username}
              onChange={(event) => setUsername(event.target.value)}
            />
          )}
        </Field>
        <Field label="Password">
          {(control) => (
            <input
              {...control}
              className="input"
              name="password"
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        {login.error ? <ErrorNote error={login.error} /> : null}
        <Button kind="primary" type="submit" busy={login.isPending}>
          Log in
        </Button>
      </form>
    </Entrance>
  );
}

/** The link of the first start is /setup#TOKEN: what stands behind # never reaches a log. */
export function SetupView({ required }: { required: boolean }) {
  const [, navigate] = useLocation();
  const [token, setToken] = useState(() => decodeURIComponent(window.location.hash.slice(1)));
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const setup = useEnter(async () => {
    const session = await api.post<Session>("/setup", { token: token.trim(), username: username.trim(), password });
    navigate("/", { replace: true });
    return session;
  });
  const error = setup.error instanceof ApiError ? setup.error : null;
  const differ = again !== "" && again !== password;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (password === again) setup.mutate(undefined);
  };
  if (!required) {
    return (
      <Entrance title="Already set up" sub="There is a user. Log in, or ask who runs this server for an account.">
        <Button kind="primary" onClick={() => navigate("/", { replace: true })}>
          To the log-in
        </Button>
      </Entrance>
    );
  }
  return (
    <Entrance title="Welcome" sub="Make the first user. It may do everything, and add others.">
      <form className="form" onSubmit={submit}>
        {!window.location.hash && (
          <Field label="Set-up token" hint="The server printed it, with a link, when it started. It holds for an hour.">
            {(control) => (
              <input
                {...control}
                className="input mono"
                required
                autoComplete="off"
                value={token}
                onChange={(event) => setToken(event.target.value)}
              />
            )}
          </Field>
        )}
        <Field label="User name" error={error?.fieldError("username")?.message}>
          {(control) => (
            <input
              {...control}
              className="input"
              name="username"
              autoComplete="username"
              autoCapitalize="off"
              required
              autoFocus
              value={username}
              onChange={(event) => setUsername(event.target.value)}
            />
          )}
        </Field>
        <Field
          label="Password"
          hint="At least 12 characters. A few words in a row do well."
          error={error?.fieldError("password")?.message}
        >
          {(control) => (
            <input
              {...control}
              className="input"
              name="new-password"
              type="password"
              autoComplete="new-password"
              minLength={12}
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Field label="The password again" error={differ ? "These are not the same." : null}>
          {(control) => (
            <input
              {...control}
              className="input"
              type="password"
              autoComplete="new-password"
              required
              value={again}
              onChange={(event) => setAgain(event.target.value)}
            />
          )}
        </Field>
        {error && !error.fieldError("username") && !error.fieldError("password") && <ErrorNote error={error} />}
        <Button kind="primary" type="submit" busy={setup.isPending} disabled={differ}>
          Begin
        </Button>
      </form>
    </Entrance>
  );
}
