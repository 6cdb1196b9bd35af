/**
 * A segment as queries read it. What several counts need (the visit of each event, its minute, entry pages, properties) is derived
 * once, when it is first needed, and forgotten with the segment.
 */
import { type Segment, type SegmentDay, SegmentError } from '../../columns/segment.ts';
import type { ColumnDimension, PropertyDimension } from '../../model/dimensions.ts';
import { ENGAGEMENT, PAGEVIEW } from '../../model/event.ts';
import type { Meter } from '../meter.ts';
import type { Moments } from '../parsed-query.ts';
import { type DimensionValue, PropertyTexts } from './properties.ts';

export type Codes = Uint8Array | Uint16Array | Uint32Array;
export type RowsOf = 'visit' | 'event';

/** The values of a dimension: one code for each visit or event. Different codes may have the same value. */
export interface Coded {
  readonly of: RowsOf;
  readonly values: readonly DimensionValue[];
  readonly codes: Codes;
}

/** A column of numbers by code. Null is NaN. */
export interface Numbers {
  readonly codes: Codes;
  readonly byCode: Float64Array;
}

/** Visits of one day that follow each other: from `from` on, before `to`. */
export interface Run {
  readonly day: SegmentDay;
  readonly from: number;
  readonly to: number;
}

/** The kinds of events. Only engagements do not count as events. */
const KIND = { engagement: 0, event: 1, pageview: 2 } as const;
export const VIEW_KIND = KIND.pageview;

const MINUTE = 60_000;
const HOURS = 24;

/** The first minute of a day, in minutes since the epoch. */
const firstMinute = ({ stretches }: SegmentDay): number => Math.floor((stretches[0]?.start ?? 0) / MINUTE);

export class SegmentView {
  readonly visits: number;
  readonly events: number;
  /** The visits of earlier segments. Visit `v` has the number `before + v + 1` among those of all segments. */
  readonly before: number;
  readonly #segment: Segment;
  readonly #properties: PropertyTexts;
  readonly #derived = new Map<unknown, unknown>();

  /** @param keys the custom properties that the query reads. */
  constructor(segment: Segment, before: number, keys: readonly string[], meter: Meter) {
    this.#segment = segment;
    this.visits = segment.header.visits;
    this.events = segment.header.events;
    this.before = before;
    this.#properties = new PropertyTexts(keys, meter);
  }

  /** A value that is computed once for the segment. */
  once<T>(key: unknown, compute: () => T): T {
    const cached = this.#derived.get(key);
    if (cached !== undefined) return cached as T;
    const computed = compute();
    this.#derived.set(key, computed);
    return computed;
  }

  codes(name: string): Codes {
    return this.#segment.column(name).codes;
  }

  /** The texts of a column by code. */
  texts(name: string): readonly string[] {
    return (this.#segment.column(name).dictionary ?? []) as readonly string[];
  }

  numbers(name: string): Numbers {
    return this.once(`numbers ${name}`, () => {
      const { dictionary, codes } = this.#segment.column(name);
      const values = dictionary ?? [];
      const byCode = filled(new Float64Array(values.length), values, (value) =>
        value === null ? Number.NaN : Number(value),
      );
      return { codes, byCode };
    });
  }

  /** The values of a dimension. */
  dimension(dimension: ColumnDimension | PropertyDimension): Coded {
    const { kind, scope } = dimension;
    if (kind === 'property') return this.#property(dimension.key);
    const { column } = dimension;
    if (scope === 'entry' || scope === 'exit') return this.#ofView(scope, `event:${column}`);
    const name = scope === 'event' ? `event:${column}` : column;
    return { of: scope, values: this.texts(name), codes: this.codes(name) };
  }

  #property(key: string): Coded {
    return this.once(`property ${key}`, () => {
      const codes = this.codes('event:props');
      const byCode = this.propertyByCode(key);
      // Few of the distinct texts of properties differ in one of them.
      const values: DimensionValue[] = [];
      const places = new Map<DimensionValue, number>();
      const placeOf = filled(new Uint32Array(byCode.length), byCode, (one) => {
        const value = one ?? '';
        const cached = places.get(value);
        if (cached !== undefined) return cached;
        places.set(value, values.length);
        return values.push(value) - 1;
      });
      const compact = new Uint32Array(this.events);
      for (let event = 0; event < compact.length; event++) {
        compact[event] = placeOf[codes[event] as number] as number;
      }
      return { of: 'event', values, codes: compact };
    });
  }

  /** The values of a custom property by the code of `event:props`; null for those without it. */
  propertyByCode(key: string): readonly (DimensionValue | null)[] {
    return this.#properties.valuesOf(key, this.texts('event:props'));
  }

  /** An attribute of the first or last page view of each visit. */
  #ofView(end: 'entry' | 'exit', name: string): Coded {
    return this.once(`${end} ${name}`, () => {
      const values = this.texts(name);
      const codes = this.codes(name);
      const { kinds, visitOf, events } = this;
      const none = values.length;
      const ofVisits = new Uint32Array(this.visits).fill(none);
      for (let event = 0; event < events; event++) {
        const visit = visitOf[event] as number;
        if (kinds[event] === KIND.pageview && (end === 'exit' || ofVisits[visit] === none)) {
          ofVisits[visit] = codes[event] as number;
        }
      }
      return { of: 'visit', values: [...values, ''], codes: ofVisits };
    });
  }

  /** The kind of each event: 0 for an engagement, `VIEW_KIND` for a page view, and 1 for any other. */
  get kinds(): Uint8Array {
    return this.once('kinds', () => {
      const names = this.texts('event:name');
      const byCode = filled(new Uint8Array(names.length), names, (name) =>
        name === ENGAGEMENT ? KIND.engagement : name === PAGEVIEW ? KIND.pageview : KIND.event,
      );
      return lookUp(byCode, this.codes('event:name'));
    });
  }

  /** The first event of each visit, and the number of events. */
  get firstEvents(): Int32Array {
    return this.once('firstEvents', () => {
      const { codes, byCode } = this.numbers('visit:rows');
      const first = new Int32Array(this.visits + 1);
      let event = 0;
      for (let visit = 0; visit < this.visits; visit++) {
        event += byCode[codes[visit] as number] as number;
        first[visit + 1] = event;
      }
      return first;
    });
  }

  /** The visit of each event. */
  get visitOf(): Int32Array {
    return this.once('visitOf', () => {
      const first = this.firstEvents;
      const visitOf = new Int32Array(this.events);
      for (let visit = 0; visit < this.visits; visit++) {
        const end = first[visit + 1] as number;
        for (let event = first[visit] as number; event < end; event++) visitOf[event] = visit;
      }
      return visitOf;
    });
  }

  /** The visitor of each visit, by the number of the visitor's first visit of the day; 0 for none. */
  get visitors(): Int32Array {
    return this.once('visitors', () => {
      const marks = this.codes('visit:visitor');
      const visitors = new Int32Array(this.visits);
      let visitor = 0;
      for (let visit = 0; visit < visitors.length; visit++) {
        const mark = marks[visit] as number;
        if (mark === 1) visitor = this.before + visit + 1;
        visitors[visit] = mark === 0 ? 0 : visitor;
      }
      return visitors;
    });
  }

  /** The minute of each event, counted from the first one of its day. */
  get minutes(): Int32Array {
    return this.once('minutes', () => {
      const first = this.firstEvents;
      const starts = this.codes('visit:minute');
      const steps = this.codes('event:minute');
      const minutes = new Int32Array(this.events);
      for (let visit = 0; visit < this.visits; visit++) {
        let minute = starts[visit] as number;
        const end = first[visit + 1] as number;
        for (let event = first[visit] as number; event < end; event++) {
          minute += steps[event] as number;
          minutes[event] = minute;
        }
      }
      return minutes;
    });
  }

  /**
   * The runs of visits of the days that count.
   * @throws SegmentError if a visit is of no day.
   */
  runs(counts: readonly boolean[]): Run[] {
    const days = this.codes('visit:day');
    const runs: Run[] = [];
    let from = 0;
    for (let visit = 1; visit <= days.length; visit++) {
      const index = days[from] as number;
      if (visit < days.length && days[visit] === index) continue;
      const day = this.#segment.header.days[index];
      if (!day) throw new SegmentError('code', `A visit is of day ${index}, which the header lacks.`);
      if (counts[index]) runs.push({ day, from, to: visit });
      from = visit;
    }
    return runs;
  }

  /** The local hour of each event of these runs. In an hour that clocks repeat, both have the same number. */
  hours(runs: readonly Run[]): Uint8Array {
    return this.once(`hours from ${runs[0]?.from}`, () => {
      const { firstEvents, minutes } = this;
      const hours = new Uint8Array(this.events);
      for (const { day, from, to } of runs) {
        const byMinute = hoursByMinute(day);
        const end = firstEvents[to] as number;
        for (let event = firstEvents[from] as number; event < end; event++) {
          hours[event] = byMinute[minutes[event] as number] as number;
        }
      }
      return hours;
    });
  }

  /** Whether the minute of each event of these runs lies within the moments. */
  within({ from: earliest, to: latest }: Moments, runs: readonly Run[]): Uint8Array {
    return this.once(`within from ${runs[0]?.from}`, () => {
      const { firstEvents, minutes } = this;
      const within = new Uint8Array(this.events);
      for (const { day, from, to } of runs) {
        const first = Math.floor(earliest / MINUTE) - firstMinute(day);
        const last = Math.floor(latest / MINUTE) - firstMinute(day);
        const end = firstEvents[to] as number;
        for (let event = firstEvents[from] as number; event < end; event++) {
          const minute = minutes[event] as number;
          within[event] = Number(minute >= first && minute <= last);
        }
      }
      return within;
    });
  }
}

/** The local hour of each minute of a day. */
function hoursByMinute(day: SegmentDay): Uint8Array {
  const begin = firstMinute(day);
  const end = Math.ceil((day.stretches.at(-1)?.end ?? 0) / MINUTE);
  const hours = new Uint8Array(end - begin);
  for (const { start, end: stop, offset } of day.stretches) {
    for (let minute = Math.floor(start / MINUTE); minute < Math.ceil(stop / MINUTE); minute++) {
      hours[minute - begin] = Math.floor((minute * MINUTE + offset) / 3_600_000) % HOURS;
    }
  }
  return hours;
}

/** Fills an array as `from` of typed arrays does, which takes ten times as long. */
export function filled<T, Numbers extends Uint8Array | Uint32Array | Float64Array>(
  array: Numbers,
  values: readonly T[],
  numberOf: (value: T) => number,
): Numbers {
  for (let code = 0; code < values.length; code++) array[code] = numberOf(values[code] as T);
  return array;
}

/** 1 for each row whose value passes. */
export function bitsOf<T>(values: readonly T[], passes: (value: T) => boolean, codes: Codes): Uint8Array {
  return lookUp(
    filled(new Uint8Array(values.length), values, (value) => (passes(value) ? 1 : 0)),
    codes,
  );
}

/** The value of each row's code. */
function lookUp(byCode: Uint8Array, codes: Codes): Uint8Array {
  const values = new Uint8Array(codes.length);
  for (let row = 0; row < values.length; row++) values[row] = byCode[codes[row] as number] as number;
  return values;
}
