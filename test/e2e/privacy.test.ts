/**
 * What the database holds after each way of being counted, of refusing and of being erased. Every table is dumped, and
 * nothing that identifies who was counted may be in it, however it is written.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { ADMIN_TOKEN, type Speck, startSpeck } from './harness.ts';
import { at, day } from './noon.ts';

let speck: Speck;
beforeAll(async () => {
  speck = await startSpeck();
});
afterAll(() => speck.close());

const PHONE =
  'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36';
const LAPTOP = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
const MAIL = 'erika.mustermann@mail.example';
const UID = 'customer-4711';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

type Fields = Readonly<Record<string, string>>;

const SITE = 'https://site.example';

/** Asks for the pixel's image as a browser does that shows a page of the pixel's site. */
function gif(fields: Fields, headers: Fields = {}): Promise<Response> {
  const ofPage = { referer: `${SITE}/`, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' };
  return fetch(`${speck.url}/p.gif?${new URLSearchParams(fields)}`, {
    headers: { 'user-agent': PHONE, 'accept-language': 'de-AT', ...ofPage, ...headers },
  });
}

/** The cookie that an answer sets, as it comes back; null when it sets none. */
function cookieOf(response: Response): string | null {
  const set = response.headers.getSetCookie().find((one) => one.startsWith('__Host-speck_id='));
  return set?.split(';')[0] ?? null;
}

async function rows(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  return (
    await speck.db
      .prepare(sql)
      .bind(...values)
      .all()
  ).results;
}

const eventsOf = (pixel: string) => rows('SELECT * FROM events WHERE pixel = ? ORDER BY ts, id', pixel);

/** Waits until so many events of a pixel are stored. */
function stored(pixel: string, count: number): Promise<Record<string, unknown>[]> {
  return eventually(async () => {
    const storedEvents = await eventsOf(pixel);
    return storedEvents.length >= count && storedEvents;
  }, `${count} events`);
}

/** Waits until a pixel has counted a rejection so often. */
function rejected(pixel: string, reason: string, count: number): Promise<Record<string, unknown>> {
  return eventually(async () => {
    const [row] = await rows('SELECT * FROM rejections WHERE pixel = ? AND reason = ?', pixel, reason);
    return row && Number(row['count']) >= count && row;
  }, `${reason} to be counted ${count} times`);
}

/** All that the database holds, as one text. */
async function dump(): Promise<string> {
  const tables = await rows(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'`,
  );
  const texts = await Promise.all(
    tables.map(async ({ name }) => `${name} ${JSON.stringify(await rows(`SELECT * FROM "${name}"`))}`),
  );
  return texts.join('\n');
}

/** A text, and all the ways in which it might be written. */
function writings(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = bytes.toString('base64');
  return [
    text,
    encodeURIComponent(text),
    bytes.toString('hex'),
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
    sha256(text),
    createHash('sha256').update(text).digest('base64').replace(/=+$/, ''),
  ];
}

async function expectNothingOf(...secrets: string[]): Promise<void> {
  const text = (await dump()).toLowerCase();
  for (const secret of ['127.0.0.1', '::1', PHONE, LAPTOP, MAIL, UID, ...secrets]) {
    for (const written of writings(secret)) {
      // Short addresses are looked for as they are only: their hex may be anywhere.
      if (written.length < 8 && written !== secret) continue;
      expect(text.includes(written.toLowerCase()), `${written} for ${secret}`).toBe(false);
    }
  }
}

async function settings(pixel: string, settings: Record<string, unknown>): Promise<void> {
  expect((await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings })).status).toBe(200);
  // The Worker goes by its own copy of a pixel for up to 30 seconds, but forgets it where it was changed.
}

async function ask(pixel: string, request: Record<string, unknown>) {
  const response = await speck.api('POST', '/api/v2/query', {
    site_id: pixel,
    date_range: 'day',
    ...request,
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: { dimensions: string[]; metrics: unknown[] }[] }).results;
}

const landing = 'https://site.example/offer?utm_source=spring&token=abcdef-secret';
const referrer = `https://forum.example/thread/12?user=${encodeURIComponent(MAIL)}`;

describe('the database holds nothing that identifies', () => {
  it('who is counted without a cookie', async () => {
    const pixel = await speck.addPixel();
    const answer = await gif({ id: pixel, dl: landing, rl: referrer, 'cd[mail]': MAIL });
    expect(answer.headers.getSetCookie()).toEqual([]);
    const [event] = await stored(pixel, 1);
    expect(event).toMatchObject({ page: '/offer', person: '', referrer: 'forum.example/thread/12' });
    expect(event?.['visitor']).toMatch(/^[\w-]{22}$/);
    await expectNothingOf('abcdef-secret', referrer, landing);
  });

  it('who is known by consent, sign-in and matching', async () => {
    const pixel = await speck.addPixel();
    await settings(pixel, { cookie: 'first_party' });
    const answer = await gif({
      id: pixel,
      dl: landing,
      rl: referrer,
      consent: 'granted',
      uid: UID,
      'ud[em]': sha256(MAIL),
      'ud[external_id]': sha256(UID).toUpperCase(),
    });
    const cookie = cookieOf(answer) ?? '';
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-speck_id=[\w-]{22}; Path=\/; Max-Age=34128000; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
    const [event] = await stored(pixel, 1);
    expect(event?.['person']).toMatch(/^u[\w-]{22}$/);
    const links = await rows(
      'SELECT substr(alias, 1, 1) AS alias, substr(target, 1, 1) AS target FROM person_links WHERE pixel = ? ORDER BY alias',
      pixel,
    );
    expect(links).toEqual(['c', 'e', 'x'].map((alias) => ({ alias, target: 'u' })));
    await expectNothingOf(cookie.slice('__Host-speck_id='.length), sha256(MAIL), sha256(UID));
    await speck.catchUp(new Date(Date.now() + 86_400_000));
    expect(await rows('SELECT * FROM person_days WHERE pixel = ?', pixel)).toHaveLength(1);
    await expectNothingOf(cookie.slice('__Host-speck_id='.length), sha256(MAIL));
    // An export for its owner, and a person's own data, hold no more than that.
    for (const path of ['events', `people?uid=${UID}`]) {
      const text = await (await speck.api('GET', `/api/v1/pixels/${pixel}/${path}`)).text();
      for (const secret of [MAIL, UID, cookie.slice('__Host-speck_id='.length), sha256(MAIL)]) {
        expect(text.split('"next"')[0]).not.toContain(secret);
      }
    }
  });

  it('who sent raw user data, which is refused with a reason', async () => {
    const pixel = await speck.addPixel();
    await gif({ id: pixel, 'ud[em]': MAIL });
    const row = await rejected(pixel, 'unhashed_user_data', 1);
    expect(row['samples']).toContain('SHA-256');
    expect(await eventsOf(pixel)).toEqual([]);
    await expectNothingOf();
  });

  it.each([
    ['Sec-GPC', { 'sec-gpc': '1' }, {}],
    ['DNT', { dnt: '1' }, {}],
    ['denied consent', {}, { consent: 'denied' }],
  ] as [string, Fields, Fields][])('who asks not to be followed, by %s', async (_, headers, fields) => {
    const pixel = await speck.addPixel();
    await settings(pixel, { cookie: 'first_party' });
    const from = { cookie: '__Host-speck_id=AAAAAAAAAAAAAAAAAAAAAA' };
    const answer = await gif(
      {
        id: pixel,
        ev: 'Purchase',
        dl: landing,
        rl: referrer,
        consent: 'granted',
        uid: UID,
        'ud[em]': sha256(MAIL),
        'cd[value]': '12.34',
        'cd[currency]': 'EUR',
        'cd[plan]': 'pro',
        ...fields,
      },
      { ...headers, ...from },
    );
    // The cookie of before goes, in all ways in which it may have been set.
    const removed = answer.headers.getSetCookie();
    expect(removed).toHaveLength(4);
    expect(removed.every((one) => /^(__Host-)?speck_id=; Path=\/; Max-Age=0;/.test(one))).toBe(true);
    const [event] = await stored(pixel, 1);
    expect(event).toMatchObject({
      name: 'Purchase',
      page: '/offer',
      visitor: '',
      person: '',
      region: '',
      city: '',
      referrer: 'forum.example',
      props: '',
      value: null,
      currency: '',
    });
    expect(await rows('SELECT * FROM person_links WHERE pixel = ?', pixel)).toEqual([]);
    expect(await ask(pixel, { metrics: ['events', 'visitors', 'people'] })).toEqual([
      { dimensions: [], metrics: [1, 0, 0] },
    ]);
    await expectNothingOf(referrer, '12340000');
  });

  it('who asks not to be followed, of a pixel that drops such events', async () => {
    const pixel = await speck.addPixel();
    await settings(pixel, { gpc: 'drop' });
    await gif({ id: pixel, dl: landing, rl: referrer }, { 'sec-gpc': '1' });
    const row = await rejected(pixel, 'refused', 1);
    expect(row).toMatchObject({ samples: '[]', family: '' });
    expect(row['last_at']).toBe(Date.parse(at(day(0), '00:00')));
    expect(await eventsOf(pixel)).toEqual([]);
  });

  it('who has opted out, of whom not even a sample is kept', async () => {
    const pixel = await speck.addPixel();
    const cookie = '__Host-speck_optout=1; __Host-speck_id=AAAAAAAAAAAAAAAAAAAAAA';
    await gif({ id: pixel, dl: landing, rl: referrer, uid: UID, consent: 'granted' }, { cookie });
    await fetch(`${speck.url}/beacon`, {
      method: 'POST',
      headers: { cookie, 'user-agent': PHONE },
      body: JSON.stringify([{ id: pixel, ev: 'secret-event-name', dl: landing, uid: UID }]),
    });
    const row = await rejected(pixel, 'opted_out', 2);
    expect(row).toMatchObject({ samples: '[]', family: '' });
    expect(row['last_at']).toBe(Date.parse(at(day(0), '00:00')));
    expect(await eventsOf(pixel)).toEqual([]);
    await expectNothingOf('secret-event-name');
  });
});

describe('a visitor', () => {
  it('cannot be linked over midnight, and its salt goes', async () => {
    const pixel = await speck.addPixel({ timezone: 'UTC' });
    const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    const event = (ts: number) => ({
      id: pixel,
      ts,
      ip: '203.0.113.77',
      ua: LAPTOP,
      dl: 'https://site.example/',
    });
    const events = [event(midnight - 60_000), event(midnight - 30_000), event(midnight)];
    expect((await speck.api('POST', '/api/v1/events', { events })).status).toBe(202);
    const [a, b, c] = (await stored(pixel, 3)).map(({ visitor }) => visitor);
    expect(a).toBe(b);
    expect(c).not.toBe(a);
    await expectNothingOf('203.0.113.77');
    const yesterday = new Date(midnight - 1).toISOString().slice(0, 10);
    const salts = () => rows('SELECT * FROM salts WHERE date = ?', yesterday);
    expect(await salts()).toHaveLength(1);
    await speck.cron(new Date(midnight + 3 * 86_400_000 + 12 * 3_600_000));
    expect(await salts()).toEqual([]);
  });
});

describe('a cookie', () => {
  it('is set only where consent and the setting allow it, renewed, and removed with consent', async () => {
    const pixel = await speck.addPixel();
    const granted = { id: pixel, consent: 'granted', cid: 'ABCDEFGHIJKLMNOPQRSTUV' };
    expect(cookieOf(await gif(granted))).toBeNull();
    await settings(pixel, { cookie: 'third_party' });
    expect(cookieOf(await gif({ id: pixel }))).toBeNull();
    const first = await gif(granted);
    const cookie = cookieOf(first) ?? '';
    // The page proposes, the Worker makes; what is proposed again by the same visitor makes the same.
    expect(cookie).not.toContain(granted.cid);
    const attributes = 'Path=/; Max-Age=34128000; HttpOnly; Secure; SameSite=None; Partitioned';
    expect(first.headers.getSetCookie()).toEqual([`${cookie}; ${attributes}`]);
    expect(cookieOf(await gif(granted))).toBe(cookie);
    const again = await gif({ ...granted, cid: 'another-another-another'.slice(0, 22) }, { cookie });
    expect(cookieOf(again)).toBe(cookie);
    const beacon = await fetch(`${speck.url}/beacon`, {
      method: 'POST',
      headers: { 'user-agent': PHONE, cookie, origin: SITE },
      body: JSON.stringify({ id: pixel, ev: 'engagement', consent: 'denied' }),
    });
    expect(beacon.status).toBe(204);
    expect(beacon.headers.get('access-control-allow-credentials')).toBe('true');
    expect(beacon.headers.getSetCookie()).toHaveLength(4);
    const people = (await stored(pixel, 5)).map(({ person }) => person);
    expect(people.filter((person) => person === '')).toHaveLength(2);
    expect(new Set(people.filter((person) => person !== '')).size).toBe(1);
  });
});

describe('one person on two devices', () => {
  const euros = { value: 49.9, currency: 'EUR', short: '€49.9', long: '€49.90' };

  /** Phone with a campaign, laptop by a search, a click in an e-mail on the phone, and a purchase on the laptop. */
  async function journey(pixel: string, consentOnLaptop: string): Promise<void> {
    await settings(pixel, { cookie: 'first_party' });
    const phone = { 'user-agent': PHONE };
    const laptop = { 'user-agent': LAPTOP };
    const page = (path: string) => `https://site.example${path}`;
    const consent = 'granted';
    const onPhone = await gif(
      { id: pixel, consent, dl: page('/?utm_source=instagram&utm_campaign=spring') },
      phone,
    );
    const phoneCookie = { cookie: cookieOf(onPhone) ?? '' };
    await gif(
      { id: pixel, consent, dl: page('/account'), uid: UID, 'ud[em]': sha256(MAIL) },
      { ...phone, ...phoneCookie },
    );
    await stored(pixel, 2);
    const onLaptop = await gif({ id: pixel, consent, dl: page('/'), rl: 'https://www.google.com/' }, laptop);
    const laptopCookie = { cookie: cookieOf(onLaptop) ?? '' };
    await gif({ id: pixel, consent, dl: page('/account'), uid: UID }, { ...laptop, ...laptopCookie });
    await stored(pixel, 4);
    await gif(
      { id: pixel, dl: page('/news?utm_source=newsletter&utm_medium=email'), 'ud[em]': sha256(MAIL) },
      phone,
    );
    await stored(pixel, 5);
    await gif(
      {
        id: pixel,
        ev: 'Purchase',
        consent: consentOnLaptop,
        dl: page('/thanks'),
        uid: UID,
        'cd[value]': '49.9',
        'cd[currency]': 'EUR',
      },
      { ...laptop, ...laptopCookie },
    );
    await stored(pixel, 6);
  }

  const revenueBy = (pixel: string, dimension: string) =>
    ask(pixel, {
      metrics: ['people', 'total_revenue'],
      dimensions: [dimension],
      filters: [['is', 'event:name', ['Purchase']]],
    });

  it('is one person, whose purchase counts for what came first and last', async () => {
    const pixel = await speck.addPixel();
    await journey(pixel, 'granted');
    const metrics = ['people', 'new_people', 'cross_device_people'];
    const total = [{ dimensions: [], metrics: [1, 1, 1] }];
    expect(await ask(pixel, { metrics })).toEqual(total);
    expect(await revenueBy(pixel, 'person:first_source')).toEqual([
      { dimensions: ['Instagram'], metrics: [1, euros] },
    ]);
    expect(await revenueBy(pixel, 'person:first_utm_campaign')).toEqual([
      { dimensions: ['spring'], metrics: [1, euros] },
    ]);
    expect(await revenueBy(pixel, 'person:last_source')).toEqual([
      { dimensions: ['newsletter'], metrics: [1, euros] },
    ]);
    expect(await ask(pixel, { metrics: ['people'], dimensions: ['person:devices'] })).toEqual([
      { dimensions: ['Desktop + Mobile'], metrics: [1] },
    ]);
    // The same from rollups, when the day is over.
    await speck.catchUp(new Date(Date.now() + 86_400_000));
    const answer = await speck.api('POST', '/api/v2/query', {
      site_id: pixel,
      date_range: [day(0), day(0)],
      metrics,
    });
    expect(await answer.json()).toMatchObject({ results: total, meta: { source: 'rollups' } });
  });

  it('whose consent is withdrawn before the purchase keeps what was, and the purchase is nobody’s', async () => {
    const pixel = await speck.addPixel();
    await journey(pixel, 'denied');
    expect(await ask(pixel, { metrics: ['people', 'cross_device_people', 'events'] })).toEqual([
      { dimensions: [], metrics: [1, 1, 6] },
    ]);
    expect(
      await ask(pixel, {
        metrics: ['people', 'events', 'total_revenue'],
        filters: [['is', 'event:name', ['Purchase']]],
      }),
    ).toEqual([{ dimensions: [], metrics: [0, 1, null] }]);
  });

  it('is shown all that is held of it, and erased by any alias, by exactly that person', async () => {
    const pixel = await speck.addPixel();
    await journey(pixel, 'granted');
    await gif({ id: pixel, uid: 'somebody-else', dl: 'https://site.example/' }, { 'user-agent': LAPTOP });
    await gif({ id: pixel, dl: 'https://site.example/' }, { 'user-agent': LAPTOP });
    await stored(pixel, 8);
    await speck.catchUp(new Date(Date.now() + 86_400_000));
    const path = `/api/v1/pixels/${pixel}/people`;
    // Anyone could have sent these aliases together: they are followed if the owner says so.
    const unconfirmed = 'include_unconfirmed=true';
    expect(await (await speck.api('GET', `${path}?uid=${UID}`)).json()).toMatchObject({
      known_by: ['uid'],
      unconfirmed: { aliases: 3, included: false },
    });

    const firstPage = await (await speck.api('GET', `${path}?uid=${UID}&limit=4&${unconfirmed}`)).json();
    expect(firstPage).toMatchObject({
      known_by: ['cookie', 'cookie', 'em', 'uid'],
      total_events: 6,
      days: [{ day: day(0), devices: 'Desktop + Mobile' }],
    });
    const { events, next } = firstPage as { events: { name: string; value: number }[]; next: string };
    expect(events).toHaveLength(4);
    expect(events[0]).toMatchObject({ name: 'Purchase', value: 49.9 });
    const rest = (await (await speck.api('GET', next.replace(speck.url, ''))).json()) as typeof firstPage;
    expect(rest).toMatchObject({ next: null });
    expect((rest as { events: unknown[] }).events).toHaveLength(2);

    const before = await ask(pixel, { metrics: ['people', 'events', 'total_revenue'] });
    expect(before[0]?.metrics).toEqual([2, 8, euros]);
    const exported = await (await speck.api('GET', `/api/v1/pixels/${pixel}/events`)).text();
    const receipt = await speck.api('DELETE', `${path}?em=${sha256(MAIL)}&${unconfirmed}`);
    expect(await receipt.json()).toMatchObject({
      pixel,
      known_by: ['cookie', 'cookie', 'em', 'uid'],
      erased: { events: 6, days: 1, person_days: expect.any(Number), links: 3, deliveries: 0, clicks: 0 },
    });
    // An export of before does not bring the person back.
    const restored = await fetch(`${speck.url}/api/v1/pixels/${pixel}/events`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
      body: exported,
    });
    const { rejected: refusals, ...written } = (await restored.json()) as { rejected: { reason: string }[] };
    expect(refusals.map(({ reason }) => reason)).toEqual(Array(6).fill('erased'));
    expect(written).toEqual({ accepted: 0, duplicates: 2 });
    const after = await ask(pixel, { metrics: ['people', 'events', 'total_revenue'] });
    expect(after[0]?.metrics).toEqual([1, 2, null]);
    await speck.catchUp(new Date(Date.now() + 2 * 86_400_000));
    const answer = await speck.api('POST', '/api/v2/query', {
      site_id: pixel,
      date_range: [day(0), day(0)],
      metrics: ['people', 'events', 'total_revenue'],
    });
    expect(await answer.json()).toMatchObject({
      results: [{ metrics: [1, 2, null] }],
      meta: { source: 'rollups' },
    });
    expect(await rows('SELECT * FROM person_links WHERE pixel = ?', pixel)).toEqual([]);
    expect(await rows('SELECT * FROM person_days WHERE pixel = ? AND devices > 0', pixel)).toHaveLength(1);
    expect(await (await speck.api('GET', `${path}?uid=${UID}`)).json()).toMatchObject({
      total_events: 0,
      days: [],
    });
    expect(await (await speck.api('DELETE', `${path}?uid=${UID}`)).json()).toMatchObject({
      erased: { events: 0, days: 0, person_days: 0, links: 0, deliveries: 0, clicks: 0 },
    });
  });

  it('is nobody that another pixel knows', async () => {
    const pixels = [await speck.addPixel(), await speck.addPixel()];
    for (const id of pixels) {
      await settings(id, { cookie: 'third_party' });
      const cookie = '__Host-speck_id=AAAAAAAAAAAAAAAAAAAAAA';
      await gif({ id, uid: UID, consent: 'granted', 'ud[em]': sha256(MAIL) }, { cookie });
      await stored(id, 1);
    }
    const held = await Promise.all(
      pixels.map(async (id) => [
        ...(await eventsOf(id)).flatMap(({ visitor, person }) => [visitor, person]),
        ...(await rows('SELECT alias FROM person_links WHERE pixel = ?', id)).map(({ alias }) => alias),
      ]),
    );
    expect(held.map(({ length }) => length)).toEqual([4, 4]);
    expect(new Set(held.flat()).size).toBe(8);
  });

  it('is asked for by one name that makes sense', async () => {
    const pixel = await speck.addPixel();
    for (const [query, path] of [
      ['', 'uid'],
      ['?uid=', 'uid'],
      ['?uid=a&em=b', 'uid'],
      [`?em=${encodeURIComponent(MAIL)}`, 'em'],
      [`?uid=${'a'.repeat(257)}`, 'uid'],
      ['?name=x', 'name'],
    ]) {
      for (const method of ['GET', 'DELETE']) {
        const answer = await speck.api(method, `/api/v1/pixels/${pixel}/people${query}`);
        expect(answer.status, query).toBe(400);
        const problem = (await answer.json()) as { errors: { path: string }[] };
        expect(problem.errors[0]?.path).toBe(path);
        expect(JSON.stringify(problem)).not.toContain(MAIL);
      }
    }
    const bad = await speck.api('GET', `/api/v1/pixels/${pixel}/people?uid=a&before=soon`);
    expect(bad.status).toBe(400);
  });
});
