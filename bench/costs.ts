/**
 * `npm run bench:costs -- [options]`: the rows that D1 reads and writes for an event: when it is stored, when its day is rolled up,
 * and when it is deleted; and the bytes that it takes of the database. It computes the price of a million events, and what a
 * database holds, and writes docs/costs.md. The local D1 counts rows as Cloudflare's does; nothing here depends on time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { Beacons } from './lib/beacons.ts';
import { cachedHistory } from './lib/cached-history.ts';
import { costsPage, type DayCosts, type Incoming } from './lib/costs-page.ts';
import { PIXEL } from './lib/history.ts';
import { DAY_OVER, purgeDay, withDay } from './lib/one-day.ts';
import { answerOf, QUERIES } from './lib/queries.ts';
import { type RecordedSpeck, rollUp, startRecorded } from './lib/recorded-speck.ts';
import { type Rows, rowsOf } from './lib/rows.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { measureStored, type StoredBytes } from './lib/stored-bytes.ts';

const DAYS = sizesAndOptions('bench:costs', [10_000, 15_000, 100_000], {
  months: {
    type: 'string',
    default: '10000,83000,833000',
    usage: '--months N,N…  events of a month, for bytes (10000,83000,833000)',
  },
});
const MONTHS = String(DAYS.values['months']).split(',').map(Number);
/** Of these months, one is also measured with events that report time on page and scroll depth. */
const ENGAGED_MONTH = MONTHS.at(-2) ?? (MONTHS[0] as number);
/** Events behind the twelve months that a dashboard asks for. */
const HISTORY = 100_000;
const BATCHES = 10;
const EVENTS_A_BEACON = 100;
const BEACONS_A_BATCH = 2;
const SINGLE_EVENTS = 20;
/** What an event has beside its page. */
type More = (event: number) => Readonly<Record<string, string>>;
const nothing: More = () => ({});

if (DAYS.worker === undefined) build();
const speckDir = DAYS.worker ?? `${ROOT}dist/modules`;
const temporary = mkdtempSync(join(tmpdir(), 'speck-costs-'));
try {
  const text = costsPage({
    incoming: await incoming(),
    days: await days(),
    queries: { events: HISTORY, rows: await dashboard() },
    stored: await stored(),
  });
  writeFileSync(`${ROOT}docs/costs.md`, text);
  console.log(text);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

/** Events as they come in, in rows an event: in batches of 200, with and without the client's id or a person, and one at a time. */
async function incoming(): Promise<Incoming> {
  return withEvents('incoming', 0, async (speck) => {
    const beacons = await Beacons.of(speck);
    const pageView = (event: number, more: More): Readonly<Record<string, string>> => ({
      id: PIXEL,
      dl: `https://site.example/articles/${event}`,
      ...more(event),
    });
    const single = (more: More): Promise<void> => beacons.store(1, (event) => pageView(event, more));
    // What an isolate asks once and then remembers is not counted.
    await single(nothing);
    await single(() => ({ uid: 'first' }));
    await speck.recorded();
    const batches = async (more: More): Promise<Rows> => {
      for (let batch = 0; batch < BATCHES; batch++) {
        await Promise.all(
          Array.from({ length: BEACONS_A_BATCH }, (_, beacon) =>
            beacons.post(EVENTS_A_BEACON, (event) =>
              pageView(event, () => more((batch * BEACONS_A_BATCH + beacon) * EVENTS_A_BEACON + event)),
            ),
          ),
        );
        await beacons.stored();
      }
      return each(rowsOf(await speck.recorded()), BATCHES * BEACONS_A_BATCH * EVENTS_A_BEACON);
    };
    const plain = await batches(nothing);
    const withEid = await batches((event) => ({ ev: 'Purchase', eid: `order-${event}` }));
    const ofPeople = await batches((event) => ({ uid: `user-${event % 1000}` }));
    for (let event = 0; event < SINGLE_EVENTS; event++) await single(nothing);
    return { plain, withEid, ofPeople, single: each(rowsOf(await speck.recorded()), SINGLE_EVENTS) };
  });
}

async function days(): Promise<DayCosts[]> {
  const costs: DayCosts[] = [];
  for (const events of DAYS.sizes) {
    costs.push(
      await withEvents(`day-${events}`, events, async (speck) => {
        const { runs } = await rollUp(speck, DAY_OVER);
        const idle = rowsOf((await speck.cron(DAY_OVER)).calls);
        return {
          events,
          rollUpCost: each(rowsOf(runs.flatMap(({ calls }) => calls)), events),
          idle,
          deleting: each(rowsOf(await purgeDay(speck)), events),
        };
      }),
    );
  }
  return costs;
}

/** The rows that a dashboard's queries about twelve months read, each sent once. */
async function dashboard(): Promise<Rows> {
  const speck = await startRecorded({ speckDir, directory: await cachedHistory(HISTORY, speckDir) });
  try {
    for (const query of QUERIES) await answerOf(speck.url, query, { 'bench-record': 'yes' });
    return rowsOf(await speck.recorded());
  } finally {
    await speck.close();
  }
}

async function stored(): Promise<StoredBytes[]> {
  const measured: StoredBytes[] = [];
  for (const events of MONTHS) measured.push(await measureStored(speckDir, temporary, events));
  measured.push(await measureStored(speckDir, temporary, ENGAGED_MONTH, true));
  return measured;
}

function withEvents<T>(name: string, events: number, use: (speck: RecordedSpeck) => Promise<T>): Promise<T> {
  return withDay({ speckDir, directory: join(temporary, name) }, { events, seed: events }, use);
}

function each({ read, written }: Rows, events: number): Rows {
  return { read: read / events, written: written / events };
}
