import { type ReactNode, useMemo, useState } from "react";
import { Link } from "wouter";
import type { MatchedTerm } from "../api-types";
import { counted } from "../lib/format";
import { excerptOf, piecesOf, piecesWithin, shortAddress, wordCount } from "../lib/text";
import { Button } from "./ui";

function Address({ href, children }: { href: string | undefined; children: ReactNode }) {
  return (
    <a className="token" dir="ltr" href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

/** Words of a summary: addresses are short and may be followed, the rest is to be read. */
export function SentenceText({ text }: { text: string }) {
  return piecesOf(text).map((piece, index) =>
    piece.kind === "link" ? (
      <Address key={index} href={piece.href}>
        {shortAddress(piece.text)}
      </Address>
    ) : (
      piece.text
    ),
  );
}

/** A post's words, with what may be followed as links and what matched set off. Of a long text first a part, see excerptOf(). */
export function PostText({
  text,
  lang,
  matched,
  around,
}: {
  text: string;
  lang?: string | undefined;
  matched?: MatchedTerm[] | undefined;
  /** The words that are looked for. */
  around?: string | undefined;
}) {
  const [isWhole, setWhole] = useState(false);
  const pieces = useMemo(() => piecesOf(text, matched), [text, matched]);
  const excerpt = useMemo(() => {
    const places = (matched ?? []).flatMap((term) => term.places.map(([begin]) => begin));
    return excerptOf(text, around ? Math.max(0, text.indexOf(around)) : places.length > 0 ? Math.min(...places) : 0);
  }, [text, matched, around]);
  const isLong = excerpt[0] > 0 || excerpt[1] < text.length;
  const [begin, end] = isWhole ? [0, text.length] : excerpt;
  const words = (
    <div className="post-text" dir="auto" lang={lang}>
      {begin > 0 && "… "}
      {piecesWithin(pieces, [begin, end]).map((piece, index) => {
        const shown = piece.kind === "link" && piece.text === piece.token ? shortAddress(piece.text) : piece.text;
        const words = piece.marked ? <mark>{shown}</mark> : shown;
        if (piece.kind === "link") {
          return (
            <Address key={index} href={piece.href}>
              {words}
            </Address>
          );
        }
        if (piece.kind === "tag" || piece.kind === "mention") {
          return (
            <Link key={index} className="token" href={`/search?q=${encodeURIComponent(piece.token ?? piece.text)}`}>
              {words}
            </Link>
          );
        }
        return <span key={index}>{words}</span>;
      })}
      {end < text.length && " …"}
    </div>
  );
  if (!isLong) return words;
  return (
    <>
      {words}
      <Button small aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
        {isWhole ? "Show less" : `Show all of it, ${counted(wordCount(text), "word")}`}
      </Button>
    </>
  );
}
