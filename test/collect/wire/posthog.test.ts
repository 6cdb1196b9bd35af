/** Reading what PostHog's libraries send; test/clients has the libraries themselves. */
import fc from 'fast-check';
import LZString from 'lz-string';
import { describe, expect, it } from 'vitest';
import { unpackLz64 } from '../../../src/collect/wire/lz64.ts';
import { posthog } from '../../../src/collect/wire/posthog.ts';
import { newToken } from '../../../src/model/token.ts';
import type { Sample } from '../../fuzz.ts';
import { runs } from '../../runs.ts';
import { eventsOf, readingOf, requestOf } from './read.ts';

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';
const PIXEL = 'px_1111111111111111';
const MADE = '01a22900-0c1e-729d-948b-9235be0254c0';

const post = (body: string, more: Partial<Sample> = {}): Sample => ({
  method: 'POST',
  path: '/e',
  headers: { 'user-agent': BROWSER },
  body,
  ...more,
});
const capture = (event: object, more: Partial<Sample> = {}): Sample =>
  post(JSON.stringify({ api_key: PIXEL, batch: [event] }), more);
/** An event of the browser library with these properties. */
const web = (event: string, properties: object = {}) =>
  capture({ event, properties: { $lib: 'web', $current_url: 'https://a.example/b', ...properties } });
const only = async (sample: Sample) => {
  const events = await eventsOf(posthog, sample);
  expect(events).toHaveLength(1);
  return events[0];
};

describe('a body', () => {
  const json = JSON.stringify({ token: 'phc_1', event: 'ä + ü', properties: {} });
  const utf8 = btoa(Array.from(new TextEncoder().encode(json), (byte) => String.fromCharCode(byte)).join(''));
  it.each<[string, Sample]>([
    ['JSON', post(json)],
    ['a list', post(`[${json}]`)],
    ['a form with base64', post(`data=${encodeURIComponent(utf8)}`)],
    ['a form with base64 that was not escaped', post(`data=${utf8}&ip=1`, { query: 'compression=base64' })],
    ['a form with JSON', post(`data=${encodeURIComponent(json)}`)],
    ['base64 alone', post(utf8)],
    [
      'packed by lz-string',
      post(`data=${encodeURIComponent(LZString.compressToBase64(json))}&compression=lz64`),
    ],
    [
      'packed by lz-string, as the query says',
      post(`data=${encodeURIComponent(LZString.compressToBase64(json))}`, { query: 'compression=lz64' }),
    ],
  ])('is read that is %s', async (_, sample) => {
    expect(await eventsOf(posthog, sample)).toMatchObject([{ id: 'phc_1', key: 'posthog', ev: 'ä + ü' }]);
  });

  it.each(['', '{', 'data=', 'data=%%%', '7', 'null', 'data=e30&compression=lz64'])(
    '%j is broken',
    async (body) => {
      expect(await readingOf(posthog, post(body))).toBe('broken_json');
    },
  );

  it('names its site in each of the places that libraries have used', async () => {
    const named = [
      { api_key: 'k' },
      { token: 'k' },
      { properties: { token: 'k' } },
      { properties: { api_key: 'k' } },
    ];
    for (const one of named)
      expect(await only(post(JSON.stringify({ event: 'A', ...one })))).toMatchObject({ id: 'k' });
    expect(await only(post('{"event":"A"}', { query: 'token=k' }))).toMatchObject({ id: 'k' });
    expect(await readingOf(posthog, post('{"event":"A"}'))).toBe('missing_id');
    const token = newToken();
    expect(
      await readingOf(
        posthog,
        capture({ event: 'A' }, { body: JSON.stringify({ api_key: token, batch: [{ event: 'A' }] }) }),
      ),
    ).toMatchObject({ token, events: [{ id: '' }] });
  });
});

describe('lz-string', () => {
  it('is unpacked as it packs', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.stringMatching(/^[ab]{0,400}$/),
      fc.string({ maxLength: 2000 }),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(unpackLz64(LZString.compressToBase64(one), 10_000)).toBe(one);
      }),
      { numRuns: runs(500, 20_000) },
    );
  });

  it('is bounded, and never throws', () => {
    const bomb = LZString.compressToBase64('a'.repeat(2_000_000));
    expect(bomb.length).toBeLessThan(8000);
    expect(unpackLz64(bomb, 1_000_000)).toBe(null);
    expect(unpackLz64(bomb, 2_000_000)).toHaveLength(2_000_000);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9+/=]{0,200}$/)), (packed) => {
        const unpacked = unpackLz64(packed, 1000);
        expect(unpacked === null || unpacked.length <= 1000).toBe(true);
      }),
      { numRuns: runs(500, 20_000) },
    );
  });
});

describe('an event', () => {
  it.each([
    ['$pageview', 'pageview'],
    ['$pageleave', 'engagement'],
    ['$identify', 'engagement'],
    ['$autocapture', '$autocapture'],
    ['$web_vitals', '$web_vitals'],
    ['pageview', 'Pageview'],
    ['Signup', 'Signup'],
    ['', ' '],
  ])('%j is stored as %j', async (event, ev) => {
    expect(await only(web(event))).toMatchObject({ ev });
  });

  it.each(['$set', '$create_alias', '$groupidentify', '$snapshot', '$feature_flag_called', '$$heatmap'])(
    '%s says nothing that is kept',
    async (event) => {
      expect(await eventsOf(posthog, web(event))).toEqual([]);
    },
  );

  it('that is none is rejected by itself', async () => {
    const body = JSON.stringify({ api_key: PIXEL, batch: [null, 7, [], 'x', { event: 'A' }, { event: {} }] });
    const events = await eventsOf(posthog, post(body));
    expect(events.map((event) => event?.ev ?? null)).toEqual([null, null, null, null, 'A', ' ']);
    const many = JSON.stringify({ api_key: PIXEL, batch: Array(201).fill({ event: 'A' }) });
    expect(await readingOf(posthog, post(many))).toBe('too_many_events');
  });

  it('keeps the properties that the owner sent, and few of the library’s', async () => {
    const properties = {
      plan: 'pro',
      revenue: 9.5,
      currency: 'EUR',
      $event_type: 'click',
      $web_vitals_LCP_value: 1200,
      $el_text: 'Ann Example',
      $elements: [{ tag_name: 'a' }],
      $exception_list: [{ type: 'TypeError', value: 'Ann Example' }],
      title: 'Ann Example',
      utm_source: 'nl',
      gclid: 'x',
      token: PIXEL,
      distinct_id: 'u',
    };
    expect((await only(web('A', properties)))?.cd).toEqual([
      ['$exception_type', 'TypeError'],
      ['plan', 'pro'],
      ['value', 9.5],
      ['currency', 'EUR'],
      ['$event_type', 'click'],
      ['$web_vitals_LCP_value', 1200],
    ]);
  });

  it('reports the page before, by its leaving or by the next page view', async () => {
    const before = {
      $prev_pageview_pathname: '/before',
      $prev_pageview_duration: 2.5,
      $prev_pageview_max_content_percentage: 0.504,
    };
    const cd = [
      ['engaged', 2500],
      ['scroll', 50],
    ];
    expect(await eventsOf(posthog, web('$pageleave', before))).toMatchObject([
      { ev: 'engagement', dl: 'https://a.example/b', cd },
    ]);
    expect(await eventsOf(posthog, web('$pageview', before))).toMatchObject([
      { ev: 'engagement', dl: 'https://a.example/before', cd },
      { ev: 'pageview', dl: 'https://a.example/b', cd: [] },
    ]);
    for (const path of ['//evil.example/', 7, 'x', '/\ud800'])
      expect(
        (await eventsOf(posthog, web('$pageview', { ...before, $prev_pageview_pathname: path })))[0],
      ).toMatchObject({ ev: 'engagement' });
  });

  it('has the referrer of its session, and campaigns beside the address unless a browser repeats them', async () => {
    const properties = {
      $session_entry_referrer: 'https://s.example/',
      $referrer: 'https://first.example/',
      utm_source: 'nl',
    };
    expect(await only(web('A', properties))).toMatchObject({
      rl: 'https://s.example/',
      dl: 'https://a.example/b',
    });
    expect(await only(web('A', { $referrer: '$direct' }))).toMatchObject({ rl: '' });
    expect(await only(web('A', { ...properties, $lib: 'posthog-node' }))).toMatchObject({
      dl: 'https://a.example/b?utm_source=nl',
    });
  });
});

describe('the person', () => {
  const NODE = { headers: { 'user-agent': 'posthog-node/5.70.0' } };
  it.each<[string, Sample, object]>([
    [
      'an anonymous id',
      web('A', { distinct_id: MADE, $device_id: MADE, $is_identified: false }),
      { uid: '', aid: MADE },
    ],
    ['a user', web('A', { distinct_id: 'u1', $user_id: 'u1', $device_id: MADE }), { uid: 'u1', aid: MADE }],
    [
      'a user by the word of the library',
      web('A', { distinct_id: 'u1', $is_identified: true }),
      { uid: 'u1', aid: '' },
    ],
    [
      'an identified user',
      capture({ event: '$identify', distinct_id: 'u1', properties: { $anon_distinct_id: MADE } }),
      { uid: 'u1', aid: MADE },
    ],
    ['nobody, without cookies', web('A', { distinct_id: '$posthog_cookieless' }), { uid: '' }],
    ['nobody', web('A'), { uid: '' }],
    ['a user of a server', capture({ event: 'A', distinct_id: 'u1' }, NODE), { uid: 'u1' }],
    [
      'an anonymous id of a server',
      capture({ event: 'A', distinct_id: 'x', properties: { $process_person_profile: false } }, NODE),
      { uid: '', aid: 'x' },
    ],
    [
      'an id of a browser, from a server',
      capture({ event: 'A', distinct_id: MADE }, NODE),
      { uid: '', aid: MADE },
    ],
  ])('is %s', async (_, sample, person) => {
    expect(await only(sample)).toMatchObject(person);
  });

  it('has consented by opting in, and by nothing else', async () => {
    expect(await only(web('$opt_in'))).toMatchObject({ ev: '$opt_in', consent: 'granted' });
    expect(await only(web('A', { $opt_in: true }))).toMatchObject({ consent: '' });
  });
});

describe('what a token allows', () => {
  it.each([
    [
      { timestamp: '2026-01-01T00:00:00Z', properties: { $ip: '192.0.2.7' } },
      { ts: Date.parse('2026-01-01T00:00:00Z'), ip: '192.0.2.7' },
    ],
    [{ timestamp: 'never' }, { ts: 'never' }],
    [{ properties: { $raw_user_agent: BROWSER } }, { ua: BROWSER }],
  ])('in %j', async (event, overrides) => {
    expect((await only(capture({ event: 'A', ...event })))?.overrides).toEqual(overrides);
  });

  it('is the time by our clock', async () => {
    const batch = [
      { event: 'A', timestamp: '2001-01-01T00:00:00Z' },
      { event: 'B', offset: 10_000 },
    ];
    const before = Date.now();
    const events = await eventsOf(
      posthog,
      post(JSON.stringify({ api_key: PIXEL, batch, sent_at: '2001-01-01T00:00:10Z' })),
    );
    for (const event of events) {
      const then = Number(event?.overrides?.ts) + 10_000;
      expect(then).toBeGreaterThanOrEqual(before);
      expect(then).toBeLessThanOrEqual(Date.now());
    }
  });
});

describe('an answer', () => {
  const answer = async (sample: Sample) =>
    posthog.answer({ request: requestOf(sample), error: null, events: [] });

  it.each(['/e/', '/i/v0/e/', '/batch/', '/capture', '/s/', '/engage/'])(
    'of %s is that it is fine',
    async (path) => {
      expect(await (await answer(post('', { path }))).json()).toEqual({ status: 'Ok' });
      expect((await answer(post('', { path, query: 'ip=0&beacon=1' }))).status).toBe(204);
    },
  );

  it.each(['/s', '/engage', '/flags', '/decide'])('%s needs no events and no site', async (path) => {
    expect(await readingOf(posthog, post('nonsense', { path }))).toMatchObject({ events: [] });
  });

  it('switches everything off that Speck does not have', async () => {
    const off = {
      sessionRecording: false,
      heatmaps: false,
      capturePerformance: false,
      siteApps: [],
      hasFeatureFlags: false,
    };
    for (const path of ['/flags/', '/decide/']) {
      const flags = { featureFlags: {}, flags: {}, errorsWhileComputingFlags: false };
      expect(await (await answer(post('', { path }))).json()).toMatchObject({ ...off, ...flags });
    }
    const config = await answer({ method: 'GET', path: '/array/phc_1/config' });
    expect(await config.json()).toMatchObject(off);
    const script = await (await answer({ method: 'GET', path: '/array/phc_1/config.js' })).text();
    const window: Record<string, Record<string, unknown>> = {};
    new Function('window', script)(window);
    expect(window['_POSTHOG_REMOTE_CONFIG']).toMatchObject({ phc_1: { config: off, siteApps: [] } });
  });

  it.each([
    '/array/phc_1',
    '/array/phc_1/array.js',
    '/array/a"b/config.js',
    '/array/%3C/config.js',
    '/array//config',
  ])('%s is not there', async (path) => {
    expect((await answer({ method: 'GET', path })).status).toBe(404);
  });
});
