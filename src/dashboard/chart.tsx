/**
 * Lines over time, as SVG. Colours come from the style sheet, so that a change of theme draws nothing anew, and the
 * whole is a slider to keyboards and screen readers: arrows go from point to point and each tells its value.
 */
import { useMemo, useRef, useState } from 'preact/hooks';
import { type Step, timeLabel } from './format.ts';
import { useWidth } from './hooks.ts';
import { areaPath, linePath, ticksUpTo } from './scale.ts';
import type { Series } from './series.ts';

interface Props {
  readonly name: string;
  readonly series: Series;
  /** What to compare with, point by point: with an empty label where a point has nothing beside it. */
  readonly other: Series | null;
  readonly step: Step;
  /** The place of the point that is not over yet; null of times that are all past. */
  readonly open: number | null;
  readonly pending: boolean;
  readonly format: (value: number | null, short?: boolean) => string;
  /** What a click on a point does, where it does something. */
  readonly pick: ((label: string) => void) | null;
}

const HEIGHT = 264;
const TOP = 18;
const BOTTOM = 26;
/** Half a line's width, or the outermost points would be cut. */
const SIDE = 5;

export function Chart({ name, series, other, step, open, pending, format, pick }: Props) {
  const [measure, width] = useWidth(960);
  const [at, setAt] = useState<number | null>(null);
  const plot = useRef<HTMLDivElement>(null);
  const count = series.labels.length;

  const drawn = useMemo(() => {
    const all = [...series.values, ...(other?.values ?? [])];
    const ticks = ticksUpTo(all.reduce<number>((most, value) => Math.max(most, value ?? 0), 0));
    const top = ticks.at(-1) ?? 1;
    const x = (place: number): number =>
      count < 2 ? width / 2 : SIDE + (place * (width - 2 * SIDE)) / (count - 1);
    const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
    const closed = open === null ? series.values : series.values.slice(0, open);
    return {
      ticks,
      x,
      y,
      line: linePath(closed, x, y),
      area: areaPath(closed, x, y),
      // What is not over yet is dashed: it can only grow.
      last: open ? linePath(series.values.slice(open - 1, open + 1), (place) => x(open - 1 + place), y) : '',
      before: other ? linePath(other.values, x, y) : '',
    };
  }, [series, other, width, open, count]);
  const { ticks, x, y } = drawn;

  const oneDay = step === 'hour' && series.labels[0]?.slice(0, 10) === series.labels.at(-1)?.slice(0, 10);
  const marks = marksOf(series.labels, step === 'hour' && !oneDay, Math.floor(width / (oneDay ? 64 : 84)));
  const shown = at === null ? null : Math.min(at, count - 1);
  const told = (place: number): string => {
    const label = timeLabel(series.labels[place] ?? '', step, true);
    const before = other?.labels[place];
    return (
      `${label}: ${format(series.values[place] ?? null)}` +
      (!before ? '' : `, ${timeLabel(before, step, true)}: ${format(other?.values[place] ?? null)}`)
    );
  };

  const move = (event: PointerEvent): void => {
    const box = plot.current?.getBoundingClientRect();
    if (!box || count === 0) return;
    const share = (event.clientX - box.left - SIDE) / Math.max(1, box.width - 2 * SIDE);
    setAt(Math.max(0, Math.min(count - 1, Math.round(share * (count - 1)))));
  };
  const key = (event: KeyboardEvent): void => {
    const from = shown ?? count - 1;
    const to: Record<string, number> = {
      ArrowLeft: from - 1,
      ArrowDown: from - 1,
      ArrowRight: from + 1,
      ArrowUp: from + 1,
      PageDown: from - 7,
      PageUp: from + 7,
      Home: 0,
      End: count - 1,
    };
    if (event.key === 'Escape') setAt(null);
    else if (event.key === 'Enter' && shown !== null) pick?.(series.labels[shown] ?? '');
    else if (event.key in to) setAt(Math.max(0, Math.min(count - 1, to[event.key] ?? from)));
    else return;
    event.preventDefault();
  };

  return (
    <div
      class={`chart${pending ? ' pending' : ''}${pick ? ' picks' : ''}`}
      ref={plot}
      role="slider"
      tabIndex={0}
      aria-label={`${name}, by ${step}`}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, count - 1)}
      aria-valuenow={shown ?? Math.max(0, count - 1)}
      aria-valuetext={count === 0 ? 'Nothing yet' : told(shown ?? count - 1)}
      onPointerMove={move}
      onPointerDown={move}
      onPointerLeave={() => setAt(null)}
      onBlur={() => setAt(null)}
      onKeyDown={key}
      onClick={() => shown !== null && pick?.(series.labels[shown] ?? '')}
    >
      <div ref={measure} class="measure" />
      <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
        {ticks.map((tick) => (
          <line key={tick} class="grid" x1="0" x2={width} y1={y(tick)} y2={y(tick)} />
        ))}
        {marks.map((place) => (
          <text
            key={place}
            class="tick"
            x={x(place)}
            y={HEIGHT - 6}
            text-anchor={place === 0 ? 'start' : x(place) > width - 30 ? 'end' : 'middle'}
          >
            {timeLabel(series.labels[place] ?? '', step, false, oneDay)}
          </text>
        ))}
        <path class="area" d={drawn.area} />
        <path class="before" d={drawn.before} />
        <path class="line" d={drawn.line} />
        <path class="line open" d={drawn.last} />
        {ticks.slice(1).map((tick) => (
          <text key={tick} class="tick" x="0" y={y(tick) - 5}>
            {format(tick, true)}
          </text>
        ))}
        {count === 1 && <circle class="point" cx={x(0)} cy={y(series.values[0] ?? 0)} r="4" />}
        {shown !== null && (
          <g>
            <line class="cross" x1={x(shown)} x2={x(shown)} y1={TOP - 6} y2={HEIGHT - BOTTOM} />
            {other?.values[shown] != null && (
              <circle class="point before" cx={x(shown)} cy={y(other.values[shown] ?? 0)} r="3.5" />
            )}
            {series.values[shown] != null && (
              <rect
                class="point"
                x={x(shown) - 4}
                y={y(series.values[shown] ?? 0) - 4}
                width="8"
                height="8"
              />
            )}
          </g>
        )}
      </svg>
      {shown !== null && (
        <div
          class="tip"
          style={{ left: `${Math.max(90, Math.min(width - 90, x(shown)))}px` }}
          aria-hidden="true"
        >
          <b>{format(series.values[shown] ?? null)}</b>
          <span>{timeLabel(series.labels[shown] ?? '', step, true)}</span>
          {other?.labels[shown] && (
            <>
              <b class="muted">{format(other.values[shown] ?? null)}</b>
              <span class="muted">{timeLabel(other.labels[shown] ?? '', step, true)}</span>
            </>
          )}
        </div>
      )}
    </div>
  );
}

/** The places that the axis names, at most so many: of hours over several days, where each day begins. */
function marksOf(labels: readonly string[], ofDays: boolean, most: number): number[] {
  const places = [...labels.keys()].filter(
    (place) => !ofDays || labels[place]?.slice(0, 10) !== labels[place - 1]?.slice(0, 10),
  );
  const every = Math.max(1, Math.ceil(places.length / Math.max(2, most)));
  return places.filter((_, index) => index % every === 0);
}

/** A line without any axis, beside its numbers. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  const width = 240;
  const height = 48;
  const most = Math.max(1, ...values);
  const x = (place: number): number => 2 + (place * (width - 4)) / Math.max(1, values.length - 1);
  const y = (value: number): number => 4 + (1 - value / most) * (height - 8);
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="area" d={areaPath(values, x, y)} />
      <path class="line" d={linePath(values, x, y)} />
    </svg>
  );
}
