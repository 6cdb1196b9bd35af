/**
 * What an importer is: it reads a file that another tool has written, and yields what Speck can store of it, in the order of the file.
 * Importers run in Node and in browsers alike, so they use neither Node's modules nor D1.
 */

import type { ImportedEvent } from '../model/import.ts';
import type { ImportedTotals } from '../model/imported-totals.ts';

export type { ImportedEvent, ImportedTotals };

import type { LogFormatName } from './logs/formats.ts';
import type { Includable } from './logs/skipped.ts';

/** A file as it lies on a disk. Gzipped files are unpacked before an importer reads them; zip files are not. */
export interface ImportFile {
  readonly name: string;
  readonly blob: Blob;
}

/** One thing that an importer has read. `line` is the number of its line or row in the file, from 1. */
export type ImportItem =
  | { readonly kind: 'event'; readonly event: ImportedEvent; readonly line: number }
  | { readonly kind: 'totals'; readonly totals: ImportedTotals; readonly line: number }
  | { readonly kind: 'unreadable'; readonly line: number; readonly why: string }
  /** What the file says and Speck does not keep, such as a request for a style sheet. Counted by reason. */
  | { readonly kind: 'left_out'; readonly line: number; readonly reason: string };

export interface ImportOptions {
  /** The origin of the site, such as `https://example.com`. It completes paths. */
  readonly origin: string;
  /** The time zone of the pixel, for sources that write local times without an offset. */
  readonly timezone: string;
  /** Of an access log. */
  readonly log?: {
    /** Default: the format that its first lines are recognized by. */
    readonly format?: LogFormatName;
    /** The hosts that are counted, each under its own name. Default: only the origin's. */
    readonly hosts?: readonly string[] | 'all';
    /** Requests that are counted although they are not page views. */
    readonly include?: readonly Includable[];
  };
}

/** How sure an importer is that a file is its own: 0 no, 1 maybe, 2 certain. */
export type Certainty = 0 | 1 | 2;

export interface Importer {
  /** As in `--from`. */
  readonly name: string;
  /** Judges a file by its name and its first bytes, unpacked. */
  readonly recognize: (name: string, start: Uint8Array) => Certainty;
  /** Must yield the same items in the same order each time that it reads the same file: an interrupted import counts on it. */
  readonly read: (file: ImportFile, options: ImportOptions) => AsyncIterable<ImportItem>;
  /** What this source's export lacks, or Speck does not keep: plain sentences for the report. */
  readonly losses: readonly string[];
}
