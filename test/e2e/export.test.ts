/** Taking all data out and bringing it back: every event leaves once, comes back as it was, and counts as it did. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvRecords } from '../../src/api/csv.ts';
import { runScript } from '../scripts/project.ts';
import { ADMIN_TOKEN, ROOT, type Speck, startSpeck } from './harness.ts';

const ZONE = 'America/New_York';
const HOUR = 3_600_000;
const NOW = Date.now();
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

const directory = mkdtempSync(join(tmpdir(), 'speck-export-'));
let speck: Speck;
let source: string;

beforeAll(async () => {
  speck = await startSpeck();
  source = await speck.addPixel({ timezone: ZONE, url: 'https://shop.example/' });
  await fill(source);
  await runCron();
});
afterAll(async () => {
  await speck.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Texts that spreadsheets, CSV readers, JSON readers and databases are known to stumble over. */
const ODD = [
  '=HYPERLINK("https://evil.example","click")',
  '+1+1',
  '-2-3',
  '@SUM(A1)',
  "'=1",
  "'quoted'",
  '"',
  'a,b;c',
  '😀 \u202eRTL שלום',
  '\ufeffmark',
  'e\u0301 NFD',
  '__proto__',
  'null',
  '007',
  '\\u0041\\n',
  '<script>alert(1)</script>',
];
/** Never stored by the API, which drops control characters; an export must cope with them all the same. */
const RAW = ['two\nlines', 'two\r\nlines', '\t=tab', '\r=return', ' spaces '];

function nameOf(index: number, odd: string): string {
  if (index % 9 === 0) return odd;
  if (index % 10 === 0) return 'Purchase';
  return index % 7 === 0 ? 'engagement' : 'PageView';
}

async function fill(pixel: string): Promise<void> {
  const events = Array.from({ length: 400 }, (_, index) => {
    const odd = ODD[index % ODD.length] as string;
    return {
      id: pixel,
      ev: nameOf(index, odd),
      dl: `https://shop.example/${encodeURIComponent(odd)}?utm_campaign=${encodeURIComponent(odd)}&utm_source=x`,
      rl: index % 3 === 0 ? 'https://news.example/a?b=c' : '',
      eid: index % 4 === 0 ? `order-${index}-${odd}` : '',
      ts: NOW - (index % 80) * HOUR - index * 1000,
      ip: `192.0.2.${index % 20}`,
      ua: FIREFOX,
      country: index % 2 === 0 ? 'DE' : 'US',
      cd: JSON.parse(
        `{"b":${JSON.stringify(odd)},"2024":"x","10":"y","__proto__":"z","engaged":${index * 1000},"scroll":${index % 100}${
          index % 10 === 0 ? `,"value":${index % 20 === 0 ? -29.99 : 8589934592.5},"currency":"EUR"` : ''
        }}`,
      ),
    };
  });
  const response = await speck.api('POST', '/api/v1/events', { events });
  expect(await response.json()).toEqual({ accepted: 400, duplicates: 0, rejected: [] });
  const cities = `UPDATE events SET city = ?1 WHERE pixel = ?2 AND (ts / 1000) % ${RAW.length * 2} = ?3`;
  for (const [place, text] of RAW.entries()) await speck.db.prepare(cities).bind(text, pixel, place).run();
  // Keys in an order that a JavaScript object would not keep, and the greatest amount.
  await speck.db
    .prepare(`UPDATE events SET props = ?1, value = ?2 WHERE pixel = ?3 AND eid LIKE 'order-0-%'`)
    .bind('{"b":"1","2024":"2","__proto__":"3"}', Number.MAX_SAFE_INTEGER, pixel)
    .run();
}

/** Rolls up every day that is over. */
async function runCron(): Promise<void> {
  for (let run = 0; run < 20; run++) {
    await speck.cron(new Date(NOW));
    const { results } = await speck.db
      .prepare('SELECT 1 FROM days WHERE dirty > 0 AND ends_at <= ?')
      .bind(NOW)
      .all();
    if (results.length === 0) return;
  }
  throw new Error('days stay dirty');
}

const get = (pixel: string, what: string, headers: Record<string, string> = {}) =>
  fetch(`${speck.url}/api/v1/pixels/${pixel}/${what}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
  });
const textOf = async (pixel: string, what: string): Promise<string> => {
  const response = await get(pixel, what);
  expect(response.status).toBe(200);
  return response.text();
};
const rowsOf = (ndjson: string): Record<string, unknown>[] =>
  ndjson.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));

const put = (pixel: string, body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${speck.url}/api/v1/pixels/${pixel}/events`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/x-ndjson', ...headers },
    body,
  });
const putLines = async (pixel: string, ...lines: unknown[]) => {
  const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  const response = await put(pixel, body);
  expect(response.status).toBe(202);
  return response.json();
};

async function importFile(pixel: string, name: string, content: string | Buffer) {
  const file = join(directory, name);
  writeFileSync(file, content);
  const script = runScript(join(ROOT, 'scripts', 'import.ts'), [file, '--url', speck.url, '--pixel', pixel], {
    SPECK_TOKEN: ADMIN_TOKEN,
  });
  return { code: await script.ended, stdout: script.stdout(), stderr: script.stderr() };
}

async function makeToken(scope: string, pixel?: string, ...more: string[]): Promise<Record<string, string>> {
  const response = await speck.api('POST', '/api/v1/tokens', {
    name: scope,
    scopes: [scope, ...more],
    ...(pixel ? { pixel } : {}),
  });
  return { authorization: `Bearer ${((await response.json()) as { token: string }).token}` };
}

describe('an export', () => {
  it('holds every event in order, with all its columns but the pixel', async () => {
    const response = await get(source, 'events');
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="shop.example-events.ndjson"',
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('link')).toBeNull();
    const rows = rowsOf(await response.text());
    const { results } = await speck.db
      .prepare('SELECT * FROM events WHERE pixel = ? ORDER BY ts, id')
      .bind(source)
      .all();
    expect(rows).toHaveLength(400);
    expect(
      rows.map(({ ts, value, props, ...row }) => ({
        ...row,
        pixel: source,
        ts: Date.parse(String(ts)),
        value,
        props: JSON.stringify(props),
      })),
    ).toEqual(
      results.map(({ value, props, ...row }) => ({
        ...row,
        value: value === null ? null : Number(value) / 1e6,
        props: JSON.stringify(JSON.parse(String(props) || '{}')),
      })),
    );
  });

  it('gives amounts as decimals to the last digit, and props as they are stored', async () => {
    const line = (await textOf(source, 'events')).split('\n').find((text) => text.includes('"order-0-'));
    expect(line).toContain('"value":9007199254.740991,');
    expect(line).toContain('"props":{"b":"1","2024":"2","__proto__":"3"}}');
  });

  it('is CSV when asked for, with nothing in it that a spreadsheet would run', async () => {
    const response = await get(source, 'events?format=csv');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('content-disposition')).toContain('shop.example-events.csv');
    const text = await response.text();
    expect(text).toMatch(/^ts,id,eid,[\w,]+\r\n/);
    for await (const record of csvRecords([text])) {
      for (const cell of record) expect(cell).not.toMatch(/^([=+@\t\r]|-\D|-.*-)/);
    }
    expect(text).toContain(`"'=HYPERLINK(""https://evil.example"",""click"")"`);
    expect(text).toContain(',-29.99,');
    const accepted = await get(source, 'events', { accept: 'text/csv, */*;q=0.5' });
    expect(await accepted.text()).toBe(text);
  });

  it('of some local days has the events of these days', async () => {
    const local = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short' });
    const dayOf = ({ ts }: Record<string, unknown>) => local.format(new Date(String(ts)));
    const all = rowsOf(await textOf(source, 'events'));
    const [, from, to] = [...new Set(all.map(dayOf))] as [string, string, string];
    for (const [query, wanted] of [
      [`from=${from}&to=${to}`, (day: string) => from <= day && day <= to],
      [`from=${to}`, (day: string) => day >= to],
      [`to=${from}`, (day: string) => day <= from],
      [
        `from=1999-12-31&to=${new Date(Date.now() + 365 * 86_400_000).toISOString().slice(0, 10)}`,
        () => true,
      ],
      ['from=2000-01-01&to=2000-01-02', () => false],
    ] as const) {
      const rows = rowsOf(await textOf(source, `events?${query}`));
      expect(rows).toEqual(all.filter((row) => wanted(dayOf(row))));
    }
    for (const query of ['from=1999-12-30', 'to=0001-01-01', 'to=9998-12-31', 'from=2999-01-01']) {
      expect((await get(source, `events?${query}`)).status, query).toBe(400);
    }
    const namedResponse = await get(source, `events?from=${from}&to=${to}&format=csv`);
    expect(namedResponse.headers.get('content-disposition')).toContain(
      `shop.example-events-from-${from}-to-${to}.csv`,
    );
    await namedResponse.body?.cancel();
    const days = rowsOf(await textOf(source, `rollups?from=${from}&to=${to}`)).map(({ day }) => day);
    expect(new Set(days)).toEqual(new Set([from, to]));
  });

  it.each(['events', 'rollups'])('of %s in pieces is the same as in one', async (what) => {
    const fullText = await textOf(source, `${what}?format=csv`);
    const [header = ''] = fullText.split('\r\n', 1);
    let pieces = '';
    let next: string | undefined = `${speck.url}/api/v1/pixels/${source}/${what}?limit=37`;
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, accept: 'text/csv' };
    for (let first = true; next !== undefined; first = false) {
      const response: Response = await fetch(next, { headers });
      const text = await response.text();
      pieces += first ? text : text.slice(header.length + 2);
      [, next] = /^<(.+)>; rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
    }
    expect(pieces).toBe(fullText);
  });

  it('of a pixel without events is empty', async () => {
    const pixel = await speck.addPixel();
    expect(await textOf(pixel, 'events')).toBe('');
    expect(await textOf(pixel, 'events?format=csv')).toMatch(/^ts,id,[\w,]+\r\n$/);
    expect(await textOf(pixel, 'rollups')).toBe('');
    expect(await textOf(pixel, 'rollups?format=csv')).toMatch(/^day,dimension,currency,value,[\w,]+\r\n$/);
  });

  it.each([
    ['from=2026-02-30', 'from'],
    ['to=yesterday', 'to'],
    ['from=2026-02-02&to=2026-02-01', 'from'],
    ['format=xml', 'format'],
    ['limit=0', 'limit'],
    ['limit=50001', 'limit'],
    ['limit=many', 'limit'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=["2026-01-01"]', 'cursor'],
    ['cursor=["a","b"]', 'cursor'],
    ['cursor=[null,"b"]', 'cursor'],
    ['cursor={"0":1}', 'cursor'],
  ])('refuses %s', async (query, path) => {
    const response = await get(source, `events?${query}`);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      reason: 'invalid_query',
      errors: expect.arrayContaining([{ path, message: expect.any(String) }]),
    });
  });

  it('has the codes of visitors and people for those only who may change the pixel', async () => {
    const pixel = await speck.addPixel();
    const shop = {
      events: [
        {
          id: pixel,
          ev: 'Bought',
          uid: 'ann',
          ip: '192.0.2.1',
          ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
        },
      ],
    };
    expect((await speck.api('POST', '/api/v1/events', shop)).status).toBe(202);
    const reading = await makeToken('stats:read', pixel);
    const both = await makeToken('pixels:write', pixel, 'stats:read');
    for (const format of ['ndjson', 'csv']) {
      const codes = /u[\w-]{22}/;
      const full = await (await get(pixel, `events?format=${format}`, both)).text();
      expect(full).toMatch(codes);
      expect(full).toContain('visitor');
      // A page of several is no way around it.
      for (const query of ['', '&limit=1', '&cursor=[0,""]']) {
        const text = await (await get(pixel, `events?format=${format}${query}`, reading)).text();
        expect(text).toContain('Bought');
        expect(text).not.toMatch(codes);
        expect(text).not.toContain('visitor');
        expect(text).not.toContain('person');
      }
    }
    const line = await (await get(pixel, 'events', reading)).text();
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/x-ndjson' };
    const back = await fetch(`${speck.url}/api/v1/pixels/${await speck.addPixel()}/events`, {
      method: 'PUT',
      headers,
      body: line,
    });
    expect(await back.json()).toMatchObject({ accepted: 1, rejected: [] });
  });

  it('is for those only who may read it', async () => {
    const other = await speck.addPixel();
    const may = await makeToken('stats:read', source);
    for (const what of ['events', 'rollups']) {
      for (const [headers, status, reason] of [
        [{ authorization: 'Bearer no' }, 401, 'wrong_token'],
        [{ authorization: '' }, 401, 'missing_token'],
        [await makeToken('events:write', source), 403, 'missing_scope'],
        [await makeToken('stats:read', other), 403, 'wrong_pixel'],
      ] as const) {
        const response = await get(source, what, headers);
        expect(response.status).toBe(status);
        expect(await response.json()).toMatchObject({ reason });
      }
      const response = await get(source, what, may);
      expect(response.status).toBe(200);
      await response.body?.cancel();
      expect((await get('px_1111111111111111', what)).status).toBe(404);
    }
  });
});

describe('an import of an export', () => {
  const QUERIES = [
    { metrics: ['visitors', 'visits', 'pageviews', 'events', 'bounce_rate', 'visit_duration'] },
    { metrics: ['visitors', 'visits'], dimensions: ['time:day', 'visit:source'] },
    { metrics: ['visitors', 'pageviews'], dimensions: ['event:page'] },
    { metrics: ['visitors', 'events'], dimensions: ['event:name'] },
    { metrics: ['time_on_page', 'scroll_depth'], dimensions: ['event:page'] },
    { metrics: ['events', 'total_revenue'], dimensions: ['event:name'] },
    { metrics: ['visits'], dimensions: ['visit:city', 'visit:country'] },
    { metrics: ['visitors'], dimensions: ['time:hour'], filters: [['is', 'visit:country', ['DE']]] },
  ];
  const answers = async (pixel: string) =>
    Promise.all(
      QUERIES.map(async (query) => {
        const body = { site_id: pixel, date_range: '7d', ...query };
        const response = await speck.api('POST', '/api/v2/query', body);
        expect(response.status).toBe(200);
        return ((await response.json()) as { results: unknown[] }).results;
      }),
    );

  it.each([
    ['export.ndjson', 'ndjson', (text: string) => Buffer.from(text)],
    ['export.csv', 'csv', (text: string) => Buffer.from(text)],
    ['export.csv.gz', 'csv', (text: string) => gzipSync(text)],
    ['saved.csv', 'csv', (text: string) => Buffer.from(`\ufeff${text}`)],
  ])('gives the same events, rollups and answers: %s', async (name, format, pack) => {
    const pixel = await speck.addPixel({ timezone: ZONE });
    const file = pack(await textOf(source, `events?format=${format}`));
    const { code, stdout, stderr } = await importFile(pixel, name, file);
    expect(stderr).toBe('');
    expect(stdout).toMatch(new RegExp(`^${name}: 400 lines\n +400 {2}events, .+\n +400 {2}accepted\n$`));
    expect(code).toBe(0);
    await runCron();
    for (const what of ['events', 'events?format=csv', 'rollups', 'rollups?format=csv']) {
      expect(await textOf(pixel, what)).toBe(await textOf(source, what));
    }
    const before = await answers(source);
    expect(before.flat().length).toBeGreaterThan(20);
    expect(await answers(pixel)).toEqual(before);

    const again = await importFile(pixel, name, file);
    expect(again.stdout).toMatch(/ 0 {2}accepted\n +400 {2}already there/);
    expect(again.code).toBe(0);
    expect(await textOf(pixel, 'events')).toBe(await textOf(source, 'events'));
  });

  it('tells which lines were refused, and why', async () => {
    const pixel = await speck.addPixel({ timezone: ZONE });
    const [first, second = ''] = (await textOf(source, 'events')).split('\n');
    const broken = [first, '{"ts":', second.replace(/"name":"[^"]*"/, '"name":""')].join('\n');
    const { code, stdout } = await importFile(pixel, 'broken.ndjson', broken);
    expect(code).toBe(1);
    expect(stdout).toMatch(/1 {2}refused: invalid_event\n +line 3: name: An event needs a name\./);
    expect(stdout).toMatch(/1 {2}unreadable\n +line 2 is not JSON/);
    const csv = await importFile(
      pixel,
      'broken.csv',
      'ts,id,name\r\nnow,1,a\r\n2026-01-01T00:00:00.000Z,2\r\n',
    );
    expect(csv.stdout).toMatch(/line 2: ts: This is not a time/);
    expect(csv.stdout).toMatch(/line 3 has 2 cells in place of 3/);
  });

  it('ends at once when the pixel is not there', async () => {
    const { code, stderr } = await importFile(
      'px_1111111111111111',
      'a.ndjson',
      await textOf(source, 'events'),
    );
    expect(code).toBe(1);
    expect(stderr).toContain('Check --url and --pixel.');
  });
});

describe('PUT /api/v1/pixels/:id/events', () => {
  const event = { ts: '2026-02-03T10:00:00.123Z', id: 'one', name: 'pageview' };

  it('takes an event with the columns it has, and the same again as a duplicate', async () => {
    const pixel = await speck.addPixel();
    expect(await putLines(pixel, event, '', { ...event, id: 'two', value: -0.5, currency: 'EUR' })).toEqual({
      accepted: 2,
      duplicates: 0,
      rejected: [],
    });
    expect(await putLines(pixel, event, event)).toEqual({ accepted: 0, duplicates: 2, rejected: [] });
    expect(rowsOf(await textOf(pixel, 'events'))).toMatchObject([
      { ...event, visitor: '', agent_class: 'human', value: null, props: {} },
      { id: 'two', value: -0.5, currency: 'EUR' },
    ]);
    const gzipped = await put(pixel, gzipSync(JSON.stringify({ ...event, id: 'three' })), {
      'content-encoding': 'gzip',
    });
    expect(await gzipped.json()).toMatchObject({ accepted: 1 });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['no JSON', '{"ts":', 'invalid_event', /^The line is not JSON/],
    ['no object', '[1]', 'invalid_event', /^The line is not a JSON object/],
    ['a column of no export', { ...event, pixel: 'px_1' }, 'invalid_event', /^pixel: Exports have no such/],
    ['__proto__', '{"__proto__":{"ts":1}}', 'invalid_event', /^__proto__: Exports have no such/],
    ['no time', { id: 'a', name: 'b' }, 'invalid_event', /^ts: /],
    [
      'a date that is none',
      { ...event, ts: '2026-02-30T10:00:00.000Z' },
      'invalid_event',
      /^ts: This is not a time/,
    ],
    [
      'a time without milliseconds',
      { ...event, ts: '2026-02-03T10:00:00Z' },
      'invalid_event',
      /^ts: This is not a/,
    ],
    ['the time as a number', { ...event, ts: 1770112800123 }, 'invalid_event', /^ts: This must be a string/],
    ['the far future', { ...event, ts: '2999-01-01T00:00:00.000Z' }, 'time_in_future', /future/],
    ['long ago', { ...event, ts: '1999-12-31T23:59:59.999Z' }, 'time_too_old', /2000/],
    ['no id', { ...event, id: '' }, 'invalid_event', /^id: An event needs an id/],
    ['no name', { ...event, name: '' }, 'invalid_event', /^name: /],
    [
      'a text that is too long',
      { ...event, page: 'x'.repeat(1025) },
      'invalid_event',
      /^page: It is longer than 1024/,
    ],
    ['a number for a text', { ...event, page: 5 }, 'invalid_event', /^page: This must be a string/],
    ['null for a text', { ...event, page: null }, 'invalid_event', /^page: This must be a string/],
    ['a text for a number', { ...event, value: '5' }, 'invalid_event', /^value: This must be a number/],
    [
      'too large a number',
      { ...event, value: 1e300 },
      'invalid_event',
      /^value: This number cannot be stored/,
    ],
    ['a currency that is none', { ...event, currency: 'Euro' }, 'invalid_event', /^currency: /],
    ['an agent that is none', { ...event, agent_class: 'bot' }, 'invalid_event', /^agent_class: /],
    [
      'props of something else',
      { ...event, props: { a: { b: 1 } } },
      'invalid_event',
      /^props.*: This must be/,
    ],
    ['props that are a text', { ...event, props: '{}' }, 'invalid_event', /^props: This must be an object/],
    [
      'half a character',
      `${JSON.stringify(event).slice(0, -1)},"page":"\\ud83d"}`,
      'invalid_event',
      /^page: It has a character/,
    ],
    ['U+0000', { ...event, page: '\0' }, 'invalid_event', /^page: It has a character/],
    ['deep nesting', '['.repeat(100_000) + ']'.repeat(100_000), 'invalid_event', /^The line is not/],
  ])('refuses %s, and takes the line beside it', async (_, line, reason, message) => {
    const pixel = await speck.addPixel();
    const answer = await putLines(pixel, line, { ...event, id: 'good' });
    expect(answer).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: [{ index: 0, reason, message: expect.stringMatching(message) }],
    });
    expect(rowsOf(await textOf(pixel, 'events')).map(({ id }) => id)).toEqual(['good']);
  });

  it('refuses too many properties', async () => {
    const pixel = await speck.addPixel();
    const props = Object.fromEntries(Array.from({ length: 31 }, (_, key) => [`k${key}`, 'v']));
    expect(await putLines(pixel, { ...event, props })).toMatchObject({
      accepted: 0,
      rejected: [{ message: expect.stringContaining('at most 30') }],
    });
  });

  it('stores nothing in a day whose events are past retention and gone', async () => {
    const pixel = await speck.addPixel();
    await putLines(pixel, event);
    await speck.db.prepare('UPDATE days SET raw = 2, dirty = 0 WHERE pixel = ?').bind(pixel).run();
    expect(await putLines(pixel, '{}', { ...event, id: 'late' })).toMatchObject({
      accepted: 0,
      rejected: [
        { index: 0, reason: 'invalid_event' },
        { index: 1, reason: 'day_closed' },
      ],
    });
  });

  it('refuses a body with no lines, with too many, and one that is too large', async () => {
    const pixel = await speck.addPixel();
    for (const [body, status, reason] of [
      ['', 400, 'invalid_body'],
      ['\n\n', 400, 'invalid_body'],
      ['{}\n'.repeat(1001), 400, 'invalid_body'],
      ['x'.repeat(1024 * 1024 + 1), 413, 'body_too_large'],
    ] as const) {
      const response = await put(pixel, body);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ reason });
    }
  });

  it('is for those only who may write', async () => {
    const pixel = await speck.addPixel();
    const body = JSON.stringify(event);
    for (const [headers, status, reason] of [
      [{ authorization: 'Bearer no' }, 401, 'wrong_token'],
      [await makeToken('stats:read', pixel), 403, 'missing_scope'],
      [await makeToken('events:write', source), 403, 'wrong_pixel'],
    ] as const) {
      const response = await put(pixel, body, headers);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ reason });
    }
    expect(await textOf(pixel, 'events')).toBe('');
    expect((await put(pixel, body, await makeToken('events:write', pixel))).status).toBe(202);
    expect((await put('px_1111111111111111', body)).status).toBe(404);
  });
});
