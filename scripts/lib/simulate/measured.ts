/** What `npm run simulate` measures: the work of storing, rolling up, deleting and querying events. Counts do not depend on time. */
import { readFileSync } from 'node:fs';

/** Work of D1. */
export interface Work {
  readonly statements: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
}

export type EventStore = 'd1' | 'analytics_engine';
export type IngestMode = 'direct' | 'queue';

/** A statement that a batch may have: what it takes as such, and for each thing in it. */
export interface StatementWork {
  readonly fixed: Rows;
  readonly each: Rows;
}

export interface Rows {
  readonly read: number;
  readonly written: number;
}

/** Storing a batch. */
export interface StoreWork {
  /** The statement that inserts events. Null if events do not go to D1. */
  readonly insert: StatementWork | null;
  /** The statement that marks days as dirty. Null if a batch marks none. */
  readonly mark: StatementWork | null;
  /** The statement that looks up pixels that the isolate has not cached. */
  readonly lookUp: StatementWork;
  /** Points of Analytics Engine for each event. */
  readonly points: number;
}

/** Messages of the queue, in queue mode. */
export interface MessageWork {
  /** Events of a full message. */
  readonly events: number;
  /** Bytes of a message, and for each event in it. */
  readonly bytesFixed: number;
  readonly bytesEach: number;
}

/** A local day of a pixel: what it takes in all, not for each event. */
export interface DayWork {
  readonly events: number;
  /** Zero: SQL rolls up the day by one transaction. */
  readonly slices: number;
  readonly rollUp: Work;
  /** Statements of Analytics Engine. */
  readonly pointQueries: number;
  /** Bytes that the day takes of the database. */
  readonly rawBytes: number;
  readonly columnBytes: number;
  readonly rollupBytes: number;
  /** Rows that the statement reads that reads the most. */
  readonly widest: number;
}

/** The counts: the same for the same code and seed. */
export interface Counts {
  readonly seed: number;
  readonly stores: Readonly<Record<EventStore, StoreWork | null>>;
  readonly message: MessageWork;
  /** By size, the smallest first. Days of Analytics Engine are read from there, in slices of any size. */
  readonly days: { readonly d1: readonly DayWork[]; readonly analytics_engine: readonly DayWork[] | null };
  /** Deleting the events of a day past retention. */
  readonly purge: { readonly events: number; readonly work: Work };
  /** All runs of the cron of a day that find nothing to do: as such, and what each pixel adds. */
  readonly idleCron: { readonly fixed: Work; readonly eachPixel: Work };
  /** What all runs of a day ask Analytics Engine if it is the event store, apart from days. */
  readonly idlePointQueries: number;
  /** A dashboard's queries without a filter: about a day that is rolled up, and what each event of an open day adds. */
  readonly view: { readonly finished: Work; readonly openEach: number };
}

/** Milliseconds, which depend on the machine. */
export interface Times {
  /** The machine, and the versions of the runtime. */
  readonly machine: string;
  /** CPU of the Worker for an event that is one request, until it is stored, by store and mode. */
  readonly eventCpu: Readonly<Record<EventStore, Readonly<Record<IngestMode, number>> | null>>;
  /** CPU of the cron for an event of a day that is counted in slices, by store. */
  readonly cronCpu: Readonly<Record<EventStore, number>>;
  /** Time of D1: an insert, and each event in it; rolling up an event of the largest day; deleting an event. */
  readonly insert: { readonly fixed: number; readonly each: number };
  readonly rollUpEach: Readonly<Record<EventStore, number>>;
  readonly purgeEach: number;
  /** Time of D1: a row that a slice only looks at to find out whether it is of its visitors. */
  readonly scannedRow: number;
  /** Time of D1: the longest statement of the largest day, for each event of its slice. */
  readonly longestEach: number;
}

export interface Measured {
  readonly counts: Counts;
  readonly times: Times;
}

export const MEASURED_FILE = new URL('measured.json', import.meta.url);

/** What was measured for the documents. `npm run simulate -- --document` writes it. */
export function committedMeasured(): Measured {
  return JSON.parse(readFileSync(MEASURED_FILE, 'utf8')) as Measured;
}
