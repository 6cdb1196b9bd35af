/** What is shown, erased and forgotten of people. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixel } from '../../src/model/pixel.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { writeBatch } from '../../src/store/events.ts';
import { countEvents, erase, eventsOf } from '../../src/store/people.ts';
import { aliasesOf, applySchema, counting, db, makePixel, place, runJobs } from '../fixtures.ts';

beforeAll(applySchema);

const AT = Date.parse('2026-11-24T10:00:00Z');
function eventOf(pixel: Pixel, [person = '', ...aliases]: readonly string[], ts = AT) {
  const placed = place(pixel, { ts, id: randomBase58(12), name: 'pageview', visitor: '', person });
  return { ...placed, aliases };
}

describe('the events of a person', () => {
  it('are counted once each, and listed part by part, the latest first', async () => {
    const pixel = await makePixel('UTC');
    const of = (id: string, ts: number, visitor: string, person: string) => ({
      ...place(pixel, { id, ts, name: 'pageview', visitor, person }),
      aliases: [],
    });
    const events = [
      of('a', AT, 'ann', 'u1'),
      of('b', AT, 'ann', ''),
      of('c', AT - 1, '', 'u1'),
      of('d', AT + 1, 'ann', 'u2'),
      of('other', AT, 'bob', 'u2'),
    ];
    await writeBatch(db, { id: randomBase58(8), events, rejections: [] }, AT, false);
    const visitor = { hash: 'ann', times: [AT, AT + 1, AT + 5] };
    const subject = { pixel: pixel.id, aliases: ['u1'], visitor };
    expect(await countEvents(db, subject)).toBe(4);
    expect(await eventsOf(db, subject, ['ts', 'id'], 3)).toEqual([
      [AT + 1, 'd'],
      [AT, 'b'],
      [AT, 'a'],
    ]);
    expect(await eventsOf(db, subject, ['id'], 10, [AT, 'b'])).toEqual([['a'], ['c']]);
    const nobody = { pixel: pixel.id, aliases: [], visitor: null };
    expect([await countEvents(db, nobody), await eventsOf(db, nobody, ['id'], 10)]).toEqual([0, []]);
  });
});

describe('erasing', () => {
  it('deletes the events of a person and a visitor, no others, and returns their days', async () => {
    const pixel = await makePixel('UTC');
    const other = await makePixel('UTC');
    const day = 86_400_000;
    const events = [
      eventOf(pixel, ['u1', 'c1'], AT - 2 * day),
      eventOf(pixel, ['c1'], AT - day),
      eventOf(pixel, ['u2'], AT - day),
      { ...place(pixel, { ts: AT, id: 'v', name: 'pageview', visitor: 'ann', person: '' }), aliases: [] },
      { ...place(pixel, { ts: AT, id: 'w', name: 'pageview', visitor: 'bob', person: '' }), aliases: [] },
      eventOf(other, ['u1', 'c1'], AT + 1),
    ];
    await writeBatch(db, { id: 'b', events, rejections: [] }, AT, false);
    await runJobs(AT + day);
    const dirty = () =>
      db.prepare('SELECT day FROM days WHERE pixel = ? AND dirty = 1 ORDER BY day').bind(pixel.id).all();
    expect((await dirty()).results).toEqual([]);
    const aliases = await aliasesOf(pixel.id, 'c1');
    const visitor = { hash: 'ann', times: [AT] };
    expect(await erase(db, [{ pixel: pixel.id, aliases, visitor }], AT)).toEqual({
      events: 3,
      days: 3,
      person_days: 2,
      links: 1,
      deliveries: 0,
      clicks: 0,
      files: 0,
    });
    expect((await dirty()).results.map(({ day: one }) => one)).toEqual([
      '2026-11-22',
      '2026-11-23',
      '2026-11-24',
    ]);
    const left = await db
      .prepare('SELECT pixel, person, visitor FROM events WHERE pixel IN (?, ?) ORDER BY ts')
      .bind(pixel.id, other.id)
      .all();
    expect(left.results).toEqual([
      { pixel: pixel.id, person: 'u2', visitor: '' },
      { pixel: pixel.id, person: '', visitor: 'bob' },
      { pixel: other.id, person: 'u1', visitor: '' },
    ]);
    expect(await aliasesOf(other.id, 'c1')).toEqual(['u1', 'c1']);
  });

  it("deletes a visitor's events at the given times, and marks only their days", async () => {
    const pixel = await makePixel('UTC');
    const midnight = Date.parse('2026-11-24T00:00:00Z');
    const [start, end] = [midnight - 3_600_000, midnight + 3_600_000];
    const common = { name: 'pageview', visitor: 'ann', person: '' };
    const moments = { before: start - 1, first: start, last: midnight - 1, after: end };
    const events = Object.entries(moments).map(([id, ts]) => ({
      ...place(pixel, { ...common, id, ts }),
      aliases: [],
    }));
    await writeBatch(db, { id: 'b', events, rejections: [] }, AT, false);
    await db.prepare('UPDATE days SET dirty = 0').run();
    await erase(
      db,
      [{ pixel: pixel.id, aliases: [], visitor: { hash: 'ann', times: [start, midnight - 1] } }],
      AT,
    );
    const left = await db.prepare('SELECT id FROM events WHERE pixel = ? ORDER BY ts').bind(pixel.id).raw();
    expect(left).toEqual([['before'], ['after']]);
    const dirty = 'SELECT day FROM days WHERE pixel = ? AND dirty = 1';
    expect(await db.prepare(dirty).bind(pixel.id).raw()).toEqual([['2026-11-23']]);
  });

  it('of a person marks the day of an event at its very beginning or end', async () => {
    const pixel = await makePixel('UTC');
    const midnight = Date.parse('2026-11-24T00:00:00Z');
    const others = [midnight - 1, midnight].map((ts) => eventOf(pixel, ['u2'], ts));
    for (const [ts, day] of [
      [midnight, '2026-11-24'],
      [midnight - 1, '2026-11-23'],
    ] as const) {
      const events = [eventOf(pixel, ['u1'], ts), ...others];
      await writeBatch(db, { id: randomBase58(8), events, rejections: [] }, AT - 1, false);
      await db.prepare('DELETE FROM erasures').run();
      await db.prepare('UPDATE days SET dirty = 0').run();
      await erase(db, [{ pixel: pixel.id, aliases: ['u1'], visitor: null }], 0);
      const dirty = 'SELECT day FROM days WHERE pixel = ? AND dirty = 1';
      expect(await db.prepare(dirty).bind(pixel.id).raw()).toEqual([[day]]);
    }
  });

  it('of multiple subjects reads only their rows', async () => {
    const pixels = await Promise.all([makePixel('UTC'), makePixel('UTC')]);
    const others = Array.from({ length: 3000 }, (_, index) =>
      eventOf(pixels[0] as Pixel, [`uother${index}`], Date.parse('2026-11-24T00:00:00Z') - 1000 - index),
    );
    const theirs = pixels.flatMap((pixel) => [
      eventOf(pixel, ['u1', 'c1'], AT - 3 * 86_400_000),
      { ...place(pixel, { ts: AT, id: 'v', name: 'pageview', visitor: 'ann', person: '' }), aliases: [] },
    ]);
    await writeBatch(db, { id: randomBase58(8), events: [...others, ...theirs], rejections: [] }, AT, false);
    const { db: counted, cost } = counting();
    const subjects = pixels.map(({ id }) => ({
      pixel: id,
      aliases: ['u1', 'c1'],
      visitor: { hash: 'ann', times: [AT] },
    }));
    expect(await erase(counted, subjects, AT)).toEqual({
      events: 4,
      days: 4,
      person_days: 0,
      links: 2,
      deliveries: 0,
      clicks: 0,
      files: 0,
    });
    expect(cost.read).toBeLessThan(300);
  });

  it('keeps out earlier events that arrive later, in any order and however often', async () => {
    const pixel = await makePixel('UTC');
    const visitor = { hash: 'ann', times: [AT] };
    const events = [
      eventOf(pixel, ['u1', 'c1'], AT - 10),
      { ...place(pixel, { ts: AT, id: 'v', name: 'pageview', visitor: 'ann', person: '' }), aliases: [] },
      eventOf(pixel, ['u2', 'c2'], AT - 10),
      eventOf(pixel, ['u1'], AT + 1),
    ];
    const send = (of: typeof events) =>
      writeBatch(db, { id: randomBase58(8), events: of, rejections: [] }, AT + 10, true);
    expect(await send(events.slice(0, 1))).toEqual(['stored']);
    await erase(db, [{ pixel: pixel.id, aliases: ['u1', 'c1'], visitor }], AT);
    expect(await send(events)).toEqual(['erased', 'erased', 'stored', 'stored']);
    expect(await send(events)).toEqual(['erased', 'erased', 'duplicate', 'duplicate']);
    const links = await db.prepare('SELECT alias FROM person_links WHERE pixel = ?').bind(pixel.id).all();
    expect(links.results).toEqual([{ alias: 'c2' }]);
    // What the person does later is a new beginning, links and all.
    await send([eventOf(pixel, ['u1', 'c1'], AT + 2)]);
    expect((await aliasesOf(pixel.id, 'c1')).toSorted()).toEqual(['c1', 'u1']);
  });

  it.each([
    ['past retention', 100, 114],
    ['gone from Analytics Engine, if that is later', 30, 107],
  ])('is stored until earlier events and dead letters are %s', async (_, retention_days, days) => {
    const pixel = await makePixel('UTC', { retention_days });
    const erasures = async () =>
      (await db.prepare('SELECT who, at FROM erasures WHERE pixel = ?').bind(pixel.id).all()).results;
    const noon = Date.parse('2026-11-24T12:00:00Z');
    await erase(db, [{ pixel: pixel.id, aliases: ['u1'], visitor: null }], noon);
    await erase(db, [{ pixel: pixel.id, aliases: ['u1'], visitor: null }], noon - 1000);
    await runJobs(noon + days * 86_400_000);
    expect(await erasures()).toEqual([{ who: 'u1', at: noon }]);
    await runJobs(noon + days * 86_400_000 + 3_600_000);
    expect(await erasures()).toEqual([]);
  });

  it('also happens after 395 days without an event, unless an alias was used since', async () => {
    const pixel = await makePixel('UTC', { retention_days: 1 });
    await writeBatch(
      db,
      { id: 'old', events: [eventOf(pixel, ['u1', 'c1']), eventOf(pixel, ['u2', 'e2'])], rejections: [] },
      AT,
      false,
    );
    const links = async () =>
      (
        await db.prepare('SELECT alias FROM person_links WHERE pixel = ? ORDER BY alias').bind(pixel.id).all()
      ).results.map(({ alias }) => alias);
    const day = 86_400_000;
    const midnight = Date.parse('2026-11-25T00:00:00Z');
    await runJobs(midnight);
    await runJobs(midnight + 5 * day);
    expect(await links()).toEqual(['c1', 'e2']);
    const back = midnight + 300 * day;
    await writeBatch(db, { id: 'new', events: [eventOf(pixel, ['u2'], back)], rejections: [] }, back, false);
    // That somebody of the same alias is at another pixel keeps nobody here.
    const other = await makePixel('UTC', { retention_days: 1 });
    await writeBatch(
      db,
      { id: 'other', events: [eventOf(other, ['u1', 'c1'], back)], rejections: [] },
      back,
      false,
    );
    await runJobs(midnight + 302 * day);
    await runJobs(midnight + 394 * day);
    expect(await links()).toEqual(['c1', 'e2']);
    await runJobs(midnight + 397 * day);
    expect(await links()).toEqual(['e2']);
    const days = await db.prepare('SELECT person FROM person_days WHERE pixel = ?').bind(pixel.id).all();
    expect(days.results).toEqual([{ person: 'u2' }]);
  });
});
