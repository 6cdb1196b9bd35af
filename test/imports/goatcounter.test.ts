/**
 * GoatCounter's CSV export. The files here are written as exportcsv.go of GoatCounter 2.7 writes them (version 2 of the columns), and as
 * its documentation describes version 1. GoatCounter writes an event as 1 or 0, a session in hexadecimal, and a time in RFC 3339.
 */
import { describe, expect, it } from 'vitest';
import { csvRow, dice, eventsIn, importerOf, itemsOf, remarksIn, totalsOf } from './reading.ts';

const HEADER_2 =
  '2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date\n';
const HEADER_1 =
  '1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser,Screen size,Location,Date\n';

const SESSION = '287fb97cbed4e4f-8e4f5c975b8fee06';
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:80.0) Gecko/20100101 Firefox/80.0';

/** A row of version 2. */
function row(
  fields: Partial<
    Record<
      | 'path'
      | 'event'
      | 'ua'
      | 'browser'
      | 'system'
      | 'session'
      | 'bot'
      | 'ref'
      | 'scheme'
      | 'place'
      | 'date',
      string
    >
  >,
): string {
  const {
    path = '/',
    event = '0',
    ua = '',
    browser = '',
    system = '',
    session = SESSION,
    bot = '0',
  } = fields;
  const { ref = '', scheme = 'o', place = '', date = '2024-05-01T10:00:00Z' } = fields;
  return csvRow([
    path,
    'A title, of a page',
    event,
    ua,
    browser,
    system,
    session,
    bot,
    ref,
    scheme,
    '1280,0,1',
    place,
    '1',
    date,
  ]);
}

const eventOf = async (line: string) => {
  const { eid: _, ...event } = eventsIn(await itemsOf('goatcounter', HEADER_2 + line))[0] ?? {};
  return event;
};
const VIEW = { ts: Date.UTC(2024, 4, 1, 10), dl: '/', visitor: SESSION };

describe('goatcounter', () => {
  it.each<[string, Parameters<typeof row>[0], object]>([
    ['a view', { path: '/a?b=c' }, { ...VIEW, dl: '/a?b=c' }],
    ['a view of a path without a slash', { path: 'a' }, { ...VIEW, dl: '/a' }],
    ['an event', { path: 'click-banana', event: '1' }, { ...VIEW, ev: 'click-banana', dl: '' }],
    ['an event in other words', { path: 'click', event: 'true' }, { ...VIEW, ev: 'click', dl: '' }],
    ['a user agent', { ua: AGENT, browser: 'Firefox 80', system: 'Linux' }, { ...VIEW, ua: AGENT }],
    [
      'names of browser and system',
      { browser: 'Firefox 80', system: 'Windows 10' },
      {
        ...VIEW,
        browser: 'Firefox',
        browser_version: '80',
        os: 'Windows',
        os_version: '10',
        device: 'Desktop',
      },
    ],
    [
      'names of another browser and system',
      { browser: 'Safari 14.0', system: 'macOS 10.15' },
      {
        ...VIEW,
        browser: 'Safari',
        browser_version: '14.0',
        os: 'Mac',
        os_version: '10.15',
        device: 'Desktop',
      },
    ],
    [
      'a phone',
      { browser: 'Chrome 90', system: 'Android 11' },
      {
        ...VIEW,
        browser: 'Chrome',
        browser_version: '90',
        os: 'Android',
        os_version: '11',
        device: 'Mobile',
      },
    ],
    [
      'a distribution',
      { browser: ' ', system: 'Linux Ubuntu' },
      { ...VIEW, os: 'GNU/Linux', device: 'Desktop' },
    ],
    ['no session', { session: '0' }, { ts: VIEW.ts, dl: '/' }],
    ['a country', { place: 'ID' }, { ...VIEW, country: 'ID' }],
    ['a region', { place: 'US-TX' }, { ...VIEW, country: 'US', region: 'US-TX' }],
    [
      'an address',
      { ref: 'www.reddit.com/r/vim', scheme: 'h' },
      { ...VIEW, rl: 'https://www.reddit.com/r/vim' },
    ],
    [
      'an address without a scheme of it',
      { ref: 'example.org', scheme: '' },
      { ...VIEW, rl: 'https://example.org' },
    ],
    [
      'a generated name',
      { ref: 'Hacker News', scheme: 'g' },
      { ...VIEW, rl: 'https://news.ycombinator.com' },
    ],
    ['a campaign', { ref: 'newsletter', scheme: 'c' }, { ...VIEW, utm: { source: 'newsletter' } }],
    ['an app', { ref: 'com.slack', scheme: 'o' }, { ...VIEW, rl: 'android-app://com.slack' }],
    ['a time with an offset', { date: '2024-05-01T12:00:00+02:00' }, VIEW],
    ['a time as SQLite writes it', { date: '2024-05-01 10:00:00' }, VIEW],
  ])('reads %s', async (_, fields, expected) => {
    expect(await eventOf(row(fields))).toEqual(expected);
  });

  it('reads version 1, whose browser is a user agent', async () => {
    const items = await itemsOf(
      'goatcounter',
      HEADER_1 +
        csvRow([
          '/a',
          'A',
          'false',
          '0',
          '3',
          'true',
          '',
          '',
          AGENT,
          '1280,768,1',
          'NZ',
          '2020-06-18T03:00:00Z',
        ]),
    );
    expect(eventsIn(items)).toMatchObject([
      { ts: Date.UTC(2020, 5, 18, 3), dl: '/a', visitor: '3', ua: AGENT, country: 'NZ' },
    ]);
  });

  it('names what it leaves out and cannot read', async () => {
    const file =
      HEADER_2 +
      row({ bot: '3' }) +
      row({ date: 'yesterday' }) +
      row({ ref: 'Some App', scheme: 'g' }) +
      row({ path: '', event: '1' }) +
      'a,b\n';
    const items = await itemsOf('goatcounter', file);
    expect(remarksIn(items)).toEqual([
      '2 left out: bots',
      '3 has no time',
      '4 left out: referrers that are names',
      '5 has no name of the event',
      '6 has 2 cells in place of 14',
    ]);
    expect(eventsIn(items)).toHaveLength(1);
  });

  it.each([
    ['3Path,Title,Date\n/,a,b\n', '1 is of version 3 of the export; versions 1 and 2 can be read'],
    ['Path,Title,Date\n/,a,b\n', "1 is not the header of GoatCounter's export"],
    ['2Path,Title\n/,a\n', "1 has no column 'Date'"],
  ])('reads nothing below the header %j', async (file, expected) => {
    expect(remarksIn(await itemsOf('goatcounter', file))).toEqual([expected]);
  });

  it('gives rows that are in two files one id, and equal rows of one file several', async () => {
    const first = HEADER_2 + row({}) + row({}) + row({ path: '/b' });
    const second = HEADER_2 + row({ path: '/b' }) + row({ path: '/c' });
    const ids = async (file: string) => eventsIn(await itemsOf('goatcounter', file)).map(({ eid }) => eid);
    const [a, again, b] = await ids(first);
    const [sameB, c] = await ids(second);
    expect(sameB).toBe(b);
    expect(new Set([a, again, b, c]).size).toBe(4);
  });

  it('counts what an independent count of the same rows counts', async () => {
    const roll = dice(1);
    const lines = Array.from({ length: 5000 }, (_, place) => {
      const date = new Date(Date.UTC(2024, 0, 1) + place * 120_000).toISOString().replace('.000', '');
      const isEvent = roll(5) === 0;
      return row({
        path: isEvent ? `event ${roll(3)}` : `/page, ${roll(9)}`,
        event: isEvent ? '1' : '0',
        session: roll(40).toString(16).padStart(2, 'a'),
        bot: roll(20) === 0 ? '1' : '0',
        date,
      });
    });
    const items = await itemsOf('goatcounter', HEADER_2 + lines.join(''));

    // Each row ends with its time, and its session is followed by `,0,` or `,1,`: no reader of CSV is needed.
    const days: Record<string, number> = {};
    const sessions: Record<string, Set<string>> = {};
    let views = 0;
    for (const line of lines) {
      const [, session = '', bot] = /,([\da-f]+),([01]),,o,/.exec(line) ?? [];
      if (bot === '1') continue;
      const day = line.slice(-21, -11);
      days[day] = (days[day] ?? 0) + 1;
      sessions[day] = (sessions[day] ?? new Set()).add(session);
      if (line.startsWith('"/page')) views += 1;
    }
    const totals = totalsOf(eventsIn(items));
    expect(totals.events).toEqual(days);
    expect(totals.visitors).toEqual(
      Object.fromEntries(Object.entries(sessions).map(([day, ids]) => [day, ids.size])),
    );
    expect(totals.names['pageview']).toBe(views);
    expect(Object.values(totals.pages).reduce((sum, count) => sum + count)).toBe(views);
  });

  it('recognizes its export by the header', async () => {
    const { recognize } = await importerOf('goatcounter');
    const encode = (text: string) => new TextEncoder().encode(text);
    expect(recognize('x.csv', encode(HEADER_2))).toBe(2);
    expect(recognize('x.csv', encode(HEADER_1))).toBe(2);
    expect(recognize('goatcounter.csv', encode('Path,Title\n'))).toBe(0);
  });
});
