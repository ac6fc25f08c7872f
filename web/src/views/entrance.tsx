// Before anybody is in: log-in, and the very first set-up.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Session } from "../api-types";
import { Entrance } from "../components/frame";
import { Form, NewPasswordFields, passwordCharsMin, TextField, useNewPassword } from "../components/form";
import { Button, PageHead } from "../components/ui";
import { adoptSession, api } from "../lib/api";
import { useChange } from "../lib/queries";

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

const userName = { name: "username", autoComplete: "username", autoCapitalize: "off", required: true } as const;

export function LoginView() {
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const login = useEnter<void>(() => api.post<Session>("/session", { username, password }));
  return (
    <Entrance>
      <PageHead title="Log in" sub="What was said about your topics, in five minutes." />
      <Form change={login} action="Log in">
        <TextField {...userName} label="User name" autoFocus value={username} onChange={setUsername} />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={setPassword}
        />
      </Form>
    </Entrance>
  );
}

/** The link of the first start is /setup#TOKEN: what stands behind # never reaches a log. */
export function SetupView({ required }: { required: boolean }) {
  const [, navigate] = useLocation();
  const [token, setToken] = useState("");
  const [username, setUsername] = useState("");
  const password = useNewPassword();
  const setup = useEnter<void>(async () => {
    const session = await api.post<Session>("/setup", {
      // Read now: another link may have been opened in this page since.
      token: window.location.hash.slice(1) || token.trim(),
      username: username.trim(),
      password: password.value,
    });
    navigate("/", { replace: true });
    return session;
  });
  if (!required) {
    return (
      <Entrance>
        <PageHead title="Already set up" sub="There is a user. Log in, or ask who runs this server for an account." />
        <Button kind="primary" onClick={() => navigate("/", { replace: true })}>
          To the log-in
        </Button>
      </Entrance>
    );
  }
  return (
    <Entrance>
      <PageHead title="Welcome" sub="Make the first user. It may do everything, and add others." />
      <Form change={setup} action="Begin" disabled={!password.ready}>
        {!window.location.hash && (
          <TextField
            label="Set-up token"
            hint="The server printed it, with a link, when it started. It holds for an hour."
            mono
            required
            autoComplete="off"
            value={token}
            onChange={setToken}
          />
        )}
        <TextField {...userName} label="User name" field="username" autoFocus value={username} onChange={setUsername} />
        <NewPasswordFields
          label="Password"
          field="password"
          hint={`At least ${passwordCharsMin} characters. A few words in a row do well.`}
          {...password.props}
        />
      </Form>
    </Entrance>
  );
}
