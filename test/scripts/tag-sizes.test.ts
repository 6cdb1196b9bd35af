/** docs/tag.md tells the sizes of the tag's scripts, as they are built. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ROOT } from '../e2e/harness.ts';

const documentation = readFileSync(`${ROOT}/docs/tag.md`, 'utf8');
const documentedSizes = (script: string): number[] =>
  [...documentation.matchAll(/^\|[^|]*`(\/[\w.]+)` \| ([\d,]+) \|/gm)]
    .filter(([, name]) => name === script)
    .map(([, , bytes]) => Number(bytes?.replace(',', '')));

test.each([
  ['/speck.js', 1],
  ['/speck.plus.js', 2],
  ['/speck.meta.js', 1],
  ['/speck.all.js', 1],
  ['/speck.send.js', 1],
  ['/speck.hash.js', 1],
  ['/speck.relay.js', 1],
])('the documented size of %s is correct', (script, times) => {
  const built = readFileSync(`${ROOT}/dist${script.replace('.js', '.min.js')}`);
  const size = gzipSync(built, { level: 9 }).length;
  expect(documentedSizes(script)).toEqual(Array(times).fill(size));
});
