/** What a file of the worker project leaves is gone when the next one starts. */
import { expect, it, vi } from 'vitest';
import { applySchema, db, makePixel } from './fixtures.ts';
import { startAfresh } from './fresh.ts';

const tables = async (): Promise<string[]> => {
  const { results } = await db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'")
    .all<{ name: string }>();
  return results.map(({ name }) => name);
};

it('starts with an empty database, whatever a file before has stored', async () => {
  expect(await tables()).toEqual([]);
  await applySchema();
  await makePixel('UTC');
  expect(await tables()).toContain('pixels');
  await startAfresh();
  expect(await tables()).toEqual([]);
  await applySchema();
  expect(await db.prepare('SELECT count(*) AS pixels FROM pixels').first('pixels')).toBe(0);
});

it('starts with modules of its own, and so with empty caches', async () => {
  const { CACHED } = await import('./fresh-module.ts');
  CACHED.push('left');
  expect((await import('./fresh-module.ts')).CACHED).toEqual(['left']);
  await startAfresh();
  expect((await import('./fresh-module.ts')).CACHED).toEqual([]);
});

it('starts with the clock and the globals of the runtime', async () => {
  const { fetch } = globalThis;
  vi.useFakeTimers({ now: 0 });
  vi.stubGlobal('fetch', () => {});
  await startAfresh();
  expect(vi.isFakeTimers()).toBe(false);
  expect(globalThis.fetch).toBe(fetch);
});
