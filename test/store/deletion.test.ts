/** What a deleted pixel leaves, and whatever else has no owner, goes with the cron in pieces. */
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import schema from '../../schema.sql?raw';
import { runJob } from '../../src/rollup/job.ts';
import { SWEEP_CHUNK } from '../../src/rollup/sweep.ts';
import { findOrphans } from '../../src/store/orphans.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { insertSession } from '../../src/store/sessions.ts';
import { applySchema, db, makePixel, runJobs, store, testEnv } from '../fixtures.ts';

const NOW = Date.parse('2026-03-01T00:00:00Z');

beforeAll(applySchema);
beforeEach(async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  for (const { id } of (await db.prepare('SELECT id FROM pixels').all<{ id: string }>()).results) {
    await deletePixel(db, id);
  }
  await runJobs(NOW);
});

/** All tables with rows of a pixel, and their columns: a new one is found here, and has to be swept. */
const TABLES = [...schema.matchAll(/CREATE TABLE IF NOT EXISTS (\w+) \(([\s\S]*?)\) STRICT/g)].flatMap(
  ([, table = '', body = '']) => {
    const columns = [...body.matchAll(/^ {2}(\w+) (TEXT|INTEGER|BLOB)( NOT NULL)?/gm)];
    // Rows of the archive stay until their files are deleted: see test/rollup/archive-changes.test.ts.
    const isSwept = table !== 'archives' && columns.some(([, name]) => name === 'pixel');
    return isSwept ? [{ table, columns }] : [];
  },
);

/** A row of a table, of a pixel; its texts have a number. */
function insertRow({ table, columns }: (typeof TABLES)[number], pixel: string, number = 0) {
  const values = columns.map(([, name, type]) => {
    if (name === 'pixel') return `'${pixel}'`;
    if (type === 'TEXT') return `'${name}${number}'`;
    return type === 'BLOB' ? `x'00'` : String(number + 9_000_000_000_000);
  });
  const names = columns.map(([, name]) => name).join(', ');
  return db.prepare(`INSERT INTO ${table} (${names}) VALUES (${values.join(', ')})`);
}

async function left(pixel: string): Promise<Record<string, number>> {
  const counts = await db.batch<{ n: number }>(
    TABLES.map(({ table }) => db.prepare(`SELECT count(*) AS n FROM ${table} WHERE pixel = ?`).bind(pixel)),
  );
  return Object.fromEntries(
    TABLES.flatMap(({ table }, index) => {
      const n = counts[index]?.results[0]?.n ?? 0;
      return n > 0 ? [[table, n]] : [];
    }),
  );
}

describe('rows without an owner', () => {
  it('are deleted from every table, and rows of existing pixels stay', async () => {
    expect(TABLES.length).toBeGreaterThan(14);
    const there = await makePixel('UTC');
    for (const id of ['px_gone', there.id]) {
      await db.batch(TABLES.map((table) => insertRow(table, id, id === there.id ? 1 : 0)));
    }
    const failing = TABLES.filter(({ table }) => table !== 'failed_tasks').map(({ table }) => table);
    expect((await findOrphans(db)).map(({ table }) => table).toSorted()).toEqual(failing.toSorted());
    await runJobs(NOW);
    expect(await left('px_gone')).toEqual({});
    // A link of people who were never there goes of itself, and so does a delivery to no destination.
    const staying = TABLES.map(({ table }) => table).filter(
      (table) => !['person_links', 'deliveries'].includes(table),
    );
    expect(Object.keys(await left(there.id)).toSorted()).toEqual(staying.toSorted());
  });

  it('do not include rejections, links and tokens without a pixel', async () => {
    await db.prepare(`INSERT INTO rejections VALUES ('', '2026-01-01', 'bot', '', 1, '[]', 1, '')`).run();
    await db.prepare(`INSERT INTO tokens VALUES ('h', 'i', 'n', '[]', NULL, 1)`).run();
    expect(await findOrphans(db)).toEqual([]);
  });
});

/** Rows of a deleted pixel that are more than pieces. */
async function fill(pixel: string, count: number) {
  await db
    .prepare(
      `INSERT INTO person_links (pixel, alias, target)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       SELECT ?1, 'e' || i, 'u' || i FROM n`,
    )
    .bind(pixel, count)
    .run();
}

describe('deleting a pixel', () => {
  it('deletes a small pixel at once', async () => {
    const { id } = await makePixel('UTC');
    await db.batch(TABLES.map((table) => insertRow(table, id)));
    expect(await deletePixel(db, id)).toBe(true);
    expect(await left(id)).toEqual({});
    expect(await deletePixel(db, id)).toBe(false);
  });

  it('leaves the rest of a large pixel to the cron, within the statement budget of each run', async () => {
    const pixel = await makePixel('UTC');
    const { id } = pixel;
    await store(pixel, [{ ts: NOW - 86_400_000, id: 'a', name: 'pageview', visitor: 'v', page: '/' }], NOW);
    const rows = 7 * SWEEP_CHUNK;
    await fill(id, rows);
    const sizes: number[] = [];
    const watching = new Proxy(db, {
      get(target, property) {
        if (property !== 'batch') return Reflect.get(target, property);
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements);
          sizes.push(...results.map(({ meta }) => meta.changes));
          return results;
        };
      },
    });
    expect(await deletePixel(watching, id)).toBe(true);
    expect(Math.max(...sizes)).toBe(SWEEP_CHUNK);
    expect(sizes.length).toBeLessThan(50);
    expect(await left(id)).toEqual({ person_links: rows - 2 * SWEEP_CHUNK });
    let runs = 0;
    for (; runs < 20; runs++) {
      if (!(await runJob({ ...testEnv, CRON_STATEMENTS: '36' }, NOW + runs * 3_600_000)).more) break;
    }
    expect(await left(id)).toEqual({});
    expect(runs).toBeLessThan(10);
  });

  it('succeeds even if its rows cannot be deleted now', async () => {
    const { id } = await makePixel('UTC');
    await fill(id, 3);
    const broken = `CREATE TRIGGER broken BEFORE DELETE ON person_links BEGIN SELECT raise(ABORT, 'broken'); END`;
    await db.prepare(broken).run();
    try {
      expect(await deletePixel(db, id)).toBe(true);
    } finally {
      await db.prepare('DROP TRIGGER broken').run();
    }
    expect(await left(id)).toEqual({ person_links: 3 });
    await runJobs(NOW);
    expect(await left(id)).toEqual({});
  });
});

describe('a session that has ended', () => {
  it('is deleted by the next sweep, even if nobody signs in', async () => {
    await insertSession(db, 'ended', { kind: 'admin', proof: 'p', pixel: null }, NOW - 86_400_000);
    await insertSession(db, 'lasts', { kind: 'admin', proof: 'q', pixel: null }, NOW - 3_600_000);
    const sessions = async () => (await db.prepare('SELECT hash FROM sessions').raw()).flat();
    await runJob(testEnv, NOW + 300_000);
    expect(await sessions()).toHaveLength(2);
    await runJob(testEnv, NOW);
    expect(await sessions()).toEqual(['lasts']);
  });
});

describe('an erasure', () => {
  it('is stored as long as a dead letter may contain earlier events', async () => {
    const { id } = await makePixel('UTC', { retention_days: 1 });
    const day = 86_400_000;
    const erase = (who: string, at: number) =>
      db.prepare('INSERT INTO erasures VALUES (?, ?, ?)').bind(id, who, at).run();
    await erase('ubefore', NOW - 210 * day);
    await erase('ulate', NOW - 159 * day);
    await erase('uafter', NOW - 150 * day);
    const erased = async () => (await db.prepare('SELECT who FROM erasures ORDER BY who').raw()).flat();
    await db
      .prepare(`INSERT INTO dead_letters (id, body, received_at) VALUES ('l', 'x', ?)`)
      .bind(NOW - 151 * day)
      .run();
    await runJob(testEnv, NOW);
    // The message may have been on its way for two weeks.
    expect(await erased()).toEqual(['uafter', 'ulate']);
    await db.prepare('DELETE FROM dead_letters').run();
    await runJob(testEnv, NOW);
    expect(await erased()).toEqual([]);
  });
});
