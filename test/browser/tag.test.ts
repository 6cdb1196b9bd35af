/** The browser tag in a real Chromium, against a recorder in the Worker's place. */
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchChromium, USER_AGENT, visitAlone } from './chromium.ts';
import { prepare } from './hostile.ts';
import { answerEvents, type Recorder, SCRIPTS, type SentEvent, startRecorder } from './recorder.ts';
import { eventually, type Site, startSite } from './site.ts';

const PIXEL = 'px_123456789ABCDEFG';
/** Without https, as the least capable page: crypto.randomUUID and other parts of the platform are missing there. */
const SHOP = 'http://shop.example';
/** The Worker's first-party address, as owners set it up. */
const PX = 'http://px.shop.example';
const SNIPPET = 'window.speck=window.speck||function(){(speck.q=speck.q||[]).push(arguments)}';
const TAG_ELEMENT = `<script defer src="${PX}/speck.js" data-pixel="${PIXEL}"></script>`;

let browser: Browser;
let site: Site;
let recorder: Recorder;
let context: BrowserContext;
let page: Page;
/** What the page's visitor could see of the tag in the console: errors and messages. */
let noise: string[];
/** Events in the order the tag sent them, with the transport as Chromium names it. Arrival may be in another order. */
let sent: { readonly by: string; readonly path: string; readonly event: SentEvent }[];

beforeAll(async () => {
  [site, recorder] = await Promise.all([startSite(), startRecorder()]);
  browser = await launchChromium({ 'px.shop.example': recorder.port, '*.example': site.port });
});
afterAll(async () => {
  await browser?.close();
  await Promise.all([site?.close(), recorder?.close()]);
});

beforeEach(async () => {
  recorder.forget();
  answerEvents(recorder);
  site.page('/', `<title>Shop</title>${TAG_ELEMENT}`);
  noise = [];
  sent = [];
  context = await browser.newContext({ userAgent: USER_AGENT });
  page = await context.newPage();
  await prepare(context, page);
  page.on('pageerror', (error) => noise.push(String(error)));
  page.on('console', (message) => noise.push(`${message.type()}: ${message.text()}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== PX || url.pathname in SCRIPTS) return;
    const body = request.postData();
    const events = body === null ? [Object.fromEntries(url.searchParams)] : JSON.parse(body);
    for (const event of events) sent.push({ by: request.resourceType(), path: url.pathname, event });
  });
});
afterEach(async () => {
  await context.close();
});

/** Sends a last event and waits for it. What the tag sent before it has then been seen, and is given back. */
async function eventsSoFar(): Promise<SentEvent[]> {
  await page.evaluate(() => window.speck('track', 'the end'));
  await eventually(
    () => [...recorder.beacons(), ...recorder.images()].find(({ ev }) => ev === 'the end'),
    'the last event',
  );
  // Time for what the tag might have sent too much to arrive.
  await page.waitForTimeout(100);
  return sent.filter(({ event }) => event.ev !== 'the end').map(({ event }) => event);
}

/** Sends an event by each transport that is not the first. */
async function byFetchAndImage(): Promise<void> {
  await page.evaluate(() => {
    navigator.sendBeacon = () => false;
    window.speck('track', 'By fetch');
  });
  await eventually(() => recorder.beacons().find(({ ev }) => ev === 'By fetch'), 'the event by fetch');
  await page.evaluate(() => {
    window.fetch = () => Promise.reject(new TypeError('Failed to fetch'));
    window.speck('track', 'By image');
  });
}

const names = (events: readonly SentEvent[]): unknown[] => events.map(({ ev }) => ev);

describe('a page view', () => {
  test('is sent once the page has loaded, with its URL and referrer', async () => {
    site.page('/story', `<a href="${SHOP}/shoes?size=43&utm_source=news#reviews">Shoes</a>`, {
      'referrer-policy': 'unsafe-url',
    });
    site.page('/shoes', TAG_ELEMENT);
    await page.goto('http://news.example/story?id=1');
    await page.click('a');
    const request = await eventually(
      () => recorder.requests.find(({ url }) => url.pathname === '/beacon'),
      'the page view',
    );

    expect(request.method).toBe('POST');
    expect(request.headers['content-type']).toMatch(/^text\/plain\b/);
    expect(JSON.parse(request.body)).toEqual([
      {
        id: PIXEL,
        ev: 'pageview',
        dl: `${SHOP}/shoes?size=43&utm_source=news`,
        rl: 'http://news.example/story?id=1',
      },
    ]);
    expect(await eventsSoFar()).toHaveLength(1);
    expect(sent[0]?.by).toBe('ping');
    expect(noise).toEqual([]);
  });

  test('without a referrer says so', async () => {
    await page.goto(SHOP);
    expect(await eventsSoFar()).toMatchObject([{ ev: 'pageview', dl: `${SHOP}/`, rl: '' }]);
  });

  test('leaves nothing in the browser', async () => {
    await page.goto(SHOP);
    await page.evaluate(() => window.speck('track', 'Signup', { plan: 'pro' }));
    await eventsSoFar();
    const storedState = await page.evaluate(() => ({
      cookie: document.cookie,
      storage: localStorage.length + sessionStorage.length,
      name: window.name,
      state: history.state,
    }));
    expect(storedState).toEqual({ cookie: '', storage: 0, name: '', state: null });
    expect(await context.cookies()).toEqual([]);
  });

  test('is counted once when the tag is there twice', async () => {
    site.page('/', TAG_ELEMENT + TAG_ELEMENT);
    await page.goto(SHOP);
    await page.evaluate(() => history.pushState(null, '', '/next'));
    await page.evaluate(() => window.speck('track', 'Signup'));
    expect(names(await eventsSoFar())).toEqual(['pageview', 'pageview', 'Signup']);
    expect(noise).toEqual([]);
  });

  test.each([
    ['the small tag', ''],
    ['with options', 'data-use="forms"'],
  ])('waits until a prerendered page is shown: %s', async (_, attributes) => {
    // Chromium prepares /next in advance; the first page goes there only when the test lets it.
    let go = (): void => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const tag = `<script defer src="${recorder.origin}/speck.js" data-pixel="${PIXEL}" data-local ${attributes}></script>`;
    const rules = JSON.stringify({
      prerender: [{ source: 'list', urls: ['/next'], eagerness: 'immediate' }],
    });
    // A page whose parser waits for a script would not get to its speculation rules.
    site.page(
      '/first',
      `<script type="speculationrules">${rules}</script>First<script>
        addEventListener('load', () => fetch('/go').then(() => { location.href = '/next'; }));
      </script>`,
    );
    site.on('/go', async () => {
      await gone;
      return { status: 204 };
    });
    site.page(
      '/next',
      `${tag}<script>
        const seen = document.prerendering;
        addEventListener('load', () => {
          speck('track', 'Early');
          setTimeout(() => navigator.sendBeacon('/prepared?' + seen), 300);
        });
      </script>`,
    );

    site.forget();
    await visitAlone(`${site.origin}/first`, async () => {
      const prepared = await eventually(
        () => site.requests.find(({ url }) => url.pathname === '/prepared'),
        'the prerendered page',
        30_000,
      );
      expect(prepared.url.search).toBe('?true');
      expect(recorder.beacons()).toEqual([]);
      go();
      await eventually(() => recorder.beacons().length > 1, 'the events of the shown page');
    });
    expect(recorder.beacons().sort((a, b) => String(b.ev).localeCompare(String(a.ev)))).toMatchObject([
      { ev: 'pageview', dl: `${site.origin}/next`, rl: `${site.origin}/first` },
      { ev: 'Early', dl: `${site.origin}/next` },
    ]);
  });
});

describe('navigation within a page', () => {
  beforeEach(async () => {
    await page.goto(`${SHOP}/?from=start`);
  });

  test('is a page view when the path or the query changes, referred to by the page before', async () => {
    await page.evaluate(() => {
      history.pushState({ step: 1 }, '', '/a');
      history.replaceState({ step: 2 }, '', '/a?sort=price');
      history.pushState({ step: 3 }, '', '/b#top');
    });
    expect(await page.evaluate(() => [history.length, history.state])).toEqual([4, { step: 3 }]);
    await page.goBack();
    await page.waitForURL('**/a?sort=price');

    expect(await eventsSoFar()).toMatchObject([
      { ev: 'pageview', dl: `${SHOP}/?from=start`, rl: '' },
      { ev: 'pageview', dl: `${SHOP}/a`, rl: `${SHOP}/?from=start` },
      { ev: 'pageview', dl: `${SHOP}/a?sort=price`, rl: `${SHOP}/a` },
      { ev: 'pageview', dl: `${SHOP}/b`, rl: `${SHOP}/a?sort=price` },
      { ev: 'pageview', dl: `${SHOP}/a?sort=price`, rl: `${SHOP}/b` },
    ]);
    expect(noise).toEqual([]);
  });

  test('is none when only the state or the fragment changes', async () => {
    await page.evaluate(() => {
      history.replaceState({ scroll: 100 }, '');
      history.replaceState({ scroll: 200 }, '', location.href);
      history.pushState(null, '', '?from=start');
      history.pushState(null, '', '#reviews');
      location.hash = 'details';
    });
    await page.goBack();
    await page.waitForURL('**/?from=start#reviews');
    expect(await eventsSoFar()).toHaveLength(1);
  });

  test('still fails for the page where it failed before', async () => {
    const error = await page.evaluate(() => {
      try {
        history.pushState(null, '', 'https://elsewhere.example/');
      } catch (thrown) {
        return (thrown as Error).name;
      }
      return 'none';
    });
    expect(error).toBe('SecurityError');
    expect(await eventsSoFar()).toHaveLength(1);
  });

  test('gives later events the page they happened on', async () => {
    await page.evaluate(() => {
      history.pushState(null, '', '/cart');
      window.speck('track', 'Checkout');
    });
    const [, , checkout] = await eventsSoFar();
    expect(checkout).toMatchObject({ ev: 'Checkout', dl: `${SHOP}/cart`, rl: `${SHOP}/?from=start` });
  });
});

describe("the owner's own events", () => {
  test('carry their data', async () => {
    await page.goto(SHOP);
    const data = { value: 49.9, currency: 'EUR', order: 'A-17', gift: true, items: [{ sku: 'x' }] };
    await page.evaluate((cd) => window.speck('track', 'Purchase', cd), data);
    expect(await eventsSoFar()).toMatchObject([
      { ev: 'pageview' },
      { id: PIXEL, ev: 'Purchase', dl: `${SHOP}/`, cd: data },
    ]);
  });

  test('called before the tag has loaded follow the page view in their order', async () => {
    site.page(
      '/',
      `<script>${SNIPPET}</script>${TAG_ELEMENT}<script>
        speck('track', 'First', { n: 1 });
        speck('track', 'Second');
        const stub = speck;
        addEventListener('load', () => { stub('track', 'Third'); speck('track', 'Fourth'); });
      </script>`,
    );
    await page.goto(SHOP);
    const events = await eventsSoFar();
    expect(names(events)).toEqual(['pageview', 'First', 'Second', 'Third', 'Fourth']);
    expect(events[1]).toMatchObject({ cd: { n: 1 } });
    expect(noise).toEqual([]);
  });

  test('arrive when the page is left at once', async () => {
    site.page('/elsewhere', 'Elsewhere');
    await page.goto(SHOP);
    await page.evaluate(() => {
      window.speck('track', 'Leave');
      location.href = '/elsewhere';
    });
    await page.waitForURL('**/elsewhere');
    await eventually(
      () => recorder.beacons().find(({ ev }) => ev === 'Leave'),
      'the event of the page that was left',
    );
  });

  test('that cannot be sent disturb neither the page nor other events', async () => {
    await page.goto(SHOP);
    await page.evaluate(() => {
      const cycle = {};
      window.speck('track', 'Cycle', Object.assign(cycle, { cycle }));
      window.speck('track', 'Large', { id: 1n });
      window.speck('track');
      window.speck('track', '');
      window.speck('toString');
      window.speck('__proto__', 'x');
      window.speck('tracking', 'Signup');
      window.speck();
      window.speck('track', 'Good');
    });
    expect(names(await eventsSoFar())).toEqual(['pageview', 'Good']);
    expect(noise).toEqual([]);
  });
});

describe('consent', () => {
  test('is sent when the script element says it, as it is at that moment', async () => {
    site.page('/', TAG_ELEMENT.replace('data-pixel', 'data-consent="denied" data-pixel'));
    await page.goto(SHOP);
    await page.evaluate(() => {
      document.querySelector('script')?.setAttribute('data-consent', 'granted');
      window.speck('track', 'Later');
    });
    expect(await eventsSoFar()).toMatchObject([
      { ev: 'pageview', consent: 'denied' },
      { ev: 'Later', consent: 'granted' },
    ]);
  });
});

describe('transports', () => {
  const breakages = {
    'sendBeacon is missing': () => Reflect.deleteProperty(Navigator.prototype, 'sendBeacon'),
    'sendBeacon refuses': () => {
      navigator.sendBeacon = () => false;
    },
    'fetch is missing': () => Reflect.deleteProperty(window, 'fetch'),
    'fetch fails': () => {
      window.fetch = () => Promise.reject(new TypeError('Failed to fetch'));
    },
    'fetch throws': () => {
      window.fetch = () => {
        throw new Error('replaced by the page');
      };
    },
  };
  async function visitWithout(...missing: (keyof typeof breakages)[]): Promise<void> {
    for (const name of missing) await page.addInitScript(breakages[name]);
    await page.goto(SHOP);
    await page.evaluate(() => {
      history.pushState(null, '', '/a b?q=ü&x=1');
      window.speck('track', 'Purchase', {
        value: 12.5,
        currency: 'USD',
        note: 'a&b=c#d',
        'key[x]': 'é',
        items: [{ sku: 1 }],
      });
    });
  }
  const eid = expect.stringMatching(/^\d{8,20}$/);
  const pageview = { id: PIXEL, ev: 'pageview', dl: `${SHOP}/`, rl: '', eid };
  const onNext = { ...pageview, dl: `${SHOP}/a%20b?q=%C3%BC&x=1`, rl: `${SHOP}/` };
  const navigation = { ...onNext, nav: 1 };

  test.each([['sendBeacon is missing'], ['sendBeacon refuses']] as const)('%s: fetch', async (missing) => {
    await visitWithout(missing);
    const events = await eventsSoFar();
    expect(events).toEqual([
      pageview,
      navigation,
      {
        ...onNext,
        ev: 'Purchase',
        cd: { value: 12.5, currency: 'USD', note: 'a&b=c#d', 'key[x]': 'é', items: [{ sku: 1 }] },
      },
    ]);
    expect(new Set(events.map((event) => event.eid)).size).toBe(3);
    expect(new Set(sent.map(({ by, path }) => `${by} ${path}`))).toEqual(new Set(['fetch /beacon']));
    for (const { method, headers } of recorder.requests.filter(({ url }) => url.pathname === '/beacon')) {
      expect(method).toBe('POST');
      expect(headers['content-type']).toMatch(/^text\/plain\b/);
    }
    expect(noise).toEqual([]);
  });

  test.each([
    ['sendBeacon is missing', 'fetch is missing'],
    ['sendBeacon refuses', 'fetch fails'],
    ['sendBeacon refuses', 'fetch throws'],
  ] as const)('%s and %s: an image', async (...missing) => {
    await visitWithout(...missing);
    expect(await eventsSoFar()).toEqual([
      pageview,
      { ...navigation, nav: '1' },
      {
        ...onNext,
        ev: 'Purchase',
        'cd[value]': '12.5',
        'cd[currency]': 'USD',
        'cd[note]': 'a&b=c#d',
        'cd[key[x]]': 'é',
        'cd[items]': '[{"sku":1}]',
      },
    ]);
    expect(new Set(sent.map(({ by, path }) => `${by} ${path}`))).toEqual(new Set(['image /p.gif']));
    expect(noise).toEqual([]);
  });

  test('fetch outlives the page, asks for no preflight, and shows cookies', async () => {
    await page.addInitScript(() => {
      navigator.sendBeacon = () => false;
      const { fetch } = window;
      window.fetch = (address, settings) => {
        (window as unknown as { settings: unknown }).settings = settings;
        return fetch(address, settings);
      };
    });
    await page.goto(SHOP);
    await eventsSoFar();
    const settings = await page.evaluate(() => (window as unknown as { settings: unknown }).settings);
    expect(settings).toMatchObject({ keepalive: true, mode: 'no-cors', credentials: 'include' });
  });

  test('an event whose answer was lost is sent again under the same id', async () => {
    recorder.on('/beacon', () => undefined);
    await page.addInitScript(breakages['sendBeacon is missing']);
    await page.goto(SHOP);
    const image = await eventually(() => recorder.images()[0], 'the image');
    const { eid, ...fields } = image;
    for (const beacon of recorder.beacons()) expect(beacon).toEqual({ ...fields, eid });
    expect(recorder.beacons().length).toBeGreaterThan(0);
  });

  test('all of them show the Worker the same cookies, so that an opt-out holds', async () => {
    await context.addCookies([{ name: 'opt-out', value: '1', url: PX, httpOnly: true, sameSite: 'Lax' }]);
    await page.goto(SHOP);
    await byFetchAndImage();
    await eventsSoFar();
    const events = recorder.requests.filter(({ url }) => !(url.pathname in SCRIPTS));
    expect(new Set(sent.map(({ by }) => by))).toEqual(new Set(['ping', 'fetch', 'image']));
    expect(events.map(({ headers }) => headers.cookie)).toEqual(events.map(() => 'opt-out=1'));
  });
});

describe('a strict content security policy', () => {
  const violations = () => page.evaluate(() => (window as unknown as { violations: unknown[] }).violations);
  beforeEach(async () => {
    await page.addInitScript(() => {
      const seen: string[] = [];
      Object.assign(window, { violations: seen });
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        seen.push(`${violatedDirective} ${blockedURI}`),
      );
    });
  });

  test('needs to allow the Worker as a source of scripts, connections and images only', async () => {
    site.page('/', TAG_ELEMENT, {
      'content-security-policy': `default-src 'none'; script-src ${PX}; connect-src ${PX}; img-src ${PX}`,
    });
    await page.goto(SHOP);
    await byFetchAndImage();
    await eventsSoFar();
    expect(sent.map(({ by, event }) => [by, event.ev]).slice(0, 3)).toEqual([
      ['ping', 'pageview'],
      ['fetch', 'By fetch'],
      ['image', 'By image'],
    ]);
    expect(await violations()).toEqual([]);
    expect(noise).toEqual([]);
  });
});

describe('a script element without a pixel', () => {
  test.each([
    ['no data-pixel', `<script defer src="${PX}/speck.js"></script>`],
    ['an empty one', `<script defer src="${PX}/speck.js" data-pixel=""></script>`],
    ['a module', `<script type="module" src="${PX}/speck.js"></script>`],
  ])('counts nothing and tells the owner what to do: %s', async (_, element) => {
    recorder.on('/speck.js', () => ({
      headers: { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' },
      body: readFileSync(SCRIPTS['/speck.js'] as URL),
    }));
    site.page('/', `<script>${SNIPPET}</script>${element}`);
    await page.goto(SHOP, { waitUntil: 'load' });
    await page.evaluate(() => {
      window.speck('track', 'Signup');
      history.pushState(null, '', '/next');
    });
    await page.waitForTimeout(200);
    expect(sent).toEqual([]);
    expect(noise).toEqual(['warning: Speck: no data-pixel']);
  });
});
