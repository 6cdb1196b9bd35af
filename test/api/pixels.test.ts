/** What changes of a pixel may cost, in requests of their own. */
import { exports } from 'cloudflare:workers';
import { beforeAll, expect, it, vi } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { applySchema, makePixel } from '../fixtures.ts';

beforeAll(applySchema);

const worker = (exports as unknown as { readonly default: Fetcher }).default;

function change(pixel: string, body: unknown): Promise<Response> {
  return worker.fetch(`https://px.example.com/api/v1/pixels/${pixel}`, {
    method: 'PATCH',
    headers: { authorization: 'Bearer test-admin-token', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
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
