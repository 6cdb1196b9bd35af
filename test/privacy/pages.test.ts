/** The visitor's pages against a real D1: what they find, what they leave alone, and how much they read. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { aliasOf } from '../../src/enrich/person.ts';
import { visitorHash } from '../../src/enrich/visitor.ts';
import { type Env, secretsOf } from '../../src/env.ts';
import worker from '../../src/index.ts';
import { EVENT_COLUMNS } from '../../src/model/event.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { localDay } from '../../src/model/time-zone.ts';
import { describe as describeEvent } from '../../src/privacy/describe.ts';
import { fill, html } from '../../src/privacy/html.ts';
import { LANGUAGES } from '../../src/privacy/languages.ts';
import { Reader } from '../../src/privacy/reader.ts';
import english from '../../src/privacy/texts/en.ts';
import { findKeys } from '../../src/store/keys.ts';
import { deletePixel, listPixels } from '../../src/store/pixels.ts';
import { findSalts } from '../../src/store/salts.ts';
import { rowOf } from '../engine/memory-engine.ts';
import { applySchema, db, makePixel, place, store, testEnv } from '../fixtures.ts';

const ORIGIN = 'https://px.example';
const COOKIE = 'AAAAAAAAAAAAAAAAAAAAAA';
const ANN = {
  'cf-connecting-ip': '192.0.2.1',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
};
const BOB = { ...ANN, 'cf-connecting-ip': '203.0.113.2' };
const WITH_COOKIE = { ...ANN, 'cf-connecting-ip': '198.51.100.9', cookie: `__Host-speck_id=${COOKIE}` };
const OWN = { 'sec-fetch-site': 'same-origin' };

async function ask(
  path: string,
  headers: Record<string, string>,
  init: RequestInit = {},
  env: Env = testEnv,
): Promise<Response> {
  const ctx = createExecutionContext();
  const request = new Request(ORIGIN + path, { ...init, headers, redirect: 'manual' });
  const response = await worker.fetch(request as unknown as Parameters<typeof worker.fetch>[0], env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}
const text = async (path: string, headers: Record<string, string>): Promise<string> =>
  (await ask(path, headers)).text();
const erase = (path: string, headers: Record<string, string>): Promise<Response> =>
  ask(path, { ...headers, ...OWN }, { method: 'POST' });

async function countOf(sql: string, ...values: unknown[]): Promise<number> {
  return Number(
    await db
      .prepare(sql)
      .bind(...values)
      .first('n'),
  );
}
const eventsOf = (pixel: Pixel) => countOf('SELECT count(*) AS n FROM events WHERE pixel = ?', pixel.id);

const READER = new Reader(english, 'en', 'en-GB');
/** An event in English. */
const inWords = (values: Parameters<typeof describeEvent>[0], timezone: string) =>
  describeEvent(values, READER, READER.timesIn(timezone));

/** The alias that the cookie has at a pixel. */
async function aliasAt(pixel: Pixel): Promise<string> {
  const keys = await findKeys(db, secretsOf(testEnv), [pixel.id]);
  return aliasOf(keys.get(pixel.id) as string, { kind: 'cookie', value: COOKIE });
}

/** Ann's hash of today at a pixel. */
async function annAt(pixel: Pixel): Promise<string> {
  const day = localDay(pixel.timezone, Date.now());
  const salts = await findSalts(db, secretsOf(testEnv), [day], Date.now());
  return visitorHash(salts.get(day) as string, pixel.id, ANN['cf-connecting-ip'], ANN['user-agent']);
}

/** A moment of a local day so many days ago. */
const daysAgo = (days: number): number => Date.now() - days * 86_400_000;

beforeAll(applySchema);
let test = 0;
beforeEach(async () => {
  // An address may ask so often, so each test has its own.
  test++;
  ANN['cf-connecting-ip'] = `192.0.2.${test}`;
  WITH_COOKIE['cf-connecting-ip'] = `198.51.100.${test}`;
  for (const { id } of await listPixels(db)) await deletePixel(db, id);
});
afterEach(() => vi.restoreAllMocks());

describe("the visitor's page", () => {
  it('has readable values that cannot be mistaken for others', async () => {
    const pixel = await makePixel('UTC', { cookie: 'first_party' });
    const shop = (path: string) => encodeURIComponent(`https://xn--mller-kva.example${path}`);
    await ask(`/p.gif?id=${pixel.id}&dl=${shop('/caf%C3%A9/%D0%BF%D0%BE%D1%87%D1%82%D0%B0')}`, ANN);
    // A sign that turns the direction of what follows, a control character, and a host that looks like another one.
    await ask(`/p.gif?id=${pixel.id}&dl=${shop('/%E2%80%AEtxt.exe%00%0A')}`, ANN);
    await ask(`/p.gif?id=${pixel.id}&dl=${encodeURIComponent('https://xn--pple-43d.example/')}`, ANN);
    const page = await text('/privacy', ANN);
    expect(page).toContain('<bdi>müller.example/café/почта</bdi>');
    expect(page).toContain('müller.example/%E2%80%AEtxt.exe');
    expect(page).toContain('<bdi>xn--pple-43d.example/</bdi>');
    expect(page).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/u);
    const words = inWords(
      EVENT_COLUMNS.map((column) =>
        column === 'referrer'
          ? 'xn--mller-kva.example/%C3%BC'
          : column === 'source'
            ? 'xn--mller-kva.example'
            : '',
      ),
      'UTC',
    );
    expect(JSON.stringify(words.fields)).toContain('müller.example/ü');
    expect(JSON.stringify(words.fields)).not.toContain('xn--');
  });

  it('has what this address and browser sent today, in any time zone, and nothing of others', async () => {
    const zones = ['UTC', 'Pacific/Kiritimati', 'Etc/GMT+12'];
    const pixels = await Promise.all(zones.map((zone) => makePixel(zone)));
    for (const { id } of pixels) {
      await ask(`/p.gif?id=${id}&dl=https://site.example/of-ann&cd[plan]=pro`, ANN);
      await ask(`/p.gif?id=${id}&dl=https://site.example/of-bob`, BOB);
    }
    const page = await text('/privacy', ANN);
    expect(page).toContain('3 events on 3 websites.');
    expect(page.match(/of-ann/g)).toHaveLength(3);
    // Whoever shares the address may ask as any browser.
    expect(page).not.toContain('plan: pro');
    expect(page).not.toContain('<dt>');
    expect(page).not.toContain('of-bob');
    for (const { id } of pixels) expect(page).toContain(`href="privacy?id=${id}">Only this website`);
    const one = await text(`/privacy?id=${pixels[1]?.id}`, ANN);
    expect(one).toContain('1 event on 1 website.');
    expect(one).not.toContain(pixels[0]?.id);
  });

  it('has nothing of yesterday without a cookie, even if the hash were the same', async () => {
    const pixel = await makePixel('UTC');
    const visitor = await annAt(pixel);
    await store(pixel, [{ ts: daysAgo(1), id: 'a', name: 'pageview', visitor, page: '/old' }]);
    expect(await text('/privacy', ANN)).toContain('We have nothing about you today.');
  });

  it('creates neither a salt nor a key', async () => {
    const pixel = await makePixel('UTC');
    const { results } = await db.prepare('SELECT * FROM salts').all<Record<string, unknown>>();
    await db.prepare('DELETE FROM salts').run();
    try {
      expect(await text('/privacy', WITH_COOKIE)).toContain('We have nothing about you today.');
      expect((await erase('/privacy', WITH_COOKIE)).status).toBe(303);
      expect(await countOf('SELECT count(*) AS n FROM salts')).toBe(0);
      expect(await countOf('SELECT count(*) AS n FROM keys WHERE pixel = ?', pixel.id)).toBe(0);
    } finally {
      // Others go by those that this isolate remembers.
      for (const { date, salt, expires_at } of results) {
        await db.prepare('INSERT INTO salts VALUES (?, ?, ?)').bind(date, salt, expires_at).run();
      }
    }
  });

  it('is empty for a client without an address, even if events have no visitor', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [{ ts: Date.now(), id: 'a', name: 'pageview', visitor: '', page: '/nobody' }]);
    expect(await text('/privacy', { 'user-agent': ANN['user-agent'] })).toContain(
      'We have nothing about you today.',
    );
  });

  it('has the events of the cookie on any day, but not those of a user id', async () => {
    const pixel = await makePixel('UTC');
    const alias = await aliasAt(pixel);
    const common = { name: 'pageview', visitor: 'of-that-day' };
    await store(pixel, [
      { ...common, ts: daysAgo(40), id: 'a', page: '/by-cookie', person: alias },
      { ...common, ts: daysAgo(40), id: 'b', page: '/signed-in', person: 'uUser' },
      { ...common, ts: daysAgo(40), id: 'c', page: '/another', person: 'cAnother' },
    ]);
    await db.batch([
      db.prepare("INSERT INTO person_days VALUES (?1, '2026-01-31', ?2, 5)").bind(pixel.id, alias),
      db
        .prepare("INSERT INTO person_links (pixel, alias, target) VALUES (?1, ?2, 'uUser')")
        .bind(pixel.id, alias),
    ]);
    const page = await text('/privacy', WITH_COOKIE);
    expect(page).toContain('1 event on 1 website.');
    expect(page).toContain('/by-cookie');
    expect(page).not.toMatch(/\/signed-in|\/another/);
    expect(page).toContain('Your cookie was seen on these days: 31 Jan 2026 (Computer, Tablet).');
    expect(page).toContain('It was seen together with a user ID.');
    for (const code of ['uUser', alias, 'of-that-day']) expect(page).not.toContain(code);
  });

  it('has every column of an event that says something, and codes of none', () => {
    const values = EVENT_COLUMNS.map((column, index) => {
      if (column === 'ts') return Date.UTC(2026, 0, 31, 22, 5, 9);
      if (column === 'props') return '{"of":"props"}';
      if (column === 'authenticated') return 1;
      if (column === 'agent_class') return 'mail_proxy';
      return ['engaged', 'scroll', 'value'].includes(column) ? 1_000_000 * (index + 1) : `of-${column}.`;
    });
    const { iso, when, what, page, fields, technical } = inWords(values, 'Asia/Tokyo');
    expect(iso).toBe('2026-01-31T22:05:09.000Z');
    expect(when).toBe('1 Feb 2026, 07:05:09');
    const plain = [what, page, ...fields.map(([, value]) => value)].join('\n');
    EVENT_COLUMNS.forEach((column, index) => {
      if (['pixel', 'ts'].includes(column)) return;
      // Codes; the code of a region whose name is there; what only the site knows, which is elsewhere.
      if (['visitor', 'person', 'id', 'region', 'eid'].includes(column)) {
        expect(plain).not.toContain(`of-${column}.`);
        return;
      }
      const words: Record<string, string> = {
        props: 'of: props',
        engaged: `for ${(1000 * (index + 1)).toLocaleString('en')} seconds`,
        scroll: `down to ${(1_000_000 * (index + 1)).toLocaleString('en')}%`,
        value: `${index + 1} of-currency.`,
        authenticated: 'the website’s server',
        agent_class: 'a mail program',
      };
      const expected = words[column] ?? `of-${column}.`;
      expect(plain.split(expected), `${column} as ${expected}`).toHaveLength(2);
    });
    expect(technical).toEqual([['Number that the website gave it', 'of-eid.']]);
    const blank = inWords(
      values.map((value) => (typeof value === 'string' ? '' : null)),
      'UTC',
    );
    expect([blank.fields, blank.technical]).toEqual([[], []]);
  });

  it('has no code beside a name, and a code only where there is no name', () => {
    const places = (place: Partial<Record<string, string>>) =>
      inWords(
        EVENT_COLUMNS.map((column) => (column === 'ts' ? 0 : (place[column] ?? ''))),
        'UTC',
      ).fields;
    const austin = { city: 'Austin', region: 'US-TX', region_name: 'Texas', country: 'US' };
    expect(places(austin)).toEqual([['Place', 'Austin, Texas, United States']]);
    expect(places({ ...austin, region_name: '' })).toEqual([['Place', 'Austin, US-TX, United States']]);
    expect(places({ agent_class: 'human', currency: 'EUR' })).toEqual([]);
  });

  const INHERITED = Object.getOwnPropertyNames(Object.prototype);

  it.each(INHERITED)('lists and erases events whose name, page and property are %s', async (name) => {
    const pixel = await makePixel('UTC');
    const address = { ...ANN, 'cf-connecting-ip': `192.0.2.${100 + INHERITED.indexOf(name)}` };
    const query = new URLSearchParams({
      id: pixel.id,
      ev: name,
      dl: `https://site.example/${name}`,
      [`cd[${name}]`]: name,
    });
    expect((await ask(`/p.gif?${query}`, address)).status).toBe(200);
    expect(await eventsOf(pixel)).toBe(1);
    expect(await text(`/privacy?id=${pixel.id}`, address)).toContain(
      `<b><bdi>${name}</bdi></b><bdi>site.example/${name}<`,
    );
    expect((await erase(`/privacy?id=${pixel.id}`, address)).headers.get('location')).toContain('erased=1');
  });

  it('names countries and languages, and leaves unknown codes as they are', () => {
    const values = (country: string, language: string) =>
      EVENT_COLUMNS.map((column) => ({ country, language, ts: 0 })[column as string] ?? '');
    expect(inWords(values('DE', 'de'), 'UTC').fields).toEqual([
      ['Place', 'Germany'],
      ['Language', 'German'],
    ]);
    expect(inWords(values('1<', 'x'), 'UTC').fields).toEqual([
      ['Place', '1<'],
      ['Language', 'x'],
    ]);
  });
});

describe('an erasure', () => {
  it('deletes all listed events, including past days, and the days and links of the cookie', async () => {
    const [pixel, other] = [await makePixel('UTC'), await makePixel('UTC')];
    await ask(`/p.gif?id=${pixel.id}`, WITH_COOKIE);
    await ask(`/p.gif?id=${pixel.id}`, BOB);
    const alias = await aliasAt(pixel);
    const common = { name: 'pageview', visitor: 'v' };
    await store(pixel, [
      { ...common, ts: daysAgo(40), id: 'a', person: alias },
      { ...common, ts: daysAgo(3), id: 'b', person: 'uUser' },
    ]);
    await store(other, [{ ...common, ts: daysAgo(3), id: 'c', person: await aliasAt(other) }]);
    await db.batch([
      db.prepare('UPDATE days SET dirty = 0'),
      db.prepare("INSERT INTO person_days VALUES (?1, '2026-01-31', ?2, 1)").bind(pixel.id, alias),
      db.prepare("INSERT INTO person_days VALUES (?1, '2026-01-31', 'uUser', 1)").bind(pixel.id),
      db
        .prepare("INSERT INTO person_links (pixel, alias, target) VALUES (?1, ?2, 'uUser')")
        .bind(pixel.id, alias),
    ]);
    const response = await erase('/privacy', WITH_COOKIE);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('privacy?erased=3');
    const cookies = response.headers.getSetCookie();
    expect(cookies).toHaveLength(4);
    for (const cookie of cookies) expect(cookie).toMatch(/^(__Host-)?speck_id=; Path=\/; Max-Age=0;/);
    const left = await db.prepare('SELECT id, person FROM events').all<{ person: string }>();
    expect(left.results).toHaveLength(2);
    expect(left.results.map(({ person }) => person).sort()).toEqual(['', 'uUser']);
    expect(await countOf('SELECT count(*) AS n FROM person_days WHERE person = ?', alias)).toBe(0);
    expect(await countOf("SELECT count(*) AS n FROM person_days WHERE person = 'uUser'")).toBe(1);
    expect(await countOf('SELECT count(*) AS n FROM person_links')).toBe(0);
    expect(await countOf('SELECT count(*) AS n FROM days WHERE dirty = 1')).toBe(3);
    expect(await text('/privacy?erased=3', WITH_COOKIE)).toContain('We have nothing about you today.');
  });

  it('of one pixel leaves the others and the cookie', async () => {
    const [pixel, other] = [await makePixel('UTC'), await makePixel('UTC')];
    for (const one of [pixel, other]) await ask(`/p.gif?id=${one.id}`, ANN);
    const response = await erase(`/privacy?id=${pixel.id}`, { ...ANN, cookie: `__Host-speck_id=${COOKIE}` });
    expect(response.headers.get('location')).toBe(`privacy?erased=1&id=${pixel.id}`);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await eventsOf(pixel)).toBe(0);
    expect(await eventsOf(other)).toBe(1);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: ORIGIN }],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['no page', { 'sec-fetch-site': 'none' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['a page that hides its origin', { origin: 'null' }],
    ['something that does not say', {}],
  ])('is rejected if requested by %s', async (_, headers) => {
    const pixel = await makePixel('UTC');
    await ask(`/p.gif?id=${pixel.id}`, ANN);
    const response = await ask('/privacy', { ...ANN, ...headers }, { method: 'POST' });
    expect(response.status).toBe(403);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await eventsOf(pixel)).toBe(1);
    // So is taking an opt-out back; to opt out is for anyone.
    const form = { method: 'POST', body: 'undo=1' };
    const back = await ask('/opt-out', { ...ANN, ...headers }, form);
    expect(back.status).toBe(403);
    expect(back.headers.getSetCookie()).toEqual([]);
    expect((await ask('/opt-out', { ...ANN, ...headers }, { method: 'POST', body: '' })).status).toBe(303);
  });

  it('works in old browsers, which send only the origin', async () => {
    const pixel = await makePixel('UTC');
    await ask(`/p.gif?id=${pixel.id}`, ANN);
    expect((await ask('/privacy', { ...ANN, origin: ORIGIN }, { method: 'POST' })).status).toBe(303);
    expect(await eventsOf(pixel)).toBe(0);
  });
});

/** Events of one visitor in the seconds before now, the first of them the oldest; `first` has another visitor. */
async function busyDay(pixel: Pixel, events: number, visitor: string, first: string): Promise<void> {
  await store(pixel, [{ ts: Date.now(), id: 'now', name: 'pageview', visitor }]);
  const columns = EVENT_COLUMNS.map((column) => {
    if (column === 'ts') return 'e.ts - n';
    if (column === 'id') return `'i' || n`;
    return column === 'visitor' ? 'iif(n = ?2, ?3, ?4)' : `e.${column}`;
  });
  await db
    .prepare(
      `INSERT INTO events (${EVENT_COLUMNS.join(', ')})
       WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?2)
       SELECT ${columns.join(', ')} FROM numbers CROSS JOIN events e WHERE e.pixel = ?1 AND e.id = 'now'`,
    )
    .bind(pixel.id, events - 1, first, visitor)
    .run();
}

/** A zone in which it is the middle of the day, so that some seconds ago is today. */
function calmZone(): string {
  const hour = new Date().getUTCHours();
  return hour >= 2 && hour < 22 ? 'UTC' : 'Asia/Tokyo';
}

describe('the rows read', () => {
  it('without an index are the latest events, shared among the pixels, and the page says so', async () => {
    const pixel = await makePixel(calmZone());
    const visitor = await annAt(pixel);
    await busyDay(pixel, 1000, 'others', visitor);
    for (let more = 0; more < 19; more++) await makePixel('UTC');
    const all = await text('/privacy', ANN);
    expect(all).toContain('We found nothing about you.');
    expect(all).toContain('Only some of the events since the last full hour were searched.');
    const one = await text(`/privacy?id=${pixel.id}`, ANN);
    expect(one).toContain('1 event on 1 website.');
    expect(one).not.toMatch(/(?:was|were) searched\./);
    // What was not searched is not erased either.
    expect((await erase('/privacy', ANN)).headers.get('location')).toBe('privacy?erased=0');
    expect(await countOf('SELECT count(*) AS n FROM events WHERE visitor = ?', visitor)).toBe(1);
    expect((await erase(`/privacy?id=${pixel.id}`, ANN)).headers.get('location')).toContain('erased=1&');
  });

  it('by an erasure do not grow with the days of the pixel', async () => {
    const pixel = await makePixel(calmZone());
    await busyDay(pixel, 1000, await annAt(pixel), 'another');
    const days = Array.from({ length: 100 }, (_, day) => [pixel.id, `of-${day}`, daysAgo(day + 2)]);
    await db
      .prepare(
        `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw)
         SELECT value ->> 0, value ->> 1, value ->> 2, (value ->> 2) + 86400000, 0, 0 FROM json_each(?)`,
      )
      .bind(JSON.stringify(days))
      .run();
    let read = 0;
    const batch = async (statements: D1PreparedStatement[]) => {
      const results = await db.batch(statements);
      for (const { meta } of results) read += meta.rows_read;
      return results;
    };
    const counting = { prepare: (sql: string) => db.prepare(sql), batch } as unknown as D1Database;
    const erased = await ask(
      '/privacy',
      { ...ANN, ...OWN },
      { method: 'POST' },
      { ...testEnv, DB: counting },
    );
    expect(erased.headers.get('location')).toBe('privacy?erased=999');
    expect(read).toBeGreaterThan(1000);
    expect(read).toBeLessThan(20_000);
  });

  it('are up to a hundred events per pixel, and more of a pixel that is requested alone', async () => {
    const pixel = await makePixel(calmZone());
    const visitor = await annAt(pixel);
    await busyDay(pixel, 150, visitor, visitor);
    const page = await text('/privacy', ANN);
    expect(page.match(/<th scope="row">/g)).toHaveLength(100);
    expect(page).toContain('The latest 100 are shown.');
    expect(page).toContain(`href="privacy?id=${pixel.id}"`);
    const one = await text(`/privacy?id=${pixel.id}`, ANN);
    expect(one.match(/<th scope="row">/g)).toHaveLength(150);
    expect((await erase('/privacy', ANN)).headers.get('location')).toBe('privacy?erased=150');
  });

  it('of many pixels are those of the newest twenty', async () => {
    const oldest = await makePixel('UTC');
    for (let more = 0; more < 19; more++) await makePixel('UTC');
    await db.prepare('UPDATE pixels SET created_at = 1 WHERE id <> ?').bind(oldest.id).run();
    await ask(`/p.gif?id=${oldest.id}`, ANN);
    expect(await text('/privacy', ANN)).toContain('1 event on 1 website.');
    const newer = await makePixel('UTC');
    await db.prepare('UPDATE pixels SET created_at = 2 WHERE id = ?').bind(newer.id).run();
    const page = await text('/privacy', ANN);
    expect(page).toContain('We found nothing about you.');
    expect(page).toContain('Only the 20 newest websites were searched.');
    expect(await text(`/privacy?id=${oldest.id}`, ANN)).toContain('1 event on 1 website.');
  });

  it('are none over the rate limit, or if another page requests it as an image', async () => {
    const key = `privacy ${ANN['cf-connecting-ip']}`;
    const limit = vi.fn(async (_: { key: string }) => ({ success: false }));
    const broken = { ...testEnv, DB: undefined as never };
    for (const method of ['GET', 'POST']) {
      const limited = await ask(
        '/privacy',
        { ...ANN, ...OWN },
        { method },
        { ...broken, RATE_LIMIT: { limit } },
      );
      expect(limited.status).toBe(429);
      expect(limited.headers.get('retry-after')).toBe('60');
      expect(await limited.text()).toContain('Too many requests');
    }
    expect(limit.mock.calls).toEqual([[{ key }], [{ key }]]);
    const image = await ask('/privacy', { ...ANN, 'sec-fetch-dest': 'image' }, {}, broken);
    expect(image.status).toBe(403);
    const limitedEnv = { ...testEnv, RATE_LIMIT: { limit: async () => ({ success: true }) } };
    const document = await ask('/privacy', { ...ANN, 'sec-fetch-dest': 'document' }, {}, limitedEnv);
    expect(document.status).toBe(200);
  });
});

describe('a person who shares an address', () => {
  const agent = (version: number) => ({
    ...ANN,
    'user-agent': ANN['user-agent'].replaceAll('130', String(version)),
  });

  it('cannot find or erase a neighbor by guessing browsers, after five attempts', async () => {
    const pixel = await makePixel('UTC');
    for (const version of [120, 130])
      await ask(`/p.gif?id=${pixel.id}&dl=https://site.example/of-${version}`, agent(version));
    for (let version = 121; version < 125; version++) await text(`/privacy?id=${pixel.id}`, agent(version));
    const own = await text(`/privacy?id=${pixel.id}`, agent(120));
    expect(own).toContain('of-120');
    expect(own).not.toContain('Many different browsers');
    const neighbour = await text(`/privacy?id=${pixel.id}`, agent(130));
    expect(neighbour).toContain('We found nothing about you.');
    expect(neighbour).toContain('Many different browsers have used your IP address');
    expect((await erase(`/privacy?id=${pixel.id}`, agent(130))).headers.get('location')).toContain(
      'erased=0',
    );
    expect(await eventsOf(pixel)).toBe(2);
    // Not so with a cookie, nor from elsewhere, nor as one of the five.
    expect(await text(`/privacy?id=${pixel.id}`, agent(120))).toContain('of-120');
    const alias = await aliasAt(pixel);
    await store(pixel, [
      { ts: daysAgo(40), id: 'a', name: 'pageview', visitor: 'v', page: '/by-cookie', person: alias },
    ]);
    const withCookie = { ...agent(131), cookie: WITH_COOKIE.cookie };
    expect(await text(`/privacy?id=${pixel.id}`, withCookie)).toContain('/by-cookie');
  });

  it('has ten requests a minute, per IPv6 /64, even without a rate limiter', async () => {
    const env = { ...testEnv };
    delete (env as { RATE_LIMIT?: unknown }).RATE_LIMIT;
    const from = (index: number) => ({
      ...ANN,
      'cf-connecting-ip': `2001:db8:${test}:1::${index.toString(16)}`,
    });
    for (let index = 0; index < 10; index++)
      expect((await ask('/privacy', from(index), {}, env)).status).toBe(200);
    const closed = { ...env, DB: undefined as never };
    for (const method of ['GET', 'POST']) {
      const limited = await ask('/privacy', { ...from(99), ...OWN }, { method }, closed);
      expect(limited.status).toBe(429);
      expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(
      (await ask('/privacy', { ...ANN, 'cf-connecting-ip': `2001:db8:${test}:2::1` }, {}, env)).status,
    ).toBe(200);
  });
});

describe('the page', () => {
  it("names a site by its host, not by the owner's name for it", async () => {
    const pixel = await makePixel('UTC');
    await ask(`/p.gif?id=${pixel.id}`, ANN);
    const page = await text('/privacy', ANN);
    expect(page).toContain('<h2>site.example</h2>');
    expect(page).not.toContain(pixel.name);
  });
});

describe('events that only Analytics Engine has', () => {
  const READER_OF_POINTS = { ACCOUNT_ID: 'account', ANALYTICS_TOKEN: 'token' };
  const ENGINE = { ...testEnv, ...READER_OF_POINTS, EVENT_STORE: 'analytics_engine' } as Env;
  const show = async (path: string, env: Env, language = 'en'): Promise<string> =>
    (await ask(`${path}&lang=${language}`, ANN, {}, env)).text();
  const erased = async (pixel: Pixel) =>
    (
      await db
        .prepare('SELECT who, at FROM erasures WHERE pixel = ?')
        .bind(pixel.id)
        .all<{ who: string; at: number }>()
    ).results;
  const said = ({ analyticsEngine }: typeof english.privacy, page: string) =>
    (['copy', 'only', 'unsearched', 'erased'] as const).filter((name) =>
      page.includes(fill(analyticsEngine[name]).text),
    );
  const BUTTON = '<button>Delete for good</button>';

  /** What Analytics Engine answers. */
  let answer: (query: string) => Response;
  beforeEach(() => {
    answer = () => new Response('no', { status: 403 });
    vi.stubGlobal('fetch', async (_: unknown, { body }: RequestInit) => answer(String(body)));
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('are shown, erased as far as they can be, and then not shown any more', async () => {
    const [pixel, other] = [await makePixel('UTC'), await makePixel('UTC')];
    await ask(`/p.gif?id=${pixel.id}&dl=https://site.example/`, BOB);
    const visitor = await annAt(pixel);
    const eventOf = (who: string, page: string) =>
      place(pixel, { ts: Date.now() - 60_000, id: page, name: 'pageview', visitor: who, page }).event;
    const rows = [eventOf(visitor, '/only-there'), eventOf(`${visitor.slice(0, -1)}~`, '/of-another')];
    answer = (query) => {
      const found = query.includes(`${pixel.id}/`) ? rows : [];
      const lines = found.map((event) => JSON.stringify({ ...rowOf(event), weight: 1 }));
      return new Response(lines.join('\n'));
    };
    const page = await show(`/privacy?id=${pixel.id}`, ENGINE);
    expect(page).toContain('/only-there');
    expect(page).not.toContain('/of-another');
    expect(said(english.privacy, page)).toEqual(['only']);
    expect(await show(`/privacy?id=${other.id}`, ENGINE)).not.toContain('/only-there');
    const response = await ask(`/privacy?id=${pixel.id}`, { ...ANN, ...OWN }, { method: 'POST' }, ENGINE);
    expect(response.headers.get('location')).toContain('erased=1');
    const after = await show(`/privacy?id=${pixel.id}`, ENGINE);
    expect(after).not.toContain('/only-there');
    // More may come that cannot be read yet.
    expect(after).toContain(BUTTON);
  });

  it('cannot be shown if they cannot be read, and the page says so, with the button that leaves them out of counts', async () => {
    const pixel = await makePixel('UTC');
    // The salt of today exists, and nothing of Ann is in D1.
    await ask(`/p.gif?id=${pixel.id}&dl=https://site.example/`, BOB);
    const path = `/privacy?id=${pixel.id}`;
    for (const [name, { load }] of Object.entries(LANGUAGES)) {
      ANN['cf-connecting-ip'] = `192.0.2.${++test}`;
      const { default: texts } = await load();
      const page = await show(path, ENGINE, name);
      expect(said(texts.privacy, page), name).toEqual(['only', 'unsearched']);
      expect(page).toContain(`<button>${fill(texts.privacy.button).text}</button>`);
      expect(page).not.toContain(fill(texts.privacy.nothing).text);
      // Who else may have this address and browser.
      expect(page).toContain(fill(texts.privacy.shared).text);
    }
  });

  it('are left out from an erasure on, at each pixel that is searched', async () => {
    const pixels = [await makePixel('UTC'), await makePixel('Pacific/Kiritimati')];
    for (const { id } of pixels) await ask(`/p.gif?id=${id}&dl=https://site.example/`, BOB);
    const before = Date.now();
    const response = await ask('/privacy', { ...ANN, ...OWN }, { method: 'POST' }, ENGINE);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toContain('erased=0');
    for (const pixel of pixels) {
      const [row, ...rest] = await erased(pixel);
      expect(rest).toEqual([]);
      expect(row?.who).toBe(await annAt(pixel));
      expect(row?.at).toBeGreaterThanOrEqual(before);
      // What others have in D1 stays.
      expect(await eventsOf(pixel)).toBe(1);
    }
    const page = await show('/privacy?erased=0', ENGINE);
    expect(said(english.privacy, page)).toEqual(['only', 'unsearched', 'erased']);
    expect(page).not.toContain('0 events');
  });

  it('are erased together with those that D1 has', async () => {
    const pixel = await makePixel('UTC');
    await ask(`/p.gif?id=${pixel.id}&dl=https://site.example/`, ANN);
    const response = await ask('/privacy', { ...ANN, ...OWN }, { method: 'POST' }, ENGINE);
    expect(response.headers.get('location')).toContain('erased=1');
    expect(await eventsOf(pixel)).toBe(0);
    expect(await erased(pixel)).toHaveLength(1);
    expect(await show('/privacy?erased=1', ENGINE)).toContain('1 event deleted for good.');
  });

  it('do not exist without today’s salt', async () => {
    const pixel = await makePixel('UTC');
    await db.prepare('DELETE FROM salts').run();
    const page = await show(`/privacy?id=${pixel.id}`, ENGINE);
    expect(page).toContain('We have nothing about you today.');
    expect(page).not.toContain(BUTTON);
    expect(said(english.privacy, page)).toEqual(['only']);
  });

  it.each([
    ['by default', testEnv],
    [
      'without a dataset',
      { ...testEnv, EVENT_STORE: 'analytics_engine', ANALYTICS: undefined } as unknown as Env,
    ],
  ])('are not mentioned where there are none: %s', async (_, env) => {
    const pixel = await makePixel('UTC');
    await ask(`/p.gif?id=${pixel.id}&dl=https://site.example/`, BOB);
    const page = await show(`/privacy?id=${pixel.id}&erased=0`, env);
    expect(said(english.privacy, page)).toEqual(['copy']);
    expect(page).toContain('We have nothing about you today.');
    expect(page).not.toContain(BUTTON);
    const response = await ask('/privacy', { ...ANN, ...OWN }, { method: 'POST' }, env);
    expect(response.status).toBe(303);
    expect(await erased(pixel)).toEqual([]);
  });
});

describe('a page that fails', () => {
  it.each(['px_1111111111111111', 'px_', '', '%3Cscript%3E'])('is of no pixel: %s', async (id) => {
    for (const method of ['GET', 'POST']) {
      const response = await ask(`/privacy?id=${id}`, { ...ANN, ...OWN }, { method });
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const page = await response.text();
      expect(page).toContain('Website not found');
      expect(page).not.toContain('<script');
    }
  });

  it('is a readable error if D1 does not respond', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const fails = () => {
      throw new Error('D1_ERROR: Network connection lost.');
    };
    const env = { ...testEnv, DB: { prepare: fails, batch: fails } as unknown as D1Database };
    for (const method of ['GET', 'POST']) {
      const response = await ask('/privacy', { ...ANN, ...OWN }, { method }, env);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(response.headers.getSetCookie()).toEqual([]);
      const page = await response.text();
      expect(page).toContain('Your data cannot be read right now.');
      expect(page).not.toContain('Network connection lost');
    }
    expect(logged).toHaveBeenCalledTimes(2);
  });
});

describe('the template', () => {
  it('escapes all values except those of templates', () => {
    const hostile = `<script>alert("1")</script>&'{x}$&`;
    const safe = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;{x}$&amp;';
    expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(`<p title="${safe}">${safe}</p>`);
    expect(html`${html`<b>${'<'}</b>`}${[html`<i>`, html`${1}`]}`.text).toBe('<b>&lt;</b><i>1');
    expect(fill('<p>{x}{y}</p>', { x: hostile, y: html`<br>` }).text).toBe(`<p>${safe}<br></p>`);
  });
});
