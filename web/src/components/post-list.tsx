// Posts without end: only those in sight are in the page, the next ones are asked for before they are needed.
import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useShortcuts } from "../lib/keyboard";
import { addressNow, leave, leftAt } from "../lib/position";
import type { usePosts } from "../lib/queries";
import { PostCard } from "./post-card";
import { Button, ErrorNote, Skeleton } from "./ui";

const aheadPosts = 30;

export function PostList({
  query,
  hideTopic,
  empty,
}: {
  query: ReturnType<typeof usePosts>;
  hideTopic?: number;
  empty: React.ReactNode;
}) {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  const posts = useMemo(() => data?.pages.flatMap((page) => page.posts) ?? [], [data]);
  const list = useRef<HTMLDivElement>(null);
  const address = useRef(addressNow()).current;
  // Only if the list is still what it was.
  const [found] = useState(() => {
    const left = leftAt(address);
    return left && posts[left.first]?.id === left.firstId ? left : null;
  });
  const [top, setTop] = useState(found?.top ?? 0);
  const [selected, setSelected] = useState(found?.selected ?? -1);

  useLayoutEffect(() => {
    const measure = () => {
      const element = list.current;
      if (element) setTop(element.getBoundingClientRect().top + window.scrollY);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [posts.length > 0]);

  const virtualizer = useWindowVirtualizer({
    count: posts.length,
    estimateSize: () => 172,
    overscan: 6,
    initialRect: { width: window.innerWidth, height: window.innerHeight }, // else the first frame is without posts
    scrollMargin: top,
    // The same functions for every frame, else all posts are laid out anew for each.
    getItemKey: useCallback((index: number) => posts[index]!.id, [posts]),
    // What is selected stays in the page, and keeps the focus, wherever the reader scrolls.
    rangeExtractor: useCallback(
      (range: Range) => {
        const shown = defaultRangeExtractor(range);
        if (selected < 0 || selected >= range.count || shown.includes(selected)) return shown;
        return selected < shown[0]! ? [selected, ...shown] : [...shown, selected];
      },
      [selected],
    ),
    ...(found && {
      initialOffset: found.scrollY,
      initialMeasurementsCache: found.heights.map(([key, size], index) => ({
        ...{ key, size, index, lane: 0 },
        ...{ start: 0, end: 0 }, // worked out from the sizes
      })),
    }),
  });
  const items = virtualizer.getVirtualItems();
  const last = virtualizer.range?.endIndex ?? 0;

  const article = (index: number) => list.current?.querySelector<HTMLElement>(`[data-index="${index}"] > .post`);

  useLayoutEffect(() => {
    if (!found) return;
    window.scrollTo({ top: found.scrollY });
    article(found.selected)?.focus({ preventScroll: true });
  }, []);
  const latest = useRef({ posts, top, selected });
  useEffect(() => {
    latest.current = { posts, top, selected };
  });
  useEffect(
    () => () => {
      const { posts, top, selected } = latest.current;
      const first = virtualizer.range?.startIndex ?? 0;
      if (!posts[first]) return;
      leave(address, {
        scrollY: virtualizer.scrollOffset ?? 0,
        top,
        first,
        firstId: posts[first].id,
        selected,
        heights: [...virtualizer.itemSizeCache].map(([key, size]) => [Number(key), size]),
      });
    },
    [],
  );

  useEffect(() => {
    if (last >= posts.length - aheadPosts && hasNextPage && !isFetchingNextPage && !error) void fetchNextPage();
  }, [last, posts.length, hasNextPage, isFetchingNextPage, error, fetchNextPage]);

  const select = (index: number) => {
    if (index < 0 || index >= posts.length) return;
    setSelected(index);
    virtualizer.scrollToIndex(index, { align: "auto" });
    requestAnimationFrame(() => requestAnimationFrame(() => article(index)?.focus({ preventScroll: true })));
  };
  // At the end of what is there, the next one is selected as soon as it has come.
  const [isWaiting, setWaiting] = useState(false);
  useEffect(() => {
    if (!isWaiting) return;
    setWaiting(false);
    select(selected + 1);
  }, [posts.length]);
  const selectNext = () => {
    if (selected + 1 < posts.length) select(selected + 1);
    else if (hasNextPage) setWaiting(true);
  };
  useShortcuts("Posts", [
    { keys: "j", does: "next post", run: selectNext },
    { keys: "k", does: "previous post", run: () => select(selected - 1) },
    {
      keys: "o",
      does: "open the original",
      run: () => article(selected)?.querySelector<HTMLElement>("[data-original]")?.click(),
    },
  ]);

  if (!data) {
    return error ? (
      <ErrorNote error={error} retry={() => void refetch()} />
    ) : (
      <Skeleton height={140} count={4} label="Loading posts" />
    );
  }
  if (posts.length === 0) return empty;
  return (
    <>
      <div
        ref={list}
        className="virtual-list"
        role="feed"
        aria-busy={isFetchingNextPage}
        style={{ height: virtualizer.getTotalSize() }}
      >
        {items.map((item) => (
          <div
            key={item.key}
            ref={virtualizer.measureElement}
            data-index={item.index}
            className="virtual-item"
            style={{ transform: `translateY(${item.start - top}px)` }}
            onFocus={() => setSelected(item.index)}
          >
            <PostCard
              post={posts[item.index]!}
              place={item.index + 1}
              places={hasNextPage ? -1 : posts.length}
              {...(hideTopic !== undefined && { hideTopic })}
            />
          </div>
        ))}
      </div>
      {error && <ErrorNote error={error} retry={() => void fetchNextPage()} />}
      {isFetchingNextPage && <Skeleton height={120} label="Loading more posts" />}
      {!hasNextPage && posts.length > 20 && (
        <p className="muted small row">
          That is all.{" "}
          <Button small kind="quiet" onClick={() => window.scrollTo({ top: 0 })}>
            Back to the top
          </Button>
        </p>
      )}
    </>
  );
}
