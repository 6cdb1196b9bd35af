/** Stacked bars over days, in as many shades as there are parts. */
import { count, timeLabel } from './format.ts';
import { useWidth } from './hooks.ts';
import { ticksUpTo } from './scale.ts';

export interface Stack {
  /** The day. */
  readonly label: string;
  readonly parts: readonly number[];
}

interface Props {
  readonly name: string;
  /** What is counted, in the plural. */
  readonly of: string;
  readonly stacks: readonly Stack[];
}

const HEIGHT = 180;
const TOP = 20;
const BOTTOM = 26;

export function Bars({ name, of, stacks }: Props) {
  const [measure, width] = useWidth(960);
  const sums = stacks.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0));
  const ticks = ticksUpTo(Math.max(...sums)).filter(Number.isInteger);
  const top = ticks.at(-1) ?? 1;
  const y = (value: number): number => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const slot = width / Math.max(1, stacks.length);
  const every = Math.max(1, Math.ceil(stacks.length / Math.max(2, Math.floor(width / 84))));
  return (
    <div class="chart" role="img" aria-label={name}>
      <div ref={measure} class="measure" />
      <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
        {ticks.map((tick) => (
          <line key={tick} class="grid" x1="0" x2={width} y1={y(tick)} y2={y(tick)} />
        ))}
        {stacks.map(({ label, parts }, place) => {
          const x = place * slot + slot * 0.15;
          let below = 0;
          return (
            <g key={label}>
              <title>{`${timeLabel(label, 'day', true)}: ${count(sums[place] ?? 0)} ${of}`}</title>
              {parts.map((part, shade) => {
                below += part;
                return part > 0 ? (
                  <rect
                    class={`shade${shade}`}
                    x={x}
                    y={y(below)}
                    width={Math.min(slot * 0.7, 48)}
                    height={y(below - part) - y(below)}
                  />
                ) : null;
              })}
              {place % every === 0 && (
                <text class="tick" x={x} y={HEIGHT - 6}>
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
