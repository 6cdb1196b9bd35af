/**
 * Small-group protection: which queries a pixel with a `min_group` answers. Its answers consist of cells of full days: see
 * sql/cells.ts. Queries that select the same visitors in many ways are refused: the differences of their answers would reveal
 * single visitors.
 */
import type { FieldError } from '../model/field-error.ts';
import type { Funnel } from '../model/goal.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import type { Filter, Question } from './question.ts';
import type { DayRange } from './range.ts';

/** The most filters of a query, each by one value. */
const MAX_SIMPLE_FILTERS = 2;

/** Whether a pixel protects groups of fewer visitors. */
export const isProtected = (minGroup: number): boolean => minGroup > 1;

/** A count to the nearest multiple of `least`, upwards from the middle, as sql/cells.ts has it in SQL. */
export function toMultiple(count: number, least: number): number {
  return Math.floor((count + Math.floor(least / 2)) / least) * least;
}

/** The days of a range that have ended. If there is none, the range ends before it begins. */
export function reportableRange({ from, to }: DayRange, zone: string, now: number): DayRange {
  const yesterday = addDays(localDay(zone, now), -1);
  return { from, to: to < yesterday ? to : yesterday };
}

const BEGIN = 'This pixel protects small groups:';
const NO_PEOPLE = `${BEGIN} it answers for visitors, not for people.`;

/** The errors of a query that a protected pixel does not answer. */
export function protectionErrors({ dimensions, filters, metrics, range }: Question): FieldError[] {
  const others = dimensions.flatMap((dimension, index) => (dimension === null ? [] : [index]));
  const hasMoments = typeof range === 'object' && 'from' in range;
  return [
    ...(hasMoments
      ? [{ path: 'date_range', message: `${BEGIN} ask for whole days, without times of day.` }]
      : []),
    ...metrics.flatMap(({ ofPeople }, index) =>
      ofPeople ? [{ path: `metrics[${index}]`, message: NO_PEOPLE }] : [],
    ),
    ...dimensions.flatMap((dimension, index) =>
      dimension?.kind === 'person' ? [{ path: `dimensions[${index}]`, message: NO_PEOPLE }] : [],
    ),
    ...others.slice(1).map((index) => ({
      path: `dimensions[${index}]`,
      message: `${BEGIN} ask for one dimension at a time, beside the time.`,
    })),
    ...filterErrors(filters),
  ];
}

/** The errors of a funnel that a protected pixel does not answer. A person's window may span days, so no day has its people. */
export function funnelErrors({ within }: Funnel, { filters }: Question): FieldError[] {
  return [
    ...(within === 'visit'
      ? []
      : [{ path: 'name', message: `${BEGIN} it answers funnels within a visit only.` }]),
    ...(filters.length === 0
      ? []
      : [{ path: 'filters', message: `${BEGIN} it answers funnels without filters only.` }]),
  ];
}

function filterErrors(filters: readonly Filter[]): FieldError[] {
  const names = filters.map((filter) => (filter.kind === 'test' ? filter.dimension.name : ''));
  return [
    ...filters.flatMap((filter, index) =>
      isSimple(filter)
        ? []
        : [{ path: `filters[${index}]`, message: `${BEGIN} filter by ["is", dimension, [one value]] only.` }],
    ),
    ...(filters.length > MAX_SIMPLE_FILTERS || new Set(names).size < names.length
      ? [
          {
            path: 'filters',
            message: `${BEGIN} filter by at most ${MAX_SIMPLE_FILTERS} dimensions at a time.`,
          },
        ]
      : []),
  ];
}

/** Whether a filter is by one value of one dimension. Lists, patterns and negation would make many groups of the same visitors. */
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
