/** Several reports of one event: what a token sent beats what anyone could have sent, in whatever order they come. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { EID_WINDOW } from '../../src/model/event.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { writeBatch } from '../../src/store/events.ts';
import { erase } from '../../src/store/people.ts';
import { applySchema, counting, db, makePixel, place, runJobs } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';
import { runs } from '../runs.ts';

beforeAll(applySchema);

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-02-03T10:00:00Z');

type Report = OracleEvent & { readonly eid: string; readonly authenticated: number };
const report = (id: string, more: Partial<Report> = {}): Report =>
  ({ ts: AT, id, name: 'Purchase', visitor: '', eid: 'A-150', authenticated: 0, ...more }) as Report;

const write = (pixel: Pixel, events: readonly Report[], tell = true) => {
  const placed = events.map((event) => place(pixel, event));
  return writeBatch(db, { id: randomBase58(8), events: placed, rejections: [] }, AT + DAY, tell);
};

async function stored(pixel: Pixel): Promise<string[]> {
  const rows = await db.prepare('SELECT id FROM events WHERE pixel = ? ORDER BY id').bind(pixel.id).raw();
  return rows.map(([id]) => String(id));
}

/** What is stored after reports that come one by one, and what the sender of each is told. */
function plainly(reports: readonly Report[]): { stored: string[]; reported: string[] } {
  const retained = new Map<string, Report>();
  const reported = reports.map((one) => {
    const others = [...retained.values()].filter(
      (other) => one.eid !== '' && other.eid === one.eid && other.name === one.name,
    );
    if (retained.has(one.id) || others.some(({ authenticated }) => authenticated >= one.authenticated)) {
      return 'duplicate';
    }
    for (const { id } of others) retained.delete(id);
    retained.set(one.id, one);
    return 'stored';
  });
  return { stored: [...retained.keys()].toSorted(), reported };
}

describe('reports of one event', () => {
  const reports = fc
    .array(
      fc.record({
        eid: fc.constantFrom('', 'a', 'a', 'a', 'b'),
        name: fc.constantFrom('Purchase', 'Lead'),
        authenticated: fc.constantFrom(0, 0, 1),
        // All of them within a window of each other.
        hours: fc.integer({ min: 0, max: 47 }),
      }),
      { minLength: 1, maxLength: 10 },
    )
    .map((all) =>
      all.map(({ hours, ...one }, index) => report(`e${index}`, { ...one, ts: AT + hours * HOUR })),
    );
  /** Which of them come together, by their places; some come again. */
  const deliveries = fc.array(
    fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 }),
    { minLength: 1, maxLength: 6 },
  );

  it('are stored and reported by the rule, in any order, in one batch or many, and however often', async () => {
    await fc.assert(
      fc.asyncProperty(reports, deliveries, fc.boolean(), async (all, batches, tell) => {
        const pixel = await makePixel('UTC');
        const came: Report[] = [];
        for (const places of [...batches, ...batches.slice(0, 2)]) {
          const batch = places.flatMap((index) => all[index] ?? []);
          const reported = await write(pixel, batch, tell);
          // Within a batch those with a token come first.
          const inTurn = batch.toSorted((a, b) => b.authenticated - a.authenticated);
          const expected = plainly([...came, ...inTurn]);
          const outcomes = expected.reported.slice(came.length);
          came.push(...inTurn);
          if (tell) expect(reported).toEqual(batch.map((one) => outcomes[inTurn.indexOf(one)]));
          expect(await stored(pixel)).toEqual(expected.stored);
        }
      }),
      { numRuns: runs(25, 60) },
    );
  });

  it('that are 48 hours apart are two events, whatever the sender', async () => {
    const pixel = await makePixel('UTC');
    const early = report('early', { ts: AT - EID_WINDOW - 1 });
    const late = report('late', { ts: AT + EID_WINDOW + 1 });
    const nearbyReports = [
      report('before', { ts: AT - EID_WINDOW }),
      report('after', { ts: AT + EID_WINDOW }),
    ];
    for (const one of [early, late, ...nearbyReports]) await write(pixel, [one]);
    expect(await stored(pixel)).toEqual(['early', 'late']);
    const other = await makePixel('UTC');
    for (const one of nearbyReports) expect(await write(other, [one])).toEqual(['stored']);
    const proven = report('proven', { authenticated: 1 });
    expect(await write(pixel, [proven])).toEqual(['stored']);
    expect(await stored(pixel)).toEqual(['early', 'late', 'proven']);
    // Both within the window of the one with a token, though not of each other.
    expect(await write(other, [proven])).toEqual(['stored']);
    expect(await stored(other)).toEqual(['proven']);
    expect(await write(other, nearbyReports)).toEqual(['duplicate', 'duplicate']);
  });

  it('of another pixel or name, or without an id, are not affected', async () => {
    const [pixel, other] = [await makePixel('UTC'), await makePixel('UTC')];
    await write(other, [report('other')]);
    await write(pixel, [report('lead', { name: 'Lead' }), report('plain', { eid: '' })]);
    await write(pixel, [
      report('proven', { authenticated: 1 }),
      report('bare', { eid: '', authenticated: 1 }),
    ]);
    expect(await stored(pixel)).toEqual(['bare', 'lead', 'plain', 'proven']);
    expect(await stored(other)).toEqual(['other']);
  });

  it('mark the day of the replaced event dirty, even if it is a different day', async () => {
    const pixel = await makePixel('Pacific/Kiritimati');
    await write(pixel, [report('claimed', { ts: AT - DAY, value: 10_000 })]);
    await runJobs(AT + 5 * DAY);
    const revenue = async () =>
      (
        await db
          .prepare(
            `SELECT day, revenue FROM rollups WHERE pixel = ? AND dimension = 'total' AND currency <> '' AND revenue > 0`,
          )
          .bind(pixel.id)
          .raw()
      ).map((row) => row);
    const sale = { currency: 'EUR', value: 250_000_000, authenticated: 1 } as Partial<Report>;
    await write(pixel, [report('proven', sale)]);
    const dirty = () =>
      db.prepare('SELECT day FROM days WHERE pixel = ? AND dirty = 1 ORDER BY day').bind(pixel.id).raw();
    expect(await dirty()).toEqual([['2026-02-03'], ['2026-02-04']]);
    await runJobs(AT + 6 * DAY);
    expect(await revenue()).toEqual([['2026-02-04', 250_000_000]]);
    // What comes again changes nothing.
    await db.prepare('UPDATE days SET dirty = 0 WHERE pixel = ?').bind(pixel.id).run();
    await write(pixel, [report('claimed', { ts: AT - DAY })], false);
    expect(await stored(pixel)).toEqual(['proven']);
  });

  it('are not replaced by an event that is not stored', async () => {
    const pixel = await makePixel('UTC');
    await write(pixel, [report('claimed')]);
    await erase(db, [{ pixel: pixel.id, aliases: ['uann'], visitor: null }], AT + 1);
    const proven = report('proven', { authenticated: 1, person: 'uann' });
    expect(await write(pixel, [proven])).toEqual(['erased']);
    expect(await stored(pixel)).toEqual(['claimed']);
    await db.prepare('UPDATE days SET raw = 2 WHERE pixel = ?').bind(pixel.id).run();
    const ofClosed = { ...proven, person: '' };
    const batch = { id: 'late', events: [place(pixel, ofClosed)], rejections: [] };
    expect(await writeBatch(db, batch, AT + 30 * DAY, true)).toEqual(['day_closed']);
    expect(await stored(pixel)).toEqual(['claimed']);
  });

  it('cost no additional written row, and no additional statement without an id or token', async () => {
    const pixel = await makePixel('UTC');
    const costOf = async (events: readonly Report[]) => {
      const { db: counted, cost } = counting();
      let statements = 0;
      const watched = new Proxy(counted, {
        get(target, property) {
          const value = Reflect.get(target, property);
          if (property !== 'batch') return typeof value === 'function' ? value.bind(db) : value;
          return (all: D1PreparedStatement[]) => {
            statements += all.length;
            return target.batch(all);
          };
        },
      });
      const placed = events.map((event) => place(pixel, event));
      await writeBatch(watched, { id: randomBase58(8), events: placed, rejections: [] }, AT, false);
      return { written: cost.written, statements };
    };
    await costOf([report('first', { eid: '' })]);
    await db.prepare('UPDATE days SET dirty = 1').run();
    expect(await costOf([report('a', { eid: '' })])).toEqual({ written: 1, statements: 1 });
    expect(await costOf([report('b', { eid: '', authenticated: 1 })])).toEqual({ written: 1, statements: 1 });
    expect(await costOf([report('c')])).toEqual({ written: 2, statements: 1 });
    // Its own two rows, and the other report that goes.
    expect(await costOf([report('d', { authenticated: 1 })])).toEqual({ written: 3, statements: 3 });
    expect(await costOf([report('d', { authenticated: 1 })])).toEqual({ written: 0, statements: 3 });
  });

  it('that an older version sent to the queue count as sent without a token', async () => {
    const pixel = await makePixel('UTC');
    const { event, day } = place(pixel, report('old'));
    const { authenticated: _, ...old } = event;
    const events = [{ event: old as typeof event, day }];
    expect(await writeBatch(db, { id: 'old', events, rejections: [] }, AT, true)).toEqual(['stored']);
    expect(await write(pixel, [report('proven', { authenticated: 1 })])).toEqual(['stored']);
    expect(await stored(pixel)).toEqual(['proven']);
  });
});
