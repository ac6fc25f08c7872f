import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { Session } from "../api-types";
import { Button, NotFound, PageHead, Part, Segmented } from "../components/ui";
import { api } from "../lib/api";
import { keep, kept } from "../lib/kept";
import { useChange } from "../lib/queries";
import { chooseTimeZone, fullTime, timeZone } from "../lib/time";
import { PasswordForm, Sessions, Tokens } from "./settings-account";
import { RequestLog, ServerSettings, Users } from "./settings-server";

/** What src/early.ts does at the next start, done now. */
function choose(name: "theme" | "density", value: string) {
  keep(name, value);
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
}

function Appearance({ session }: { session: Session }) {
  const [theme, setTheme] = useState(() => kept("theme"));
  const [density, setDensity] = useState(() => kept("density"));
  const [zone, setZone] = useState(() => kept("time_zone"));
  const client = useQueryClient();
  const device = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([session.time_zone, "UTC", ...Intl.supportedValuesOf("timeZone")])];
  return (
    <Part title="Appearance" sub="For this browser.">
      <div className="row wide">
        <span className="label">Light or dark</span>
        <Segmented
          label="Light or dark"
          value={theme}
          options={[
            ["", "As the system"],
            ["light", "Light"],
            ["dark", "Dark"],
          ]}
          onChange={(value) => {
            choose("theme", value);
            setTheme(value);
          }}
        />
      </div>
      <div className="row wide">
        <span className="label">Density</span>
        <Segmented
          label="Density"
          value={density}
          options={[
            ["", "Comfortable"],
            ["compact", "Compact"],
          ]}
          onChange={(value) => {
            choose("density", value);
            setDensity(value);
          }}
        />
      </div>
      <label className="row wide">
        <span className="label">Times are shown in</span>
        <select
          className="select"
          value={zone}
          onChange={(event) => {
            chooseTimeZone(event.target.value);
            setZone(event.target.value);
            void client.invalidateQueries();
          }}
        >
          <option value="">this device's zone ({device})</option>
          {zones.map((name) => (
            <option key={name} value={name}>
              {name}
              {name === session.time_zone ? " (server)" : ""}
            </option>
          ))}
        </select>
        <span className="muted small">Now: {fullTime(new Date())}</span>
      </label>
      <span className="visually-hidden">{timeZone()}</span>
    </Part>
  );
}

function LogOut() {
  // A page loaded anew keeps nothing of what was seen; other tabs are told, and do the same.
  const logout = useChange(() => api.delete("/session"), {
    done: () => {
      keep("left", String(Date.now()));
      window.location.assign("/login");
    },
  });
  return (
    <Button busy={logout.isPending} onClick={() => logout.mutate()}>
      Log out
    </Button>
  );
}

export default function SettingsView({ session, part }: { session: Session; part: string }) {
  const isAdmin = session.user?.is_admin ?? false;
  const parts = [
    ["", "Account"],
    ["tokens", "Tokens"],
    ...(isAdmin
      ? [
          ["server", "Server"],
          ["users", "Users"],
          ["log", "Requests"],
        ]
      : []),
  ] as const;
  if (!parts.some(([name]) => name === part)) {
    return (
      <NotFound
        title="There is nothing here"
        sub="The address may be misspelt."
        href="/settings"
        back="To the settings"
      />
    );
  }
  return (
    <div className={part === "log" ? "page" : "page reading"}>
      <PageHead
        title="Settings"
        sub={
          <>
            Logged in as {session.user?.username}. OffX {session.version}.
          </>
        }
      >
        <LogOut />
      </PageHead>
      <div className="stack loose">
        <nav className="segmented segmented-scroll" aria-label="Parts of the settings">
          {parts.map(([name, title]) => (
            <Link
              key={name}
              href={name ? `/settings/${name}` : "/settings"}
              aria-current={part === name ? "page" : undefined}
            >
              {title}
            </Link>
          ))}
        </nav>
        {part === "" && (
          <>
            <Appearance session={session} />
            <PasswordForm username={session.user?.username ?? ""} />
            <Sessions />
          </>
        )}
        {part === "tokens" && <Tokens isAdmin={isAdmin} />}
        {isAdmin && part === "server" && <ServerSettings />}
        {isAdmin && part === "users" && <Users self={session.user?.id ?? 0} />}
        {isAdmin && part === "log" && <RequestLog />}
      </div>
    </div>
  );
}
