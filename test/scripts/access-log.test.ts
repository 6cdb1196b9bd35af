import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CombinedEntry as LogEntry, parseLine } from '../../src/imports/logs/combined.ts';
import { normalAddress } from '../../src/model/text/address.ts';

const APACHE =
  '192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /page?a=b HTTP/1.1" 200 2326 "http://site.example/start" "Mozilla/5.0 (X11)"';

function entryOf(line: string): LogEntry {
  const parsed = parseLine(line);
  if (!parsed.ok) throw new Error(`${parsed.error}: ${line}`);
  return parsed.value;
}

describe('lines that can be read', () => {
  test('combined', () => {
    expect(entryOf(APACHE)).toEqual({
      host: '',
      combined: true,
      address: '192.0.2.7',
      time: Date.UTC(2000, 9, 10, 20, 55, 36),
      request: { method: 'GET', target: '/page?a=b' },
      status: 200,
      referer: 'http://site.example/start',
      userAgent: 'Mozilla/5.0 (X11)',
    });
  });

  test('common: neither referrer nor user agent', () => {
    const line = '192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] "HEAD / HTTP/1.0" 304 -';
    expect(entryOf(line)).toMatchObject({
      request: { method: 'HEAD' },
      status: 304,
      referer: '',
      userAgent: '',
    });
  });

  test.each<[string, string, Partial<LogEntry>]>([
    ['an IPv6 address', APACHE.replace('192.0.2.7', '2001:db8::7'), { address: '2001:db8::7' }],
    ['a mapped address', APACHE.replace('192.0.2.7', '::ffff:192.0.2.7'), { address: '192.0.2.7' }],
    ['an address with its port', APACHE.replace('192.0.2.7', '192.0.2.7:51234'), { address: '192.0.2.7' }],
    ['brackets', APACHE.replace('192.0.2.7', '[2001:DB8:0:0::7]:443'), { address: '2001:db8::7' }],
    ['a zone', APACHE.replace('192.0.2.7', 'fe80::7%eth0'), { address: 'fe80::7' }],
    [
      'a virtual host in front',
      `site.example:443 ${APACHE}`,
      { host: 'site.example', address: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11)' },
    ],
    [
      'a virtual host without a port',
      `site.example ${APACHE}`,
      { host: 'site.example', address: '192.0.2.7' },
    ],
    ['a virtual host that is an address', `198.51.100.1:80 ${APACHE}`, { host: '198.51.100.1' }],
    [
      'a virtual host in brackets',
      `[2001:db8::1]:443 ${APACHE}`,
      { host: '[2001:db8::1]', address: '192.0.2.7' },
    ],
    [
      'a virtual host before an address with its port',
      `site.example:443 ${APACHE.replace('192.0.2.7', '[2001:db8::7]:51234')}`,
      { host: 'site.example', address: '2001:db8::7' },
    ],
    ['no virtual host where there could be one', `- ${APACHE}`, { host: '', address: '192.0.2.7' }],
    ['a user with spaces', APACHE.replace('frank', 'John [the] Doe'), { status: 200 }],
    [
      'a user who plays a time',
      APACHE.replace('frank', String.raw`x [01/Jan/1999:00:00:00 +0000] \"GET`),
      {
        time: Date.UTC(2000, 9, 10, 20, 55, 36),
      },
    ],
    ['no user', APACHE.replace('frank', ''), { status: 200 }],
    ['fields after the last', `${APACHE} "203.0.113.9" 0.012`, { userAgent: 'Mozilla/5.0 (X11)' }],
    ['no answer', APACHE.replace(' 200 2326 ', ' - - '), { status: null }],
    ['no headers', APACHE.replace(/"http.*/, '"-" "-"'), { referer: '', userAgent: '' }],
    ['empty headers', APACHE.replace(/"http.*/, '"" ""'), { referer: '', userAgent: '' }],
    ['a clock ahead of UTC', APACHE.replace('-0700', '+0530'), { time: Date.UTC(2000, 9, 10, 8, 25, 36) }],
    ['a leap second', APACHE.replace('31:36', '31:60'), { status: 200 }],
    ['HTTP/0.9', APACHE.replace('/page?a=b HTTP/1.1', '/'), { request: { method: 'GET', target: '/' } }],
    ['HTTP/2', APACHE.replace('HTTP/1.1', 'HTTP/2'), { request: { method: 'GET', target: '/page?a=b' } }],
    [
      'a space in the path',
      APACHE.replace('/page', '/my page'),
      { request: { method: 'GET', target: '/my page?a=b' } },
    ],
    [
      'a TLS handshake, by Apache',
      APACHE.replace(/GET.*1\.1/, String.raw`\x16\x03\x01\x02`),
      { request: null },
    ],
    ['nothing asked', APACHE.replace(/GET.*1\.1/, '-'), { request: null }],
    ['nothing at all asked', APACHE.replace(/GET.*1\.1/, ''), { request: null }],
  ])('%s', (_, line, expected) => {
    expect(entryOf(line)).toMatchObject(expected);
  });

  test.each([
    ['a quote, as Apache writes it', String.raw`a \"b\" c`, 'a "b" c'],
    ['a quote, as nginx writes it', String.raw`a \x22b\x22 c`, 'a "b" c'],
    ['a backslash before the closing quote', String.raw`a\\`, 'a\\'],
    ['a backslash and an n that are no line break', String.raw`a\\nb`, 'a\\nb'],
    ['control characters', String.raw`a\tb\nc\x00d`, 'a\tb\nc\0d'],
    ['bytes of UTF-8', String.raw`caf\xc3\xa9 \xE2\x82\xAC`, 'café €'],
    ['UTF-8 as it is', 'café €', 'café €'],
    ['bytes that are not UTF-8', String.raw`\xe4\xe5`, '\ufffd\ufffd'],
    ['an escape that is none', String.raw`\xzz\q`, 'xzzq'],
    ['a dash among others', '--', '--'],
  ])('%s', (_, written, meant) => {
    expect(entryOf(APACHE.replace('Mozilla/5.0 (X11)', () => written)).userAgent).toBe(meant);
  });
});

describe('lines that cannot be read', () => {
  test.each([
    ['', 'not_a_log_line'],
    ['#Fields: date time c-ip', 'not_a_log_line'],
    ['{"remote_addr":"192.0.2.7"}', 'not_a_log_line'],
    [APACHE.replace('Oct', '10'), 'not_a_log_line'],
    [APACHE.replace('192.0.2.7', 'client.example'), 'no_address'],
    [APACHE.replace('192.0.2.7', 'unix:'), 'no_address'],
    [APACHE.replace('192.0.2.7', '192.0.2.700'), 'no_address'],
    [APACHE.replace('Oct', 'Okt'), 'no_such_time'],
    [APACHE.replace('10/Oct', '31/Sep'), 'no_such_time'],
    [APACHE.replace('10/Oct', '00/Oct'), 'no_such_time'],
    [APACHE.replace('2000', '0099'), 'no_such_time'],
    [APACHE.replace(':13:', ':24:'), 'no_such_time'],
    [APACHE.replace('-0700', '-0799'), 'no_such_time'],
    [APACHE.slice(0, -1), 'cut_short'],
    [APACHE.slice(0, APACHE.indexOf('HTTP')), 'cut_short'],
    [APACHE.slice(0, APACHE.indexOf(' 200')), 'cut_short'],
    [APACHE.slice(0, APACHE.indexOf(' "Moz')), 'cut_short'],
    [APACHE.replace(' 200', ' 2000'), 'cut_short'],
    [APACHE.replace('/start', '/st"art'), 'cut_short'],
    [APACHE.replace('(X11)"', String.raw`(X11)\"`), 'cut_short'],
  ])('%j', (line, error) => {
    expect(parseLine(line)).toEqual({ ok: false, error });
  });
});

describe('properties', () => {
  const two = (number: number): string => String(number).padStart(2, '0');
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

  /** How the two servers escape what is not plain ASCII, a quote or a backslash. */
  const asApache = (text: string): string =>
    [...Buffer.from(text)]
      .map((byte) => {
        const character = String.fromCharCode(byte);
        if (character === '"' || character === '\\') return `\\${character}`;
        if (character === '\n') return String.raw`\n`;
        return byte < 32 || byte > 126 ? `\\x${byte.toString(16).padStart(2, '0')}` : character;
      })
      .join('');
  const asNginx = (text: string): string =>
    [...Buffer.from(text)]
      .map((byte) =>
        byte < 32 || byte > 126 || byte === 0x22 || byte === 0x5c
          ? `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
          : String.fromCharCode(byte),
      )
      .join('');

  test('it never throws', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      // Nearly right: a true line with a piece taken out, doubled or replaced.
      fc
        .tuple(fc.nat(APACHE.length), fc.nat(20), fc.string({ unit: 'binary', maxLength: 10 }))
        .map(([at, length, text]) => APACHE.slice(0, at) + text + APACHE.slice(at + length)),
    );
    fc.assert(
      fc.property(anything, (line) => typeof parseLine(line).ok === 'boolean'),
      { numRuns: 5000 },
    );
  });

  test('what a server writes is read back', () => {
    const header = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text !== '-');
    fc.assert(
      fc.property(
        fc.constantFrom(asApache, asNginx),
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        header,
        header,
        header,
        (escaped, address, date, ahead, path, referer, userAgent) => {
          const time = Math.floor(date.getTime() / 1000) * 1000;
          const local = new Date(time + ahead * 60_000);
          fc.pre(local.getUTCFullYear() >= 1970);
          const offset =
            (ahead < 0 ? '-' : '+') + two(Math.floor(Math.abs(ahead) / 60)) + two(Math.abs(ahead) % 60);
          const clock = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()]
            .map(two)
            .join(':');
          const day = `${two(local.getUTCDate())}/${MONTHS[local.getUTCMonth()]}/${local.getUTCFullYear()}`;
          const line =
            `${address} - - [${day}:${clock} ${offset}] "GET /${escaped(path)} HTTP/1.1" 200 1 ` +
            `"${escaped(referer)}" "${escaped(userAgent)}"`;
          expect(parseLine(line)).toEqual({
            ok: true,
            value: {
              host: '',
              combined: true,
              address: normalAddress(address),
              time,
              request: { method: 'GET', target: `/${path}` },
              status: 200,
              referer,
              userAgent,
            },
          });
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('a long line takes no longer than its length', () => {
    const started = performance.now();
    for (const piece of ['a', ' ', '"', '\\', '[', 'a ', '\\"', ' [01/Jan/2000:00:00:00 +0000] ']) {
      parseLine(piece.repeat(65_536 / piece.length));
      parseLine(APACHE.replace('frank', () => piece.repeat(65_536 / piece.length)));
      parseLine(APACHE.replace('/page', () => piece.repeat(65_536 / piece.length)));
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
