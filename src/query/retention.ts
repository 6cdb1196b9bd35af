/** Queries that need events which are no longer stored. */
import type { Pixel } from '../model/pixel.ts';
import { addDays, localDay } from '../model/time-zone.ts';
import type { QueryContext } from './context.ts';
import type { DayStates } from './day-states.ts';
import type { Question } from './question.ts';
import type { Span } from './spans.ts';

const DAY = 86_400_000;

/** Why days of a span cannot be answered, in a sentence; null if all can. */
export function missingEvents(
  question: Question,
  { pixel, ...span }: Pick<QueryContext, 'pixel' | keyof Span>,
  days: DayStates,
  usesRollups: boolean,
): string | null {
  if (usesRollups) {
    if (days.lost === null) return null;
    return missingRollup(days) ?? beyondRetention(days.lost, question, span);
  }
  const last = pastRetention(pixel, span) ?? days.purged;
  return last === null ? null : beyondRetention(last, question, span);
}

/**
 * With small-group protection: the last day of a span whose events are past retention. It is found by the calendar, since whether
 * a day had events says something about its visitors.
 */
export function pastRetention(
  { timezone, settings }: Pixel,
  { range, reportable }: Pick<Span, 'range' | 'reportable'>,
): string | null {
  if (reportable === null || reportable.firstDay === null) return null;
  const last = addDays(localDay(timezone, reportable.before - settings.retention_days * DAY), -1);
  const from = range.from > reportable.firstDay ? range.from : reportable.firstDay;
  return from <= range.to && from <= last ? (range.to < last ? range.to : last) : null;
}

/** Why rollups cannot answer for days whose events are gone; null if they could. */
function missingRollup({ never, lacking }: DayStates): string | null {
  if (never !== null) {
    return `The rollup of ${never} could not be made before its raw events were past this pixel's retention, and they are gone. Ask for days before or after it.`;
  }
  if (lacking !== null) {
    return `Days up to ${lacking} were rolled up by a version of Speck that did not know all that is asked for, and their raw events are past this pixel's retention and gone. Ask from the day after, or without it.`;
  }
  return null;
}

function beyondRetention(lastDay: string, question: Question, { moments }: Pick<Span, 'moments'>): string {
  const { dimensions, filters, metrics, time } = question;
  const subject =
    filters.length > 0
      ? 'A filtered question'
      : moments !== null
        ? 'A range with times of day'
        : metrics.some(({ ofPeople }) => ofPeople)
          ? 'A question of people'
          : time === 'time:hour'
            ? 'A dimension by hour'
            : dimensions.some((dimension) => dimension?.kind === 'person')
              ? 'A dimension of people'
              : 'A question of several dimensions';
  return `${subject} needs raw events, and those up to ${lastDay} are past this pixel's retention and gone. Ask from the day after, or without it.`;
}
