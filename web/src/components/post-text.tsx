import type { ReactNode } from "react";
import { Link } from "wouter";
import type { MatchedTerm } from "../api-types";
import { piecesOf, shortAddress } from "../lib/text";

function Address({ href, children }: { href: string | undefined; children: ReactNode }) {
  return (
    <a className="token" href={href} target="_blank" rel="noopener noreferrer">
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

/** A post's words, with what may be followed as links and what matched set off. */
export function PostText({
  text,
  lang,
  matched,
}: {
  text: string;
  lang?: string | undefined;
  matched?: MatchedTerm[] | undefined;
}) {
  return (
    <div className="post-text" dir="auto" lang={lang}>
      {piecesOf(text, matched).map((piece, index) => {
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
    </div>
  );
}
