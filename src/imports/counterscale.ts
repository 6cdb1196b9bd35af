/**
 * Reads the data points that Counterscale has written to Workers Analytics Engine, as its SQL API answers them: `FORMAT JSONEachRow`, one
 * a line, or `FORMAT JSON`, a list `data`. The columns have the names of Counterscale's app/analytics/schema.ts.
 */
import { Cache } from '../model/cache.ts';
import { pageOf } from './addresses.ts';
import { browserOf, deviceOf } from './agents.ts';
import type { Importer, ImportItem } from './importer.ts';
import { eventItem, hashOf, RowIds, unreadable, utmOf } from './items.ts';
import { readJsonLines, readJsonLists } from './read-json.ts';
import { startOf } from './read-text.ts';
import { type Fields, isFields, numberOfValue, textAt, timeOfText } from './values.ts';

const COLUMNS = {
  host: 'blob1',
  userAgent: 'blob2',
  path: 'blob3',
  country: 'blob4',
  referrer: 'blob5',
  browserName: 'blob6',
  deviceModel: 'blob7',
  siteId: 'blob8',
  browserVersion: 'blob9',
  deviceType: 'blob10',
  utmSource: 'blob11',
  utmMedium: 'blob12',
  utmCampaign: 'blob13',
  utmTerm: 'blob14',
  utmContent: 'blob15',
  newVisitor: 'double1',
} as const;

/** A day. Counterscale counts a visitor as a new one on each date. */
const DAY = 86_400_000;

/** A point may stand for so many views when Analytics Engine has sampled. More than that is no sampling but a damaged file. */
const MOST_VIEWS = 100_000;

export const counterscale: Importer = {
  name: 'counterscale',
  recognize: (_, start) => {
    const text = startOf(start);
    return /^\s*\{/.test(text) && /"blob3"/.test(text) && /"double1"/.test(text) ? 2 : 0;
  },
  read: async function* ({ blob }) {
    const visitors = new Visitors();
    const ids = new RowIds();
    const start = startOf(new Uint8Array(await blob.slice(0, 4096).arrayBuffer()));
    const isOneObject = /^\s*\{\s*"(?:meta|data|rows)"\s*:/.test(start);
    const items = isOneObject ? readJsonLists(blob.stream(), 'data') : readJsonLines(blob.stream());
    for await (const item of items) {
      if ('why' in item) yield unreadable(item.line, item.why);
      else if (!isFields(item.value)) yield unreadable(item.line, 'is not a data point');
      else yield* itemsOf(item.value, item.line, visitors, ids);
    }
  },
  losses: [
    'Analytics Engine keeps three months, and samples when there are many views: a point that stands for several views is imported as so many.',
    'Counterscale has no id of a visitor. A visitor is a first view of a day, and the later views of the same browser, country and site.',
    'Models of devices are not kept.',
    "The daily files analytics-YYYY-MM-DD.arrow of Counterscale's own storage cannot be read.",
  ],
};

function* itemsOf(point: Fields, line: number, visitors: Visitors, ids: RowIds): Generator<ImportItem> {
  const text = (name: keyof typeof COLUMNS) => textAt(point, COLUMNS[name]);
  if (!(COLUMNS.path in point)) {
    yield unreadable(line, `has no column ${COLUMNS.path}`);
    return;
  }
  const ts = timeOfText(textAt(point, 'timestamp'));
  const views = Math.round(numberOfValue(point['_sample_interval'] ?? 1));
  if (!(views >= 1 && views <= MOST_VIEWS)) {
    yield unreadable(line, 'has no possible _sample_interval');
    return;
  }
  const isNew = numberOfValue(point[COLUMNS.newVisitor]) > 0;
  const client = [text('siteId'), text('host'), text('userAgent'), text('country'), text('deviceModel')].join(
    '\n',
  );
  for (let view = 0; view < views; view++) {
    const item = eventItem(
      line,
      {
        ts,
        dl: pageOf(text('host'), text('path')),
        rl: text('referrer'),
        ua: text('userAgent'),
        browser: browserOf(text('browserName')),
        browser_version: text('browserVersion').replace(/\.x\b.*/, ''),
        device: deviceOf(text('deviceType')),
        country: text('country'),
        utm: utmOf({
          source: text('utmSource'),
          medium: text('utmMedium'),
          campaign: text('utmCampaign'),
          content: text('utmContent'),
          term: text('utmTerm'),
        }),
      },
      ids,
    );
    // The visitor is no part of the event's id: a file that begins in the middle of a day does not know all of them.
    const visitor = visitors.idOf(client, ts, isNew);
    yield item.kind === 'event' && visitor !== '' ? { ...item, event: { ...item.event, visitor } } : item;
  }
}

/** Visitors by what their points have in common. */
class Visitors {
  readonly #last = new Cache<string, { id: string; ts: number; count: number }>(100_000);

  /** The visitor of a view; `''` if no first view of that day is known. */
  idOf(client: string, ts: number, isNew: boolean): string {
    const key = hashOf(client);
    const last = this.#last.get(key);
    if (!isNew)
      return last !== undefined && Math.floor(last.ts / DAY) === Math.floor(ts / DAY) ? last.id : '';
    const count = last?.ts === ts ? last.count + 1 : 0;
    const id = `${key}.${ts.toString(36)}.${count}`;
    this.#last.set(key, { id, ts, count });
    return id;
  }
}
