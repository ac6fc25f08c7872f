import { useState } from "react";
import type { Media } from "../api-types";
import { Icon } from "./icons";
import { Dialog } from "./ui";

const askAgainMax = 5;

/** Whether a picture that did not come can be had after all: the server fetches a few at a time, and says when to ask again. */
async function comesLater(address: string): Promise<boolean> {
  for (let asked = 0; asked < askAgainMax; asked += 1) {
    const response = await fetch(address).catch(() => null); // what comes is kept by the browser for the picture
    if (response?.status !== 503) return response?.ok ?? false;
    const seconds = Number(response.headers.get("retry-after") ?? 1);
    await new Promise((done) => setTimeout(done, seconds * 1000));
  }
  return false;
}

/** An attachment, fetched by the server for us; what it shows in words if there is no picture. */
function MediaItem({ media, veiled }: { media: Media; veiled: boolean }) {
  const [state, setState] = useState<"" | "waiting" | "again" | "broken">("");
  const [large, setLarge] = useState(false);
  const alt = media.alt_text ?? "";
  const isImage = /^(image|photo|gif)/i.test(media.type);
  if (!isImage || !media.proxy?.startsWith("/api/") || state === "broken") {
    if (veiled) return null;
    return (
      <figure className="media media-missing">
        <Icon name="image" />
        <figcaption>{alt || `${isImage ? "Image" : media.type || "Attachment"} without a description`}</figcaption>
      </figure>
    );
  }
  if (state === "waiting") return <figure className="media media-waiting" aria-label="The picture is on its way" />;
  const address = media.proxy;
  const onError = () => {
    if (state === "again") return setState("broken");
    setState("waiting");
    void comesLater(address).then((comes) => setState(comes ? "again" : "broken"));
  };
  const picture = { src: address, decoding: "async", onError } as const;
  if (veiled) {
    return (
      <figure className="media veiled">
        <img {...picture} alt="Picture behind the content warning" loading="lazy" />
      </figure>
    );
  }
  return (
    <figure className="media">
      <button
        type="button"
        className="media-open"
        aria-label={`Enlarge: ${alt || "picture"}`}
        onClick={() => setLarge(true)}
      >
        <img {...picture} alt={alt} title={alt} loading="lazy" />
      </button>
      {large && (
        <Dialog title="Picture" wide onClose={() => setLarge(false)}>
          <figure className="media-large">
            <img {...picture} alt={alt} />
            <figcaption className="small muted">{alt || "Nobody described this picture."}</figcaption>
          </figure>
        </Dialog>
      )}
    </figure>
  );
}

/** `veiled`: behind a content warning, so blurred, and without the words that would tell what it shows. */
export function MediaGrid({ media, veiled = false }: { media: Media[]; veiled?: boolean }) {
  if (media.length === 0) return null;
  return (
    <div className="media-grid">
      {media.map((item, index) => (
        <MediaItem key={item.id ?? index} media={item} veiled={veiled} />
      ))}
    </div>
  );
}
