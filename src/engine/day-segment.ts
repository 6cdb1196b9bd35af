/**
 * The columns of one local day, or of a slice of its visitors, from events that D1 does not have. Events are taken one by one, and of
 * each only numbers are kept: a hundred thousand of them take some 20 MB.
 */
import { type EncodedSegment, encodeSegment, type RawColumn } from '../columns/encode.ts';
import { COLUMNS } from '../columns/format.ts';
import type { SegmentDay, Value } from '../columns/segment.ts';
import { ENGAGEMENT, type Event, PAGEVIEW } from '../model/event.ts';
import { KIND, type Visits, visitsOf } from './visits.ts';

const OF_EVENT = 'event:';

/** The columns that are simply a column of an event: of each event, or of a visit's first one. */
const PLAIN = [...COLUMNS.values()].filter(({ name }) => !/^(visit:|event:minute$)/.test(name));

/** The fields of an event that are kept as codes: the visitor, and those of the plain columns. */
const FIELDS = [
  'visitor',
  ...PLAIN.map(({ name }) => name.replace(OF_EVENT, '')),
] as readonly (keyof Event)[];
const WIDTH = FIELDS.length;
const VISITOR = FIELDS.indexOf('visitor');
const NAME = FIELDS.indexOf('name');

/** The events for which there is room at first. */
const FIRST_ROOM = 1024;

/** Values as codes. */
class Interned {
  readonly values: Value[] = [];
  readonly #codes = new Map<Value, number>();

  codeOf(value: Value): number {
    const known = this.#codes.get(value);
    if (known !== undefined) return known;
    const code = this.values.length;
    this.values.push(value);
    this.#codes.set(value, code);
    return code;
  }
}

export class DayEvents {
  readonly #interned = FIELDS.map(() => new Interned());
  readonly #ids: string[] = [];
  #times = new Float64Array(FIRST_ROOM);
  /** The codes of an event's fields, event by event. */
  #codes = new Uint32Array(FIRST_ROOM * WIDTH);

  /** The number of events, those that occur twice included. */
  get size(): number {
    return this.#ids.length;
  }

  /** Adds an event of the day. Events may come in any order, and more than once. */
  add(event: Event): void {
    const at = this.#ids.length;
    if (at === this.#times.length) this.#grow();
    this.#times[at] = event.ts;
    this.#ids.push(event.id);
    let place = at * WIDTH;
    for (let field = 0; field < WIDTH; field++) {
      const value = event[FIELDS[field] as keyof Event];
      this.#codes[place++] = (this.#interned[field] as Interned).codeOf(value);
    }
  }

  #grow(): void {
    const room = this.#times.length * 2;
    const times = new Float64Array(room);
    times.set(this.#times);
    this.#times = times;
    const codes = new Uint32Array(room * WIDTH);
    codes.set(this.#codes);
    this.#codes = codes;
  }

  /**
   * The day's columns: for counting as `new Segment(header, [], columns)`, and for storing by `rowsOf`. `order` has, for each of their
   * event rows, the number of the event in the order in which events were added.
   */
  segmentOf(day: SegmentDay): EncodedSegment & { readonly order: Uint32Array } {
    const visits = this.#visits();
    const sizes = { visits: visits.first.length, events: visits.events.length };
    return { ...encodeSegment([day], sizes, this.#columns(visits, day)), order: visits.events };
  }

  #visits(): Visits {
    const { size } = this;
    const names = this.#valuesOf(NAME);
    const byName = Uint8Array.from(names, (name) =>
      name === ENGAGEMENT ? KIND.engagement : name === PAGEVIEW ? KIND.pageview : KIND.event,
    );
    const kinds = new Uint8Array(size);
    const visitors = new Uint32Array(size);
    for (let event = 0; event < size; event++) {
      kinds[event] = byName[this.#codes[event * WIDTH + NAME] as number] as number;
      visitors[event] = this.#codes[event * WIDTH + VISITOR] as number;
    }
    return visitsOf({
      times: this.#times.subarray(0, size),
      ids: this.#ids,
      kinds,
      visitors,
      visitorIds: this.#valuesOf(VISITOR) as string[],
    });
  }

  /** The columns in the order of docs/storage.md, one after the other. */
  *#columns(visits: Visits, day: SegmentDay): Generator<[name: string, column: RawColumn]> {
    const firstMinute = Math.trunc((day.stretches[0]?.start ?? 0) / 60_000);
    const minuteOf = (event: number): number =>
      Math.trunc((this.#times[event] as number) / 60_000) - firstMinute;
    const { first, events } = visits;
    const derived: Readonly<Record<string, () => RawColumn>> = {
      'visit:day': () => ({ values: null, codes: new Uint32Array(first.length) }),
      'visit:visitor': () => ({ values: null, codes: visits.marks }),
      'visit:minute': () => ({ values: null, codes: first.map(minuteOf) }),
      'visit:rows': () => columnOfNumbers(visits.rows),
      'visit:pageviews': () => columnOfNumbers(visits.pageviews),
      'visit:events': () => columnOfNumbers(visits.counted),
      'visit:duration': () => columnOfNumbers(visits.durations),
      'event:minute': () => ({ values: null, codes: visits.steps }),
    };
    for (const { name, of } of COLUMNS.values()) {
      const derive = derived[name];
      yield [name, derive ? derive() : this.#plain(name, of === 'visit' ? first : events)];
    }
  }

  /** The column of a field of some events. */
  #plain(name: string, events: Uint32Array): RawColumn {
    const field = FIELDS.indexOf(name.replace(OF_EVENT, '') as keyof Event);
    const all = this.#codes;
    const codes = new Uint32Array(events.length);
    for (let row = 0; row < codes.length; row++) {
      codes[row] = all[(events[row] as number) * WIDTH + field] as number;
    }
    return { values: this.#valuesOf(field), codes };
  }

  #valuesOf(field: number): readonly Value[] {
    return (this.#interned[field] as Interned).values;
  }
}

function columnOfNumbers(numbers: Uint32Array): RawColumn {
  const interned = new Interned();
  const codes = numbers.map((number) => interned.codeOf(number));
  return { values: interned.values, codes };
}
