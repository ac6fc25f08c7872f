import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { CardSummary } from "../api-types";
import { SummaryText } from "./summary";

const summary: CardSummary = {
  id: 1,
  period: { start: "2026-11-20T00:00:00Z", end: "2026-11-21T00:00:00Z" },
  created_at: "2026-11-21T06:00:00Z",
  post_count: 3,
  sentences: [{ text: "It is out: https://example.org/a/long/way/to/the/release/notes/of/it #news", posts: [2, 3] }],
  content: null,
  sentiment: null,
};

const shown = (changes: Partial<CardSummary>) =>
  renderToStaticMarkup(
    <QueryClientProvider client={new QueryClient()}>
      <SummaryText summary={{ ...summary, ...changes }} />
    </QueryClientProvider>,
  );

test("addresses in sentences are short and may be followed, tags are words", () => {
  const markup = shown({});
  expect(markup).toContain('href="https://example.org/a/long/way/to/the/release/notes/of/it"');
  expect(markup).not.toContain(">https://");
  expect(markup).toContain(" #news");
  expect(markup.match(/<button/g)).toHaveLength(2);
});

test("a summary without sentences, as the first OffX wrote them, is its text", () => {
  expect(shown({ sentences: null, content: "One line\nand another" })).toContain("One line\nand another");
});

test("one that found nothing says so", () => {
  expect(shown({ sentences: [] })).toContain("Nothing was said");
});
