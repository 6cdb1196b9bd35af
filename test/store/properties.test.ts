import { beforeAll, expect, it } from 'vitest';
import { MAX_ROLLUP_PROPERTY_KEYS } from '../../src/model/dimensions.ts';
import { readPropertyKeys } from '../../src/store/properties.ts';
import { applySchema, db, makePixel, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';

const DAY = '2026-02-03';
const AT = Date.parse(`${DAY}T10:00:00Z`);

beforeAll(applySchema);

/** Events of so many keys, ten a piece; the first key is in all of them. */
const withKeys = (keys: number): OracleEvent[] =>
  Array.from({ length: Math.ceil(keys / 10) }, (_, index) => {
    const names = Array.from(
      { length: Math.min(10, keys - index * 10) },
      (_, key) => `key${index * 10 + key}`,
    );
    const props = JSON.stringify(Object.fromEntries(['key0', ...names].map((name) => [name, 'x'])));
    return { ts: AT + index, id: `e${index}`, name: 'Sale', visitor: 'v', props } as OracleEvent;
  });

it.each([
  [MAX_ROLLUP_PROPERTY_KEYS, MAX_ROLLUP_PROPERTY_KEYS, true],
  [MAX_ROLLUP_PROPERTY_KEYS + 20, MAX_ROLLUP_PROPERTY_KEYS, false],
])('of a day with %d keys are %d after its rollup, and complete is %s', async (keys, stored, complete) => {
  const pixel = await makePixel('UTC');
  const events = withKeys(keys);
  await store(pixel, events, AT);
  const open = await readPropertyKeys(db, pixel.id, DAY, DAY);
  expect(open.properties).toHaveLength(keys);
  expect(open.complete).toBe(true);
  await runJobs(AT + 2 * 86_400_000);
  const rolled = await readPropertyKeys(db, pixel.id, DAY, DAY);
  expect(rolled.properties).toHaveLength(stored);
  expect(rolled.properties[0]).toEqual({ key: 'key0', events: events.length });
  expect(rolled.complete).toBe(complete);
});
