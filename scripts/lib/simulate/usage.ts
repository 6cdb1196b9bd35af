/** What a load takes: requests, CPU, work of D1, messages, points and bytes; of a day and of the busiest second. */
import { LIVE_EVENTS } from '../../../src/sql/rollups.ts';
import { billedAs } from '../platform-limits.ts';
import { type Batches, batchesOf, meanSize, renewals, shareWithAny, withAny } from './batches.ts';
import { dayWorkOf } from './day-work.ts';
import type { DatabaseLoad, Load } from './load.ts';
import type { EventStore, IngestMode, Measured, StatementWork, Work } from './measured.ts';

export interface Setup {
  readonly load: Load;
  readonly eventStore: EventStore;
  readonly ingestMode: IngestMode;
  /** Days that events and columns are stored. */
  readonly retentionDays: number;
  readonly keepDays: number;
  /** Openings of a pixel's dashboard a day. */
  readonly viewsPerDay: number;
}

/** What nobody has measured. */
export const ASSUMED = {
  /** Requests for the tag, for each event: about one a visit. */
  scriptLoads: 0.2,
  /** Requests of a dashboard when it is opened. */
  viewRequests: 10,
  /** Points that one statement reads: engine/read-points.ts. */
  pointsOfPage: 10_000,
  /** Seconds from a message's delivery until it is written. They decide how many isolates consume messages at once. */
  messageSeconds: 0.02,
} as const;

/** Seconds that an isolate remembers that it has marked a day, and a pixel: store/mark-days.ts, store/pixels.ts. */
export const MARK_SECONDS = 10;
export const PIXEL_SECONDS = 30;
/** Indexes of Analytics Engine that a pixel's visitors are spread over: engine/point.ts. */
export const INDEXES_PER_PIXEL = 64;
/** Messages that the consumer gets at once, and runs of the cron a day: wrangler.toml. */
export const CONSUMER_BATCH = 8;
export const CRON_RUNS = 288;

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3600;
const YEAR_DAYS = 365;
/** Bytes of a message that the queue adds. */
const MESSAGE_METADATA = 100;

/** Of one database and its Worker. */
export interface DatabaseUsage {
  readonly databases: number;
  readonly events: number;
  readonly day: DayUsage;
  /** A second: the mean of the day, and the peak. */
  readonly statements: MeanAndPeak;
  readonly messages: MeanAndPeak;
  /** Seconds of D1's time for a second, as measured. */
  readonly busy: MeanAndPeak;
  readonly bytes: { readonly perDay: number; readonly afterYear: number };
  readonly batchSize: MeanAndPeak;
}

export interface MeanAndPeak {
  readonly mean: number;
  readonly peak: number;
}

/** A day's quantities, which add up over databases. */
export interface DayUsage {
  readonly requests: number;
  readonly cpu: number;
  /** Of it, CPU of the cron. */
  readonly cronCpu: number;
  readonly statements: number;
  /** Of them, those of the cron. */
  readonly cronStatements: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly points: number;
  readonly pointQueries: number;
  readonly messages: number;
  readonly operations: number;
}

export interface Usage {
  /** The busiest first. */
  readonly databases: readonly DatabaseUsage[];
  /** All databases together. */
  readonly day: DayUsage;
  readonly bytes: { readonly perDay: number; readonly afterYear: number };
  readonly topPixel: {
    readonly events: number;
    /** Points a second that go into each of its indexes at the peak. */
    readonly pointsPerIndex: number;
    /** Seconds of the longest statement that rolls up its day. */
    readonly longestStatement: number;
  };
}

export function usageOf(setup: Setup, measured: Measured): Usage {
  const { load } = setup;
  const databases = load.databases.map((one) => databaseUsage(one, setup, measured));
  const total = (value: (one: DatabaseUsage) => number): number =>
    databases.reduce((sum, one) => sum + one.databases * value(one), 0);
  const day = Object.fromEntries(
    Object.keys(databases[0]?.day ?? {}).map((key) => [key, total((one) => one.day[key as keyof DayUsage])]),
  ) as unknown as DayUsage;
  const top = load.databases[0]?.groups[0]?.eventsPerDay ?? 0;
  return {
    databases,
    day,
    bytes: { perDay: total(({ bytes }) => bytes.perDay), afterYear: total(({ bytes }) => bytes.afterYear) },
    topPixel: {
      events: top,
      pointsPerIndex: ((top / DAY_SECONDS) * load.peakFactor) / INDEXES_PER_PIXEL,
      longestStatement: dayWorkOf(top, measured, setup.eventStore).longestStatement,
    },
  };
}

function databaseUsage(database: DatabaseLoad, setup: Setup, measured: Measured): DatabaseUsage {
  const { load, eventStore, ingestMode, viewsPerDay } = setup;
  const { counts, times } = measured;
  const { eventsPerDay: events, groups } = database;
  const store = storeOf(eventStore, measured);
  const writing = sumOf(
    load.hours.map((factor) => writingAt(database, factor, setup, measured)),
    HOUR_SECONDS,
  );
  const peak = writingAt(database, load.peakFactor, setup, measured);

  const pixels = groups.reduce((sum, group) => sum + group.pixels, 0);
  const cron = cronOf(database, setup, measured);
  const views = pixels * viewsPerDay;
  const openEvents = groups.reduce(
    (sum, group) => sum + group.pixels * Math.min(group.eventsPerDay / 2, LIVE_EVENTS),
    0,
  );
  const openRows = store.insert === null ? 0 : viewsPerDay * openEvents * counts.view.openEach;
  const viewRows = views * counts.view.finished.rowsRead + openRows;
  // An open day is read page by page, and further columns of it come from the snapshot.
  const viewQueries = groups.reduce(
    (sum, group) =>
      sum +
      group.pixels *
        viewsPerDay *
        Math.ceil(Math.min(group.eventsPerDay / 2, LIVE_EVENTS) / ASSUMED.pointsOfPage),
    0,
  );
  const viewStatements = views * counts.view.finished.statements;

  const chunk = billedAs('queues bytes of an operation');
  const { message } = counts;
  const chunks = Math.ceil(
    (message.bytesFixed + message.events * message.bytesEach + MESSAGE_METADATA) / chunk,
  );
  const eventCpu = times.eventCpu[eventStore]?.[ingestMode] ?? 0;
  const busySeconds = (work: Writing): number =>
    (work.inserts * times.insert.fixed + work.insertedEvents * times.insert.each) / 1000;
  const cronSeconds = cron.milliseconds / 1000;
  const statements = writing.statements + cron.work.statements + viewStatements;
  const isQueued = ingestMode === 'queue';
  return {
    databases: database.databases,
    events,
    day: {
      requests:
        events * (1 + ASSUMED.scriptLoads) +
        CRON_RUNS +
        writing.messages / CONSUMER_BATCH +
        views * ASSUMED.viewRequests,
      cpu: events * eventCpu + cron.cpu,
      cronCpu: cron.cpu,
      statements,
      cronStatements: cron.work.statements,
      rowsRead: writing.rowsRead + cron.work.rowsRead + viewRows,
      rowsWritten: writing.rowsWritten + cron.work.rowsWritten,
      points: events * store.points,
      pointQueries: cron.pointQueries + (store.insert === null ? viewQueries : 0),
      messages: writing.messages,
      operations: writing.messages * billedAs('queues operations of a message') * chunks,
    },
    statements: {
      mean: statements / DAY_SECONDS,
      // Messages wait in the queue, so D1 gets the mean of a day even at its peak.
      peak:
        (isQueued ? writing.statements / DAY_SECONDS : peak.statements) +
        (statements - writing.statements) / DAY_SECONDS,
    },
    messages: { mean: writing.messages / DAY_SECONDS, peak: peak.messages },
    busy: {
      mean: (busySeconds(writing) + cronSeconds) / DAY_SECONDS,
      peak: (isQueued ? busySeconds(writing) / DAY_SECONDS : busySeconds(peak)) + cronSeconds / DAY_SECONDS,
    },
    bytes: bytesOf(database, setup, measured),
    batchSize: {
      mean: events / writing.batches,
      peak: ((events / DAY_SECONDS) * load.peakFactor) / peak.batches,
    },
  };
}

/** What writing takes, a second or a day. */
interface Writing {
  readonly batches: number;
  readonly statements: number;
  readonly inserts: number;
  readonly insertedEvents: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly messages: number;
}

/** What writing takes in a second in which the rate is so many times the mean. */
function writingAt(database: DatabaseLoad, factor: number, setup: Setup, measured: Measured): Writing {
  const { load, eventStore, ingestMode } = setup;
  const { insert, mark, lookUp } = storeOf(eventStore, measured);
  const rate = (database.eventsPerDay / DAY_SECONDS) * factor;
  const parts: Writing[] = [];
  for (const share of load.colos) {
    const isolates = Math.max(1, Math.ceil((rate * share) / load.isolateRate));
    const batches = batchesOf((rate * share) / isolates);
    const perIsolate = (factor * share) / isolates / DAY_SECONDS;
    const messages =
      ingestMode === 'queue'
        ? batches.sizes.reduce(
            (sum, chance, index) => sum + chance * Math.ceil((index + 1) / measured.counts.message.events),
            0,
          ) * batches.rate
        : 0;
    const lookUps = remembered(batches, renewedAt(database, perIsolate, PIXEL_SECONDS), lookUp);
    const marks =
      ingestMode === 'queue' || mark === null
        ? NOTHING
        : remembered(batches, renewedAt(database, perIsolate, MARK_SECONDS), mark);
    const inserts = ingestMode === 'queue' ? messages : batches.rate;
    const inserted = insert === null ? NOTHING : workOf(insert, inserts, (rate * share) / isolates);
    parts.push(
      scaled(
        {
          batches: batches.rate,
          statements: lookUps.statements + marks.statements + inserted.statements,
          inserts: inserted.statements,
          insertedEvents: insert === null ? 0 : (rate * share) / isolates,
          rowsRead: lookUps.rowsRead + marks.rowsRead + inserted.rowsRead,
          rowsWritten: lookUps.rowsWritten + marks.rowsWritten + inserted.rowsWritten,
          messages,
        },
        isolates,
      ),
    );
  }
  const all = sumOf(parts);
  if (ingestMode === 'direct' || mark === null) return all;
  const consumers = Math.max(1, Math.ceil(all.messages * ASSUMED.messageSeconds));
  const renewed = renewedAt(database, factor / DAY_SECONDS / consumers, MARK_SECONDS) * consumers;
  const marks = workOf(mark, all.messages * withAny(rate / all.messages, renewed / rate), renewed);
  return {
    ...all,
    statements: all.statements + marks.statements,
    rowsRead: all.rowsRead + marks.rowsRead,
    rowsWritten: all.rowsWritten + marks.rowsWritten,
  };
}

const NOTHING: Work = { statements: 0, rowsRead: 0, rowsWritten: 0 };

/** How often a second an isolate renews what it remembers of pixels. @param perDay its share of a pixel's events of a day. */
function renewedAt({ groups }: DatabaseLoad, perDay: number, seconds: number): number {
  return groups.reduce(
    (sum, { pixels, eventsPerDay }) => sum + pixels * renewals(eventsPerDay * perDay, seconds),
    0,
  );
}

/** A second's work for what an isolate remembers of pixels: a statement in each batch that has one to renew. */
function remembered(batches: Batches, renewed: number, work: StatementWork): Work {
  const events = batches.rate * meanSize(batches.sizes);
  const share = events === 0 ? 0 : shareWithAny(batches.sizes, renewed / events);
  return workOf(work, batches.rate * share, renewed);
}

function workOf({ fixed, each }: StatementWork, statements: number, things: number): Work {
  return {
    statements,
    rowsRead: fixed.read * statements + each.read * things,
    rowsWritten: fixed.written * statements + each.written * things,
  };
}

function scaled(writing: Writing, times: number): Writing {
  return Object.fromEntries(
    Object.entries(writing).map(([key, value]) => [key, value * times]),
  ) as unknown as Writing;
}

function sumOf(parts: readonly Writing[], times = 1): Writing {
  const total: Record<string, number> = {};
  for (const part of parts) {
    for (const [key, value] of Object.entries(part)) total[key] = (total[key] ?? 0) + value * times;
  }
  return total as unknown as Writing;
}

interface CronUsage {
  readonly work: Work;
  readonly pointQueries: number;
  /** Of D1, and of CPU of the Worker. */
  readonly milliseconds: number;
  readonly cpu: number;
}

/** A day's work of the cron: rolling up, snapshots of open days, deleting, and runs without work. */
function cronOf({ groups }: DatabaseLoad, { load, eventStore }: Setup, measured: Measured): CronUsage {
  const { idleCron, idlePointQueries, purge } = measured.counts;
  let work = added(NOTHING, idleCron.fixed);
  let milliseconds = 0;
  let cpu = 0;
  const hasRaw = storeOf(eventStore, measured).insert !== null;
  let pointQueries = hasRaw ? 0 : idlePointQueries;
  for (const { pixels, eventsPerDay } of groups) {
    work = added(work, idleCron.eachPixel, pixels);
    // The most of a pixel's days with few events have none.
    const share = 1 - Math.exp(-eventsPerDay);
    const whole = dayWorkOf(eventsPerDay / share, measured, eventStore);
    work = added(work, whole.work, pixels * share);
    if (hasRaw) work = added(work, purge.work, (pixels * eventsPerDay) / purge.events);
    pointQueries += pixels * share * whole.pointQueries;
    milliseconds +=
      pixels * (share * whole.milliseconds + (hasRaw ? eventsPerDay * measured.times.purgeEach : 0));
    cpu += pixels * share * whole.cpu;
    let before = 0;
    for (const factor of load.hours.slice(0, -1)) {
      before += (eventsPerDay * factor) / load.hours.length;
      if (before < LIVE_EVENTS) continue;
      const snapshot = dayWorkOf(before, measured, eventStore);
      work = added(work, snapshot.work, pixels);
      milliseconds += pixels * snapshot.milliseconds;
      cpu += pixels * snapshot.cpu;
      pointQueries += pixels * snapshot.pointQueries;
    }
  }
  return { work, pointQueries, milliseconds, cpu };
}

function added(one: Work, other: Work, times = 1): Work {
  return {
    statements: one.statements + other.statements * times,
    rowsRead: one.rowsRead + other.rowsRead * times,
    rowsWritten: one.rowsWritten + other.rowsWritten * times,
  };
}

function bytesOf(
  { groups }: DatabaseLoad,
  { eventStore, retentionDays, keepDays }: Setup,
  measured: Measured,
): DatabaseUsage['bytes'] {
  let perDay = 0;
  let afterYear = 0;
  const hasRaw = storeOf(eventStore, measured).insert !== null;
  for (const { pixels, eventsPerDay } of groups) {
    const share = 1 - Math.exp(-eventsPerDay);
    const day = dayWorkOf(eventsPerDay / share, measured, eventStore);
    const raw = hasRaw ? day.rawBytes : 0;
    perDay += pixels * share * (raw + day.columnBytes + day.rollupBytes);
    afterYear +=
      pixels *
      share *
      (raw * Math.min(YEAR_DAYS, retentionDays) +
        day.columnBytes * Math.min(YEAR_DAYS, Math.max(keepDays, retentionDays)) +
        day.rollupBytes * YEAR_DAYS);
  }
  return { perDay, afterYear };
}

/** @throws Error if the store was not measured. */
function storeOf(eventStore: EventStore, { counts }: Measured) {
  const store = counts.stores[eventStore];
  if (store === null) throw new Error(`${eventStore} was not measured`);
  return store;
}
