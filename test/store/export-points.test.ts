/** The export of events that only Analytics Engine has. */
import { beforeAll, expect, it } from 'vitest';
import { EXPORTED_EVENTS } from '../../src/model/exported.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { type ExportedPoints, readExportedPoints } from '../../src/store/export-points.ts';
import { type MemoryEngine, memoryEngine } from '../engine/memory-engine.ts';
import { applySchema, db, makePixel, place } from '../fixtures.ts';

beforeAll(applySchema);

const START = Date.parse('2026-02-03T00:00:00Z');
const ALL = { after: [0, ''], before: [Number.MAX_SAFE_INTEGER, ''] } as const;

const write = (engine: MemoryEngine, pixel: Pixel, index: number, visitor = 'v'): void =>
  // Three events a millisecond, so that ties cross the ends of answers.
  engine.write(
    place(pixel, {
      ts: START + Math.floor(index / 3),
      id: `e${String(index).padStart(3, '0')}`,
      name: 'pageview',
      visitor,
    }).event,
  );

const read = (engine: MemoryEngine, pixel: Pixel, after: readonly (string | number)[], limit: number) =>
  readExportedPoints(db, engine.reader, EXPORTED_EVENTS, pixel.id, { ...ALL, after }, limit);

const ids = ({ rows }: ExportedPoints): unknown[] => rows.map((row) => row[1]);

it('has each event once, whatever the limit, and says where to go on', async () => {
  const pixel = await makePixel('UTC');
  const engine = memoryEngine();
  for (let index = 0; index < 20; index++) write(engine, pixel, index);
  write(engine, pixel, 7);
  const all = Array.from({ length: 20 }, (_, index) => `e${String(index).padStart(3, '0')}`);
  for (const limit of [1, 4, 7, 19, 20, 21]) {
    const found: unknown[] = [];
    let after: readonly (string | number)[] = ALL.after;
    for (let part = 0; part < 30; part++) {
      const answer = await read(engine, pixel, after, limit);
      found.push(...ids(answer));
      if (answer.next === null) break;
      expect(answer.rows).toHaveLength(limit);
      after = answer.next;
    }
    expect(found).toEqual(all);
  }
});

it('leaves out who has been erased, and other pixels', async () => {
  const [pixel, other] = [await makePixel('UTC'), await makePixel('UTC')];
  const engine = memoryEngine();
  write(engine, pixel, 1, 'ann');
  write(engine, pixel, 2, 'bob');
  write(engine, other, 3);
  await db
    .prepare('INSERT INTO erasures (pixel, who, at) VALUES (?, ?, ?)')
    .bind(pixel.id, 'ann', START + 60_000)
    .run();
  expect(ids(await read(engine, pixel, ALL.after, 10))).toEqual(['e002']);
});
