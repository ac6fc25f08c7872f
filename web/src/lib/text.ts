// A post's text in pieces: what is a link, a tag or a name, and what a search or rule matched. Posts are text and stay it.
import type { MatchedTerm, Place } from "../api-types";

type PieceKind = "text" | "link" | "tag" | "mention";

interface Piece {
  kind: PieceKind;
  text: string;
  marked: boolean;
  /** Where a link leads. */
  href?: string;
  /** The whole token, where a mark cut it: what a click on any part of it looks for. */
  token?: string;
}

/** The address if it is one that may be opened: http or https, nothing else. */
export function safeUrl(text: string | null | undefined): string | null {
  if (!text) return null;
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

// Characters that turn the direction end an address: it would read as another than it leads to.
const tokens =
  /https?:\/\/[^\s<>"“”\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]+|[#＃][\p{L}\p{M}\p{N}_]+|@[\p{L}\p{N}_]+(?:[.\-@][\p{L}\p{N}_]+)*/gu;

/** Punctuation at the end of an address belongs to the sentence, a closing parenthesis only if it was opened inside. */
function addressEnd(text: string): number {
  let end = text.length;
  // Counted once, then told of what is left: a post may end in any number of them.
  let closedTooOften = text.split(")").length - text.split("(").length;
  for (;;) {
    const last = text[end - 1];
    if (last === undefined || !/[.,;:!?'’)\]…]/.test(last)) return end;
    if (last === ")") {
      if (closedTooOften <= 0) return end;
      closedTooOften -= 1;
    }
    end -= 1;
  }
}

function tokensOf(text: string): { begin: number; end: number; kind: PieceKind; href?: string }[] {
  const found = [];
  for (const match of text.matchAll(tokens)) {
    const begin = match.index;
    const before = text[begin - 1];
    if (match[0].startsWith("http")) {
      const address = match[0].slice(0, addressEnd(match[0]));
      const href = safeUrl(address);
      if (href) found.push({ begin, end: begin + address.length, kind: "link" as const, href });
    } else if (before === undefined || !/[\p{L}\p{N}_/]/u.test(before)) {
      const kind: PieceKind = match[0].startsWith("@") ? "mention" : "tag";
      found.push({ begin, end: begin + match[0].length, kind });
    }
  }
  return found;
}

/** Places in order and without overlap; those outside the text are cut or left out. */
export function mergePlaces(places: Place[], length: number): Place[] {
  const merged: Place[] = [];
  for (const [begin, end] of [...places].sort((a, b) => a[0] - b[0])) {
    const place: Place = [Math.max(0, begin), Math.min(end, length)];
    if (place[0] >= place[1]) continue;
    const last = merged.at(-1);
    if (last && place[0] <= last[1]) last[1] = Math.max(last[1], place[1]);
    else merged.push(place);
  }
  return merged;
}

export function piecesOf(text: string, matched: MatchedTerm[] = []): Piece[] {
  const marks = mergePlaces(
    matched.flatMap((term) => term.places),
    text.length,
  );
  const found = tokensOf(text);
  const cuts = new Set([0, text.length]);
  for (const { begin, end } of found) cuts.add(begin).add(end);
  for (const [begin, end] of marks) cuts.add(begin).add(end);

  const pieces: Piece[] = [];
  const edges = [...cuts].sort((a, b) => a - b);
  let token = 0;
  let mark = 0;
  for (let i = 0; i + 1 < edges.length; i += 1) {
    const begin = edges[i]!;
    const end = edges[i + 1]!;
    while (token < found.length && found[token]!.end <= begin) token += 1;
    while (mark < marks.length && marks[mark]![1] <= begin) mark += 1;
    const around = found[token];
    const inside = around !== undefined && around.begin <= begin;
    pieces.push({
      kind: inside ? around.kind : "text",
      text: text.slice(begin, end),
      marked: mark < marks.length && marks[mark]![0] <= begin,
      ...(inside && { token: text.slice(around.begin, around.end) }),
      ...(inside && around.href && { href: around.href }),
    });
  }
  return pieces;
}

const excerptAbove = 2400;
const excerptUnits = 1600;
const linesAbove = 40;
const excerptLines = 25;

/**
 * What is shown of a text at first, [begin, end): all of it, unless it is long. Then its beginning, or where `from` is not
 * in that, what stands around it; whole words.
 */
export function excerptOf(text: string, from = 0): Place {
  const lineEnds = [...text.slice(0, excerptAbove).matchAll(/\n/g)].map((match) => match.index);
  if (text.length <= excerptAbove && lineEnds.length <= linesAbove) return [0, text.length];
  const units = Math.min(excerptUnits, lineEnds[excerptLines] ?? excerptUnits);
  const begin = from < units ? 0 : Math.max(0, from - 200);
  return [begin && wordEdge(text, begin), wordEdge(text, Math.min(text.length, begin + units))];
}

/** The last blank shortly before that place; without one the place itself, not within a character. */
function wordEdge(text: string, place: number): number {
  if (place === text.length) return place;
  const blank = text.slice(place - 80, place).search(/\s\S*$/);
  if (blank >= 0) return place - 80 + blank;
  return /[\uDC00-\uDFFF]/.test(text[place]!) ? place - 1 : place;
}

/** Those of the pieces, or their parts, that lie in [begin, end). */
export function piecesWithin(pieces: Piece[], [begin, end]: Place): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const piece of pieces) {
    const text = piece.text.slice(Math.max(0, begin - at), Math.max(0, end - at));
    at += piece.text.length;
    if (text) found.push({ ...piece, text });
  }
  return found;
}

/** How an address is shown: without scheme and `www.`, not endlessly long. */
export function shortAddress(address: string): string {
  const short = address.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, "");
  return short.length > 42 ? `${short.slice(0, 41)}…` : short;
}

const words =
  /[\p{Ideographic}\p{scx=Hiragana}\p{scx=Katakana}]{1,2}|[^\s\p{Ideographic}\p{scx=Hiragana}\p{scx=Katakana}]+/gu;

/** How many words there are to read; where none are set apart, as in Chinese, two characters count as one. */
export const wordCount = (text: string): number => text.match(words)?.length ?? 0;

/** The terms that matched, each once, as they were written. */
export function matchedTerms(matched: MatchedTerm[] | undefined): string[] {
  return [...new Set((matched ?? []).map((term) => term.term))];
}

/** A message of the program, which begins small and ends without a full stop, as a sentence. */
export function sentence(message: string): string {
  const text = message.trim();
  return text && text[0]!.toUpperCase() + text.slice(1) + (/[.!?…:]$/.test(text) ? "" : ".");
}
