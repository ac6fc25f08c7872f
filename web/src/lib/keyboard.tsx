// Shortcuts: single keys, or two in a row (`g t`). Views say theirs while they are shown; `?` lists all that hold.
import { useEffect, useRef, useSyncExternalStore } from "react";

interface Shortcut {
  keys: string; // "j", "g t", "?"
  does: string; // empty: told together with another
  shown?: string; // where `keys` alone would not tell it
  run: () => void;
}

interface Group {
  title: string;
  shortcuts: Shortcut[];
}

let groups: Group[] = [];
const listeners = new Set<() => void>();
const changed = () => {
  for (const listener of listeners) listener();
};

let prefix = "";
let prefixTimer: ReturnType<typeof setTimeout> | undefined;

const takesLetters = "textarea, select, input:not([type=checkbox], [type=radio], [type=file], [type=color])";

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches(takesLetters));

/** What was pressed; where letters are not Latin ones, the letter at its place on other keyboards. */
function keyOf({ key, code }: KeyboardEvent): string {
  const isOtherLetter = key.length === 1 && key > "~" && /^Key[A-Z]$/.test(code);
  return isOtherLetter ? code.slice(-1).toLowerCase() : key;
}

function onKeyDown(event: KeyboardEvent) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(event.target)) {
    if (event.key !== "Escape") return;
    const field = event.target as HTMLElement;
    if (field.matches("[type=search]")) event.preventDefault(); // the browser would empty it
    field.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  const pressed = prefix + keyOf(event);
  const all = groups.flatMap((group) => group.shortcuts).reverse();
  prefix = "";
  clearTimeout(prefixTimer);
  const found = all.find((shortcut) => shortcut.keys === pressed);
  if (found) {
    event.preventDefault();
    found.run();
  } else if (all.some((shortcut) => shortcut.keys.startsWith(`${pressed} `))) {
    prefix = `${pressed} `;
    prefixTimer = setTimeout(() => (prefix = ""), 1500);
  }
}

/** While the caller is mounted, these keys do that. Later ones win over earlier ones. */
export function useShortcuts(title: string, shortcuts: Shortcut[]): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  const signature = shortcuts.map(({ keys, does, shown }) => `${keys}\t${does}\t${shown ?? ""}`).join("\n");
  useEffect(() => {
    const group: Group = {
      title,
      shortcuts: latest.current.map((shortcut, index) => ({
        ...shortcut,
        run: () => latest.current[index]?.run(),
      })),
    };
    if (groups.length === 0) window.addEventListener("keydown", onKeyDown);
    groups = [...groups, group];
    changed();
    return () => {
      groups = groups.filter((other) => other !== group);
      if (groups.length === 0) window.removeEventListener("keydown", onKeyDown);
      changed();
    };
  }, [title, signature]);
}

export function useShortcutGroups(): Group[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => groups,
  );
}
