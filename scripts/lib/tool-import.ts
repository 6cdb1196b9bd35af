/** Imports a file of another tool: reads it where it is, and sends its events. */
import { openAsBlob, statSync } from 'node:fs';
import { basename } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGunzip } from 'node:zlib';
import { fingerprintOf, type Gunzip, openFile } from '../../src/imports/file.ts';
import type { Importer, ImportFile, ImportOptions as ReadOptions } from '../../src/imports/importer.ts';
import { sendFile } from '../../src/imports/send.ts';
import { Counter } from '../../src/imports/summary.ts';
import { MAX_FILE_NAME } from '../../src/model/import.ts';
import type { ClientOptions } from './api-client.ts';
import type { ImportOptions } from './import-options.ts';
import type { Progress } from './import-report.ts';
import { importRequests, readSite } from './imports-client.ts';
import { drySummary, importSummary } from './tool-report.ts';

/** Node's own unpacking is faster than that of browsers, and checks the sums in the file. */
const gunzip: Gunzip = (packed) =>
  // An error on the way also ends the last stream, where it is thrown.
  ReadableStream.from(
    pipeline(Readable.fromWeb(packed as never), createGunzip(), () => undefined),
  ) as unknown as ReturnType<Gunzip>;

/** A file as it lies on the disk, and as importers read it. */
export interface OpenedFile {
  readonly packed: ImportFile;
  readonly unpacked: ImportFile;
}

/** @throws what the file system throws. */
export async function openImportFile(path: string): Promise<OpenedFile> {
  // Its message says what is wrong, and that of a blob does not.
  statSync(path);
  const packed = { name: basename(path), blob: await openAsBlob(path) };
  return { packed, unpacked: await openFile(packed, gunzip) };
}

/** Rejected lines that are listed, by reason. */
const LISTED = 5;

/**
 * Imports a file, or says what would be imported.
 *
 * @returns the report, and whether everything was taken but what is never counted.
 * @throws SendError, and what reading the file throws.
 */
export async function importToolFile(
  { packed, unpacked }: OpenedFile,
  importer: Importer,
  options: ImportOptions,
  progress: Progress,
): Promise<{ readonly text: string; readonly complete: boolean }> {
  const client: ClientOptions = {
    url: options.url,
    token: options.token,
    onRetry: (message) => progress.say(message),
  };
  const readOptions = await readOptionsOf(options, client);
  const counter = new Counter();
  const read = () => importer.read(unpacked, readOptions);
  if (options.dryRun) {
    for await (const item of read()) {
      counter.add(item);
      progress.show(() => `${counter.items} items`, undefined);
    }
    const { summary } = counter;
    return {
      text: drySummary(packed.name, importer, summary),
      complete: summary.unreadable === 0 || summary.events + summary.totals > 0,
    };
  }

  const range = {
    ...(options.since === undefined ? {} : { since: options.since }),
    ...(options.until === undefined ? {} : { until: options.until }),
  };
  const fingerprint = await fingerprintOf(packed, readOptions, range);
  const begun = { source: importer.name, file: packed.name.slice(0, MAX_FILE_NAME), fingerprint, ...range };
  const rejected = new Map<string, string[]>();
  let status = '';
  const remote = await sendFile({
    read,
    requests: importRequests(options.pixel, begun, client),
    origin: readOptions.origin,
    most: options.batch,
    onItem: (item) => {
      counter.add(item);
      progress.show(() => status, undefined);
      return undefined;
    },
    onProgress: ({ id, position, stored }) => {
      status = `${id}: ${position} items, ${stored} events stored`;
      progress.show(() => status, undefined);
    },
    onRejected: (line, { reason, detail }) => {
      const lines = rejected.get(reason) ?? [];
      if (lines.length < LISTED) lines.push(`line ${line}: ${detail}`);
      rejected.set(reason, lines);
    },
  });
  return {
    text: importSummary(packed.name, importer, counter.summary, remote, rejected),
    complete: Object.keys(remote.rejected).every((reason) => reason === 'bot'),
  };
}

/** The options of the importer, with what the pixel says where the command does not. */
async function readOptionsOf(options: ImportOptions, client: ClientOptions): Promise<ReadOptions> {
  const { format, hosts, include } = options;
  const isUnknown = options.token === '';
  const site = isUnknown ? null : await readSite(options.pixel, client);
  const origin = options.origin ?? (site && URL.parse(site.url)?.origin) ?? 'https://site.invalid';
  const log = {
    ...(format === undefined ? {} : { format }),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(include.size === 0 ? {} : { include: [...include] }),
  };
  return {
    origin,
    timezone: site?.timezone ?? 'UTC',
    ...(Object.keys(log).length === 0 ? {} : { log }),
  };
}
