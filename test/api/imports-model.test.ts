/**
 * Random imports against an oracle that knows nothing of positions, transactions and rollups: files that overlap, batches that are sent
 * again or never answered, undoes in any order, and a database that fails before or after it commits.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ImportedEvent } from '../../src/model/import.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { localDay } from '../../src/model/time-zone.ts';
import { applySchema, db, makePixel, ODD_DAYS, runJobs, testEnv } from '../fixtures.ts';
import '../seed.ts';
import { type Fault, faulty } from './faulty.ts';
import { ImportClient, reasonOf } from './import-client.ts';

beforeAll(applySchema);

const HOUR = 3_600_000;
const EID_WINDOW = 48 * HOUR;
const NOW = Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR;

interface Row {
  readonly event: ImportedEvent;
  readonly file: number;
}

/** What should be stored, and counted by each import that exists. */
class Oracle {
  rows: Row[] = [];
  readonly counts = new Map<number, { stored: number; duplicates: number; position: number }>();

  send(file: number, events: readonly ImportedEvent[]): void {
    const counts = this.counts.get(file) ?? { stored: 0, duplicates: 0, position: 0 };
    this.counts.set(file, counts);
    for (const event of events) {
      const isThere = this.rows.some(
        (row) => row.event.eid === event.eid && Math.abs(row.event.ts - event.ts) <= EID_WINDOW,
      );
      if (isThere) counts.duplicates++;
      else {
        this.rows.push({ event, file });
        counts.stored++;
      }
      counts.position++;
    }
  }

  undo(file: number): void {
    this.rows = this.rows.filter((row) => row.file !== file);
    this.counts.delete(file);
  }

  pageviews(zone: string): Record<string, number> {
    const days = this.rows.map(({ event }) => localDay(zone, event.ts)).toSorted();
    return Object.fromEntries(
      Object.entries(Object.groupBy(days, (day) => day)).map(([day, list = []]) => [day, list.length]),
    );
  }
}

const FILES = 3;
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      file: fc.nat(FILES - 1),
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), file: fc.nat(FILES - 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('undo' as const), file: fc.nat(FILES - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cron' as const) }) },
);
/**
 * Times around an odd day and five days later, in hours from its noon; ids that few events share. Times of one id are either within the
 * time for which an id is unique, or far beyond it: what is in between depends on which events share a batch.
 */
const event = fc.record({
  at: fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 100, max: 140 })),
  id: fc.nat(25),
  visitor: fc.nat(3),
});
const plan = fc.record({
  day: fc.constantFrom(...ODD_DAYS),
  files: fc.array(fc.array(event, { minLength: 1, maxLength: 40 }), { minLength: FILES, maxLength: FILES }),
  steps: fc.array(step, { minLength: 3, maxLength: 18 }),
  faults: fc.infiniteStream(
    fc.oneof(
      { weight: 12, arbitrary: fc.constant<Fault>(null) },
      { weight: 1, arbitrary: fc.constant<Fault>('before') },
      { weight: 1, arbitrary: fc.constant<Fault>('after') },
    ),
  ),
});

/** Repeats a request that fails, as senders do. */
async function untilDone<T>(request: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!String(error).includes('D1_ERROR')) throw error;
    }
  }
}

async function expectStored(pixel: Pixel, oracle: Oracle, ids: ReadonlyMap<number, string>): Promise<void> {
  const { results } = await db
    .prepare(
      'SELECT ts, eid, substr(id, 1, 16) AS of_import FROM events WHERE pixel = ? ORDER BY ts, eid, id',
    )
    .bind(pixel.id)
    .all<{ ts: number; eid: string; of_import: string }>();
  const wanted = oracle.rows.map(({ event: { ts, eid = '' }, file }) => ({
    ts,
    eid,
    of_import: ids.get(file) ?? '',
  }));
  const order = (a: (typeof wanted)[number], b: (typeof wanted)[number]): number =>
    a.ts - b.ts || (a.eid < b.eid ? -1 : a.eid > b.eid ? 1 : 0) || (a.of_import < b.of_import ? -1 : 1);
  expect(results.toSorted(order)).toEqual(wanted.toSorted(order));
  const listed = await new ImportClient(pixel.id).list();
  expect(
    new Map(listed.map(({ id, stored, duplicates, position }) => [id, { stored, duplicates, position }])),
  ).toEqual(new Map([...oracle.counts].map(([file, counts]) => [ids.get(file), counts])));
}

async function rolledUp(pixel: Pixel): Promise<Record<string, number>> {
  const { results } = await db
    .prepare(
      `SELECT d.day, coalesce(r.pageviews, 0) AS n FROM days d
       LEFT JOIN rollups r ON r.pixel = d.pixel AND r.day = d.day AND r.dimension = 'total' AND r.currency = ''
       WHERE d.pixel = ? ORDER BY d.day`,
    )
    .bind(pixel.id)
    .all<{ day: string; n: number }>();
  return Object.fromEntries(results.map(({ day, n }) => [day, n]));
}

describe('imports in any order', () => {
  it('store, count and undo what an oracle says', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ day: [zone, day], files, steps, faults }) => {
        const pixel = await makePixel(zone);
        const noon = Date.parse(`${day}T12:00:00Z`);
        const events = files.map((list) =>
          list.map(
            ({ at, id, visitor }): ImportedEvent => ({
              ts: noon + at * HOUR,
              dl: '/',
              eid: `e${id}`,
              visitor: `v${visitor}`,
            }),
          ),
        );
        const client = new ImportClient(pixel.id, {
          ...testEnv,
          DB: faulty(db, () => faults.next().value ?? null),
        });
        const oracle = new Oracle();
        const ids = new Map<number, string>();
        let runs = 0;
        const cron = (): Promise<void> => runJobs(NOW + ++runs * HOUR);
        for (const one of steps) {
          if (one.kind === 'cron') {
            await cron();
            continue;
          }
          const { file } = one;
          if (one.kind === 'undo') {
            const id = ids.get(file);
            if (id === undefined) continue;
            let gone = '';
            while (gone === '') {
              gone = await untilDone(() =>
                reasonOf(
                  client.undoOnce(id).then(({ done }) => {
                    if (done) throw new Error('undone');
                  }),
                ).catch((error) => (String(error).includes('undone') ? 'undone' : Promise.reject(error))),
              );
            }
            // The answer to the last step may have been lost.
            expect(gone).toMatch(/^(undone|not_found)/);
            ids.delete(file);
            oracle.undo(file);
          } else {
            const { id, position } = await untilDone(() => client.begin(`file ${file}`.replace(' ', '_')));
            ids.set(file, id);
            const from = one.kind === 'again' ? Math.max(0, position - 5) : position;
            const count = one.kind === 'again' ? position - from : one.count;
            const batch = (events[file] ?? []).slice(from, from + count);
            await untilDone(() => client.send(id, from, batch));
            oracle.send(file, one.kind === 'again' ? [] : batch);
          }
          await expectStored(pixel, oracle, ids);
        }
        await cron();
        await cron();
        expect(await rolledUp(pixel)).toEqual(oracle.pageviews(zone));
      }),
      { numRuns: 15 },
    );
  });
});
