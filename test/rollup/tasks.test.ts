/** Each task in the table of the cron fails alone: whichever it is, all others do their work, and it does its own later. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { secretsOf } from '../../src/env.ts';
import { ROLLUP_VERSION } from '../../src/model/rollup-version.ts';
import { runJob } from '../../src/rollup/job.ts';
import { TASKS } from '../../src/rollup/tasks.ts';
import { countErasure } from '../../src/store/counters.ts';
import type { TaskName } from '../../src/store/failed-tasks.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { sealParcel } from '../../src/store/queue.ts';
import { type MemoryEngine, memoryEngine } from '../engine/memory-engine.ts';
import { applySchema, db, makePixel, place, store, testEnv } from '../fixtures.ts';
import { archiveEnv } from './archive-fixture.ts';
import { tampered } from './tampered.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-03-01T12:00:00Z');
/** So many events does one event stand for, so that a snapshot of its day is due. */
const SCALE = 50_000;

let engine: MemoryEngine;

beforeAll(applySchema);
afterEach(() => vi.restoreAllMocks());
beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  engine = memoryEngine();
  const tables = [
    'failed_tasks',
    'counters',
    'dead_letters',
    'salts',
    'keys',
    'sessions',
    'destinations',
    'deliveries',
  ];
  await db.batch(tables.map((table) => db.prepare(`DELETE FROM ${table}`)));
  for (const { id } of (await db.prepare('SELECT id FROM pixels').all<{ id: string }>()).results) {
    await deletePixel(db, id);
  }
});

const view = (at: string, visitor = 'v') => ({
  ts: Date.parse(`${at}:00Z`),
  id: `e${at}`,
  name: 'pageview',
  visitor,
  page: '/',
});

const TODAY = '2026-03-01';
const CHANGED = '2026-02-27';
const OUTDATED = '2026-01-10';
const EXPIRED = '2026-01-05';

/** Work for every task, and by the name of a task the SQL for whether its work is left. A new task asks for an entry. */
async function makeWork(): Promise<Record<TaskName, string>> {
  const [{ id }, short] = [await makePixel('UTC'), await makePixel('UTC', { retention_days: 30 })];
  const pixel = { ...short, id };
  const events = [view(`${TODAY}T10:30`), view(`${CHANGED}T12:00`), view(`${OUTDATED}T12:00`)];
  await store(pixel, events, NOW);
  const long = await makePixel('UTC', { retention_days: 3650 });
  const archived = await makePixel('UTC', { retention_days: 30 });
  await store(archived, [view(`${EXPIRED}T12:00`)], NOW);
  await store(long, [view('2025-05-01T12:00'), view('2025-05-02T12:00')], NOW);
  await store(short, [view(`${EXPIRED}T12:00`)], NOW);
  engine.write(place(short, view(`${TODAY}T11:55`)).event);
  const batch = { id: 'letter', events: [place(pixel, view(`${TODAY}T09:00`))], rejections: [] };
  const letter = await sealParcel(secretsOf(testEnv), { kind: 'batch', batch });
  const isRolledUp = 'dirty = 0, events = 1, rolls = 1';
  await db.batch([
    db
      .prepare(
        `UPDATE days SET ${isRolledUp}, rolled_at = ?3, rollup_version = 0 WHERE pixel = ?1 AND day = ?2`,
      )
      .bind(id, OUTDATED, NOW - DAY),
    db
      .prepare(
        `UPDATE days SET ${isRolledUp}, rolled_at = ?3, rollup_version = ?4 WHERE pixel = ?1 AND day = ?2`,
      )
      .bind(short.id, EXPIRED, NOW - 10 * DAY, ROLLUP_VERSION),
    db
      .prepare(
        `UPDATE days SET ${isRolledUp}, rolled_at = ?3, rollup_version = ?4 WHERE pixel = ?1 AND day = ?2`,
      )
      .bind(archived.id, EXPIRED, NOW - 10 * DAY, ROLLUP_VERSION),
    // A day that is archived already is purged, even if the archiving of another fails.
    db.prepare('UPDATE days SET raw = 1 WHERE pixel = ?').bind(short.id),
    db
      .prepare('INSERT INTO archives (pixel, day, part, is_last, written_at) VALUES (?, ?, 0, 1, 1)')
      .bind(short.id, EXPIRED),
    db
      .prepare(
        'INSERT INTO archives (pixel, day, part, written_at, erase_at) VALUES (?1, ?2, 0, 1, 1), (?1, ?3, 0, 1, 0)',
      )
      .bind(id, '2026-01-02', '2020-01-02'),
    db
      .prepare(
        `UPDATE days SET dirty = 0, events = 1, rolls = 1, rolled_at = ?2, rollup_version = ?3, columns = 1 WHERE pixel = ?1`,
      )
      .bind(long.id, NOW - 10 * DAY, ROLLUP_VERSION),
    db.prepare(`INSERT INTO months (pixel, month, rolls) VALUES (?, '2025-05', 2)`).bind(long.id),
    db
      .prepare(
        `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, columns) VALUES (?1, '2020-01-01', ?2 - ${DAY}, ?2, 0, 2, 1)`,
      )
      .bind(id, Date.parse('2020-01-02')),
    // A day without events, and an import whose undo has been left.
    db
      .prepare(
        `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw, rolls) VALUES (?1, '2025-12-01', ?2, ?2 + ${DAY}, 0, 0, 1)`,
      )
      .bind(id, Date.parse('2025-12-01')),
    db
      .prepare(
        `INSERT INTO imports (pixel, id, source, file, fingerprint, state, position, counts, created_at, updated_at)
         VALUES (?, 'imp_left', 'x', 'x.csv', 'x', 'undoing', 1, '{}', 1, 1)`,
      )
      .bind(id),
    db.prepare(`INSERT INTO salts VALUES ('2020-01-01', 'x', 1)`),
    db.prepare(`INSERT INTO keys VALUES (?, ?)`).bind(id, '0a'.repeat(32)),
    db.prepare(`INSERT INTO person_links (pixel, alias, target) VALUES (?, 'egone', 'ugone')`).bind(id),
    db.prepare(`INSERT INTO sessions VALUES ('ended', 'admin', 'p', NULL, 1, 2)`),
    db
      .prepare(
        `INSERT INTO events SELECT pixel, ?2, 'stray', eid, name, visitor, person, hostname, page, referrer, source, channel,
           utm_source, utm_medium, utm_campaign, utm_content, utm_term, device, browser, browser_version, os, os_version,
           country, region, region_name, city, language, agent_class, engaged, scroll, value, currency, props, authenticated
         FROM events WHERE pixel = ?1 LIMIT 1`,
      )
      .bind(id, NOW - 500 * DAY),
    db
      .prepare('INSERT INTO dead_letters (id, body, received_at) VALUES (?, ?, ?)')
      .bind('letter', letter, NOW),
    countErasure(db, NOW),
    // A destination whose secret nobody can open is stopped as soon as something is due. Another conversion was sent long ago.
    db
      .prepare(
        `INSERT INTO destinations (id, pixel, network, name, account, settings, rules, mode, test_code, state, secret, secret_at, created_at, updated_at)
         VALUES ('ds_1', ?, 'webhook', 'x', 'x', '{}', '[]', 'live', '', 'on', 'x', 1, 1, 1)`,
      )
      .bind(id),
    ...[NOW, NOW - 31 * DAY].map((at, index) =>
      db
        .prepare(
          `INSERT INTO deliveries (destination, name, event_id, pixel, ts, id, person, visitor, sent_as, has_eid, reported, on_page, state,
             queued_at, due_at, expires_at)
           VALUES ('ds_1', 'e', ?, ?, ?, 'i', '', 'v', 'e', 1, 1, 0, ?, ?, ?, ?)`,
        )
        .bind(`e${index}`, id, at, index === 0 ? 'waiting' : 'delivered', at, at, at + DAY),
    ),
  ]);
  const ofDay = (day: string): string => `FROM days WHERE pixel = '${id}' AND day = '${day}'`;
  return {
    salts: `SELECT count(*) FROM salts WHERE date = '2020-01-01'`,
    relay: `SELECT count(*) FROM destinations WHERE id = 'ds_1' AND state = 'on'`,
    points: `SELECT count(*) = 0 FROM days WHERE pixel = '${short.id}' AND day = '${TODAY}' AND points > 0`,
    day: `SELECT count(*) ${ofDay(CHANGED)} AND dirty > 0`,
    snapshot: `SELECT count(*) ${ofDay(TODAY)} AND rolled_at IS NULL`,
    recompute: `SELECT count(*) ${ofDay(OUTDATED)} AND rollup_version < ${ROLLUP_VERSION}`,
    month: `SELECT count(*) = 0 FROM months WHERE pixel = '${id}' AND month = '2026-01'`,
    pack: `SELECT count(*) FROM months WHERE pixel = '${long.id}' AND columns <> rolls`,
    people: `SELECT count(*) FROM person_links WHERE pixel = '${id}'`,
    columns: `SELECT count(*) ${ofDay('2020-01-01')} AND columns > 0`,
    stray: `SELECT count(*) FROM events WHERE pixel = '${id}' AND id = 'stray'`,
    seal: `SELECT count(*) FROM keys WHERE length(key) = 64`,
    ledger: `SELECT count(*) FROM deliveries WHERE destination = 'ds_1' AND state = 'delivered'`,
    sweep: `SELECT count(*) FROM sessions WHERE hash = 'ended'`,
    archive: `SELECT count(*) = 0 FROM archives WHERE pixel = '${archived.id}' AND written_at > 0`,
    purge: `SELECT count(*) FROM events WHERE pixel = '${short.id}'`,
    visitors: `SELECT count(*) = 0 FROM visitor_hours WHERE pixel = '${id}' AND hour = ${NOW - 2 * HOUR}`,
    letters: `SELECT count(*) FROM dead_letters WHERE checked_at = 0`,
    rewrite: `SELECT count(*) FROM archives WHERE pixel = '${id}' AND erase_at > 0`,
    expire: `SELECT count(*) FROM archives WHERE pixel = '${id}' AND day = '2020-01-02'`,
    empty: `SELECT count(*) ${ofDay('2025-12-01')}`,
    imports: `SELECT count(*) FROM imports`,
  };
}

/** The names of the tasks whose work is left. */
async function left(work: Record<TaskName, string>): Promise<string[]> {
  const names = Object.keys(work) as TaskName[];
  const results = await db.batch<{ n: number }>(
    names.map((name) => db.prepare(`SELECT (${work[name]}) AS n`)),
  );
  return names.filter((_, index) => results[index]?.results[0]?.n !== 0);
}

const failures = async () =>
  (await db.prepare('SELECT task, pixel, item, since, error FROM failed_tasks').all()).results;

/** Runs the cron in the first two intervals of an hour, in which all tasks are due, while one task fails. */
async function run(at: number, failing: TaskName | null, how: 'each statement' | 'the task itself') {
  let isBroken = false;
  const before = async (): Promise<void> => {
    if (isBroken) throw new Error('D1_ERROR: broken');
  };
  const env = { ...archiveEnv, DB: tampered(db, { scale: SCALE, before }), CRON_STATEMENTS: '200' };
  const tasks = TASKS.map((task): (typeof TASKS)[number] =>
    task.name !== failing
      ? task
      : {
          ...task,
          run: async (...args) => {
            if (how === 'the task itself') throw new Error('D1_ERROR: broken');
            isBroken = true;
            try {
              return await task.run(...args);
            } finally {
              isBroken = false;
            }
          },
        },
  );
  const first = await runJob(env, at, tasks, async () => engine.reader);
  const second = await runJob(env, at + 5 * MINUTE, tasks, async () => engine.reader);
  return first.failed + second.failed;
}

describe('the table of tasks', () => {
  it('has each name once, and needs fewer statements for any task than the smallest run leaves', () => {
    expect(new Set(TASKS.map(({ name }) => name)).size).toBe(TASKS.length);
    // 19 statements, less those to begin and end a run with.
    for (const { name, least } of TASKS) expect(least, name).toBeLessThanOrEqual(15);
  });

  it('does all of its work if nothing fails', async () => {
    const work = await makeWork();
    expect(await left(work)).toEqual(TASKS.map(({ name }) => name));
    expect(await run(NOW, null, 'each statement')).toBe(0);
    expect(await left(work)).toEqual([]);
    expect(await failures()).toEqual([]);
  });

  describe.each(['each statement', 'the task itself'] as const)('when %s fails', (how) => {
    it.each(TASKS.map(({ name }) => name))('of %s can fail, and all other work is done', async (name) => {
      const work = await makeWork();
      expect(await run(NOW, name, how)).toBeGreaterThan(0);
      expect(await left(work)).toEqual([name]);
      const recorded = await failures();
      expect(recorded.length).toBeGreaterThan(0);
      for (const failure of recorded) {
        expect([name, 'look']).toContain(failure['task']);
        expect(failure['error']).toContain('broken');
      }
      if (how === 'the task itself') expect(recorded).toMatchObject([{ task: name, pixel: '', item: '' }]);
      expect(await run(NOW + HOUR, null, how)).toBe(0);
      expect(await left(work)).toEqual([]);
      expect(await failures()).toEqual([]);
    });
  });
});
