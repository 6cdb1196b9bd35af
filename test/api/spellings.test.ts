/**
 * Any spelling of the same page, host, address or name gives one row, and a filter, a goal, a funnel and an origin that are typed
 * in any of these spellings find it: through the API, from what is sent to what is answered.
 */
import { exports } from 'cloudflare:workers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isAllowed } from '../../src/enrich/origins.ts';
import type { Goal } from '../../src/model/goal.ts';
import type { Pixel, PixelSettings } from '../../src/model/pixel.ts';
import { UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { applySchema, makePixel, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

beforeAll(applySchema);

const worker = (exports as unknown as { readonly default: Fetcher }).default;
const UA =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

async function api(method: string, path: string, body?: unknown) {
  const response = await worker.fetch(`https://px.example.com/api/${path}`, {
    method,
    headers: { authorization: 'Bearer test-admin-token', 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

async function addPixel(settings: Partial<PixelSettings> = {}, url = 'https://site.example') {
  const { status, body } = await api('POST', 'v1/pixels', { name: 'Test', url, settings });
  expect(status, JSON.stringify(body)).toBe(201);
  return body as unknown as { readonly id: string; readonly settings: PixelSettings };
}

/** Sends events, each of a visitor of its own if nothing else is said. */
async function send(id: string, events: readonly Record<string, unknown>[]) {
  const rawEvents = events.map((event, index) => ({ id, ua: UA, ip: `192.0.2.${index + 1}`, ...event }));
  return (await api('POST', 'v1/events', { events: rawEvents })).body;
}

/** Stores views of pages as they are spelled here, each of a visitor of its own. */
async function storePages(pixel: Pixel, pages: readonly string[], ts: number): Promise<void> {
  const view = (page: string, index: number) =>
    ({ id: `e${index}`, ts, visitor: `v${index}`, name: 'pageview', page }) as OracleEvent;
  await store(pixel, pages.map(view));
}

async function rows(id: string, dimension: string, filters: unknown[] = [], metric = 'events') {
  const { status, body } = await api('POST', 'v2/query', {
    site_id: id,
    metrics: [metric],
    date_range: 'day',
    dimensions: dimension === '' ? [] : [dimension],
    filters,
  });
  expect(status, JSON.stringify(body)).toBe(200);
  const { results } = body as unknown as { results: { dimensions: string[]; metrics: number[] }[] };
  return results.map(({ dimensions, metrics }) => [...dimensions, metrics[0]]);
}

const count = async (id: string, ...filters: unknown[]): Promise<unknown> =>
  (await rows(id, '', filters))[0]?.[0];

const escaped = (character: string): string =>
  [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

/** How a character of a path may be written. Reserved ones stay as they are. */
function writings(character: string): string[] {
  if (/[/!$&'()*+,;=:@]/.test(character)) return [character];
  const low = escaped(character);
  const escapes = [low, low.toUpperCase(), low.replace(/[a-f]/, (letter) => letter.toUpperCase())];
  // A percent sign by itself would make an escape of what follows.
  return /[%?#\\]/.test(character) ? escapes : [character, ...escapes];
}

const LETTERS = [
  'a',
  'Z',
  '7',
  '-',
  '.',
  '_',
  '~',
  ' ',
  'ü',
  'é',
  'ß',
  '日',
  'д',
  '😀',
  '"',
  '<',
  '{',
  '|',
  '^',
  '%',
  "'",
  '(',
  ',',
  '+',
  ':',
];
const paths = fc
  .array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 8 })
  .map((letters) => ['x', ...letters, 'y']);
const spelled = (characters: readonly string[]) =>
  fc
    .tuple(...characters.map((character) => fc.constantFrom(...writings(character))))
    .map((parts) => `/${parts.join('')}`);

describe('a page', () => {
  it('has one stored spelling, and filters match it by any spelling', async () => {
    await fc.assert(
      fc.asyncProperty(
        paths.chain((characters) =>
          fc.tuple(fc.constant(characters), fc.array(spelled(characters), { minLength: 3, maxLength: 3 })),
        ),
        async ([characters, [sent = '', typed = '', third = '']]) => {
          const goals: Goal[] = [
            { name: 'whole', page: typed },
            // The first letters, and a wildcard.
            {
              name: 'start',
              page: `/${characters
                .slice(0, 2)
                .map((one) => writings(one)[0])
                .join('')}*`,
            },
          ];
          const pixel = await addPixel({
            goals,
            funnels: [{ name: 'f', steps: ['whole', 'start'], within: 'visit' }],
          });
          const pages = [sent, third, typed];
          await send(
            pixel.id,
            pages.map((page, index) => ({
              dl: `https://site.example${page}`,
              rl: `https://from.example${page}`,
              ip: '192.0.2.1',
              ts: Date.now() - 1000 + index,
            })),
          );
          const [[page = ''] = [], ...more] = await rows(pixel.id, 'event:page');
          expect(more).toEqual([]);
          expect(page).toMatch(/^(?:[\w.~!$&'()*+,;=:@/[\]-]|%[\dA-F]{2})+$/);
          expect(await rows(pixel.id, 'visit:referrer')).toHaveLength(1);
          for (const one of [...pages, String(page)]) {
            expect(await count(pixel.id, ['is', 'event:page', [one]]), one).toBe(3);
            expect(await count(pixel.id, ['is_not', 'event:page', [one]]), one).toBe(0);
            expect(await count(pixel.id, ['is', 'visit:entry_page', [one]]), one).toBe(3);
            expect(await count(pixel.id, ['is', 'visit:referrer', [`From.Example.${one}`]]), one).toBe(3);
            expect(await count(pixel.id, ['contains', 'event:page', [one.slice(1)]]), one).toBe(3);
            expect(await count(pixel.id, ['contains', 'visit:referrer', [one]]), one).toBe(3);
            expect(
              await count(pixel.id, ['contains', 'event:page', [one], { case_sensitive: false }]),
              one,
            ).toBe(3);
          }
          // What cannot be misread in a pattern.
          const inner = characters.filter((one) => /[\p{L}\p{N}]/u.test(one));
          expect(
            await count(pixel.id, ['matches', 'event:page', [`^/x.*${inner.slice(1, -1).join('.*')}.*y$`]]),
          ).toBe(3);
          expect(await rows(pixel.id, 'event:goal')).toEqual([
            ['start', 3],
            ['whole', 3],
          ]);
          const { body } = await api('GET', `v1/pixels/${pixel.id}/funnel?name=f&period=day`);
          expect((body['steps'] as unknown as { count: number }[]).map((step) => step.count)).toEqual([1, 1]);
        },
      ),
      { numRuns: runs(8, 25) },
    );
  });

  it.each([
    ['/a/../caf%c3%a9', '/café'],
    ['/100%', '/100%25'],
    ['/%41%2d%2E%7e', '/A-.~'],
    ['/a%2fb', '/a%2Fb'],
    ['/search?q=caf%c3%a9+au%20lait&x=1', '/search?q=café au lait'],
    ['/search?q=%28a%29~%21', '/search?q=(a)~!'],
    ['/search?q=b&q=a', '/search?q=a&q=b'],
    ['/u/ann@mail.example?q=ann%40mail.example', '/u/(email)?q=(email)'],
  ])('%s matches as %s', async (sent, typed) => {
    const pixel = await addPixel({ query_params: ['q'], goals: [{ name: 'g', page: typed }] });
    await send(pixel.id, [{ dl: `https://site.example${sent}` }, { dl: 'https://site.example/other' }]);
    expect(await count(pixel.id, ['is', 'event:page', [typed]])).toBe(1);
    expect(await rows(pixel.id, 'event:goal')).toEqual([['g', 1]]);
  });

  it.each(['/a%2Fb', '/a%2fb/', '/A/b', '/a/b?', '/a%25b', '/a%252Fb'])(
    '%s is no spelling of /a/b',
    async (page) => {
      const pixel = await addPixel();
      await send(pixel.id, [{ dl: 'https://site.example/a/b' }]);
      expect(await count(pixel.id, ['is', 'event:page', [page]])).toBe(page === '/a/b?' ? 1 : 0);
    },
  );

  it('matches by a part of its query', async () => {
    const pixel = await addPixel({ query_params: ['q'] });
    await send(pixel.id, [{ dl: 'https://site.example/s?q=caf%C3%A9%20(au+lait)' }]);
    for (const part of ['café (au', '?q=café', 'é (au lait)', '=caf%c3%a9']) {
      expect(await count(pixel.id, ['contains', 'event:page', [part]]), part).toBe(1);
    }
    const wild = await addPixel({
      query_params: ['q'],
      goals: [
        { name: 'g', page: '/s?q=caf%C3%A9*' },
        { name: 'h', page: '/s?*' },
      ],
    });
    await send(wild.id, [{ dl: 'https://site.example/s?q=café noir' }]);
    expect(await rows(wild.id, 'event:goal')).toEqual([
      ['g', 1],
      ['h', 1],
    ]);
  });

  it('stored in another spelling by an earlier version matches filters and goals', async () => {
    const pixel = await makePixel('UTC', {
      goals: [
        { name: 'old', page: '/caf%c3%a9/*' },
        { name: 'new', page: '/über' },
      ],
    });
    const stored = ['/caf%c3%a9/%7Eann', '/a|b', '/%c3%bcber'];
    await storePages(pixel, stored, Date.now() - 1000);
    for (const page of stored) expect(await count(pixel.id, ['is', 'event:page', [page]]), page).toBe(1);
    expect(await count(pixel.id, ['is', 'event:page', ['/über', '/a%7Cb']])).toBe(2);
    expect(await count(pixel.id, ['contains', 'event:page', ['über', 'café']])).toBe(2);
    expect(await rows(pixel.id, 'event:goal')).toEqual([
      ['new', 1],
      ['old', 1],
    ]);
  });

  it('with a long name is not cut within a character', async () => {
    const pixel = await addPixel();
    const ends = Array.from({ length: 9 }, (_, more) => `/${'x'.repeat(1012 + more)}${'日'.repeat(20)}`);
    await send(
      pixel.id,
      ends.map((page) => ({ dl: `https://site.example${page}` })),
    );
    const pageRows = await rows(pixel.id, 'event:page');
    expect(pageRows).toHaveLength(9);
    for (const [page] of pageRows) expect(() => decodeURIComponent(String(page))).not.toThrow();
    for (const page of ends) expect(await count(pixel.id, ['is', 'event:page', [page]])).toBe(1);
  });
});

/** Hosts in several spellings, each with the one that is stored. */
const HOSTS: readonly (readonly [string, readonly string[]])[] = [
  [
    'xn--mller-kva.example',
    [
      'müller.example',
      'MÜLLER.example',
      'xn--mller-kva.example',
      'XN--MLLER-KVA.EXAMPLE.',
      'm%C3%BCller.example',
      'mu\u0308ller.example',
      'müller。example',
    ],
  ],
  ['xn--80a1acny.xn--p1ai', ['почта.рф', 'Почта.РФ.', 'xn--80a1acny.xn--p1ai']],
  ['blog.example', ['blog.example', 'Blog.Example', 'blog.example.']],
  ['[2001:db8::1]', ['[2001:db8::1]', '[2001:DB8:0:0::1]']],
];

describe('a host', () => {
  it.each(HOSTS)(
    '%s has one stored spelling, and filters match it by any spelling',
    async (stored, names) => {
      for (const typed of names) {
        const pixel = await addPixel({ origins: [typed] }, `https://${typed}`);
        expect(pixel.settings.origins).toEqual([stored]);
        for (const name of names) {
          const client = { ...UNKNOWN_CLIENT, userAgent: UA, origin: `https://${name}` };
          expect(isAllowed(pixel.settings.origins, client), `${typed} of ${name}`).toBe(true);
        }
        expect(
          isAllowed(pixel.settings.origins, { ...UNKNOWN_CLIENT, origin: 'https://other.example' }),
        ).toBe(false);
        await send(
          pixel.id,
          names.map((name) => ({ dl: `https://${name}/`, rl: 'https://other.example/' })),
        );
        await send(
          pixel.id,
          names.map((name, index) => ({
            dl: 'https://shop.example/',
            rl: `https://${name}/p`,
            ip: `203.0.113.${index}`,
          })),
        );
        expect(await rows(pixel.id, 'event:hostname')).toEqual(
          [
            ['shop.example', names.length],
            [stored, names.length],
          ].toSorted(),
        );
        // The pixel's own host is no source.
        expect(await rows(pixel.id, 'visit:source')).toEqual([
          ['Direct / None', names.length],
          ['other.example', names.length],
        ]);
        expect(await count(pixel.id, ['is', 'event:hostname', [typed]])).toBe(names.length);
        const otherPixel = await addPixel();
        await send(
          otherPixel.id,
          names.map((name) => ({
            dl: 'https://site.example/',
            rl: `https://www.${name}/p`.replace('www.[', '['),
          })),
        );
        expect(await rows(otherPixel.id, 'visit:source')).toEqual([[stored, names.length]]);
        expect(await count(otherPixel.id, ['is', 'visit:source', [typed]])).toBe(names.length);
        expect(await count(otherPixel.id, ['is', 'visit:referrer', [`${typed}/p`]])).toBe(names.length);
        expect(await count(otherPixel.id, ['is_not', 'visit:source', [typed]])).toBe(0);
      }
    },
  );

  it.each([
    ['contains', 'müll'],
    ['contains', 'üller.ex'],
    ['matches', '^m.ller\\.example$'],
    ['contains', 'mller-kva'],
  ])('matches where it %s %s', async (operator, text) => {
    const pixel = await addPixel();
    await send(pixel.id, [
      { dl: 'https://müller.example/', rl: 'https://müller.example./' },
      { dl: 'https://other.example/', rl: 'https://müller.example/straße' },
    ]);
    expect(await count(pixel.id, [operator, 'event:hostname', [text]])).toBe(1);
    expect(await count(pixel.id, [operator, 'visit:source', [text]])).toBe(1);
  });

  it.each([
    'https://site.example',
    'site.example:443',
    'site.example/',
    'a b.example',
    '',
    '*.',
    'ann@site.example',
    '*.[::1]',
    '日本 .example',
  ])('that is invalid is not an origin: %j', async (origin) => {
    const { status } = await api('POST', 'v1/pixels', {
      name: 'x',
      url: 'https://site.example',
      settings: { origins: [origin] },
    });
    expect(status).toBe(400);
  });

  it('with a wildcard is an origin in any spelling', async () => {
    const { settings } = await addPixel({ origins: ['*.Müller.example.'] });
    expect(settings.origins).toEqual(['*.xn--mller-kva.example']);
  });
});

describe('an address', () => {
  it.each([
    [
      '192.0.2.1',
      [
        '192.0.2.1',
        '::ffff:192.0.2.1',
        '::FFFF:c000:201',
        '0:0:0:0:0:ffff:192.0.2.1',
        '[::ffff:192.0.2.1]:443',
        '192.0.2.1:8080',
        '192.000.002.001',
      ],
    ],
    [
      '2001:db8::1',
      [
        '2001:db8::1',
        '2001:DB8:0:0:0:0:0:1',
        '2001:0db8::0001',
        '[2001:db8::1]',
        '[2001:db8::1]:443',
        '2001:db8::1%eth0',
        '2001:db8:0::0:1',
      ],
    ],
    ['a host name', ['gate.example', 'Gate.Example.']],
  ])('has one stored spelling: %s', async (_, spellings) => {
    const pixel = await addPixel();
    await send(
      pixel.id,
      [...spellings, '203.0.113.9'].map((ip) => ({ dl: 'https://site.example/', ip })),
    );
    expect(await rows(pixel.id, '', [], 'visitors')).toEqual([[2]]);
  });
});

it('of a pixel that protects small groups matches by the stored spelling only', async () => {
  const pixel = await makePixel('UTC', { min_group: 2 });
  const yesterday = Date.now() - 24 * 3_600_000;
  const stored = ['/%C3%BCber', '/%C3%BCber', '/%C3%BCber', '/%C3%BCber', '/%c3%bcber', '/%c3%bcber'];
  await storePages(pixel, stored, yesterday);
  await runJobs(Date.now());
  for (const typed of ['/über', '/%c3%bcber', '/%C3%BCber']) {
    const { body } = await api('POST', 'v2/query', {
      site_id: pixel.id,
      metrics: ['visitors'],
      date_range: '7d',
      filters: [['is', 'event:page', [typed]]],
    });
    expect(body['results']).toEqual([{ dimensions: [], metrics: [4] }]);
  }
});

describe('a name', () => {
  it('has one stored spelling, and filters match it by any spelling', async () => {
    const names = ['Größe an', 'Gro\u0308ße an', ' Größe\nan ', 'Größe\r\n\tan\u0000'];
    for (const typed of names) {
      const pixel = await addPixel({
        goals: [
          { name: 'g', event: typed },
          { name: 'h', property: typed, value: typed },
        ],
      });
      await send(
        pixel.id,
        names.map((name) => ({ ev: name, dl: 'https://site.example/', cd: { [name]: name } })),
      );
      expect(await rows(pixel.id, 'event:name')).toEqual([['Größe an', names.length]]);
      expect(await rows(pixel.id, 'event:props:Größe an')).toEqual([['Größe an', names.length]]);
      expect(await count(pixel.id, ['is', 'event:name', [typed]])).toBe(names.length);
      expect(await count(pixel.id, ['is', 'event:props:Größe an', [typed]])).toBe(names.length);
      expect(await rows(pixel.id, 'event:goal')).toEqual([
        ['g', names.length],
        ['h', names.length],
      ]);
    }
  });

  it('PageView counts as a page view', async () => {
    const pixel = await addPixel({ goals: [{ name: 'g', event: 'PageView' }] });
    await send(pixel.id, [{ dl: 'https://site.example/' }, { ev: 'PageView', dl: 'https://site.example/' }]);
    expect(await count(pixel.id, ['is', 'event:name', ['PageView']])).toBe(2);
    expect(await rows(pixel.id, 'event:goal')).toEqual([['g', 2]]);
  });

  it.each([[{}], [['x']], ['\u200b'], [' \u00a0'], ['\u0301']])(
    'without visible text is rejected: %j',
    async (ev) => {
      const pixel = await addPixel();
      const { rejected } = await send(pixel.id, [{ ev, dl: 'https://site.example/' }]);
      expect(rejected).toMatchObject([{ reason: 'invalid_name' }]);
    },
  );

  it('of a campaign is cut between characters, and matches', async () => {
    const pixel = await addPixel();
    const tag = `${'x'.repeat(119)}😀 and more`;
    await send(pixel.id, [{ dl: `https://site.example/?utm_source=${encodeURIComponent(tag)}` }]);
    const [[source] = []] = await rows(pixel.id, 'visit:source');
    expect(source).toBe('x'.repeat(119));
    expect(await count(pixel.id, ['is', 'visit:source', [source]])).toBe(1);
  });
});

describe('codes', () => {
  it.each(['de', 'De', 'DE'])('of a country are one: %s', async (country) => {
    const pixel = await addPixel();
    await send(pixel.id, [{ dl: 'https://site.example/', country, cd: { value: '5', currency: 'eur' } }]);
    for (const typed of ['de', 'DE']) expect(await count(pixel.id, ['is', 'visit:country', [typed]])).toBe(1);
    expect(await count(pixel.id, ['is', 'event:currency', ['Eur']])).toBe(1);
  });

  it.each(['ZZ', 'UK', 'EU', 'T1', 'D', 'Germany'])('that do not exist are rejected: %s', async (country) => {
    const pixel = await addPixel();
    const { rejected } = await send(pixel.id, [{ dl: 'https://site.example/', country }]);
    expect(rejected).toMatchObject([{ reason: 'invalid_override' }]);
  });

  it.each([
    [{ value: 5, currency: 'ABC' }],
    [{ value: 5, currency: 'ERU' }],
    [{ value: 5, currency: 'XXX' }],
    [{ value: '0x10', currency: 'EUR' }],
    [{ value: '1e3', currency: 'EUR' }],
    [{ value: '0b1', currency: 'EUR' }],
  ])('in an unknown currency, or in numbers that are not decimal, are not accepted: %j', async (cd) => {
    const pixel = await addPixel();
    await send(pixel.id, [{ dl: 'https://site.example/', cd }]);
    expect(await rows(pixel.id, 'event:currency')).toEqual([['(not set)', 1]]);
    expect(await rows(pixel.id, '', [], 'total_revenue')).not.toEqual([
      [expect.objectContaining({ value: expect.anything() })],
    ]);
  });
});
