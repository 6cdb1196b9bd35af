/** What is found of who asks, and told: theirs alone, at the pixel that is asked, and bounded. */
import { beforeAll, expect, it } from 'vitest';
import { EVENT_COLUMNS } from '../../src/model/event.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { findTraces, readTrace, type Trace } from '../../src/store/traces.ts';
import { applySchema, db, makePixel, store } from '../fixtures.ts';

beforeAll(applySchema);

const START = Date.parse('2026-11-24T00:00:00Z');
const END = START + 86_400_000;
const TIMES = [START, START + 1000, END - 1];
const at = (pixel: Pixel, visitor = 'ann', alias = ''): Trace => ({
  pixel: pixel.id,
  visitor,
  start: START,
  end: END,
  alias,
});
const event = (id: string, ts: number, visitor: string, person = '') => ({
  id,
  ts,
  name: 'pageview',
  visitor,
  person,
});
const ID = EVENT_COLUMNS.indexOf('id');
const idsOf = ({ events }: { readonly events: readonly (readonly unknown[])[] }) =>
  events.map((values) => values[ID]);

/** Two pixels with the same visitors and people, and others, at the edges of a day. */
async function two(): Promise<readonly [Pixel, Pixel]> {
  const pixels = [await makePixel('UTC'), await makePixel('UTC')] as const;
  for (const [index, pixel] of pixels.entries()) {
    const { id } = pixel;
    const events = [
      event('before', START - 1, 'ann'),
      event('first', START, 'ann'),
      event('b', START + 1000, 'ann', 'cann'),
      event('c', START + 1000, 'ann'),
      event('bob', START + 1000, 'bob', 'cbob'),
      event('last', END - 1, 'ann'),
      event('after', END, 'ann'),
      event('nobody', START, ''),
      event('early', START - 30 * 86_400_000, 'then', 'cann'),
    ];
    await store(
      pixel,
      events.map((one) => ({ ...one, id: `${one.id}${index || ''}` })),
    );
    for (const [day, person, devices] of [
      ['2026-10-25', 'cann', 1],
      ['2026-11-24', 'cann', 2 + index],
      ['2026-11-01', 'cann', 0],
      ['2026-11-02', 'cbob', 4],
      ['2026-11-03', 'cday', 1],
      ['2026-11-03', 'cgone', 0],
    ] as const) {
      await db.prepare('INSERT INTO person_days VALUES (?, ?, ?, ?)').bind(id, day, person, devices).run();
    }
    const link = db.prepare('INSERT INTO person_links (pixel, alias, target) VALUES (?, ?, ?)');
    await db.batch([link.bind(id, 'cann', `uAnn${index}`), link.bind(id, 'clink', 'uLink')]);
  }
  return pixels;
}

it('finds a visitor by the first events of the day, and a person by any stored event', async () => {
  const [one, other] = await two();
  const { rows } = await findTraces(
    db,
    [
      at(one, 'ann', 'cann'),
      at(other, 'eve', 'cbob'),
      at(one, '', 'cday'),
      at(one, '', 'clink'),
      at(one, '', 'cgone'),
      at(one, '', ''),
      { ...at(one), start: START + 1001 },
      { ...at(one), end: START },
    ],
    1000,
  );
  const nothing = { times: [], isPartial: false, hasAlias: false, hasDelivery: false };
  const times = [END - 1, START + 1000, START];
  expect(rows).toEqual([
    { ...nothing, times, hasAlias: true },
    { ...nothing, hasAlias: true },
    { ...nothing, hasAlias: true },
    { ...nothing, hasAlias: true },
    nothing,
    nothing,
    { ...nothing, times: [END - 1] },
    nothing,
  ]);
});

it('finds nothing of another pixel', async () => {
  const [one] = await two();
  const empty = await makePixel('UTC');
  await store(one, [event('x', START, 'zoe', 'czoe')]);
  const nothing = { times: [], isPartial: false, hasAlias: false, hasDelivery: false };
  expect((await findTraces(db, [at(empty, 'ann', 'cann'), at(empty, 'zoe', 'czoe')], 100)).rows).toEqual([
    nothing,
    nothing,
  ]);
  expect(await readTrace(db, at(empty, 'ann', 'cann'), TIMES, 100)).toEqual({
    events: [],
    total: 0,
    days: [],
    target: null,
    clicks: [],
    deliveries: [],
  });
});

it('scans only the given number of events of a day, the latest first, and reports it', async () => {
  const [one] = await two();
  // The day has six events, of all visitors.
  const look = async (most: number) => (await findTraces(db, [at(one)], most)).rows[0];
  expect(await look(6)).toMatchObject({ times: [END - 1, START + 1000, START], isPartial: false });
  expect(await look(5)).toMatchObject({ times: [END - 1, START + 1000, START], isPartial: true });
  expect(await look(3)).toMatchObject({ times: [END - 1, START + 1000], isPartial: true });
});

it('returns the events of a visitor and of a person once each, the latest first', async () => {
  const [one, other] = await two();
  const trace = await readTrace(db, at(one, 'ann', 'cann'), TIMES, 100);
  expect(idsOf(trace)).toEqual(['last', 'c', 'b', 'first', 'early']);
  expect(trace).toMatchObject({
    total: 5,
    days: [
      ['2026-11-24', 2],
      ['2026-10-25', 1],
    ],
    target: 'uAnn0',
  });
  const some = await readTrace(db, at(other, 'ann', 'cann'), TIMES, 3);
  expect(idsOf(some)).toEqual(['last1', 'c1', 'b1']);
  expect(idsOf(await readTrace(db, at(one, 'ann', 'cann'), TIMES, 2))).toEqual(['last', 'c']);
  expect(some).toMatchObject({ total: 5, target: 'uAnn1' });
  expect(idsOf(await readTrace(db, at(one, '', 'cann'), TIMES, 100))).toEqual(['b', 'early']);
  expect(idsOf(await readTrace(db, at(one, 'ann', ''), TIMES, 100))).toEqual(['last', 'c', 'b', 'first']);
  expect(idsOf(await readTrace(db, at(one, '', ''), TIMES, 100))).toEqual([]);
});
