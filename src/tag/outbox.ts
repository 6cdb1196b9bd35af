/**
 * Sends events to the Worker. They wait here for the other events of the same moment, for a network, and for the hashes of
 * the user's data (advanced matching). Only hashes of such data are sent; hash.ts makes them.
 */
import { say } from './debug.ts';
import { toJson } from './json.ts';
import { address, load, options } from './script.ts';

export type Data = Record<string, unknown>;

/** An event as JSON, and the hashes of its user's data, which are filled in while it waits. */
type Entry = readonly [event: string, ud: unknown];

/** Entries, or in the small build only the JSON of events. */
export const waiting: unknown[] = [];
/** The hashes of the current user's data. */
let userData: Data | undefined;
/** How many users' data is being hashed. Events wait for it, so that they keep their order. */
let hashing = 0;
let sender: ReturnType<typeof load> | undefined;
/** Whether the owner has been warned that nothing can be sent. */
let failed = false;

/**
 * Sends the events of one moment together. `await` works even if the page has replaced Promise or queueMicrotask.
 * @param event as JSON; without one, only the waiting events are sent.
 */
export const flush = async (event?: string): Promise<void> => {
  if (ALL && event) say(event);
  if (PLUS || META) {
    if (event) waiting.push([event, userData]);
  } else waiting.push(event);
  await 0;
  // The Worker accepts up to 100 events in one request. Offline, sendBeacon accepts an event and loses it.
  while ((!(PLUS || META) || (navigator.onLine && !hashing)) && waiting[0]) {
    if (PLUS || META) {
      let body = '';
      for (const [event, ud] of waiting.splice(0, 50) as Entry[]) {
        body += `${body && ','}${ud ? `${event.slice(0, -1)},"ud":${toJson(ud)}}` : event}`;
      }
      post((ALL && options.path?.replace(/.*\//, '')) || 'beacon', `[${body}]`);
    } else post('beacon', `[${waiting.splice(0, 50)}]`);
  }
};

/** Sends by sendBeacon, which outlives the page; by other means if it is missing, refuses or is full. */
export const post = async (name: string, body: string): Promise<void> => {
  try {
    // False: the browser's queue is full. Undefined: a wrapper of the page's that returns nothing, and has sent it.
    if (navigator.sendBeacon(address(name), body) !== false) return;
  } catch {
    // It is missing, or the page has replaced it with something that throws.
  }
  try {
    // Loaded once: two imports of one script may resolve out of order.
    sender = sender || load('send');
    await (await sender).default(address, name, body);
  } catch {
    if (ALL && !failed) console.error('Speck: cannot send to', address(''));
    failed = true;
  }
};

/** Sets the user of the events that follow. */
export const matchUser = async (raw: unknown): Promise<void> => {
  // Also without data: the events of the next user must not carry the last one's.
  const hashes: Data | undefined = raw ? {} : undefined;
  userData = hashes;
  if (hashes) {
    hashing++;
    try {
      await (await load('hash')).default(hashes, raw);
    } catch (error) {
      say(error);
    }
    hashing--;
    flush();
  }
};
