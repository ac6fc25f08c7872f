// Where the reader was in a list, so that going back in the browser leads there again.

/** A list as it was left. */
interface Left {
  scrollY: number;
  /** How far down the page the list begins. */
  top: number;
  /** The post that was first in sight, by its place and its number: if another stands there now, the list has changed. */
  first: number;
  firstId: number;
  selected: number;
  heights: [postId: number, px: number][];
}

const leftMax = 20;
const left = new Map<string, Left>(); // by address, the last one left last
let isBack = false;

const setBack = (value: boolean) => () => {
  isBack = value;
};
if (typeof window !== "undefined") {
  window.addEventListener("popstate", setBack(true));
  // As wouter tells of its own navigation.
  window.addEventListener("pushState", setBack(false));
  window.addEventListener("replaceState", setBack(false));
}

/** Whether the browser's history led to where we are, not a link. */
export const cameBack = (): boolean => isBack;

export const addressNow = (): string => window.location.pathname + window.location.search;

export function leave(address: string, place: Left): void {
  left.delete(address);
  left.set(address, place);
  if (left.size > leftMax) left.delete(left.keys().next().value!);
}

/** The list at this address as it was left, if the reader comes back to it. */
export const leftAt = (address: string): Left | null => (isBack ? (left.get(address) ?? null) : null);
