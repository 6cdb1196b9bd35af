/**
 * Counterscale's data points, as the SQL API of Workers Analytics Engine answers them. The columns are those of Counterscale 3.4
 * (packages/server/app/analytics/collect.ts).
 */
import { describe, expect, it } from 'vitest';
import { dice, eventsIn, importerOf, itemsOf, remarksIn, totalsOf } from './reading.ts';

type Fields = Readonly<Record<string, unknown>>;
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0';

const point = (fields: Fields = {}): Fields => ({
  dataset: 'metricsDataset',
  timestamp: '2024-05-01 10:00:00',
  _sample_interval: 1,
  index1: 'shop',
  blob1: 'https://example.com',
  blob2: AGENT,
  blob3: '/a',
  blob4: 'DE',
  blob5: 'https://www.google.com',
  blob6: 'Firefox',
  blob7: '',
  blob8: 'shop',
  blob9: '80.x.x',
  blob10: 'desktop',
  blob11: '',
  blob12: '',
  blob13: '',
  blob14: '',
  blob15: '',
  double1: 1,
  double2: 0,
  double3: 1,
  ...fields,
});

const lines = (points: readonly Fields[]) => points.map((one) => `${JSON.stringify(one)}\n`).join('');
const answer = (points: readonly Fields[]) =>
  JSON.stringify({
    meta: Object.keys(point()).map((name) => ({ name, type: 'String' })),
    data: points,
    rows: points.length,
  });
const events = async (...points: Fields[]) => eventsIn(await itemsOf('counterscale', lines(points)));

describe('counterscale', () => {
  it('reads a view', async () => {
    const [event] = await events(point({ blob11: 'news', blob12: 'email' }));
    expect(event).toMatchObject({
      ts: Date.UTC(2024, 4, 1, 10),
      dl: 'https://example.com/a',
      rl: 'https://www.google.com',
      ua: AGENT,
      browser: 'Firefox',
      browser_version: '80',
      device: 'Desktop',
      country: 'DE',
      utm: { source: 'news', medium: 'email' },
    });
  });

  it('reads the same from a list', async () => {
    const points = [point(), point({ blob3: '/b', double1: 0 })];
    expect(eventsIn(await itemsOf('counterscale', answer(points)))).toEqual(await events(...points));
  });

  it('gives later views to the visitor of the first view on that day', async () => {
    const visitors = async (...points: Fields[]) => (await events(...points)).map(({ visitor }) => visitor);
    const [first, later, other, unknown, tomorrow] = await visitors(
      point(),
      point({ double1: 0 }),
      point({ timestamp: '2024-05-01 10:05:00' }),
      point({ double1: 0, blob4: 'FR' }),
      point({ double1: 0, timestamp: '2024-05-02 00:00:00' }),
    );
    expect(first).toBeDefined();
    expect(later).toBe(first);
    expect(other).not.toBe(first);
    expect([unknown, tomorrow]).toEqual([undefined, undefined]);
  });

  it('counts a point as the views that it stands for', async () => {
    const sampled = await events(point({ _sample_interval: 3 }));
    expect(sampled).toHaveLength(3);
    expect(new Set(sampled.map(({ eid }) => eid)).size).toBe(3);
    expect(new Set(sampled.map(({ visitor }) => visitor)).size).toBe(3);
    expect(await events(point({ _sample_interval: '2' }))).toHaveLength(2);
  });

  it('names what it cannot read', async () => {
    const items = await itemsOf(
      'counterscale',
      lines([
        point({ timestamp: '' }),
        { a: 1 },
        point({ _sample_interval: 0 }),
        point({ _sample_interval: 1e9 }),
      ]),
    );
    expect(remarksIn(items)).toEqual([
      '1 has no time',
      '2 has no column blob3',
      '3 has no possible _sample_interval',
      '4 has no possible _sample_interval',
    ]);
    expect(remarksIn(await itemsOf('counterscale', '{"meta":[],"rows":0}'))).toEqual([
      "1 begins no list 'data'",
    ]);
  });

  it("counts what Counterscale's own sums count, also from answers that overlap", async () => {
    const roll = dice(6);
    const points = Array.from({ length: 3000 }, (_, place) => {
      const time = new Date(Date.UTC(2024, 0, 1) + place * 120_000).toISOString();
      return point({
        timestamp: time.slice(0, 19).replace('T', ' '),
        blob2: `Agent/${roll(20)}`,
        blob3: `/p${roll(5)}`,
        double1: roll(4) === 0 ? 1 : 0,
        _sample_interval: 1 + roll(3),
      });
    });
    const first = await events(...points.slice(0, 2000));
    const second = await events(...points.slice(1700));
    const totals = totalsOf([...first, ...second]);
    // SUM(_sample_interval) of all points is its views, and of those with double1 = 1 its visitors.
    const sums = (key: (one: Fields) => string, chosen = points) => {
      const result: Record<string, number> = {};
      for (const one of chosen) result[key(one)] = (result[key(one)] ?? 0) + Number(one['_sample_interval']);
      return result;
    };
    const day = (one: Fields) => String(one['timestamp']).slice(0, 10);
    expect(totals.events).toEqual(sums(day));
    expect(totals.pages).toEqual(sums((one) => String(one['blob3'])));
    expect(totals.visitors).toEqual(
      sums(
        day,
        points.filter((one) => one['double1'] === 1),
      ),
    );
  });

  it('recognizes its answers', async () => {
    const { recognize } = await importerOf('counterscale');
    const encode = (text: string) => new TextEncoder().encode(text);
    expect(recognize('x', encode(lines([point()])))).toBe(2);
    expect(recognize('x', encode(answer([point()])))).toBe(2);
    expect(recognize('x', encode('{"timestamp":"x","blob1":"y"}'))).toBe(0);
  });
});
