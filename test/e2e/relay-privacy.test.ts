/**
 * What the database holds of someone whose conversions are sent to an advertising network, after each way in which that can end. Every table is
 * dumped, and neither an address, a user agent, an identifier, a hash, a click id nor a secret may be in it as it is, nor in a log line or an export.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServedFakes, serveFakes } from '../../scripts/lib/networks/serve.ts';
import { eventually } from '../eventually.ts';
import { leaksIn } from '../leaks.ts';
import { type Speck, startSpeck } from './harness.ts';

let speck: Speck;
let served: ServedFakes;
beforeAll(async () => {
  served = await serveFakes();
  speck = await startSpeck();
});
afterAll(async () => {
  await speck.close();
  await served.close();
});

const ADDRESS = '198.51.100.23';
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
const UID = 'customer-4711';
const MAIL_HASH = createHash('sha256').update('erika.mustermann@mail.example').digest('hex');
const CLICK = 'IwAR0clickIdOfThisLanding';
const FBP = 'fb.1.1700000000000.1234567890';
const COOKIE = 'qwertyuiopasdfghjklzxc';

/** Nothing of this may be readable anywhere. The secret of the destination is added. */
const RAW = [ADDRESS, AGENT, UID, MAIL_HASH, CLICK, FBP, COOKIE, 'order-token-secret'];

type Row = Record<string, unknown>;

async function rows(sql: string, ...values: unknown[]): Promise<Row[]> {
  return (
    await speck.db
      .prepare(sql)
      .bind(...values)
      .all<Row>()
  ).results;
}

interface Visitor {
  readonly pixel: string;
  readonly path: string;
  readonly secret: string;
}

/** A pixel that sends purchases to Meta. @param isDown whether the network cannot be reached: then they wait. */
async function relayPixel(isDown: boolean, settings: Row = {}): Promise<Visitor> {
  const pixel = await speck.addPixel();
  const fake = served.fakes.get('meta');
  if (!fake) throw new Error('there is no fake');
  fake.reset();
  if (isDown) fake.trouble('down', 100);
  expect(
    (
      await speck.api('PATCH', `/api/v1/pixels/${pixel}`, {
        settings: { cookie: 'first_party', ...settings },
      })
    ).status,
  ).toBe(200);
  const path = `/api/v1/pixels/${pixel}/destinations`;
  const made = await speck.api('POST', path, {
    network: 'meta',
    name: 'Meta',
    account: fake.account,
    secret: fake.secret,
    settings: { host: served.hostOf('meta') },
    rules: [{ event: 'Purchase', as: 'Purchase' }],
  });
  expect(made.status, await made.clone().text()).toBe(201);
  return { pixel, path, secret: fake.secret };
}

type Fields = Readonly<Record<string, string>>;

/** A request of the visitor's browser, from a page of the site. */
function gif(fields: Fields, headers: Fields = {}): Promise<Response> {
  return fetch(`${speck.url}/p.gif?${new URLSearchParams(fields)}`, {
    headers: {
      'user-agent': AGENT,
      'cf-connecting-ip': ADDRESS,
      'accept-language': 'de-AT',
      referer: 'https://site.example/',
      'sec-fetch-site': 'same-site',
      'sec-fetch-mode': 'no-cors',
      cookie: `__Host-speck_id=${COOKIE}`,
      ...headers,
    },
  });
}

/** The visitor lands by an advertisement, and buys. */
async function buy({ pixel }: Visitor): Promise<void> {
  const landing = `https://site.example/?fbclid=${CLICK}&token=order-token-secret`;
  await gif({ id: pixel, dl: landing, consent: 'granted' });
  await gif({
    id: pixel,
    ev: 'Purchase',
    eid: `o-${pixel}`,
    dl: 'https://site.example/thanks?token=order-token-secret',
    consent: 'granted',
    uid: UID,
    'ud[em]': MAIL_HASH,
    'ud[fbp]': FBP,
    'cd[value]': '12.50',
    'cd[currency]': 'EUR',
  });
}

const deliveries = (pixel: string) => rows('SELECT * FROM deliveries WHERE pixel = ?', pixel);

/** Waits until a pixel's delivery is in a state. */
function inState(pixel: string, state: string): Promise<Row> {
  return eventually(async () => {
    const [row] = await deliveries(pixel);
    return row?.['state'] === state && row;
  }, `the delivery to be ${state}`);
}

/** What the owner, a stranger and the visitor can read, with headers: also of requests that fail. */
async function answers({ pixel, path }: Visitor): Promise<Record<string, string>> {
  const [destination] = await rows('SELECT id FROM destinations WHERE pixel = ?', pixel);
  const at = `${path}/${destination?.['id'] ?? 'ds_1111111111111111'}`;
  const ofPixel = `/api/v1/pixels/${pixel}`;
  const owners = [
    ...['/health', '/api/v1/pixels', ofPixel, path, at, `${at}/deliveries`, `${at}/summary`],
    ...[`${ofPixel}/conversions/o-${pixel}`, `${ofPixel}/conversions/none`, `${at}/deliveries?state=none`],
    ...[`${ofPixel}/events`, `${ofPixel}/events?format=csv`, `${ofPixel}/live`, `${ofPixel}/rejections`],
    ...[`${ofPixel}/properties`, `${ofPixel}/people`, `${ofPixel}/people?uid=none`],
  ];
  const written = async (name: string, response: Response): Promise<[string, string]> => [
    name,
    `${JSON.stringify([...response.headers])} ${await response.text()}`,
  ];
  return Object.fromEntries(
    await Promise.all([
      ...owners.map(async (one) => written(one, await speck.api('GET', one))),
      ...['/health', at, `${ofPixel}/events`].map(async (one) =>
        written(`a stranger's ${one}`, await fetch(speck.url + one)),
      ),
      ownPage(pixel).then((response) => written('the page of the visitor', response)),
    ]),
  );
}

let addresses = 0;

/** The visitor's page, by the cookie. An address may ask for it ten times a minute, so each time it is another one. */
const ownPage = (pixel: string, address = `203.0.113.${++addresses}`): Promise<Response> =>
  fetch(`${speck.url}/privacy?id=${pixel}`, {
    headers: {
      'user-agent': AGENT,
      'cf-connecting-ip': address,
      'accept-language': 'en',
      cookie: `__Host-speck_id=${COOKIE}`,
    },
  });

async function expectNothingReadable(visitor: Visitor): Promise<void> {
  const { pixel, secret } = visitor;
  const tables = await rows(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'`,
  );
  const texts = Object.fromEntries(
    await Promise.all(
      tables.map(async ({ name }) => [
        `table ${name}`,
        JSON.stringify(await rows(`SELECT * FROM "${name}"`)),
      ]),
    ),
  ) as Record<string, string>;
  const exported = await speck.api('GET', `/api/v1/pixels/${pixel}/events`);
  const exportText = exported.status === 404 ? '' : await exported.text();
  expect(exportText).not.toMatch(/deliver|fbclid|ds_/);
  const all = {
    ...texts,
    ...(await answers(visitor)),
    'the log': speck
      .logs()
      .map(({ message }) => message)
      .join('\n'),
  };
  expect(await leaksIn(all, [...RAW, secret])).toEqual([]);
}

async function expectNothingWaits(pixel: string): Promise<void> {
  for (const row of await deliveries(pixel)) expect(row['payload']).toBeNull();
}

describe('nothing that identifies can be read of a conversion', () => {
  it('that was delivered', async () => {
    const visitor = await relayPixel(false);
    await buy(visitor);
    const row = await inState(visitor.pixel, 'delivered');
    const fake = served.fakes.get('meta');
    // The network gets it all: otherwise this test would find nothing, whatever is stored.
    const got = JSON.stringify(fake?.counted());
    for (const value of [ADDRESS, AGENT, MAIL_HASH, CLICK, FBP]) expect(got).toContain(value);
    expect(got).not.toContain('order-token-secret');
    expect(row['payload']).toBeNull();
    expect(row['fields']).toContain('client_ip_address');
    await expectNothingReadable(visitor);
    // The visitor sees to whom it went, and the owner as well.
    const page = await (await ownPage(visitor.pixel, ADDRESS)).text();
    expect(page).toContain('Meta (Facebook, Instagram)');
    expect(page).toContain('sent and accepted');
    expect(page).toContain('client_ip_address');
    const person = (await (
      await speck.api('GET', `/api/v1/pixels/${visitor.pixel}/people?uid=${UID}`)
    ).json()) as Row;
    expect(person).toMatchObject({ deliveries: [{ network: 'meta', name: 'Purchase', state: 'delivered' }] });
    for (const value of [...RAW.filter((one) => one !== UID), visitor.secret])
      expect(JSON.stringify(person)).not.toContain(value);
  });

  it('that was refused', async () => {
    const visitor = await relayPixel(false);
    served.fakes.get('meta')?.refuse([`o-${visitor.pixel}`]);
    await buy(visitor);
    const row = await inState(visitor.pixel, 'refused');
    expect(row['payload']).toBeNull();
    expect(String(row['answer'])).not.toContain(ADDRESS);
    await expectNothingReadable(visitor);
  });

  it('that waits, and that expires', async () => {
    const visitor = await relayPixel(true);
    await buy(visitor);
    const row = await inState(visitor.pixel, 'waiting');
    expect(row['payload']).toMatch(/^s1\./);
    expect(await rows('SELECT * FROM clicks WHERE pixel = ?', visitor.pixel)).not.toEqual([]);
    await expectNothingReadable(visitor);
    // A cron run in a week would delete the salts of today, too.
    await rows('UPDATE deliveries SET expires_at = 1 WHERE pixel = ?', visitor.pixel);
    await speck.catchUp(new Date(Date.now() + 2 * 3_600_000));
    await inState(visitor.pixel, 'expired');
    await expectNothingWaits(visitor.pixel);
    await expectNothingReadable(visitor);
  });

  it.each<[string, Fields, Fields, Row?]>([
    ['is withdrawn', { consent: 'denied' }, {}],
    ['asks not to be tracked', {}, { 'sec-gpc': '1' }],
    ['asks so at a pixel that drops such events', {}, { 'sec-gpc': '1' }, { gpc: 'drop' }],
    [
      'has opted out by another browser’s control',
      {},
      { cookie: `__Host-speck_id=${COOKIE}; __Host-speck_optout=1` },
    ],
  ])('whose visitor %s, and nothing is sent', async (_, fields, headers, settings = {}) => {
    const visitor = await relayPixel(true, settings);
    await buy(visitor);
    await inState(visitor.pixel, 'waiting');
    await gif({ id: visitor.pixel, dl: 'https://site.example/', ...fields }, headers);
    await inState(visitor.pixel, 'withdrawn');
    await expectNothingWaits(visitor.pixel);
    expect(await rows('SELECT * FROM clicks WHERE pixel = ?', visitor.pixel)).toEqual([]);
    await expectNothingReadable(visitor);
    served.fakes.get('meta')?.reset();
    await speck.catchUp(new Date(Date.now() + 2 * 3_600_000));
    expect(served.fakes.get('meta')?.counted()).toEqual([]);
  });

  it.each(['', 'from=tag'])('whose visitor opts out, by the form with %j', async (body) => {
    const visitor = await relayPixel(true);
    await buy(visitor);
    await inState(visitor.pixel, 'waiting');
    const answer = await fetch(`${speck.url}/opt-out`, {
      method: 'POST',
      redirect: 'manual',
      body,
      headers: {
        cookie: `__Host-speck_id=${COOKIE}`,
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': 'Other/1.0',
      },
    });
    expect([204, 303]).toContain(answer.status);
    expect(answer.headers.getSetCookie().join()).toContain('__Host-speck_id=;');
    await inState(visitor.pixel, 'withdrawn');
    expect(await rows('SELECT * FROM clicks WHERE pixel = ?', visitor.pixel)).toEqual([]);
    await expectNothingReadable(visitor);
  });

  it('that was being sent when the visitor withdrew the consent, and the visitor is told so', async () => {
    const visitor = await relayPixel(true);
    await buy(visitor);
    // The next try is half a minute away, so that no other one changes the row.
    await eventually(async () => (await deliveries(visitor.pixel))[0]?.['answer'], 'the first try');
    await rows('UPDATE deliveries SET sent_at = 1700000000000 WHERE pixel = ?', visitor.pixel);
    await gif({ id: visitor.pixel, dl: 'https://site.example/', consent: 'denied' });
    await inState(visitor.pixel, 'withdrawn');
    const page = await (await ownPage(visitor.pixel, ADDRESS)).text();
    expect(page).toContain('while it was being sent, so the network may have it');
    expect(page).not.toContain('not sent: you withdrew');
    await expectNothingReadable(visitor);
  });

  it('whose visitor erases it, and the outbox and the ledger are empty', async () => {
    const visitor = await relayPixel(true);
    await buy(visitor);
    await inState(visitor.pixel, 'waiting');
    const answer = await fetch(`${speck.url}/privacy?id=${visitor.pixel}`, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'user-agent': AGENT,
        'cf-connecting-ip': ADDRESS,
        cookie: `__Host-speck_id=${COOKIE}`,
        origin: speck.url,
        'sec-fetch-site': 'same-origin',
      },
    });
    expect(answer.status).toBe(303);
    expect(await deliveries(visitor.pixel)).toEqual([]);
    expect(await rows(`SELECT * FROM clicks WHERE pixel = ? AND person LIKE 'c%'`, visitor.pixel)).toEqual(
      [],
    );
    await expectNothingReadable(visitor);
  });

  it('of a person whom the owner erases, and the outbox and the ledger are empty', async () => {
    const visitor = await relayPixel(true);
    await buy(visitor);
    await inState(visitor.pixel, 'waiting');
    const path = `/api/v1/pixels/${visitor.pixel}/people?uid=${UID}&include_unconfirmed=true`;
    expect(await (await speck.api('DELETE', path)).json()).toMatchObject({
      erased: { events: 2, deliveries: 1, clicks: 1 },
    });
    expect(await deliveries(visitor.pixel)).toEqual([]);
    for (const table of ['clicks', 'withdrawals']) {
      expect(await rows(`SELECT * FROM ${table} WHERE pixel = ?`, visitor.pixel), table).toEqual([]);
    }
    await expectNothingReadable(visitor);
  });

  it('of a pixel that is deleted', async () => {
    const visitor = await relayPixel(true);
    await buy(visitor);
    await inState(visitor.pixel, 'waiting');
    expect((await speck.api('DELETE', `/api/v1/pixels/${visitor.pixel}`)).status).toBe(204);
    for (const table of ['destinations', 'deliveries', 'clicks', 'withdrawals']) {
      expect(await rows(`SELECT * FROM ${table} WHERE pixel = ?`, visitor.pixel), table).toEqual([]);
    }
    await expectNothingReadable(visitor);
  });
});
