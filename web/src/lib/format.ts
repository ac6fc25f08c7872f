const numbers = new Intl.NumberFormat("en-GB");

export const count = (value: number): string => numbers.format(value);

const brief = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** At most four characters, for the scale of a chart. */
export const scaleNumber = (value: number): string => (value < 10_000 ? String(value) : brief.format(value));

/** `1 post`, `63 posts`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

export function bytesName(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function platformName(platform: string): string {
  const known: Record<string, string> = {
    x: "X",
    bluesky: "Bluesky",
    mastodon: "Mastodon",
    rss: "Feed",
    reddit: "Reddit",
  };
  return known[platform] ?? platform.charAt(0).toUpperCase() + platform.slice(1);
}

/** Topics without a colour of their own get one of these by their id: muted, and told apart in light and dark. */
const palette = ["#2f7f86", "#b0632d", "#6a5fb0", "#4f8a4c", "#b04a6a", "#3f6fb0", "#8a7a2e", "#7a5a86"];

/** What the table of topics gives to those for which nobody chose a colour. */
const unchosenColor = "#3498db";

const hasOwnColor = (color: string | null | undefined): color is string =>
  typeof color === "string" && /^#[0-9a-f]{6}$/i.test(color) && color.toLowerCase() !== unchosenColor;

export function topicColor(topic: { id: number; color?: string | null }): string {
  return hasOwnColor(topic.color) ? topic.color : palette[(topic.id - 1) % palette.length]!;
}

export function moodName(score: number): string {
  if (score <= -0.35) return "very negative";
  if (score <= -0.1) return "negative";
  if (score < 0.1) return "neutral";
  if (score < 0.35) return "positive";
  return "very positive";
}
