/** What other tools' clients call a pixel's site, by the API: who may add a name, and what is refused. */
import { beforeAll, describe, expect, it } from 'vitest';
import { hashToken } from '../../src/api/hash.ts';
import { route } from '../../src/api/router.ts';
import { MAX_PIXEL_KEYS, MAX_PIXELS_OF_KEY, TOOLS } from '../../src/model/pixel-key.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { newToken, type Scope } from '../../src/model/token.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const ADMIN = 'test-admin-token';

async function send(method: string, path: string, body?: unknown, token = ADMIN) {
  const response = await route(
    new Request(`https://px.example.com/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'cf-connecting-ip': '192.0.2.1' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    testEnv,
  );
  const text = await response.text();
  return {
    status: response.status,
    body: (text === '' ? null : JSON.parse(text)) as Record<string, unknown>,
  };
}

async function tokenFor(pixel: string | null, scopes: readonly Scope[]): Promise<string> {
  const token = newToken();
  const entry = { id: `tok_${randomBase58(8)}`, name: 'test', scopes, pixel, created_at: 0 };
  await insertToken(db, entry, await hashToken(token));
  return token;
}

describe('names of a pixel’s site', () => {
  it('are added once, listed, and removed, in one spelling', async () => {
    const { id } = await makePixel('UTC');
    const path = `/pixels/${id}/keys`;
    expect(await send('GET', path)).toMatchObject({ status: 200, body: { keys: [] } });
    const name = `${randomBase58(6)}.Example.org`.toLowerCase();
    const added = await send('POST', path, { tool: 'plausible', name: ` WWW.${name.toUpperCase()} ` });
    expect(added).toMatchObject({ status: 201, body: { tool: 'plausible', name } });
    expect(await send('POST', path, { tool: 'plausible', name })).toEqual(added);
    expect((await send('GET', path)).body).toEqual({ keys: [added.body] });
    const query = new URLSearchParams({ tool: 'plausible', name: name.toUpperCase() });
    expect((await send('DELETE', `${path}?${query}`)).status).toBe(204);
    expect((await send('DELETE', `${path}?${query}`)).status).toBe(404);
    expect((await send('GET', path)).body).toEqual({ keys: [] });
  });

  it('are distinct by tool, and in upper case where a tool means it', async () => {
    const { id } = await makePixel('UTC');
    for (const tool of Object.keys(TOOLS)) {
      expect((await send('POST', `/pixels/${id}/keys`, { tool, name: `N-${id}` })).status).toBe(201);
    }
    const { keys } = (await send('GET', `/pixels/${id}/keys`)).body as {
      keys: { tool: string; name: string }[];
    };
    expect(keys).toHaveLength(Object.keys(TOOLS).length);
    expect(keys.find(({ tool }) => tool === 'segment')?.name).toBe(`N-${id}`);
    expect(keys.find(({ tool }) => tool === 'umami')?.name).toBe(`n-${id.toLowerCase()}`);
  });

  it.each([
    [{}],
    [{ tool: 'plausible' }],
    [{ tool: 'unknown', name: 'a' }],
    [{ tool: 'constructor', name: 'a' }],
    [{ tool: 'plausible', name: '' }],
    [{ tool: 'plausible', name: 'a b' }],
    [{ tool: 'plausible', name: 'größe.example' }],
    [{ tool: 'plausible', name: 'x'.repeat(101) }],
    [{ tool: 'segment', name: newToken() }],
    [{ tool: 'plausible', name: 'a', pixel: 'px_1' }],
  ])('%j is no name', async (body) => {
    const { id } = await makePixel('UTC');
    expect(await send('POST', `/pixels/${id}/keys`, body)).toMatchObject({
      status: 400,
      body: { reason: 'invalid_body' },
    });
  });

  it('are limited, and the error says so', async () => {
    const { id } = await makePixel('UTC');
    for (let n = 0; n < MAX_PIXEL_KEYS; n++) {
      expect((await send('POST', `/pixels/${id}/keys`, { tool: 'matomo', name: `${id}-${n}` })).status).toBe(
        201,
      );
    }
    expect(await send('POST', `/pixels/${id}/keys`, { tool: 'matomo', name: 'more' })).toMatchObject({
      status: 409,
      body: { reason: 'conflict', detail: expect.stringContaining(`${MAX_PIXELS_OF_KEY} pixels`) },
    });
    expect(
      (await send('POST', '/pixels/px_1111111111111111/keys', { tool: 'matomo', name: 'a' })).status,
    ).toBe(404);
  });

  it('are added by a token for all pixels only: a name decides where another site’s events go', async () => {
    const { id } = await makePixel('UTC');
    const other = await makePixel('UTC');
    const own = await tokenFor(id, ['pixels:write', 'stats:read']);
    const all = await tokenFor(null, ['pixels:write']);
    const reader = await tokenFor(null, ['stats:read', 'events:write']);
    const body = { tool: 'ga4', name: `G-${id}` };
    expect(await send('POST', `/pixels/${id}/keys`, body, own)).toMatchObject({
      status: 403,
      body: { reason: 'wrong_pixel' },
    });
    expect((await send('POST', `/pixels/${id}/keys`, body, reader)).status).toBe(403);
    expect((await send('POST', `/pixels/${id}/keys`, body, all)).status).toBe(201);
    expect((await send('GET', `/pixels/${id}/keys`, undefined, own)).status).toBe(200);
    expect((await send('GET', `/pixels/${other.id}/keys`, undefined, own)).status).toBe(403);
    expect((await send('GET', `/pixels/${id}/keys`, undefined, reader)).status).toBe(403);
    // A name that leads to a pixel may be removed by whoever may change the pixel.
    const query = new URLSearchParams(body);
    expect((await send('DELETE', `/pixels/${id}/keys?${query}`, undefined, reader)).status).toBe(403);
    expect((await send('DELETE', `/pixels/${id}/keys?${query}`, undefined, own)).status).toBe(204);
    expect((await send('GET', '/unknown-keys', undefined, own)).status).toBe(403);
    expect((await send('GET', '/unknown-keys', undefined, reader)).status).toBe(403);
    expect(await send('GET', '/unknown-keys', undefined, all)).toMatchObject({
      status: 200,
      body: { keys: [] },
    });
  });
});
