/** What happens on a page, and its way to the Worker. docs/tag.md says what each field of an event holds. */
import { say } from './debug.ts';
import { reportEngagement } from './engagement.ts';
import { hashing, matchUser, userData } from './matching.ts';
import { listen, pageUrl } from './page.ts';
import { address, load, options } from './script.ts';

export type Data = Record<string, unknown>;
export interface About {
  readonly eventID?: string | undefined;
  readonly url?: string | undefined;
}
export type Call = [command?: unknown, name?: string, data?: Data, about?: About];

/** Events in one request; the Worker takes up to 100. */
const BATCH = 50;

/** Events as JSON; with options as objects, since user data may be added until they are sent. */
let waiting: unknown[] = [];
/** The page that was counted last. */
export let page: string | undefined;
let referrer = document.referrer;
let user: unknown;
/** The signature of the user's id, made by the owner's server. */
let signature: unknown;
let sender: ReturnType<typeof load> | undefined;
/** Whether nothing is sent; with options, why. */
let silence: unknown;

/**
 * 131 random bits, for the Worker's cookie once consent lets it have one: so the events of a page are one person's.
 * Not Math.random, which pages replace, nor crypto.randomUUID, which pages without https lack.
 */
const cid = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))
  .replace(/\W/g, '')
  .slice(0, 22);

try {
  silence =
    (!('local' in options) &&
      /^$|^127\.|\[::1]|\blocalhost$/.test(location.hostname) &&
      (!PLUS || 'no data-local')) ||
    (localStorage['speck_ignore'] && (!PLUS || 'speck_ignore'));
} catch {
  // A page that may have no storage, such as one in a sandbox.
}

export const track = (name: string | undefined, data?: Data, about?: About): void => {
  try {
    if (silence || !name || (META && !options.pixel)) throw silence || (PLUS && 'no name or data-pixel');
    const url = (PLUS && about?.url) || pageUrl();
    if (name === 'pageview') {
      if (PLUS) reportEngagement();
      referrer = page || referrer;
      page = url;
    }
    // At once, since the page may change its data before it is sent.
    const event = JSON.stringify({
      id: options.pixel,
      ev: name,
      dl: url,
      rl: referrer,
      eid: about?.eventID,
      consent: options.consent,
      uid: user,
      ...(!META && { uid_sig: signature }),
      ...(options.consent === 'granted' && { cid }),
      cd: data,
    });
    if (PLUS) say(event);
    waiting.push(PLUS ? { ...JSON.parse(event), ud: userData } : event);
    queueMicrotask(flush);
  } catch (error) {
    // Data that JSON cannot hold, such as a cycle: there is nothing to send, and the page must not suffer for it.
    if (PLUS) say(name, error);
  }
};

/** Counts the page, unless it is the one that was counted last. */
export const view = (data?: Data, about?: About): void => {
  if (pageUrl() !== page) track('pageview', data, about);
};

/**
 * Does what speck(…) was called with. An engagement without anything in it counts as no event: the Worker learns by it
 * of a user or a consent now, not with the next event.
 */
export const handle = ([command, name, data, about]: Call): void => {
  if (command === 'track') track(name, data, about);
  else if (command === 'optout') {
    silence = !PLUS || 'opted out';
    waiting = [];
    if (!PLUS || navigator.onLine) post('/opt-out', 'from=tag');
    else listen('online', () => handle(['optout']));
  } else if (command === 'identify') {
    user = name;
    if (!META) signature = data?.['sig'];
    if (PLUS) matchUser(data);
    track('engagement');
  } else if (command === 'consent') {
    options.consent = name as string;
    track('engagement');
  } else if (PLUS) say(command);
};

export const flush = (): void => {
  // Offline, sendBeacon takes an event and loses it.
  while ((!PLUS || (navigator.onLine && !hashing)) && waiting[0]) {
    const batch = waiting.splice(0, BATCH);
    post((PLUS && options.path) || '/beacon', PLUS ? JSON.stringify(batch) : `[${batch}]`);
  }
};

/** By sendBeacon, which survives the page; by other means where it is missing, refuses or is full. */
const post = (path: string, body: string): void => {
  if (navigator.sendBeacon?.(address(path), body)) return;
  // Once, since imports of the same script need not come back in order.
  sender = sender || load('send');
  sender.then((send) => send.default(address, path, body), PLUS ? say : () => {});
};
