/** Makes events of what happens on a page, and handles the owner's calls. docs/tag.md explains each field of an event. */
import { say } from './debug.ts';
import { toJson } from './json.ts';
import { newId } from './new-id.ts';
import { type Data, flush, matchUser, post, waiting } from './outbox.ts';
import { listen, pageUrl } from './page.ts';
import { doc, options, relays } from './script.ts';

export interface About {
  readonly eventID?: string | undefined;
  /** The id that the snippet for data-relay made for a call before the tag ran. It counts only with a consent. */
  readonly relayID?: string | undefined;
  readonly url?: string | undefined;
  /** For a page view: the address changed within the page. */
  readonly nav?: 1;
}
export type Call = [command?: unknown, name?: string, data?: Data, about?: About];

/** The last page that was counted. */
export let page: string | undefined;
/** The id of its page view, if it has one. */
let viewId: string | undefined;

/** `leave` is called before another page is counted. engagement.ts sets it, in builds that have options. */
export const hooks = {} as { leave(): void };
let referrer: string | undefined;
/** The address that the page was loaded with. Within the page, others may follow before the visitor consents. */
let landing: string | undefined;
let user: unknown;
/** The signature of the user's id, made by the owner's server. */
let signature: unknown;
/** Why nothing is sent: LOCAL on the owner's machine. With ALL, a text that data-debug prints. */
export let silence: unknown;
export const LOCAL = ALL ? 'no data-local' : true;

/**
 * 128 random bits for the Worker's cookie, which consent allows: with them the events of one page belong to one person. Pages
 * replace Math.random, and crypto.randomUUID does not exist on pages without https.
 */
let cid: string | undefined;

/**
 * Whether the page leaves intact what all builds but /speck.all.js rely on: lists and objects have no methods of the page's,
 * JSON works, and no element hides a property of the document.
 */
export let isSound: boolean | undefined;

try {
  silence = options['local'] == null && /^$|^127\.|^\[::|localhost$/.test(location.hostname);
  if (ALL && silence) silence = LOCAL;
  referrer = doc.referrer;
  if (ALL) landing = pageUrl();
  cid = `${crypto.getRandomValues(new Uint32Array(4))}`;
  if (!ALL) {
    isSound = toJson([referrer])[1] === '"';
    for (const _ in []) isSound = false;
  }
  silence = silence || (ALL ? localStorage['speck_ignore'] && 'speck_ignore' : localStorage['speck_ignore']);
} catch {
  // The page has no storage, as in a sandbox, or hides its referrer.
}

/**
 * Sends an event.
 * @param isHandedOn whether the caller passes its id on. With data-relay, an event without an id then gets one.
 * @returns the id, with ALL only.
 */
export const track = (
  name: string | undefined,
  data?: Data,
  about?: About,
  isHandedOn?: unknown,
): string | undefined => {
  try {
    let eid: string | undefined;
    // Drops properties that the page has added to all objects.
    if (ALL) about = { __proto__: null, ...about } as About;
    if (silence || !name || (META && !options.pixel)) say(name, silence || 'no name or data-pixel');
    else {
      const url = ((PLUS || META) && about?.url) || pageUrl();
      if (ALL) {
        eid = about?.eventID;
        if (!eid && name !== 'engagement' && relays())
          eid = about?.relayID || (isHandedOn ? newId() : undefined);
      }
      if (name === 'pageview') {
        if (PLUS) hooks.leave();
        referrer = page || referrer;
        page = url;
        if (ALL) viewId = eid;
      }
      // Written as JSON at once: the page may change its data before it is sent.
      flush(
        toJson({
          id: options.pixel,
          ev: name,
          dl: url,
          rl: referrer,
          nav: about?.nav,
          eid: ALL ? eid : about?.eventID,
          consent: options.consent,
          uid: user,
          ...((ALL || !META) && { uid_sig: signature }),
          cid: options.consent === 'granted' ? cid : undefined,
          cd: data,
        }),
      );
      if (ALL) return eid;
    }
  } catch (error) {
    // JSON cannot hold the data, such as a cycle. Nothing is sent, and the page must not see the error.
    if (ALL) say(name, error);
  }
  return;
};

/**
 * Counts the page, unless it was the last one counted.
 * @returns with ALL, the id of its page view. Meta's own script gets it as well, so a page view has one if there is an alias.
 */
export const view = (about?: About, data?: Data): unknown =>
  pageUrl() !== page ? track('pageview', data, about, ALL && options.alias) : ALL && relays() && viewId;

/**
 * Runs a call of speck(…). A new user or consent is sent at once, in an engagement without data, which is not counted as an
 * event.
 * @param isHandedOn whether the caller gets what is returned.
 * @returns with ALL, the id of the event.
 */
export const handle = ([command, name, data, about]: Call, isHandedOn?: unknown): string | undefined => {
  if (ALL && command === 'track') return track(name, data, about, isHandedOn);
  if (command === 'track') track(name, data, about);
  else if (command === 'optout') {
    silence = ALL ? 'opted out' : 1;
    waiting.splice(0);
    if (!(PLUS || META) || navigator.onLine) post('opt-out', 'from=tag');
    else listen('online', () => handle(['optout']));
  } else if (command === 'identify') {
    user = name;
    if (ALL || !META) signature = data?.['sig'];
    if (PLUS || META) matchUser(data);
    track('engagement');
  } else if (command === 'consent') {
    options.consent = name as string;
    // The address of the landing has the id of the click on an advertisement, which the Worker keeps from now on.
    if (ALL && relays()) track('engagement', undefined, { url: landing });
    else track('engagement');
  } else if (ALL) say(command);
  return;
};
