/**
 * `npm run bench:costs`: the rows that D1 reads and writes for an event: when it is stored, when its day is rolled up,
 * and when it is deleted. It computes the price of a million events and writes docs/costs.md. The local D1 counts rows as
 * Cloudflare's does; nothing here depends on time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addDays, dayStart } from '../src/model/time-zone.ts';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { cachedHistory } from './lib/cached-history.ts';
import { PIXEL, writeHistory, ZONE } from './lib/history.ts';
import { answerOf, QUERIES } from './lib/queries.ts';
import { makeDatabase, type RecordedSpeck, rollUp, startRecorded } from './lib/recorded-speck.ts';
import type { Call } from './lib/recorder.ts';
import { sizesAndOptions } from './lib/sizes.ts';
import { sum } from './lib/statistics.ts';
import { table } from './lib/table.ts';

/** Dollars, from Cloudflare's price list. */
const PER_MILLION = { requests: 0.3, rowsRead: 0.001, rowsWritten: 1 } as const;
const FREE = { rowsRead: 5_000_000, rowsWritten: 100_000, requests: 100_000 } as const;

const DAY = '2026-10-15';
const DAYS = sizesAndOptions('bench:costs', [10_000, 100_000]);
/** Events behind the twelve months that a dashboard asks for. */
const HISTORY = 100_000;
const BATCHES = 10;
const EVENTS_A_BEACON = 100;
const BEACONS_A_BATCH = 2;
const SINGLE_EVENTS = 20;
const CRON_RUNS_A_DAY = 288;
const WAIT_MS = 20;
const PATIENCE_MS = 10_000;

/** Rows that D1 has read and written. */
interface Rows {
  readonly read: number;
  readonly written: number;
}

/** Events that were answered so far. */
let sent = 0;

/** What an event has beside its page. */
type More = (event: number) => Readonly<Record<string, string>>;
const nothing: More = () => ({});

if (DAYS.worker === undefined) build();
const speckDir = DAYS.worker ?? `${ROOT}dist/modules`;
const temporary = mkdtempSync(join(tmpdir(), 'speck-costs-'));
try {
  const text = document(await incoming(), await days(), await dashboard());
  writeFileSync(`${ROOT}docs/costs.md`, text);
  console.log(text);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

interface Incoming {
  readonly plain: Rows;
  readonly withEid: Rows;
  readonly ofPeople: Rows;
  readonly single: Rows;
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

interface DayCosts {
  readonly events: number;
  /** Rows an event. */
  readonly rollUpCost: Rows;
  readonly deleting: Rows;
  /** Of a run of the cron that finds nothing to do. */
  readonly idle: Rows;
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

function document(
  { plain, withEid, ofPeople, single }: Incoming,
  costs: readonly DayCosts[],
  queries: Rows,
): string {
  const million = ({ read, written }: Rows): number =>
    read * PER_MILLION.rowsRead + written * PER_MILLION.rowsWritten;
  const row = (name: string, rows: Rows): string[] => [
    name,
    (rows.written * 1000).toLocaleString('en', { maximumFractionDigits: 0 }),
    (rows.read * 1000).toLocaleString('en', { maximumFractionDigits: 0 }),
    million(rows).toFixed(2),
  ];
  const size = ({ events }: DayCosts): string => events.toLocaleString('en');
  const steps = table(
    ['per 1,000 events', 'rows written', 'rows read', '$ a million events'],
    [
      row('stored in batches of 200', plain),
      row('the same, each with an `eid`', withEid),
      row('the same, each of a person', ofPeople),
      row('stored one at a time', single),
      ...costs.map((day) => row(`rolled up, day of ${size(day)}`, day.rollUpCost)),
      ...costs.map((day) => row(`deleted past retention, day of ${size(day)}`, day.deleting)),
    ],
  );
  const totals = table(
    ['a million events, one a request', ...costs.map((day) => `days of ${size(day)}, $`)],
    [
      ['requests of the Worker', ...costs.map(() => PER_MILLION.requests.toFixed(2))],
      ['stored', ...costs.map(() => million(plain).toFixed(2))],
      ['rolled up', ...costs.map(({ rollUpCost }) => million(rollUpCost).toFixed(2))],
      ['deleted', ...costs.map(({ deleting }) => million(deleting).toFixed(2))],
      ['**together**', ...costs.map((day) => `**${together(day).toFixed(2)}**`)],
    ],
  );
  function together({ rollUpCost, deleting }: DayCosts): number {
    return PER_MILLION.requests + million(plain) + million(rollUpCost) + million(deleting);
  }
  const { idle } = costs[0] as DayCosts;
  const free = costs.map((day) => {
    const written = (plain.written + day.rollUpCost.written + day.deleting.written) * day.events;
    const read = (plain.read + day.rollUpCost.read + day.deleting.read) * day.events;
    const fits = written <= FREE.rowsWritten && read <= FREE.rowsRead;
    const numbers = `${Math.round(written).toLocaleString('en')} rows written and ${Math.round(read).toLocaleString('en')} read`;
    return `A day of ${size(day)} events takes ${numbers}, and ${fits ? 'fits' : 'does not fit'}.`;
  });
  return `# Costs

These figures are measured. Rows are those that D1 counts while the built Worker runs in the local runtime. \`npm run bench:costs\` measures
them again and writes this page.

${steps}

The figures for storing include all statements of a batch. A day is rolled up once, after midnight. If late or imported events change it, it is rolled
up again, and only rows that differ are written. The generated days have two thousand pages and cities, a custom property, and
purchases in three currencies; one event in a hundred has an \`eid\`.

## A million events

These are Cloudflare's prices beyond what a plan includes. A million written rows cost $${PER_MILLION.rowsWritten.toFixed(2)}, a million read rows $${PER_MILLION.rowsRead}, a million requests $${PER_MILLION.requests.toFixed(2)}.

${totals}

Storing a million events costs $${(million(withEid) - million(plain)).toFixed(2)} more if they have an \`eid\`, and $${(million(ofPeople) - million(plain)).toFixed(2)} more if they have a
person. Rolling up a person's day writes two more rows. If a beacon has multiple events, they are one request.

A cron run without work writes ${rows(idle.written)} and reads ${rows(idle.read)}: ${(idle.written * CRON_RUNS_A_DAY).toLocaleString('en')} written rows a day, regardless of the number of events.

When a dashboard sends its eight queries over twelve months of ${HISTORY.toLocaleString('en')} events, they read ${queries.read.toLocaleString('en')} rows, $${((queries.read * PER_MILLION.rowsRead) / 1e6).toFixed(6)} each time.

## What is included

Each month, the paid plan ($5 a month) includes 10 million requests, 50 million written rows, 25 billion read rows, and 5 GB of
storage. It also includes 10 million points in Analytics Engine; another million costs $0.25. To turn Analytics Engine off, remove its section
from \`wrangler.toml\`.

Each day, the free plan includes ${FREE.requests.toLocaleString('en')} requests, ${FREE.rowsWritten.toLocaleString('en')} written rows and ${FREE.rowsRead.toLocaleString('en')} read rows.
[operations.md](operations.md#the-free-plan) explains where Speck reaches these limits. This is what a day costs once as many events are deleted as arrive, without the queries of dashboards:

${free.map((line) => `- ${line}`).join('\n')}
`;
}

function rows(count: number): string {
  return count === 1 ? 'one row' : `${count.toLocaleString('en')} rows`;
}
