/** Meta's own pixel beside the tag, with the snippet for data-relay: each call is in both, and each event has one id. */
import { describe, expect, test } from 'vitest';
import { META_RELAY_STUB } from '../../src/model/stub.ts';
import { metaPixelScript, metaPixelSnippet } from './meta-pixel.ts';
import type { SentEvent } from './recorder.ts';
import { EVENT_ID, GRANTED, openShop, SHOP, tag } from './shop.ts';
import { eventually } from './site.ts';

const shop = openShop();

const SNIPPET = `<script>${META_RELAY_STUB}</script>`;
/** The tag with the snippet before it, where it does not wait for the rest of the page. */
const early = (attributes: string): string => SNIPPET + tag(attributes, 'speck.all').replace(' defer', '');

/** What arrived of an event's name. */
const named = (events: readonly SentEvent[], name: string): SentEvent | undefined =>
  events.find(({ ev }) => ev === name);

interface MetaEvent {
  readonly pixel: string;
  readonly name: string;
  readonly data: unknown;
  readonly eid?: string;
}

describe("Meta's own pixel beside data-alias", () => {
  const META = `${SHOP}/meta.js`;
  const INIT = "fbq('init', '1234567890'); fbq('track', 'PageView');";
  const ALIAS = `${GRANTED} data-alias="fbq"`;
  const serveMeta = (delay = 0): void => {
    shop.site.on('/tr', () => ({ status: 204 }));
    shop.site.on('/meta.js', async () => {
      await new Promise((resolve) => setTimeout(resolve, delay));
      return { headers: { 'content-type': 'text/javascript' }, body: metaPixelScript(`${SHOP}/tr`) };
    });
  };
  const metaCalls = () => shop.page.evaluate<unknown[][]>('window.metaCalls || []');
  const metaEvents = async (count: number): Promise<MetaEvent[]> => {
    const read = () => shop.page.evaluate<MetaEvent[]>('window.metaEvents || []');
    await eventually(async () => (await read()).length >= count, `${count} events at Meta`);
    await shop.page.waitForTimeout(50);
    return read();
  };
  const idsOf = (events: readonly SentEvent[]) =>
    Object.fromEntries(events.map(({ ev, eid }) => [ev === 'pageview' ? 'PageView' : ev, eid]));

  const PIXEL_OF_META = metaPixelSnippet(META, INIT);
  const LATE = tag(ALIAS, 'speck.all');
  /** Delays the page here until Meta's script has sent an event. */
  const SLOW = '<script src="/slow.js"></script>';

  test.each([
    ['at once, and Meta’s script late', early(ALIAS) + PIXEL_OF_META, { meta: 300 }],
    ['at once', early(ALIAS) + PIXEL_OF_META, {}],
    ['after Meta’s snippet and before its script', PIXEL_OF_META + early(ALIAS), { meta: 300 }],
    ['deferred', SNIPPET + LATE + PIXEL_OF_META, {}],
    ['deferred, after Meta’s script', SNIPPET + PIXEL_OF_META + SLOW + LATE, {}],
    ['deferred, with a slow script of Meta’s', PIXEL_OF_META + SNIPPET + LATE, { meta: 600 }],
    ['seconds late', SNIPPET + LATE + PIXEL_OF_META, { tag: 2500 }],
    ['seconds late, and by a small file', SNIPPET + tag(ALIAS) + PIXEL_OF_META, { tag: 1500 }],
    ['with its snippet after what Meta’s script has sent', PIXEL_OF_META + SLOW + SNIPPET + LATE, {}],
  ])('the tag runs %s: each event is in both once, under one id', async (place, body, delays) => {
    const delay = { meta: 0, tag: 0, ...delays };
    shop.site.forget();
    shop.site.on('/slow.js', async () => {
      await eventually(() => shop.site.requests.some(({ url }) => url.pathname === '/tr'), "Meta's event");
      return { headers: { 'content-type': 'text/javascript' }, body: '' };
    });
    await shop.page.route('**/speck.all.js', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, delay.tag));
      return route.continue();
    });
    serveMeta(delay.meta);
    shop.site.page(
      '/',
      `<!doctype html><script>stub = 0</script>${body}<script>
      fbq('trackCustom', 'Inline', { at: 'once' });
    </script>`,
    );
    // The page does not wait for the tag.
    await shop.page.goto(SHOP, { waitUntil: 'commit' });
    await metaEvents(2);
    await shop.page.evaluate(() => window.fbq('track', 'Lead', { value: 1, currency: 'EUR' }));
    await metaEvents(3);
    const isLate = place.startsWith('with its snippet');
    await shop.events(3);
    await shop.page.evaluate(() => {
      window.fbq('trackSingle', '1234567890', 'Purchase', { value: 2, currency: 'EUR' });
      window.fbq('trackSingleCustom', '1234567890', 'Share');
    });
    const atMeta = await metaEvents(5);
    const names = ['PageView', 'Inline', 'Lead', 'Purchase', 'Share'];
    expect(atMeta.map(({ name }) => name)).toEqual(names);
    // What Meta had sent before the snippet ran is not known to Speck, which has counted the page by itself.
    const shared = isLate ? names.slice(1) : names;
    const events = await shop.events(5);
    expect(events.map(({ ev }) => (ev === 'pageview' ? 'PageView' : ev)).toSorted()).toEqual(
      names.toSorted(),
    );
    const ids = idsOf(events);
    for (const { name, eid } of atMeta.filter(({ name }) => shared.includes(name))) {
      expect(eid, name).toMatch(EVENT_ID);
      expect(eid, name).toBe(ids[name]);
    }
    expect(new Set(shared.map((name) => ids[name])).size).toBe(shared.length);
    expect(await shop.page.evaluate('fbq === _fbq')).toBe(true);
    expect(shop.noise).toEqual([]);
  });

  test('has the ids of calls before the tag, which Speck sends with a consent only', async () => {
    serveMeta();
    shop.site.page(
      '/',
      `${SNIPPET}${tag('data-relay data-alias="fbq"', 'speck.all')}${metaPixelSnippet(META, `${INIT} fbq('track', 'Lead')`)}`,
    );
    await shop.page.route('**/speck.all.js', async (route) => {
      await metaEvents(2);
      return route.continue();
    });
    await shop.page.goto(SHOP);
    const events = await shop.events(2);
    expect((await metaEvents(2)).map(({ eid }) => eid)).toEqual([
      expect.stringMatching(EVENT_ID),
      expect.stringMatching(EVENT_ID),
    ]);
    expect(events.map(({ ev }) => ev)).toEqual(['pageview', 'Lead']);
    for (const event of events) expect(event).not.toHaveProperty('eid');
  });

  test('is left alone by a tag that has come after its script without the snippet', async () => {
    serveMeta();
    shop.site.page('/', PIXEL_OF_META + SLOW + LATE);
    shop.site.on('/slow.js', async () => {
      await eventually(() => shop.site.requests.some(({ url }) => url.pathname === '/tr'), "Meta's event");
      return { headers: { 'content-type': 'text/javascript' }, body: '' };
    });
    shop.site.forget();
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => window.fbq('track', 'Lead'));
    expect((await metaEvents(2)).map(({ name }) => name)).toEqual(['PageView', 'Lead']);
    expect(shop.noise).toEqual(["Speck: data-relay beside Meta's pixel needs another snippet"]);
  });

  test('has one report of each call if the snippet is there twice', async () => {
    serveMeta();
    shop.site.page('/', SNIPPET + PIXEL_OF_META + SNIPPET + LATE);
    await shop.page.goto(SHOP);
    await shop.events(1);
    await shop.page.evaluate(() => window.fbq('track', 'Lead'));
    const [, lead] = await metaEvents(2);
    const events = await shop.allEvents();
    expect(events.map(({ ev }) => ev)).toEqual(['pageview', 'Lead']);
    expect(idsOf(events)['Lead']).toBe(lead?.eid);
  });

  test('gets calls that Speck does not understand, and those of old references, as they were made', async () => {
    serveMeta();
    shop.site.page(
      '/',
      `${early(ALIAS)}${metaPixelSnippet(META, `${INIT} old = fbq; old('set', 'autoConfig', false, '1234567890');`)}`,
    );
    await shop.page.goto(SHOP);
    await metaEvents(1);
    await shop.events(1);
    await shop.page.evaluate(`
      fbq('dataProcessingOptions', ['LDU'], 0, 0);
      fbq('consent', 'grant');
      fbq.push('track', 'Lead', { value: 1 });
      old.callMethod.apply(null, ['track', 'Contact']);
      _fbq('track', 'Schedule', null, { test_event_code: 'T1' });
      fbq(['track', 'Legacy']);
      fbq();
      fbq(7, Symbol.iterator && 8);
    `);
    const calls = await eventually(async () => {
      const made = await metaCalls();
      return made.length >= 11 && made;
    }, 'all calls');
    const id = expect.stringMatching(EVENT_ID);
    expect(calls).toEqual([
      ['init', '1234567890'],
      ['track', 'PageView', {}, { eventID: id }],
      ['set', 'autoConfig', false, '1234567890'],
      ['dataProcessingOptions', ['LDU'], 0, 0],
      ['consent', 'grant'],
      ['track', 'Lead', { value: 1 }, { eventID: id }],
      ['track', 'Contact', {}, { eventID: id }],
      ['track', 'Schedule', {}, { test_event_code: 'T1', eventID: id }],
      [['track', 'Legacy']],
      [],
      [7, 8],
    ]);
    const events = await shop.allEvents();
    expect(events.map(({ ev }) => ev)).toEqual(['pageview', 'engagement', 'Lead', 'Contact', 'Schedule']);
    expect(shop.noise).toEqual([]);
  });

  test('keeps an id of the page’s, by either of Meta’s names, and shares it', async () => {
    serveMeta();
    shop.site.page('/', early(ALIAS) + metaPixelSnippet(META, INIT));
    await shop.page.goto(SHOP);
    await metaEvents(1);
    await shop.page.evaluate(() => {
      window.fbq('track', 'Purchase', { value: 2, currency: 'EUR' }, { eventID: 'A-17' });
      window.fbq('track', 'Lead', {}, { event_id: 'L-1' });
    });
    expect((await metaEvents(3)).slice(1).map(({ eid }) => eid)).toEqual(['A-17', 'L-1']);
    expect((await metaCalls()).at(-1)).toEqual(['track', 'Lead', {}, { event_id: 'L-1' }]);
    expect(idsOf(await shop.events(3))).toMatchObject({ Purchase: 'A-17', Lead: 'L-1' });
  });

  test('gets calls unchanged without consent, and Speck sends them without an id', async () => {
    serveMeta();
    shop.site.page('/', early('data-relay data-alias="fbq"') + metaPixelSnippet(META, INIT));
    await shop.page.goto(SHOP);
    await metaEvents(1);
    await shop.page.evaluate(() => {
      window.fbq('track', 'Lead');
      window.fbq('consent', 'revoke');
      window.fbq('track', 'Purchase', { value: 2, currency: 'EUR' }, { eventID: 'A-17' });
    });
    await metaEvents(2);
    expect(await metaCalls()).toEqual([
      ['init', '1234567890'],
      ['track', 'PageView'],
      ['track', 'Lead'],
      ['consent', 'revoke'],
    ]);
    // Meta's script keeps it until there is a consent.
    expect(await shop.page.evaluate('[...fbq.queue[0]]')).toEqual([
      'track',
      'Purchase',
      { value: 2, currency: 'EUR' },
      { eventID: 'A-17' },
    ]);
    const events = await shop.allEvents();
    expect(idsOf(events)).toEqual({
      PageView: undefined,
      Lead: undefined,
      engagement: undefined,
      Purchase: 'A-17',
    });
    expect(events.filter((event) => 'ud' in event)).toEqual([]);
  });

  test('gets the calls where its script is blocked, and Speck counts', async () => {
    shop.site.on('/meta.js', () => undefined);
    shop.site.page('/', SNIPPET + tag(ALIAS) + metaPixelSnippet(META, `${INIT} fbq('track', 'Lead')`));
    await shop.page.goto(SHOP);
    await shop.events(2);
    await shop.page.evaluate(() => window.fbq('track', 'Contact'));
    const events = await shop.events(3);
    expect(events.map(({ ev }) => ev)).toEqual(['pageview', 'Lead', 'Contact']);
    expect(events.filter(({ ud }) => (ud as { px?: string } | undefined)?.px)).toEqual([]);
    expect(await shop.page.evaluate('fbq.queue.length')).toBe(4);
  });

  test('is not disturbed by an error in a call, nor by a page that wraps fbq', async () => {
    serveMeta();
    shop.site.page('/', early(ALIAS) + metaPixelSnippet(META, `${INIT}`));
    await shop.page.goto(SHOP);
    await metaEvents(1);
    await shop.page.evaluate(`
      const meta = fbq;
      fbq = function () { return meta.apply(this, arguments) };
      const cycle = {}; cycle.self = cycle;
      try { fbq('track', 'Cycle', cycle) } catch {}
      fbq('track', 'Lead');
      try { fbq('track', { toString() { throw new Error('by the page') } }); } catch {}
    `);
    expect((await metaEvents(4)).map(({ name }) => typeof name === 'string' && name)).toEqual([
      'PageView',
      'Cycle',
      'Lead',
      false,
    ]);
    expect((await shop.allEvents()).map(({ ev }) => ev).slice(0, 2)).toEqual(['pageview', 'Lead']);
  });

  test('of Meta beside data-alias: once its script has run', async () => {
    shop.site.on('/meta.js', () => ({
      headers: { 'content-type': 'text/javascript' },
      body: metaPixelScript(),
    }));
    shop.site.page('/', early(`${GRANTED} data-alias="fbq"`) + metaPixelSnippet('', "fbq('init', '1')"));
    await shop.page.goto(SHOP);
    await shop.page.evaluate(() => window.fbq('track', 'Before'));
    expect(named(await shop.events(2), 'Before')).not.toHaveProperty('ud');
    await shop.page.addScriptTag({ url: '/meta.js' });
    await shop.page.evaluate(() => window.fbq('track', 'After'));
    expect(named(await shop.events(3), 'After')).toMatchObject({ ud: { px: 'meta' } });
  });
});
