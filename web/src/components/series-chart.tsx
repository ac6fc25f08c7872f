// Posts as bars, their mood as a line below. A span is chosen by dragging, or with the arrow keys and Shift.
import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import type { Interval, SeriesPoint } from "../api-types";
import { counted, moodName, scaleNumber } from "../lib/format";
import { labelledPoints, niceMaximum, type Span, spanOf, totals } from "../lib/series";
import { clock, longDay, monthName, shortDay } from "../lib/time";

const barsTop = 12;
const barsBottom = 132;
const moodTop = 146;
const moodBottom = 186;
const height = 208;
const left = 34;
/** The scale ends at ±0.6: the mean over a day's posts is hardly ever beyond it. */
const moodRange = 0.6;

const pointLabels = { hour: clock, day: shortDay, week: monthName };

function pointName(point: SeriesPoint, interval: Interval): string {
  const start = new Date(point.start);
  if (interval === "hour") return `${longDay(start)}, ${clock(start)}`;
  return interval === "week" ? `Week of ${longDay(start)}` : longDay(start);
}

export function SeriesChart(props: {
  points: SeriesPoint[];
  interval: Interval;
  color: string;
  span: Span | null;
  onSpan: (span: Span | null) => void;
}) {
  const { points, interval, span, onSpan } = props;
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(720);
  const [at, setAt] = useState<number | null>(null);
  const [anchor, setAnchor] = useState<number | null>(null);

  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(240, entry.contentRect.width)));
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  if (points.length === 0) return null;
  const slot = (width - left) / points.length;
  const most = niceMaximum(Math.max(...points.map((point) => point.posts)));
  const barY = (posts: number) => barsBottom - (posts / most) * (barsBottom - barsTop);
  const moodY = (score: number) =>
    (moodTop + moodBottom) / 2 - (Math.max(-1, Math.min(1, score / moodRange)) * (moodBottom - moodTop)) / 2;
  const middle = (index: number) => left + (index + 0.5) * slot;

  // A line for each run of points that have a mood; a point alone is a dot.
  const moodPaths: { d: string; className: string }[] = [];
  let run: string[] = [];
  for (const [index, point] of [...points.entries(), [points.length, null] as const]) {
    if (point?.score != null) run.push(`${middle(index).toFixed(1)} ${moodY(point.score).toFixed(1)}`);
    else if (run.length > 0) {
      if (run.length > 1) moodPaths.push({ d: `M${run.join("L")}`, className: "mood-line" });
      else moodPaths.push({ d: `M${run[0]}h0.1`, className: "mood-line alone" });
      run = [];
    }
  }

  const indexAt = (event: PointerEvent) => {
    const { left: boxLeft } = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(points.length - 1, Math.floor((event.clientX - boxLeft - left) / slot)));
  };
  const shownSpan = anchor !== null && at !== null ? spanOf(anchor, at) : span;

  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(points.length - 1, (at ?? (step > 0 ? -1 : points.length)) + step));
      setAt(next);
      if (event.shiftKey) {
        const from = anchor ?? at ?? next;
        setAnchor(from);
      } else if (anchor !== null) setAnchor(null);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (at !== null) onSpan(spanOf(anchor ?? at, at));
      setAnchor(null);
    } else if (event.key === "Escape") {
      setAnchor(null);
      onSpan(null);
    }
  };

  const told = shownSpan && shownSpan.first !== shownSpan.last ? shownSpan : at !== null ? spanOf(at, at) : shownSpan;
  const sum = told && totals(points, told);
  const name =
    told &&
    (told.first === told.last
      ? pointName(points[told.first]!, interval)
      : `${pointName(points[told.first]!, interval)} to ${pointName(points[told.last]!, interval)}`);

  return (
    <div>
      <p className="chart-tip" aria-live="polite">
        {told && sum ? (
          <>
            <strong>{name}</strong>: {counted(sum.posts, "post")}
            {sum.score !== null && (
              <span className="muted">
                , {moodName(sum.score)} ({sum.score > 0 ? "+" : ""}
                {sum.score.toFixed(2)})
              </span>
            )}
          </>
        ) : (
          <span className="muted">
            Drag over the chart to look at a span
            <span className="for-keys">; with the keyboard, Shift and the arrow keys, then Enter</span>.
          </span>
        )}
      </p>
      <div
        ref={box}
        className="chart"
        role="application"
        aria-label={`Posts and mood by ${interval}`}
        tabIndex={0}
        style={{ "--topic": props.color } as React.CSSProperties}
        onKeyDown={onKeyDown}
        onBlur={() => {
          setAt(null);
          setAnchor(null);
        }}
      >
        <svg
          width={width}
          height={height}
          aria-hidden="true"
          onPointerMove={(event) => setAt(indexAt(event))}
          onPointerLeave={() => anchor === null && setAt(null)}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            setAnchor(indexAt(event));
            setAt(indexAt(event));
          }}
          // A finger that scrolls the page after all.
          onPointerCancel={() => {
            setAnchor(null);
            setAt(null);
          }}
          onPointerUp={(event) => {
            if (anchor === null) return;
            const chosen = spanOf(anchor, indexAt(event));
            const same = span && chosen.first === chosen.last && chosen.first >= span.first && chosen.last <= span.last;
            setAnchor(null);
            onSpan(same ? null : chosen);
          }}
        >
          <defs>
            <linearGradient id="mood-colours" gradientUnits="userSpaceOnUse" x1="0" x2="0" y1={moodTop} y2={moodBottom}>
              <stop offset="0.15" stopColor="var(--good)" />
              <stop offset="0.42" stopColor="var(--text-muted)" />
              <stop offset="0.58" stopColor="var(--text-muted)" />
              <stop offset="0.85" stopColor="var(--danger)" />
            </linearGradient>
          </defs>
          {[0, most / 2, most].map((value) => (
            <g key={value}>
              <line className="grid" x1={left} x2={width} y1={barY(value)} y2={barY(value)} />
              <text x={left - 8} y={barY(value) + 4} textAnchor="end">
                {scaleNumber(value)}
              </text>
            </g>
          ))}
          {points.map((point, index) => {
            const y = barY(point.posts);
            const wide = Math.max(1, slot * (slot > 6 ? 0.72 : 0.9));
            const lit = shownSpan ? index >= shownSpan.first && index <= shownSpan.last : index === at;
            return (
              <rect
                key={point.start}
                className={lit ? "bar lit" : "bar"}
                x={middle(index) - wide / 2}
                width={wide}
                y={y}
                height={barsBottom - y}
                rx={Math.min(3, wide / 4)}
              />
            );
          })}
          <text x={left - 8} y={moodTop + 6} textAnchor="end">
            +
          </text>
          <text x={left - 8} y={moodBottom + 2} textAnchor="end">
            −
          </text>
          <line className="grid" x1={left} x2={width} y1={moodY(0)} y2={moodY(0)} />
          {moodPaths.map((path) => (
            <path key={path.d} {...path} stroke="url(#mood-colours)" strokeLinecap="round" />
          ))}
          {labelledPoints(points.length, width - left, interval === "week" ? 84 : 64).map((index) => (
            <text
              key={index}
              x={Math.min(middle(index), width - (interval === "week" ? 28 : 18))}
              y={height - 4}
              textAnchor="middle"
            >
              {pointLabels[interval](new Date(points[index]!.start))}
            </text>
          ))}
          {shownSpan && (
            <rect
              className="selection"
              x={left + shownSpan.first * slot}
              width={(shownSpan.last - shownSpan.first + 1) * slot}
              y={barsTop - 8}
              height={moodBottom - barsTop + 8}
              rx="4"
            />
          )}
          {at !== null && <line className="cursor" x1={middle(at)} x2={middle(at)} y1={barsTop - 4} y2={moodBottom} />}
        </svg>
      </div>
    </div>
  );
}
