/**
 * What a pixel should hold after whatever has happened to it: its events by the rules of docs/storage.md, and what was
 * counted of days whose events are gone. The oracle makes numbers of it.
 */
import { expect } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { dayStart } from '../../src/model/time-zone.ts';
import { parseQuery } from '../../src/query/language.ts';
import { runQuery } from '../../src/query/run.ts';
import { writeBatch } from '../../src/store/events.ts';
import { erase } from '../../src/store/people.ts';
import { aliasesOf, db, place } from '../fixtures.ts';
import { local, type OracleEvent, type OracleGoal } from '../oracle.ts';
import { addDays, answerOf, hasMultipleCurrencies, historyOf } from '../query/oracle-language.ts';
import { answered, inOneOrder, type RandomQuery } from '../query/random-queries.ts';
import { type DayRow, daysOf, holdTotals, movedTo, rejectionOf, rollupsOf } from './model-store.ts';

export const DAY = 86_400_000;
const EID_WINDOW = 2 * DAY;
/** Days for which an erasure is remembered beside retention. */
const REMEMBERED_DAYS = 14;

/** An event as it is sent, with the weaker aliases that it shows. */
export interface Sent {
  readonly event: OracleEvent;
  readonly aliases: readonly string[];
}

/** A day whose raw events are gone, or going. */
interface Closed {
  /** What it had counted. */
  readonly events: readonly OracleEvent[];
  readonly zone: string;
  readonly goals: readonly OracleGoal[];
  readonly rollups: readonly unknown[];
  /** Whether someone who was there may have been erased since. */
  peopleErased: boolean;
}

/** What a day had when its rollup was made. */
interface Rolled {
  readonly rolls: number;
  readonly events: readonly OracleEvent[];
  /** Whether the day changed between two of its slices, so that its rollup is of no one moment. */
  readonly isMixed: boolean;
}

/** Days that have changed and had so many events are answered from the rollup of before. */
const LARGE = 50_000;
const CHANGED = [1, 2];

/** How a batch is written. */
interface Writing {
  readonly tell: boolean;
  readonly stale?: boolean;
  readonly unanswered?: boolean;
}

const keyOf = ({ ts, id }: OracleEvent): string => `${ts} ${id}`;

export class PixelModel {
  pixel: Pixel;
  /** What has ever been sent. */
  readonly sent: Sent[] = [];
  /** What should be stored. */
  readonly #stored = new Map<string, OracleEvent>();
  /** What is being purged, and may be there or not. */
  readonly #leaving = new Set<string>();
  readonly #closed = new Map<string, Closed>();
  readonly #erased = new Map<string, number>();
  /** When a day was last changed. */
  readonly #changed = new Map<string, number>();
  readonly #rolled = new Map<string, Rolled>();
  /** Days of which some slices are done, and those that have changed since. */
  #sliced: ReadonlySet<string> = new Set();
  readonly #mixed = new Set<string>();
  #zoneBefore: string;
  #hadOtherGoals = false;
  /** How many rejections were written. */
  #rejected = 0;
  /** How many events came for days that were closed. */
  #tooLate = 0;
  /** How many answers were compared. */
  compared = 0;

  constructor(pixel: Pixel) {
    this.pixel = pixel;
    this.#zoneBefore = pixel.timezone;
  }

  #change(event: OracleEvent, now: number): void {
    const day = this.#dayOf(event);
    this.#changed.set(day, now);
    if (this.#sliced.has(day)) this.#mixed.add(day);
  }

  #dayOf = ({ ts }: OracleEvent): string => local(this.pixel.timezone, ts).day;

  /** Events that count, of days that are open to change. */
  #counted(): OracleEvent[] {
    return [...this.#stored.values()].filter((event) => !this.#closed.has(this.#dayOf(event)));
  }

  async write(batch: readonly Sent[], now: number, how: Writing): Promise<void> {
    const { tell, stale = false, unanswered = false } = how;
    const zone = stale ? this.#zoneBefore : this.pixel.timezone;
    await this.look(now);
    const stored = [...this.#stored.values()];
    const expected = new Map<number, OracleEvent>();
    const first: OracleEvent[] = [];
    batch.forEach(({ event }, index) => {
      const isReport = (of: OracleEvent) =>
        event['eid'] !== '' &&
        of['eid'] === event['eid'] &&
        of.name === event.name &&
        Math.abs(of.ts - event.ts) <= EID_WINDOW;
      if (first.some(isReport)) return;
      first.push(event);
      if (this.#closed.has(this.#dayOf(event)) || stored.some(isReport)) return;
      if (this.#stored.has(keyOf(event)) || [...expected.values()].some((one) => keyOf(one) === keyOf(event)))
        return;
      const erasedAt = Math.max(
        ...[event['person'], event.visitor].map((who) => this.#erased.get(String(who)) ?? -1),
      );
      if (erasedAt < event.ts) expected.set(index, event);
    });
    const events = batch.map(({ event, aliases }) => ({
      ...place({ ...this.pixel, timezone: zone }, event),
      aliases,
    }));
    const id = crypto.randomUUID();
    const rejections = [rejectionOf(this.pixel, now)];
    this.#rejected++;
    this.#tooLate += first.filter((event) => this.#closed.has(this.#dayOf(event))).length;
    const outcomes = await writeBatch(db, { id, events, rejections }, now, tell);
    if (unanswered) {
      await writeBatch(db, { id: `${id}.0`, events, rejections: [] }, now, false);
      await writeBatch(db, { id: `${id}.1`, events: [], rejections }, now, false);
    }
    if (tell) {
      const storedIndexes = outcomes.flatMap((outcome, index) => (outcome === 'stored' ? [index] : []));
      expect(storedIndexes, 'what is told to be stored').toEqual([...expected.keys()]);
    }
    for (const event of expected.values()) {
      this.#stored.set(keyOf(event), event);
      this.#change(event, now);
    }
    this.sent.push(...batch);
  }

  /** Erases whom some event is of, and its visitor. */
  async erase(
    { person, visitor, ts }: OracleEvent,
    { ofPerson, ofVisitor }: Readonly<{ ofPerson: boolean; ofVisitor: boolean }>,
    now: number,
  ): Promise<void> {
    await this.look(now);
    const aliases = ofPerson && person ? await aliasesOf(this.pixel.id, String(person)) : [];
    const hash = ofVisitor ? visitor : '';
    const { day } = local(this.pixel.timezone, ts);
    const gone = [...this.#stored].filter(
      ([, one]) =>
        aliases.includes(String(one['person'])) ||
        (hash !== '' && one.visitor === hash && this.#dayOf(one) === day),
    );
    const subject = {
      pixel: this.pixel.id,
      aliases,
      visitor: hash === '' ? null : { hash, times: gone.map(([, one]) => one.ts) },
    };
    const erased = await erase(db, [subject], now);
    if (this.#leaving.size === 0) expect(erased.events, 'how many events are erased').toBe(gone.length);
    for (const [key, one] of gone) {
      this.#stored.delete(key);
      this.#change(one, now);
    }
    for (const who of [...aliases, ...(hash === '' ? [] : [hash])]) this.#erased.set(who, now);
    for (const one of this.#closed.values()) one.peopleErased = true;
  }

  goalsChanged(pixel: Pixel): void {
    this.pixel = pixel;
    this.#hadOtherGoals = true;
  }

  zoneChanged(pixel: Pixel, uncounted: number, now: number): void {
    this.#zoneBefore = this.pixel.timezone;
    this.pixel = pixel;
    for (const dayStates of [this.#changed, this.#rolled, this.#mixed]) dayStates.clear();
    for (const event of this.#counted()) this.#changed.set(this.#dayOf(event), now);
    if (this.#leaving.size === 0) {
      expect(uncounted, 'how many events count nowhere').toBe(this.#stored.size - this.#counted().length);
    }
  }

  /** Looks which days have been closed, and holds them to the rules. */
  async look(now: number): Promise<void> {
    const { timezone, settings } = this.pixel;
    const days = await daysOf(this.pixel);
    this.#lookAtRollups(days);
    for (const { day, raw, starts_at, ends_at } of days) {
      const zone = this.#closed.get(day)?.zone ?? timezone;
      const bounds = [dayStart(zone, day), dayStart(zone, addDays(day, 1))];
      expect([starts_at, ends_at], `the bounds of ${day}`).toEqual(bounds);
      if (raw === 0) {
        expect(this.#closed.has(day), `${day} is open again`).toBe(false);
        continue;
      }
      if (!this.#closed.has(day)) {
        const events = this.#counted().filter((event) => this.#dayOf(event) === day);
        const about = `${day} is closed at ${new Date(now).toISOString()}`;
        expect(ends_at, about).toBeLessThan(now - settings.retention_days * DAY);
        for (const { ts } of events) expect(ts, about).toBeLessThan(ends_at);
        expect(this.#changed.get(day) ?? 0, `${about}, changed lately`).toBeLessThan(now - 2 * DAY);
        const rollups = await rollupsOf(this.pixel, day);
        holdTotals(rollups, events, timezone, about);
        this.#closed.set(day, {
          events,
          zone: timezone,
          goals: settings.goals,
          rollups,
          peopleErased: false,
        });
        for (const event of events) {
          this.#stored.delete(keyOf(event));
          this.#leaving.add(keyOf(event));
        }
      }
    }
    if (days.every(({ raw }) => raw !== 1)) this.#leaving.clear();
    await this.#lookAtStray(now);
    await this.#lookAtErasures(now);
  }

  /** Looks which days have been rolled up. They have not changed since: each change looks first. */
  #lookAtRollups(days: readonly DayRow[]): void {
    for (const { day, rolls } of days) {
      if (rolls === (this.#rolled.get(day)?.rolls ?? 0)) continue;
      const events = this.#counted().filter((event) => this.#dayOf(event) === day);
      this.#rolled.set(day, { rolls, events, isMixed: this.#mixed.delete(day) });
    }
    this.#sliced = new Set(days.filter(({ slice }) => slice > 0).map(({ day }) => day));
  }

  /** What counts in no day goes a day after its retention. */
  async #lookAtStray(now: number): Promise<void> {
    const counted = new Set(this.#counted());
    const stray = [...this.#stored.values()].filter((event) => !counted.has(event));
    if (stray.length === 0) return;
    const { results } = await db
      .prepare('SELECT ts, id FROM events WHERE pixel = ?')
      .bind(this.pixel.id)
      .all<OracleEvent>();
    const there = new Set(results.map(keyOf));
    for (const event of stray.filter((one) => !there.has(keyOf(one)))) {
      expect(event.ts, 'what was in no day').toBeLessThan(
        now - (1 + this.pixel.settings.retention_days) * DAY,
      );
      this.#stored.delete(keyOf(event));
    }
  }

  async #lookAtErasures(now: number): Promise<void> {
    const { results } = await db
      .prepare('SELECT who, at FROM erasures WHERE pixel = ?')
      .bind(this.pixel.id)
      .all<{ who: string; at: number }>();
    const storedTimes = new Map(results.map(({ who, at }) => [who, at]));
    for (const [who, at] of this.#erased) {
      if (storedTimes.get(who) === at) continue;
      const days = this.pixel.settings.retention_days + REMEMBERED_DAYS;
      expect(at, `${who} may be forgotten`).toBeLessThan(now - days * DAY);
      this.#erased.delete(who);
    }
    expect(storedTimes.size).toBe(this.#erased.size);
  }

  /** Holds what is stored to what should be. */
  async holdStored(): Promise<void> {
    const { results } = await db
      .prepare('SELECT * FROM events WHERE pixel = ?')
      .bind(this.pixel.id)
      .all<OracleEvent>();
    const counted = 'SELECT coalesce(sum(count), 0) AS count FROM rejections WHERE pixel = ? AND reason = ?';
    const rejected = (reason: string) => db.prepare(counted).bind(this.pixel.id, reason).first('count');
    expect(await rejected('bot'), 'what was rejected').toBe(this.#rejected);
    expect(await rejected('day_closed'), 'what came for closed days').toBe(this.#tooLate);
    const remainingRows = results.filter((row) => !this.#leaving.has(keyOf(row)));
    const formatRows = (rows: Iterable<OracleEvent>) =>
      [...rows].map((row) => [
        keyOf(row),
        row.name,
        row.visitor,
        row['person'],
        row['page'],
        row['value'] ?? null,
      ]);
    expect(formatRows(remainingRows).toSorted(), 'what is stored').toEqual(
      formatRows(this.#stored.values()).toSorted(),
    );
  }

  /** Holds the rollups of closed days to what they were. */
  async holdClosed(): Promise<void> {
    for (const [day, { rollups }] of this.#closed) {
      expect(await rollupsOf(this.pixel, day), `the closed ${day}`).toEqual(rollups);
    }
  }

  /** What each day's rollup was made of, apart from those that are of no one moment. */
  rolledUp(): ReadonlyMap<string, { readonly events: readonly OracleEvent[]; readonly zone: string }> {
    const zone = this.pixel.timezone;
    const open = [...this.#rolled].filter(([day, { isMixed }]) => !isMixed && !this.#closed.has(day));
    return new Map([...open.map(([day, { events }]) => [day, { events, zone }] as const), ...this.#closed]);
  }

  /** Holds an answer to the oracle's, as far as that can know it. */
  async ask(request: RandomQuery, now: number): Promise<void> {
    await this.look(now);
    const { id, timezone, settings } = this.pixel;
    const text = JSON.stringify(request);
    const [from, to] = request.date_range.map((end) =>
      end.includes('T') ? local(timezone, Date.parse(end)).day : end,
    );
    const closed = [...this.#closed].filter(([day]) => day >= String(from) && day <= String(to));
    const query = parseQuery({ site_id: id, ...request });
    if (!query.ok) throw new Error(JSON.stringify([request, query.error]));
    // Whatever it costs: days may be told to have more events than they have.
    const allowance = { total: Number.POSITIVE_INFINITY, atOnce: Number.POSITIVE_INFINITY };
    const answer = await runQuery(db, query.value, this.pixel, now, allowance);
    if (!answer.ok) {
      if (answer.error.reason === 'beyond_retention') expect(closed, text).not.toEqual([]);
      else if (answer.error.errors[0]?.path === 'date_range') {
        expect(String(from) > addDays(local(timezone, now).day, 1), text).toBe(true);
      }
      // Of days after tomorrow nothing is asked.
      else if (String(from) <= local(timezone, now + DAY).day) expect(text).toContain('event:goal');
      return;
    }
    const { results, meta } = answer.value;
    const older = 'as_of' in meta ? await this.#older(String(from), String(to), meta['as_of']) : [];
    if (older.some(({ isMixed }) => isMixed)) return;
    if (text.includes('goal')) {
      if (closed.some(([, { goals }]) => goals !== settings.goals)) return;
      if (older.length > 0 && this.#hadOtherGoals) return;
    }
    const isOfPeople = request.metrics.includes('people') || text.includes('person:');
    const counted = this.#counted();
    if (isOfPeople) {
      // Who was there on closed days is known by the day, and what brought them no more.
      if (text.includes('person:') && this.#closed.size > 0) return;
      if (counted.length < this.#stored.size || older.length > 0) return;
      if ([...this.#closed.values()].some((one) => one.zone !== timezone || one.peopleErased)) return;
    }
    const ofClosed = [...this.#closed].map(([day, { events, zone }]) => movedTo(timezone, day, events, zone));
    if (ofClosed.includes(null)) return;
    const oldDays = new Set(older.map(({ day }) => day));
    const { results: links } = await db
      .prepare('SELECT alias, target FROM person_links WHERE pixel = ?')
      .bind(id)
      .all<{ alias: string; target: string }>();
    const history = historyOf(
      [
        ...counted.filter((event) => !oldDays.has(this.#dayOf(event))),
        ...older.flatMap(({ events }) => events),
        ...ofClosed.flatMap((events) => events ?? []),
      ],
      timezone,
      settings.goals,
      Object.fromEntries(links.map(({ alias, target }) => [alias, target])),
    );
    const expected = answerOf(history, request);
    const about = `${text} from ${meta['source']}`;
    expect(inOneOrder(results), about).toEqual(inOneOrder(expected).map(answered));
    expect('metric_warnings' in meta, about).toBe(hasMultipleCurrencies(history, request));
    this.compared++;
  }

  /** The large days of a range that have changed since their rollup, which answers for them: as it was at the oldest. */
  async #older(from: string, to: string, asOf: unknown): Promise<(Rolled & { readonly day: string })[]> {
    const days = (await daysOf(this.pixel)).filter(({ day }) => day >= from && day <= to);
    const older = days.filter(
      ({ dirty, rolled_at, events }) => CHANGED.includes(dirty) && rolled_at !== null && events >= LARGE,
    );
    expect(older, `what of ${from} to ${to} is as of ${asOf}`).not.toEqual([]);
    const oldest = Math.min(...older.map(({ rolled_at }) => Number(rolled_at)));
    expect(asOf, `${from} to ${to}`).toBe(new Date(oldest).toISOString());
    return older.map(({ day }) => ({ day, ...(this.#rolled.get(day) as Rolled) }));
  }
}
