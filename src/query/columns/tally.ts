/**
 * The counts of groups, by the definitions of sql/visits.ts: sums over visits, or over the parts of visits that are in a group. A
 * visitor is counted once for each group, which takes no set of visitors, since the visits of a visitor follow each other: a group
 * remembers the latest visitor and visit that it has counted.
 */
import { grown } from './groups.ts';
import type { Rows } from './keys.ts';
import { type SegmentView, VIEW_KIND } from './view.ts';

export class Tally {
  readonly #names: readonly string[];
  readonly #counts = new Map<string, Float64Array>();
  /** The latest visitor and visit of each group, by number. */
  #visitors = new Int32Array(0);
  #visits = new Int32Array(0);
  #engaged = new Int32Array(0);
  #scrolled = new Int32Array(0);
  /** The greatest scroll depth of the latest visit. */
  #depths = new Float64Array(0);

  /** @param counts of `VISIT_COUNTS`, in the order in which `of` returns them. */
  constructor(counts: readonly string[]) {
    this.#names = counts;
  }

  /** The counts of a group. */
  of(group: number): number[] {
    return this.#names.map((name) => this.#counts.get(name)?.[group] ?? 0);
  }

  /** Makes room for so many groups. */
  grow(groups: number): void {
    for (const name of this.#names) {
      this.#counts.set(name, grown(this.#counts.get(name) ?? new Float64Array(0), groups));
    }
    this.#visitors = grown(this.#visitors, groups);
    this.#visits = grown(this.#visits, groups);
    if (this.#hasAny('engaged')) this.#engaged = grown(this.#engaged, groups);
    if (this.#hasAny('scroll')) {
      this.#scrolled = grown(this.#scrolled, groups);
      this.#depths = grown(this.#depths, groups);
    }
  }

  /** Adds rows. @param groups the group of each row; negative for none. */
  add(view: SegmentView, groups: Int32Array, rows: Rows): void {
    if (rows.of === 'visit') this.#addVisits(view, groups, rows);
    else this.#addEvents(view, groups, rows);
    if (this.#hasAny('engaged')) this.#addEngaged(view, groups, rows);
    if (this.#hasAny('scroll')) this.#addScroll(view, groups, rows);
  }

  #hasAny(count: 'engaged' | 'scroll'): boolean {
    return (
      this.#names.includes(count) ||
      this.#names.includes(count === 'engaged' ? 'engaged_visits' : 'scrolled_visits')
    );
  }

  #array(name: string): Float64Array | null {
    return this.#counts.get(name) ?? null;
  }

  /** Complete visits. */
  #addVisits(view: SegmentView, groups: Int32Array, { from, to }: Rows): void {
    const visitors = this.#array('visitors');
    const visits = this.#array('visits');
    const events = this.#array('events');
    const pageviews = this.#array('pageviews');
    const bounces = this.#array('bounces');
    const duration = this.#array('duration');
    const latest = this.#visitors;
    const visitorOf = view.visitors;
    const ofEvents = view.numbers('visit:events');
    const ofPageviews = pageviews ? view.numbers('visit:pageviews') : ofEvents;
    const ofDuration = duration ? view.numbers('visit:duration') : ofEvents;
    for (let visit = from; visit < to; visit++) {
      const group = groups[visit - from] as number;
      if (group < 0) continue;
      const count = ofEvents.byCode[ofEvents.codes[visit] as number] as number;
      if (events) (events[group] as number) += count;
      if (pageviews)
        (pageviews[group] as number) += ofPageviews.byCode[ofPageviews.codes[visit] as number] as number;
      const visitor = visitorOf[visit] as number;
      if (visitor === 0) continue;
      if (visits) (visits[group] as number) += 1;
      if (visitors && latest[group] !== visitor) {
        latest[group] = visitor;
        (visitors[group] as number) += 1;
      }
      if (bounces && count === 1) (bounces[group] as number) += 1;
      if (duration)
        (duration[group] as number) += ofDuration.byCode[ofDuration.codes[visit] as number] as number;
    }
  }

  /** Parts of visits. A visit counts for a part that has one of its counted events. */
  #addEvents(view: SegmentView, groups: Int32Array, { from, to }: Rows): void {
    const visitors = this.#array('visitors');
    const visits = this.#array('visits');
    const events = this.#array('events');
    const pageviews = this.#array('pageviews');
    const bounces = this.#array('bounces');
    const duration = this.#array('duration');
    const latestVisitors = this.#visitors;
    const latestVisits = this.#visits;
    const { kinds, visitOf, visitors: visitorOf, before } = view;
    const ofEvents = bounces ? view.numbers('visit:events') : null;
    const ofDuration = duration ? view.numbers('visit:duration') : null;
    for (let event = from; event < to; event++) {
      const group = groups[event - from] as number;
      if (group < 0) continue;
      const kind = kinds[event] as number;
      if (kind === 0) continue;
      if (events) (events[group] as number) += 1;
      if (pageviews && kind === VIEW_KIND) (pageviews[group] as number) += 1;
      const visit = visitOf[event] as number;
      const number = before + visit + 1;
      if (latestVisits[group] === number) continue;
      const visitor = visitorOf[visit] as number;
      if (visitor === 0) continue;
      latestVisits[group] = number;
      if (visits) (visits[group] as number) += 1;
      if (visitors && latestVisitors[group] !== visitor) {
        latestVisitors[group] = visitor;
        (visitors[group] as number) += 1;
      }
      if (bounces && ofEvents && ofEvents.byCode[ofEvents.codes[visit] as number] === 1) {
        (bounces[group] as number) += 1;
      }
      if (duration && ofDuration) {
        (duration[group] as number) += ofDuration.byCode[ofDuration.codes[visit] as number] as number;
      }
    }
  }

  #addEngaged(view: SegmentView, groups: Int32Array, rows: Rows): void {
    const engaged = this.#array('engaged');
    const visits = this.#array('engaged_visits');
    const latest = this.#engaged;
    eachEngagement(view, groups, rows, 'event:engaged', (group, visit, time) => {
      if (engaged) (engaged[group] as number) += time;
      if (latest[group] === visit) return;
      latest[group] = visit;
      if (visits) (visits[group] as number) += 1;
    });
  }

  #addScroll(view: SegmentView, groups: Int32Array, rows: Rows): void {
    const scroll = this.#array('scroll');
    const visits = this.#array('scrolled_visits');
    const latest = this.#scrolled;
    const depths = this.#depths;
    eachEngagement(view, groups, rows, 'event:scroll', (group, visit, depth) => {
      const isFirst = latest[group] !== visit;
      const cached = isFirst ? 0 : (depths[group] as number);
      if (isFirst && visits) (visits[group] as number) += 1;
      if (!isFirst && depth <= cached) return;
      latest[group] = visit;
      depths[group] = depth;
      if (scroll) (scroll[group] as number) += depth - cached;
    });
  }
}

/** Calls a function for each event that has a number in a column, with its group and the number of its visit. */
function eachEngagement(
  view: SegmentView,
  groups: Int32Array,
  { of, from, to }: Rows,
  name: string,
  call: (group: number, visit: number, value: number) => void,
): void {
  const { codes, byCode } = view.numbers(name);
  if (byCode.every(Number.isNaN)) return;
  const { firstEvents, visitOf, before } = view;
  const first = of === 'event' ? from : (firstEvents[from] as number);
  const end = of === 'event' ? to : (firstEvents[to] as number);
  for (let event = first; event < end; event++) {
    const value = byCode[codes[event] as number] as number;
    if (Number.isNaN(value)) continue;
    const visit = visitOf[event] as number;
    const group = groups[(of === 'event' ? event : visit) - from] as number;
    if (group >= 0) call(group, before + visit + 1, value);
  }
}
