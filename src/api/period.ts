/** The query parameters that say which days are asked for. */
import * as v from 'valibot';
import { RANGE_NAMES, type RangeName } from '../query/question.ts';
import { badParameter, Day } from './parameters.ts';

const DEFAULT_PERIOD = '30d';

export const PERIOD = {
  period: v.pipe(
    v.optional(
      v.picklist(RANGE_NAMES, `Use one of ${RANGE_NAMES.join(', ')}, or from and to in place of it.`),
    ),
    v.description(
      `A range that ends today. Default: ${DEFAULT_PERIOD}. In place of it: \`from\` and \`to\`.`,
    ),
  ),
  from: v.pipe(v.optional(Day), v.description('The first day.')),
  to: v.pipe(v.optional(Day), v.description('The last day.')),
};

interface Period {
  readonly period?: RangeName | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The range of a query. @throws Problem when it is said in half or twice, or ends before it begins. */
export function rangeOf({ period, from, to }: Period): RangeName | [string, string] {
  if (from === undefined && to === undefined) return period ?? DEFAULT_PERIOD;
  if (period !== undefined) {
    throw badParameter('period', 'Give a period, or from and to, not both.');
  }
  if (from === undefined || to === undefined) {
    throw badParameter(from === undefined ? 'from' : 'to', 'Give both days, from and to.');
  }
  if (from > to) throw badParameter('from', 'The range ends before it begins.');
  return [from, to];
}
