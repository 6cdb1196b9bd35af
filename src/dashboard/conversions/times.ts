/** Times as an owner reads them: in the pixel's zone, and how far away they are. Pure. */
import { clock, moment } from '../format.ts';
import { todayIn } from '../view.ts';

/** The moment at which a page is shown, in the zone of its pixel. */
export interface Now {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly timezone: string;
}

export const nowIn = (timezone: string): Now => ({ at: Date.now(), timezone });

const SECOND = 1000;
const UNITS = [
  ['day', 86_400 * SECOND],
  ['hour', 3600 * SECOND],
  ['minute', 60 * SECOND],
  ['second', SECOND],
] as const;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** `3 hours ago`, `in 40 seconds`. */
export function fromNow(iso: string, { at }: Now): string {
  const distance = Date.parse(iso) - at;
  const [unit, size] = UNITS.find((one) => Math.abs(distance) >= one[1]) ?? ['second', SECOND];
  const number = Math.sign(distance) * Math.round(Math.abs(distance) / size);
  return unit === 'second' && Math.abs(number) < 2 ? 'just now' : relative.format(number, unit);
}

/** `8:04` of the same day, or the day with it. */
export function timeOf(iso: string, { at, timezone }: Now): string {
  const instant = Date.parse(iso);
  return todayIn(timezone, instant) === todayIn(timezone, at)
    ? clock(instant, timezone)
    : moment(iso, timezone);
}
