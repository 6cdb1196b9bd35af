/**
 * `npm run bench:relay -- [rounds]`: the CPU of the Worker for an invocation that sends conversions, of which the free plan has ten
 * milliseconds. The consumer of the built Worker opens the conversions, sends them to a network that this process plays, and marks them.
 * Beside it are an invocation that finds nothing to send, one whose conversions all lack something, so that they are only opened and marked,
 * and what it takes to store as many events. All take turns.
 *
 * Each is measured as the first one of a new isolate, which loads and compiles its code, and again in an isolate that has done it before.
 * The CPU is that of the Worker's own code, without D1 and without the runtime's sockets. It asserts no time. It fails when a network does
 * not get what an invocation may send.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ServedFakes, serveFakes } from '../scripts/lib/networks/serve.ts';
import { MAX_PER_INVOCATION } from '../src/relay/limits.ts';
import build from '../test/build.ts';
import { ROOT } from '../test/e2e/harness.ts';
import { Beacons, type EventFields } from './lib/beacons.ts';
import { addDestination, landing, NETWORKS, type NetworkName, purchase } from './lib/conversions.ts';
import { rotated } from './lib/in-turns.ts';
import { machine } from './lib/machine.ts';
import { withDay, withRecorded } from './lib/one-day.ts';
import type { RecordedSpeck } from './lib/recorded-speck.ts';
import { median, sum } from './lib/statistics.ts';
import { table } from './lib/table.ts';

/** Of an invocation on the free plan. */
const { deliveries: CONVERSIONS, requests: REQUESTS } = MAX_PER_INVOCATION;
/** Networks that take one event in a request. */
const ONE_IN_A_REQUEST: readonly NetworkName[] = ['ga4'];
/** New isolates in which each is measured. */
const STARTS = 3;
/** Rounds before those that count. */
const WARM_UP = 5;

const rounds = Number(process.argv[2] ?? 15);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error('Usage: npm run bench:relay -- [rounds]\n  rounds: a whole number, 15 by default');
  process.exit(2);
}

/** Something that is measured, with the milliseconds that it took each time. */
interface Measured {
  readonly name: string;
  /** How many conversions or events an invocation has got done. */
  count: number;
  /** What is not measured, before each time. */
  readonly prepare: (speck: RecordedSpeck) => Promise<unknown>;
  readonly run: (speck: RecordedSpeck, beacons: Beacons) => Promise<unknown>;
  /** Afterwards. @throws Error if something else was done than what is measured. */
  readonly check: (speck: RecordedSpeck) => Promise<unknown>;
  readonly first: number[];
  readonly later: number[];
}

/** Numbers what is stored: each event is another one. */
let orders = 0;
const nothing = async (): Promise<void> => {};

build();
const options = {
  speckDir: `${ROOT}dist/modules`,
  directory: mkdtempSync(join(tmpdir(), 'speck-relay-')),
  // Pages may report more in an hour on the paid plan. No more conversions wait than an invocation on the free plan sends.
  vars: { CRON_STATEMENTS: '900' },
};
const served = await serveFakes();
try {
  console.log(`${machine()}\n`);
  const all = await withDay(options, { events: 0, seed: 1 }, (speck) => fill(speck, served));
  for (let start = 0; start < STARTS; start++) {
    for (const one of rotated(all, start)) {
      one.first.push(
        await withRecorded(options, async (speck) => measure(one, speck, await Beacons.of(speck))),
      );
    }
  }
  await withRecorded(options, async (speck) => {
    const beacons = await Beacons.of(speck);
    for (let round = 0; round < WARM_UP + rounds; round++) {
      for (const one of rotated(all, round)) {
        const ms = await measure(one, speck, beacons);
        if (round >= WARM_UP) one.later.push(ms);
      }
    }
  });
  console.log(report(all));
} finally {
  await served.close();
  rmSync(options.directory, { recursive: true, force: true });
}

/** The runtime closes a session of its inspector now and then. What it has not measured is done again. */
async function measure(one: Measured, speck: RecordedSpeck, beacons: Beacons, tries = 3): Promise<number> {
  await one.prepare(speck);
  let ms: number;
  try {
    ms = await speck.cpu(() => one.run(speck, beacons), 1);
  } catch (error) {
    if (tries === 1) throw error;
    return measure(one, speck, beacons, tries - 1);
  }
  await one.check(speck);
  return ms;
}

/** Makes destinations with conversions that wait, and keeps a copy of these, so that they can be sent again. */
async function fill(speck: RecordedSpeck, served: ServedFakes): Promise<Measured[]> {
  const beacons = await Beacons.of(speck);
  // No network is asked for these accounts.
  const [idle, refused] = [
    await addDestination(speck, served, 'meta', 'Nothing', '11111'),
    await addDestination(speck, served, 'meta', 'Refused', '22222'),
  ];
  await addDestination(speck, served, 'meta', 'Stored', '33333');
  const ids = new Map<NetworkName, string>();
  for (const network of NETWORKS) ids.set(network, await addDestination(speck, served, network, network));

  await beacons.store(CONVERSIONS, landing);
  await beacons.store(CONVERSIONS, (at) => without('cd[value]', purchase('Refused', at)));
  for (const network of NETWORKS) {
    const count = ONE_IN_A_REQUEST.includes(network) ? REQUESTS : CONVERSIONS;
    await beacons.store(count, (at) => purchase(network, at));
  }
  await speck.db.prepare('CREATE TABLE bench_deliveries AS SELECT * FROM deliveries').run();

  return [
    stored('events stored', (at) => without('consent', purchase('Stored', at))),
    stored('conversions stored', (at) => purchase('Stored', at)),
    delivered('nothing to send', idle, []),
    delivered('opened, not sent', refused, ['refused']),
    ...[...ids].map(([network, id]) => delivered(network, id, ['delivered', 'sent'])),
    // Tokens are cached for what the owner has not changed.
    delivered(
      'google, a new token',
      ids.get('google') ?? '',
      ['delivered', 'sent'],
      'UPDATE destinations SET updated_at = updated_at + 1 WHERE id = ?1',
    ),
  ];
}

function without(field: string, fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== field));
}

function stored(name: string, fields: EventFields): Measured {
  const run = (_: RecordedSpeck, beacons: Beacons): Promise<void> => {
    orders += CONVERSIONS;
    return beacons.store(CONVERSIONS, (event) => fields(orders + event));
  };
  return { name, count: CONVERSIONS, prepare: nothing, run, check: nothing, first: [], later: [] };
}

/**
 * @param ends the states that conversions are in afterwards; none if none wait.
 * @param before a statement about the destination `?1`, before each time.
 */
function delivered(name: string, id: string, ends: readonly string[], before?: string): Measured {
  const statements = [
    'DELETE FROM deliveries WHERE destination = ?1',
    'INSERT INTO deliveries SELECT * FROM bench_deliveries WHERE destination = ?1',
    ...(before === undefined ? [] : [before]),
  ];
  const measured: Measured = {
    ...{ name, first: [], later: [] },
    count: 0,
    async prepare({ db }) {
      for (const sql of statements) await db.prepare(sql).bind(id).run();
    },
    run: (speck) => speck.deliver(id),
    async check({ db }) {
      const sql = 'SELECT state, count(*) AS count FROM deliveries WHERE destination = ? GROUP BY state';
      const { results } = await db.prepare(sql).bind(id).all<{ state: string; count: number }>();
      measured.count = sum(results.filter(({ state }) => state !== 'waiting').map(({ count }) => count));
      const others = results.filter(({ state }) => state !== 'waiting' && !ends.includes(state));
      if (others.length > 0 || (ends.length > 0 && measured.count === 0))
        throw new Error(`${name}: ${JSON.stringify(results)}`);
    },
  };
  return measured;
}

function report(all: readonly Measured[]): string {
  const range = (values: readonly number[]): string =>
    `${median(values).toFixed(1)} (${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)})`;
  const [base] = all;
  const head = [
    'an invocation, ms of CPU: median (min–max)',
    'events',
    'in an isolate that has done it before',
    'µs an event',
    'ratio to events stored',
    'first of a new isolate',
    'ratio to events stored',
  ];
  const rows = all.map(({ name, count, first, later }) => [
    name,
    count === 0 ? '–' : String(count),
    range(later),
    count === 0 ? '–' : ((median(later) * 1000) / count).toFixed(0),
    (median(later) / median(base?.later ?? [])).toFixed(2),
    range(first),
    (median(first) / median(base?.first ?? [])).toFixed(2),
  ]);
  return table(head, rows);
}
