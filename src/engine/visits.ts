/**
 * Groups the events of one local day into visits, as the SQL of `sql/visits.ts` defines them: a visit is a sequence of one visitor's
 * events without a gap of more than 30 minutes, in order of time and id. An event without a visitor is a visit by itself. An
 * engagement starts no visit, and belongs to the latest visit of its visitor; without one it is left out.
 */
import { compareTexts } from '../columns/encode.ts';
import { VISIT_GAP } from '../model/event.ts';

/** What an event is to its visit. */
export const KIND = { engagement: 0, event: 1, pageview: 2 } as const;

/** The events of a day in any order: each array has an entry for each event. An event that occurs twice counts once. */
export interface DayOfEvents {
  readonly times: Float64Array;
  readonly ids: readonly string[];
  readonly kinds: Uint8Array;
  /** The place of each event's visitor in `visitorIds`. */
  readonly visitors: Uint32Array;
  /** Different ids; `''` is no visitor. */
  readonly visitorIds: readonly string[];
}

/** Visits in the order of their visitors' ids, and then of time; and their events in the same order. */
export interface Visits {
  /** The place of each event row in the day's events. */
  readonly events: Uint32Array;
  /** The minutes since the row before in its visit. */
  readonly steps: Uint32Array;
  /** The place of each visit's first event. */
  readonly first: Uint32Array;
  /** 0: no visitor; 1: the visitor's first visit of the day; 2: a further visit of the same visitor. */
  readonly marks: Uint32Array;
  /** The numbers of event rows, of page views, and of events without engagements. */
  readonly rows: Uint32Array;
  readonly pageviews: Uint32Array;
  readonly counted: Uint32Array;
  /** Milliseconds from the first to the last event that is no engagement. */
  readonly durations: Uint32Array;
}

const minuteOf = (ts: number): number => Math.trunc(ts / 60_000);

export function visitsOf(day: DayOfEvents): Visits {
  const { times, ids, kinds, visitors, visitorIds } = day;
  const order = inOrderOfVisitors(day);
  const zeros = (): Uint32Array => new Uint32Array(order.length);
  const [events, steps] = [zeros(), zeros()];
  const [first, marks, rows] = [zeros(), zeros(), zeros()];
  const [pageviews, counted, durations] = [zeros(), zeros(), zeros()];
  let row = 0;
  let visit = -1;
  let visitor = -1;
  /** The event before, the visitor's last one that is no engagement, and the event row before. */
  let before = -1;
  let last = -1;
  let rowBefore = -1;
  for (const event of order) {
    const isSame = visitors[event] === visitor;
    if (isSame && times[event] === times[before] && ids[event] === ids[before]) continue;
    before = event;
    if (!isSame) {
      visitor = visitors[event] as number;
      last = -1;
    }
    const isNobody = visitorIds[visitor] === '';
    const ts = times[event] as number;
    const kind = kinds[event] as number;
    if (kind === KIND.engagement) {
      if (isNobody || last < 0) continue;
    } else if (isNobody || last < 0 || ts - (times[last] as number) > VISIT_GAP) {
      visit++;
      first[visit] = event;
      marks[visit] = isNobody ? 0 : last < 0 ? 1 : 2;
    } else {
      durations[visit] = (durations[visit] as number) + ts - (times[last] as number);
    }
    if (kind !== KIND.engagement) {
      last = event;
      counted[visit] = (counted[visit] as number) + 1;
    }
    if (kind === KIND.pageview) pageviews[visit] = (pageviews[visit] as number) + 1;
    if (rows[visit] !== 0) steps[row] = minuteOf(ts) - minuteOf(times[rowBefore] as number);
    rows[visit] = (rows[visit] as number) + 1;
    events[row] = event;
    rowBefore = event;
    row++;
  }
  const ofVisits = (array: Uint32Array): Uint32Array => array.subarray(0, visit + 1);
  return {
    events: events.subarray(0, row),
    steps: steps.subarray(0, row),
    first: ofVisits(first),
    marks: ofVisits(marks),
    rows: ofVisits(rows),
    pageviews: ofVisits(pageviews),
    counted: ofVisits(counted),
    durations: ofVisits(durations),
  };
}

/** The places of the events in order of their visitors' ids, and for each visitor of time and id. */
function inOrderOfVisitors({ times, ids, visitors, visitorIds }: DayOfEvents): Uint32Array {
  const ends = new Uint32Array(visitorIds.length);
  for (const visitor of visitors) ends[visitor] = (ends[visitor] as number) + 1;
  const sorted = Array.from(visitorIds.keys()).sort((a, b) =>
    compareTexts(visitorIds[a] as string, visitorIds[b] as string),
  );
  let end = 0;
  const starts = new Uint32Array(visitorIds.length);
  for (const visitor of sorted) {
    starts[visitor] = end;
    end += ends[visitor] as number;
  }
  const order = new Uint32Array(visitors.length);
  const next = starts.slice();
  for (let event = 0; event < visitors.length; event++) {
    const visitor = visitors[event] as number;
    order[next[visitor] as number] = event;
    next[visitor] = (next[visitor] as number) + 1;
  }
  const compare = (a: number, b: number): number =>
    (times[a] as number) - (times[b] as number) || compareTexts(ids[a] as string, ids[b] as string);
  for (const visitor of sorted) {
    const mine = order.subarray(starts[visitor], next[visitor]);
    // Events are mostly read in order.
    if (mine.some((event, at) => at > 0 && compare(mine[at - 1] as number, event) > 0)) mine.sort(compare);
  }
  return order;
}
