/**
 * `npm run bench:costs -- [options]`: the rows that D1 reads and writes for an event: when it is stored, when its day is rolled up,
 * and when it is deleted; and the bytes that it takes of the database. It computes the price of a million events, and what a
 * database holds, and writes docs/costs.md. The local D1 counts rows as Cloudflare's does; nothing here depends on time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addDays, dayStart } from '../src/model/time-zone.ts';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { cachedHistory } from './lib/cached-history.ts';
import { costsPage, type DayCosts, type Incoming, type Rows } from './lib/costs-page.ts';
import { PIXEL, writeHistory, ZONE } from './lib/history.ts';
import { answerOf, QUERIES } from './lib/queries.ts';
import { makeDatabase, type RecordedSpeck, rollUp, startRecorded } from './lib/recorded-speck.ts';
import type { Call } from './lib/recorder.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { sum } from './lib/statistics.ts';
import { measureStored, type StoredBytes } from './lib/stored-bytes.ts';

const DAY = '2026-10-15';
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
const WAIT_MS = 20;
const PATIENCE_MS = 10_000;

/** Events that were answered so far. */
let sent = 0;

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
  return withDatabase('incoming', 0, async (speck) => {
    // What an isolate asks once and then remembers is not counted.
    await send(speck, 1, nothing);
    await send(speck, 1, () => ({ uid: 'first' }));
    await speck.recorded();
    const batches = async (more: More): Promise<Rows> => {
      for (let batch = 0; batch < BATCHES; batch++) {
        await Promise.all(
          Array.from({ length: BEACONS_A_BATCH }, (_, beacon) =>
            beaconOf(speck, EVENTS_A_BEACON, (event) =>
              more((batch * BEACONS_A_BATCH + beacon) * EVENTS_A_BEACON + event),
            ),
          ),
        );
        await allStored(speck);
      }
      return each(rowsOf(await speck.recorded()), BATCHES * BEACONS_A_BATCH * EVENTS_A_BEACON);
    };
    const plain = await batches(nothing);
    const withEid = await batches((event) => ({ ev: 'Purchase', eid: `order-${event}` }));
    const ofPeople = await batches((event) => ({ uid: `user-${event % 1000}` }));
    for (let event = 0; event < SINGLE_EVENTS; event++) await send(speck, 1, nothing);
    const single = each(rowsOf(await speck.recorded()), SINGLE_EVENTS);
    return { plain, withEid, ofPeople, single };
  });
}

async function send(speck: RecordedSpeck, events: number, more: More): Promise<void> {
  await beaconOf(speck, events, more);
  await allStored(speck);
}

async function beaconOf({ url }: RecordedSpeck, events: number, more: More): Promise<void> {
  const body = Array.from({ length: events }, (_, event) => ({
    id: PIXEL,
    dl: `https://site.example/articles/${event}`,
    ...more(event),
  }));
  const response = await fetch(`${url}/beacon`, {
    method: 'POST',
    headers: {
      'bench-record': 'yes',
      'cf-connecting-ip': `203.0.113.${sent % 250}`,
      'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0',
    },
    body: JSON.stringify(body),
  });
  if (response.status !== 204) throw new Error(`a beacon: ${response.status} ${await response.text()}`);
  sent += events;
}

/** Waits for what was answered to be stored. */
async function allStored({ db }: RecordedSpeck): Promise<void> {
  for (const began = Date.now(); ; await sleep(WAIT_MS)) {
    const { results } = await db.prepare('SELECT count(*) AS count FROM events').all<{ count: number }>();
    if (results[0]?.count === sent) return;
    if (Date.now() - began > PATIENCE_MS)
      throw new Error(`${results[0]?.count} of ${sent} events were stored`);
  }
}

async function days(): Promise<DayCosts[]> {
  const costs: DayCosts[] = [];
  for (const events of DAYS.sizes) {
    costs.push(
      await withDatabase(`day-${events}`, events, async (speck) => {
        const over = dayStart(ZONE, addDays(DAY, 1)) + 5 * 60_000;
        const { runs } = await rollUp(speck, over);
        const idle = rowsOf((await speck.cron(over)).calls);
        return {
          events,
          rollUpCost: each(rowsOf(runs.flatMap(({ calls }) => calls)), events),
          idle,
          deleting: each(await purge(speck), events),
        };
      }),
    );
  }
  return costs;
}

/** Lets the day pass its retention, and runs the cron until its events are gone. */
async function purge(speck: RecordedSpeck): Promise<Rows> {
  await speck.db.prepare(`UPDATE pixels SET settings = json_set(settings, '$.retention_days', 1)`).run();
  const calls: Call[] = [];
  const later = dayStart(ZONE, addDays(DAY, 10));
  for (let run = 0; ; run++) {
    const { results } = await speck.db
      .prepare('SELECT count(*) AS count FROM events')
      .all<{ count: number }>();
    if (results[0]?.count === 0) return rowsOf(calls);
    if (run === 1000) throw new Error('the cron does not delete what is past its retention');
    calls.push(...(await speck.cron(later + run * 5 * 60_000)).calls);
  }
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

async function withDatabase<T>(
  name: string,
  events: number,
  use: (speck: RecordedSpeck) => Promise<T>,
): Promise<T> {
  const directory = join(temporary, name);
  writeHistory(await makeDatabase({ speckDir, directory }), { seed: events, from: DAY, days: 1, events });
  const speck = await startRecorded({ speckDir, directory });
  try {
    return await use(speck);
  } finally {
    await speck.close();
  }
}

function rowsOf(calls: readonly Call[]): Rows {
  const statements = calls.flatMap((call) => call.statements);
  return {
    read: sum(statements.map(({ rowsRead }) => rowsRead)),
    written: sum(statements.map(({ rowsWritten }) => rowsWritten)),
  };
}

function each({ read, written }: Rows, events: number): Rows {
  return { read: read / events, written: written / events };
}
