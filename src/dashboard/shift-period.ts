/** The period before another, and the one after it. */
import { addDays, monthStart } from '../model/time-zone.ts';
import { daysOf, PERIODS, type PeriodName, rangeOf, todayIn, type View } from './view.ts';

const OF_DAYS: readonly PeriodName[] = ['day', 'yesterday', '7d', '28d', '30d', '91d'];
const OF_MONTHS: readonly PeriodName[] = ['month', 'last_month', '6mo', '12mo', 'year'];

/**
 * Days are followed by as many days, months by as many months, and a year by a year. A period that ends after today is cut, and one
 * with a name gets it: the day before today is yesterday.
 *
 * @param by 1: the next period; -1: the previous one.
 * @returns null if there is none: all time has no neighbors, and no period begins after today.
 */
export function shiftPeriod(
  period: View['period'],
  by: 1 | -1,
  timezone: string,
  now = Date.now(),
): View['period'] | null {
  if (period === 'all') return null;
  const today = todayIn(timezone, now);
  const [from, to] = daysOf(rangeOf(period, timezone, now), timezone, now);
  const months = monthsIn(period, from, to, today);
  const length = Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1;
  const first = months === null ? addDays(from, by * length) : monthStart(from, by * months);
  const last = months === null ? addDays(to, by * length) : addDays(monthStart(first, months), -1);
  if (first > today) return null;
  const range = [first, last < today ? last : today] as const;
  const names = months === null ? OF_DAYS : OF_MONTHS;
  return (
    names.find((name) => String(daysOf(rangeOf(name, timezone, now), timezone, now)) === String(range)) ??
    range
  );
}

/** The number of months that a period consists of; null if it consists of days. The current month counts as a whole. */
function monthsIn(period: View['period'], from: string, to: string, today: string): number | null {
  if (period === 'year') return 12;
  const isNamed = typeof period === 'string' && period in PERIODS;
  const isWhole = from.endsWith('-01') && (to === today || addDays(to, 1).endsWith('-01'));
  if (isNamed ? OF_DAYS.includes(period as PeriodName) : !isWhole || from === to) return null;
  const index = (day: string): number => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7));
  return index(to) - index(from) + 1;
}
