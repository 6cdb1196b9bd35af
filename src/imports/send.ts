/**
 * Sends the items of a file to Speck, in batches from the position that Speck has reached. It may be interrupted anywhere: the same file
 * then continues there.
 */
import type { ImportState } from '../model/import.ts';
import type { ImportedEvent, ImportItem } from './importer.ts';

/** An import, as far as its sender needs to know it. */
export interface RemoteImport {
  readonly id: string;
  readonly state: ImportState;
  readonly position: number;
}

export interface RejectedItem {
  readonly at: number;
  readonly reason: string;
  readonly detail: string;
}

/** The requests to Speck. Each must be repeated until it succeeds, or throw. */
export interface ImportRequests<Remote extends RemoteImport> {
  /** Begins the import, or continues the one of the same file. */
  begin(): Promise<Remote>;
  /** Sends a batch, as JSON. @throws OutOfStep if the import is at another position. */
  send(
    id: string,
    body: string,
  ): Promise<{ readonly import: Remote; readonly rejected: readonly RejectedItem[] }>;
}

/** The import is not at the position that its sender believed: another sender has sent the same file. */
export class OutOfStep extends Error {}

export interface SendOptions<Remote extends RemoteImport> {
  /** Reads the file from its beginning. */
  readonly read: () => AsyncIterable<ImportItem>;
  readonly requests: ImportRequests<Remote>;
  /** Completes paths. */
  readonly origin: string;
  /** The most items of a batch. */
  readonly most: number;
  /** Whether to stop after the batch that is being sent. */
  readonly isStopped?: () => boolean;
  /** Called for each item that is read, so that a browser can do other things meanwhile. */
  readonly onItem?: (item: ImportItem) => Promise<void> | undefined;
  readonly onProgress?: (remote: Remote) => void;
  /** @param line of the item in the file. */
  readonly onRejected?: (line: number, item: RejectedItem) => void;
}

/** How often a sender follows another one before it gives up. */
const MAX_STEPS = 100;

/**
 * @returns the import: complete, unless it was stopped.
 * @throws what the requests and the importer throw.
 */
export async function sendFile<Remote extends RemoteImport>(options: SendOptions<Remote>): Promise<Remote> {
  for (let step = 0; step < MAX_STEPS; step++) {
    const remote = await options.requests.begin();
    options.onProgress?.(remote);
    if (remote.state !== 'open') return remote;
    try {
      return await sendFrom(remote, options);
    } catch (error) {
      if (!(error instanceof OutOfStep)) throw error;
    }
  }
  throw new Error('Another sender is importing the same file. Wait until it has finished.');
}

async function sendFrom<Remote extends RemoteImport>(
  begun: Remote,
  { read, requests, origin, most, isStopped, onItem, onProgress, onRejected }: SendOptions<Remote>,
): Promise<Remote> {
  let remote = begun;
  let batch = new Batch(remote.position);
  const send = async (end: boolean): Promise<void> => {
    const { lines } = batch;
    const answer = await requests.send(remote.id, batch.json(end));
    remote = answer.import;
    for (const item of answer.rejected) onRejected?.(lines.get(item.at) ?? 0, item);
    onProgress?.(remote);
    batch = new Batch(batch.to);
  };
  let place = 0;
  for await (const item of read()) {
    const pause = onItem?.(item);
    if (pause) await pause;
    if (place++ < begun.position) continue;
    if (batch.isFull(most)) await send(false);
    if (isStopped?.()) return remote;
    batch.add(item, origin);
  }
  if (place < remote.position)
    throw new Error('The file has fewer items than were sent of it. Is it still the same?');
  await send(true);
  return remote;
}

/** Characters of a batch: in UTF-8 they are less than the megabyte of a request, unless most of them are beyond ASCII. */
const MAX_CHARACTERS = 320_000;
/** Items without an event are only counted, so a batch may cover many. */
const MAX_COVERED = 100_000;

class Batch {
  readonly #from: number;
  readonly #items: string[] = [];
  readonly #leftOut = new Map<string, number>();
  #unreadable = 0;
  #characters = 0;
  #to: number;
  /** The line of each item, by its position. */
  readonly lines = new Map<number, number>();

  constructor(from: number) {
    this.#from = from;
    this.#to = from;
  }

  get to(): number {
    return this.#to;
  }

  isFull(most: number): boolean {
    return (
      this.#items.length >= most || this.#characters > MAX_CHARACTERS || this.#to - this.#from >= MAX_COVERED
    );
  }

  add(item: ImportItem, origin: string): void {
    const at = this.#to++;
    if (item.kind === 'unreadable') this.#unreadable++;
    else if (item.kind === 'left_out') {
      const reason = item.reason.slice(0, 120) || '(none)';
      this.#leftOut.set(reason, (this.#leftOut.get(reason) ?? 0) + 1);
    } else {
      const json = JSON.stringify(
        item.kind === 'event' ? { at, event: completed(item.event, origin) } : { at, totals: item.totals },
      );
      this.lines.set(at, item.line);
      this.#items.push(json);
      this.#characters += json.length;
    }
  }

  json(end: boolean): string {
    const counted = { left_out: Object.fromEntries(this.#leftOut), unreadable: this.#unreadable, end };
    const rest = JSON.stringify({ from: this.#from, to: this.#to, ...counted });
    return `${rest.slice(0, -1)},"items":[${this.#items.join(',')}]}`;
  }
}

/** An event whose path is a complete URL. */
function completed(event: ImportedEvent, origin: string): ImportedEvent {
  const isPath = event.dl.startsWith('/') && !event.dl.startsWith('//');
  return isPath ? { ...event, dl: origin + event.dl } : event;
}
