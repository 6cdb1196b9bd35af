/** Single figures in the documents that the code or the build decides. Tables of them have tests of their own. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { gzippedSize } from '../../scripts/lib/parts.ts';
import { CLICK_DAYS } from '../../src/model/conversion.ts';
import { LEDGER_DAYS, LONGEST_WAIT } from '../../src/model/delivery.ts';
import { NETWORKS } from '../../src/model/destination.ts';
import { MAX_PER_INVOCATION, PAID_TIMES, SIDE_BY_SIDE } from '../../src/relay/limits.ts';
import { ROOT } from '../e2e/harness.ts';

const DAY = 86_400_000;

const kilobytes = (path: string): number => gzippedSize(`${ROOT}/${path}`) / 1000;

/** The numbers that each match of a pattern has, one after the other. Line breaks count as spaces. */
const figures = (document: string, pattern: RegExp): number[] =>
  [...readFileSync(`${ROOT}/${document}`, 'utf8').replaceAll(/\s+/g, ' ').matchAll(pattern)].flatMap(
    ([, ...groups]) => groups.map(Number),
  );

const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

it('docs/operations.md says what an invocation may use for conversions', () => {
  const { deliveries, requests } = MAX_PER_INVOCATION;
  expect(
    figures('docs/operations.md', /sends at most (\d+) conversions, with at most (\d+) requests/g),
  ).toEqual([deliveries, requests]);
  expect(
    figures(
      'docs/operations.md',
      /of the paid plan, at most (\d+) conversions, with at most (\d+) requests/g,
    ),
  ).toEqual([PAID_TIMES * deliveries, PAID_TIMES * requests]);
  expect(figures('docs/performance.md', /gets at most (\d+) in an invocation/g)).toEqual([requests]);
  expect(figures('docs/performance.md', /It opens up to (\d+) conversions/g)).toEqual([deliveries]);
  expect(readFileSync(`${ROOT}/docs/operations.md`, 'utf8')).toContain(
    `of up to ${WORDS[SIDE_BY_SIDE]} destinations`,
  );
});

it('the documents say for how long conversions and clicks are kept', () => {
  const waits = LONGEST_WAIT / DAY;
  expect(
    figures('docs/operations.md', /deletes records of conversions after (\d+) days, clicks after (\d+)/g),
  ).toEqual([LEDGER_DAYS, CLICK_DAYS]);
  expect(figures('docs/relay.md', /For (\d+) days, the ledger has for each conversion/g)).toEqual([
    LEDGER_DAYS,
  ]);
  expect(figures('docs/relay.md', /to the purchase, for (\d+) days, under the same consent/g)).toEqual([
    CLICK_DAYS,
  ]);
  expect(waits).toBe(7);
  expect(readFileSync(`${ROOT}/docs/operations.md`, 'utf8')).toMatch(/not within a week: conversions wait/);
});

it('docs/relay.md links to a page for each network', () => {
  const relay = readFileSync(`${ROOT}/docs/relay.md`, 'utf8');
  const linked = [...relay.matchAll(/^\| \[[^\]]+\]\(relay\/(\w+)\.md\)/gm)].map(([, name]) => name);
  expect(linked.toSorted()).toEqual([...NETWORKS].toSorted());
});

it('README.md and docs/tag.md say how large the scripts of the tag are', () => {
  const [small, large] = ['speck', 'speck.plus'].map((name) => Math.round(kilobytes(`dist/${name}.min.js`)));
  expect(figures('README.md', /A tag of (\d) or (\d) kB/g)).toEqual([small, large]);
  expect(figures('README.md', /`speck\.js` is (\d) kB/g)).toEqual([small]);
  expect(figures('README.md', /`speck\.plus\.js` is (\d) kB/g)).toEqual([large]);
  expect(figures('docs/tag.md', /the tag loads a script of ([\d.]+) kB/g)).toEqual([
    Math.round(kilobytes('dist/speck.hash.min.js') * 10) / 10,
  ]);
});
