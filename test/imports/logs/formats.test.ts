/** Each format's lines as its product writes them, and how a log's format is recognized. */
import { describe, expect, test } from 'vitest';
import type { Unreadable } from '../../../src/imports/logs/entry.ts';
import {
  LOG_FORMAT_NAMES,
  LOG_FORMATS,
  type LogFormatName,
  recognizeFormat,
} from '../../../src/imports/logs/formats.ts';
import { SAMPLES, type Sample } from './samples.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function readAll(format: LogFormatName, lines: readonly string[], ended = true) {
  const reader = LOG_FORMATS[format].open();
  return lines.map((line) => reader.read(line, ended)).filter((result) => result !== null);
}

describe.each(SAMPLES)('$name', ({ format, lines, entries }) => {
  test('is read', () => {
    const read = readAll(format, lines).map((result) => (result.ok ? { ...result.value } : result.error));
    for (const entry of read) if (typeof entry === 'object' && 'combined' in entry) delete entry.combined;
    expect(read).toEqual(entries);
  });

  test.each([
    ['as it is', (text: string) => text],
    ['with a mark and CRLF', (text: string) => `\ufeff${text.replaceAll('\n', '\r\n')}`],
    ['among lines of another kind', (text: string) => `${text}this is no line of a log\n`],
    ['cut in the middle of a line', (text: string) => `${text}${text.slice(0, text.length / 2)}`],
  ])('is recognized %s', (_, changed) => {
    expect(recognizeFormat(bytes(changed(`${lines.join('\n')}\n`))).format).toBe(format);
  });
});

test('every format has a sample', () => {
  expect(new Set(SAMPLES.map(({ format }) => format))).toEqual(new Set(LOG_FORMAT_NAMES));
});

test.each([
  ['nothing', ''],
  ['a page', '<html>\n<body>\n'],
  [
    'an export of Speck',
    '{"ts":"2026-03-04T05:06:07.000Z","id":"x","eid":"","name":"pageview","hostname":"site.example","page":"/"}\n',
  ],
  ['a table', 'date,path,visitors\n2026-03-04,/,5\n'],
  ['bytes', '\0\u0001\u0002\n'],
  [
    "an event of Segment's",
    '{"type":"page","timestamp":"2026-03-04T05:06:07Z","context":{"ip":"192.0.2.7","userAgent":"x"},"properties":{"path":"/"}}\n',
  ],
  [
    'a log of errors',
    '2026/03/04 05:06:07 [error] 1#1: *1 open() "/x" failed (2: No such file or directory), client: 192.0.2.7\n',
  ],
])('%s is no log', (_, text) => {
  expect(recognizeFormat(bytes(text)).format).toBeNull();
});

const sampleOf = (name: string): Sample => SAMPLES.find((sample) => sample.name === name) as Sample;
const firstOf = (format: LogFormatName): Sample =>
  SAMPLES.find((sample) => sample.format === format) as Sample;
const [, , , FIELDS = '', IIS = ''] = sampleOf('IIS').lines;
const [ALB = ''] = firstOf('alb').lines;
const [CADDY = ''] = firstOf('caddy').lines;

describe('lines that cannot be read', () => {
  test.each<[string, LogFormatName, readonly string[], Unreadable]>([
    ['values before any fields', 'w3c', [IIS], 'no_fields'],
    ['a value too few', 'w3c', [FIELDS, IIS.slice(0, -3)], 'misaligned'],
    ['a value too many', 'w3c', [FIELDS, `${IIS} 15`], 'misaligned'],
    ['fields without the address', 'w3c', [FIELDS.replace(' c-ip', ' s-cip'), IIS], 'lacks_fields'],
    ['a day that is none', 'w3c', [FIELDS, IIS.replace('03-04', '02-30')], 'no_such_time'],
    ['a time without a date', 'w3c', [FIELDS.replace(' date', ' x'), IIS], 'no_such_time'],
    ['a name for an address', 'w3c', [FIELDS, IIS.replace('192.0.2.7', 'client.example')], 'no_client'],
    ['IIS as CloudFront', 'cloudfront', [FIELDS, IIS], 'lacks_fields'],
    ['cut within a quote', 'alb', [ALB.slice(0, ALB.indexOf('Chrome'))], 'cut_short'],
    ['cut before the agent', 'alb', [ALB.slice(0, ALB.indexOf(' "Mozilla'))], 'cut_short'],
    ['classic as application', 'alb', firstOf('elb').lines, 'other_format'],
    ['JSON cut short', 'caddy', [CADDY.slice(0, -1)], 'not_json'],
    ['JSON that is no object', 'json', ['[1]'], 'not_json'],
    ['JSON within JSON without end', 'json', ['{"a":'.repeat(10_000)], 'not_json'],
    ['Traefik as Caddy', 'caddy', firstOf('traefik').lines, 'other_format'],
    [
      "Caddy's own message",
      'caddy',
      ['{"level":"info","ts":1,"logger":"admin","msg":"started"}'],
      'no_request',
    ],
    [
      "Traefik's own message",
      'traefik',
      ['{"level":"info","msg":"loaded","time":"2026-03-04T05:06:07Z"}'],
      'no_request',
    ],
    ['no method', 'json', ['{"remote_addr":"192.0.2.7","time":1772600767,"uri":"/"}'], 'no_request'],
    ['no time', 'json', ['{"remote_addr":"192.0.2.7","method":"GET","uri":"/"}'], 'no_such_time'],
    ['no host at the end', 'combined-host', [`${sampleOf('combined').lines[0]} 0.012`], 'no_host'],
  ])('%s', (_, format, lines, error) => {
    expect(readAll(format, lines).at(-1)).toEqual({ ok: false, error });
  });

  test.each(['w3c', 'cloudfront', 'alb', 'elb', 's3', 'combined-host'] as const)(
    'a last line of %s without a line break, which may be cut short anywhere',
    (format) => {
      const { lines } = firstOf(format);
      const reader = LOG_FORMATS[format].open();
      for (const line of lines.slice(0, -1)) reader.read(line, true);
      expect(reader.read(lines.at(-1) as string, false)).toEqual({ ok: false, error: 'not_ended' });
    },
  );

  test.each(['caddy', 'traefik', 'cloudflare', 'cloudfront-json', 'json'] as const)(
    'a last line of %s without a line break is read if it is whole',
    (format) => {
      const [line = ''] = firstOf(format).lines;
      expect(readAll(format, [line], false)[0]?.ok).toBe(true);
      expect(readAll(format, [line.slice(0, -1)], false)[0]).toEqual({ ok: false, error: 'cut_short' });
    },
  );
});
