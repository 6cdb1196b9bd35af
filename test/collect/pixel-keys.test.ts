/**
 * What the wire formats of other tools can say besides the native one: a name that leads to pixels, an anonymous id, and that a
 * server has sent the event. Through the real collect function, ingest and D1.
 */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { hashToken } from '../../src/api/hash.ts';
import { authenticateSender, route } from '../../src/api/router.ts';
import { collectorOf } from '../../src/collect/answer.ts';
import type { WireFormat } from '../../src/collect/wire/format.ts';
import { pixelNamed, pixelOfToken } from '../../src/collect/wire/pixel-named.ts';
import { decodeText } from '../../src/http/body.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { DEFAULT_SETTINGS, type PixelSettings } from '../../src/model/pixel.ts';
import { MAX_PIXEL_KEYS, MAX_PIXELS_OF_KEY } from '../../src/model/pixel-key.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { ok } from '../../src/model/result.ts';
import { newToken } from '../../src/model/token.ts';
import { BLANK_EVENT, type SentEvent } from '../../src/model/wire.ts';
import {
  deletePixelKey,
  insertPixelKey,
  listPixelKeys,
  listUnknownKeys,
} from '../../src/store/pixel-key-changes.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';

/** Sends the fields of events as JSON: `site` is the name of the pixel. */
const tool: WireFormat = {
  routes: [{ method: 'POST', path: '/tool' }],
  limits: { bytes: 10_000, events: 10 },
  read: ({ bytes, headers }) => {
    const sent = JSON.parse(decodeText(bytes)) as (Partial<SentEvent> & { site?: string })[];
    const token = headers.get('x-token') ?? undefined;
    const events = sent.map(({ site, ...fields }) => ({
      ...BLANK_EVENT,
      ...(site === undefined ? pixelOfToken('umami') : pixelNamed('umami', site)),
      ...fields,
    }));
    return ok(token === undefined ? { events, mayBeEmpty: true } : { events, mayBeEmpty: true, token });
  },
  answer: ({ error }) => Response.json({ error }, { status: error === null ? 200 : 400 }),
};

const collect = collectorOf([tool], authenticateSender);
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

beforeAll(applySchema);

let sent = 0;

async function send(
  events: readonly (Partial<SentEvent> & { site?: string })[],
  headers: Record<string, string> = {},
) {
  const ctx = createExecutionContext();
  const request = new Request('https://px.example.com/tool', {
    method: 'POST',
    body: JSON.stringify(events),
    headers: { 'user-agent': BROWSER, 'cf-connecting-ip': `10.8.0.${sent++}`, ...headers },
  });
  const response = await collect(request, testEnv, ctx);
  await waitOnExecutionContext(ctx);
  return (await (response as Response).json()) as { error: string | null };
}

interface Stored {
  readonly pixel: string;
  readonly name: string;
  readonly visitor: string;
  readonly person: string;
  readonly browser: string;
  readonly language: string;
  readonly authenticated: number;
}

async function storedBy(...pixels: readonly string[]): Promise<Stored[]> {
  const { results } = await db
    .prepare(
      `SELECT pixel, name, visitor, person, browser, language, authenticated FROM events
       WHERE pixel IN (SELECT value FROM json_each(?)) ORDER BY ts, id, pixel`,
    )
    .bind(JSON.stringify(pixels))
    .all<Stored>();
  return results;
}

const siteName = (): string => `site-${randomBase58(8).toLowerCase()}`;
const add = async (name: string, pixel: string): Promise<boolean> =>
  (await insertPixelKey(db, { tool: 'umami', name, pixel, created_at: Date.now() })) !== null;

async function tokenFor(pixel: string | null): Promise<string> {
  const token = newToken();
  const entry = {
    id: `tok_${randomBase58(8)}`,
    name: 'test',
    scopes: ['events:write'] as const,
    pixel,
    created_at: 0,
  };
  await insertToken(db, entry, await hashToken(token));
  return token;
}

describe('the name of a site', () => {
  it('leads to one pixel, or to several, each with its own visitor', async () => {
    const [one, two] = [await makePixel('UTC'), await makePixel('Asia/Tokyo')];
    const name = siteName();
    expect(await add(name, one.id)).toBe(true);
    await send([{ site: name, ev: 'A' }]);
    expect(await storedBy(one.id, two.id)).toMatchObject([{ pixel: one.id, name: 'A' }]);
    await add(name, two.id);
    await send([
      { site: name, ev: 'B' },
      { site: two.id, ev: 'C' },
    ]);
    const events = await storedBy(one.id, two.id);
    expect(events.map(({ pixel, name: event }) => [pixel === one.id ? 1 : 2, event]).toSorted()).toEqual([
      [1, 'A'],
      [1, 'B'],
      [2, 'B'],
      [2, 'C'],
    ]);
    const visitors = events.filter((event) => event.name === 'B').map(({ visitor }) => visitor);
    expect(new Set(visitors).size).toBe(2);
  });

  it('that leads nowhere is counted with its tool and host, until it leads to a pixel', async () => {
    const pixel = await makePixel('UTC');
    const name = siteName();
    await send([
      { site: name, dl: 'https://Shop.Example/a?b=c' },
      { site: name, dl: 'https://shop.example/d' },
    ]);
    const today = new Date().toISOString().slice(0, 10);
    const unknown = (await listUnknownKeys(db, today)).filter((key) => key.name === name);
    expect(unknown).toMatchObject([{ tool: 'umami', name, hostname: 'shop.example', count: 2 }]);
    await add(name, pixel.id);
    expect((await listUnknownKeys(db, today)).some((key) => key.name === name)).toBe(false);
    await send([{ site: name, ev: 'now' }]);
    expect(await storedBy(pixel.id)).toMatchObject([{ name: 'now' }]);
  });

  it('is a pixel’s own id without being added, and never a token', async () => {
    expect(pixelNamed('ga4', 'px_1111111111111111')).toEqual({ id: 'px_1111111111111111' });
    expect(pixelNamed('ga4', ' G-1 ')).toEqual({ id: 'G-1', key: 'ga4' });
    expect(pixelNamed('plausible', 'Example.ORG')).toEqual({ id: 'example.org', key: 'plausible' });
    expect(pixelNamed('matomo', 7)).toEqual({ id: '7', key: 'matomo' });
    for (const none of [newToken(), '', ' ', 'a b', 'é', 'x'.repeat(101), null, {}, ['a'], true]) {
      expect(pixelNamed('ga4', none)).toEqual({ id: '' });
    }
  });

  it('is bounded: so many names a pixel, so many pixels a name', async () => {
    const pixels = [];
    for (let n = 0; n <= MAX_PIXELS_OF_KEY; n++) pixels.push(await makePixel('UTC'));
    const name = siteName();
    const added = [];
    for (const { id } of pixels) added.push(await add(name, id));
    expect(added).toEqual([...Array(MAX_PIXELS_OF_KEY).fill(true), false]);
    expect(await add(name, pixels[0]?.id ?? '')).toBe(true);
    const [pixel] = pixels;
    if (!pixel) throw new Error('no pixel');
    for (let n = 1; n < MAX_PIXEL_KEYS; n++) expect(await add(`${name}-${n}`, pixel.id)).toBe(true);
    expect(await add(`${name}-more`, pixel.id)).toBe(false);
    expect(await listPixelKeys(db, pixel.id)).toHaveLength(MAX_PIXEL_KEYS);
    expect(await deletePixelKey(db, { tool: 'umami', name }, pixel.id)).toBe(true);
    expect(await deletePixelKey(db, { tool: 'umami', name }, pixel.id)).toBe(false);
    expect(await add(`${name}-more`, pixel.id)).toBe(true);
  });

  it('goes with its pixel', async () => {
    const [one, two] = [await makePixel('UTC'), await makePixel('UTC')];
    const name = siteName();
    await add(name, one.id);
    await add(name, two.id);
    await deletePixel(db, one.id);
    expect(await listPixelKeys(db, one.id)).toEqual([]);
    expect(await add(name, one.id)).toBe(false);
    await send([{ site: name, ev: 'left' }]);
    expect(await storedBy(one.id, two.id)).toMatchObject([{ pixel: two.id, name: 'left' }]);
  });
});

describe('a token', () => {
  it('for one pixel says which, whatever the event calls its site', async () => {
    const pixel = await makePixel('UTC');
    const headers = { 'x-token': await tokenFor(pixel.id) };
    expect(await send([{ ev: 'A' }, { site: '7', ev: 'B' }, { site: pixel.id, ev: 'C' }], headers)).toEqual({
      error: null,
    });
    expect((await storedBy(pixel.id)).map((event) => [event.name, event.authenticated])).toEqual([
      ['A', 1],
      ['B', 1],
      ['C', 1],
    ]);
    const other = await makePixel('UTC');
    expect(await send([{ site: other.id, ev: 'D' }], headers)).toEqual({ error: 'wrong_pixel' });
    expect(await storedBy(other.id)).toEqual([]);
  });

  it('for all pixels leaves the name to say which', async () => {
    const pixel = await makePixel('UTC');
    const name = siteName();
    await add(name, pixel.id);
    await send([{ ev: 'none' }, { site: name, ev: 'A' }], { 'x-token': await tokenFor(null) });
    expect(await storedBy(pixel.id)).toMatchObject([{ name: 'A', authenticated: 1 }]);
  });
});

it('a request without events is answered, and stores nothing', async () => {
  expect(await send([])).toEqual({ error: null });
  expect(await send([{ ev: 'no site' }])).toEqual({ error: 'missing_id' });
});

describe('an anonymous id', () => {
  const FROM_PAGE = {
    'sec-fetch-site': 'same-site',
    'sec-fetch-dest': 'empty',
    origin: 'https://site.example',
  };
  const people = async (
    settings: Partial<PixelSettings>,
    events: readonly Partial<SentEvent>[],
    headers = {},
  ) => {
    const pixel = await makePixel('UTC', { ...DEFAULT_SETTINGS, ...settings });
    await send(
      events.map((event) => ({ site: pixel.id, ...event })),
      { ...FROM_PAGE, ...headers },
    );
    return (await storedBy(pixel.id)).map(({ person }) => person);
  };
  const granted = { aid: 'a-1', consent: 'granted' };

  it('is a person with consent, where the pixel allows its cookie', async () => {
    const [one, same, other] = await people({ cookie: 'first_party' }, [
      granted,
      granted,
      { ...granted, aid: 'a-2' },
    ]);
    expect(one).toMatch(/^c./);
    expect([same === one, other === one]).toEqual([true, false]);
  });

  it.each<[string, Partial<PixelSettings>, Partial<SentEvent>, Record<string, string>]>([
    ['without consent', { cookie: 'first_party' }, { aid: 'a-1' }, {}],
    ['with consent denied', { cookie: 'first_party' }, { aid: 'a-1', consent: 'denied' }, {}],
    ['where the pixel has no cookie', {}, granted, {}],
    ['from another site', { cookie: 'first_party' }, granted, { 'sec-fetch-site': 'cross-site' }],
    ['with Sec-GPC', { cookie: 'first_party' }, granted, { 'sec-gpc': '1' }],
    [
      'where ids must be signed',
      { cookie: 'first_party', identity: 'signed' },
      granted,
      { origin: 'https://other.example' },
    ],
    [
      'that is too long',
      { cookie: 'first_party' },
      { ...granted, aid: 'a'.repeat(LIMITS.uid + 1) },
      { origin: 'https://other.example' },
    ],
  ])('is nobody %s', async (_, settings, event, headers) => {
    expect(await people(settings, [event], headers)).toEqual(['']);
  });

  it('finds the person for the owner, who may erase it', async () => {
    const pixel = await makePixel('UTC', { cookie: 'first_party' });
    const person = async (method: string, aid: string) => {
      const url = `https://px.example.com/api/v1/pixels/${pixel.id}/people?aid=${aid}`;
      const headers = { authorization: 'Bearer test-admin-token', 'cf-connecting-ip': '192.0.2.1' };
      return (await (await route(new Request(url, { method, headers }), testEnv)).json()) as Record<
        string,
        unknown
      >;
    };
    await send([{ site: pixel.id, ...granted }], FROM_PAGE);
    await send([{ site: pixel.id, ...granted, aid: 'a-2' }], FROM_PAGE);
    expect(await person('GET', 'a-1')).toMatchObject({ known_by: ['cookie'], total_events: 1 });
    expect(await person('DELETE', 'a-1')).toMatchObject({ erased: { events: 1 } });
    expect(await person('GET', 'a-1')).toMatchObject({ total_events: 0 });
    expect(await person('GET', 'a-2')).toMatchObject({ total_events: 1 });
    expect(await person('GET', 'a'.repeat(LIMITS.uid + 1))).toMatchObject({ reason: 'invalid_query' });
  });

  it('from a server counts with a token and consent, where the pixel has a cookie', async () => {
    const pixel = await makePixel('UTC', { ...DEFAULT_SETTINGS, cookie: 'first_party', identity: 'signed' });
    await send([granted, { aid: 'a-1' }], { 'x-token': await tokenFor(pixel.id) });
    expect((await storedBy(pixel.id)).map(({ person }) => person !== '')).toEqual([true, false]);
  });
});

describe('an event from a server', () => {
  const server = { ua: BROWSER, languages: 'de-AT,de' };

  it('is no bot for the user agent of its library, and has no visitor', async () => {
    const pixel = await makePixel('UTC');
    await send(
      [
        { site: pixel.id, server },
        { site: pixel.id, server: { ua: '', languages: '' } },
      ],
      { 'user-agent': 'node' },
    );
    expect(await storedBy(pixel.id)).toMatchObject([
      { visitor: '', browser: 'Firefox', language: 'de' },
      { visitor: '', browser: '', language: '' },
    ]);
  });

  it('has a visitor if a token vouches for the address', async () => {
    const pixel = await makePixel('UTC');
    const overrides = { ip: '192.0.2.7', ua: BROWSER };
    await send([{ site: pixel.id, server, overrides }], { 'x-token': await tokenFor(pixel.id) });
    const [event] = await storedBy(pixel.id);
    expect(event).toMatchObject({ browser: 'Firefox', language: 'de', authenticated: 1 });
    expect(event?.visitor).not.toBe('');
  });

  it('is rejected if it says the user agent of a bot, has Sec-GPC or an opt-out as any other', async () => {
    const pixel = await makePixel('UTC', { ...DEFAULT_SETTINGS, gpc: 'drop' });
    await send([{ site: pixel.id, server: { ...server, ua: 'Googlebot/2.1' } }]);
    await send([{ site: pixel.id, server }], { 'sec-gpc': '1' });
    await send([{ site: pixel.id, server }], { cookie: '__Host-speck_optout=1' });
    expect(await storedBy(pixel.id)).toEqual([]);
    const { results } = await db
      .prepare('SELECT reason FROM rejections WHERE pixel = ? ORDER BY reason')
      .bind(pixel.id)
      .all<{ reason: string }>();
    expect(results.map(({ reason }) => reason)).toEqual(['bot', 'opted_out', 'refused']);
  });
});
