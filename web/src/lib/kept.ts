// Settings of this browser.

/** What is kept under that name; nothing also where nothing can be kept. */
export function kept(name: string): string {
  try {
    return localStorage.getItem(`offx.${name}`) ?? "";
  } catch {
    return "";
  }
}

/** Calls back whenever another tab keeps something else under that name. */
export function whenKept(name: string, changed: () => void): () => void {
  const told = (event: StorageEvent) => {
    if (event.key === `offx.${name}`) changed();
  };
  window.addEventListener("storage", told);
  return () => window.removeEventListener("storage", told);
}

/** An empty value forgets what is kept. Without storage it is forgotten with the page. */
export function keep(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(`offx.${name}`, value);
    else localStorage.removeItem(`offx.${name}`);
  } catch {
    // Said above.
  }
}
