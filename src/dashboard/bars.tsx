/** Stacked bars over days, with a shade for each part. */
import { count, timeLabel } from './format.ts';
import { useWidth } from './hooks.ts';
import { ticksUpTo } from './scale.ts';

export interface Stack {
  /** A day, `YYYY-MM-DD`. */
  readonly label: string;
  readonly parts: readonly number[];
}

interface Props {
  readonly name: string;
  /** What the numbers count: `3 rejected`. */
  readonly unit: string;
  readonly stacks: readonly Stack[];
  /** In pixels. */
  readonly height?: number;
}

const TOP = 20;
const BOTTOM = 26;

export function Bars({ name, unit, stacks, height: whole = 180 }: Props) {
  const [measure, width] = useWidth(960);
  const sums = stacks.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0));
  const ticks = ticksUpTo(Math.max(...sums), true);
  const top = ticks.at(-1) ?? 1;
  const y = (value: number): number => TOP + (1 - value / top) * (whole - TOP - BOTTOM);
  const slot = width / Math.max(1, stacks.length);
  const every = Math.max(1, Math.ceil(stacks.length / Math.max(2, Math.floor(width / 84))));
  return (
    <div class="chart" role="img" aria-label={name}>
      <div ref={measure} class="measure" />
      <svg width={width} height={whole} viewBox={`0 0 ${width} ${whole}`} aria-hidden="true">
        {ticks.map((tick) => (
          <line key={tick} class="grid" x1="0" x2={width} y1={y(tick)} y2={y(tick)} />
        ))}
        {stacks.map(({ label, parts }, index) => {
          const x = index * slot + slot * 0.15;
          let height = 0;
          return (
            <g key={label}>
              <title>{`${timeLabel(label, 'day', true)}: ${count(sums[index] ?? 0)} ${unit}`}</title>
              {parts.map((part, shade) => {
                height += part;
                return part > 0 ? (
                  <rect
                    class={`shade${shade}`}
                    x={x}
                    y={y(height)}
                    width={Math.min(slot * 0.7, 48)}
                    height={y(height - part) - y(height)}
                  />
                ) : null;
              })}
              {index % every === 0 && (
                <text class="tick" x={x} y={whole - 6}>
                  {timeLabel(label, 'day')}
                </text>
              )}
            </g>
          );
        })}
        {ticks.slice(1).map((tick) => (
          <text key={tick} class="tick" x="0" y={y(tick) - 5}>
            {count(tick)}
          </text>
        ))}
      </svg>
    </div>
  );
}
