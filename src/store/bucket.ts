/** The bucket that holds the archive. Each write says which version of the file it replaces, so a late writer overwrites nothing. */
import { type ArchivePart, archiveFolder, archiveKey } from '../model/archive.ts';

/** Thrown if a file has changed since it was read. Nothing was written. */
export class FileChanged extends Error {}

/** The version of a file; null if there is none. */
export async function versionOf(bucket: R2Bucket, file: ArchivePart): Promise<string | null> {
  return (await bucket.head(archiveKey(file)))?.etag ?? null;
}

/**
 * Writes a file.
 *
 * @param version the version that it replaces; null if it is new.
 * @returns its SHA-256 in hex, with which R2 has checked it.
 * @throws FileChanged, and what R2 throws.
 */
export async function writeFile(
  bucket: R2Bucket,
  file: ArchivePart,
  bytes: Uint8Array,
  version: string | null,
): Promise<string> {
  const sha256 = await sha256Of(bytes);
  const written = await bucket.put(archiveKey(file), bytes, {
    onlyIf: version === null ? { etagDoesNotMatch: '*' } : { etagMatches: version },
    sha256,
    httpMetadata: { contentType: 'application/vnd.apache.parquet' },
  });
  if (written === null) throw new FileChanged(`${archiveKey(file)} has been written meanwhile`);
  return sha256;
}

/** The SHA-256 of a file, in hex. */
export async function sha256Of(bytes: ArrayBuffer | Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex();
}

/** Files that R2 deletes at once. */
export const FILES_AT_ONCE = 1000;

/** Deletes up to `FILES_AT_ONCE` files. Those that do not exist are no error. */
export async function deleteFiles(bucket: R2Bucket, files: readonly ArchivePart[]): Promise<void> {
  if (files.length > 0) await bucket.delete(files.map(archiveKey));
}

/** Deletes some files of a pixel, whether or not the index has them. @returns whether more are left. */
export async function deleteSomeOf(bucket: R2Bucket, pixel: string): Promise<boolean> {
  const { objects, truncated } = await bucket.list({ prefix: archiveFolder(pixel), limit: FILES_AT_ONCE });
  if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key));
  return truncated;
}
