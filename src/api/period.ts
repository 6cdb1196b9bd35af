/** The query parameters that select a range of days. */
import * as v from 'valibot';
import { RANGE_NAMES, type RangeName } from '../query/parsed-query.ts';
import { badParameter, Day } from './parameters.ts';

const DEFAULT_PERIOD = '30d';

export const PERIOD = {
  period: v.pipe(
    v.optional(v.picklist(RANGE_NAMES, `Use one of ${RANGE_NAMES.join(', ')}, or from and to instead.`)),
    v.description(`A range that ends today. Default: ${DEFAULT_PERIOD}. Alternative: \`from\` and \`to\`.`),
  ),
  from: v.pipe(v.optional(Day), v.description('The first day.')),
  to: v.pipe(v.optional(Day), v.description('The last day.')),
};

interface Period {
  readonly period?: RangeName | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The range of a query. @throws Problem if the parameters are incomplete or contradict each other, or the range ends before it begins. */
export function rangeOf({ period, from, to }: Period): RangeName | [string, string] {
  if (from === undefined && to === undefined) return period ?? DEFAULT_PERIOD;
  if (period !== undefined) {
    throw badParameter('period', 'Send period, or from and to, but not both.');
  }
  if (from === undefined || to === undefined) {
    throw badParameter(from === undefined ? 'from' : 'to', 'Send both days, from and to.');
  }
  if (from > to) throw badParameter('from', 'The range ends before it begins.');
  return [from, to];
}
