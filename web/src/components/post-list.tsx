// Posts without end: only those in sight are in the page, the next ones are asked for before they are needed.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useShortcuts } from "../lib/keyboard";
import type { usePosts } from "../lib/queries";
import { PostCard } from "./post-card";
import { Button, ErrorNote, Skeleton } from "./ui";

const aheadPosts = 20;

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
  const [top, setTop] = useState(0);
  const [selected, setSelected] = useState(-1);

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
    scrollMargin: top,
    getItemKey: (index) => posts[index]!.id,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;

  useEffect(() => {
    if (last >= posts.length - aheadPosts && hasNextPage && !isFetchingNextPage && !error) void fetchNextPage();
  }, [last, posts.length, hasNextPage, isFetchingNextPage, error, fetchNextPage]);

  const article = (index: number) => list.current?.querySelector<HTMLElement>(`[data-index="${index}"] > .post`);
  const select = (index: number) => {
    if (index < 0 || index >= posts.length) return;
    setSelected(index);
    virtualizer.scrollToIndex(index, { align: "auto" });
    requestAnimationFrame(() => requestAnimationFrame(() => article(index)?.focus({ preventScroll: true })));
  };
  useShortcuts("Posts", [
    { keys: "j", does: "next post", run: () => select(selected + 1) },
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
          >
            <PostCard post={posts[item.index]!} {...(hideTopic !== undefined && { hideTopic })} />
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
