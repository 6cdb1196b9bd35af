/**
 * `npm run bench:costs -- [options]`: the rows that D1 reads and writes for an event: when it is stored, when its day is rolled up,
 * and when it is deleted; what it takes more if it is a conversion; and the bytes that it takes of the database. It computes the price
 * of a million events, and what a database holds, and writes docs/costs.md. The local D1 counts rows as Cloudflare's does; nothing here
 * depends on time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveFakes } from '../scripts/lib/networks/serve.ts';
import { CLICK_DAYS } from '../src/model/conversion.ts';
import { LEDGER_DAYS } from '../src/model/delivery.ts';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { Beacons } from './lib/beacons.ts';
import { cachedHistory } from './lib/cached-history.ts';
import { addDestination, landing, purchase } from './lib/conversions.ts';
import { type ConversionCosts, costsPage, type DayCosts, type Incoming } from './lib/costs-page.ts';
import { PIXEL } from './lib/history.ts';
import { DAY_OVER, purgeDay, withDay } from './lib/one-day.ts';
import { answerOf, QUERIES } from './lib/queries.ts';
import { type RecordedSpeck, rollUp, startRecorded } from './lib/recorded-speck.ts';
import type { Call } from './lib/recorder.ts';
import { type Rows, rowsOf, rowsOn } from './lib/rows.ts';
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
/** Conversions to one network, and how many are one request: with all that they have, more are too large for one. */
const CONVERSIONS = 1000;
const CONVERSIONS_A_BEACON = 50;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
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
    conversions: await conversions(),
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

/** What a conversion takes more than its event: its people have landed from an advertisement, and the network takes it at once. */
async function conversions(): Promise<ConversionCosts> {
  const served = await serveFakes();
  try {
    return await withEvents('conversions', 0, async (speck) => {
      const destination = await addDestination(speck, served, 'meta', 'Purchase');
      const beacons = await Beacons.of(speck);
      const all = async (fields: (event: number) => Readonly<Record<string, string>>): Promise<Call[]> => {
        for (let first = 0; first < CONVERSIONS; first += CONVERSIONS_A_BEACON)
          await beacons.store(CONVERSIONS_A_BEACON, (event) => fields(first + event));
        return [...(await speck.recorded())];
      };
      const landings = await all(landing);
      const purchases = await all((event) => ({
        ...purchase('Purchase', event),
        dl: 'https://site.example/thanks',
      }));
      const delivering: Call[] = [];
      while ((await waiting(speck)) > 0) {
        const { calls } = await speck.deliver(destination, 'recorded');
        delivering.push(...calls);
      }
      const hourAfter = (days: number): number => Math.ceil((Date.now() + days * DAY) / HOUR) * HOUR;
      const afterMonth = (await speck.cron(hourAfter(LEDGER_DAYS + 1))).calls;
      const afterClicks = (await speck.cron(hourAfter(CLICK_DAYS + 1))).calls;
      return {
        stored: each(rowsOn(purchases, 'deliveries'), CONVERSIONS),
        click: each(rowsOn(landings, 'clicks'), CONVERSIONS),
        delivered: each(rowsOf(delivering), CONVERSIONS),
        deleted: each(rowsOn(afterMonth, 'deliveries'), CONVERSIONS),
        clickDeleted: each(rowsOn(afterClicks, 'clicks'), CONVERSIONS),
      };
    });
  } finally {
    await served.close();
  }
}

/** @throws Error if the network has not taken a conversion that was sent. */
async function waiting({ db }: RecordedSpeck): Promise<number> {
  const { results } = await db
    .prepare('SELECT state, count(*) AS count FROM deliveries GROUP BY state')
    .all<{ state: string; count: number }>();
  const others = results.filter(({ state }) => state !== 'waiting' && state !== 'delivered');
  if (others.length > 0) throw new Error(`conversions were not delivered: ${JSON.stringify(others)}`);
  return results.find(({ state }) => state === 'waiting')?.count ?? 0;
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
