/** Archives of Segment and RudderStack: one call a line, as Segment's S3 destination and RudderStack's object storages write them. */
import { describe, expect, it } from 'vitest';
import { dice, eventsIn, importerOf, itemsOf, remarksIn, totalsOf } from './reading.ts';

type Fields = Readonly<Record<string, unknown>>;

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0';
const call = (fields: Fields): Fields => ({
  anonymousId: 'a1',
  channel: 'client',
  context: {
    ip: '203.0.113.7',
    library: { name: 'analytics.js', version: 'next-1.70.0' },
    locale: 'de-DE',
    page: {
      path: '/a',
      referrer: 'https://www.google.com/',
      search: '',
      title: 'A',
      url: 'https://example.com/a',
    },
    userAgent: AGENT,
  },
  integrations: {},
  messageId: 'ajs-next-1',
  originalTimestamp: '2024-05-01T09:59:59.990Z',
  receivedAt: '2024-05-01T10:00:01.000Z',
  sentAt: '2024-05-01T10:00:00.900Z',
  timestamp: '2024-05-01T10:00:00.100Z',
  type: 'page',
  userId: null,
  writeKey: 'k',
  ...fields,
});

const VIEW = {
  ts: Date.UTC(2024, 4, 1, 10) + 100,
  dl: 'https://example.com/a',
  rl: 'https://www.google.com/',
  eid: 'ajs-next-1',
  visitor: 'a1',
  ua: AGENT,
  language: 'de-DE',
};

const read = (...calls: Fields[]) =>
  itemsOf('segment', calls.map((one) => `${JSON.stringify(one)}\n`).join(''));

describe('segment', () => {
  it.each<[string, Fields, object]>([
    ['a page', {}, VIEW],
    [
      'a page with a name',
      { name: 'Home', properties: { path: '/a', title: 'A', url: 'https://example.com/b', plan: 'pro' } },
      { ...VIEW, dl: 'https://example.com/b', cd: { name: 'Home', plan: 'pro' } },
    ],
    [
      'a screen',
      { type: 'screen', name: 'My list', context: {} },
      { ts: VIEW.ts, ev: 'screen', dl: '', eid: VIEW.eid, visitor: 'a1', cd: { name: 'My list' } },
    ],
    [
      'a track',
      { type: 'track', event: 'Signed Up', properties: { plan: 'pro', value: 3, nested: { a: [1] } } },
      { ...VIEW, ev: 'Signed Up', cd: { plan: 'pro', event_value: 3, nested: '{"a":[1]}' } },
    ],
    [
      'an order',
      {
        type: 'track',
        event: 'Order Completed',
        properties: { order_id: 'o1', revenue: 19.9, total: 25, currency: 'EUR' },
      },
      {
        ...VIEW,
        ev: 'Order Completed',
        eid: 'o1',
        cd: { order_id: 'o1', total: 25, value: 19.9, currency: 'EUR' },
      },
    ],
    [
      'an order with a total only',
      { type: 'track', event: 'Order Completed', properties: { total: '$25.50', currency: 'USD' } },
      { ...VIEW, ev: 'Order Completed', cd: { value: 25.5, currency: 'USD' } },
    ],
    ['a visitor with only a user id', { anonymousId: null, userId: 'u1' }, { ...VIEW, visitor: 'u1' }],
    [
      'a visitor with only an address',
      { anonymousId: undefined },
      Object.fromEntries(
        Object.entries({ ...VIEW, ip: '203.0.113.7' }).filter(([name]) => name !== 'visitor'),
      ),
    ],
    [
      'a campaign and a system',
      {
        context: {
          page: { url: 'https://example.com/a' },
          campaign: { name: 'spring', source: 'news', medium: 'email' },
          os: { name: 'iOS', version: '17.1' },
          device: { type: 'ios' },
        },
      },
      {
        ts: VIEW.ts,
        dl: VIEW.dl,
        eid: VIEW.eid,
        visitor: 'a1',
        os: 'iOS',
        os_version: '17.1',
        device: 'Mobile',
        utm: { source: 'news', medium: 'email', campaign: 'spring' },
      },
    ],
    [
      'the time of arrival',
      { timestamp: undefined, originalTimestamp: undefined, sentAt: null },
      { ...VIEW, ts: Date.UTC(2024, 4, 1, 10, 0, 1) },
    ],
  ])('reads %s', async (_, fields, expected) => {
    expect(eventsIn(await read(call(fields)))).toEqual([expected]);
  });

  it('names what it leaves out and cannot read', async () => {
    const items = await read(
      call({ type: 'identify' }),
      call({ type: 'group' }),
      call({ type: 'alias' }),
      call({ type: 'track' }),
      call({ type: 'delete' }),
      call({ timestamp: '', originalTimestamp: '', sentAt: '', receivedAt: '' }),
    );
    expect(remarksIn(items)).toEqual([
      '1 left out: calls of identify',
      '2 left out: calls of group',
      '3 left out: calls of alias',
      '4 has no name of the event',
      "5 has no type 'track', 'page' or 'screen'",
      '6 has no time',
    ]);
    expect(remarksIn(await itemsOf('segment', '[1]\n{"a"\n'))).toEqual(['1 is not a call', '2 is not JSON']);
  });

  it('gives an id to calls without one, from what they say', async () => {
    const ids = async (...calls: Fields[]) => eventsIn(await read(...calls)).map(({ eid }) => eid);
    const plain = call({ messageId: undefined });
    const [a, b] = await ids(plain, plain);
    expect(await ids(plain)).toEqual([a]);
    expect(b).not.toBe(a);
  });

  it('counts what an independent count of the same calls counts, also from archives that overlap', async () => {
    const roll = dice(4);
    const lines = Array.from({ length: 3000 }, (_, place) => {
      const timestamp = new Date(Date.UTC(2024, 0, 1) + roll(4 * 86_400_000)).toISOString();
      const shared = { messageId: `m${place}`, anonymousId: `a${roll(50)}`, timestamp };
      const kind = roll(3);
      if (kind === 0) return JSON.stringify(call({ ...shared, type: 'identify', traits: {} }));
      if (kind === 1)
        return JSON.stringify(call({ ...shared, properties: { url: `https://example.com/p${roll(5)}` } }));
      const properties = { order_id: `o${place}`, revenue: roll(10_000) / 100, currency: 'EUR' };
      return JSON.stringify(call({ ...shared, type: 'track', event: 'Order Completed', properties }));
    });
    const first = await itemsOf('segment', lines.slice(0, 2000).join('\n'));
    const second = await itemsOf('segment', lines.slice(1500).join('\n'));
    const totals = totalsOf([...eventsIn(first), ...eventsIn(second)]);

    const counted = lines.filter((line) => !line.includes('"type":"identify"'));
    const tally = (keys: readonly string[]) =>
      Object.fromEntries([...new Set(keys)].map((key) => [key, keys.filter((one) => one === key).length]));
    const dayOf = (line: string) => /"timestamp":"([\d-]{10})/.exec(line)?.[1] as string;
    expect(totals.events).toEqual(tally(counted.map(dayOf)));
    expect(totals.pages).toEqual(
      tally(counted.flatMap((line) => /example\.com(\/p\d)/.exec(line)?.[1] ?? [])),
    );
    expect(totals.visitors).toEqual(
      tally(
        [...new Set(counted.map((line) => `${dayOf(line)} ${/"anonymousId":"(\w+)"/.exec(line)?.[1]}`))].map(
          (pair) => pair.slice(0, 10),
        ),
      ),
    );
    const cents = counted.reduce(
      (sum, line) => sum + Math.round(Number(/"revenue":([\d.]+)/.exec(line)?.[1] ?? 0) * 100),
      0,
    );
    expect(Math.round((totals.revenue['EUR'] ?? 0) * 100)).toBe(cents);
  });

  it('recognizes its archive', async () => {
    const { recognize } = await importerOf('segment');
    const encode = (text: string) => new TextEncoder().encode(text);
    expect(recognize('x.gz', encode(JSON.stringify(call({}))))).toBe(2);
    expect(recognize('x.json', encode('{"messageId":"1"}'))).toBe(1);
    expect(recognize('x.json', encode('{"ts":"1"}'))).toBe(0);
  });
});
