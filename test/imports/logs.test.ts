/** The importer of logs, as the dashboard and `--from logs` use it. */
import { expect, test } from 'vitest';
import type { ImportItem, ImportOptions } from '../../src/imports/importer.ts';
import { logs } from '../../src/imports/logs.ts';
import { IMPORTERS } from '../../src/imports/table.ts';
import { SAMPLES, TIME } from './logs/samples.ts';

const OPTIONS: ImportOptions = { origin: 'https://site.example', timezone: 'Europe/Berlin' };

async function read(text: string | Uint8Array<ArrayBuffer>, options = OPTIONS): Promise<ImportItem[]> {
  const items: ImportItem[] = [];
  for await (const item of logs.read({ name: 'access.log', blob: new Blob([text]) }, options))
    items.push(item);
  return items;
}

test('is in the table', async () => {
  expect(await IMPORTERS['logs']?.()).toBe(logs);
});

test.each(SAMPLES)('reads $name', async ({ lines, entries }) => {
  const text = `\ufeff${lines.join('\r\n')}\r\n`;
  expect(logs.recognize('any-name', new TextEncoder().encode(text))).toBe(2);
  const items = await read(text, { ...OPTIONS, log: { hosts: 'all', include: ['automated', 'errors'] } });
  const views = entries.filter(({ request }) => request !== null);
  expect(items.filter(({ kind }) => kind === 'event')).toHaveLength(views.length);
  expect(items.filter(({ kind }) => kind === 'unreadable')).toEqual([]);
  // The same file gives the same items again: an import that was interrupted counts on it.
  expect(await read(text, { ...OPTIONS, log: { hosts: 'all', include: ['automated', 'errors'] } })).toEqual(
    items,
  );
});

test('yields page views, what is none with its reason, and what cannot be read', async () => {
  const line = (path: string, status = 200) =>
    `192.0.2.7 - - [04/Mar/2026:05:06:07 +0000] "GET ${path} HTTP/1.1" ${status} 1 "https://news.example/" "Browser"`;
  const items = await read(
    `${[line('/one'), line('/a.css'), '', 'nonsense', line('/gone', 404), line('/one')].join('\n')}\n`,
  );
  const event = {
    dl: 'https://site.example/one',
    rl: 'https://news.example/',
    ip: '192.0.2.7',
    ua: 'Browser',
  };
  expect(items).toEqual([
    {
      kind: 'event',
      line: 1,
      event: { ...event, ts: TIME, eid: expect.stringMatching(/^log_[\w-]{22}_1$/) },
    },
    { kind: 'left_out', line: 2, reason: expect.stringMatching(/^static: /) },
    { kind: 'unreadable', line: 4, why: 'is not in common or combined log format' },
    { kind: 'left_out', line: 5, reason: expect.stringMatching(/^errors: /) },
    {
      kind: 'event',
      line: 6,
      event: { ...event, ts: TIME + 1, eid: expect.stringMatching(/^log_[\w-]{22}_2$/) },
    },
  ]);
});

test('reads a format that is insisted on', async () => {
  const [line = ''] = SAMPLES.find(({ format }) => format === 'combined-host')?.lines ?? [];
  expect(await read(`${line}\n`, { ...OPTIONS, log: { format: 'caddy' } })).toEqual([
    { kind: 'unreadable', line: 1, why: 'is not a JSON object' },
  ]);
});

test.each([
  ['half of a log', `${SAMPLES[0]?.lines[0]}\nx\n`, 1],
  ['nothing', '', 0],
  ['a page', '<html>\n', 0],
])('%s: certainty', (_, text, certainty) => {
  expect(logs.recognize('access.log', new TextEncoder().encode(text))).toBe(certainty);
});

test('a log in UTF-16 is an error that says what to do', async () => {
  const units = Uint16Array.from('\ufeff192.0.2.7 - -', (character) => character.charCodeAt(0));
  await expect(read(new Uint8Array(units.buffer))).rejects.toThrow('iconv -f UTF-16 -t UTF-8');
});
