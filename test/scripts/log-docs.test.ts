/** docs/import.md shows a line of each format of logs, and each is read as that format. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  LOG_FORMAT_NAMES,
  LOG_FORMATS,
  type LogFormatName,
  recognizeFormat,
} from '../../src/imports/logs/formats.ts';
import { LogReader } from '../../src/imports/logs/log-reader.ts';
import { Site } from '../../src/imports/logs/page-views.ts';
import { INCLUDABLE } from '../../src/imports/logs/skipped.ts';
import { ROOT } from './project.ts';

const document = readFileSync(`${ROOT}/docs/import.md`, 'utf8');
const examples = [...document.matchAll(/^```log (\S+)\n([^`]*)^```$/gm)].map(
  ([, format = '', text = '']) => [format as LogFormatName, text] as const,
);

test('docs/import.md has an example of each format, and describes each', () => {
  expect(new Set(examples.map(([format]) => format))).toEqual(new Set(LOG_FORMAT_NAMES));
  for (const name of LOG_FORMAT_NAMES) expect(document).toMatch(new RegExp(`^\\| .*\`${name}\``, 'm'));
  for (const name of INCLUDABLE) expect(document).toContain(`\`${name}\``);
});

test.each(examples)('the example of %s is read as a page view of the site', (format, text) => {
  expect(recognizeFormat(new TextEncoder().encode(text)).format).toBe(format);
  const reader = new LogReader(LOG_FORMATS[format].open(), new Site('https://site.example'), new Set());
  const items = text
    .trimEnd()
    .split('\n')
    .map((line, index) => reader.read({ number: index + 1, text: line, ended: true }));
  expect(items.filter((item) => item !== null)).toMatchObject([
    { kind: 'event', event: { ip: '192.0.2.7' } },
  ]);
});
