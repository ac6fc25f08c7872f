import { useLayoutEffect, useRef } from "react";

/**
 * For a column beside a longer one: it stays in sight while the page scrolls. One that is higher than the window goes
 * along until its end is seen, so that nothing of it is out of reach and it needs no scroll bar of its own.
 */
export function useSticky<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => element.style.setProperty("--height", `${element.offsetHeight}px`));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return ref;
}
