import { areaPath, linePath } from './scale.ts';

/** A line without axes. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  const width = 240;
  const height = 48;
  const max = Math.max(1, ...values);
  const x = (index: number): number => 2 + (index * (width - 4)) / Math.max(1, values.length - 1);
  const y = (value: number): number => 4 + (1 - value / max) * (height - 8);
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="area" d={areaPath(values, x, y)} />
      <path class="line" d={linePath(values, x, y)} />
    </svg>
  );
}
