/** What is gone stays gone: nothing is stored of a pixel that has been deleted, however late it comes. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secretsOf } from '../../src/env.ts';
import type { PlacedEvent } from '../../src/model/batch.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { writeBatch } from '../../src/store/events.ts';
import { findKeys } from '../../src/store/keys.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { applySchema, counting, db, makePixel, place, testEnv } from '../fixtures.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const TABLES = ['events', 'days', 'rejections', 'person_links', 'keys', 'erasures'];

beforeAll(applySchema);

let [gone, there] = [{}, {}] as [Pixel, Pixel];
beforeEach(async () => {
  [gone, there] = [await makePixel('UTC'), await makePixel('UTC')];
});

const eventOf = (pixel: Pixel, id: string, more: object = {}): PlacedEvent => ({
  ...place(pixel, { ts: NOW, id, name: 'pageview', visitor: 'v', person: `u${id}`, eid: '', ...more }),
  aliases: [`e${id}`],
});
const rejectionOf = (pixel: string) => ({
  pixel,
  day: '2026-03-01',
  reason: 'bot' as const,
  family: '',
  at: NOW,
  sample: null,
});

/** What is stored of a pixel, by table. */
async function stored(pixel: Pixel): Promise<Record<string, number>> {
  const counts = await db.batch<{ n: number }>(
    TABLES.map((table) => db.prepare(`SELECT count(*) AS n FROM ${table} WHERE pixel = ?`).bind(pixel.id)),
  );
  return Object.fromEntries(TABLES.map((table, index) => [table, counts[index]?.results[0]?.n ?? -1]));
}

/** A day is a row and two of indexes. */
const DAY_ROWS = 3;
const NOTHING = Object.fromEntries(TABLES.map((table) => [table, 0]));

describe('a batch that arrives after its pixel was deleted', () => {
  it.each([true, false])('stores nothing of that pixel, and everything else (reported: %s)', async (tell) => {
    const batch = {
      id: `late${tell}`,
      events: [eventOf(gone, 'a'), eventOf(there, 'b'), eventOf(gone, 'c', { eid: 'order' })],
      rejections: [gone.id, there.id, ''].map(rejectionOf),
    };
    await deletePixel(db, gone.id);
    const outcomes = await writeBatch(db, batch, NOW, tell);
    if (tell) expect(outcomes).toEqual(['unknown_pixel', 'stored', 'unknown_pixel']);
    expect(await stored(gone)).toEqual(NOTHING);
    expect(await stored(there)).toMatchObject({ events: 1, days: 1, rejections: 1, person_links: 1 });
    const nobody = `SELECT count(*) AS n FROM rejections WHERE pixel = '' AND instr(batches, ?)`;
    expect(await db.prepare(nobody).bind(batch.id).first('n')).toBe(1);
  });

  it('stores nothing of that pixel, even for a closed day', async () => {
    const old = { ts: NOW - 100 * 86_400_000 };
    const batch = { id: 'old', events: [eventOf(gone, 'a', old), eventOf(there, 'b', old)], rejections: [] };
    for (const pixel of [gone, there]) {
      const { day } = eventOf(pixel, '', old);
      await db
        .prepare('INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw) VALUES (?, ?, ?, ?, 0, 2)')
        .bind(pixel.id, day.day, day.start, day.end)
        .run();
    }
    // As if the sweep had not come to its days yet.
    await db.prepare('DELETE FROM pixels WHERE id = ?').bind(gone.id).run();
    expect(await writeBatch(db, batch, NOW, true)).toEqual(['unknown_pixel', 'day_closed']);
    expect(await stored(gone)).toEqual({ ...NOTHING, days: 1 });
    expect(await stored(there)).toMatchObject({ events: 0, rejections: 1 });
  });

  it('creates no key for its people', async () => {
    await deletePixel(db, gone.id);
    const keys = await findKeys(db, secretsOf(testEnv), [gone.id, there.id]);
    expect([...keys.keys()]).toEqual([there.id]);
    expect(await stored(gone)).toEqual(NOTHING);
  });

  it('costs one additional row read per event, and no row written', async () => {
    const { db: counted, cost } = counting();
    const events = Array.from({ length: 50 }, (_, index) => ({
      ...eventOf(there, `m${index}`, { person: '' }),
      aliases: [],
    }));
    await writeBatch(counted, { id: 'm', events, rejections: [] }, NOW, false);
    expect(cost.written).toBe(events.length + DAY_ROWS);
    // A look-up of its day and of its pixel each, and those of the day that is marked.
    expect(cost.read).toBeLessThanOrEqual(3 * events.length + 10);
  });
});
