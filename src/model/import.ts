/** Imports of files that other tools have written. */
import type { Campaign } from './campaign.ts';
import { isBase58, randomBase58 } from './random.ts';

/**
 * `open`: more of the file may follow. `complete`: the file has been read to its end. `undoing`: its events are being deleted.
 * `kept`: it cannot be undone any more.
 */
export type ImportState = 'open' | 'complete' | 'undoing' | 'kept';

/** One event of an export, as the source has it. It is enriched as any other event. */
export interface ImportedEvent {
  /** Epoch milliseconds. */
  readonly ts: number;
  /** Default: a page view. */
  readonly ev?: string;
  /** A complete URL, or a path, which the import's origin completes, or else the pixel's URL. */
  readonly dl: string;
  /** The complete URL of the referrer, or only its host. */
  readonly rl?: string;
  /** The source's own id of the event, or an id made from its row, so that overlapping files count nothing twice. */
  readonly eid?: string;
  /** The source's own id of the visitor or session. It is hashed, never stored. */
  readonly visitor?: string;
  readonly ip?: string;
  /** The user agent. If there is one, it is parsed, and the source's names of browser, system and device do not count. */
  readonly ua?: string;
  readonly browser?: string;
  readonly browser_version?: string;
  readonly os?: string;
  readonly os_version?: string;
  readonly device?: string;
  readonly country?: string;
  readonly region?: string;
  readonly city?: string;
  readonly language?: string;
  /** If the source does not have them in `dl`. */
  readonly utm?: Campaign;
  /** Custom data. `value` and `currency` are revenue. */
  readonly cd?: Readonly<Record<string, unknown>>;
  /** Of an engagement: milliseconds. */
  readonly engaged?: number;
  /** Of an engagement: percent. */
  readonly scroll?: number;
}

/** What became of the items of an import. */
export interface ImportCounts {
  /** Events of this import that are stored. */
  readonly stored: number;
  /** Events that were stored before, by another import or by their client. */
  readonly duplicates: number;
  /** Rows of totals that are stored. */
  readonly totals: number;
  readonly unreadable: number;
  /** By the reasons of model/rejection.ts. */
  readonly rejected: Readonly<Record<string, number>>;
  /** The rejected bots, by name. */
  readonly bots: Readonly<Record<string, number>>;
  /** By reason: the importer's, and those of `LEFT_OUT`. */
  readonly left_out: Readonly<Record<string, number>>;
  /** Events that are stored without a part, such as an amount that is no number, by the reasons of model/rejection.ts. */
  readonly incomplete: Readonly<Record<string, number>>;
  /** The times of the first and the last stored event, in epoch milliseconds; null if none is stored. */
  readonly first_ts: number | null;
  readonly last_ts: number | null;
}

export const NO_COUNTS: ImportCounts = {
  stored: 0,
  duplicates: 0,
  totals: 0,
  unreadable: 0,
  rejected: {},
  bots: {},
  left_out: {},
  incomplete: {},
  first_ts: null,
  last_ts: null,
};

/** Why an item is left out that lies outside of the import's range of time. */
export const LEFT_OUT = {
  before_since: 'Before the first day to import.',
  after_until: 'After the last day to import, or from when Speck counted itself.',
  totals_overlap: 'Another import has totals of this day.',
} as const;

export interface Import {
  readonly pixel: string;
  readonly id: string;
  /** The name of the importer. */
  readonly source: string;
  /** The name of the file. */
  readonly file: string;
  /** A hash of the file and of how it is read. The same file continues the same import. */
  readonly fingerprint: string;
  readonly state: ImportState;
  /** Events from `since` on and before `until` are stored, in epoch milliseconds; null: no limit. */
  readonly since: number | null;
  readonly until: number | null;
  /** How many items of the file have been taken. */
  readonly position: number;
  readonly counts: ImportCounts;
  readonly created_at: number;
  readonly updated_at: number;
}

/** An import as the API answers it. Times are ISO 8601. */
export interface ImportJson extends Omit<ImportCounts, 'first_ts' | 'last_ts'> {
  readonly id: string;
  readonly source: string;
  readonly file: string;
  readonly state: ImportState;
  readonly position: number;
  readonly since: string | null;
  readonly until: string | null;
  readonly first_at: string | null;
  readonly last_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  /** Until when it can be undone; null if it cannot. */
  readonly undo_until: string | null;
}

/** Imports of a pixel; and reasons and bots that an import counts, each. Further ones count as `(other)`. */
export const MAX_IMPORTS = 1000;
export const MAX_IMPORT_REASONS = 50;
/** Characters of a file's name, and of a source's id of a visitor. All these characters of an id are hashed. */
export const MAX_FILE_NAME = 255;
export const MAX_IMPORTED_VISITOR = 255;

/** For how long after its last change an import can be undone, in milliseconds, unless its owner keeps it before. */
export const UNDO_TIME = 30 * 24 * 3_600_000;

/** Characters of the id of an import, without its prefix. */
const ID_LENGTH = 12;
const ID_PREFIX = 'imp_';

export const newImportId = (): string => ID_PREFIX + randomBase58(ID_LENGTH);
export const isImportId = (text: string): boolean =>
  text.startsWith(ID_PREFIX) && isBase58(text.slice(ID_PREFIX.length), ID_LENGTH);

/**
 * The id of an imported event: that of its import, and its place in the file. So the same item always has the same id, and the
 * events of an import are in the order of the file.
 */
export const importedEventId = (id: string, place: number): string =>
  `${id}${place.toString(36).padStart(7, '0')}`;
