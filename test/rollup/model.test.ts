/**
 * Whatever happens to a pixel, in whatever order: what should be stored is, answers are the oracle's, and rollups end equal to
 * a computation from scratch. `npm test` tries a few sequences; a long run of them is
 *
 *     MODEL_RUNS=2000 npx vitest run --project worker test/rollup/model.test.ts
 */
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { runJob } from '../../src/rollup/job.ts';
import { markGoalsChanged } from '../../src/store/days.ts';
import { writeBatch } from '../../src/store/events.ts';
import { findOrphans } from '../../src/store/orphans.ts';
import { updatePixel } from '../../src/store/pixel-changes.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { applySchema, db, makePixel, place, testEnv } from '../fixtures.ts';
import { addDays } from '../query/oracle-language.ts';
import type { RandomQuery } from '../query/random-queries.ts';
import { runs } from '../runs.ts';
import { DAY, PixelModel } from './model.ts';
import { holdColumns } from './model-columns.ts';
import { Sender } from './model-sent.ts';
import {
  ANY_DAY,
  type Change,
  GOAL_LISTS,
  HOUR,
  isBreakable,
  type Job,
  type Late,
  query,
  RETENTIONS,
  type Step,
  start,
  steps,
} from './model-steps.ts';
import {
  breakTable,
  derivedOf,
  forgetDerived,
  holdGone,
  holdWaits,
  RUN,
  rejectionOf,
  undoneDays,
} from './model-store.ts';
import { type Tampering, tampered } from './tampered.ts';

beforeAll(applySchema);

/** Statements that are enough for two days in a run. */
const FEW = 25;
/** Statements that are enough for whatever there is to do. */
const ALL = 1000;

class World {
  now: number;
  readonly models: PixelModel[] = [];
  readonly deleted: string[] = [];
  readonly #scale: number;
  /** How many days' columns were compared. */
  comparedColumns = 0;
  readonly #sender = new Sender();

  constructor(now: number, scale: number) {
    this.now = now;
    this.#scale = scale;
  }

  model({ which }: { readonly which: number }): PixelModel {
    return this.models[which] as PixelModel;
  }

  async do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'clock':
        this.now += step.by;
        return;
      case 'job':
        return this.#run(step);
      case 'late':
        if (step.what === 'closing') return this.#writeAtClosing(step);
        if (step.what === 'goals') return this.#changeGoals(step);
        return this.#changeMonth(step, step.what === 'zone' ? step.zone : null);
      case 'ask': {
        const request = this.#moved(step.request, this.model(step), step.seed);
        return this.model(step).ask(request, this.now);
      }
      default:
        return this.#change(step);
    }
  }

  async #change(step: Change): Promise<void> {
    const { now } = this;
    const model = this.model(step);
    const { pixel } = model;
    switch (step.kind) {
      case 'write':
        return model.write(this.#sender.sentOf(step, pixel.timezone, now), now, step);
      case 'again': {
        const some = Array.from({ length: step.count }, (_, index) =>
          pick(model.sent, step.seed + index * 7),
        );
        const again = [...new Set(some)].filter((one) => one !== undefined);
        await model.write(again, now, { tell: true });
        return model.write(this.#sender.reportsOf(again, step.seed, now), now, { tell: true });
      }
      case 'erase': {
        const one = pick(model.sent, step.seed);
        if (one) await model.erase(one.event, step.whom, now);
        return;
      }
      case 'delete': {
        await deletePixel(db, pixel.id);
        this.deleted.push(pixel.id);
        const late = this.#sender.sentOf({ ...step, ago: 0 }, pixel.timezone, now);
        const events = late.map(({ event, aliases }) => ({ ...place(pixel, event), aliases }));
        const batch = { id: crypto.randomUUID(), events, rejections: [rejectionOf(pixel, now)] };
        const outcomes = await writeBatch(db, batch, now, true);
        expect(outcomes.filter((outcome) => !['unknown_pixel', 'duplicate'].includes(outcome))).toEqual([]);
        await holdGone([pixel.id]);
        const { goals, retention_days } = pixel.settings;
        this.models[step.which] = new PixelModel(await makePixel(pixel.timezone, { goals, retention_days }));
        return;
      }
      case 'goals':
        model.goalsChanged({ ...pixel, settings: { ...pixel.settings, goals: step.goals } });
        await updatePixel(db, pixel.id, { settings: { goals: step.goals } }, [
          markGoalsChanged(db, pixel.id),
        ]);
        return;
      case 'retention':
        await model.look(now);
        model.pixel = { ...pixel, settings: { ...pixel.settings, retention_days: step.days } };
        await updatePixel(db, pixel.id, { settings: { retention_days: step.days } });
        return;
      case 'zone': {
        if (step.zone === pixel.timezone) return;
        await model.look(now);
        const moved = { ...model.pixel, timezone: step.zone };
        const { uncounted_events } = await changeTimeZone(db, moved);
        model.zoneChanged(moved, uncounted_events, now);
        await model.write(this.#sender.sentOf(step, step.zone, now), now, { tell: true, stale: true });
        return;
      }
    }
  }

  /** A month is over and rolled up, and changes. Its days are rolled up again, but not yet the month. */
  async #changeMonth(step: Late, zone: string | null): Promise<void> {
    const { which, seed } = step;
    await this.#change({ kind: 'retention', which, days: Math.max(...RETENTIONS) });
    const start = this.now;
    const [year, month] = [new Date(start).getUTCFullYear(), new Date(start).getUTCMonth()];
    const request = {
      ...step.request,
      date_range: [dateOf(year, month, 1), dateOf(year, month + 1, 0)] as const,
    };
    const ask = () => this.model(step).ask(request, this.now);
    await this.#writeLate(step, start, seed);
    this.now = Date.UTC(year, month + 1, 2);
    for (let run = 0; run < 2; run++) await this.#job(ALL);
    await ask();
    if (zone === null) await this.#writeLate(step, start, seed + 1);
    else await this.#change({ kind: 'zone', which, zone, events: [], ago: 0, seed });
    await ask();
    this.now += 2 * RUN;
    await this.#job(ALL);
    await ask();
  }

  /** Events come for a day at the moment when it is to be closed. */
  async #writeAtClosing(step: Late): Promise<void> {
    const start = this.now;
    await this.#writeLate(step, start, step.seed);
    this.now += (2 + this.model(step).pixel.settings.retention_days) * DAY;
    await this.#job(ALL);
    this.now += 2 * DAY + HOUR;
    let isClosing = false;
    await this.#job(ALL, async (sql) => {
      if (isClosing || !sql.startsWith('UPDATE days SET raw = 1')) return;
      isClosing = true;
      await this.#writeLate(step, start, step.seed + 1);
    });
    for (const wait of [HOUR, 2 * DAY + HOUR]) {
      this.now += wait;
      await this.#job(ALL);
    }
    // Of the days that are closed now it comes too late, and twice.
    await this.#writeLate(step, start, step.seed + 2, true);
    await this.model(step).look(this.now);
    await this.model(step).holdStored();
  }

  /** The goals change when days are rolled up, and again while they are. */
  async #changeGoals(step: Late): Promise<void> {
    const { which, seed, at } = step;
    const start = this.now;
    const goals = (place: number) =>
      this.#change({ kind: 'goals', which, goals: GOAL_LISTS[place % 4] ?? [] });
    const ask = async () => {
      const date_range = [start - 3 * DAY, this.now].map((ts) => new Date(ts).toISOString().slice(0, 10));
      for (const dimensions of [['event:goal'], step.request.dimensions]) {
        const request = { ...step.request, dimensions, date_range: date_range as [string, string] };
        await this.model(step).ask(request, this.now);
      }
    };
    await this.#change({ kind: 'retention', which, days: Math.max(...RETENTIONS) });
    await this.#writeLate(step, start, seed);
    this.now += 2 * DAY;
    await this.#job(ALL);
    await goals(seed);
    await ask();
    await this.#writeLate(step, start, seed + 1);
    let batches = 0;
    const job = this.#job(ALL, async (sql) => {
      if (sql === '') batches++;
      if (sql === '' && batches === at) await goals(seed + 1);
      if (batches > at) throw new Error('killed');
    });
    await job.catch(() => {});
    await ask();
  }

  async #writeLate({ which, events }: Late, at: number, seed: number, unanswered = false): Promise<void> {
    const plainly = { tell: true, stale: false, unanswered };
    await this.#change({ kind: 'write', which, events, ago: this.now - at, seed, ...plainly });
  }

  async #run({ hourly, statements, at, meanwhile }: Job): Promise<void> {
    if (hourly) this.now += (HOUR - (this.now % HOUR)) % HOUR;
    let calls = 0;
    let killed = false;
    const before = async () => {
      calls++;
      if (killed) throw new Error('killed');
      if (calls !== at || meanwhile === null || meanwhile === 'at once' || isBreakable(meanwhile)) return;
      if (meanwhile === 'killed') {
        killed = true;
        throw new Error('killed');
      }
      if (meanwhile === 'another job') await this.#job(statements);
      else await this.#change(meanwhile);
    };
    if (isBreakable(meanwhile)) await breakTable(meanwhile, (this.models[at % 2] as PixelModel).pixel);
    const jobs = [this.#job(statements, before)];
    if (meanwhile === 'at once') jobs.push(this.#job(statements));
    for (const result of await Promise.allSettled(jobs)) {
      if (result.status === 'rejected' && !killed) throw result.reason;
    }
    if (isBreakable(meanwhile)) await this.#holdApart(this.models[1 - (at % 2)] as PixelModel);
    await db.prepare('DROP TRIGGER IF EXISTS broken').run();
    await holdWaits(this.now);
    for (const model of this.models) {
      await model.look(this.now);
      await model.holdStored();
    }
  }

  /** While steps fail of one pixel, run after run, all is done of the other. */
  async #holdApart(other: PixelModel): Promise<void> {
    await this.#job(FEW);
    // Large days wait for their turn.
    for (let run = 0; this.#scale === 1 && (await undoneDays(other.pixel, this.now)).length > 0; run++) {
      expect(run, 'runs for a pixel beside one that always fails').toBeLessThan(60);
      this.now += RUN;
      await this.#job(FEW);
    }
  }

  async #job(statements: number, before: Tampering['before'] = async () => {}) {
    return runJob(
      { ...testEnv, DB: tampered(db, { scale: this.#scale, before }), CRON_STATEMENTS: String(statements) },
      this.now,
    );
  }

  /** Runs the cron, hour by hour and then day by day, until it has nothing left to do. */
  async finishRollups(): Promise<void> {
    // What has failed is due again.
    const due = await db.prepare('SELECT max(retry_at) AS at FROM failed_tasks').first<number>('at');
    this.now = Math.max(this.now, due ?? 0);
    this.now += (HOUR - (this.now % HOUR)) % HOUR;
    for (let run = 0; run < 200; run++) {
      const { more, failed } = await this.#job(45);
      expect(failed).toBe(0);
      if (more) continue;
      const undone = [];
      for (const model of this.models) undone.push(...(await undoneDays(model.pixel, this.now)));
      if (undone.length === 0) break;
      // Large days wait for their turn.
      expect(this.#scale, JSON.stringify(undone)).toBeGreaterThan(1);
      expect(run, JSON.stringify(undone)).toBeLessThan(199);
      this.now += DAY;
    }
    // The last run may have had nothing to spare for months.
    await this.#job(ALL);
    for (const model of this.models) {
      await model.look(this.now);
      await model.holdStored();
      await model.holdClosed();
      this.comparedColumns += await holdColumns(model);
    }
    await holdGone(this.deleted);
    expect(await findOrphans(db), 'what has no owner').toEqual([]);
  }

  /** A query moved to where something has happened. */
  #moved(request: RandomQuery, { sent }: PixelModel, seed: number): RandomQuery {
    const one = pick(sent, seed);
    const days = Math.round(((one?.event.ts ?? this.now) - Date.parse(`${ANY_DAY}T12:00:00Z`)) / DAY);
    const [from, to] = request.date_range.map((end) =>
      end.includes('T') ? new Date(Date.parse(end) + days * DAY).toISOString() : addDays(end, days),
    );
    return { ...request, date_range: [String(from), String(to)] };
  }
}

const dateOf = (year: number, month: number, day: number): string =>
  new Date(Date.UTC(year, month, day)).toISOString().slice(0, 10);

function pick<T>(list: readonly T[], seed: number): T | undefined {
  return list[seed % Math.max(1, list.length)];
}

const settings = env as unknown as Readonly<Record<'MODEL_RUNS' | 'MODEL_SEED', string>>;
const numRuns = Number(settings.MODEL_RUNS || runs(6, 15));
/** The few of `npm test` are the same each time, so that a change fails for what it changes. */
const seedOfRuns =
  settings.MODEL_SEED === '' && settings.MODEL_RUNS !== '' ? {} : { seed: Number(settings.MODEL_SEED || 1) };
/** Milliseconds that a sequence may take with what is looked at in the end, and that a failed one may take to be shortened. */
const [A_RUN, TO_SHORTEN] = [2000, 60_000];

describe('whatever the sequence of events and changes', () => {
  it(
    'the numbers of a pixel are right',
    async () => {
      vi.spyOn(console, 'error').mockImplementation(() => {});
      let [compared, comparedColumns] = [0, 0];
      await fc.assert(
        fc.asyncProperty(start, steps, fc.array(query, { minLength: 4, maxLength: 4 }), async (...args) => {
          const [{ odd, zone: other, goals, retention, scale }, list, last] = args;
          const world = new World(Date.parse(`${odd[1]}T12:00:00Z`) - 4 * DAY, scale);
          for (const zone of [odd[0], other]) {
            const pixel = await makePixel(zone, { goals, retention_days: retention });
            world.models.push(new PixelModel(pixel));
          }
          try {
            for (const step of list) await world.do(step);
            await world.finishRollups();
            for (const step of last) await world.do(step);
            await holdToScratch(world);
            await holdToRetention(world);
            for (const step of last) await world.do(step);
            for (const model of world.models) compared += model.compared;
            comparedColumns += world.comparedColumns;
          } finally {
            await db.prepare('DROP TRIGGER IF EXISTS broken').run();
            for (const { pixel } of world.models) await deletePixel(db, pixel.id);
            await db.prepare('DELETE FROM failed_tasks').run();
          }
        }),
        { numRuns, ...seedOfRuns, interruptAfterTimeLimit: numRuns * A_RUN + TO_SHORTEN },
      );
      expect(compared).toBeGreaterThan(numRuns);
      expect(comparedColumns).toBeGreaterThan(numRuns);
    },
    2 * (numRuns * A_RUN + TO_SHORTEN),
  );
});

/** What has been derived from events on the way is what is derived from all of them at once. */
async function holdToScratch(world: World): Promise<void> {
  const derived: unknown[] = [];
  for (const model of world.models) {
    derived.push(await derivedOf(model.pixel));
    await forgetDerived(model.pixel);
  }
  await world.finishRollups();
  for (const [index, model] of world.models.entries()) {
    expect(await derivedOf(model.pixel), 'what is derived from events').toEqual(derived[index]);
  }
}

/** All raw events go in the end, two days after the last that was longest kept has been rolled up. */
async function holdToRetention(world: World): Promise<void> {
  for (const days of [Math.max(...RETENTIONS) + 10, 3]) {
    world.now += days * DAY;
    await world.finishRollups();
  }
  for (const { pixel } of world.models) {
    const left = await db.prepare('SELECT * FROM events WHERE pixel = ?').bind(pixel.id).all();
    expect(left.results, 'what is kept past retention').toEqual([]);
  }
}
