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
import { deletePixel, LARGE_TABLES } from '../../src/store/pixels.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { applySchema, db, makePixel, place, testEnv } from '../fixtures.ts';
import { local } from '../oracle.ts';
import { addDays } from '../query/oracle-language.ts';
import type { Questioned } from '../query/questions.ts';
import { DAY, PixelModel, type Sent } from './model.ts';
import {
  ANY_DAY,
  type Breakable,
  type Change,
  HOUR,
  isBreakable,
  type Job,
  question,
  RETENTIONS,
  type Step,
  start,
  steps,
} from './model-steps.ts';
import { tampered } from './tampered.ts';

beforeAll(applySchema);

/** The weaker aliases that an event of a person may show. */
const WEAKER: Readonly<Record<string, readonly string[]>> = {
  uann: ['exe', 'ceve', 'cother'],
  exe: ['ceve', 'cother'],
};
/** What visitor hashes begin with, so that they lie in different slices. */
const BEGINNINGS = ['-', 'A', 'Z', 'a', 'z'];

class World {
  now: number;
  readonly models: PixelModel[] = [];
  readonly deleted: string[] = [];
  readonly #scale: number;
  #sent = 0;

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
      case 'ask': {
        const asked = this.#moved(step.asked, this.model(step), step.seed);
        return this.model(step).ask(asked, this.now);
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
        return model.write(this.#sentOf(step, pixel.timezone), now, step);
      case 'again': {
        const some = Array.from({ length: step.count }, (_, index) =>
          pick(model.sent, step.seed + index * 7),
        );
        return model.write(
          [...new Set(some)].filter((one) => one !== undefined),
          now,
          { tell: true },
        );
      }
      case 'erase': {
        const one = pick(model.sent, step.seed);
        if (one) await model.erase(one.event, step.whom, now);
        return;
      }
      case 'delete': {
        await deletePixel(db, pixel.id);
        this.deleted.push(pixel.id);
        const late = this.#sentOf({ ...step, ago: 0 }, pixel.timezone);
        const events = late.map(({ event, aliases }) => ({ ...place(pixel, event), aliases }));
        const outcomes = await writeBatch(db, { id: crypto.randomUUID(), events, rejections: [] }, now, true);
        expect(outcomes.filter((outcome) => !['unknown_pixel', 'duplicate'].includes(outcome))).toEqual([]);
        const { goals, retention_days } = pixel.settings;
        this.models[step.which] = new PixelModel(await makePixel(pixel.timezone, { goals, retention_days }));
        return;
      }
      case 'goals':
        model.pixel = { ...pixel, settings: { ...pixel.settings, goals: step.goals } };
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
        await model.write(this.#sentOf(step, step.zone), now, { tell: true, stale: true });
        return;
      }
    }
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
    if (isBreakable(meanwhile)) await this.#break(meanwhile, this.models[at % 2] as PixelModel);
    const jobs = [this.#job(statements, before)];
    if (meanwhile === 'at once') jobs.push(this.#job(statements));
    for (const result of await Promise.allSettled(jobs)) {
      if (result.status === 'rejected' && !killed) throw result.reason;
    }
    await db.prepare('DROP TRIGGER IF EXISTS broken').run();
    for (const model of this.models) {
      await model.look(this.now);
      await model.holdStored();
    }
  }

  /** Makes what a job writes to a table fail, of one pixel. */
  async #break(table: Breakable, { pixel }: PixelModel): Promise<void> {
    const [on, row] =
      table === 'events' ? ['DELETE', 'OLD'] : table === 'days' ? ['UPDATE', 'NEW'] : ['INSERT', 'NEW'];
    await db
      .prepare(
        `CREATE TRIGGER broken BEFORE ${on} ON ${table} WHEN ${row}.pixel = '${pixel.id}' BEGIN SELECT raise(ABORT, 'broken'); END`,
      )
      .run();
  }

  async #job(statements: number, before = async () => {}) {
    return runJob(
      { ...testEnv, DB: tampered(db, { scale: this.#scale, before }), CRON_STATEMENTS: String(statements) },
      this.now,
    );
  }

  /** Runs the cron, hour by hour and then day by day, until it has nothing left to do. */
  async settle(): Promise<void> {
    // What has failed is due again.
    const due = await db.prepare('SELECT max(retry_at) AS at FROM failed_tasks').first<number>('at');
    this.now = Math.max(this.now, due ?? 0);
    this.now += (HOUR - (this.now % HOUR)) % HOUR;
    for (let run = 0; run < 200; run++) {
      const { more, failed } = await this.#job(45);
      expect(failed).toBe(0);
      if (more) continue;
      const undone = [];
      for (const model of this.models) undone.push(...(await model.undone(this.now)));
      if (undone.length === 0) break;
      // Large days wait for their turn.
      expect(this.#scale, JSON.stringify(undone)).toBeGreaterThan(1);
      expect(run, JSON.stringify(undone)).toBeLessThan(199);
      this.now += DAY;
    }
    // The last run may have had nothing to spare for months.
    await this.#job(1000);
    for (const model of this.models) {
      await model.look(this.now);
      await model.holdStored();
      await model.holdClosed();
    }
    await this.#holdDeleted();
  }

  /** Nothing is left of what has been deleted, nor of what has failed. */
  async #holdDeleted(): Promise<void> {
    const tables = ['pixels', 'failed_tasks', ...LARGE_TABLES];
    const counts = await db.batch<{ n: number }>(
      tables.map((table) =>
        db
          .prepare(
            `SELECT count(*) AS n FROM ${table} WHERE ${table === 'pixels' ? 'id' : 'pixel'} IN (SELECT value FROM json_each(?))`,
          )
          .bind(JSON.stringify(this.deleted)),
      ),
    );
    const left = tables.filter((_, index) => counts[index]?.results[0]?.n !== 0);
    expect(left, 'what is left of deleted pixels').toEqual([]);
    expect(await findOrphans(db), 'what has no owner').toEqual([]);
  }

  /** Events of the hours before now, with what the history knows nothing of. */
  #sentOf(step: Pick<Extract<Change, { kind: 'write' }>, 'events' | 'ago' | 'seed'>, zone: string): Sent[] {
    const last = Math.max(...step.events.map(({ ts }) => ts));
    const batch = this.#sent++;
    return step.events.map((event, index): Sent => {
      const dice = step.seed + index * 31;
      const ts = event.ts - last + this.now - step.ago;
      const weaker = WEAKER[String(event['person'])] ?? [];
      const alias = weaker[dice % (weaker.length + 2)];
      return {
        event: {
          ...event,
          ts,
          id: `e${String(batch).padStart(3, '0')}${event.id}`,
          eid: dice % 5 === 0 ? `x${dice % 3}` : '',
          visitor: this.#visitor(event.visitor, zone, ts),
          currency: event['currency'] ?? '',
          // Two of them are more than a sum holds.
          ...(dice % 7 === 3 && event.name !== 'engagement' ? { value: 2 ** 62, currency: 'XTS' } : {}),
        },
        aliases: alias === undefined ? [] : [alias],
      };
    });
  }

  #visitor(name: string, zone: string, ts: number): string {
    if (name === '') return '';
    const { day } = local(zone, ts);
    const beginning = BEGINNINGS[(name.charCodeAt(0) + Number(day.slice(8))) % BEGINNINGS.length];
    return `${beginning}${name}${day}`;
  }

  /** A question moved to where something has happened. */
  #moved(asked: Questioned, { sent }: PixelModel, seed: number): Questioned {
    const one = pick(sent, seed);
    const days = Math.round(((one?.event.ts ?? this.now) - Date.parse(`${ANY_DAY}T12:00:00Z`)) / DAY);
    const [from, to] = asked.date_range.map((end) =>
      end.includes('T') ? new Date(Date.parse(end) + days * DAY).toISOString() : addDays(end, days),
    );
    return { ...asked, date_range: [String(from), String(to)] };
  }
}

function pick<T>(list: readonly T[], seed: number): T | undefined {
  return list[seed % Math.max(1, list.length)];
}

const settings = env as unknown as Readonly<Record<'MODEL_RUNS' | 'MODEL_SEED', string>>;
const numRuns = Number(settings.MODEL_RUNS || 20);
/** The few of `npm test` are the same each time, so that a change fails for what it changes. */
const seedOfRuns =
  settings.MODEL_SEED === '' && settings.MODEL_RUNS !== '' ? {} : { seed: Number(settings.MODEL_SEED || 1) };
/** Milliseconds that a sequence may take with what is looked at in the end, and that a failed one may take to be shortened. */
const [A_RUN, TO_SHORTEN] = [2000, 60_000];

describe('whatever happens to a pixel', () => {
  it(
    'its numbers are right',
    async () => {
      vi.spyOn(console, 'error').mockImplementation(() => {});
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(
          start,
          steps,
          fc.array(question, { minLength: 4, maxLength: 4 }),
          async (...given) => {
            const [{ odd, zone: other, goals, retention, scale }, list, last] = given;
            const world = new World(Date.parse(`${odd[1]}T12:00:00Z`) - 4 * DAY, scale);
            for (const zone of [odd[0], other]) {
              const pixel = await makePixel(zone, { goals, retention_days: retention });
              world.models.push(new PixelModel(pixel));
            }
            try {
              for (const step of list) await world.do(step);
              await world.settle();
              for (const step of last) await world.do(step);
              await holdToScratch(world);
              await holdToRetention(world);
              for (const step of last) await world.do(step);
              for (const model of world.models) compared += model.compared;
            } finally {
              await db.prepare('DROP TRIGGER IF EXISTS broken').run();
              for (const { pixel } of world.models) await deletePixel(db, pixel.id);
              await db.prepare('DELETE FROM failed_tasks').run();
            }
          },
        ),
        { numRuns, ...seedOfRuns, interruptAfterTimeLimit: numRuns * A_RUN + TO_SHORTEN },
      );
      expect(compared).toBeGreaterThan(numRuns);
    },
    2 * (numRuns * A_RUN + TO_SHORTEN),
  );
});

/** What has been derived from events on the way is what is derived from all of them at once. */
async function holdToScratch(world: World): Promise<void> {
  const derived: unknown[] = [];
  for (const model of world.models) {
    derived.push(await model.derived());
    await model.forgetDerived();
  }
  await world.settle();
  for (const [index, model] of world.models.entries()) {
    expect(await model.derived(), 'what is derived from events').toEqual(derived[index]);
  }
}

/** All raw events go in the end, two days after the last that was longest kept has been rolled up. */
async function holdToRetention(world: World): Promise<void> {
  for (const days of [Math.max(...RETENTIONS) + 10, 3]) {
    world.now += days * DAY;
    await world.settle();
  }
  for (const { pixel } of world.models) {
    const left = await db.prepare('SELECT * FROM events WHERE pixel = ?').bind(pixel.id).all();
    expect(left.results, 'what is kept past retention').toEqual([]);
  }
}
