/** What changes of a pixel may cost, in requests of their own. */
import { exports } from 'cloudflare:workers';
import { beforeAll, expect, it, vi } from 'vitest';
import type { Grant } from '../../src/api/auth.ts';
import { changePixel } from '../../src/api/pixels.ts';
import type { Env } from '../../src/env.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { getPixel, updatePixel } from '../../src/store/pixels.ts';
import { applySchema, db, GOALS, makePixel, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const worker = (exports as unknown as { readonly default: Fetcher }).default;

function change(pixel: string, body: unknown): Promise<Response> {
  return worker.fetch(`https://px.example.com/api/v1/pixels/${pixel}`, {
    method: 'PATCH',
    headers: { authorization: 'Bearer test-admin-token', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

it.each([{ timezone: 'Asia/Kolkata' }, { name: 'Later' }])(
  'changes what is named and nothing else, whatever else changes meanwhile: %j',
  async (named) => {
    const pixel = await makePixel('UTC');
    // In the spelling in which they are stored: brackets in a query are encoded.
    const goals = GOALS.filter((goal) => !('page' in goal && goal.page?.includes('[')));
    let isFirst = true;
    const meanwhile = async () => {
      if (!isFirst) return;
      isFirst = false;
      await updatePixel(db, pixel.id, { url: 'https://other.example', settings: { retention_days: 7 } });
    };
    // Between what a change reads of the pixel and what it writes.
    const env = { ...testEnv, DB: changing(meanwhile) } as Env;
    const request = new Request(`https://px.example.com/api/v1/pixels/${pixel.id}`, {
      method: 'PATCH',
      body: JSON.stringify({ ...named, settings: { gpc: 'drop', goals } }),
    });
    const answer = await changePixel(request, env, OWNER, pixel.id);
    const expected = {
      ...named,
      url: 'https://other.example',
      settings: { retention_days: 7, gpc: 'drop', goals, cookie: 'off', origins: [] },
    };
    expect(await answer.json()).toMatchObject(expected);
    expect(await getPixel(db, pixel.id)).toMatchObject(expected);
  },
);

const OWNER = { admin: true, scopes: ['pixels:write'], pixel: null } as unknown as Grant;

/** The database, in which something happens before the first transaction. */
function changing(before: () => Promise<void>): D1Database {
  return {
    prepare: (sql: string) => db.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      await before();
      return db.batch(statements);
    },
  } as unknown as D1Database;
}

it('moves a pixel to another time zone so many times an hour, and does not count what changes nothing', async () => {
  const { id } = await makePixel('UTC');
  const other = await makePixel('UTC');
  const zone = (index: number) => ({ timezone: index % 2 === 0 ? 'Asia/Kolkata' : 'UTC' });
  for (let index = 0; index < LIMITS.zoneChanges; index++) {
    expect((await change(id, zone(index))).status).toBe(200);
    // The zone that it has, and other settings.
    expect((await change(id, zone(index))).status).toBe(200);
    expect((await change(id, { name: `Name ${index}` })).status).toBe(200);
  }
  const refused = await change(id, zone(LIMITS.zoneChanges));
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3000);
  expect(await refused.json()).toMatchObject({ reason: 'too_many_requests' });
  expect((await change(other.id, zone(0))).status).toBe(200);
  vi.useFakeTimers({ now: Date.now() + 3_601_000, toFake: ['Date'] });
  try {
    expect((await change(id, zone(LIMITS.zoneChanges))).status).toBe(200);
  } finally {
    vi.useRealTimers();
  }
});
