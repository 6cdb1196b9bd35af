/** Cuts deliveries into batches that a network takes. */
import type { Network } from './network.ts';
import type { Ready } from './prepare.ts';

/** Bytes of a request besides its events. */
const ENVELOPE_BYTES = 1000;

const encoder = new TextEncoder();

/** @param most the events of a batch. */
export function batchesOf({ batch }: Network, ready: readonly Ready[], most: number): Ready[][] {
  const batches: Ready[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const one of ready) {
    const length = encoder.encode(JSON.stringify(one.event)).length + 1;
    if (size + length > batch.bytes - ENVELOPE_BYTES || (batches.at(-1)?.length ?? 0) >= most) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push(one);
    size += length;
  }
  return batches;
}
