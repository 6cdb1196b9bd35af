import { beforeAll, describe, expect, it } from 'vitest';
import { EID_WINDOW } from '../../src/model/event.ts';
import { writeBatch } from '../../src/store/events.ts';
import { applySchema, counting, db, makePixel, place, runJobs, store } from '../fixtures.ts';
import type { OracleEvent } from '../oracle.ts';

const AT = Date.parse('2026-02-03T10:00:00Z');
const event = (id: string, more: Partial<OracleEvent> = {}): OracleEvent =>
  ({ ts: AT, id, name: 'pageview', visitor: 'v', ...more }) as OracleEvent;

beforeAll(applySchema);

async function count(table: string, pixel: string): Promise<number> {
  return (
    (await db.prepare(`SELECT count(*) AS n FROM ${table} WHERE pixel = ?`).bind(pixel).first<number>('n')) ??
    0
  );
}

describe('writing a batch', () => {
  it('is idempotent', async () => {
    const pixel = await makePixel('UTC');
    const batch = [event('a'), event('b'), event('c', { eid: 'order-1', name: 'Purchase' })];
    expect(await store(pixel, batch)).toEqual(['stored', 'stored', 'stored']);
    expect(await store(pixel, batch)).toEqual(['duplicate', 'duplicate', 'duplicate']);
    expect(await count('events', pixel.id)).toBe(3);
  });

  it('looks for another report of an event by its client id, and reads no other events', async () => {
    const pixel = await makePixel('UTC');
    const many = Array.from({ length: 500 }, (_, n) => event(`m${n}`, { ts: AT + n, name: 'Sale' }));
    await store(pixel, many);
    const { db: counted, cost } = counting();
    const events = ['x', 'y'].map((id) => place(pixel, event(id, { name: 'Sale', eid: id })));
    await writeBatch(counted, { id: 'x', events, rejections: [] }, AT, false);
    expect(cost.read).toBeLessThan(50);
  });

  it('stores one report of an event per client id, pixel and name within 48 hours', async () => {
    const pixel = await makePixel('UTC');
    const other = await makePixel('UTC');
    const purchase = (id: string, ts: number, name = 'Purchase') => event(id, { ts, name, eid: 'order-1' });
    expect(await store(pixel, [purchase('browser', AT), purchase('server', AT + 5000)])).toEqual([
      'stored',
      'duplicate',
    ]);
    expect(await store(pixel, [purchase('late', AT + EID_WINDOW)])).toEqual(['duplicate']);
    expect(await store(pixel, [purchase('before', AT - 1000)])).toEqual(['duplicate']);
    expect(await store(pixel, [purchase('next', AT + EID_WINDOW + 1)])).toEqual(['stored']);
    expect(await store(pixel, [purchase('lead', AT, 'Lead')])).toEqual(['stored']);
    const sale = (id: string, ts: number) => event(id, { ts, name: 'Sale', eid: 'order-1' });
    const inOneBatch = [
      sale('a', AT),
      sale('b', AT + EID_WINDOW),
      sale('c', AT + EID_WINDOW + 1),
      sale('d', AT + EID_WINDOW + 2),
      sale('e', AT - EID_WINDOW - 1),
    ];
    const reports = ['stored', 'duplicate', 'stored', 'duplicate', 'stored'];
    expect(await store(pixel, inOneBatch)).toEqual(reports);
    expect(await store(other, [purchase('browser', AT)])).toEqual(['stored']);
  });

  it('reports the outcome of each event separately', async () => {
    const pixel = await makePixel('UTC');
    await store(pixel, [event('b')]);
    expect(await store(pixel, [event('a'), event('b'), event('c')])).toEqual([
      'stored',
      'duplicate',
      'stored',
    ]);
  });

  it('stores an event once that the batch contains twice', async () => {
    const pixel = await makePixel('UTC');
    expect(await store(pixel, [event('a'), event('b'), event('a')])).toEqual([
      'stored',
      'stored',
      'duplicate',
    ]);
    expect(await count('events', pixel.id)).toBe(2);
  });

  it('reports duplicates within the batch even without reporting outcomes', async () => {
    const pixel = await makePixel('UTC');
    const write = (...events: OracleEvent[]) =>
      writeBatch(db, { id: 'x', events: events.map((one) => place(pixel, one)), rejections: [] }, AT, false);
    expect(await write(event('a'), event('b', { eid: 'one', name: 'Sale' }))).toEqual(['stored', 'stored']);
    expect(await write(event('b', { eid: 'one', name: 'Sale' }), event('c'))).toEqual([
      'duplicate',
      'duplicate',
    ]);
    expect(await count('events', pixel.id)).toBe(3);
  });

  it('marks the day of each batch dirty, but not again an open one that it has just marked', async () => {
    const pixel = await makePixel('UTC');
    let id = 0;
    const dirtyAfter = async (now: number): Promise<number | null> => {
      await db.prepare('UPDATE days SET dirty = 0 WHERE pixel = ?').bind(pixel.id).run();
      await store(pixel, [event(`e${id++}`)], now);
      return db.prepare('SELECT dirty FROM days WHERE pixel = ?').bind(pixel.id).first<number>('dirty');
    };
    const midnight = Date.parse('2026-02-04T00:00:00Z');
    expect(await dirtyAfter(AT)).toBe(1);
    expect(await dirtyAfter(AT + 9999)).toBe(0);
    expect(await dirtyAfter(AT + 10_000)).toBe(1);
    for (const before of [130_000, 120_000, 119_999, 0, -1000, -2000]) {
      expect(await dirtyAfter(midnight - before)).toBe(1);
    }
  });

  it('costs one written row per event, one more with a client id, one more with a person, and one per day', async () => {
    const pixel = await makePixel('UTC');
    const writtenBy = async (...events: OracleEvent[]): Promise<number> => {
      const { db: counted, cost } = counting();
      const placed = events.map((one) => place(pixel, one));
      await writeBatch(counted, { id: 'x', events: placed, rejections: [] }, AT, false);
      return cost.written;
    };
    // Marking a day costs its row and those of two indexes, once.
    expect(await writtenBy(event('a'))).toBe(1 + 3);
    await store(pixel, [event('old', { ts: AT - 86_400_000 })]);
    const old = (id: string, more = {}) => event(id, { ts: AT - 86_400_000, ...more });
    expect(await writtenBy(old('b'), old('c'))).toBe(2);
    expect(await writtenBy(old('d', { eid: 'one' }), old('e', { person: 'uann' }))).toBe(4);
    expect(await writtenBy(old('b'), old('c'))).toBe(0);
  });

  it('marks a day again if its bounds have moved with the time zone', async () => {
    const pixel = await makePixel('UTC');
    const { event: one, day } = place(pixel, event('a'));
    const bounds = () =>
      db
        .prepare('SELECT starts_at AS start, ends_at AS end, dirty FROM days WHERE pixel = ?')
        .bind(pixel.id)
        .first();
    let now = AT;
    for (const moved of [day, { ...day, end: day.end + 1 }, { ...day, start: day.start - 1 }]) {
      now += 60_000;
      await writeBatch(db, { id: 'x', events: [{ event: one, day: moved }], rejections: [] }, now, false);
      expect(await bounds()).toEqual({ start: moved.start, end: moved.end, dirty: 1 });
    }
  });

  describe('a batch larger than a parameter of D1', () => {
    const long = '\u20ac'.repeat(1000);
    const many = (name: string) =>
      Array.from({ length: 1000 }, (_, index) => event(`${name}${index}`, { page: long, referrer: long }));

    it('is split into parameters of at most 2 MB in one transaction', async () => {
      const pixel = await makePixel('UTC');
      const sizes: number[] = [];
      const measuring = new Proxy(db, {
        get(target, property) {
          if (property === 'batch') return target.batch.bind(target);
          return (sql: string) => {
            const statement = target.prepare(sql);
            const bind = statement.bind.bind(statement);
            statement.bind = (...values: unknown[]) => {
              sizes.push(...values.map((value) => new TextEncoder().encode(String(value)).length));
              return bind(...values);
            };
            return statement;
          };
        },
      });
      const events = many('e').map((one) => place(pixel, one));
      const outcomes = await writeBatch(measuring, { id: 'x', events, rejections: [] }, AT, true);
      expect(new Set(outcomes)).toEqual(new Set(['stored']));
      expect(await count('events', pixel.id)).toBe(1000);
      expect(Math.max(...sizes)).toBeGreaterThan(1_500_000);
      expect(Math.max(...sizes)).toBeLessThan(2_000_000);
    });

    it.each([true, false])('reports the outcome of each event (reported: %s)', async (tell) => {
      const pixel = await makePixel('UTC', { retention_days: 30 });
      const now = AT + 40 * 86_400_000;
      await store(pixel, [event('of-closed-day')], AT);
      await runJobs(AT + 2 * 86_400_000);
      await runJobs(now);
      const open = AT + 20 * 86_400_000;
      const last = event('last', { ts: open });
      await store(pixel, [last], now);
      const events = [...many('e').map((one) => ({ ...one, ts: open })), event('late'), last];
      const batch = { id: 'x', events: events.map((one) => place(pixel, one)), rejections: [] };
      const outcomes = await writeBatch(db, batch, now, tell);
      expect(outcomes.slice(0, 200)).toEqual(Array.from({ length: 200 }, () => 'stored'));
      expect(outcomes.slice(-2)).toEqual(['day_closed', 'duplicate']);
      expect(outcomes.filter((outcome) => outcome === 'day_closed')).toHaveLength(1);
      if (tell) expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1000);
    });
  });

  it('writes all of it or nothing', async () => {
    const pixel = await makePixel('UTC');
    const good = place(pixel, event('good'));
    const broken = { ...good, event: { ...good.event, id: 'bad', ts: 'no number' as unknown as number } };
    await expect(
      writeBatch(db, { id: 'x', events: [good, broken], rejections: [] }, AT, true),
    ).rejects.toThrow('INTEGER');
    expect(await count('events', pixel.id)).toBe(0);
    expect(await count('days', pixel.id)).toBe(0);
  });

  it('stores hostile text as text', async () => {
    const pixel = await makePixel('UTC');
    const texts = [`'; DROP TABLE events; --`, '<script>alert(1)</script>', '$[0]', '\\u0000"', '😀\u202e'];
    await store(
      pixel,
      texts.map((page, index) => event(`e${index}`, { page })),
    );
    const { results } = await db
      .prepare('SELECT page FROM events WHERE pixel = ? ORDER BY id')
      .bind(pixel.id)
      .all();
    expect(results.map(({ page }) => page)).toEqual(texts);
  });

  it('counts rejections once a batch, with the latest samples', async () => {
    const pixel = await makePixel('UTC');
    const rejection = (name: string, family = '') =>
      ({ pixel: pixel.id, day: '2026-02-03', reason: 'bot', family, at: AT, sample: { name } }) as const;
    const write = (id: string, ...rejections: ReturnType<typeof rejection>[]) =>
      writeBatch(db, { id, events: [], rejections }, AT, true);
    await write('one', rejection('a'), rejection('b'), rejection('g', 'Googlebot'));
    await write('one', rejection('a'), rejection('b'), rejection('g', 'Googlebot'));
    await write('two', rejection('c'));
    await write('one', rejection('a'), rejection('b'));
    const sql = 'SELECT family, count, samples FROM rejections WHERE pixel = ? ORDER BY family';
    const { results } = await db.prepare(sql).bind(pixel.id).all();
    expect(results).toEqual([
      { family: '', count: 3, samples: '[{"name":"c"},{"name":"b"},{"name":"a"}]' },
      { family: 'Googlebot', count: 1, samples: '[{"name":"g"}]' },
    ]);
  });

  it.each(['', '/closed'])(
    'counts a batch once that is repeated in parts, and each part once: %s',
    async (kind) => {
      const pixel = await makePixel('UTC', { retention_days: 1 });
      const day = '2020-02-03';
      const closed = [pixel.id, day, 0, 86_400_000, 0, 1];
      if (kind !== '')
        await db
          .prepare('INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw) VALUES (?, ?, ?, ?, ?, ?)')
          .bind(...closed)
          .run();
      let made = 0;
      const write = (id: string) => {
        const event = {
          ts: Date.parse(`${day}T12:00:00Z`),
          id: `e${made++}`,
          name: 'pageview',
          visitor: 'v',
        };
        const one = { pixel: pixel.id, day, reason: 'bot', family: '', at: AT, sample: null } as const;
        const batch = { id, events: [place(pixel, event)], rejections: [] };
        return writeBatch(db, kind === '' ? { id, events: [], rejections: [one] } : batch, AT, true);
      };
      const count = () =>
        db.prepare('SELECT count FROM rejections WHERE pixel = ?').bind(pixel.id).first<number>('count');
      // D1 committed the whole, and did not answer.
      await write('whole');
      for (const part of ['whole.0', 'whole.1', 'whole.10']) await write(part);
      expect(await count()).toBe(1);
      // Of another it committed nothing. The tenth part comes before the first, and one comes twice.
      for (const part of ['parts.10', 'parts.1', 'parts.0', 'parts.1']) await write(part);
      expect(await count()).toBe(4);
      // A longer id is another one.
      await write('parts2');
      await write('part');
      expect(await count()).toBe(6);
    },
  );

  it('stores the time of the latest rejection, at most five samples, and none of visitors who may not be traced', async () => {
    const pixel = await makePixel('UTC');
    const common = { pixel: pixel.id, day: '2026-02-03', family: '' };
    const write = (id: string, at: number, names: readonly (string | null)[]) =>
      writeBatch(
        db,
        {
          id,
          events: [],
          rejections: names.map((name) =>
            name === null
              ? { ...common, reason: 'opted_out', at, sample: null }
              : { ...common, reason: 'unknown_pixel', at, sample: { name } },
          ),
        },
        AT,
        true,
      );
    await write('one', AT, ['a', 'b', 'c', 'd', 'e', 'f', 'g', null]);
    await write('two', AT - 1000, ['h', null]);
    const sql = 'SELECT reason, count, samples, last_at FROM rejections WHERE pixel = ? ORDER BY reason';
    const { results } = await db.prepare(sql).bind(pixel.id).all();
    const samples = JSON.stringify(['h', 'g', 'f', 'e', 'd'].map((name) => ({ name })));
    expect(results).toEqual([
      { reason: 'opted_out', count: 2, samples: '[]', last_at: AT },
      { reason: 'unknown_pixel', count: 8, samples, last_at: AT },
    ]);
    await write('three', AT + 1000, ['i']);
    const last = 'SELECT last_at FROM rejections WHERE pixel = ? AND reason = ?';
    expect(await db.prepare(last).bind(pixel.id, 'unknown_pixel').first('last_at')).toBe(AT + 1000);
  });

  it('limits the number of distinct bots', async () => {
    const pixel = await makePixel('UTC');
    const see = (family: string, id: string) => {
      const common = { pixel: pixel.id, day: '2026-02-03', reason: 'bot', at: AT, sample: {} } as const;
      return writeBatch(db, { id, events: [], rejections: [{ ...common, family }] }, AT, true);
    };
    for (let bot = 0; bot < 60; bot++) await see(`bot${bot}`, `b${bot}`);
    expect(await count('rejections', pixel.id)).toBe(51);
    const seen = (family: string) =>
      db
        .prepare('SELECT count FROM rejections WHERE pixel = ? AND family = ?')
        .bind(pixel.id, family)
        .first('count');
    expect(await seen('(other)')).toBe(10);
    // One that is known stays known, and so do those that have no name.
    await see('bot7', 'again');
    await see('', 'nameless');
    expect([await seen('bot7'), await seen(''), await seen('(other)')]).toEqual([2, 1, 10]);
  });

  it('does nothing if no events are past it', async () => {
    expect(await writeBatch(db, { id: 'x', events: [], rejections: [] }, AT, true)).toEqual([]);
  });
});

describe('retention', () => {
  const DAY = 86_400_000;

  it('deletes raw events past it, retains rollups, and closes the day', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    await store(pixel, [event('a'), event('b')], AT);
    await runJobs(AT + 29 * DAY);
    expect(await count('events', pixel.id)).toBe(2);
    await runJobs(AT + 40 * DAY);
    expect(await count('events', pixel.id)).toBe(0);
    expect(await count('rollups', pixel.id)).toBeGreaterThan(0);
    expect(await store(pixel, [event('late')], AT + 41 * DAY)).toEqual(['day_closed']);
    expect(await count('events', pixel.id)).toBe(0);
    const closed = `SELECT count FROM rejections WHERE pixel = ? AND reason = 'day_closed'`;
    expect(await db.prepare(closed).bind(pixel.id).first('count')).toBe(1);
    const both = [event('late'), event('fresh', { ts: AT + 41 * DAY })];
    expect(await store(pixel, both, AT + 41 * DAY)).toEqual(['day_closed', 'stored']);
    expect(await db.prepare(closed).bind(pixel.id).first('count')).toBe(2);
    await db.prepare('DELETE FROM events WHERE pixel = ?').bind(pixel.id).run();
    const total = `SELECT pageviews FROM rollups WHERE pixel = ? AND dimension = 'total'`;
    await runJobs(AT + 42 * DAY);
    expect(await db.prepare(total).bind(pixel.id).first('pageviews')).toBe(2);
  });

  it('counts an event of a closed day once, even if its batch was assigned in another time zone and is repeated in parts', async () => {
    const pixel = await makePixel('UTC');
    const events = [place(pixel, event('late'))];
    await db.prepare(`UPDATE pixels SET timezone = 'Asia/Tokyo' WHERE id = ?`).bind(pixel.id).run();
    await db
      .prepare(
        `INSERT INTO days (pixel, day, starts_at, ends_at, dirty, raw) VALUES (?, '2026-02-03', ?, ?, 0, 2)`,
      )
      .bind(pixel.id, AT - DAY, AT + DAY)
      .run();
    for (const id of ['batch', 'batch', 'batch.0', 'batch.0', 'batch.1']) {
      const batch = { id, events, rejections: [] };
      expect(await writeBatch(db, batch, AT + 41 * DAY, true)).toEqual(['day_closed']);
    }
    const closed = `SELECT sum(count) AS n FROM rejections WHERE pixel = ? AND reason = 'day_closed'`;
    expect(await db.prepare(closed).bind(pixel.id).first('n')).toBe(1);
  });

  it('keeps a day open for 48 hours while an import fills it', async () => {
    const pixel = await makePixel('UTC', { retention_days: 30 });
    const now = AT + 400 * DAY;
    await store(pixel, [event('a')], now);
    await runJobs(now);
    expect(await store(pixel, [event('b')], now)).toEqual(['stored']);
    await runJobs(now + DAY);
    expect(await count('events', pixel.id)).toBe(2);
    await runJobs(now + 4 * DAY);
    expect(await count('events', pixel.id)).toBe(0);
  });

  it('deletes a large day in chunks', async () => {
    const pixel = await makePixel('UTC', { retention_days: 1 });
    for (let part = 0; part < 12; part++) {
      await store(
        pixel,
        Array.from({ length: 1000 }, (_, index) => event(`e${part}-${index}`)),
        AT,
      );
    }
    await runJobs(AT + 2 * DAY);
    await runJobs(AT + 5 * DAY);
    expect(await count('events', pixel.id)).toBe(0);
    expect(await db.prepare('SELECT raw FROM days WHERE pixel = ?').bind(pixel.id).first('raw')).toBe(2);
  });
});
