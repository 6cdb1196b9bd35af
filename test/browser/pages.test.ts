/** The tag in pages that change what it finds in them: it counts all the same, once, and the page notices nothing of it. */
import { describe, expect, test } from 'vitest';
import { KINDS, type Kind } from './pages.ts';
import type { SentEvent } from './recorder.ts';
import { openShop, PIXEL, SHOP, STUB, tag } from './shop.ts';
import { eventually } from './site.ts';

const shop = openShop();

/** What a page keeps of errors, and of what its own functions have noticed. */
const RECORD = `<script>
  seen = [];
  failures = [];
  onerror = (message) => { failures.push(String(message)); };
  addEventListener('unhandledrejection', ({ reason }) => failures.push(String(reason)));
  addEventListener('securitypolicyviolation', ({ violatedDirective }) => failures.push(violatedDirective));
</script>`;

/** Of browsers, older ones tell a page of no navigation. */
const OLDER = '<script>delete window.navigation</script>';
const BUILDS = [
  ['speck', '', 'a browser of today'],
  ['speck', '', 'an older browser'],
  // Loads the build that has the options in its stead.
  ['speck', 'data-use="all"', 'a browser of today'],
  ['speck.meta', '', 'an older browser'],
  ['speck.all', 'data-use="all"', 'a browser of today'],
] as const;

/** What arrived by beacons and images, without engagement, which depends on time. Data of an image are fields of their own. */
const arrived = (): SentEvent[] =>
  [...shop.recorder.beacons(), ...shop.recorder.images()].filter(({ ev }) => ev !== 'engagement');

async function arrivedWith(name: string): Promise<SentEvent[]> {
  await eventually(() => arrived().find(({ ev }) => ev === name), `the event ${name}`);
  return arrived();
}

/** Each kind of page with the small build, and with one of the others in turn; with `ALL_BUILDS=1` with all of them. */
const isTried = (page: number, build: number): boolean =>
  process.env['ALL_BUILDS'] === '1' || build < 2 || build === 2 + (page % (BUILDS.length - 2));

const cases = Object.entries(KINDS).flatMap(([name, kind], page) =>
  BUILDS.filter((_, build) => isTried(page, build)).flatMap(([file, attributes, browser]) =>
    kind.needsNavigation && browser === 'an older browser' ? [] : [{ name, kind, file, attributes, browser }],
  ),
);

describe('a page view, an event and a navigation arrive once, and the page sees no error', () => {
  test.each(cases)('$name: $file $attributes in $browser', async ({ kind, file, attributes, browser }) => {
    const { before = '', after = '', head = '', headers, next = '/next', returned, seen = [] }: Kind = kind;
    shop.site.page(
      '/',
      `<!doctype html>${RECORD}${browser === 'an older browser' ? OLDER : ''}${head}<script>{${before}}</script>${STUB}${tag(attributes, file)}`,
      headers,
    );
    await shop.page.goto(SHOP);
    await arrivedWith('pageview');
    const result = await shop.page.evaluate((script) => {
      const run = document.createElement('script');
      if (script) Object.assign(run, { textContent: `{${script}}` });
      if (script) document.head.append(run);
      window.speck('track', 'Signup', { plan: 'pro' });
      try {
        return String(history.pushState({ step: 1 }, '', '/next', ...([1] as unknown as [])));
      } catch (error) {
        return (error as Error).name === 'SecurityError' ? 'SecurityError' : String(error);
      }
    }, after);
    expect(result).toBe(returned ?? 'undefined');
    await shop.page.evaluate(() => window.speck('track', 'the end'));
    await arrivedWith('the end');
    await shop.page.waitForTimeout(100);

    const events = arrived().filter(({ ev }) => ev !== 'the end');
    const first = { id: PIXEL, dl: `${SHOP}/` };
    expect(events.filter(({ ev }) => ev === 'Signup')).toMatchObject([first]);
    expect(events.find(({ ev }) => ev === 'Signup')).toMatchObject(
      events.some((event) => 'cd[plan]' in event) ? { 'cd[plan]': 'pro' } : { cd: { plan: 'pro' } },
    );
    expect(events.filter(({ ev }) => ev === 'pageview')).toMatchObject([
      first,
      ...(next ? [{ id: PIXEL, dl: SHOP + next, rl: `${SHOP}/` }] : []),
    ]);
    expect(await shop.page.evaluate('failures')).toEqual([]);
    expect([...new Set(await shop.page.evaluate<string[]>('seen'))]).toEqual(seen);
    expect(shop.noise).toEqual([]);
  });
});

test.each([
  ['speck', ''],
  ['speck', 'data-use="all"'],
  ['speck.meta', ''],
  ['speck.all', 'data-use="all"'],
])(
  'a frame in a sandbox has no storage, cookies or origin, and is counted: %s %s',
  async (file, attributes) => {
    shop.site.page('/', `${RECORD}<iframe sandbox="allow-scripts" src="/frame"></iframe>`);
    shop.site.page('/frame', `${RECORD}${STUB}${tag(attributes, file)}`);
    await shop.page.goto(SHOP);
    await arrivedWith('pageview');
    const frame = shop.page.frames()[1];
    const tried = await frame?.evaluate(() => {
      const failing = (run: () => unknown): string => {
        try {
          return String(run());
        } catch (error) {
          return (error as Error).name;
        }
      };
      window.speck('track', 'Signup');
      return [
        origin,
        failing(() => localStorage),
        failing(() => document.cookie),
        failing(() => history.pushState(null, '', '/next')),
        location.pathname,
      ];
    });
    expect(tried).toEqual(['null', 'SecurityError', 'SecurityError', 'undefined', '/next']);
    await frame?.evaluate(() => window.speck('track', 'the end'));
    const events = (await arrivedWith('the end')).filter(({ ev }) => ev !== 'the end');
    expect(events).toMatchObject([
      { id: PIXEL, ev: 'pageview', dl: `${SHOP}/frame`, rl: `${SHOP}/` },
      { id: PIXEL, ev: 'Signup', dl: `${SHOP}/frame` },
      { id: PIXEL, ev: 'pageview', dl: `${SHOP}/next`, rl: `${SHOP}/frame`, nav: 1 },
    ]);
    expect(await frame?.evaluate('failures')).toEqual([]);
    expect(shop.noise).toEqual([]);
  },
);

test.each(['speck', 'speck.plus', 'speck.meta', 'speck.all'])('%s adds no global but speck', async (file) => {
  shop.site.page(
    '/',
    `<script>names = []; names = Object.getOwnPropertyNames(window)</script>${tag('', file)}`,
  );
  await shop.page.goto(SHOP);
  await shop.allEvents();
  const added = 'Object.getOwnPropertyNames(window).filter((name) => !names.includes(name))';
  expect(await shop.page.evaluate(added)).toEqual(['speck']);
});
