/** What the files of archived events are called in the bucket, and how long a restored day stays. */

/** A file of the archive: a part of a pixel's local day. Most days have one part. */
export interface ArchivePart {
  readonly pixel: string;
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** From 0. */
  readonly part: number;
}

/** The folder of a pixel's files. Its form is Hive's, so that readers of Parquet have `pixel` and `day` as columns. */
export const archiveFolder = (pixel: string): string => `events/pixel=${pixel}/`;

export const archiveKey = ({ pixel, day, part }: ArchivePart): string =>
  `${archiveFolder(pixel)}day=${day}/part-${part}.parquet`;

/** Milliseconds for which the purge of a restored day waits. */
export const RESTORED_FOR = 30 * 24 * 3_600_000;
