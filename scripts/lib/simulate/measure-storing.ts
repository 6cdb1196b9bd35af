/** Measures what a batch takes when it is stored: by both event stores, and in both ingest modes. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Beacons, type EventFields } from '../../../bench/lib/beacons.ts';
import { PIXEL } from '../../../bench/lib/history.ts';
import { addPixels, withDay, withRecorded } from '../../../bench/lib/one-day.ts';
import type { RecordedSpeck } from '../../../bench/lib/recorded-speck.ts';
import type { Recorded } from '../../../bench/lib/recorder.ts';
import type { MeasureOptions } from './measure.ts';
import type { Counts, EventStore, MessageWork, StatementWork, StoreWork, Times } from './measured.ts';

type StoringCounts = Pick<Counts, 'stores' | 'message'>;
type StoringTimes = Pick<Times, 'eventCpu' | 'insert'>;

/** Sizes of batches that are compared: one request each. */
const SMALL = 1;
const LARGE = 100;
/** Pixels of a batch that looks up and marks many of them. */
const PIXELS = 40;
/** Batches whose time is measured. */
const TIMED = 15;
/** Requests whose CPU is measured together, and how often. */
const REQUESTS = 300;
const TIMES = 3;
/** Milliseconds between looks at whether a message was sent. */
const LOOK_MS = 50;

/** An event as browsers send it. Each has texts of the same length, so messages of the queue do, too. */
const pageView =
  (pixel: string) =>
  (event: number): Readonly<Record<string, string>> => ({
    id: pixel,
    ev: 'PageView',
    dl: `https://site.example/articles/${String(event).padStart(4, '0')}-about-a-topic?utm_source=newsletter&utm_medium=email`,
    dr: 'https://www.google.com/',
  });

export async function measureStoring(
  options: MeasureOptions,
): Promise<{ readonly counts: StoringCounts; readonly times: StoringTimes }> {
  const { speckDir, temporary } = options;
  const directory = join(temporary, 'storing');
  // What only the first events of a day cost is stored before: an isolate of this day meets a pixel that has events already.
  const ids = await withDay({ speckDir, directory }, { events: 0, seed: 1 }, async (speck) => {
    const added = await addPixels(speck, PIXELS + 1);
    await (await Beacons.of(speck)).store(added.length + 1, (event) =>
      pageView([PIXEL, ...added][event] as string)(event),
    );
    return added;
  });
  const start = <T>(
    vars: Readonly<Record<string, string>>,
    use: (speck: RecordedSpeck) => Promise<T>,
  ): Promise<T> => withRecorded({ speckDir, directory, vars }, use);

  const direct = await start({ INGEST_MODE: 'direct' }, (speck) => measureStore(speck, ids, 'd1'));
  // Nothing is read here, but what cannot be read is not stored there.
  const engineVars = { EVENT_STORE: 'analytics_engine', ACCOUNT_ID: 'account', ANALYTICS_TOKEN: 'token' };
  const engine = await start(engineVars, (speck) => measureStore(speck, ids, 'analytics_engine'));
  const engineQueue = await start({ ...engineVars, INGEST_MODE: 'queue' }, async (speck) =>
    eventCpu(speck, await Beacons.of(speck, 'analytics_engine'), 1),
  );
  const queue = await start({ INGEST_MODE: 'queue' }, measureQueue);
  return {
    counts: { stores: { d1: direct.store, analytics_engine: engine.store }, message: queue.message },
    times: {
      eventCpu: {
        d1: { direct: direct.cpu, queue: queue.cpu },
        analytics_engine: { direct: engine.cpu, queue: engineQueue },
      },
      insert: direct.insert,
    },
  };
}

interface MeasuredStore {
  readonly store: StoreWork;
  readonly cpu: number;
  readonly insert: Times['insert'];
}

/** @param ids pixels that this isolate has not met, beside `PIXEL`. */
async function measureStore(
  speck: RecordedSpeck,
  [alone = '', ...ids]: readonly string[],
  store: EventStore,
): Promise<MeasuredStore> {
  const beacons = await Beacons.of(speck, store);
  const statementsOf = async (events: number, fields: EventFields): Promise<Recorded[]> => {
    await beacons.store(events, fields);
    const calls = await speck.recorded();
    return calls.flatMap(({ statements }) => [...statements]);
  };
  // The salts of the day are looked up once.
  await statementsOf(1, pageView(PIXEL));
  const one = await statementsOf(1, pageView(alone));
  const many = await statementsOf(ids.length, (event) => pageView(ids[event] as string)(event));
  const small = await statementsOf(SMALL, pageView(PIXEL));
  const { points: before } = await speck.sent();
  const large = await statementsOf(LARGE, pageView(PIXEL));
  const { points } = await speck.sent();

  const timeOf = async (events: number): Promise<number> => {
    let ms = 0;
    for (let time = 0; time < TIMED; time++) {
      const statements = await statementsOf(events, pageView(PIXEL));
      ms += statements.reduce((sum, statement) => sum + statement.ms, 0);
    }
    return ms / TIMED;
  };
  const [shortest, longest] = [await timeOf(SMALL), await timeOf(LARGE)];
  const each = Math.max(0, longest - shortest) / (LARGE - SMALL);
  return {
    store: {
      insert: workOf('INSERT INTO events', [small, SMALL], [large, LARGE]),
      mark: workOf('INSERT INTO days', [one, 1], [many, ids.length]),
      lookUp: workOf('SELECT FROM pixels', [one, 1], [many, ids.length]) ?? NO_WORK,
      points: (points - before) / LARGE,
    },
    cpu: await eventCpu(speck, beacons),
    insert: { fixed: Math.max(0, shortest - each), each },
  };
}

const NO_WORK: StatementWork = { fixed: { read: 0, written: 0 }, each: { read: 0, written: 0 } };

/** The work of a kind of statement, from two batches with different numbers of what it is about. Null if neither has one. */
function workOf(
  does: string,
  [few, fewThings]: readonly [readonly Recorded[], number],
  [many, manyThings]: readonly [readonly Recorded[], number],
): StatementWork | null {
  const [less, more] = [few, many].map((statements) => statements.filter((one) => one.does === does));
  if (!less?.[0] || !more?.[0]) return null;
  const slope = (name: 'rowsRead' | 'rowsWritten'): number =>
    ((more[0]?.[name] ?? 0) - (less[0]?.[name] ?? 0)) / (manyThings - fewThings);
  const each = { read: slope('rowsRead'), written: slope('rowsWritten') };
  return {
    fixed: {
      read: less[0].rowsRead - each.read * fewThings,
      written: less[0].rowsWritten - each.written * fewThings,
    },
    each,
  };
}

/** Milliseconds of the Worker's own code for a request with one event, until the event is stored. */
async function eventCpu(speck: RecordedSpeck, beacons: Beacons, times = TIMES): Promise<number> {
  const fields = pageView(PIXEL)(1);
  const burst = async (): Promise<void> => {
    await Promise.all(Array.from({ length: REQUESTS }, (_, visitor) => beacons.get(fields, visitor)));
    await beacons.stored();
  };
  return (await speck.cpu(burst, times)) / REQUESTS;
}

interface MeasuredQueue {
  readonly message: MessageWork;
  readonly cpu: number;
}

async function measureQueue(speck: RecordedSpeck): Promise<MeasuredQueue> {
  const beacons = await Beacons.of(speck);
  const messageOf = async (events: number): Promise<number> => {
    await beacons.post(events, pageView(PIXEL));
    for (;;) {
      const [bytes] = (await speck.sent()).messages;
      if (bytes !== undefined) return bytes;
      await sleep(LOOK_MS);
    }
  };
  const small = await messageOf(SMALL);
  const large = await messageOf(LARGE);
  // The consumer gets messages seconds later.
  await beacons.stored();
  const inserts = (await speck.recorded())
    .flatMap(({ statements }) => [...statements])
    .filter(({ does }) => does === 'INSERT INTO events');
  // The consumer writes each message by itself, one row an event.
  const events = Math.max(...inserts.map(({ rowsWritten }) => rowsWritten));
  const bytesEach = (large - small) / (events - SMALL);
  return {
    message: { events, bytesFixed: small - bytesEach * SMALL, bytesEach },
    cpu: await eventCpu(speck, beacons, 1),
  };
}
