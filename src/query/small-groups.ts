/**
 * Small-group protection: which queries a pixel with a `min_group` answers. Its answers consist of cells of full days: see
 * sql/cells.ts. Queries that could select the same visitors in many ways are rejected. The differences between their answers
 * would reveal single visitors.
 */
import type { FieldError } from '../model/field-error.ts';
import type { Funnel } from '../model/goal.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import type { Filter, ParsedQuery } from './parsed-query.ts';
import type { DayRange } from './range.ts';

/** The most filters of a query. Each has one value. */
const MAX_SIMPLE_FILTERS = 2;

/** Whether a pixel protects groups of fewer visitors. */
export const isProtected = (minGroup: number): boolean => minGroup > 1;

/** A count rounded to the nearest multiple of `least`, with halves rounded up. sql/cells.ts does the same in SQL. */
export function toMultiple(count: number, least: number): number {
  return Math.floor((count + Math.floor(least / 2)) / least) * least;
}

/** The days of a range that have ended. If none has, the result ends before it begins. */
export function reportableRange({ from, to }: DayRange, zone: string, now: number): DayRange {
  const yesterday = addDays(localDay(zone, now), -1);
  return { from, to: to < yesterday ? to : yesterday };
}

const BEGIN = 'This pixel protects small groups:';
const NO_PEOPLE = `${BEGIN} it reports visitors, not people.`;

/** The errors of a query that a protected pixel does not answer. */
export function protectionErrors({ dimensions, filters, metrics, range }: ParsedQuery): FieldError[] {
  const others = dimensions.flatMap((dimension, index) => (dimension === null ? [] : [index]));
  const hasMoments = typeof range === 'object' && 'from' in range;
  return [
    ...(hasMoments
      ? [{ path: 'date_range', message: `${BEGIN} use a range of full days, without times of day.` }]
      : []),
    ...metrics.flatMap(({ ofPeople }, index) =>
      ofPeople ? [{ path: `metrics[${index}]`, message: NO_PEOPLE }] : [],
    ),
    ...dimensions.flatMap((dimension, index) =>
      dimension?.kind === 'person' ? [{ path: `dimensions[${index}]`, message: NO_PEOPLE }] : [],
    ),
    ...others.slice(1).map((index) => ({
      path: `dimensions[${index}]`,
      message: `${BEGIN} use at most one dimension besides the time.`,
    })),
    ...filterErrors(filters),
  ];
}

/**
 * The errors of a funnel that a protected pixel does not answer. A person's window may span days, so its people belong to no
 * cell.
 */
export function funnelErrors({ within }: Funnel, { filters }: ParsedQuery): FieldError[] {
  return [
    ...(within === 'visit'
      ? []
      : [{ path: 'name', message: `${BEGIN} it reports only funnels within a visit.` }]),
    ...(filters.length === 0
      ? []
      : [{ path: 'filters', message: `${BEGIN} it reports only funnels without filters.` }]),
  ];
}

function filterErrors(filters: readonly Filter[]): FieldError[] {
  const names = filters.map((filter) => (filter.kind === 'test' ? filter.dimension.name : ''));
  return [
    ...filters.flatMap((filter, index) =>
      isSimple(filter)
        ? []
        : [
            {
              path: `filters[${index}]`,
              message: `${BEGIN} use only filters of the form ["is", dimension, [one value]].`,
            },
          ],
    ),
    ...(filters.length > MAX_SIMPLE_FILTERS || new Set(names).size < names.length
      ? [
          {
            path: 'filters',
            message: `${BEGIN} use at most ${MAX_SIMPLE_FILTERS} filters, each by a different dimension.`,
          },
        ]
      : []),
  ];
}

/** Whether a filter has one value of one dimension. Lists, patterns and negation would select the same visitors in many ways. */
function isSimple(filter: Filter): boolean {
  return (
    filter.kind === 'test' &&
    filter.comparison === 'is' &&
    !filter.negated &&
    filter.caseSensitive &&
    filter.values.length === 1 &&
    filter.dimension.kind !== 'person'
  );
}
