/**
 * A line chart over time, as SVG. Colors come from the style sheet, so a change of theme needs no redraw. To keyboards and
 * screen readers the chart is a slider: arrow keys go from point to point, and each point reads its value.
 */
import { useMemo, useRef, useState } from 'preact/hooks';
import { type Step, timeLabel } from './format.ts';
import { useWidth } from './hooks.ts';
import { areaPath, linePath, lonePoints, type Scale, ticksUpTo } from './scale.ts';
import type { Series } from './series.ts';

interface Props {
  readonly name: string;
  readonly series: Series;
  /** The paired points of another range; the label is empty where a point has no counterpart. */
  readonly other: Series | null;
  readonly step: Step;
  /** The index of the point that is not over yet; null if all are. */
  readonly open: number | null;
  /** Whether the data is of an earlier request, or there is none yet. */
  readonly pending: boolean;
  /** Whether values are integers. */
  readonly isWhole: boolean;
  readonly format: (value: number | null, short?: boolean) => string;
  /** Called with the label of a point that is clicked; null: clicks do nothing. */
  readonly pick: ((label: string) => void) | null;
}

const HEIGHT = 264;
const TOP = 18;
const BOTTOM = 26;
/** A margin for the outermost points, in CSS pixels. */
const SIDE = 5;

export function Chart({ name, series, other, step, open, pending, isWhole, format, pick }: Props) {
  const [measure, width] = useWidth(960);
  const [selected, select] = useState<number | null>(null);
  const plot = useRef<HTMLDivElement>(null);
  const count = series.labels.length;

  const paths = useMemo(() => {
    const all = [...series.values, ...(other?.values ?? [])];
    const max = all.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
    const ticks = ticksUpTo(max, isWhole);
    const top = ticks.at(-1) ?? 1;
    const x = (index: number): number =>
      count < 2 ? width / 2 : SIDE + (index * (width - 2 * SIDE)) / (count - 1);
    const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
    const closed = open === null ? series.values : series.values.slice(0, open);
    return {
      ticks,
      x,
      y,
      line: linePath(closed, x, y),
      area: areaPath(closed, x, y),
      // The last point can still grow, so the line to it is dashed.
      last: open ? linePath(series.values.slice(open - 1, open + 1), (index) => x(open - 1 + index), y) : '',
      before: other ? linePath(other.values, x, y) : '',
    };
  }, [series, other, width, open, count, isWhole]);
  const { ticks, x, y } = paths;

  const oneDay = step === 'hour' && series.labels[0]?.slice(0, 10) === series.labels.at(-1)?.slice(0, 10);
  const ticksOfTime = timeTicks(
    series.labels,
    step === 'hour' && !oneDay,
    Math.floor(width / (oneDay ? 64 : 84)),
  );
  const active = selected === null || count === 0 ? null : Math.min(selected, count - 1);
  const labelAt = (index: number): string =>
    timeLabel(series.labels[index] ?? '', step, true) + (index === open ? ', so far' : '');
  /** The margin of a point; null if its value is exact. */
  const marginAt = (index: number): string | null => {
    const margin = series.margins?.[index] ?? null;
    return margin?.map((end) => format(end)).join(' to ') ?? null;
  };
  const describe = (index: number): string => {
    const label = labelAt(index);
    const before = other?.labels[index];
    const [value, margin] = [format(series.values[index] ?? null), marginAt(index)];
    return (
      `${label}: ${margin === null ? value : `about ${value}, ${margin}`}` +
      (!before ? '' : `, ${timeLabel(before, step, true)}: ${format(other?.values[index] ?? null)}`)
    );
  };

  const move = (event: PointerEvent): void => {
    const box = plot.current?.getBoundingClientRect();
    if (!box || count === 0) return;
    const share = (event.clientX - box.left - SIDE) / Math.max(1, box.width - 2 * SIDE);
    select(Math.max(0, Math.min(count - 1, Math.round(share * (count - 1)))));
  };
  const key = (event: KeyboardEvent): void => {
    const from = active ?? count - 1;
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
    if (event.key === 'Escape') select(null);
    else if (event.key === 'Enter' && active !== null) pick?.(series.labels[active] ?? '');
    else if (event.key in to) select(Math.max(0, Math.min(count - 1, to[event.key] ?? from)));
    else return;
    event.preventDefault();
  };

  return (
    <div
      class={`chart${pending ? ' pending' : ''}${pick ? ' picks' : ''}`}
      ref={plot}
      role="slider"
      tabIndex={0}
      aria-busy={pending}
      aria-label={`${name}, by ${step}`}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, count - 1)}
      aria-valuenow={active ?? Math.max(0, count - 1)}
      aria-valuetext={count === 0 ? 'No data yet' : describe(active ?? count - 1)}
      onPointerMove={move}
      onPointerDown={move}
      onPointerLeave={() => select(null)}
      onBlur={() => select(null)}
      onKeyDown={key}
      onClick={() => active !== null && pick?.(series.labels[active] ?? '')}
    >
      <div ref={measure} class="measure" />
      <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
        {ticks.map((tick) => (
          <line key={tick} class="grid" x1="0" x2={width} y1={y(tick)} y2={y(tick)} />
        ))}
        {ticksOfTime.map((index) => (
          <text
            key={index}
            class="tick"
            x={x(index)}
            y={HEIGHT - 6}
            text-anchor={index === 0 ? 'start' : x(index) > width - 30 ? 'end' : 'middle'}
          >
            {timeLabel(series.labels[index] ?? '', step, false, oneDay)}
          </text>
        ))}
        <path class="area" d={paths.area} />
        <path class="before" d={paths.before} />
        <path class="line" d={paths.line} />
        <path class="line open" d={paths.last} />
        {count > 0 &&
          ticks.slice(1).map((tick) => (
            <text key={tick} class="tick" x="0" y={y(tick) - 5}>
              {format(tick, true)}
            </text>
          ))}
        {other && <Dots values={other.values} x={x} y={y} class="before" />}
        <Dots values={series.values} x={x} y={y} />
        {active !== null && (
          <g>
            <line class="cross" x1={x(active)} x2={x(active)} y1={TOP - 6} y2={HEIGHT - BOTTOM} />
            {other?.values[active] != null && (
              <circle class="point before" cx={x(active)} cy={y(other.values[active] ?? 0)} r="3.5" />
            )}
            {series.values[active] != null && (
              <rect
                class="point"
                x={x(active) - 4}
                y={y(series.values[active] ?? 0) - 4}
                width="8"
                height="8"
              />
            )}
          </g>
        )}
      </svg>
      {active !== null && (
        <div class="tip" style={{ '--at': x(active) / width }} aria-hidden="true">
          <b>
            {marginAt(active) !== null && '≈'}
            {format(series.values[active] ?? null)}
          </b>
          <span>{labelAt(active)}</span>
          {marginAt(active) !== null && (
            <>
              <span />
              <span class="muted">{marginAt(active)}</span>
            </>
          )}
          {other?.labels[active] && (
            <>
              <b class="muted">{format(other.values[active] ?? null)}</b>
              <span class="muted">{timeLabel(other.labels[active] ?? '', step, true)}</span>
            </>
          )}
        </div>
      )}
    </div>
  );
}

interface DotsProps {
  readonly values: Series['values'];
  readonly x: Scale;
  readonly y: Scale;
  readonly class?: string;
}

function Dots({ values, x, y, class: name = '' }: DotsProps) {
  return (
    <>
      {lonePoints(values).map((index) => (
        <circle key={index} class={`point ${name}`} cx={x(index)} cy={y(values[index] ?? 0)} r="3.5" />
      ))}
    </>
  );
}

/** The indexes of the labels on the time axis, at most `max`. Hours of more than one day are labelled where a day begins. */
function timeTicks(labels: readonly string[], isOfDays: boolean, max: number): number[] {
  const indexes = [...labels.keys()].filter(
    (index) => !isOfDays || labels[index]?.slice(0, 10) !== labels[index - 1]?.slice(0, 10),
  );
  const every = Math.max(1, Math.ceil(indexes.length / Math.max(2, max)));
  return indexes.filter((_, position) => position % every === 0);
}
