/** The measured volume, as rates. */
import type { Volume } from './facts.ts';

export interface Load {
  /** The events a second of the busiest hour. */
  readonly hour: number;
  /** The events a second of the busiest minute of that hour; of the hour itself if its minutes are not known. */
  readonly peak: number;
  readonly peakOf: 'minute' | 'hour';
  /** The greatest rate of one pixel, on the scale of `peak`. */
  readonly pixelPeak: number;
  /** The events of the busiest UTC date, and the mean of all days since the first event. */
  readonly busiestDay: number;
  readonly meanDay: number;
  /** The events that are stored once as many are deleted as arrive. */
  readonly stored: number;
  /** The share of the events that D1 has to take whatever EVENT_STORE says; null if it is not known. */
  readonly restShare: number | null;
}

const HOUR = 3_600;
const DAY_MS = 86_400_000;
const WEEK = 7;

/** Null if there were no events. */
export function loadOf({
  hours,
  pixels,
  event_days: eventDays,
  busiest_hour_sample: sample,
}: Volume): Load | null {
  if (hours.length === 0) return null;
  const busiest = hours.reduce((most, hour) => (hour.events > most.events ? hour : most));
  const hour = busiest.events / HOUR;
  // Events that Analytics Engine alone has are not in the sample: then its minutes say little.
  const isSampled = sample !== null && sample.events >= busiest.events * 0.9;
  const peak = isSampled ? Math.max(hour, sample.busiest_minute / 60) : hour;
  const pixelHour = Math.max(...pixels.map(({ busiest_hour: events }) => events)) / HOUR;
  const days = daysOf(hours);
  const total = hours.reduce((sum, { events }) => sum + events, 0);
  const span = Math.min(WEEK, Math.max(1, spanOf(hours)));
  return {
    hour,
    peak,
    peakOf: isSampled ? 'minute' : 'hour',
    pixelPeak: (pixelHour / hour) * peak,
    busiestDay: Math.max(...days),
    meanDay: total / span,
    stored: eventDays / span,
    restShare:
      sample === null || busiest.events === 0
        ? null
        : Math.min(1, (sample.events - sample.plain) / busiest.events),
  };
}

/** The days between the first and the last hour with events. */
function spanOf(hours: Volume['hours']): number {
  const first = Date.parse(hours[0]?.at ?? '');
  const last = Date.parse(hours.at(-1)?.at ?? '');
  return (last + HOUR * 1000 - first) / DAY_MS;
}

/** The events of each UTC date. */
function daysOf(hours: Volume['hours']): number[] {
  const days = new Map<string, number>();
  for (const { at, events } of hours) {
    const date = at.slice(0, 10);
    days.set(date, (days.get(date) ?? 0) + events);
  }
  return [...days.values()];
}
