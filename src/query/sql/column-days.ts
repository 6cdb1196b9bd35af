/** The SQL that decides which days columns answer: those that have columns, and that no rollup answers. */
import { RAW } from '../../model/day-state.ts';
import { columnOf } from '../groupings.ts';
import type { ParsedQuery } from '../parsed-query.ts';
import type { Sources } from '../sources.ts';
import type { Span } from '../spans.ts';
import { nameOfRollup } from './parameter-names.ts';
import { andInFull, HAS_ROLLUP, hasColumns, hasRollup, lacks, listsProperty } from './rollup-state.ts';

/**
 * SQL for whether columns answer for day `d`. Its parameters are `:pixel`, `:cut_days`, a list of days that columns cannot answer,
 * and the name of a property's rollup rows. Null if columns answer for no day: also if each day's rollup is right wherever its
 * columns are.
 */
export function columnsAnswer(
  query: ParsedQuery,
  span: Pick<Span, 'moments' | 'peopleSince' | 'trimmed'>,
  sources: Sources,
): string | null {
  if (!sources.columns) return null;
  const isUncut = span.moments === null ? '' : ' AND d.day NOT IN (SELECT value FROM json_each(:cut_days))';
  const fits = `${hasColumns(query)}${isUncut}`;
  if (!sources.rollups) return `(${fits})`;
  const kinds = new Set(query.dimensions.map((dimension) => dimension?.kind));
  if (kinds.has('property')) {
    // Also if the day's events are purged: the rollup would report a property that it leaves out as `(other)`.
    const isListed = listsProperty(`:${nameOfRollup(columnOf(0))}`);
    return `(${fits} AND NOT (${HAS_ROLLUP}${andInFull(span)} AND NOT ${lacks(query)} AND (${isListed})))`;
  }
  // A day without events is not rolled up again if goals change, so its rollup may have other goals.
  if (kinds.has('goal')) return `(${fits} AND (d.raw > ${RAW.stored} OR NOT (${hasRollup(query, span)})))`;
  // One run of the cron writes a day's rollup and its columns, with the same dimensions.
  const isAlwaysRight = span.trimmed === null && query.metrics.every(({ since }) => since === undefined);
  return isAlwaysRight ? null : `(${fits} AND NOT (${hasRollup(query, span)}))`;
}
