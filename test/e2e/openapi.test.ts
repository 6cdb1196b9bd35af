/** The OpenAPI document against the Worker: it is valid, and requests and answers are what it says. */
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, type Speck, startSpeck } from './harness.ts';

interface Operation {
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const ADDRESS = 'https://speck.example/openapi.json';

let speck: Speck;
let document: Document;
let pixel: string;
/** The id of a public page. */
let page: string;
const OPTIONS = { strict: false, validateFormats: false };
const ajv = new Ajv2020(OPTIONS);
/** Of answers: one that has a property which is not described is not what the document says. */
const strict = new Ajv2020(OPTIONS);

beforeAll(async () => {
  speck = await startSpeck();
  document = (await (await fetch(`${speck.url}/api/openapi.json`)).json()) as Document;
  ajv.addSchema(document, ADDRESS);
  strict.addSchema(closed(document) as object, ADDRESS);
  pixel = await speck.addPixel();
  const link = await speck.api('POST', `/api/v1/pixels/${pixel}/links`, { name: 'Board', public: true });
  page = ((await link.json()) as { public_url: string }).public_url.split('/').at(-1) ?? '';
});
afterAll(() => speck.close());

/** A schema in which objects have no other properties than those that are described. */
function closed(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const parts = Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, closed(part)]));
  const isOpen = 'type' in schema && 'properties' in schema && !('additionalProperties' in schema);
  return isOpen ? { ...parts, additionalProperties: false } : parts;
}

/** The validator of a schema in the document, by the keys that lead to it. */
function schemaAt(by: Ajv2020, ...keys: readonly string[]): ValidateFunction {
  const pointer = keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
  const address = `${ADDRESS}#/${encodeURI(pointer)}`;
  return by.getSchema(address) ?? by.compile({ $ref: address });
}

const bodySchema = (method: string, path: string): ValidateFunction =>
  schemaAt(ajv, 'paths', path, method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema');

/** Says what is wrong with an answer by the document; `''` when it is one of those described. */
async function faultOf(method: string, path: string, response: Response): Promise<string> {
  const { status } = response;
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const described = document.paths[path]?.[method.toLowerCase()]?.responses[status];
  if (!described) return `${method} ${path} is not described with ${status}`;
  if (!described.content) return (await response.text()) === '' ? '' : 'a body that is not described';
  if (!described.content[type]) return `${method} ${path} ${status} is not described as ${type}`;
  if (!/^application\/(problem\+)?json$/.test(type)) return '';
  const keys = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema'];
  const validate = schemaAt(strict, ...keys);
  const body = await response.json();
  return validate(body) ? '' : `${JSON.stringify(body)}: ${strict.errorsText(validate.errors)}`;
}

/** A request, whose answer must be one that the document describes. */
async function call(method: string, path: string, body?: unknown, query = ''): Promise<Response> {
  const response = await speck.api(method, path.replace('{id}', pixel) + query, body);
  expect(await faultOf(method, path, response.clone())).toBe('');
  return response;
}

describe('the document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...structuredClone(document) });
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(document.openapi).toBe('3.1.0');
  });

  it('is for anyone, may be kept for an hour, and is not sent twice', async () => {
    const first = await fetch(`${speck.url}/api/openapi.json`);
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toBe('application/json');
    expect(first.headers.get('cache-control')).toBe('public, max-age=3600');
    expect(first.headers.get('access-control-allow-origin')).toBe('*');
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${speck.url}/api/openapi.json`, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
  });

  it('has every method of every path, and says which are public', async () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const address = speck.url + path.replace('{id}', pixel).replace('{page}', page).replaceAll(/[{}]/g, '');
      for (const [method, { security }] of Object.entries(methods)) {
        // What is for the visitor's own pages only is asked for as by one.
        const headers = { origin: speck.url };
        const { status } = await fetch(address, { method: method.toUpperCase(), headers });
        // An empty entry: a token or session is optional.
        const isPublic = security?.length === 0 || security?.some((one) => Object.keys(one).length === 0);
        if (isPublic) expect([200, 204, 400], `${method} ${path}`).toContain(status);
        else expect(status, `${method} ${path}`).toBe(401);
      }
      const other = await fetch(address, { method: 'QUERY' });
      expect(other.status).toBe(405);
      const allowed = (other.headers.get('allow') ?? '').toLowerCase().split(', ');
      const described = Object.keys(methods);
      expect(new Set(allowed.filter((method) => method !== 'options'))).toEqual(
        // HEAD is answered wherever GET is, and needs no description of its own.
        new Set([...described, ...(described.includes('get') ? ['head'] : [])]),
      );
    }
  });
});

const GOOD: readonly (readonly [method: string, path: string, bodies: readonly object[]])[] = [
  [
    'POST',
    '/api/v1/pixels',
    [
      { name: 'Shop', url: 'https://shop.example' },
      {
        name: '  Shop  ',
        url: 'https://shop.example',
        timezone: 'Europe/Berlin',
        settings: { retention_days: 30, origins: ['*.Shop.Example', 'localhost'], query_params: ['q'] },
      },
    ],
  ],
  [
    'PATCH',
    '/api/v1/pixels/{id}',
    [{}, { name: 'New' }, { timezone: 'Asia/Tokyo' }, { settings: { retention_days: 400 } }],
  ],
  [
    'POST',
    '/api/v2/query',
    [
      { site_id: '{id}', metrics: ['visitors'], date_range: '7d' },
      {
        site_id: '{id}',
        metrics: ['visitors', 'visits', 'pageviews', 'events'],
        date_range: ['2026-01-01', '2026-01-31'],
        dimensions: ['time:day', 'event:page'],
        filters: [
          ['contains', 'event:page', ['/blog'], { case_sensitive: false }],
          ['not', ['or', [['is_not', 'visit:country', ['DE', 'AT']]]]],
          ['is', 'event:props:plan', ['pro']],
        ],
        order_by: [['visitors', 'desc']],
        include: { time_labels: true, total_rows: true },
        pagination: { limit: 5, offset: 1 },
      },
      {
        site_id: '{id}',
        metrics: ['visitors', 'bounce_rate'],
        date_range: '28d',
        dimensions: ['visit:source'],
        include: { comparisons: { mode: 'previous_period' } },
      },
    ],
  ],
  [
    'POST',
    '/api/v1/events',
    [
      { events: [{ id: '{id}', dl: 'https://site.example/', ts: '2026-11-01T10:00:00Z' }] },
      { events: [{ id: '{id}', ev: 'Purchase', cd: { value: 9.5, currency: 'EUR', plan: 'pro' }, ts: 1 }] },
    ],
  ],
  [
    'POST',
    '/api/v1/tokens',
    [
      { name: 'CI', scopes: ['stats:read'], pixel: null },
      { name: 'b', scopes: ['events:write'], pixel: '{id}' },
    ],
  ],
];

const filled = (body: object): object => JSON.parse(JSON.stringify(body).replaceAll('{id}', pixel)) as object;

describe('a body', () => {
  it.each(GOOD)(
    'of %s %s that is usual is one by the document, and is taken',
    async (method, path, bodies) => {
      const validate = bodySchema(method, path);
      for (const body of bodies) {
        expect(validate(filled(body)), ajv.errorsText(validate.errors)).toBe(true);
        expect((await call(method, path, filled(body))).status).toBeLessThan(300);
      }
    },
  );

  it.each(GOOD)('of %s %s that the document refuses is answered 400', async (method, path, bodies) => {
    const validate = bodySchema(method, path);
    let rejectedCount = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...bodies), fc.nat(), VALUE, async (body, place, value) => {
        const broken = mutated(filled(body), place, value);
        if (validate(broken)) return;
        rejectedCount++;
        expect((await call(method, path, broken)).status, JSON.stringify(broken)).toBe(400);
      }),
      { numRuns: 75 },
    );
    expect(rejectedCount).toBeGreaterThan(0);
  });

  it('of queries may be a list, and then so is the answer: of results and problems', async () => {
    const validate = bodySchema('POST', '/api/v2/query');
    const query = filled({ site_id: '{id}', metrics: ['visitors'], date_range: '7d' });
    const list = [query, { ...query, dimensions: ['event:page'] }];
    expect(validate(list), ajv.errorsText(validate.errors)).toBe(true);
    const answer = await call('POST', '/api/v2/query', list);
    expect(await answer.json()).toMatchObject([{ results: [{ metrics: [0] }] }, { results: [] }]);
    // What is wrong with a query is said of that query.
    const partly = [query, { ...query, metrics: ['none'] }];
    expect(validate(partly)).toBe(false);
    const items = await (await call('POST', '/api/v2/query', partly)).json();
    expect(items).toMatchObject([{ results: [{}] }, { status: 400, reason: 'invalid_query' }]);
    for (const refused of [[], Array(21).fill(query)]) {
      expect(validate(refused)).toBe(false);
      expect((await call('POST', '/api/v2/query', refused)).status).toBe(400);
    }
  });

  it('in docs/api.md is one by the document', () => {
    const examples = [...readFileSync(`${ROOT}/docs/api.md`, 'utf8').matchAll(/^```json\n(.*?)^```/gms)].map(
      ([, text]) => JSON.parse(text ?? '') as object,
    );
    const queries = examples.filter((example) => 'site_id' in example);
    expect(queries.length).toBeGreaterThan(0);
    const isQuery = bodySchema('POST', '/api/v2/query');
    for (const one of queries) expect(isQuery(one), ajv.errorsText(isQuery.errors)).toBe(true);
    const isNamed = ({ results }: { results?: unknown[] }): boolean => !('metrics' in Object(results?.[0]));
    for (const [property, name, isOf] of [
      ['accepted', 'IngestResult', () => true],
      ['verdict', 'DestinationTest', () => true],
      ['deliveries', 'Deliveries', () => true],
      ['states', 'DestinationSummary', () => true],
      ['conversions', 'Conversions', () => true],
      ['results', 'NamedQueryResult', isNamed],
      ['results', 'QueryResult', (answer: object) => !isNamed(answer)],
    ] as const) {
      const answers = examples.filter((example) => property in example && isOf(example));
      expect(answers.length).toBeGreaterThan(0);
      const validate = schemaAt(strict, 'components', 'schemas', name);
      for (const one of answers) expect(validate(one), strict.errorsText(validate.errors)).toBe(true);
    }
  });
});

/** JSON but for an empty array, which valibot takes for an object without properties. */
const VALUE = fc.jsonValue({ maxDepth: 2 }).filter((value) => !Array.isArray(value) || value.length > 0);

/** A copy with one value in it, however deep, replaced, or one property too many. */
function mutated(body: object, place: number, value: unknown): unknown {
  const copy = structuredClone(body) as Record<string, unknown>;
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const visit = (holder: Record<string, unknown>): void => {
    for (const key of [...Object.keys(holder), ...(Array.isArray(holder) ? [] : ['surplus'])]) {
      places.push([holder, key]);
      const inner = holder[key];
      if (typeof inner === 'object' && inner !== null) visit(inner as Record<string, unknown>);
    }
  };
  visit(copy);
  const [holder, key] = places[place % places.length] as [Record<string, unknown>, string];
  holder[key] = value;
  // What is wrong with a single event is said of that event: the others are stored.
  const { events } = copy;
  return Array.isArray(events) ? { ...copy, events: events.map(() => ({ id: pixel })) } : copy;
}

describe('an answer', () => {
  it('is what the document says', async () => {
    const made = await call('POST', '/api/v1/tokens', { name: 'Mine', scopes: ['stats:read'] });
    const { id: token } = (await made.json()) as { id: string };
    for (const path of [
      '/api/v1/pixels',
      '/api/v1/pixels/{id}',
      '/api/v1/pixels/{id}/rejections',
      '/api/v1/pixels/{id}/live',
      '/api/v1/pixels/{id}/stats',
      '/api/v1/pixels/{id}/events',
      '/api/v1/pixels/{id}/rollups',
      '/api/v1/tokens',
      '/api/v1/dead-letters',
      '/api/v1/diagnostics',
    ]) {
      expect((await call('GET', path)).status).toBe(200);
    }
    expect((await call('POST', '/api/v1/dead-letters/replay')).status).toBe(200);
    expect(await faultOf('GET', '/health', await fetch(`${speck.url}/health`))).toBe('');
    const gone = await speck.api('DELETE', `/api/v1/tokens/${token}`);
    expect(await faultOf('DELETE', '/api/v1/tokens/{id}', gone)).toBe('');
  });

  it('is so of events with everything in them, and of what was refused', async () => {
    const now = Date.now();
    const answer = await call('POST', '/api/v1/events', {
      events: [
        {
          id: pixel,
          ev: 'Purchase',
          dl: 'https://site.example/thanks',
          ts: now - 1000,
          ip: '203.0.113.9',
          ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
          country: 'DE',
          cd: { value: 12.5, currency: 'EUR', plan: 'pro' },
        },
        { id: pixel, dl: 'https://site.example/', ts: now, ip: '203.0.113.9', ua: 'curl/8' },
        { id: 'px_unknown' },
        7,
      ],
    });
    expect(await answer.json()).toMatchObject({ accepted: 1 });
    await call('GET', '/api/v1/pixels/{id}/live');
    await call('GET', '/api/v1/pixels/{id}/rejections');
    const namedResponse = await call(
      'GET',
      '/api/v1/pixels/{id}/stats',
      undefined,
      '?period=day&by=name&compare=previous_period',
    );
    expect(((await namedResponse.json()) as { results: unknown[] }).results).not.toEqual([]);
    await call('GET', '/api/v1/pixels/{id}/stats', undefined, '?period=day&metrics=visitors,total_revenue');
    await call('GET', '/api/v1/pixels/{id}/stats', undefined, '?period=day&format=csv');
  });

  it('is so of problems, too', async () => {
    const broken = (path: string, method: string, init: RequestInit) =>
      fetch(speck.url + path, {
        method,
        ...init,
        headers: { authorization: 'Bearer test-admin-token', ...init.headers },
      });
    for (const [method, path] of GOOD) {
      const address = path.replace('{id}', pixel);
      const fault = async (init: RequestInit, status: number): Promise<void> => {
        const response = await broken(address, method, init);
        expect(response.status).toBe(status);
        expect(await faultOf(method, path, response)).toBe('');
      };
      await fault({ body: '{' }, 400);
      await fault({ body: 'x'.repeat(1024 * 1024 + 1) }, 413);
      await fault({ body: '{}', headers: { 'content-encoding': 'br' } }, 415);
      await fault(
        { body: new Uint8Array([0x1f, 0x8b, 8, 0, 7]), headers: { 'content-encoding': 'gzip' } },
        400,
      );
      await fault({ body: '{}', headers: { authorization: 'Bearer guess' } }, 401);
    }
    const other = 'px_1111111111111111';
    for (const path of ['', '/stats', '/live', '/rejections', '/events', '/rollups']) {
      const missing = await speck.api('GET', `/api/v1/pixels/${other}${path}`);
      expect(missing.status).toBe(404);
      expect(await faultOf('GET', `/api/v1/pixels/{id}${path}`, missing)).toBe('');
    }
    const made = await speck.api('POST', '/api/v1/tokens', { name: 'One', scopes: ['stats:read'], pixel });
    const { token } = (await made.json()) as { token: string };
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods).filter((one) => methods[one]?.security?.length !== 0)) {
        const address = path.replace('{id}', other);
        const init = { headers: { authorization: `Bearer ${token}` } };
        const response = await broken(address, method.toUpperCase(), init);
        expect(await faultOf(method, path, response), `${method} ${path}`).toBe('');
      }
    }
  });

  it('is so of a beacon that is refused', async () => {
    for (const [body, status] of [
      ['{', 400],
      ['{}', 400],
      [`[${Array.from({ length: 101 }, () => `{"id":"${pixel}"}`).join(',')}]`, 413],
      ['x'.repeat(65_537), 413],
    ] as const) {
      const response = await fetch(`${speck.url}/beacon`, { method: 'POST', body });
      expect(response.status).toBe(status);
      expect(await faultOf('POST', '/beacon', response)).toBe('');
    }
  });
});
