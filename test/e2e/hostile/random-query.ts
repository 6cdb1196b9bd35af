/** Queries at random, of the dearest kinds. */
import type { Random } from './random.ts';

export const DIMENSIONS = [
  'event:page',
  'event:name',
  'event:goal',
  'event:currency',
  'event:props:plan',
  'visit:source',
  'visit:country',
  'visit:browser',
  'visit:entry_page',
  'visit:exit_page',
  'person:devices',
  'person:first_source',
  'time:hour',
  'time:day',
];
export const METRICS = [
  'visitors',
  'visits',
  'pageviews',
  'events',
  'people',
  'new_people',
  'total_revenue',
  'percentage',
];
export const RANGES: readonly unknown[] = [
  'day',
  '7d',
  '12mo',
  'all',
  ['2000-01-01', '2026-12-31'],
  ['0001-01-01', '9999-12-31'],
  ['2026-11-28T00:00:00Z', '2026-11-29T23:00:00.001Z'],
];

export function anyFilter(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 3 ? 3 : 7);
  const dimension = random.pick(DIMENSIONS.slice(0, 12));
  const values = (): string[] =>
    Array.from({ length: 1 + random.below(random.pick([1, 5, 900])) }, () =>
      random.letters(1 + random.below(8)),
    );
  if (kind === 0) return [random.pick(['is', 'is_not']), dimension, values()];
  if (kind === 1) return [random.pick(['contains', 'contains_not']), dimension, values()];
  if (kind === 2) return [random.pick(['matches', 'matches_not']), dimension, [random.pick(PATTERNS)]];
  if (kind === 3) return ['not', anyFilter(random, depth + 1)];
  if (kind === 4) return [random.pick(['has_done', 'has_not_done']), anyFilter(random, depth + 1)];
  return [
    random.pick(['and', 'or']),
    Array.from({ length: 1 + random.below(6) }, () => anyFilter(random, depth + 1)),
  ];
}

const PATTERNS = [
  'a.{100}[^k]{3,400}k$',
  '[a-z]{1000}',
  '(a*)*b',
  '^/hostile/.*x',
  '(x+x+)+y',
  '.{500}',
  '(?i)[\\w-]{200}$',
];
