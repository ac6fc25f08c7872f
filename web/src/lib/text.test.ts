import { describe, expect, test } from "vitest";
import { excerptOf, mergePlaces, piecesOf, piecesWithin, safeUrl, sentence, shortAddress, wordCount } from "./text";

const kinds = (text: string) =>
  piecesOf(text)
    .filter((piece) => piece.kind !== "text")
    .map((piece) => `${piece.kind}:${piece.text}`);

describe("pieces of a post", () => {
  test("links, tags and names are found, and nothing is lost", () => {
    const text = "LarkDB 4.2 (https://example.org/larkdb/4.2). #pagecon @quietindex.example says hi";
    expect(kinds(text)).toEqual(["link:https://example.org/larkdb/4.2", "tag:#pagecon", "mention:@quietindex.example"]);
    expect(
      piecesOf(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  test.each([
    ["see https://example.org/a_(b).", ["link:https://example.org/a_(b)"]],
    ["(https://example.org)", ["link:https://example.org"]],
    ["#ポートマレン の #日本", ["tag:#ポートマレン", "tag:#日本"]],
    ["mail me@example.org", []],
    ["C# and a#b", []],
    ["@nasa@mastodon.example!", ["mention:@nasa@mastodon.example"]],
    ["javascript:alert(1) ftp://x", []],
    ["https://evil.example/\u202Emoc.knab//:sptth", ["link:https://evil.example/"]],
    ["\u2067https://example.org/a\u2069", ["link:https://example.org/a"]],
  ])("%s", (text, expected) => expect(kinds(text)).toEqual(expected));

  test("of the brackets at its end an address keeps those it opened, however many there are", () => {
    expect(kinds(`http://a/((b${")".repeat(1000)}`)).toEqual(["link:http://a/((b))"]);
    expect(kinds(`http://a/${")".repeat(50_000)}`)).toEqual(["link:http://a/"]);
  });

  test("marks cut what they cover, also in the middle of a tag", () => {
    const pieces = piecesOf("the #LanternCup final", [
      { term: "lantern", places: [[5, 12]] },
      { term: "final", places: [[16, 21]] },
    ]);
    expect(pieces.map((piece) => [piece.text, piece.kind, piece.marked])).toEqual([
      ["the ", "text", false],
      ["#", "tag", false],
      ["Lantern", "tag", true],
      ["Cup", "tag", false],
      [" ", "text", false],
      ["final", "text", true],
    ]);
    expect(pieces[2]!.token).toBe("#LanternCup");
  });

  test("places are counted in UTF-16 units, as the text field counts them", () => {
    const text = "🎉🎉 final";
    expect(piecesOf(text, [{ term: "final", places: [[5, 10]] }]).find((piece) => piece.marked)?.text).toBe("final");
  });

  test("markup in a post is text", () => {
    expect(piecesOf("<img src=x onerror=alert(1)>")).toEqual([
      { kind: "text", text: "<img src=x onerror=alert(1)>", marked: false },
    ]);
  });

  test("an empty text has no pieces", () => expect(piecesOf("")).toEqual([]));
});

test("places are joined and kept inside the text", () => {
  expect(
    mergePlaces(
      [
        [4, 8],
        [0, 2],
        [7, 20],
        [30, 40],
      ],
      10,
    ),
  ).toEqual([
    [0, 2],
    [4, 10],
  ]);
});

describe("addresses that may be opened", () => {
  test.each(["https://example.org/", "http://example.org/a"])("%s", (url) => expect(safeUrl(url)).toBe(url));
  test.each([
    "javascript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//example.org",
    "",
    null,
  ])("not %s", (url) => expect(safeUrl(url)).toBeNull());
});

test("long addresses are shortened", () => {
  expect(shortAddress("https://www.example.org/")).toBe("example.org");
  expect(shortAddress(`https://example.org/${"a".repeat(80)}`)).toHaveLength(42);
});

test("messages of the program become sentences", () => {
  expect(["the rule is empty", "Done.", ""].map(sentence)).toEqual(["The rule is empty.", "Done.", ""]);
});

describe("of a long text", () => {
  const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index}`).join(" ");
  const shown = (text: string, from?: number) => text.slice(...excerptOf(text, from));
  test("what is short enough is shown whole", () => {
    expect(excerptOf(words(300))).toEqual([0, words(300).length]);
    expect(excerptOf("")).toEqual([0, 0]);
  });
  test("the beginning is shown, as whole words", () => {
    expect(shown(words(3000))).toMatch(/^word0 .* word\d+$/);
    expect(shown(words(3000)).length).toBeGreaterThan(1500);
    expect(words(3000).startsWith(`${shown(words(3000))} `)).toBe(true);
  });
  test("the lines count, too", () => expect(shown("line\n".repeat(500)).split("\n").length).toBeLessThan(30));
  test("what is looked for is among it, at the end too", () => {
    const text = words(3000);
    for (const word of ["word0", "word1500", "word2999"]) expect(shown(text, text.indexOf(word))).toContain(word);
  });
  test("no character is torn, and pieces keep what they are", () => {
    expect(shown("🎈".repeat(3000))).toMatch(/^🎈+$/u);
    expect(shown(`x${"🎈".repeat(3000)}`)).toMatch(/^x🎈+$/u);
    const pieces = piecesWithin(piecesOf("a #tag b"), [3, 7]);
    expect(pieces.map(({ kind, text }) => [kind, text])).toEqual([
      ["tag", "tag"],
      ["text", " "],
    ]);
    expect(pieces[0]!.token).toBe("#tag");
  });
});

test("words are counted also where none are set apart", () => {
  expect(wordCount("")).toBe(0);
  expect(wordCount("  It rains,\n again. ")).toBe(3);
  expect(wordCount("今天下雨")).toBe(2);
  expect(wordCount("LarkDB が速い")).toBe(3);
});
