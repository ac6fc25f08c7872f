import { Link } from "wouter";
import type { MatchedTerm } from "../api-types";
import { piecesOf, shortAddress } from "../lib/text";

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
            <a key={index} className="token" href={piece.href} target="_blank" rel="noopener noreferrer">
              {words}
            </a>
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
