/** Imports through the API: what is stored, counted and refused, whatever is sent twice; and that an undo leaves nothing. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ImportedEvent } from '../../src/model/import.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { forgetPixel } from '../../src/store/pixels.ts';
import { changeTimeZone } from '../../src/store/rezone.ts';
import { applySchema, db, makePixel, runJobs, store, testEnv } from '../fixtures.ts';
import { ImportClient, type ImportJson, reasonOf } from './import-client.ts';

const DAY = 86_400_000;
const NOW = Math.floor(Date.now() / DAY) * DAY;
/** Within the retention, but not of today. */
const THEN = NOW - 20 * DAY;

beforeAll(applySchema);

let pixel: Pixel;
let client: ImportClient;
beforeEach(async () => {
  pixel = await makePixel('UTC');
  client = new ImportClient(pixel.id);
});

const event = (place: number, more: Partial<ImportedEvent> = {}): ImportedEvent => ({
  ts: THEN + place * 60_000,
  dl: `https://site.example/p${place % 3}`,
  eid: `row-${place}`,
  visitor: `v${place % 4}`,
  ...more,
});
const events = (count: number, from = 0, more: Partial<ImportedEvent> = {}): ImportedEvent[] =>
  Array.from({ length: count }, (_, index) => event(from + index, more));

const rows = async (sql: string, ...values: unknown[]) =>
  (
    await db
      .prepare(sql)
      .bind(pixel.id, ...values)
      .all<Record<string, unknown>>()
  ).results;
const storedRows = () => rows('SELECT * FROM events WHERE pixel = ? ORDER BY ts, id');
const countRows = async () => (await storedRows()).length;

describe('events of an import', () => {
  it('are enriched as others are, with what the source says of the client', async () => {
    const { id } = await client.begin('a');
    await client.send(id, 0, [
      event(0, {
        dl: '/path?utm_medium=email&q=1',
        rl: 'news.ycombinator.com',
        utm: { source: 'letter', medium: 'ignored', campaign: 'spring sale' },
        ...{
          browser: 'chrome',
          browser_version: '120.0.1',
          os: 'mac os',
          os_version: '14',
          device: 'laptop',
        },
        ...{ country: 'de', region: 'DE-BE', city: 'Berlin', language: 'de-AT' },
        cd: { value: 12.5, currency: 'EUR', plan: 'pro', mail: 'ann@site.example' },
        ev: 'Signup',
      }),
      event(1, {
        ua: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
        ip: '192.0.2.7',
        browser: 'Chrome',
        visitor: '',
      }),
      event(2, { ev: 'engagement', engaged: 15_000, scroll: 70, region: 'Bavaria' }),
    ]);
    const [first, second, third] = await storedRows();
    expect(first).toMatchObject({
      id: `${id}0000000`,
      name: 'Signup',
      ...{ page: '/path', hostname: 'site.example', source: 'letter', channel: 'Email' },
      ...{ utm_source: 'letter', utm_medium: 'email', utm_campaign: 'spring sale' },
      ...{ browser: 'Chrome', browser_version: '120', os: 'Mac', os_version: '14', device: 'Desktop' },
      ...{ country: 'DE', region: 'DE-BE', city: 'Berlin', language: 'de' },
      ...{ value: 12_500_000, currency: 'EUR', person: '', authenticated: 0 },
    });
    expect(first?.['props']).toContain('"plan":"pro"');
    expect(first?.['props']).not.toContain('ann@site.example');
    expect(first?.['visitor']).toMatch(/^[\w-]{22}$/);
    expect(second).toMatchObject({ browser: 'Firefox', os: 'GNU/Linux', device: 'Desktop' });
    expect(JSON.stringify(second)).not.toContain('192.0.2.7');
    expect(third).toMatchObject({ name: 'engagement', engaged: 15_000, scroll: 70, region_name: 'Bavaria' });
  });

  it('have visitors of their own: not those of the pixel, and the same in two files of one source', async () => {
    const ua = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
    const one = { ...event(0), visitor: '', ip: '192.0.2.7', ua };
    const visitors = async (): Promise<unknown[]> =>
      (await storedRows()).map(({ visitor }) => visitor).toSorted();
    const [a, b] = [await client.begin('a'), await client.begin('b')];
    await client.send(a.id, 0, [one, { ...one, eid: 'x', ts: one.ts + 1 }]);
    await client.send(b.id, 0, [{ ...one, eid: 'y', ts: one.ts + 2 }]);
    const [first, second, third] = await visitors();
    expect(new Set([first, second, third]).size).toBe(1);
    const other = await client.begin('c', { source: 'other' });
    await client.send(other.id, 0, [{ ...one, eid: 'z', ts: one.ts + 3 }]);
    await client.send(b.id, 1, [{ ...one, eid: 'w', ts: one.ts + DAY }]);
    expect(new Set(await visitors()).size).toBe(3);
  });

  it('are rejected by the rules of others, by name and reason, and counted by the import alone', async () => {
    const { id } = await client.begin('a');
    const { import: after, rejected } = await client.send(id, 0, [
      event(0, { ua: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }),
      event(1, { ts: Date.parse('1999-12-31T23:59:59.999Z') }),
      event(2, { ts: Date.parse('2000-01-01T00:00:00Z') }),
      event(3, { ts: Date.parse('9999-12-31T23:59:59Z') }),
      event(4, { ts: 8.64e15 + 1 }),
      event(5, { dl: 'mailto:a' }),
      event(6, { eid: 'x'.repeat(129) }),
      { ...event(7), ts: 'noon' } as unknown as ImportedEvent,
      { ...event(8), more: 1 } as unknown as ImportedEvent,
      event(9, { cd: { value: 'much' } }),
      event(10, { ev: ' ' }),
    ]);
    expect(after).toMatchObject({
      stored: 2,
      rejected: {
        ...{ bot: 1, time_too_old: 1, time_in_future: 2, invalid_url: 1, invalid_eid: 1 },
        ...{ invalid_event: 2, invalid_name: 1 },
      },
      bots: { Googlebot: 1 },
      incomplete: { invalid_value: 1 },
      first_at: '2000-01-01T00:00:00.000Z',
      position: 11,
    });
    expect(rejected.map(({ at }) => at)).toEqual([0, 1, 3, 4, 5, 6, 7, 8, 10]);
    expect(rejected[6]?.detail).toContain('ts: ');
    expect(await rows('SELECT * FROM rejections WHERE pixel = ?')).toEqual([]);
  });

  it('are refused on days that are closed, and the import says so', async () => {
    await store(pixel, [{ ts: THEN - 100 * DAY, id: 'x', name: 'pageview', visitor: 'v', page: '/' }], NOW);
    await runJobs(NOW);
    await runJobs(NOW + 3 * DAY);
    expect(await countRows()).toBe(0);
    const { id } = await client.begin('a');
    const sent = [event(0, { ts: THEN - 100 * DAY + 5 }), event(1, { ts: THEN - 101 * DAY })];
    const { import: after, rejected } = await client.send(id, 0, sent);
    expect(after).toMatchObject({ stored: 1, rejected: { day_closed: 1 } });
    expect(rejected).toMatchObject([{ at: 0, reason: 'day_closed' }]);
    expect(await rows('SELECT * FROM rejections WHERE pixel = ?')).toEqual([]);
    await client.undo(id);
    expect(await countRows()).toBe(0);
  });
});

describe('nothing counts twice', () => {
  it('if the same items are sent again, in the same import or after its end', async () => {
    const { id } = await client.begin('a');
    const first = await client.send(id, 0, events(5));
    expect(await client.send(id, 0, events(5))).toEqual({ import: first.import, rejected: [] });
    const last = await client.send(id, 5, events(5, 5), { end: true });
    expect(last.import).toMatchObject({ state: 'complete', stored: 10, duplicates: 0, position: 10 });
    expect(await client.send(id, 5, events(5, 5), { end: true })).toEqual({
      import: last.import,
      rejected: [],
    });
    expect(await reasonOf(client.send(id, 10, events(1, 10)))).toContain('conflict: This import has ended.');
    expect(await countRows()).toBe(10);
    expect(await client.begin('a')).toEqual(last.import);
  });

  it('if the answer was lost between storing events and moving the import', async () => {
    const { id } = await client.begin('a');
    const before = await rows('SELECT position, counts, state FROM imports WHERE pixel = ?');
    await client.send(id, 0, events(5));
    await db
      .prepare('UPDATE imports SET position = ?2, counts = ?3 WHERE pixel = ?1')
      .bind(pixel.id, before[0]?.['position'], before[0]?.['counts'])
      .run();
    const { import: after } = await client.send(id, 0, events(6));
    expect(after).toMatchObject({ stored: 6, duplicates: 0, position: 6 });
    expect(await countRows()).toBe(6);
  });

  it('if two senders send the same items at once', async () => {
    const { id } = await client.begin('a');
    const answers = await Promise.all(Array.from({ length: 3 }, () => client.send(id, 0, events(50))));
    for (const { import: after } of answers) expect(after).toMatchObject({ stored: 50, position: 50 });
    expect(await client.list()).toMatchObject([{ stored: 50, duplicates: 0, position: 50 }]);
    expect(await countRows()).toBe(50);
  });

  it('if files overlap, or an event was stored by its client before', async () => {
    await store(pixel, [{ ts: event(2).ts, id: 'live', eid: 'row-2', name: 'pageview' } as never], NOW);
    const [a, b] = [await client.begin('a', { until: null }), await client.begin('b', { until: null })];
    expect((await client.send(a.id, 0, events(6))).import).toMatchObject({ stored: 5, duplicates: 1 });
    expect((await client.send(b.id, 0, events(6, 3))).import).toMatchObject({ stored: 3, duplicates: 3 });
    expect(await countRows()).toBe(9);
    await client.undo(a.id);
    expect((await storedRows()).map(({ eid }) => eid)).toEqual(['row-2', 'row-6', 'row-7', 'row-8']);
  });

  it('with positions that do not follow', async () => {
    const { id } = await client.begin('a');
    await client.send(id, 0, events(4));
    for (const [from, count] of [
      [5, 2],
      [2, 4],
      [3, 5],
    ] as const) {
      expect(await reasonOf(client.send(id, from, events(count, from)))).toBe(
        'conflict: This import is at position 4. Continue there.',
      );
    }
    expect(
      await reasonOf(client.post(id, { from: 4, to: 6, items: [{ at: 6, event: event(6) }] })),
    ).toContain('invalid_body');
    const twice = [5, 5].map((at) => ({ at, event: event(at) }));
    expect(await reasonOf(client.post(id, { from: 4, to: 8, items: twice }))).toContain('invalid_body');
    expect(await reasonOf(client.post('imp_none', { from: 0, to: 1, items: [] }))).toContain('not_found');
    expect(await countRows()).toBe(4);
  });

  it('of what Speck counts itself: by default only earlier events are imported', async () => {
    const live = { ts: event(3).ts, id: '0live', name: 'pageview', visitor: 'v', page: '/' };
    await store(pixel, [live], NOW);
    const a = await client.begin('a');
    expect(a.until).toBe(new Date(live.ts).toISOString());
    const { import: after } = await client.send(a.id, 0, events(6));
    expect(after).toMatchObject({ stored: 3, left_out: { after_until: 3 } });
    // Its own events are no reason to leave out those of the next import.
    const b = await client.begin('b');
    expect(b.until).toBe(a.until);
    const day = new Date(THEN).toISOString().slice(0, 10);
    const all = await client.begin('c', { until: null, since: day });
    expect((await client.send(all.id, 0, events(6))).import).toMatchObject({ stored: 3, duplicates: 3 });
    const range = await client.begin('d', { since: day, until: day });
    const { import: ranged } = await client.send(range.id, 0, [
      event(20, { ts: THEN - 1 }),
      event(21, { ts: THEN }),
      event(22, { ts: THEN + DAY - 1 }),
      event(23, { ts: THEN + DAY }),
    ]);
    expect(ranged).toMatchObject({ stored: 2, left_out: { before_since: 1, after_until: 1 } });
  });
});

/** The whole database without what belongs to a run of the cron, or to the time at which something was written. */
async function dump(): Promise<Record<string, unknown[]>> {
  const { results: tables } = await db
    .prepare(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name`,
    )
    .all<{ name: string }>();
  const left: Record<string, unknown[]> = {};
  for (const { name } of tables) {
    // Counters of the cron's runs; and keys of dates, which are deleted after two days by themselves.
    if (name === 'counters' || name === 'salts') continue;
    const { results } = await db.prepare(`SELECT * FROM ${name}`).all<Record<string, unknown>>();
    left[name] = results.map(({ rolls, rolled_at, generation, dictionary, columns, ...row }) =>
      // How often, and when, a day was rolled up. The header of its columns has its rolls, too.
      JSON.stringify(
        name === 'segments' && row['name'] === '' && typeof dictionary === 'string'
          ? {
              ...row,
              size: 0,
              dictionary: dictionary.replaceAll(/"days":\[\["([^"]+)",\d+/g, '"days":[["$1",0'),
            }
          : { ...row, dictionary, columns: Number(columns) > 0 },
      ),
    );
    left[name].sort();
  }
  return left;
}

describe('an undo', () => {
  const live = () =>
    Array.from({ length: 30 }, (_, index) => ({
      ...{ ts: THEN - 3 * DAY + index * 7_000_000, id: `live${index}`, name: 'pageview' },
      ...{ visitor: `v${index % 5}`, page: '/live', hostname: 'site.example' },
    }));

  it('leaves the database as it was, apart from how often days were rolled up', async () => {
    await store(pixel, live(), NOW);
    await runJobs(NOW);
    await runJobs(NOW + 3_600_000);
    const before = await dump();
    const { id } = await client.begin('a', { until: null });
    // Days of their own, in months with and without others, and days that have events already.
    const sent = [
      ...events(20),
      ...events(20, 100, { ts: THEN - 400 * DAY }),
      ...events(9, 200, { ts: THEN - 30 * DAY }),
    ];
    expect((await client.send(id, 0, sent, { end: true })).import).toMatchObject({ stored: 49 });
    await runJobs(NOW + 2 * 3_600_000);
    expect(await dump()).not.toEqual(before);
    await client.undo(id);
    await runJobs(NOW + 3 * 3_600_000);
    await runJobs(NOW + 4 * 3_600_000);
    expect(await dump()).toEqual(before);
    expect(await client.list()).toEqual([]);
  });

  it('takes bounded steps, goes on after an interruption, and the cron ends it', async () => {
    const { id } = await client.begin('a');
    const days = 400;
    const sent = Array.from({ length: days }, (_, index) => event(index, { ts: THEN - index * DAY }));
    await client.send(id, 0, sent);
    const first = await client.undoOnce(id);
    expect(first.done).toBe(false);
    expect(first.dates_left).toBeGreaterThan(200);
    expect(await reasonOf(client.send(id, days, events(1, days)))).toContain(
      'conflict: This import is being undone.',
    );
    expect(await reasonOf(client.begin('a'))).toContain('conflict: This import is being undone.');
    expect(await reasonOf(client.keep(id))).toContain('conflict: This import is being undone.');
    await runJobs(NOW);
    expect(await client.list()).toEqual([]);
    expect(await countRows()).toBe(0);
    expect(await reasonOf(client.undo(id))).toContain('not_found');
  });

  it('begins while a batch is on its way, which stores nothing any more', async () => {
    const { id } = await client.begin('a');
    await client.send(id, 0, events(5));
    let isUndone = false;
    const slow = new Proxy(db, {
      get(target, property) {
        const value = Reflect.get(target, property);
        if (property !== 'batch') return typeof value === 'function' ? value.bind(target) : value;
        return async (statements: D1PreparedStatement[]) => {
          if (!isUndone) {
            isUndone = true;
            await client.undo(id);
          }
          return target.batch(statements);
        };
      },
    });
    const late = new ImportClient(pixel.id, { ...testEnv, DB: slow });
    expect(await reasonOf(late.send(id, 5, events(5, 5)))).toContain('not_found');
    expect(isUndone).toBe(true);
    expect(await countRows()).toBe(0);
    expect(await rows('SELECT * FROM import_dates WHERE pixel = ?')).toEqual([]);
  });
});

describe('a large import', () => {
  /** A database that counts the statements that are prepared. */
  function counting() {
    let statements = 0;
    const counted = new Proxy(db, {
      get(target, property) {
        const value = Reflect.get(target, property);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (property === 'prepare') statements++;
          return Reflect.apply(value, target, args);
        };
      },
    });
    const used = (): number => {
      const before = statements;
      statements = 0;
      return before;
    };
    return { used, client: new ImportClient(pixel.id, { ...testEnv, DB: counted }) };
  }

  it('of 10,000 events over a year stays within the 50 statements of each request, and so does its undo', async () => {
    const { used, client: counted } = counting();
    const { id } = await counted.begin('large', { until: null });
    expect(used()).toBeLessThan(10);
    const sent = Array.from({ length: 10_000 }, (_, index) => event(index, { ts: THEN - index * 3_000_000 }));
    for (let from = 0; from < sent.length; from += 1000) {
      const { import: after } = await counted.send(id, from, sent.slice(from, from + 1000));
      expect(after).toMatchObject({ stored: from + 1000, duplicates: 0 });
      expect(used()).toBeLessThan(30);
    }
    // The whole file again: every event is recognized by its id.
    const again = await counted.begin('copy', { until: null });
    used();
    for (let from = 0; from < sent.length; from += 1000) {
      await counted.send(again.id, from, sent.slice(from, from + 1000));
      expect(used()).toBeLessThan(30);
    }
    expect((await client.list()).find((one) => one.id === again.id)).toMatchObject({
      stored: 0,
      duplicates: 10_000,
    });
    for (let done = false; !done; ) {
      done = (await counted.undoOnce(id)).done;
      // The router takes a few for the token and the pixel.
      expect(used()).toBeLessThan(40);
    }
    expect(await countRows()).toBe(0);
    expect(await rows('SELECT * FROM import_dates WHERE pixel = ?')).toEqual([]);
  });

  it('with events that are rejected by D1 stores all others', async () => {
    const { id } = await client.begin('odd');
    const sent = events(20).map((one, index) => (index === 7 ? { ...one, ev: 'unstorable' } : one));
    const trigger = `CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.name = 'unstorable' BEGIN SELECT raise(ABORT, 'no'); END`;
    await db.prepare(trigger).run();
    try {
      const { import: after, rejected } = await client.send(id, 0, sent);
      expect(after).toMatchObject({ stored: 19, rejected: { unstorable: 1 } });
      expect(rejected).toMatchObject([{ at: 7, reason: 'unstorable' }]);
    } finally {
      await db.prepare('DROP TRIGGER refuse').run();
    }
    expect(await rows('SELECT * FROM rejections WHERE pixel = ?')).toEqual([]);
  });
});

describe('a visitor of an import', () => {
  it('who was erased is not stored again', async () => {
    const { id } = await client.begin('a');
    await client.send(id, 0, events(8));
    const visitor = (await storedRows())[0]?.['visitor'];
    await db.prepare('INSERT INTO erasures VALUES (?, ?, ?)').bind(pixel.id, visitor, NOW).run();
    await db.prepare('DELETE FROM events WHERE pixel = ? AND visitor = ?').bind(pixel.id, visitor).run();
    const again = await client.begin('b');
    const { import: after } = await client.send(again.id, 0, events(8));
    expect(after).toMatchObject({ stored: 0, duplicates: 6, rejected: { erased: 2 } });
    await client.undo(id);
    expect(await countRows()).toBe(0);
  });
});

describe('totals', () => {
  const row = (day: string, more: object = {}) => ({
    ...{
      day,
      dimension: '',
      value: '',
      visitors: 2,
      visits: 3,
      pageviews: 5,
      events: 6,
      bounces: 1,
      duration: 9,
    },
    ...more,
  });
  const send = (id: string, from: number, totals: readonly object[], more: object = {}) => {
    const items = totals.map((one, index) => ({ at: from + index, totals: one }));
    return client.post(id, { from, to: from + items.length, items, ...more });
  };
  const days = async () =>
    (await rows('SELECT day FROM imported_rollups WHERE pixel = ? ORDER BY day')).map(({ day }) => day);

  it('count once, are left out where another import has them or Speck has counted, and are undone', async () => {
    const at = Date.parse('2025-06-03T10:00:00Z');
    await store(pixel, [{ ts: at, id: 'live', name: 'pageview', visitor: 'v', page: '/' }], NOW);
    const [a, b] = [await client.begin('a'), await client.begin('b')];
    const sent = [
      row('2025-06-01'),
      row('2025-06-02'),
      row('2025-06-03'),
      row('2025-02-30'),
      row('2025-06-02', { dimension: 'x' }),
    ];
    const { import: after, rejected } = await send(a.id, 0, sent, { end: true });
    expect(after).toMatchObject({
      totals: 2,
      left_out: { after_until: 1 },
      rejected: { invalid_event: 2 },
      state: 'complete',
    });
    expect(rejected.map(({ at }) => at)).toEqual([3, 4]);
    expect((await send(a.id, 0, sent, { end: true })).import).toEqual(after);
    const overlapping = await send(b.id, 0, [row('2025-05-31'), row('2025-06-01')]);
    expect(overlapping.import).toMatchObject({ totals: 1, left_out: { totals_overlap: 1 } });
    expect(await days()).toEqual(['2025-05-31', '2025-06-01', '2025-06-02']);
    await client.undo(a.id);
    expect(await days()).toEqual(['2025-05-31']);
    await client.undo(b.id);
    expect(await days()).toEqual([]);
  });

  it('end an import even if the answer to the last rows was lost before its end was stored', async () => {
    const { id } = await client.begin('a');
    const { import: after } = await send(id, 0, [row('2025-06-01')], { end: true });
    await db.prepare(`UPDATE imports SET state = 'open' WHERE pixel = ?`).bind(pixel.id).run();
    expect((await send(id, 0, [row('2025-06-01')], { end: true })).import).toEqual(after);
    expect(await client.list()).toEqual([after]);
  });
});

describe('the purge', () => {
  const OLD = THEN - 200 * DAY;
  const imported = async (): Promise<ImportJson> => {
    const { id } = await client.begin('a');
    return (
      await client.send(
        id,
        0,
        events(5, 0, { ts: OLD }).map((one, i) => ({ ...one, ts: OLD + i })),
      )
    ).import;
  };

  it('waits as long as an import can be undone, and then closes its days', async () => {
    const { id } = await imported();
    await runJobs(NOW);
    await runJobs(NOW + 5 * DAY);
    await runJobs(NOW + 29 * DAY);
    expect(await countRows()).toBe(5);
    expect((await client.list())[0]).toMatchObject({ state: 'open', undo_until: expect.any(String) });
    await runJobs(NOW + 31 * DAY);
    await runJobs(NOW + 31 * DAY + 300_000);
    expect(await countRows()).toBe(0);
    expect(await client.list()).toMatchObject([{ id, state: 'kept', undo_until: null, stored: 5 }]);
    expect(await reasonOf(client.undo(id))).toContain('conflict: This import cannot be undone any more');
  });

  it('does not wait for an import that is kept, and its rollup stays', async () => {
    const { id } = await imported();
    await runJobs(NOW);
    expect(await client.keep(id)).toMatchObject({ state: 'kept', undo_until: null });
    await runJobs(NOW + 3 * DAY);
    expect(await countRows()).toBe(0);
    const totals = await rows(`SELECT pageviews FROM rollups WHERE pixel = ? AND dimension = 'total'`);
    expect(totals).toEqual([{ pageviews: 5 }]);
    // The same file again is another import, whose events find their days closed.
    const again = await client.begin('a');
    expect(again.id).not.toBe(id);
    expect((await client.send(again.id, 0, events(2, 0, { ts: OLD }))).import.rejected).toEqual({
      day_closed: 2,
    });
  });

  it('of abandoned imports: an empty one is deleted after a day', async () => {
    await client.begin('a');
    await runJobs(NOW + DAY / 2);
    expect(await client.list()).toHaveLength(1);
    await runJobs(Date.now() + 25 * 3_600_000);
    expect(await client.list()).toEqual([]);
  });
});

it('moves with the pixel to another time zone, and can be undone there', async () => {
  const { id } = await client.begin('a');
  await client.send(
    id,
    0,
    Array.from({ length: 48 }, (_, hour) => event(hour, { ts: THEN + hour * 3_600_000 })),
  );
  await changeTimeZone(db, { ...pixel, timezone: 'Pacific/Kiritimati' });
  forgetPixel(pixel.id);
  await runJobs(NOW);
  expect((await rows('SELECT sum(events) AS n FROM days WHERE pixel = ?'))[0]).toEqual({ n: 48 });
  await client.undo(id);
  await runJobs(NOW + 3_600_000);
  expect(await rows('SELECT * FROM days WHERE pixel = ?')).toEqual([]);
  expect(await rows('SELECT * FROM rollups WHERE pixel = ?')).toEqual([]);
});
