/**
 * Protects small groups of visitors, of pixels that ask for it: rows of fewer than `least` visitors are folded into one,
 * and an answer must not tell of a small group by what it leaves out beside another one.
 *
 * Three ways lead around the folding, and are closed here: a folded row that is itself small, so that a total tells it; a
 * filter that names a small group; and two questions of which one has a filter more, whose difference is a small group.
 */
import { HIDDEN } from '../model/dimensions.ts';
import type { Draft } from './draft.ts';
import { type Grouping, groupBy, keysOf } from './groupings.ts';
import { type Filter, type Mistake, type Question, testsIn } from './question.ts';

/** Each filter doubles what has to be compared. So many comparisons of values a statement may hold, all together. */
const MAX_PROTECTED_FILTERS = 4;
const MAX_COMPARISONS = (2 ** MAX_PROTECTED_FILTERS - 1) * MAX_PROTECTED_FILTERS;

/** Whether a pixel's rows have to be as large as that. */
export function isProtected({ dimensions, filters }: Question, least: number): boolean {
  return least > 1 && (filters.length > 0 || dimensions.some((dimension) => dimension !== null));
}

/** The filters that all have to hold, taken apart. */
export function conjuncts(filters: readonly Filter[]): readonly Filter[] {
  return filters.flatMap((filter) => (filter.kind === 'and' ? conjuncts(filter.filters) : [filter]));
}

/** What a pixel that protects small groups does not answer. */
export function protectionMistakes({ dimensions, filters }: Question): Mistake[] {
  const others = dimensions.flatMap((dimension, index) => (dimension === null ? [] : [index]));
  const mistakes: Mistake[] = others.slice(1).map((index) => ({
    path: `dimensions[${index}]`,
    message: 'This pixel protects small groups: ask for one dimension at a time, beside the time.',
  }));
  const count = conjuncts(filters).length;
  const comparisons = (2 ** count - 1) * filters.flatMap(testsIn).length;
  if (count > MAX_PROTECTED_FILTERS || comparisons > MAX_COMPARISONS) {
    const message = `This pixel protects small groups: ask with at most ${MAX_PROTECTED_FILTERS} simple filters at a time.`;
    mistakes.push({ path: 'filters', message });
  }
  return mistakes;
}

/**
 * For each question that lacks some of the filters: the filters of what it has more than this one. If that is small, the
 * two together tell of it.
 */
export function differences(filters: readonly Filter[]): Filter[][] {
  const all = conjuncts(filters);
  const whole: Filter = { kind: 'not', filter: { kind: 'and', filters: all } };
  return Array.from({ length: 2 ** all.length - 1 }, (_, kept) => [
    ...all.filter((_filter, index) => (kept >> index) & 1),
    whole,
  ]);
}

/**
 * `folded`: the rows of `joined` that may be told, and one for all others, of each time. `too_small` says of a row that it
 * may not be told even so: then nothing of it is.
 *
 * @param near the CTEs that have the differences, by the same keys.
 * @param beside how the columns beside the counts add up.
 */
export function foldedRows(
  { counts, setting }: Draft,
  answer: Grouping,
  near: readonly Grouping[],
  beside: readonly string[],
): string {
  const { timed } = answer;
  const keys = keysOf(answer);
  const least = setting.minGroup;
  const others = timed ? keys.slice(1) : keys;
  const time = timed ? 'bucket' : `''`;
  const isNear = near.map(
    ({ name }) => `EXISTS (
      SELECT 1 FROM ${name} x
      WHERE ${[...keys.map((key) => `x.${key} = joined.${key}`), `x.events > 0 AND x.visitors < ${least}`].join(' AND ')})`,
  );
  const small = [`visitors < ${least}`, ...isNear].join(' OR ');
  const groups = [...(timed ? ['bucket'] : []), ...others.map((_, index) => String(index + (timed ? 2 : 1)))];
  return `
    judged AS MATERIALIZED (SELECT *, ${small} AS small FROM joined),
    ranked AS MATERIALIZED (
      SELECT *, small OR (max(small) OVER (PARTITION BY ${time}) AND coalesce(sum(visitors) OVER smaller, 0) < ${least}) AS hidden
      FROM judged
      WINDOW smaller AS (
        PARTITION BY ${time} ORDER BY small DESC, visitors ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ),
    folded AS (
      SELECT ${[
        ...(timed ? ['bucket'] : []),
        ...others.map((key) => `iif(hidden, '${HIDDEN}', ${key}) AS ${key}`),
        ...counts.map((count) => `sum(${count}) AS ${count}`),
        ...beside,
        `max(hidden) AND ${others.length === 0 ? 'true' : `sum(visitors) < ${least}`} AS too_small`,
      ].join(', ')}
      FROM ranked
      ${groupBy(groups)}
      HAVING count(*) > 0)`;
}
