// Short messages about what was just done; errors stay until they are closed.
import { useSyncExternalStore } from "react";
import { Button, errorMessage } from "./ui";

interface Toast {
  id: number;
  text: string;
  danger: boolean;
  action?: { name: string; run: () => void };
}

let toasts: Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: Toast[]) {
  toasts = next;
  for (const listener of listeners) listener();
}

const close = (id: number) => set(toasts.filter((toast) => toast.id !== id));

export function say(text: string, action?: Toast["action"]): void {
  const id = nextId++;
  set([...toasts.slice(-2), { id, text, danger: false, ...(action && { action }) }]);
  setTimeout(() => close(id), 6000);
}

export function sayError(error: unknown): void {
  set([...toasts.slice(-2), { id: nextId++, text: errorMessage(error), danger: true }]);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" aria-live="polite" role="status">
      {shown.map((toast) => (
        <div key={toast.id} className={`toast ${toast.danger ? "danger" : ""}`}>
          <span className="grow">{toast.text}</span>
          {toast.action && (
            <Button
              small
              onClick={() => {
                toast.action?.run();
                close(toast.id);
              }}
            >
              {toast.action.name}
            </Button>
          )}
          <Button small kind="quiet" icon="close" aria-label="Dismiss" onClick={() => close(toast.id)} />
        </div>
      ))}
    </div>
  );
}
