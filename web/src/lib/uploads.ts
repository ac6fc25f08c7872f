// Files on their way to the server, one after the other. They go on while other views are looked at.
import { useSyncExternalStore } from "react";
import type { Run } from "../api-types";
import { upload } from "./api";

const maxBytes = 1024 ** 3;

/** What the posts are read as; empty: told from the file. */
interface ImportOptions {
  format: string;
  platform: string;
}

interface Uploads {
  sending: { name: string; bytes: number; size: number } | null;
  waiting: number;
  sent: { runId: number; file: File }[]; // newest first
  refused: string[];
}

let uploads: Uploads = { sending: null, waiting: 0, sent: [], refused: [] };
let queue: { file: File; options: ImportOptions }[] = [];
let abort: AbortController | null = null;
const listeners = new Set<() => void>();

function set(changes: Partial<Uploads>) {
  uploads = { ...uploads, ...changes, waiting: queue.length };
  for (const listener of listeners) listener();
}

/** Who leaves the page now is asked first. */
const warn = (event: BeforeUnloadEvent) => event.preventDefault();

function whyNot(file: File): string | null {
  if (file.size === 0) return "The file is empty.";
  return file.size > maxBytes ? "Larger than 1 GB. Compress it (gzip, zstd) or cut it in parts." : null;
}

// One file that is refused does not keep the others.
async function sendAll() {
  window.addEventListener("beforeunload", warn);
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { file, options } = next;
    const sending = (bytes: number) => set({ sending: { name: file.name, bytes, size: file.size } });
    sending(0);
    abort = new AbortController();
    try {
      const query = { filename: file.name, ...options };
      const { run } = await upload<{ run: Run }>("/imports", query, file, sending, abort.signal);
      set({ sent: [{ runId: run.id, file }, ...uploads.sent] });
    } catch (error) {
      const isCancelled = error instanceof DOMException;
      if (!isCancelled) refuse(file.name, (error as Error).message);
    }
  }
  window.removeEventListener("beforeunload", warn);
  set({ sending: null });
}

export function refuse(name: string, why: string): void {
  set({ refused: [...uploads.refused, `${name}: ${why}`] });
}

export function send(files: File[], options: ImportOptions): void {
  if (files.length === 0) return;
  if (!uploads.sending) set({ refused: [] });
  for (const file of files) {
    const why = whyNot(file);
    if (why) refuse(file.name, why);
    else queue.push({ file, options });
  }
  if (uploads.sending) set({});
  else void sendAll();
}

/** The file that is being sent, and those after it. */
export function cancel(): void {
  queue = [];
  abort?.abort();
}

export const useUploads = (): Uploads =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => uploads,
  );
