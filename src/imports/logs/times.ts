/** The times of access logs. All functions return epoch milliseconds, or null for a text that is no time. */

const COMMON = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The last text that was read: lines of one second follow each other. */
let last: { readonly text: string; readonly time: number | null } = { text: '', time: null };

/** `10/Oct/2000:13:55:36 -0700`: the offset says how far the clock is ahead of UTC. */
export function commonTime(text: string): number | null {
  if (text !== last.text) last = { text, time: readCommonTime(text) };
  return last.time;
}

function readCommonTime(text: string): number | null {
  const match = COMMON.exec(text);
  if (!match) return null;
  const month = MONTHS.indexOf(match[2] as string) + 1;
  const [day, year, hour, minute, second, offsetHours, offsetMinutes] = [1, 3, 4, 5, 6, 8, 9].map((place) =>
    Number(match[place]),
  ) as [number, number, number, number, number, number, number];
  const local = utcTime(year, month, day, hour, minute, second);
  if (local === null || offsetMinutes > 59) return null;
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  return match[7] === '-' ? local + offset : local - offset;
}

/** A leap second is logged as 60. */
function utcTime(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | null {
  // Day 31 of a month of 30 would become the next month's first.
  if (month < 1 || month > 12 || year < 1970) return null;
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return null;
  if (hour > 23 || minute > 59 || second > 60) return null;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

const ISO =
  /^(\d{4})[-/](\d\d?)[-/](\d\d?)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?: ?(?:[Zz]|UTC|([+-])(\d\d):?(\d\d)))?$/;

/** `2000-10-10T13:55:36.123+02:00`. Without an offset it is UTC. Digits beyond milliseconds are cut. */
export function isoTime(text: string): number | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((place) =>
    Number(match[place]),
  ) as [number, number, number, number, number, number];
  const local = utcTime(year, month, day, hour, minute, second);
  if (local === null) return null;
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const offset = (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0)) * 60_000;
  return local + milliseconds + (match[8] === '-' ? offset : -offset);
}

/** The least number of each unit: until 1973 a number of milliseconds could be one of seconds. */
const UNITS = [
  [1e17, 1e-6],
  [1e14, 1e-3],
  [1e11, 1],
] as const;
/** Of the year 9999. */
const LATEST = 253_402_300_799_999;

/** A number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size. */
export function epochTime(number: number): number | null {
  const factor = UNITS.find(([least]) => number >= least)?.[1] ?? 1000;
  const time = Math.floor(number * factor + 1e-3);
  return number > 0 && time <= LATEST ? time : null;
}

/** A time in any of these forms. */
export function anyTime(value: unknown): number | null {
  if (typeof value === 'number') return epochTime(value);
  if (typeof value !== 'string' || value.length > 64) return null;
  if (/^\d+(?:\.\d+)?$/.test(value)) return epochTime(Number(value));
  return isoTime(value) ?? commonTime(value);
}
