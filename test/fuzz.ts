/** What fuzzing tests share: mutations of valid requests, and what a stored event may be at most. */
import fc from 'fast-check';
import { LIMITS } from '../src/model/limits.ts';

/** A request as a real client sends it. In all its parts, `PIXEL` stands for a pixel's id and `TOKEN` for a token. */
export interface Sample {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Without its question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const PARTS = [
  '&',
  '=',
  '%',
  '[',
  ']',
  '{',
  '}',
  '"',
  '\\',
  ',',
  ':',
  '\u0000',
  '\ud83d',
  '\u202e',
  '%00',
  '%E2%82',
  'cd[',
  '://',
  '@',
];

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    at: fc.nat(4000),
    cut: fc.nat(20),
    put: fc.oneof(fc.constantFrom(...PARTS), fc.string({ maxLength: 8 })),
  }),
  { maxLength: 4 },
);

const edited = (text: string, list: readonly Edit[]): string =>
  list.reduce((changed, { at, cut, put }) => {
    const place = at % (changed.length + 1);
    return changed.slice(0, place) + put + changed.slice(place + cut);
  }, text);

/** A text with something cut out, put in or repeated. */
export const mutations = (seeds: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...seeds), edits).map(([seed, list]) => edited(seed, list));

const nested = (open: string, close: string, depth: number): string =>
  `${open.repeat(depth)}1${close.repeat(depth)}`;

/** JSON texts that a client never sends in the place of a value. */
const HOSTILE_JSON = [
  'null',
  'true',
  '0',
  '-0',
  '-1',
  '1e400',
  '-1e400',
  '1e-400',
  '9007199254740993',
  '123456789012345678901234567890',
  '""',
  '" "',
  '"\\ud83d"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\\u202eabc"',
  '"ann@site.example"',
  '"javascript:alert(1)"',
  '"https://\\ud800.example/%E0%A4%A"',
  '"px_1111111111111111"',
  '"a b"',
  '[]',
  '{}',
  '[[]]',
  '[null,1,"a",{}]',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"":{"":""},"toString":1,"hasOwnProperty":2,"length":3}',
  JSON.stringify(Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`k${index}`, index]))),
  JSON.stringify(Array.from({ length: 400 }, () => ({}))),
  JSON.stringify('x'.repeat(20_000)),
  JSON.stringify('\u{1f600}'.repeat(700)),
  nested('[', ']', 20_000),
  nested('{"a":', '}', 3000),
  // So deep that it cannot be written again.
  nested('{"0":', '}', 10_000),
];

/** Texts that a client never sends in the place of a field. */
const HOSTILE_TEXTS = [
  '',
  ' ',
  '0',
  'null',
  '[object Object]',
  '%',
  '%zz',
  '%00',
  '%ED%A0%BD',
  '%FF%FE',
  '1e400',
  'NaN',
  '9007199254740993',
  'a%40b.example',
  'javascript%3Aalert(1)',
  '%7B%22__proto__%22%3A%7B%22polluted%22%3A1%7D%7D',
  'eyJfX3Byb3RvX18iOnsicG9sbHV0ZWQiOjF9fQ',
  'px_1111111111111111',
  'x'.repeat(3000),
  '%F0%9F%98%80'.repeat(300),
  encodeURIComponent(nested('[', ']', 1000)),
];

/** The value of a field in a query or a form. */
const FIELD_VALUE = /(?<==)[^&]*/g;

/** A text in which one of the fields has another value. */
function withField(text: string, place: number, put: string): string {
  const found = [...text.matchAll(FIELD_VALUE)];
  const match = found[place % Math.max(found.length, 1)];
  if (match === undefined) return put;
  return text.slice(0, match.index) + put + text.slice(match.index + match[0].length);
}

/** What no text of a client contains. */
const HERE = '\u0001here';

/** JSON in which one of its values, whole objects and lists too, is another. @param put JSON that may not be parsed and written again. */
function withValue(text: string, place: number, put: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return put;
  }
  const count = valuesIn(value);
  let left = place % count;
  const changed = JSON.stringify(value, function (this: unknown, _, one: unknown) {
    return left-- === 0 ? HERE : one;
  });
  // A function, since `$` in a text stands for what was found.
  return changed.replace(JSON.stringify(HERE), () => put);
}

/** How many values there are in a value, with itself. */
const valuesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, one) => sum + valuesIn(one), 1)
    : 1;

const isJson = (text: string): boolean => /^\s*[[{]/.test(text);

/** JSON in base64 within a text is mutated like JSON itself: otherwise most mutations would only break the base64. */
function withinBase64(text: string, mutate: (json: string) => string): string {
  return text.replace(/(?<![\w+/%-])[\w+/-]{16,}(?:={0,2}|(?:%3D){0,2})/g, (word) => {
    try {
      const json = new TextDecoder().decode(
        Uint8Array.from(
          atob(
            word
              .replace(/[=%].*$/, '')
              .replaceAll('-', '+')
              .replaceAll('_', '/'),
          ),
          (one) => one.charCodeAt(0),
        ),
      );
      if (!isJson(json)) return word;
      const bytes = new TextEncoder().encode(mutate(json));
      return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    } catch {
      return word;
    }
  });
}

const change: fc.Arbitrary<(text: string) => string> = fc.oneof(
  edits.map((list) => (text: string) => edited(text, list)),
  fc.tuple(fc.nat(200), fc.constantFrom(...HOSTILE_JSON), fc.constantFrom(...HOSTILE_TEXTS)).map(
    ([place, json, field]) =>
      (text: string) =>
        isJson(text) ? withValue(text, place, json) : withField(text, place, field),
  ),
  fc.tuple(fc.nat(200), fc.constantFrom(...HOSTILE_JSON)).map(
    ([place, json]) =>
      (text: string) =>
        withinBase64(text, (inner) => withValue(inner, place, json)),
  ),
  // A list of what was one.
  fc
    .nat(300)
    .map((times) => (text: string) => (isJson(text) ? `[${Array(times).fill(text).join(',')}]` : text)),
);

/** Mutations of valid requests: of their query, body and headers, and other bodies altogether. */
export function mutatedRequests(samples: readonly Sample[]): fc.Arbitrary<Sample> {
  const bytes = fc.uint8Array({ maxLength: 300 });
  return fc
    .record({
      sample: fc.constantFrom(...samples),
      part: fc.constantFrom('query', 'body', 'body', 'headers', 'bytes', 'both', 'none'),
      inQuery: change,
      inBody: change,
      bytes,
      other: fc.nat(1000),
    })
    .map(({ sample, part, inQuery, inBody, bytes: random, other }) => {
      const { query = '', body = '', headers = {} } = sample;
      const names = Object.keys(headers);
      const name = names[other % Math.max(names.length, 1)];
      const text = typeof body === 'string' ? body : new TextDecoder('latin1').decode(body);
      const changed = (): string | Uint8Array =>
        typeof body === 'string' ? inBody(text) : Uint8Array.from(inBody(text), (one) => one.charCodeAt(0));
      return {
        ...sample,
        query: part === 'query' || part === 'both' ? inQuery(query) : query,
        headers:
          part === 'headers' && name !== undefined
            ? { ...headers, [name]: inQuery(headers[name] ?? '') }
            : headers,
        body: part === 'bytes' ? random : part === 'body' || part === 'both' ? changed() : body,
      };
    });
}

/** A sample with the ids in their places. */
export function withIds(sample: Sample, pixel: string, token: string): Sample {
  const put = (text: string): string => text.replaceAll('PIXEL', pixel).replaceAll('TOKEN', token);
  const { body, headers } = sample;
  return {
    ...sample,
    path: put(sample.path),
    query: put(sample.query ?? ''),
    ...(headers
      ? { headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, put(text)])) }
      : {}),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? put(body) : body }),
  };
}

/** The limit of each column that has one. */
const COLUMN_LIMITS: Record<string, number> = {
  name: LIMITS.name,
  eid: LIMITS.eid,
  hostname: LIMITS.hostname,
  page: LIMITS.page,
  referrer: LIMITS.referrer,
  source: LIMITS.utm,
  utm_source: LIMITS.utm,
  utm_medium: LIMITS.utm,
  utm_campaign: LIMITS.utm,
  utm_content: LIMITS.utm,
  utm_term: LIMITS.utm,
  browser: LIMITS.geo,
  browser_version: LIMITS.agentVersion,
  os: LIMITS.geo,
  os_version: LIMITS.agentVersion,
  language: 3,
  props: LIMITS.props * 6 * (LIMITS.propKey + LIMITS.propValue),
};

/** What is wrong with a stored event, or null. */
export function broken(event: object): string | null {
  const columns = event as Record<string, unknown>;
  for (const [column, value] of Object.entries(columns)) {
    if (typeof value !== 'string') continue;
    if (value.length > (COLUMN_LIMITS[column] ?? 200)) return `${column} has ${value.length} characters`;
    if (!value.isWellFormed()) return `${column} is not well-formed`;
    if (/\p{Cc}/u.test(value)) return `${column} holds a control character`;
  }
  const { value, props } = columns;
  if (value !== null && !Number.isSafeInteger(value)) return `value is ${value}`;
  if (props !== '' && Object.keys(JSON.parse(String(props))).length > LIMITS.props) return 'too many props';
  return null;
}
