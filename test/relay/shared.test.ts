/** What the networks' files share: units, settings, and answers without anything that was sent. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/model/delivery.ts';
import type { Destination } from '../../src/model/destination.ts';
import type { Access, JsonObject, RelayResponse, Verdict } from '../../src/relay/network.ts';
import {
  amountOf,
  amountTextOf,
  answerOf,
  cleanAnswer,
  each,
  hostField,
  jsonOf,
  listAt,
  retryAfterOf,
  secondsOf,
  sentFields,
  settingOf,
  textAt,
  valueAt,
  verdictOf,
} from '../../src/relay/networks/shared.ts';
import { runs } from '../runs.ts';

const HASH = 'ff8d9819fc0e12bf0d24892e45987e249a28dce836a85cad60e28eaaa8c6d976';
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36';
const SECRET = 'token/with+signs=';

const DESTINATION: Destination = {
  id: 'ds_1111111111111111',
  pixel: 'px_1',
  network: 'linkedin',
  name: 'Example',
  account: 'account-512345',
  settings: { host: 'https://api.example.com' },
  rules: [{ event: 'purchase', as: 'Bought2Things' }],
  mode: 'live',
  test_code: '',
  state: 'on',
  problem: null,
  created_at: 0,
  secret_at: 0,
  updated_at: 0,
};
const ACCESS: Access = { destination: DESTINATION, secret: SECRET, now: 0 };

const response = (body: string, headers: Readonly<Record<string, string>> = {}): RelayResponse => ({
  status: 400,
  headers: new Headers(headers),
  body,
});

/** What is recorded of a message after events were sent. */
function recordedOf(message: string, ...events: readonly JsonObject[]): string {
  const network = {
    verdict: (it: RelayResponse): Verdict => ({ kind: 'split', answer: answerOf(it, { message: it.body }) }),
  };
  const verdict = verdictOf(network, response(message), events, ACCESS);
  return verdict.kind === 'each' ? '' : verdict.answer.message;
}

describe('an amount', () => {
  it.each<[number, string, string]>([
    [12_500_000, '12.5', '12.50'],
    [0, '0', '0.00'],
    [100_000, '0.1', '0.10'],
    [1, '0.000001', '0.000001'],
    [1_000, '0.001', '0.001'],
    [-19_990_000, '-19.99', '-19.99'],
    [70_000_000_000, '70000', '70000.00'],
    [900_719_925_474_099, '900719925.474099', '900719925.474099'],
  ])('of %d millionths is %s, and as a text %s', (millionths, number, text) => {
    expect(JSON.stringify(amountOf(millionths))).toBe(number);
    expect(amountTextOf(millionths)).toBe(text);
  });

  it('is the same number in both forms, without noise', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (millionths) => {
        const text = amountTextOf(millionths);
        expect(text).toMatch(/^-?\d+\.\d{2,6}$/);
        expect(Number(text)).toBe(amountOf(millionths));
        expect(BigInt(text.replace('.', '').padEnd(text.indexOf('.') + 6, '0'))).toBe(BigInt(millionths));
      }),
      { numRuns: runs(300, 5000) },
    );
  });
});

it('cuts milliseconds to whole seconds', () => {
  expect(secondsOf(1_764_471_599_999)).toBe(1_764_471_599);
});

describe('a host setting', () => {
  const field = hostField('https://api.example.com');

  it.each([
    'https://api.example.com',
    'https://api.example.com:8443',
    'https://proxy.example/linkedin',
    'http://127.0.0.1:4000/linkedin',
    'http://localhost:4000',
    'http://[::1]:4000',
  ])('may be %s', (host) => {
    expect(host).toMatch(field.pattern);
  });

  it.each([
    'http://api.example.com',
    'http://127.0.0.1.example.com',
    'http://localhost@example.com',
    'https://user:password@example.com',
    'https://api.example.com/',
    'https://api.example.com?x=1',
    'https://api.example.com#x',
    'https://',
    'api.example.com',
    'https://api.example.com/../x y',
  ])('may not be %s', (host) => {
    expect(host).not.toMatch(field.pattern);
  });

  it('has a default', () => {
    expect(settingOf(DESTINATION, field)).toBe('https://api.example.com');
    expect(settingOf({ settings: {} }, hostField('https://b.example'))).toBe('https://b.example');
  });
});

describe('a body', () => {
  it('is read without ever throwing', () => {
    expect(jsonOf('{"a":1}')).toEqual({ a: 1 });
    fc.assert(fc.property(fc.string(), (text) => void jsonOf(text)));
  });

  it('is read by paths, whatever stands there', () => {
    const json = jsonOf('{"error":{"code":190,"items":[{"text":"x"}]},"none":null}');
    expect(textAt(json, 'error', 'code')).toBe('190');
    expect(textAt(json, 'error', 'items', 0, 'text')).toBe('x');
    expect(textAt(json, 'error')).toBe('');
    expect(textAt(json, 'none', 'deeper')).toBe('');
    expect(textAt(json, 'constructor', 'name')).toBe('');
    expect(listAt(json, 'error', 'items')).toHaveLength(1);
    expect(listAt(json, 'error', 'code')).toEqual([]);
    expect(valueAt(undefined, 'error')).toBeUndefined();
  });
});

it.each<[string | undefined, number | null]>([
  ['120', 120],
  [' 0 ', 0],
  ['Mon, 30 Nov 2026 00:00:30 GMT', 30],
  ['Sun, 29 Nov 2026 00:00:00 GMT', 0],
  ['soon', null],
  ['-5', null],
  [undefined, null],
])('reads Retry-After %j as %j seconds', (value, seconds) => {
  const now = Date.UTC(2026, 10, 30);
  const headers: Record<string, string> = value === undefined ? {} : { 'retry-after': value };
  expect(retryAfterOf(response('', headers), now)).toBe(seconds);
});

it('lists the fields of an event, with those that are hashed', () => {
  expect(
    sentFields({
      name: 'Purchase',
      user: { em: [HASH, HASH], ip: '192.0.2.1' },
      items: [{ id: 'a', price: 1 }, { id: 'b' }],
      empty: [],
      flag: false,
    }),
  ).toEqual([
    { name: 'name', hashed: false },
    { name: 'user.em', hashed: true },
    { name: 'user.ip', hashed: false },
    { name: 'items.id', hashed: false },
    { name: 'items.price', hashed: false },
    { name: 'flag', hashed: false },
  ]);
});

describe('a recorded answer', () => {
  const event = {
    type: 'PURCHASE',
    rule: 'Bought2Things',
    currency: 'EUR',
    user: { em: [HASH], agent: AGENT, click: 'IwAR3x-Abc_9', ip: '2001:db8::7', id: 'f81d4fae-7dec' },
  };

  it.each([
    ['a hash', `em ${HASH} is wrong`, 'em […] is wrong'],
    ['an agent', `agent "${AGENT}" is wrong`, 'agent "[…]" is wrong'],
    ['a part of an agent', `agent "${AGENT.slice(0, 40)}" is wrong`, 'agent "[…]" is wrong'],
    ['a click id', 'click=IwAR3x-Abc_9, twice: iwar3x-abc_9', 'click=[…], twice: […]'],
    ['an address', 'from 2001:db8::7.', 'from […].'],
    ['an id', 'id f81d4fae-7dec', 'id […]'],
    ['the secret', `token ${SECRET} or ${encodeURIComponent(SECRET)}`, 'token […] or […]'],
    ['line breaks', 'one\n\n  two\tthree', 'one two three'],
  ])('has no %s', (_, message, recorded) => {
    expect(recordedOf(message, event)).toBe(recorded);
  });

  it.each([
    ['an e-mail address', 'for Jane.Doe+x@example.com!', 'for […]'],
    ['an IPv4 address', 'ip 198.51.100.7, port 1', 'ip […], port 1'],
    ['an IPv6 address', 'ip 2001:db8:1:2:3:4:5:6', 'ip […]'],
    ['a telephone number', 'call +1 (555) 010-0199', 'call […]'],
    ['a hash', `em ${HASH.toUpperCase()}`, 'em […]'],
    ['an agent', `"${AGENT}"`, '"[…]"'],
  ])('has no %s, even if it was not sent', (_, message, recorded) => {
    expect(recordedOf(message)).toBe(recorded);
  });

  const base64 = (text: string): string => btoa(text);
  const ofBytes = (hash: string): string =>
    btoa(
      String.fromCharCode(
        ...Array.from({ length: 32 }, (_, at) => Number.parseInt(hash.slice(2 * at, 2 * at + 2), 16)),
      ),
    );
  const inJson = (text: string): string => text.replaceAll('/', '\\/').replaceAll(':', '\\u003a');
  const inPage = (text: string): string =>
    text.replaceAll('/', '&#47;').replaceAll(':', '&#x3A;').replaceAll(' ', '&#32;');
  const FORMS: readonly (readonly [string, (text: string) => string])[] = [
    ['in capitals', (text) => text.toUpperCase()],
    ['percent-encoded', encodeURIComponent],
    ['percent-encoded twice', (text) => encodeURIComponent(encodeURIComponent(text))],
    ['as in a query', (text) => new URLSearchParams({ a: text }).toString().slice(2)],
    ['escaped as JSON', inJson],
    ['escaped as JSON within JSON', (text) => JSON.stringify(inJson(text)).slice(1, -1)],
    ['escaped as in a page', inPage],
    ['in base64', base64],
    [
      'in base64 of addresses',
      (text) => base64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
    ],
    ['in base64, cut', (text) => base64(text).slice(0, -3)],
    ['within base64', (text) => base64(`{"value":"${text}"}`)],
    ['cut', (text) => text.slice(0, 13)],
  ];
  const VALUES: readonly (readonly [string, string])[] = [
    ['a hash', HASH],
    ['an agent', AGENT],
    ['an agent of an app', 'Shop App/4.1 (iPhone; iOS 26.1)'],
    ['a click id', 'IwAR3x-Abc_9~0123456789'],
    ['an IPv4 address', '198.51.100.7'],
    ['an IPv6 address', '2001:db8:1:2:3:4:5:6'],
    ['a number of a cookie', 'fb.1.1796011737552.1400139842'],
  ];

  it.each(
    FORMS.flatMap(([form, write]) => VALUES.map(([what, value]) => [what, form, value, write] as const)),
  )('has no %s %s', (_, form, value, write) => {
    // An address that is cut is none any more.
    if (form.endsWith('cut') && /^[\d.:a-f]+$/.test(value) && value !== HASH) return;
    const written = write(value);
    const message = recordedOf(`Wrong: "${written}" (it was sent).`, { value });
    expect(message).toMatch(/^Wrong: "[^"]*\[…\]"? \(it was sent\)\.$/);
    expect(message).not.toContain(written.slice(0, 12));
    expect(message).not.toContain(value.slice(0, 12));
  });

  it('has no bytes of a hash in base64, and no end of a hash', () => {
    expect(recordedOf(`em ${ofBytes(HASH)} is wrong`, { em: HASH })).toBe('em […] is wrong');
    expect(recordedOf(`em ends with ${HASH.slice(-30)}`)).toBe('em ends with […]');
  });

  it('keeps long words that say nothing', () => {
    const message =
      'event_source_url, InvalidConversionActionIdentifier and 9f1c0e77-8a31-4b1e-9d53-0a8e4a1d2b3c: 100 % wrong';
    expect(recordedOf(message, event)).toBe(message);
    const trace = '20250101120000abcdef0123456789abcdef';
    expect(cleanAnswer({ status: 400, code: '', message: '', trace, advice: '' }, ACCESS).trace).toBe(trace);
  });

  it('keeps the words of the API, the names of rules and the account', () => {
    const message = 'PURCHASE in EUR for Bought2Things of account-512345 (code 2804003, version 202511)';
    expect(recordedOf(message, event)).toBe(message);
  });

  it('has no part of a value at its end, however long the message is', () => {
    for (let length = 3900; length < 4010; length++) {
      expect(recordedOf(`${'x'.repeat(length)} ${event.user.click}`, event)).toBe('x'.repeat(300));
      expect(recordedOf(`${HASH} `.repeat(length / 65) + AGENT, event)).not.toContain('Mozilla');
    }
    expect(recordedOf('a'.repeat(1000))).toBe('a'.repeat(300));
  });

  it('has nothing that was sent, in whatever the network repeats of it', () => {
    const value = fc
      .string({ minLength: 13, maxLength: 60 })
      .map((text) => text.replace(/\s/g, '-'))
      .filter((text) => /\d/.test(text) && !text.includes('[…]'));
    fc.assert(
      fc.property(value, fc.string(), fc.string(), (sent, before, after) => {
        const recorded = recordedOf(`${before} ${sent} ${after} ${sent.slice(0, 13)}`, { id: sent });
        expect(recorded).not.toContain(sent.slice(0, 12));
      }),
      { numRuns: runs(300, 5000) },
    );
  });

  it('has no end of a value that begins as another one does', () => {
    const others = ['fb.1.1796011737552.IwAR', 'fb.1.1796011737000.98765', 'fb.1.1796011737552.14001398'];
    const message = `fbp ${others[2]}, fbc ${others[0]}, ${others[1]}`;
    expect(recordedOf(message, ...others.map((id) => ({ id })))).toBe('fbp […], fbc […], […]');
  });

  it('does not repeat a whole event, of which nothing is left to read', () => {
    const sent = {
      name: 'Purchase',
      user: [{ em: HASH }, { em: HASH }],
      page: 'https://shop.example/a-page',
      agent: AGENT,
    };
    const echoed = JSON.stringify({
      ...sent,
      more: { currency: 'EUR', content_type: 'product', quantity: 1 },
    });
    expect(recordedOf(`The event ${echoed} is invalid.`, sent)).toBe('The event […] is invalid.');
    expect(recordedOf(`Invalid: ${echoed.slice(0, -40)}`, sent)).toBe('Invalid: […]');
    expect(recordedOf(`Look at {"field":"em","value":"${HASH}"}.`, sent)).toBe(
      'Look at {"field":"em","value":"[…]"}.',
    );
    expect(recordedOf(`Odd } { and ${'long '.repeat(40)}}`)).toBe(`Odd } { and ${'long '.repeat(40)}}`);
  });

  it('is cleaned for each event, in its message, code and trace', () => {
    const dirty: Answer = { status: 200, code: HASH, message: HASH, trace: HASH, advice: 'Wait.' };
    const network = { verdict: (): Verdict => each(2, { kind: 'refused', answer: dirty }) };
    const clean = { status: 200, code: '[…]', message: '[…]', trace: '[…]', advice: 'Wait.' };
    expect(verdictOf(network, response(''), [event, event], ACCESS)).toEqual(
      each(2, { kind: 'refused', answer: clean }),
    );
    expect(cleanAnswer(dirty, ACCESS)).toEqual(clean);
  });

  it('is searched once if all events of a batch share it', () => {
    const shared: Answer = { status: 200, code: '', message: 'Taken.', trace: 'T1', advice: '' };
    const network = { verdict: (): Verdict => each(3, { kind: 'delivered', answer: shared }) };
    const verdict = verdictOf(network, response(''), [event, event, event], ACCESS);
    const answers = verdict.kind === 'each' ? verdict.events.map(({ answer }) => answer) : [];
    expect(answers).toEqual([shared, shared, shared]);
    expect(new Set(answers).size).toBe(1);
  });
});
