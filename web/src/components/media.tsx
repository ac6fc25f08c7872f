import { useState } from "react";
import type { Media } from "../api-types";
import { Icon } from "./icons";

/** An attachment, fetched by the server for us; what it shows in words if there is no picture. */
function MediaItem({ media }: { media: Media }) {
  const [broken, setBroken] = useState(false);
  const alt = media.alt_text ?? "";
  const isImage = /^(image|photo|gif)/i.test(media.type);
  if (!isImage || !media.proxy?.startsWith("/api/") || broken) {
    return (
      <figure className="media media-missing">
        <Icon name="image" />
        <figcaption>{alt || `${isImage ? "Image" : media.type || "Attachment"} without a description`}</figcaption>
      </figure>
    );
  }
  return (
    <figure className="media">
      <img src={media.proxy} alt={alt} title={alt} loading="lazy" decoding="async" onError={() => setBroken(true)} />
    </figure>
  );
}

export function MediaGrid({ media }: { media: Media[] }) {
  if (media.length === 0) return null;
  return (
    <div className="media-grid">
      {media.map((item, index) => (
        <MediaItem key={item.id ?? index} media={item} />
      ))}
    </div>
  );
}
