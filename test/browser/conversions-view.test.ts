/** The view Conversions in a real Chromium: destinations are added, tested, changed and deleted, and the ledger says what became of each conversion. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServedFakes, serveFakes } from '../../scripts/lib/networks/serve.ts';
import type { DestinationJson } from '../../src/model/relay-json.ts';
import { type Speck, startSpeck } from '../e2e/harness.ts';
import { overflow, violations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { openPage, settles, signIn, type Watched } from './dashboard.ts';

const ACCOUNT = '1234567890123456';
const SECRET = 'EAAfakeMetaToken0123456789abcdef';
const GOALS = [
  { name: 'Paid', event: 'Purchase' },
  { name: 'Signed up', event: 'Signup' },
];

let speck: Speck;
let browser: Browser;
let fakes: ServedFakes;
let session: Awaited<ReturnType<BrowserContext['storageState']>>;
let watched: Watched;
let page: Page;
let pixel: string;

beforeAll(async () => {
  fakes = await serveFakes();
  speck = await startSpeck();
  browser = await launchChromium();
  const signedIn = await openPage(browser, speck);
  await signIn(signedIn.page, speck);
  session = await signedIn.page.context().storageState();
  await signedIn.close();
});
afterAll(async () => {
  await browser?.close();
  await speck?.close();
  await fakes?.close();
});
beforeEach(async () => {
  watched = await openPage(browser, speck, { storageState: session });
  page = watched.page;
  pixel = await speck.addPixel({ name: 'Teas' });
  await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { goals: GOALS } });
});

afterEach(async () => {
  await watched.close();
  expect(watched.wrong).toEqual([]);
});

const api = (): string => `/api/v1/pixels/${pixel}/destinations`;

async function addDestination(change: object = {}): Promise<DestinationJson> {
  const response = await speck.api('POST', api(), {
    network: 'meta',
    name: 'The shop',
    account: ACCOUNT,
    secret: SECRET,
    rules: [{ event: 'Purchase', as: 'Purchase' }],
    settings: { host: fakes.hostOf('meta') },
    ...change,
  });
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as DestinationJson;
}

const destinations = async (): Promise<readonly DestinationJson[]> =>
  ((await (await speck.api('GET', api())).json()) as { destinations: DestinationJson[] }).destinations;

/** A row of the ledger; what is left out is that of a conversion that was delivered, reported by the page and the server. */
interface Row {
  readonly event_id: string;
  readonly name?: string;
  readonly sent_as?: string;
  readonly state?: string;
  readonly minutesAgo?: number;
  readonly has_eid?: 0 | 1;
  readonly reported?: number;
  readonly on_page?: 0 | 1;
  readonly fields?: readonly { name: string; hashed: boolean }[] | null;
  readonly answer?: object | null;
}

const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

const FIELDS = [
  { name: 'user_data.em[0]', hashed: true },
  { name: 'user_data.client_user_agent', hashed: false },
  { name: 'event_id', hashed: false },
];
const OK = { status: 200, code: '', message: '', trace: 'Trace-of-Meta', advice: '' };

async function addDeliveries({ id }: DestinationJson, rows: readonly Row[]): Promise<void> {
  const now = Date.now();
  for (const { minutesAgo = 5, ...row } of rows) {
    const ts = now - minutesAgo * 60_000;
    const isSent = (row.state ?? 'delivered') === 'delivered' || row.state === 'refused';
    const values = {
      destination: id,
      name: row.name ?? 'Purchase',
      event_id: row.event_id,
      pixel,
      ts,
      id: row.event_id,
      person: '',
      visitor: 'hash',
      sent_as: row.sent_as ?? 'Purchase',
      has_eid: row.has_eid ?? 1,
      reported: row.reported ?? 3,
      on_page: row.on_page ?? 1,
      state: row.state ?? 'delivered',
      queued_at: ts,
      due_at: ts,
      expires_at: now + 86_400_000,
      tries: isSent ? 1 : 0,
      sent_at: isSent ? ts + 4000 : null,
      fields: isSent ? JSON.stringify(row.fields ?? FIELDS) : null,
      answer: row.answer === null || !isSent ? null : JSON.stringify(row.answer ?? OK),
    };
    await speck.db
      .prepare(
        `INSERT INTO deliveries (${Object.keys(values).join(', ')}) VALUES (${Object.keys(values)
          .map(() => '?')
          .join(', ')})`,
      )
      .bind(...Object.values(values))
      .run();
  }
}

const REFUSED: Row = {
  event_id: 'ord-2',
  state: 'refused',
  answer: {
    status: 400,
    code: '2804009',
    message: 'A purchase has no currency',
    trace: 'AbC9dEfGh1',
    advice: 'Send cd[currency] with each Purchase',
  },
};

const open = async (path = ''): Promise<void> => {
  await page.goto(`${speck.url}/app/${pixel}/conversions${path}`);
  await page.waitForSelector('h1');
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"], .loading') === null);
};
const sentences = (): Promise<string[]> =>
  page.$$eval('.sentence', (all) => all.map((one) => one.textContent ?? ''));
const ledger = (): Promise<string[]> =>
  page.$$eval('.ledger li', (all) =>
    all.map((one) => `${one.querySelector('.id')?.textContent} ${one.querySelector('.state')?.textContent}`),
  );
const focused = (): Promise<string> =>
  page.evaluate(
    () =>
      document.activeElement?.getAttribute('aria-label') ??
      (document.activeElement as HTMLInputElement).labels?.[0]?.textContent ??
      document.activeElement?.textContent ??
      '',
  );

it('is loaded when it is opened, and says what it is before anything is sent', async () => {
  const scripts: string[] = [];
  const note = (request: { url(): string }): unknown => scripts.push(new URL(request.url()).pathname);
  page.on('request', note);
  await page.goto(`${speck.url}/app/${pixel}/settings`);
  await page.waitForSelector('nav >> text=Conversions');
  expect(scripts.filter((path) => path.includes('conversions') || path.includes('destinations'))).toEqual([]);
  await page.click('nav >> text=Conversions');
  await page.waitForSelector('.intro');
  expect(scripts.filter((path) => path.includes('assets/conversions'))).toHaveLength(1);
  page.off('request', note);
  const text = (await page.textContent('.intro p')) ?? '';
  expect(text.split('. ')).toHaveLength(3);
  expect(text).toMatch(/consent/);
  expect(text).toMatch(/Nothing is sent by default/);
  expect(await violations(page)).toEqual([]);
  await page.click('main a:text-is("Add a destination")');
  await page.waitForSelector('h1:has-text("Add a destination")');
});

describe('the form', () => {
  const CELL = (row: number, column: number): string =>
    `.rules tbody tr:nth-child(${row}) td:nth-child(${column})`;

  it('adds a destination, and shows what is wrong at its field', async () => {
    await open('/new');
    await page.check('label:has-text("Meta") input');
    expect(await page.inputValue('label:text-is("Name") + input')).toBe('Meta');
    await page.fill('label:text-is("Dataset ID") + input', 'the shop');
    await page.fill('label:text-is("Access token") + input', SECRET);
    // The first row is the purchase, under the network's name of it.
    expect(await page.inputValue(`${CELL(1, 1)} select`)).toBe('event:Purchase');
    expect(await page.inputValue(`${CELL(1, 2)} select`)).toBe('as:Purchase');
    await page.click('text=+ Add an event or a goal');
    await settles(focused, 'Event or goal, row 2');
    await page.selectOption(`${CELL(2, 1)} select`, { label: 'Signed up' });
    await page.selectOption(`${CELL(2, 2)} select`, { label: 'Another name…' });
    await page.fill(`${CELL(2, 2)} input`, 'Signed/up');
    await page.click('form button[type=submit]');
    await settles(focused, 'Dataset ID');
    const wrong = await page.$$eval('[aria-invalid]', (all) =>
      all.map((one) => [
        (one as HTMLInputElement).value,
        document.getElementById(one.getAttribute('aria-describedby') ?? '')?.textContent ?? '',
      ]),
    );
    expect(wrong.map(([value]) => value)).toEqual(['the shop', 'Signed/up']);
    expect(wrong[0]?.[1]).toContain('This is not a valid Dataset ID of Meta');
    expect(wrong[1]?.[1]).toContain('A standard event of Meta');
    expect(await page.$('form > .error')).toBeNull();
    expect(await violations(page)).toEqual([]);

    await page.fill('label:text-is("Dataset ID") + input', ACCOUNT);
    await page.fill(`${CELL(2, 2)} input`, 'Signed up');
    await page.click('form button[type=submit]');
    await page.waitForSelector('h1:text-is("Meta")');
    const [added] = await destinations();
    expect(page.url()).toContain(`/conversions/${added?.id}`);
    expect(added).toMatchObject({
      network: 'meta',
      account: ACCOUNT,
      mode: 'live',
      state: 'on',
      settings: {},
      rules: [
        { event: 'Purchase', as: 'Purchase' },
        { goal: 'Signed up', as: 'Signed up' },
      ],
    });
    // Nothing is asked about when one leaves, and nothing is left of it.
    await page.click('main >> text=← Conversions');
    await page.click('main a:text-is("Add a destination")');
    await page.check('label:has-text("Meta") input');
    expect(await page.inputValue('label:text-is("Dataset ID") + input')).toBe('');
  });

  it('takes a key file with its lines, and keeps all that is typed when Speck cannot be reached', async () => {
    const file = `${JSON.stringify({ type: 'service_account', client_email: 'a@b.iam.gserviceaccount.com' }, null, 2)}\n`;
    await open('/new');
    await page.check('label:has-text("Google Ads") input');
    const secret = page.locator('input[type=password]');
    await secret.focus();
    await page.evaluate((text) => navigator.clipboard.writeText(text), file);
    await page.keyboard.press('ControlOrMeta+v');
    // An input has one line, and JSON needs no other.
    expect(JSON.parse(await secret.inputValue())).toEqual(JSON.parse(file));
    // Neither what the browser knows of this site is put there, nor is it asked to keep what is.
    expect(await secret.getAttribute('autocomplete')).toBe('new-password');

    await page.check('label:has-text("Meta") input');
    await page.fill('label:text-is("Dataset ID") + input', ACCOUNT);
    await page.fill('label:text-is("Access token") + input', SECRET);
    const isDestinations = (url: URL): boolean => url.pathname.endsWith('/destinations');
    await page.route(isDestinations, (route) => route.abort());
    await page.click('form button[type=submit]');
    await page.waitForSelector('form .error:has-text("Speck cannot be reached")');
    await settles(focused, 'Add Meta');
    expect(await page.inputValue('label:text-is("Access token") + input')).toBe(SECRET);
    await page.unroute(isDestinations);
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1:text-is("Meta")');
    await settles(focused, 'Meta');
    // The same account once more is an error of that field.
    await open('/new?network=meta');
    await page.fill('label:text-is("Dataset ID") + input', ACCOUNT);
    await page.fill('label:text-is("Access token") + input', SECRET);
    await page.click('form button[type=submit]');
    await settles(focused, 'Dataset ID');
    await page.waitForSelector('.field:has-text("Dataset ID") .worse:has-text("already")');
  });

  it('never shows a secret, and replaces it only if another is typed', async () => {
    const { id, secret_at } = await addDestination();
    const bodies: string[] = [];
    const note = async (response: { url(): string; text(): Promise<string> }): Promise<void> => {
      if (response.url().includes('/api/')) bodies.push(await response.text().catch(() => ''));
    };
    page.on('response', note);
    await open(`/${id}/edit`);
    expect(await page.inputValue('label:has-text("Replace: Access token") + input')).toBe('');
    await page.fill('label:text-is("Name") + input', 'The tea shop');
    await page.click('main button:text-is("Save")');
    await page.waitForSelector('h1:text-is("The tea shop")');
    expect((await destinations())[0]).toMatchObject({ secret_at, name: 'The tea shop' });
    await open(`/${id}/edit`);
    await page.fill('label:has-text("Replace: Access token") + input', `${SECRET}2`);
    await page.click('main button:text-is("Save")');
    await page.waitForSelector('h1:text-is("The tea shop")');
    expect((await destinations())[0]?.secret_at).not.toBe(secret_at);
    page.off('response', note);
    expect(bodies.length).toBeGreaterThan(3);
    expect(bodies.filter((body) => body.includes(SECRET))).toEqual([]);
    expect(await page.content()).not.toContain(SECRET);
  });

  it('keeps what is typed until one gives it up, and undoes nobody else’s change', async () => {
    const { id } = await addDestination();
    await open(`/${id}/edit`);
    await page.fill('label:text-is("Name") + input', 'Mine');
    await page.click('nav >> text=Live');
    await page.waitForSelector('dialog:has-text("Unsaved changes")');
    await page.click('dialog >> text=Stay');
    // Another field than the one that somebody else changes.
    await speck.api('PATCH', `${api()}/${id}`, { mode: 'test', test_code: 'TEST1' });
    await page.click('main button:text-is("Save")');
    await page.waitForSelector('h1:text-is("Mine")');
    expect((await destinations())[0]).toMatchObject({ name: 'Mine', mode: 'test', test_code: 'TEST1' });
    // The same field.
    await open(`/${id}/edit`);
    await page.fill('label:text-is("Name") + input', 'Mine again');
    await speck.api('PATCH', `${api()}/${id}`, { name: 'Theirs' });
    await page.click('main button:text-is("Save")');
    await page.waitForSelector('.error:has-text("“Name” is another one now.")');
    expect((await destinations())[0]?.name).toBe('Theirs');
    await page.click('main button:text-is("Save")');
    await page.waitForSelector('h1:text-is("Mine again")');
    await open(`/${id}/edit`);
    await page.fill('label:text-is("Name") + input', 'Given up');
    await page.click('main >> text=Cancel');
    await page.waitForSelector('h1:text-is("Mine again")');
  });

  it('says what a pixel without a cookie means, and what the snippet needs', async () => {
    await open('/new');
    await page.check('label:has-text("Meta") input');
    await page.waitForSelector('form >> text=This pixel sets no cookie');
    await page.waitForSelector('form code:text-is("data-relay")');
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { cookie: 'first_party' } });
    await open('/new');
    await page.check('label:has-text("Meta") input');
    await page.waitForSelector('form code:text-is("data-relay")');
    expect(await page.$('text=This pixel sets no cookie')).toBeNull();
  });

  it('works by keyboard alone', async () => {
    await open('/new');
    await page.focus('label:has-text("Meta") input');
    await page.keyboard.press('ArrowDown');
    const chosen = await page.$eval('.networks :checked', (one) => one.parentElement?.textContent ?? '');
    expect(chosen).not.toBe('Meta');
    await page.waitForSelector(`form h2:text-is("${chosen}")`);
    await page.keyboard.press('ArrowUp');
    await page.waitForSelector('form h2:text-is("Meta")');
    await page.focus('text=+ Add an event or a goal');
    await page.keyboard.press('Enter');
    await settles(focused, 'Event or goal, row 2');
    await page.focus('[aria-label="Remove row 2"]');
    await page.keyboard.press('Enter');
    // The focus goes to the row that is left, and the last row stays.
    await settles(focused, 'Event or goal, row 1');
    expect(await page.$('[aria-label^="Remove row"]')).toBeNull();
  });
});

describe('a test event', () => {
  it('shows what the network answered', async () => {
    const { id } = await addDestination({ test_code: 'TEST1' });
    await open(`/${id}`);
    await page.click('text=Send a test event');
    await page.waitForSelector('.result.good:has-text("Meta accepted the test event.")');
    await page.click('.result >> text=Fields that were sent');
    await page.waitForSelector('.result .tag:has-text("hashed")');
    expect(await violations(page)).toEqual([]);
    fakes.fakes.get('meta')?.trouble('revoked');
    await page.click('text=Send a test event');
    await page.waitForSelector('.result.bad:has-text("Meta does not accept this destination.")');
    await page.waitForSelector('.result.bad:has-text("What to do:")');
    expect(await violations(page)).toEqual([]);
  });

  it('is not sent where the network would count it', async () => {
    const { id } = await addDestination();
    await open(`/${id}`);
    await page.waitForSelector('text=Without a test code');
    expect(await page.isDisabled('button:has-text("Send a test event")')).toBe(true);
  });
});

describe('the list', () => {
  it('says how each destination is, and leads to it', async () => {
    const one = await addDestination({ name: 'The shop' });
    const two = await addDestination({ name: 'Stopped', account: '12345' });
    const three = await addDestination({ name: 'Off', account: '123456', state: 'off' });
    await addDeliveries(one, [
      { event_id: 'ord-1' },
      REFUSED,
      { event_id: 'ord-3', has_eid: 0, reported: 1 },
      { event_id: 'ord-4', on_page: 0 },
    ]);
    await speck.db
      .prepare(`UPDATE destinations SET state = 'stopped', problem = ? WHERE id = ?`)
      .bind(
        JSON.stringify({
          ...{ status: 400, code: '2635', message: 'Meta answered 400: its version v20.0 has ended' },
          ...{ advice: 'Set a newer one', at: 1, retry_at: null },
        }),
        two.id,
      )
      .run();
    await open();
    const cards = await page.$$eval('.destination', (all) =>
      all.map((card) => [
        card.querySelector('h2')?.textContent,
        card.querySelector('.lit')?.textContent,
        ...[...card.querySelectorAll('.sentence')].map((sentence) => sentence.textContent),
      ]),
    );
    expect(cards).toEqual([
      [
        'Stopped',
        'Stopped',
        'Stopped: Meta answered 400: its version v20.0 has ended. Set a newer one.',
        'No conversions in the last 7 days.',
      ],
      [
        'The shop',
        'Needs attention',
        'Delivered 3 of 4.',
        '1 refused: A purchase has no currency. Send cd[currency] with each Purchase.',
        "1 conversion had no event id while Meta's own pixel was on the page: Meta counts it twice. Add data-relay to the snippet.",
      ],
      [
        'Off',
        'Off',
        'Nothing is sent, and nothing is kept to be sent later.',
        'No conversions in the last 7 days.',
      ],
    ]);
    await page.click('.destination a >> nth=0');
    await page.waitForSelector('h1:text-is("Stopped")');
    await page.click('main >> text=Start again');
    await page.waitForSelector('.lit:text-is("On, nothing to send")');
    expect((await destinations()).map(({ state }) => state)).toEqual(['on', 'on', 'off']);
    await page.goBack();
    await page.waitForSelector(`.destination a[href$="${three.id}"]`);
  });

  it('says why what waits is sent later, what waits in vain, and why there is nothing to send', async () => {
    const late = await addDestination({ name: 'Late' });
    const vain = await addDestination({ name: 'Vain', account: '12345' });
    const gone = await addDestination({
      name: 'Gone',
      account: '123456',
      rules: [{ goal: 'Paid', as: 'Purchase' }],
    });
    const silent = await addDestination({ name: 'Silent', account: '1234567' });
    await addDeliveries(late, [{ event_id: 'ord-1', state: 'waiting' }]);
    await addDeliveries(vain, [REFUSED]);
    await speck.db
      .prepare('UPDATE destinations SET failures = 3, retry_at = ?1, problem = ?2 WHERE id = ?3')
      .bind(
        Date.now() + 600_000,
        JSON.stringify({
          ...{ status: 429, code: '', message: 'Too many requests', advice: '' },
          ...{ at: Date.now(), retry_at: Date.now() + 600_000 },
        }),
        late.id,
      )
      .run();
    await speck.api('PATCH', `/api/v1/pixels/${pixel}`, { settings: { goals: GOALS.slice(1) } });
    await open();
    const cards = await page.$$eval('.destination', (all) =>
      all.map((card) => [
        card.querySelector('h2')?.textContent,
        card.getAttribute('data-tone'),
        card.querySelector('.lit')?.textContent,
        card.querySelector('.sentence')?.textContent,
      ]),
    );
    expect(cards).toEqual([
      [
        'Late',
        'trouble',
        'Trying again',
        expect.stringMatching(
          /^Meta answered 429: Too many requests\. 1 waits; the next try is at .+, in (9|10) minutes\.$/,
        ),
      ],
      ['Gone', 'trouble', 'Needs attention', expect.stringContaining('no goal “Paid” any more')],
      ['Vain', 'bad', 'Nothing delivered', 'Delivered none of 1.'],
      ['Silent', 'idle', 'On, nothing to send', 'No conversions in the last 7 days.'],
    ]);
    expect(await violations(page)).toEqual([]);
    // What came in without consent is counted as well, or the owner looks for a fault in the name.
    await page.click(`a[href$="${silent.id}"]:text-is("Why nothing is sent")`);
    await page.waitForSelector('li:has-text("No events named “Purchase” came in")');
    await page.goto(`${speck.url}/app/${pixel}/conversions`);
    await speck.api('POST', '/api/v1/events', {
      events: [{ id: pixel, ev: 'Purchase', ip: '192.0.2.7', ua: USER_AGENT, dl: '/thanks' }],
    });
    await open(`/${silent.id}`);
    await page.waitForSelector('li:has-text("1 event named “Purchase” came in within 7 days, and none")');
    expect(await violations(page)).toEqual([]);
    await open(`/${gone.id}`);
    await page.waitForSelector('#silence');
  });

  it('keeps what it knows while Speck cannot be reached', async () => {
    const destination = await addDestination();
    await addDeliveries(destination, [{ event_id: 'ord-1' }]);
    await page.clock.install();
    await open();
    await settles(sentences, ['Delivered the only conversion.']);
    // All of it: any answer would end the outage.
    const isApi = (url: URL): boolean => url.pathname.startsWith('/api/');
    await page.route(isApi, (route) => route.abort());
    await page.clock.fastForward(61_000);
    await page.waitForSelector('.age:has-text("Numbers of")');
    expect(await sentences()).toEqual(['Delivered the only conversion.']);
    expect(await violations(page)).toEqual([]);
    await page.unroute(isApi);
    await page.click('text=Try now');
    await page.waitForFunction(() => document.querySelector('.age') === null);
  });
});

describe('a destination', () => {
  it('shows its numbers, reasons and match keys', async () => {
    const destination = await addDestination();
    await addDeliveries(destination, [
      { event_id: 'ord-1' },
      { event_id: 'ord-5', fields: FIELDS.slice(1) },
      REFUSED,
      { event_id: 'ord-3', state: 'waiting' },
      { event_id: 'ord-4', state: 'withdrawn' },
    ]);
    await open(`/${destination.id}`);
    const numbers = await page.$$eval('.numbers > div', (all) =>
      all.map((one) => [...one.children].map((part) => part.textContent)),
    );
    expect(numbers).toEqual([
      ['Delivered', '2'],
      ['Refused', '1'],
      ['Waiting', '1'],
      ['Expired', '0'],
      ['Withdrawn', '1'],
      ['Deduplicable', '2 of 2', "that Meta's own pixel reports as well: both have the same event id"],
      ['Median delay', '4s', 'from the event to the delivery; 95 of 100 within 4s'],
    ]);
    // Each day with all numbers, for those who do not see the bars.
    const trend = (await page.getAttribute('.trend [role=img]', 'aria-label')) ?? '';
    expect(trend.split('; ')).toHaveLength(8);
    expect(trend).toMatch(/: \d+ delivered, \d+ not delivered, \d+ waiting$/);
    const bars = await page.$$eval('.trend rect', (all) => all.map((one) => one.getAttribute('class')));
    expect([...new Set(bars)].toSorted()).toEqual(['shade0', 'shade1', 'shade2']);
    await page.waitForSelector(
      '.refusal:has-text("Meta answered 400, code 2804009: A purchase has no currency.")',
    );
    await page.waitForSelector('.refusal:has-text("What to do: Send cd[currency]")');
    const keys = await page.$$eval('.keys-present tbody tr', (all) =>
      all.map((row) => [row.querySelector('.label')?.textContent, row.querySelector('td')?.textContent]),
    );
    expect(keys).toEqual([
      ['user_data.client_user_agent', '100%'],
      ['user_data.em[0]hashed', '50%'],
    ]);
  });

  it('has a ledger, the newest first, by state and in parts', async () => {
    const destination = await addDestination();
    await addDeliveries(
      destination,
      Array.from({ length: 53 }, (_, index) => ({ event_id: `ord-${index}`, minutesAgo: index + 1 })),
    );
    await addDeliveries(destination, [{ ...REFUSED, event_id: 'no', minutesAgo: 90 }]);
    await open(`/${destination.id}`);
    expect((await ledger()).slice(0, 2)).toEqual(['ord-0 Delivered', 'ord-1 Delivered']);
    expect(await ledger()).toHaveLength(50);
    await page.click('text=Load more');
    await settles(async () => (await ledger()).length, 54);
    expect((await ledger()).slice(-2)).toEqual(['ord-52 Delivered', 'no Refused']);
    expect(await page.$('text=Load more')).toBeNull();
    // A conversion, and Back to where one was.
    await page.click('.ledger li:nth-child(3) a >> nth=-1');
    await page.waitForSelector('.halves');
    await page.goBack();
    await settles(async () => (await ledger()).length, 54);

    await page.selectOption('main label:has-text("State") select', { label: 'Refused' });
    await settles(ledger, ['no Refused']);
    expect(page.url()).toContain('?state=refused');
    await page.reload();
    await settles(ledger, ['no Refused']);
    // What only this page has in its address does not come along.
    expect(await page.getAttribute('nav >> text=Statistics', 'href')).toBe(`/app/${pixel}`);
    await page.selectOption('main label:has-text("State") select', { label: 'Expired' });
    await page.waitForSelector('.empty:has-text("No conversions in the state Expired")');
  });

  it('is switched off with what waits only after a question, and deleted after another', async () => {
    const destination = await addDestination();
    await open(`/${destination.id}`);
    await page.click('main >> text=Switch off');
    await page.waitForSelector('.lit:text-is("Off")');
    await page.click('main >> text=Switch on');
    await page.waitForSelector('.lit:text-is("On, nothing to send")');
    await addDeliveries(destination, [{ event_id: 'ord-1', state: 'waiting' }]);
    await page.reload();
    // By keyboard: the focus is on what does nothing, and comes back.
    await page.focus('main button:text-is("Switch off")');
    await page.keyboard.press('Enter');
    await settles(focused, 'Keep it on');
    await page.keyboard.press('Enter');
    await settles(focused, 'Switch off');
    expect((await destinations())[0]?.state).toBe('on');
    await page.click('main button:text-is("Switch off")');
    await page.click('text=Switch off, and drop the 1 that waits');
    await page.waitForSelector('.lit:text-is("Off")');
    await settles(ledger, ['ord-1 Refused']);
    await page.click('main button:text-is("Delete")');
    await page.click('text=Keep it');
    await page.click('main button:text-is("Delete")');
    await page.click('text=Delete it with its ledger');
    await page.waitForSelector('.intro');
    expect(await destinations()).toEqual([]);
  });
});

describe('one conversion', () => {
  it('shows both halves, what was sent, and what the network answered', async () => {
    const destination = await addDestination();
    await addDeliveries(destination, [REFUSED]);
    await open(`/${destination.id}`);
    await page.click('.ledger a');
    await page.waitForSelector('.halves');
    expect(await page.textContent('h1')).toBe('Purchase');
    const halves = await page.$$eval('.half', (all) => all.map((half) => half.textContent ?? ''));
    expect(halves[0]).toContain('Yes, by the tag');
    expect(halves[0]).toContain('ord-2');
    expect(halves[0]).toContain('Meta: on the page');
    expect(halves[1]).toContain('Yes, with a token');
    expect(halves[1]).toContain('so Speck counts the event once');
    const delivery = (await page.textContent('.delivery')) ?? '';
    for (const text of [
      'Refused',
      '1 try',
      'Meta refused it. It is not sent again.',
      'Meta answered 400, code 2804009: A purchase has no currency.',
      'What to do: Send cd[currency] with each Purchase.',
    ]) {
      expect(delivery).toContain(text);
    }
    // What is refused is not counted at all.
    expect(delivery).not.toContain('Counted twice');
    const tags = await page.$$eval('.delivery .tag', (all) => all.map((one) => one.textContent));
    expect(tags).toEqual(['user_data.em[0]hashed', 'user_data.client_user_agent', 'event_id']);
    await page.click('.trace .copy');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('AbC9dEfGh1');
  });

  it('begins with what to do, and those come first that need the owner', async () => {
    const fine = await addDestination({ name: 'Fine' });
    const stopped = await addDestination({ name: 'Stopped', account: '12345' });
    const held = await addDestination({ name: 'Held back', account: '123456' });
    await addDeliveries(fine, [{ event_id: 'ord-2' }]);
    await addDeliveries(stopped, [{ event_id: 'ord-2', state: 'waiting' }]);
    await addDeliveries(held, [
      {
        ...REFUSED,
        answer: { status: 0, code: '', message: 'No value. Send one.', trace: '', advice: '' },
      },
    ]);
    await speck.db
      .prepare(`UPDATE destinations SET state = 'stopped', problem = ?1 WHERE id = ?2`)
      .bind(
        JSON.stringify({
          ...{ status: 401, code: '', message: 'Revoked', advice: 'Make another token' },
          ...{ at: 1, retry_at: null },
        }),
        stopped.id,
      )
      .run();
    await open('/event?name=Purchase&event=ord-2');
    const parts = await page.$$eval('.delivery', (all) =>
      all.map((one) => [one.querySelector('h2')?.textContent, one.querySelector('p')?.textContent]),
    );
    expect(parts).toEqual([
      ['Held back', 'Speck did not send it, since Meta would refuse it.'],
      ['Stopped', 'Meta does not accept the destination. It is sent once you have fixed that.'],
      ['Fine', 'Meta has accepted it.'],
    ]);
    await page.waitForSelector('main >> text="3 destinations: 1 delivered, 1 waiting, 1 refused."');
    await page.waitForSelector('.delivery:has-text("Once you have fixed the destination")');
    // It was never sent, but its destination knows why.
    await page.waitForSelector('.result:has-text("What to do: Make another token.")');
    expect(await violations(page)).toEqual([]);
  });

  it('says that it counts twice', async () => {
    const destination = await addDestination();
    await addDeliveries(destination, [{ event_id: 'ord/../3?', has_eid: 0, reported: 1 }]);
    await open(`/${destination.id}`);
    await page.waitForSelector('.ledger .why:text-is("No event id: Meta counts it twice")');
    await page.click('.ledger a');
    await page.waitForSelector(
      '.delivery:has-text("Yes: Meta\'s own pixel was on the page, and there is no event id.")',
    );
    await page.waitForSelector('.half:has-text("None. Add data-relay to the snippet.")');
  });

  it('that is not known says so', async () => {
    await addDestination();
    await open('/event?name=Purchase&event=nosuch');
    await page.waitForSelector('.error:has-text("conversion with this event id")');
  });
});

it('the snippets of Install serve conversions as soon as there is a destination', async () => {
  const snippets = async (): Promise<string[]> =>
    (await page.$$eval('.snippet pre', (all) => all.map((one) => one.textContent ?? ''))).filter((text) =>
      text.includes('data-use="all"'),
    );
  await page.goto(`${speck.url}/app/${pixel}/install`);
  await page.waitForSelector('[aria-label="Step by step"]');
  expect((await snippets()).filter((text) => text.includes('data-relay'))).toEqual([]);
  await addDestination();
  await page.reload();
  await page.waitForSelector('.snippet:has-text("data-relay")');
  await page.waitForSelector('[aria-label="Step by step"]');
  await settles(async () => (await snippets()).filter((text) => !text.includes('data-relay')), []);
});

it('a token that may only read sees nothing of it, and asks for nothing', async () => {
  const { id } = await addDestination();
  const body = { name: 'reader', scopes: ['stats:read'], pixel };
  const { token } = (await (await speck.api('POST', '/api/v1/tokens', body)).json()) as { token: string };
  const reader = await openPage(browser, speck);
  await signIn(reader.page, speck, token);
  const asked: string[] = [];
  reader.page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  for (const path of ['', `/${id}`, '/new', '/event?name=Purchase&event=ord-1']) {
    await reader.page.goto(`${speck.url}/app/${pixel}/conversions${path}`);
    await reader.page.waitForSelector('h1:text-is("Not available")');
  }
  expect(await reader.page.$('nav >> text=Conversions')).toBeNull();
  expect(
    asked.filter((path) => /destinations|networks|conversions\/ev/.test(path) && path.startsWith('/api')),
  ).toEqual([]);
  expect(reader.wrong).toEqual([]);
  await reader.close();
});

it.each(['/nosuch', '/ds_1111111111111111', '/ds_1111111111111111/edit', '/new/more', '/event'])(
  'at an address of nothing it says so: %s',
  async (path) => {
    await addDestination();
    await open(path);
    await page.waitForSelector('h1:text-is("Not found")');
  },
);

it.each([1280, 390, 320])(
  'every page of it fits, and axe finds nothing wrong, in both themes: %i wide',
  async (width) => {
    const LONG = 'Teapots'.repeat(17);
    const destination = await addDestination({
      name: LONG,
      rules: [
        { event: LONG, as: 'Purchase' },
        { goal: 'Paid', as: 'x'.repeat(50) },
      ],
    });
    await addDestination({ name: 'Short', account: '12345', mode: 'test', test_code: 'TEST1' });
    await addDeliveries(destination, [
      { ...REFUSED, event_id: 'e'.repeat(64), name: LONG, sent_as: 'x'.repeat(50) },
      { event_id: 'ord-1', state: 'waiting' },
      { event_id: 'ord-3', has_eid: 0, reported: 1 },
    ]);
    await page.setViewportSize({ width, height: 844 });
    for (const [path, ready] of [
      ['', '.sentence'],
      ['/new', '.networks'],
      [`/${destination.id}`, '.ledger li'],
      [`/${destination.id}/edit`, 'form'],
      [`/event?name=${LONG}&event=${'e'.repeat(64)}`, '.delivery'],
    ] as const) {
      await open(path);
      await page.waitForSelector(ready);
      if (path === '/new') await page.check('label:has-text("Meta") input');
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page), path).toEqual([]);
      }
      expect(await overflow(page), path).toBe(0);
    }
  },
);
