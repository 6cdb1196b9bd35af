/** Plausible's export: what is read of it, counted independently, and what of other files. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImportedTotals } from '../../src/imports/importer.ts';
import { exportedFiles, exportOf, type Session, sessionsOf } from './plausible-export.ts';
import { importerOf, itemsOf, remarksIn } from './reading.ts';

type Item = Awaited<ReturnType<typeof itemsOf>>[number];

const totalsIn = (items: readonly Item[]): ImportedTotals[] =>
  items.flatMap((item) => (item.kind === 'totals' ? [item.totals] : []));

/** A count of totals by day and value, of one dimension. */
function by(
  totals: readonly ImportedTotals[],
  dimension: string,
  count: keyof ImportedTotals,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const one of totals.filter((row) => row.dimension === dimension)) {
    const key = `${one.day} ${one.via ? Object.values(one.via).join('|') : one.value}`;
    sums[key] = (sums[key] ?? 0) + Number(one[count] ?? 0);
  }
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum > 0));
}

/** The same of sessions. */
function of(
  sessions: readonly Session[],
  valuesOf: (session: Session) => readonly string[],
  count: (session: Session, value: string) => number,
) {
  const sums: Record<string, number> = {};
  for (const session of sessions) {
    for (const value of new Set(valuesOf(session))) {
      const key = `${session.day} ${value}`;
      sums[key] = (sums[key] ?? 0) + count(session, value);
    }
  }
  return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum > 0));
}

const DEVICES: Readonly<Record<string, string>> = { Laptop: 'Desktop' };
const OF_VISITS: Readonly<Record<string, (session: Session) => string>> = {
  '': () => '',
  'visit:source': ({ source }) => source,
  'visit:channel': ({ source, utm }) => [source, utm.medium, utm.campaign].join('|'),
  'visit:referrer': ({ referrer }) => referrer,
  'visit:utm_source': ({ utm }) => utm.source,
  'visit:utm_medium': ({ utm }) => utm.medium,
  'visit:utm_campaign': ({ utm }) => utm.campaign,
  'visit:utm_content': ({ utm }) => utm.content,
  'visit:utm_term': ({ utm }) => utm.term,
  'visit:entry_page': ({ pages }) => pages[0] ?? '',
  'visit:exit_page': ({ pages }) => pages.at(-1) ?? '',
  'visit:device': ({ device }) => DEVICES[device] ?? device,
  'visit:browser': ({ browser }) => browser,
  'visit:browser_version': ({ browserVersion }) => browserVersion.split('.')[0] ?? '',
  'visit:os': ({ os }) => os,
  'visit:os_version': ({ osVersion }) => osVersion,
};

describe("Plausible's export", () => {
  it('has as many visits, views, bounces and seconds as its sessions, by every dimension', async () => {
    const sessions = sessionsOf(1, 300);
    const items = await itemsOf('plausible', exportOf(exportedFiles(sessions)), 'site_example_20240302.zip');
    const totals = totalsIn(items);
    expect(new Set(remarksIn(items).map((text) => text.replace(/^\d+ /, '')))).toEqual(
      new Set(['left out: reports of attention, which are no events']),
    );
    for (const [dimension, value] of Object.entries(OF_VISITS)) {
      const expected = (count: (session: Session) => number) =>
        of(sessions, (session) => [value(session)], count);
      expect(by(totals, dimension, 'visits'), dimension).toEqual(expected(() => 1));
      expect(by(totals, dimension, 'pageviews'), dimension).toEqual(expected(({ pages }) => pages.length));
      expect(by(totals, dimension, 'bounces'), dimension).toEqual(
        expected(({ pages, events }) => Number(pages.length + events.length === 1)),
      );
      expect(by(totals, dimension, 'duration'), dimension).toEqual(
        expected(({ duration }) => 1000 * duration),
      );
    }
    const located = sessions.filter(({ country }) => country !== '');
    expect(by(totals, 'visit:country', 'visits')).toEqual(
      of(
        located,
        ({ country }) => [country],
        () => 1,
      ),
    );
    expect(by(totals, 'visit:region', 'visits')).toEqual(
      of(
        located,
        ({ region }) => [region],
        () => 1,
      ),
    );
  });

  it('has as many visitors, events, views of pages and attention as its sessions', async () => {
    const sessions = sessionsOf(2, 300);
    const totals = totalsIn(await itemsOf('plausible', exportOf(exportedFiles(sessions), 'export/')));
    const visitors = Map.groupBy(sessions, ({ day }) => `${day} `);
    expect(by(totals, '', 'visitors')).toEqual(
      Object.fromEntries(
        [...visitors].map(([day, list]) => [day, new Set(list.map(({ user }) => user)).size]),
      ),
    );
    expect(by(totals, '', 'events')).toEqual(
      of(
        sessions,
        () => [''],
        ({ pages, events }) => pages.length + events.length,
      ),
    );
    expect(by(totals, 'event:name', 'events')).toEqual(
      of(
        sessions,
        ({ pages, events }) => [...(pages.length > 0 ? ['pageview'] : []), ...events],
        ({ pages, events }, name) =>
          name === 'pageview' ? pages.length : events.filter((one) => one === name).length,
      ),
    );
    const pages = (count: (session: Session, page: string) => number) =>
      of(sessions, (session) => session.pages, count);
    expect(by(totals, 'event:page', 'visits')).toEqual(pages(() => 1));
    expect(by(totals, 'event:page', 'pageviews')).toEqual(
      pages((session, page) => session.pages.filter((one) => one === page).length),
    );
    const attention = (session: Session, page: string) =>
      session.engagements
        .filter((one) => one.page === page)
        .reduce((all, { seconds }) => all + 1000 * seconds, 0);
    expect(by(totals, 'event:page', 'engaged')).toEqual(pages(attention));
    expect(by(totals, 'event:page', 'engaged_visits')).toEqual(pages(() => 1));
  });

  it('may be of several ranges, of one file, with files missing, and of earlier versions', async () => {
    const [one, other] = [sessionsOf(3, 60), sessionsOf(4, 60)];
    const visitors = 'imported_visitors_20231231_20240301.csv';
    const first = exportedFiles(
      one.filter(({ day }) => day < '2024-02'),
      '20231231_20240131',
    );
    const second = exportedFiles(
      other.filter(({ day }) => day > '2024-01'),
      '20240101_20240301',
    );
    const both = totalsIn(await itemsOf('plausible', exportOf({ ...second, ...first })));
    // The days of January are in both files: those of the first count.
    const counted = [
      ...one.filter(({ day }) => day < '2024-02'),
      ...other.filter(({ day }) => day > '2024-02'),
    ];
    expect(by(both, '', 'visits')).toEqual(
      of(
        counted,
        () => [''],
        () => 1,
      ),
    );
    const files = exportedFiles(one);
    const alone = totalsIn(await itemsOf('plausible', files[visitors] as string, visitors));
    expect(by(alone, '', 'visits')).toEqual(
      of(
        one,
        () => [''],
        () => 1,
      ),
    );
    const { [visitors]: _, ...others } = files;
    expect(by(totalsIn(await itemsOf('plausible', exportOf(others))), '', 'visits')).toEqual({});
    const old = 'date,hostname,page,visitors,pageviews,exits,time_on_page\n2022-01-01,a.example,/,3,5,1,70\n';
    expect(totalsIn(await itemsOf('plausible', old, 'pages_20220101_20220101.csv'))).toMatchObject([
      { dimension: 'event:page', value: '/', visitors: 3, visits: 0, pageviews: 5, events: 5 },
    ]);
  });

  it('is known by its names', async () => {
    const { recognize } = await importerOf('plausible');
    const files = exportedFiles(sessionsOf(5, 5));
    const start = (bytes: Uint8Array): Uint8Array => bytes.slice(0, 1000);
    expect(recognize('a.zip', start(exportOf(files)))).toBe(2);
    expect(recognize('a.zip', start(exportOf({ 'readme.txt': '' })))).toBe(0);
    for (const [name, text] of Object.entries(files)) {
      expect(recognize(name, new TextEncoder().encode(text)), name).toBe(2);
      expect(recognize('other.csv', new TextEncoder().encode(text))).toBe(0);
    }
  });

  it.each([
    [
      'no export',
      exportOf({ 'readme.txt': 'x' }),
      [
        "1 has no file of Plausible's export, such as imported_visitors.csv",
        "1 left out: files that are none of Plausible's export",
      ],
    ],
    ['no zip file', new Uint8Array([0x50, 0x4b, 3, 4]), ['1 This is no zip file, or its end is missing.']],
    [
      'a table of other columns',
      exportOf({ 'imported_pages.csv': 'a,b\n1,2\n' }),
      ["1 has no columns 'date' and 'visitors' (imported_pages.csv)"],
    ],
    [
      'rows that say nothing',
      exportOf({
        'imported_visitors.csv':
          '"date","visitors"\n"2024-02-30",1\n"2024-01-01",x\n"2024-01-01",-1\n"2024-01-01"\n',
        '__MACOSX/._a': '',
      }),
      [
        '2 has no date (imported_visitors.csv)',
        '3 has a count that is no number (imported_visitors.csv)',
        '4 has a count that is no number (imported_visitors.csv)',
        '5 has 1 cells in place of 2 (imported_visitors.csv)',
      ],
    ],
  ])('says what it cannot read: %s', async (_, bytes, remarks) => {
    expect(remarksIn(await itemsOf('plausible', bytes))).toEqual(remarks);
  });

  it('never fails, whatever is in it', async () => {
    const files = exportedFiles(sessionsOf(6, 20));
    const sound = exportOf(files);
    const name = fc.constantFrom(...Object.keys(files), 'imported_pages.csv', 'x');
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(...Object.values(files)),
      fc.stringMatching(/^("?[a-z]+"?,){1,4}"?\n(.*,.*\n)*$/),
    );
    const archive = fc.oneof(
      fc.array(fc.tuple(name, text)).map((list) => exportOf(Object.fromEntries(list))),
      fc.array(fc.tuple(fc.nat(), fc.nat(255))).map((changes) => {
        const broken = sound.slice();
        for (const [place, byte] of changes) broken[place % broken.length] = byte;
        return broken;
      }),
      fc.uint8Array().map((bytes) => new Uint8Array([0x50, 0x4b, 3, 4, ...bytes])),
    );
    await fc.assert(
      fc.asyncProperty(archive, name, async (bytes, file) => {
        for (const { totals } of (await itemsOf('plausible', bytes, file)).filter(
          (item) => item.kind === 'totals',
        )) {
          expect(
            Object.values(totals)
              .filter((value) => typeof value === 'number')
              .every((count) => Number.isInteger(count) && count >= 0),
          ).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
