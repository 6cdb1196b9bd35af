/** The tag as a guest: links, forms and names of the page that it must not take for something else. */
import { describe, expect, test } from 'vitest';
import { openShop, PIXEL, PX, SHOP, tag } from './shop.ts';
import { eventually } from './site.ts';

const shop = openShop();
const STAY =
  "<script>for (const type of ['click', 'submit']) addEventListener(type, (e) => e.preventDefault())</script>";

test.each([
  [
    'href',
    '<svg><a href="http://out.example/x"><rect id="r" width="90" height="40"/></a></svg>',
    'http://out.example/x',
  ],
  [
    'xlink:href',
    '<svg><a xlink:href="http://out.example/y"><rect id="r" width="90" height="40"/></a></svg>',
    'http://out.example/y',
  ],
  [
    'a relative href to a file',
    '<svg><a href="a/b.pdf"><rect id="r" width="90" height="40"/></a></svg>',
    `${SHOP}/a/b.pdf`,
  ],
])('a link in SVG is a link: %s', async (_, svg, url) => {
  shop.site.page('/', tag('data-use="all"', 'speck.plus') + svg + STAY);
  await shop.page.goto(SHOP);
  await shop.events(1);
  await shop.page.click('#r');
  expect((await shop.allEvents()).filter(({ ev }) => ev !== 'engagement').slice(1)).toMatchObject([
    { ev: url.endsWith('pdf') ? 'File Download' : 'Outbound Link: Click', cd: { url } },
  ]);
});

test('a link within nested shadow roots is one', async () => {
  shop.site.page(
    '/',
    `${tag('data-use="outbound"', 'speck.plus')}<div id="one"></div><script>
      const inner = document.createElement('div');
      document.querySelector('#one').attachShadow({ mode: 'open' }).append(inner);
      inner.attachShadow({ mode: 'open' }).innerHTML = '<a href="http://out.example/s"><b id="b">s</b></a>';
    </script>${STAY}`,
  );
  await shop.page.goto(SHOP);
  await shop.events(1);
  await shop.page.click('#b');
  expect((await shop.allEvents()).slice(1)).toMatchObject([{ cd: { url: 'http://out.example/s' } }]);
});

const FIELDS = [
  'hostname',
  'href',
  'tagName',
  'localName',
  'closest',
  'matches',
  'getAttribute',
  'attributes',
  'parentNode',
  'action',
  'submit',
  'nodeType',
  'pathname',
];

test.each(FIELDS)(
  'a form with a field named %s is no link, and its marks are read when it is sent',
  async (name) => {
    shop.site.page(
      '/',
      `${tag('data-use="outbound downloads attributes"', 'speck.plus')}<form data-speck-event="Join" data-speck-list="a">
      <input name="${name}" id="i"><button type="button" id="b">b</button><button id="s">send</button></form><script>addEventListener('submit', (e) => e.preventDefault())</script>`,
    );
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => document.getElementById('i')?.click());
    await shop.page.evaluate(() => document.getElementById('b')?.click());
    await shop.page.evaluate(() => document.getElementById('s')?.click());
    expect((await shop.allEvents()).slice(1)).toMatchObject([{ ev: 'Join', cd: { list: 'a' } }]);
    expect(shop.noise).toEqual([]);
  },
);

test('elements whose names hide those of the document and the window hide nothing from it', async () => {
  const names = [
    'referrer',
    'currentScript',
    'querySelector',
    'createElement',
    'hidden',
    'documentElement',
    'prerendering',
    'hostname',
    'localName',
    'href',
  ];
  shop.site.page(
    '/',
    `${names.map((name) => `<img name="${name}"><a id="${name}"></a>`).join('')}${tag('data-use="all"', 'speck.plus')}
      <p id="p">p</p>`,
  );
  await shop.page.goto(SHOP);
  await shop.page.click('#p');
  expect(await shop.allEvents()).toMatchObject([{ ev: 'pageview', dl: `${SHOP}/`, rl: '' }]);
  expect(shop.noise).toEqual([]);
});

test.each([
  ['/h?utm_source=news#/about?tab=1', '/h/about?utm_source=news&tab=1'],
  ['/h?a=1&b=2#!/about?tab=1&c=3#part', '/h/about?a=1&b=2&tab=1&c=3'],
  ['/h?#/about?tab=1', '/h/about?tab=1'],
  ['/h?a=b?c#/about', '/h/about?a=b?c'],
  ['/h#/about?q=what?', '/h/about?q=what'],
  ['/h#/about?', '/h/about'],
])('two queries of a hash route become one: %s', async (address, reported) => {
  shop.site.page('/h', tag('data-hash'));
  await shop.page.goto(SHOP + address);
  expect(await shop.events(1)).toMatchObject([{ dl: SHOP + reported }]);
});

test.each([
  ['px.shop.example'],
  ['//px.shop.example'],
  ['px.shop.example/'],
  [`${PX}/`],
  [' px.shop.example'],
])('data-host is a host with or without its scheme: %s', async (host) => {
  const requestUrls: string[] = [];
  shop.page.on('request', (request) => requestUrls.push(request.url()));
  shop.site.page('/', tag(`data-host="${host}"`, 'speck.all'));
  await shop.page.goto(SHOP);
  await eventually(
    () => requestUrls.find((url) => /^https?:\/\/px\.shop\.example\/beacon$/.test(url)),
    'the event',
  );
  expect(shop.noise.filter((line) => /TypeError|Speck/.test(line))).toEqual([]);
});

test('a data-host that is none is told once, and nothing is thrown', async () => {
  shop.site.page('/', tag('data-host="http://[px"', 'speck.all'));
  await shop.page.goto(SHOP);
  for (const name of ['a', 'b']) await shop.page.evaluate((event) => window.speck('track', event), name);
  await eventually(() => shop.noise[0], 'the message');
  await shop.page.waitForTimeout(200);
  expect(shop.noise).toEqual([expect.stringMatching(/^Speck: cannot send to /)]);
});

test.each([
  ['all', true],
  ['forms all', true],
  ['all,forms', true],
  ['outbound', true],
  ['wall small', false],
  ['all-files', false],
  ['outbound-only', false],
])('data-use is words: %s', async (use, isOutbound) => {
  shop.site.page(
    '/',
    `${tag(`data-use="${use}"`, 'speck.plus')}<a href="http://out.example/">out</a>${STAY}`,
  );
  await shop.page.goto(SHOP);
  await shop.events(1);
  await shop.page.click('a');
  expect((await shop.allEvents()).filter(({ ev }) => ev === 'Outbound Link: Click')).toHaveLength(
    +isOutbound,
  );
});

test('with data-path all that the tag sends to lies beside it, and its other files beside its own', async () => {
  shop.recorder.on('/stats/beacon', () => ({ status: 204 }));
  const requestUrls: string[] = [];
  shop.page.on('request', (request) => requestUrls.push(new URL(request.url()).pathname));
  await shop.page.route('**/stats/speck.*', (route) =>
    route.fulfill({
      path: `dist/${route.request().url().split('/').pop()?.replace('.js', '.min.js')}`,
      headers: { 'access-control-allow-origin': '*', 'content-type': 'text/javascript' },
    }),
  );
  await shop.page.addInitScript(() => {
    navigator.sendBeacon = () => false;
  });
  shop.site.page('/', tag('data-path="/stats/beacon"'));
  await shop.page.goto(SHOP);
  await eventually(() => requestUrls.includes('/stats/beacon'), 'the event');
  expect(requestUrls.slice(1)).toEqual([
    '/speck.js',
    '/speck.plus.js',
    '/speck.all.js',
    '/stats/speck.send.js',
    '/stats/beacon',
  ]);
});

describe('fbq.disablePushState', () => {
  test.each([
    ['true', 1],
    ['false', 2],
  ])('%s: navigations that are page views: %i', async (value, views) => {
    shop.site.page(
      '/',
      `<script>fbq = function () { fbq.callMethod ? fbq.callMethod(...arguments) : fbq.queue.push(arguments) }; fbq.queue = [];
        fbq.disablePushState = ${value}; fbq('init', '1'); fbq('track', 'PageView')</script>${tag('data-alias="fbq"', 'speck.meta')}`,
    );
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => history.pushState({}, '', '/m2'));
    await shop.page.evaluate(() => history.replaceState({}, '', '/m3'));
    await shop.page.goBack();
    const seen = await shop.allEvents();
    expect(seen.filter(({ ev }) => ev === 'pageview').length > 1).toBe(views > 1);
    expect(seen[0]).toMatchObject({ id: PIXEL, ev: 'pageview' });
  });
});
