/**
 * The whole way of a conversion: from a page with Meta's own pixel and the tag, and from the owner's server, through the real Worker, to Meta's
 * API, which a fake plays over HTTP. Pages and Worker are under `localhost`, where a browser takes cookies that are for https only.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CountedEvent, FakeNetwork } from '../../scripts/lib/networks/fake.ts';
import { type ServedFakes, serveFakes } from '../../scripts/lib/networks/serve.ts';
import type { ConversionsJson, DeliveryJson, DestinationSummaryJson } from '../../src/model/relay-json.ts';
import { META_RELAY_STUB } from '../../src/model/stub.ts';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { launchChromium, USER_AGENT } from './chromium.ts';
import { metaPixelScript, metaPixelSnippet } from './meta-pixel.ts';
import { EVENT_ID } from './shop.ts';
import { eventually, type Site, startSite } from './site.ts';

const SHOP = 'http://www.shop.localhost';
const PX = 'http://px.shop.localhost';
const CLICK = 'IwAR0-click_of_the-advertisement';
const FBP = 'fb.1.1700000000000.1234567890';

let browser: Browser;
let site: Site;
let speck: Speck;
let served: ServedFakes;
let meta: FakeNetwork;
let page: Page;

beforeAll(async () => {
  [site, speck, served] = await Promise.all([startSite(), startSpeck(), serveFakes()]);
  meta = served.fakes.get('meta') as FakeNetwork;
  browser = await launchChromium({
    'px.shop.localhost': Number(new URL(speck.url).port),
    '*.localhost': site.port,
  });
  site.on('/meta.js', () => ({
    headers: { 'content-type': 'text/javascript' },
    body: metaPixelScript(`${SHOP}/tr`),
  }));
  // What Meta's pixel sends from the page.
  site.on('/tr', ({ url: { searchParams } }) => {
    meta.browserEvent(searchParams.get('ev') ?? '', searchParams.get('eid') ?? '', Date.now());
    return { status: 204 };
  });
});
beforeEach(async () => {
  meta.reset();
  const context = await browser.newContext({ userAgent: USER_AGENT, locale: 'en-GB' });
  await context.addCookies([{ name: '_fbp', value: FBP, url: SHOP }]);
  page = await context.newPage();
});
afterEach(() => page.context().close());
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), speck?.close(), served?.close()]);
});

interface Shop {
  readonly pixel: string;
  readonly destination: string;
}

/**
 * A shop whose purchases go to Meta, by its own pixel and by Speck.
 * @param onThanks what the page of thanks reports at once.
 */
async function openShop(consent = 'data-consent="granted"', onThanks = ''): Promise<Shop> {
  const pixel = await speck.addPixel({ url: SHOP });
  await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { cookie: 'first_party' } });
  const added = await speck.api('POST', `/api/v1/pixels/${pixel}/destinations`, {
    network: 'meta',
    name: 'Meta',
    account: meta.account,
    secret: meta.secret,
    settings: { host: served.hostOf('meta') },
    rules: [{ event: 'Purchase', as: 'Purchase' }],
  });
  expect(added.status).toBe(201);
  const { id } = (await added.json()) as { id: string };
  const scripts = `<script>${META_RELAY_STUB}</script>
    <script defer src="${PX}/speck.all.js" data-pixel="${pixel}" data-local data-relay data-alias="fbq" ${consent}></script>
    ${metaPixelSnippet('/meta.js', `fbq('init', '${meta.account}'); fbq('track', 'PageView');`)}`;
  site.page('/landing', `<!doctype html><title>Shop</title>${scripts}`);
  site.page('/thanks', `<!doctype html><title>Shop</title>${scripts}<script>${onThanks}</script>`);
  return { pixel, destination: id };
}

async function read<Body>(path: string): Promise<Body> {
  const response = await speck.api('GET', path);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Body;
}

const rows = async (sql: string, ...values: string[]) =>
  (
    await speck.db
      .prepare(sql)
      .bind(...values)
      .all()
  ).results;

/** Meta's half of the page, once it is there. */
const metaRuns = () =>
  eventually(() => page.evaluate('(window.metaEvents || []).length > 0'), "Meta's own pixel");

/** The click on the advertisement, once Speck has kept it. */
const keptClick = ({ pixel }: Shop) =>
  eventually(async () => (await rows('SELECT * FROM clicks WHERE pixel = ?', pixel))[0], 'the click');

/** The id of the purchase, once its event is stored: one that the snippet or the tag has made. */
async function madeId({ pixel }: Shop): Promise<string> {
  const event = await eventually(
    async () => (await rows("SELECT * FROM events WHERE pixel = ? AND name = 'Purchase'", pixel))[0],
    'the event',
  );
  const id = String(event['eid']);
  expect(id).toMatch(EVENT_ID);
  return id;
}

/** The visitor lands with a click on an advertisement, which Speck has then kept, and goes on to the page of thanks. */
async function landAndBuy(shop: Shop): Promise<void> {
  await page.goto(`${SHOP}/landing?fbclid=${CLICK}`);
  await keptClick(shop);
  await page.goto(`${SHOP}/thanks`);
  await metaRuns();
}

const PURCHASE = { value: 49.9, currency: 'EUR', order_id: 'A-17' };

async function reportFromServer({ pixel }: Shop, eid: string): Promise<void> {
  const response = await speck.api('POST', '/api/v1/events', {
    events: [
      {
        id: pixel,
        ev: 'Purchase',
        dl: `${SHOP}/thanks`,
        eid,
        consent: 'granted',
        cd: PURCHASE,
        ip: '203.0.113.7',
        ua: USER_AGENT,
      },
    ],
  });
  expect(response.status).toBe(202);
}

/** What the ledger says of an event once it is delivered. */
function delivered({ pixel }: Shop, eventId: string): Promise<DeliveryJson> {
  return eventually(async () => {
    await speck.cron();
    const response = await speck.api(
      'GET',
      `/api/v1/pixels/${pixel}/conversions/${encodeURIComponent(eventId)}?name=Purchase`,
    );
    // The event may not be stored yet.
    if (response.status === 404) return null;
    expect(response.status).toBe(200);
    const { conversions } = (await response.json()) as ConversionsJson;
    const delivery = conversions[0]?.deliveries[0];
    return delivery && delivery.state !== 'waiting' && delivery;
  }, 'the delivery');
}

const purchases = (): CountedEvent[] => meta.counted().filter(({ name }) => name === 'Purchase');

/** All that is in the database, as text. */
async function everything(): Promise<string> {
  const tables = await rows(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
  );
  const contents = await Promise.all(tables.map(({ name }) => rows(`SELECT * FROM "${name}"`)));
  return JSON.stringify(contents);
}

test('a purchase that the page reports has one id at Speck, in Meta’s own pixel and at Meta, which counts it once', async () => {
  const shop = await openShop();
  await landAndBuy(shop);
  await page.evaluate((data) => window.fbq('track', 'Purchase', data), PURCHASE);

  const id = await madeId(shop);
  expect(await delivered(shop, id)).toMatchObject({
    state: 'delivered',
    destination: shop.destination,
    sent_as: 'Purchase',
    has_eid: true,
    on_page: true,
    reported: ['browser'],
  });

  await eventually(() => meta.arrivals().get(id) === 2, 'both reports at Meta');
  expect(purchases()).toHaveLength(1);
  expect(purchases()[0]).toMatchObject({ id });
  expect(
    await read<DestinationSummaryJson>(
      `/api/v1/pixels/${shop.pixel}/destinations/${shop.destination}/summary?days=7`,
    ),
  ).toMatchObject({ sent: 1, on_page: 1, deduplicable: 1, doubled: 0, server_only: 0 });
});

test.each([
  ['fbq', `fbq('track', 'Purchase', { value: 49.9, currency: 'EUR' })`],
  [
    'speck',
    // What a page does that calls Meta's pixel under a name that the snippet does not know.
    `new Image().src = '${SHOP}/tr?ev=Purchase&eid=' + speck('track', 'Purchase', { value: 49.9, currency: 'EUR' })`,
  ],
])(
  'a purchase that the page of thanks reports before the tag runs has one id everywhere: by %s',
  async (_, report) => {
    const shop = await openShop(undefined, report);
    await page.goto(`${SHOP}/landing?fbclid=${CLICK}`);
    await keptClick(shop);
    // Meta's script is there long before the tag.
    await page.route('**/speck.all.js', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return route.continue();
    });
    await page.goto(`${SHOP}/thanks`);
    const id = await madeId(shop);
    const delivery = await delivered(shop, id);
    expect(delivery).toMatchObject({ state: 'delivered', has_eid: true });
    expect(delivery.fields.map(({ name }) => name)).toContain('user_data.fbc');
    await eventually(() => meta.arrivals().get(id) === 2, 'both reports at Meta');
    expect(purchases()).toHaveLength(1);
  },
);

test('Meta is told of the click if the visitor consents on the page of the landing, after a navigation within it', async () => {
  const shop = await openShop('');
  await page.goto(`${SHOP}/landing?fbclid=${CLICK}`);
  await metaRuns();
  await page.evaluate(() => history.pushState(null, '', '/article'));
  await eventually(
    async () => (await rows('SELECT id FROM events WHERE pixel = ?', shop.pixel)).length === 2,
    'both page views',
  );
  expect(await rows('SELECT * FROM clicks WHERE pixel = ?', shop.pixel)).toEqual([]);
  expect(await everything()).not.toContain(CLICK);
  await page.evaluate(() => window.speck('consent', 'granted'));
  await keptClick(shop);
  const id = String(await page.evaluate((data) => window.speck('track', 'Purchase', data), PURCHASE));
  const { fields } = await delivered(shop, id);
  expect(fields.map(({ name }) => name)).toContain('user_data.fbc');
});

test('Meta is told of the click that led to it, and of its own cookie', async () => {
  const shop = await openShop();
  await landAndBuy(shop);
  // Only Speck reports it, so that what it has sent is what is counted.
  const id = String(await page.evaluate((data) => window.speck('track', 'Purchase', data), PURCHASE));
  const { fields } = await delivered(shop, id);
  expect(fields.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['user_data.fbc', 'user_data.fbp', 'user_data.client_user_agent']),
  );
  expect(purchases()).toMatchObject([
    {
      from: 'server',
      event: {
        event_id: id,
        event_source_url: `${SHOP}/thanks`,
        user_data: {
          fbc: expect.stringMatching(new RegExp(`^fb\\.1\\.\\d{13}\\.${CLICK}$`)),
          fbp: FBP,
          client_user_agent: USER_AGENT,
        },
        custom_data: { value: 49.9, currency: 'EUR' },
      },
    },
  ]);
});

test.each(['the page', 'the server'])(
  'a purchase that the page and the server report under one id is one everywhere: first %s',
  async (first) => {
    const shop = await openShop();
    await landAndBuy(shop);
    const id = `A-17-${first === 'the page' ? 'p' : 's'}4kq9x2`;
    const reports = [
      () =>
        page.evaluate(([data, eventID]) => window.fbq('track', 'Purchase', data, { eventID }), [
          PURCHASE,
          id,
        ] as const),
      () => reportFromServer(shop, id),
    ];
    const reported = async () =>
      (await rows('SELECT reported FROM deliveries WHERE pixel = ? AND event_id = ?', shop.pixel, id))[0]?.[
        'reported'
      ];
    const [one, other] = (first === 'the page' ? reports : reports.reverse()) as [
      () => unknown,
      () => unknown,
    ];
    await one();
    await eventually(reported, 'the first report');
    await other();
    await eventually(async () => (await reported()) === 3, 'both reports');

    expect(await delivered(shop, id)).toMatchObject({ state: 'delivered', has_eid: true });
    const { conversions } = await read<ConversionsJson>(
      `/api/v1/pixels/${shop.pixel}/conversions/${id}?name=Purchase`,
    );
    expect(conversions).toMatchObject([
      {
        name: 'Purchase',
        has_eid: true,
        reported: ['browser', 'server'],
        event: { page: 'www.shop.localhost/thanks', value: 49.9, currency: 'EUR' },
        deliveries: [{ state: 'delivered', answer: { status: 200 } }],
      },
    ]);
    await eventually(() => meta.arrivals().get(id) === 2, 'both reports at Meta');
    expect(purchases()).toHaveLength(1);
    expect(
      await rows("SELECT id FROM events WHERE pixel = ? AND name = 'Purchase'", shop.pixel),
    ).toHaveLength(1);
  },
);

test('with the consent withdrawn between click and purchase, nothing is sent and nothing is left', async () => {
  const shop = await openShop();
  await landAndBuy(shop);
  await page.evaluate(() => window.fbq('consent', 'revoke'));
  await eventually(
    async () => (await rows('SELECT * FROM clicks WHERE pixel = ?', shop.pixel)).length === 0,
    'no click',
  );
  const id = await page.evaluate((data) => {
    window.fbq('track', 'Purchase', data);
    return window.speck('track', 'Purchase', data);
  }, PURCHASE);
  expect(id).toBeUndefined();
  await eventually(
    async () =>
      (await rows("SELECT id FROM events WHERE pixel = ? AND name = 'Purchase'", shop.pixel)).length === 2,
    'both events',
  );
  await speck.cron();
  await page.waitForTimeout(300);
  expect(await rows('SELECT * FROM deliveries WHERE pixel = ?', shop.pixel)).toEqual([]);
  expect(await rows('SELECT * FROM clicks WHERE pixel = ?', shop.pixel)).toEqual([]);
  expect(purchases()).toEqual([]);
  expect([...meta.arrivals().values()].every((count) => count === 1)).toBe(true);
  const left = await everything();
  for (const trace of [CLICK, FBP, USER_AGENT, '203.0.113.7', meta.secret]) {
    expect(left).not.toContain(trace);
  }
});

test('what waits when the consent is withdrawn is not sent, and nothing of it is left', async () => {
  const shop = await openShop();
  meta.trouble('down', 50);
  await landAndBuy(shop);
  const id = String(await page.evaluate((data) => window.speck('track', 'Purchase', data), PURCHASE));
  const delivery = async () =>
    (await rows('SELECT * FROM deliveries WHERE pixel = ? AND event_id = ?', shop.pixel, id))[0];
  await eventually(delivery, 'the conversion');
  await page.evaluate(() => window.speck('consent', 'denied'));
  await eventually(async () => (await delivery())?.['state'] === 'withdrawn', 'its end');
  meta.trouble('down', 0);
  await speck.cron();
  expect(await delivery()).toMatchObject({ state: 'withdrawn', payload: null, fields: null, answer: null });
  expect(purchases()).toEqual([]);
  const left = await everything();
  for (const trace of [CLICK, FBP, USER_AGENT]) expect(left).not.toContain(trace);
});
