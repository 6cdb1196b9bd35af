/** The tag with data-relay: what it does for networks that get conversions from the Worker, and for their own pixels on the page. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SentEvent } from './recorder.ts';
import { EVENT_ID, GRANTED, openShop, PIXEL, PX, SHOP, STUB, tag, withNavigator } from './shop.ts';

const shop = openShop();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What arrived of an event's name. */
const named = (events: readonly SentEvent[], name: string): SentEvent | undefined =>
  events.find(({ ev }) => ev === name);
const call = (...given: unknown[]): Promise<unknown> =>
  shop.page.evaluate((list) => window.speck(...list), given);

/** On a page of this machine, which has SubtleCrypto without https. */
function local(body: string): Promise<unknown> {
  shop.site.page('/local', body);
  return shop.page.goto(`${shop.site.origin}/local`);
}

describe('the id of an event', () => {
  test('is made for an event that has none, returned and sent', async () => {
    shop.site.page('/', tag(GRANTED));
    await shop.page.goto(SHOP);
    await shop.events(1);
    const purchase = await call('track', 'Purchase', { value: 1, currency: 'EUR' });
    const lead = await call('track', 'Lead', {}, { url: `${SHOP}/lead` });
    const own = await call('track', 'Order', {}, { eventID: 'A-17' });
    expect([purchase, lead]).toEqual([expect.stringMatching(EVENT_ID), expect.stringMatching(EVENT_ID)]);
    expect(purchase).not.toBe(lead);
    expect(own).toBe('A-17');
    const events = await shop.events(4);
    expect(events.map(({ ev, eid }) => ({ ev, eid }))).toEqual([
      // Nobody gets the id of an automatic page view, so it has none.
      { ev: 'pageview' },
      { ev: 'Purchase', eid: purchase },
      { ev: 'Lead', eid: lead },
      { ev: 'Order', eid: 'A-17' },
    ]);
    expect(shop.noise).toEqual([]);
  });

  test.each([
    ['no consent', 'data-relay', ''],
    ['consent=denied', 'data-relay data-consent="denied"', ''],
    ['no data-relay', 'data-hash data-consent="granted"', ''],
    ['a global privacy control', GRANTED, 'globalPrivacyControl: true'],
    ['a do-not-track', GRANTED, "doNotTrack: '1'"],
  ])('is not made with %s, and one of the page’s is passed on', async (_, attributes, signal) => {
    shop.site.page('/', withNavigator(signal) + tag(attributes));
    await shop.page.goto(SHOP);
    await shop.events(1);
    expect(await call('track', 'Purchase')).toBeUndefined();
    expect(await call('track', 'Order', {}, { eventID: 'A-17' })).toBe('A-17');
    const events = await shop.events(3);
    expect(named(events, 'Purchase')).not.toHaveProperty('eid');
    expect(named(events, 'Purchase')).not.toHaveProperty('ud');
    expect(named(events, 'Order')).toMatchObject({ eid: 'A-17' });
  });

  test('begins and ends with the consent', async () => {
    shop.site.page('/', tag('data-relay'));
    await shop.page.goto(SHOP);
    await shop.events(1);
    expect(await call('track', 'Before')).toBeUndefined();
    expect(await call('consent', 'granted')).toBeUndefined();
    const during = await call('track', 'During');
    await call('consent', 'denied');
    expect(await call('track', 'After')).toBeUndefined();
    expect(await call('track', 'engagement', { engaged: 1 })).toBeUndefined();
    const events = await shop.events(7);
    expect(events.filter(({ eid }) => eid !== undefined)).toMatchObject([{ ev: 'During', eid: during }]);
  });

  test('of a call before the tag runs is the page’s own or none with the plain snippet, since nobody could get it', async () => {
    shop.site.page(
      '/',
      `${STUB}<script>
        early = [speck('track', 'Early'), speck('track', 'Order', {}, { eventID: 'A-17' })];
        // The small file has run here, and waits for the one that has data-relay.
        addEventListener('DOMContentLoaded', () => early.push(speck('track', 'Waiting')));
      </script>${tag(GRANTED)}`,
    );
    await shop.page.goto(SHOP);
    const events = await shop.events(4);
    expect(await shop.page.evaluate('early.map(String)')).toEqual(['undefined', 'undefined', 'undefined']);
    expect(named(events, 'Early')).not.toHaveProperty('eid');
    expect(named(events, 'Waiting')).not.toHaveProperty('eid');
    expect(named(events, 'Order')).toMatchObject({ eid: 'A-17' });
  });

  test('is undefined for an event that is not sent', async () => {
    shop.site.page('/', tag(GRANTED));
    await shop.page.goto(SHOP);
    await shop.events(1);
    const unsent = await shop.page.evaluate(() => {
      const data: Record<string, unknown> = {};
      data['data'] = data;
      const ids = [window.speck('track', 'Purchase', data), window.speck('track', '')];
      window.speck('optout');
      return [...ids, window.speck('track', 'Purchase')].map(String);
    });
    expect(unsent).toEqual(['undefined', 'undefined', 'undefined']);
    await shop.page.waitForTimeout(100);
    expect(shop.recorder.beacons()).toHaveLength(1);
  });

  test('is not made where there are no random numbers, and the event is sent', async () => {
    shop.site.page(
      '/',
      `<script>Object.defineProperty(window, 'crypto', { value: undefined })</script>${tag(GRANTED)}`,
    );
    await shop.page.goto(SHOP);
    await shop.events(1);
    expect(await call('track', 'Purchase')).toBeUndefined();
    expect(named(await shop.events(2), 'Purchase')).not.toHaveProperty('eid');
    expect(shop.noise).toEqual([]);
  });

  test('comes with options in the URL, too', async () => {
    shop.site.page('/', `<script defer src="${PX}/speck.all.js?id=${PIXEL}&relay&consent=granted"></script>`);
    await shop.page.goto(SHOP);
    await shop.events(1);
    const id = await call('track', 'Purchase');
    expect(id).toMatch(EVENT_ID);
    expect(named(await shop.events(2), 'Purchase')).toMatchObject({ eid: id });
  });
});

describe('what networks ask for', () => {
  const udOf = async (user: Record<string, unknown>, attributes = GRANTED): Promise<unknown> => {
    await local(tag(`${attributes} data-local`));
    await shop.events(1);
    await call('identify', 'u1', user);
    await call('track', 'Purchase');
    return named(await shop.events(3), 'Purchase')?.['ud'];
  };

  test.each([
    // Reddit's own example, with the hash that its documentation gives.
    [
      'Al.ice$+Apple@Example.Com',
      {
        em: sha256('al.ice$+apple@example.com'),
        em_r: 'ff8d9819fc0e12bf0d24892e45987e249a28dce836a85cad60e28eaaa8c6d976',
      },
    ],
    // Google's own examples.
    [
      'cloudy.sanfrancisco+shopping@gmail.com',
      {
        em: sha256('cloudy.sanfrancisco+shopping@gmail.com'),
        em_g: sha256('cloudysanfrancisco@gmail.com'),
        em_r: sha256('cloudysanfrancisco@gmail.com'),
      },
    ],
    [
      'user.name+NYC@Example.com',
      { em: sha256('user.name+nyc@example.com'), em_r: sha256('username@example.com') },
    ],
    [
      ' Ann.Lee@GoogleMail.com ',
      {
        em: sha256('ann.lee@googlemail.com'),
        em_g: sha256('annlee@googlemail.com'),
        em_r: sha256('annlee@googlemail.com'),
      },
    ],
    // Nothing is left before the @.
    ['+news@gmail.com', { em: sha256('+news@gmail.com') }],
    ['Ann@Müller.example', { em: sha256('ann@müller.example'), em_r: sha256('ann@müller.example') }],
    ['Jürgen.Ä@site.example', { em: sha256('jürgen.ä@site.example'), em_r: sha256('jürgenä@site.example') }],
    ['ann@gmail.com', { em: sha256('ann@gmail.com'), em_r: sha256('ann@gmail.com') }],
    ['no address', { em: sha256('no address') }],
    ['.+@site.example', { em: sha256('.+@site.example') }],
    [sha256('ann@site.example'), { em: sha256('ann@site.example') }],
  ])('of the address %s: its hashes', async (email, expected) => {
    expect(await udOf({ email })).toEqual(expected);
  });

  test.each([
    // Google's and TikTok's form of an American number.
    ['+1 (800) 555-0100', '18005550100', '+18005550100'],
    ['+44 (0)20 7946 0000', '4402079460000', '+442079460000'],
    ['0044 20 7946 0000', '442079460000', '+442079460000'],
    ['+1 800 555 0100 ext. 12', '1800555010012', '+18005550100'],
    ['18005550100#12', '1800555010012', '+18005550100'],
    ['+1234567890123456', '1234567890123456', null],
    ['tel:+44-20-7946-0000', '442079460000', '+442079460000'],
    // Without its country. With a plus, it would be a number of Greece.
    ['030 1234567', '301234567', null],
    ['(0)30 1234567', '301234567', null],
    ['(030) 1234567', '301234567', null],
    // An American's call to another country.
    ['011 44 20 7946 0000', '11442079460000', null],
    [18005550100, '18005550100', '+18005550100'],
  ])('of the number %s: its hashes', async (phone, digits, e164) => {
    expect(await udOf({ phone })).toEqual({
      ph: sha256(digits),
      ...(e164 && { ph_e164: sha256(e164) }),
    });
  });

  test.each(['data-relay', 'data-relay data-consent="denied"', 'data-debug data-consent="granted"'])(
    'is no other hash than ever with %s',
    async (attributes) => {
      expect(await udOf({ email: 'Ann.Lee@gmail.com', phone: '+1 800 555 0100' }, attributes)).toEqual({
        em: sha256('ann.lee@gmail.com'),
        ph: sha256('18005550100'),
      });
    },
  );
});

test('without SubtleCrypto, as on pages without https, events go without hashes, and with all else', async () => {
  await shop.context.addCookies([{ name: '_uetvid', value: 'a'.repeat(32), url: SHOP }]);
  shop.site.page('/', tag(GRANTED, 'speck.all'));
  await shop.page.goto(SHOP);
  expect(await shop.page.evaluate('typeof crypto.subtle')).toBe('undefined');
  await call('identify', 'u1', { email: 'ann@site.example', phone: '+1 800 555 0100' });
  const id = await call('track', 'Purchase');
  expect(await shop.events(3)).toMatchObject([
    { ev: 'pageview' },
    { ev: 'engagement', uid: 'u1' },
    { ev: 'Purchase', uid: 'u1', eid: id },
  ]);
  for (const { ud } of shop.recorder.beacons()) expect(ud).toEqual({ uetvid: 'a'.repeat(32) });
  expect(shop.noise).toEqual([]);
});

test.each([sha256('ann@site.example'), sha256('ann@site.example').toUpperCase()])(
  'a hash that the page has made goes along without SubtleCrypto: %s',
  async (email) => {
    shop.site.page('/', tag(GRANTED, 'speck.all'));
    await shop.page.goto(SHOP);
    await call('identify', 'u1', { email, external_id: 'u1' });
    await call('track', 'Purchase');
    expect(named(await shop.events(3), 'Purchase')).toMatchObject({ ud: { em: email } });
  },
);

describe("networks' ids and pixels", () => {
  const COOKIES = {
    _fbp: 'fb.1.1700000000000.1234567890',
    _fbc: 'fb.1.1700000000001.IwAR0-abc_DEF',
    _ga: 'GA1.1.1234567890.1700000000',
    _ttp: '01K1A8BXG7CFS8QC92XKKJD081_.tt.1',
    _scid: '37681489-6168-4904-955b-60ffd512d9fe',
    _rdt_uuid: '1737486785226.2e00c973-6b27-4734-bdde-f69b0761701e',
    _uetvid: '3707d01031a711f1b0031d4aa86d4528',
    _epik: 'dj0yJnU9ZHhLV1NmV3hhb2VKOWhEcWdGUTRu',
  };
  const IDS = {
    fbp: 'fb.1.1700000000000.1234567890',
    fbc: 'fb.1.1700000000001.IwAR0-abc_DEF',
    ga: '1234567890.1700000000',
    ttp: '01K1A8BXG7CFS8QC92XKKJD081_.tt.1',
    scid: '37681489-6168-4904-955b-60ffd512d9fe',
    rdt_uuid: '1737486785226.2e00c973-6b27-4734-bdde-f69b0761701e',
    uetvid: '3707d01031a711f1b0031d4aa86d4528',
    epik: 'dj0yJnU9ZHhLV1NmV3hhb2VKOWhEcWdGUTRu',
  };
  const setCookies = (cookies: Readonly<Record<string, string>>): Promise<void> =>
    shop.context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: SHOP })));

  test('are read of the cookies, with every event', async () => {
    await setCookies({
      ...COOKIES,
      other: '_fbp=fb.1.1700000000000.1',
      x_ga: 'GA1.1.1.1',
      session: 'secret',
    });
    shop.site.page('/', `<img name="cookie">${tag(GRANTED)}`);
    await shop.page.goto(SHOP);
    await call('track', 'Purchase');
    const events = await shop.events(2);
    expect(events.map(({ ev, ud }) => ({ ev, ud }))).toEqual([
      { ev: 'pageview', ud: IDS },
      { ev: 'Purchase', ud: IDS },
    ]);
    // Nothing is set or changed.
    expect((await shop.context.cookies(SHOP)).map(({ name }) => name).toSorted()).toEqual(
      [...Object.keys(COOKIES), 'other', 'session', 'x_ga'].toSorted(),
    );
    expect(shop.noise).toEqual([]);
  });

  test('are those of the moment, and end with the consent', async () => {
    shop.site.page('/', tag(GRANTED));
    await shop.page.goto(SHOP);
    expect((await shop.events(1))[0]).not.toHaveProperty('ud');
    await setCookies({ _fbp: IDS.fbp });
    await call('track', 'Lead');
    await shop.events(2);
    await call('consent', 'denied');
    await call('track', 'Purchase');
    const events = await shop.events(4);
    expect(events.map(({ ev, ud }) => ({ ev, ud }))).toEqual([
      { ev: 'pageview' },
      { ev: 'Lead', ud: { fbp: IDS.fbp } },
      { ev: 'engagement' },
      { ev: 'Purchase' },
    ]);
  });

  test.each([
    ['without consent', 'data-relay'],
    ['with a refusal', 'data-relay data-consent="denied"'],
    ['without data-relay', 'data-hash data-consent="granted"'],
  ])('are not read %s', async (_, attributes) => {
    await setCookies(COOKIES);
    shop.site.page('/', tag(attributes));
    await shop.page.goto(SHOP);
    await call('track', 'Purchase');
    for (const event of await shop.events(2)) expect(event).not.toHaveProperty('ud');
  });

  test.each([
    ['_fbp', 'fb.1.x.1'],
    ['_fbp', `fb.1.1700000000000.${'1'.repeat(90)}`],
    ['_fbc', 'ann@site.example'],
    ['_fbc', `fb.1.1700000000000.${'a'.repeat(501)}`],
    ['_ga', 'GA1.1.abc.def'],
    ['_ttp', 'a b'],
    ['_scid', '%7B%22a%22%3A1%7D'],
    ['_rdt_uuid', 'ann'],
    ['_uetvid', '12345'],
    ['_epik', `${'a'.repeat(501)}`],
  ])('are not sent if they look wrong: %s=%s', async (name, value) => {
    await setCookies({ [name]: value });
    shop.site.page('/', tag(GRANTED));
    await shop.page.goto(SHOP);
    expect((await shop.events(1))[0]).not.toHaveProperty('ud');
  });

  /** Each network's snippet, and what its script leaves in the page. */
  const PIXELS: readonly [string, string, string][] = [
    ['meta', 'fbq = function () {}; fbq.queue = []', 'fbq.callMethod = () => {}'],
    ['google', 'dataLayer = []; gtag = function () {}', "google_tag_manager = { 'AW-123': {} }"],
    ['ga4', 'dataLayer = []; gtag = function () {}', "google_tag_manager = { 'G-ABC': {} }"],
    ['tiktok', 'ttq = []; ttq.track = function () {}', 'ttq._env = { env: 1 }'],
    ['linkedin', 'lintrk = function () {}; lintrk.q = []', 'lintrk = function () {}'],
    ['pinterest', "pintrk = function () {}; pintrk.queue = [['load', '1']]", 'pintrk.queue.length = 0'],
    ['snap', 'snaptr = function () {}; snaptr.queue = []', 'snaptr.handleRequest = () => {}'],
    ['reddit', 'rdt = function () {}; rdt.callQueue = []', 'rdt.sendEvent = () => {}'],
    ['microsoft', 'uetq = []', 'uetq = { push() {} }'],
    ['openai', "oaiq = function () {}; oaiq.q = [['init']]", 'oaiq.q = []'],
  ];

  test.each(PIXELS)(
    'of %s: its pixel is on the page once its script has run',
    async (network, stub, script) => {
      shop.site.page('/', `<script>var ${stub.replaceAll(/; (?=\w+ =)/g, '; var ')}</script>${tag(GRANTED)}`);
      await shop.page.goto(SHOP);
      expect((await shop.events(1))[0]).not.toHaveProperty('ud');
      await shop.page.evaluate(`window.${script}`);
      await call('track', 'Purchase');
      expect((await shop.events(2))[1]).toMatchObject({ ev: 'Purchase', ud: { px: network } });
    },
  );

  test('several are names in one text, and elements of such names are none', async () => {
    const run = PIXELS.map(([, stub, script]) => `${stub}; ${script}`).join('; ');
    shop.site.page('/', `<script>${run}</script>${tag(GRANTED)}`);
    shop.site.page(
      '/none',
      `${['fbq', 'ttq', 'uetq', 'rdt'].map((id) => `<a id="${id}"></a>`)}${tag(GRANTED)}`,
    );
    await shop.page.goto(SHOP);
    expect((await shop.events(1))[0]).toMatchObject({
      ud: { px: 'meta ga4 tiktok linkedin pinterest snap reddit microsoft openai' },
    });
    await shop.page.goto(`${SHOP}/none`);
    expect((await shop.events(2))[1]).not.toHaveProperty('ud');
  });
});

describe('the file that events wait for', () => {
  const relayFile = (answer: 'slow' | 'none'): Promise<unknown> =>
    shop.page.route('**/speck.relay.js', async (route) => {
      if (answer === 'none') return route.abort();
      await new Promise((resolve) => setTimeout(resolve, 400));
      return route.continue().catch(() => {});
    });

  test('is not loaded without a consent', async () => {
    shop.site.page('/', tag('data-relay'));
    await shop.page.goto(SHOP);
    await shop.allEvents();
    expect(shop.recorder.requests.map(({ url }) => url.pathname)).not.toContain('/speck.relay.js');
  });

  test('keeps the order of events', async () => {
    await shop.context.addCookies([{ name: '_uetvid', value: 'a'.repeat(32), url: SHOP }]);
    await relayFile('slow');
    shop.site.page('/', tag(GRANTED, 'speck.all'));
    await shop.page.goto(SHOP);
    for (const name of ['a', 'b', 'c']) await call('track', name);
    const events = await shop.events(4);
    expect(events.map(({ ev }) => ev)).toEqual(['pageview', 'a', 'b', 'c']);
    for (const { ud } of events) expect(ud).toEqual({ uetvid: 'a'.repeat(32) });
  });

  test('may be missing: events are sent without it', async () => {
    await relayFile('none');
    shop.site.page('/', tag(GRANTED, 'speck.all'));
    await shop.page.goto(SHOP);
    const id = await call('track', 'Purchase');
    expect(await shop.events(2)).toMatchObject([{ ev: 'pageview' }, { ev: 'Purchase', eid: id }]);
  });

  test('may come too late: what happened on a page that is left is not lost', async () => {
    await relayFile('slow');
    shop.site.page('/', tag(GRANTED, 'speck.all'));
    await shop.page.goto(SHOP);
    await call('track', 'Purchase');
    await shop.page.goto('about:blank');
    expect((await shop.events(2)).map(({ ev }) => ev)).toEqual(['pageview', 'Purchase']);
  });
});
