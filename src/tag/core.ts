/** What happens on a page, and its way to the Worker. docs/tag.md says what each field of an event holds. */
import { say } from './debug.ts';
import { reportEngagement } from './engagement.ts';
import { toJson } from './json.ts';
import { hashing, matchUser, userData } from './matching.ts';
import { listen, pageUrl } from './page.ts';
import { address, doc, load, options } from './script.ts';

export type Data = Record<string, unknown>;
export interface About {
  readonly eventID?: string | undefined;
  readonly url?: string | undefined;
  /** Of a page view: that the address changed within the page. */
  readonly nav?: 1;
}
export type Call = [command?: unknown, name?: string, data?: Data, about?: About];

/** Events as JSON; with options beside the user data that they will have once it is hashed. */
let waiting: unknown[] = [];
/** The page that was counted last. */
export let page: string | undefined;
let referrer: string | undefined;
let user: unknown;
/** The signature of the user's id, made by the owner's server. */
let signature: unknown;
let sender: ReturnType<typeof load> | undefined;
/** Whether the owner has been told that nothing can be sent. */
let failed = false;
/** Whether nothing is sent; with options, why. */
let silence: unknown;

/**
 * 128 random bits, for the Worker's cookie once consent lets it have one: so the events of a page are one person's.
 * Not Math.random, which pages replace, nor crypto.randomUUID, which pages without https lack.
 */
let cid: string | undefined;

/**
 * Whether the page has left alone what builds other than /speck.all.js stand on: whether lists and objects have only methods
 * that the language gives them, JSON is one, and no element hides what the document says.
 */
export let isSound: boolean | undefined;

try {
  silence = !('local' in options) && /^$|^127\.|\[::1]|\blocalhost$/.test(location.hostname);
  if (ALL && silence) silence = 'no data-local';
  referrer = doc.referrer;
  cid = `${crypto.getRandomValues(new Uint32Array(4))}`;
  if (!ALL) {
    isSound = toJson([referrer])[1] === '"';
    for (const _ in []) isSound = false;
  }
  silence = silence || (ALL ? localStorage['speck_ignore'] && 'speck_ignore' : localStorage['speck_ignore']);
} catch {
  // A page that may have no storage, such as one in a sandbox, or that keeps its referrer to itself.
}

export const track = (name: string | undefined, data?: Data, about?: About): void => {
  try {
    // Without what the page has given to all objects.
    if (ALL) about = { __proto__: null, ...about } as About;
    if (silence || !name || (META && !options.pixel)) say(name, silence || 'no name or data-pixel');
    else {
      const url = ((PLUS || META) && about?.url) || pageUrl();
      if (name === 'pageview') {
        if (PLUS) reportEngagement();
        referrer = page || referrer;
        page = url;
      }
      // As JSON at once, since the page may change its data before it is sent.
      flush(
        toJson({
          id: options.pixel,
          ev: name,
          dl: url,
          rl: referrer,
          nav: about?.nav,
          eid: about?.eventID,
          consent: options.consent,
          uid: user,
          ...((ALL || !META) && { uid_sig: signature }),
          cid: options.consent === 'granted' ? cid : undefined,
          cd: data,
        }),
      );
    }
  } catch (error) {
    // Data that JSON cannot hold, such as a cycle: there is nothing to send, and the page must not suffer for it.
    if (ALL) say(name, error);
  }
};

/** Counts the page, unless it is the one that was counted last. */
export const view = (about?: About, data?: Data): unknown =>
  pageUrl() !== page && track('pageview', data, about);

/**
 * Does what speck(…) was called with. An engagement without anything in it counts as no event: the Worker learns by it
 * of a user or a consent now, not with the next event.
 */
export const handle = ([command, name, data, about]: Call): void => {
  if (command === 'track') track(name, data, about);
  else if (command === 'optout') {
    silence = !ALL || 'opted out';
    waiting = [];
    if (!(PLUS || META) || navigator.onLine) post('opt-out', 'from=tag');
    else listen('online', () => handle(['optout']));
  } else if (command === 'identify') {
    user = name;
    if (ALL || !META) signature = data?.['sig'];
    if (PLUS || META) matchUser(data);
    track('engagement');
  } else if (command === 'consent') {
    options.consent = name as string;
    track('engagement');
  } else if (ALL) say(command);
};

/** An event as JSON, and the data of the user that it is of. */
type Sending = readonly [event: string, ud: unknown];

const withUsers = (batch: readonly Sending[]): string => {
  let body = '';
  for (const [event, ud] of batch) {
    body += `${body && ','}${ud ? `${event.slice(0, -1)},"ud":${toJson(ud)}}` : event}`;
  }
  return body;
};

/**
 * Sends what the page does at one moment together. `await` needs neither the page's Promise nor its queueMicrotask.
 * @param event as JSON; without one, only what waits already is sent.
 */
export const flush = async (event?: string): Promise<void> => {
  if (ALL && event) say(event);
  if (PLUS || META) {
    if (event) waiting.push([event, userData]);
  } else waiting.push(event);
  await 0;
  // The Worker takes up to 100 events in one request. Offline, sendBeacon takes an event and loses it.
  while ((!(PLUS || META) || (navigator.onLine && !hashing)) && waiting[0]) {
    post(
      (ALL && options.path?.replace(/.*\//, '')) || 'beacon',
      `[${PLUS || META ? withUsers(waiting.splice(0, 50) as Sending[]) : waiting.splice(0, 50)}]`,
    );
  }
};

/** By sendBeacon, which survives the page; by other means where it is missing, refuses or is full. */
const post = async (name: string, body: string): Promise<void> => {
  try {
    // A wrapper of the page's that gives nothing back has sent it.
    if (navigator.sendBeacon(address(name), body) !== false) return;
  } catch {
    // It is missing, or the page's own.
  }
  try {
    // Once, since imports of the same script need not come back in order.
    sender = sender || load('send');
    await (await sender).default(address, name, body);
  } catch {
    if (ALL && !failed) console.error('Speck: cannot send to', address(''));
    failed = true;
  }
};
