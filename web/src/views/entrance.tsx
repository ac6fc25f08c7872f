// Before anybody is in: log-in, and the very first set-up; and the log-in over the page of somebody whose session has ended.
import { useQueryClient } from "@tanstack/react-query";
import { useLayoutEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Session, User } from "../api-types";
import { Entrance } from "../components/frame";
import { Form, NewPasswordFields, passwordCharsMin, TextField, useNewPassword } from "../components/form";
import { Button, PageHead } from "../components/ui";
import { adoptSession, api } from "../lib/api";
import { useChange } from "../lib/queries";

/** `before`: whose page is kept. What was seen is forgotten unless it is the same user who comes in. */
function useEnter<Argument>(enter: (argument: Argument) => Promise<Session>, before?: User) {
  const client = useQueryClient();
  return useChange(enter, {
    quiet: true,
    done: (session) => {
      if (session.user?.id !== before?.id)
        client.removeQueries({ predicate: (query) => query.queryKey[0] !== "session" });
      client.setQueryData(["session"], adoptSession(session));
    },
  });
}

const userName = { name: "username", autoComplete: "username", autoCapitalize: "off", required: true } as const;

export function LoginView({ before }: { before?: User }) {
  const [username, setUsername] = useState(before?.username ?? "");
  const [password, setPassword] = useState("");
  const login = useEnter<void>(() => api.post<Session>("/session", { username, password }), before);
  return (
    <Entrance>
      {before ? (
        <PageHead title="Log in again" sub="Your session has ended. What you were doing is still there." />
      ) : (
        <PageHead title="Log in" sub="What was said about your topics, in five minutes." />
      )}
      <Form change={login} action="Log in">
        <TextField {...userName} label="User name" autoFocus={!before} value={username} onChange={setUsername} />
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

/**
 * Over the page of somebody whose session has ended: the page stays as it is, with what was typed, but out of sight and out
 * of reach. A modal of the browser's, so above any other; when it goes, the focus is where it was.
 */
export function LoginAgain({ before }: { before: User }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = () => {
    if (dialog.current?.open) return;
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("[type=password]")?.focus();
  };
  useLayoutEffect(() => {
    const element = dialog.current;
    const title = document.title;
    open();
    return () => {
      element?.close();
      document.title = title;
    };
  }, []);
  return (
    // Escape does not end it; what else closes dialogs, as a gesture, does not for long.
    <dialog
      ref={dialog}
      className="over"
      aria-label="Log in again"
      onKeyDown={(e) => e.key === "Escape" && e.preventDefault()}
      onCancel={(e) => e.preventDefault()}
      onClose={open}
    >
      <LoginView before={before} />
    </dialog>
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
