/**
 * Sends events to the Worker. They wait here for the other events of the same moment, for a network, and for the hashes of
 * the user's data (advanced matching). Only hashes of such data are sent; hash.ts makes them.
 */
import { say } from './debug.ts';
import type { RelayModule } from './host.ts';
import { toJson } from './json.ts';
import { listen } from './page.ts';
import { address, load, options, relays } from './script.ts';

export type Data = Record<string, unknown>;

/**
 * An event as JSON, the hashes of its user's data, which are filled in while it waits, and with ALL, whether networks may get it
 * (data-relay).
 */
type Entry = readonly [event: string, ud: Data | undefined, isRelayed?: boolean];

/** Entries, or in the small build only the JSON of events. */
export const waiting: unknown[] = [];
/** The hashes of the current user's data. */
let userData: Data | undefined;
/** How many users' data is being hashed, or the file for data-relay loaded. Events wait for it, so that they keep their order. */
let hashing = 0;
let relay: RelayModule | undefined;
let relayLoads: ReturnType<typeof load> | undefined;
/** The page is being left: what waits for a file is sent without it. */
let isLeaving = false;
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
    if (event) waiting.push(ALL ? [event, userData, relays()] : [event, userData]);
    if (ALL && !relayLoads && relays()) prepare();
  } else waiting.push(event);
  await 0;
  // The Worker accepts up to 100 events in one request. Offline, sendBeacon accepts an event and loses it.
  while ((!(PLUS || META) || (navigator.onLine && (!hashing || (ALL && isLeaving)))) && waiting[0]) {
    if (PLUS || META) {
      let body = '';
      for (const [event, hashes, isRelayed] of waiting.splice(0, 50) as Entry[]) {
        const ud = ALL && relay ? relay.complete(hashes, !!isRelayed && relays()) : hashes;
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
export const matchUser = (raw: unknown): void => {
  // Also without data: the events of the next user must not carry the last one's.
  userData = raw ? {} : undefined;
  if (userData) prepare(userData, raw);
};

/** Hashes a user's data, and loads the file for it. Events wait until this is done. Without data, loads the file for data-relay only. */
const prepare = async (hashes?: Data, raw?: unknown): Promise<void> => {
  hashing++;
  try {
    if (ALL && 'relay' in options) {
      relayLoads = relayLoads || load('relay');
      relay = (await relayLoads) as RelayModule;
      if (hashes) await relay.default(hashes, raw);
    } else await (await load('hash')).default(hashes, raw);
  } catch (error) {
    say(error);
  }
  hashing--;
  flush();
};

/** Sends events that wait for a file without it if the page is left: otherwise they would be lost. */
export const watchLeaving = (): void => {
  listen('pagehide', () => {
    isLeaving = true;
    flush();
  });
  listen('pageshow', () => {
    isLeaving = false;
  });
};
