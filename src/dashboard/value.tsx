/** Metric values and their changes as they are read and heard. */
import { amount } from './amount.ts';
import type { MetricValue } from './api.ts';
import { change, exactValue, FIRST_ROUNDED, metricValue } from './format.ts';

interface ValueProps {
  readonly metric: string;
  readonly value: MetricValue | undefined;
}

/** A value as short as possible. If it is rounded, its title and screen readers have the exact one. */
export function ShortValue({ metric, value }: ValueProps) {
  const short = metricValue(metric, value, true);
  const exact = exactValue(metric, value);
  if (short === exact || Math.abs(amount(value) ?? 0) < FIRST_ROUNDED) return <>{short}</>;
  return (
    <>
      <span title={exact} aria-hidden="true">
        {short}
      </span>
      <span class="hidden">{exact}</span>
    </>
  );
}

/** The sign before an estimate, which screen readers hear as a word. */
export function Approximately() {
  return (
    <>
      <span class="about" title="Estimated from a sample" aria-hidden="true">
        ≈
      </span>
      <span class="hidden">about </span>
    </>
  );
}

/** A change with an arrow. Color is not alone in telling a good one from a bad one. */
export function ChangeText({ metric, value }: { readonly metric: string; readonly value: number | null }) {
  const difference = change(metric, value);
  if (!difference) return null;
  const { text, mood } = difference;
  return (
    <span class={mood} title={mood === 'same' ? 'No change' : mood === 'better' ? 'Better' : 'Worse'}>
      {text}
      {mood !== 'same' && <span class="hidden">, {mood}</span>}
    </span>
  );
}
