/**
 * Reads the CSV export of GoatCounter: one row for each view or event. Versions 1 and 2 of its columns are documented at
 * https://www.goatcounter.com/help/export. Its other export, which is a zip file, has totals: see goatcounter-totals.ts.
 */
import { pageOf, referrerOf } from './addresses.ts';
import { browserOf, systemOf } from './agents.ts';
import { goatcounterTotals } from './goatcounter-totals.ts';
import type { Importer, ImportItem } from './importer.ts';
import { eventItem, leftOut, RowIds, unreadable, utmOf } from './items.ts';
import { type Row, readCsv } from './read-csv.ts';
import { startOf } from './read-text.ts';
import { entriesOfZip, isZip, ZipError } from './read-zip.ts';
import { timeOfText } from './values.ts';

/** The first column's name begins with the version. */
const FIRST_COLUMN = /^([12]),?Path$/;

/** Names that GoatCounter puts in the place of addresses, and an address that has the same source in Speck. */
const GENERATED: ReadonlyMap<string, string> = new Map([
  ['Baidu', 'https://www.baidu.com'],
  ['Email', 'https://mail.google.com'],
  ['Google', 'https://www.google.com'],
  ['Hacker News', 'https://news.ycombinator.com'],
  ['RSS', 'https://feedly.com'],
  ['Slack Chat', 'https://slack.com'],
  ['Telegram Messenger', 'https://t.me'],
  ['Yahoo', 'https://search.yahoo.com'],
  ['Yandex', 'https://yandex.ru'],
]);

export const goatcounter: Importer = {
  name: 'goatcounter',
  recognize: (_, start) => {
    const text = startOf(start);
    if (isZip(start)) return /goatcounter-export-[^/]*\/|hit_stats\.jsonl/.test(text) ? 2 : 0;
    return /^"?[12],?Path"?[,;\t]/.test(text) ? 2 : 0;
  },
  read: async function* ({ blob }) {
    if (isZip(new Uint8Array(await blob.slice(0, 4).arrayBuffer()))) {
      yield* fromZip(blob);
      return;
    }
    const ids = new RowIds();
    for await (const row of readCsv(blob.stream(), problemOf)) {
      if ('why' in row) yield unreadable(row.line, row.why);
      else yield* itemsOf(row, ids);
    }
  },
  losses: [
    'Titles of pages and sizes of screens are not kept.',
    "GoatCounter's dashboard counts the first view of each page in a session; Speck counts every view in the export.",
    'Events in the export do not say on which page they happened.',
    'The zip file has totals by day in UTC, and a visitor of three pages counts three times in them, as on the dashboard.',
    'GoatCounter leaves the query of a page out unless it is told to keep it, so campaigns have only the name in the referrer.',
  ],
};

async function* fromZip(blob: Blob): AsyncGenerator<ImportItem> {
  try {
    yield* goatcounterTotals(await entriesOfZip(blob));
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    yield unreadable(1, error.message);
  }
}

function problemOf(names: readonly string[]): string | null {
  const [first = ''] = names;
  if (FIRST_COLUMN.test(first)) return names.includes('Date') ? null : "has no column 'Date'";
  return /^\d+,?Path$/.test(first)
    ? `is of version ${Number.parseInt(first, 10)} of the export; versions 1 and 2 can be read`
    : "is not the header of GoatCounter's export";
}

function* itemsOf({ line, cell, cells }: Row, ids: RowIds): Generator<ImportItem> {
  const [path = ''] = cells;
  const bot = cell('Bot');
  if (bot !== '' && bot !== '0') {
    yield leftOut(line, 'bots');
    return;
  }
  const isEvent = /^(?:1|t|true|on)$/i.test(cell('Event'));
  if (isEvent && path === '') {
    yield unreadable(line, 'has no name of the event');
    return;
  }
  const { rl, source } = referrer(cell('Referrer'), cell('Referrer scheme'));
  if (rl === '' && source === '' && cell('Referrer') !== '') yield leftOut(line, 'referrers that are names');
  const [country = ''] = cell('Location').split('-');
  yield eventItem(
    line,
    {
      ts: timeOfText(cell('Date')),
      ev: isEvent ? path : '',
      dl: isEvent ? '' : pageOf('', path),
      rl,
      utm: utmOf({ source }),
      visitor: /^[0-]*$/.test(cell('Session')) ? '' : cell('Session'),
      ...agentOf(cell),
      country,
      region: cell('Location').includes('-') ? cell('Location') : '',
    },
    ids,
  );
}

/** In version 1, `Browser` is the user agent. In version 2, `UserAgent` is one, but for rows since GoatCounter stores none. */
function agentOf(cell: Row['cell']) {
  const browser = cell('Browser');
  const ua = cell('UserAgent') || (browser.includes('/') ? browser : '');
  if (ua !== '') return { ua };
  const [, name = browser, version = ''] = /^(.*) (\d[\d.]*)$/.exec(browser) ?? [];
  const [, system = cell('System'), release = ''] = /^(.*) (\d[\d.]*)$/.exec(cell('System')) ?? [];
  const { os, os_version } = systemOf(system.replace(/^Linux .*/, 'Linux'), release);
  return { browser: browserOf(name.trim()), browser_version: version, os, os_version, device: deviceOn(os) };
}

function deviceOn(os: string): string {
  if (os === 'iOS' || os === 'Android') return 'Mobile';
  return /^(?:Windows|Mac|GNU\/Linux|Chrome OS|FreeBSD|OpenBSD)$/.test(os) ? 'Desktop' : '';
}

/** @param scheme `h` an address, `g` a name for several addresses, `c` a campaign's parameter, `o` anything else, such as an app. */
function referrer(text: string, scheme: string): { rl: string; source: string } {
  switch (scheme) {
    case 'c':
      return { rl: '', source: text };
    case 'g':
      return { rl: GENERATED.get(text) ?? '', source: '' };
    case 'o':
      return {
        rl: /^[a-z][a-z\d_]*(?:\.[a-z\d_]+)+$/i.test(text) ? `android-app://${text}` : '',
        source: '',
      };
    default:
      return { rl: referrerOf(text), source: '' };
  }
}
