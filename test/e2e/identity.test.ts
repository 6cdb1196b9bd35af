/** Whose word counts, from outside: signed user ids, tokens that also read, and reports of one event. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { type Speck, startSpeck } from './harness.ts';

let speck: Speck;
beforeAll(async () => {
  speck = await startSpeck();
});
afterAll(() => speck.close());

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
const PAGE = { origin: 'https://site.example', 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' };

const beacon = (events: object | readonly object[], headers: Record<string, string> = {}) =>
  fetch(`${speck.url}/beacon`, {
    method: 'POST',
    headers: { 'user-agent': AGENT, ...PAGE, ...headers },
    body: JSON.stringify(events),
  });

async function rows(sql: string, pixel: string): Promise<Record<string, unknown>[]> {
  return (await speck.db.prepare(sql).bind(pixel).all()).results;
}
const stored = (pixel: string, count: number) =>
  eventually(async () => {
    const storedRows = await rows('SELECT * FROM events WHERE pixel = ? ORDER BY ts, id', pixel);
    return storedRows.length >= count && storedRows;
  }, `${count} events`);

const settings = async (pixel: string, values: object) =>
  expect((await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: values })).status).toBe(200);

/** As an owner's server does. */
async function signer(pixel: string): Promise<(uid: string) => string> {
  const answer = await speck.api('GET', `/api/v1/pixels/${pixel}/identity`);
  const { secret } = (await answer.json()) as { secret: string };
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  return (uid) => createHmac('sha256', secret).update(uid).digest('hex');
}

async function tokenFor(scopes: readonly string[], pixel: string): Promise<string> {
  const answer = await speck.api('POST', '/api/v1/tokens', { name: 't', scopes, pixel });
  return ((await answer.json()) as { token: string }).token;
}
const requestAs = (path: string, token: string, body?: object) =>
  fetch(speck.url + path, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });

describe('a user id', () => {
  it('counts with its signature only, where the owner says so, and the event counts without', async () => {
    const pixel = await speck.addPixel();
    const sign = await signer(pixel);
    await settings(pixel, { identity: 'signed', cookie: 'first_party' });
    const em = 'a'.repeat(64);
    await beacon([
      { id: pixel, ev: 'signed', uid: 'ann', uid_sig: sign('ann') },
      { id: pixel, ev: 'unsigned', uid: 'ann' },
      { id: pixel, ev: 'of another', uid: 'ann', uid_sig: sign('mallory') },
      { id: pixel, ev: 'hashed data', ud: { em } },
      { id: pixel, ev: 'signed, with hashed data', uid: 'ann', uid_sig: sign('ann'), ud: { em } },
    ]);
    await fetch(`${speck.url}/p.gif?id=${pixel}&ev=by+image&uid=ann&uid_sig=${sign('ann')}`, {
      headers: { 'user-agent': AGENT },
    });
    const kinds = Object.fromEntries(
      (await stored(pixel, 6)).map(({ name, person }) => [name, String(person)[0] ?? '']),
    );
    expect(kinds).toEqual({
      signed: 'u',
      unsigned: '',
      'of another': '',
      'hashed data': '',
      'signed, with hashed data': 'u',
      'by image': 'u',
    });
    expect(await rows('SELECT * FROM person_links WHERE pixel = ?', pixel)).toEqual([]);
    const rejections = await (await speck.api('GET', `/api/v1/pixels/${pixel}/rejections`)).text();
    expect(rejections).toContain('"unproven_identity"');
    const [counted] = await rows(
      "SELECT count FROM rejections WHERE pixel = ? AND reason = 'unproven_identity'",
      pixel,
    );
    expect(counted).toEqual({ count: 2 });
    // A token is proof enough.
    await speck.api('POST', '/api/v1/events', {
      events: [{ id: pixel, ev: 'by token', uid: 'ann', ud: { em } }],
    });
    const [, last] = (await stored(pixel, 7)).slice(-2);
    expect(String(last?.['person'])).toMatch(/^u/);
    expect(await rows('SELECT confirmed FROM person_links WHERE pixel = ?', pixel)).toEqual([
      { confirmed: 1 },
    ]);
  });

  it('that is signed confirms the cookie that came with it, and an e-mail hash beside it is a claim', async () => {
    const pixel = await speck.addPixel();
    const sign = await signer(pixel);
    await settings(pixel, { cookie: 'first_party' });
    await beacon({
      id: pixel,
      uid: 'ann',
      uid_sig: sign('ann'),
      consent: 'granted',
      ud: { em: 'b'.repeat(64) },
    });
    await stored(pixel, 1);
    const links = await eventually(async () => {
      const storedRows = await rows(
        'SELECT substr(alias, 1, 1) AS alias, confirmed FROM person_links WHERE pixel = ? ORDER BY alias',
        pixel,
      );
      return storedRows.length === 2 && storedRows;
    }, 'two links');
    expect(links).toEqual([
      { alias: 'c', confirmed: 1 },
      { alias: 'e', confirmed: 0 },
    ]);
  });

  it('has a secret that only an owner may read, another for each pixel', async () => {
    const [pixel, other] = [await speck.addPixel(), await speck.addPixel()];
    const path = `/api/v1/pixels/${pixel}/identity`;
    expect((await requestAs(path, await tokenFor(['events:write', 'stats:read'], pixel))).status).toBe(403);
    expect((await requestAs(path, await tokenFor(['pixels:write'], other))).status).toBe(403);
    expect((await fetch(speck.url + path)).status).toBe(401);
    expect((await requestAs(path, await tokenFor(['pixels:write'], pixel))).status).toBe(200);
    expect((await signer(pixel))('ann')).not.toBe((await signer(other))('ann'));
  });
});

describe('an address that a server names', () => {
  it.each([
    [['events:write'], 1],
    [['events:write', 'pixels:write'], 1],
    [['events:write', 'stats:read', 'pixels:write'], 1],
    [['events:write', 'stats:read'], 2],
  ])('by a token for %j makes %i visitors of it and its browser', async (scopes, visitors) => {
    const pixel = await speck.addPixel();
    const ip = '203.0.113.50';
    await beacon({ id: pixel, ev: 'seen' }, { 'cf-connecting-ip': ip });
    const seen = (await stored(pixel, 1)).map(({ visitor }) => visitor);
    const token = await tokenFor(scopes, pixel);
    const event = { id: pixel, ev: 'probe', ip, ua: AGENT };
    expect((await requestAs('/api/v1/events', token, { events: [event, event] })).status).toBe(202);
    const all = (await stored(pixel, 3)).map(({ visitor }) => visitor);
    expect(new Set(all).size).toBe(visitors);
    expect(new Set(all.filter((one) => one !== seen[0])).size).toBe(visitors - 1);
    if (scopes.includes('stats:read')) {
      const query = { site_id: pixel, metrics: ['visitors'], date_range: 'day' };
      const answer = (await (await requestAs('/api/v2/query', token, query)).json()) as { results: object[] };
      expect(answer.results).toEqual([{ dimensions: [], metrics: [visitors] }]);
    }
  });
});

describe('an event that was reported by anybody', () => {
  it('is what the server says, and the server is told so', async () => {
    const pixel = await speck.addPixel();
    const report = (value: string) => ({
      id: pixel,
      ev: 'Purchase',
      eid: 'A-150',
      cd: { value, currency: 'EUR' },
    });
    await beacon(Array.from({ length: 50 }, (_, n) => ({ ...report('0.01'), eid: `A-${n + 101}` })));
    await stored(pixel, 50);
    const send = async () =>
      (await speck.api('POST', '/api/v1/events', { events: [report('250')] })).json() as Promise<object>;
    expect(await send()).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(await send()).toMatchObject({ accepted: 0, duplicates: 1 });
    await beacon(report('0.01'));
    const purchases = await rows(
      "SELECT value, authenticated FROM events WHERE pixel = ? AND eid = 'A-150'",
      pixel,
    );
    expect(purchases).toEqual([{ value: 250_000_000, authenticated: 1 }]);
    const query = { site_id: pixel, metrics: ['total_revenue'], date_range: 'day' };
    const answer = (await (await speck.api('POST', '/api/v2/query', query)).json()) as {
      results: unknown[];
    };
    expect(answer.results).toMatchObject([{ metrics: [{ value: 250.49 }] }]);
  });
});
