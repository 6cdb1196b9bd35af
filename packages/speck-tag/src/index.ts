/**
 * Speck's tag for pages that are built with a bundler. It counts what the script tag counts. Importing it does nothing: it touches
 * the page when `init` is called, and on a server it never does.
 */
import { newId } from '../../../src/tag/new-id.ts';
import { startTag } from './start.js';

/** Standard events, by the names that other pixels use, too. Any other name is possible. */
export type StandardEvent =
  | 'pageview'
  | 'AddPaymentInfo'
  | 'AddToCart'
  | 'AddToWishlist'
  | 'CompleteRegistration'
  | 'Contact'
  | 'CustomizeProduct'
  | 'Donate'
  | 'FindLocation'
  | 'InitiateCheckout'
  | 'Lead'
  | 'Purchase'
  | 'Schedule'
  | 'Search'
  | 'StartTrial'
  | 'SubmitApplication'
  | 'Subscribe'
  | 'ViewContent';

export type EventName = StandardEvent | (string & {});

/** `value` and `currency` (ISO 4217) are revenue. Everything else is custom data. */
export interface EventData {
  value?: number | string | undefined;
  currency?: string | undefined;
  [key: string]: unknown;
}

export interface EventOptions {
  /** Your own id of the event. An event that is reported again within 48 hours under the same id counts once. */
  eventID?: string | undefined;
  /** The page's full URL, in place of the one in the address bar. */
  url?: string | undefined;
}

/** The values are normalized and hashed in the browser. A hexadecimal SHA-256 is passed on. */
export interface UserData {
  email?: string | undefined;
  /** With its country code. */
  phone?: string | number | undefined;
  external_id?: string | number | undefined;
  /** Your server's signature of the user id. */
  sig?: string | undefined;
}

export type Consent = 'granted' | 'denied';

/** What the tag reports automatically. */
export type Use = 'engagement' | 'outbound' | 'downloads' | 'forms' | '404' | 'attributes';

export interface Options {
  /** The pixel's id: `px_…`. */
  pixel: string;
  /** The URL of the Worker, with its path if it has one: `https://px.example.com` or `https://example.com/stats`. */
  endpoint: string;
  /** The Worker's `COLLECT_PATH`, if it has one: `/x`. */
  collectPath?: string | undefined;
  /** The visitor's choice, if it is known. Call `consent` when it changes. */
  consent?: Consent | undefined;
  /** What the tag reports automatically, besides page views. Default: nothing. */
  use?: 'all' | readonly Use[] | undefined;
  /** File extensions that count as downloads, in place of the usual ones. */
  downloads?: readonly string[] | undefined;
  /** Routes in the fragment (`#/about`) are pages. */
  hash?: boolean | undefined;
  /** No automatic page views: call `pageview` yourself. */
  manual?: boolean | undefined;
  /** The page's full URL, in place of the one in the address bar. */
  url?: string | undefined;
  /** This page is an error page: sends the event `404`. */
  notFound?: boolean | undefined;
  /** Counts pages on the developer's own machine, too. */
  local?: boolean | undefined;
  /** Explains in the console what is sent, and why something is not sent. */
  debug?: boolean | undefined;
  /** With the visitor's consent, sends what advertising networks need of a conversion, and lets `track` return the id of its event. */
  relay?: boolean | undefined;
}

/** With an id that counts with the option `relay` and a consent only. */
type About = EventOptions & { readonly relayID?: string | undefined };
type Call = readonly [command: string, name?: unknown, data?: unknown, about?: About];
type Speck = ((...call: Call) => unknown) & { q?: Call[] };

/**
 * Starts the tag: it counts this page, and from then on each navigation. Only the first call does anything, also if the page has the
 * script tag. On a server, it does nothing.
 */
export function init({ pixel, endpoint, collectPath, ...rest }: Options): void {
  if (typeof document === 'undefined') return;
  const base = endpoint.replace(/\/*$/, '/');
  const collector = collectPath?.replace(/^\/+/, '');
  startTag({
    options: attributesOf(pixel, rest),
    address: (name) => base + (collector && /^(beacon|p\.gif)$/.test(name) ? collector : name),
    load: (name) =>
      (name === 'send'
        ? import('./send.ts')
        : name === 'relay'
          ? import('./relay.ts')
          : import('./hash.ts')) as never,
  });
}

/** The options as the attributes of a script element have them: an option that is off is absent. */
function attributesOf(
  pixel: string,
  {
    consent,
    use,
    downloads,
    hash,
    manual,
    url,
    notFound,
    local,
    debug,
    relay,
  }: Omit<Options, 'pixel' | 'endpoint' | 'collectPath'>,
): Record<string, string> {
  const attributes: Record<string, string> = Object.create(null);
  const texts = {
    pixel,
    consent,
    url,
    use: typeof use === 'string' ? use : use?.join(),
    downloads: downloads?.join('|'),
  };
  for (const [name, text] of Object.entries(texts)) if (text !== undefined) attributes[name] = text;
  for (const [name, isOn] of Object.entries({ hash, manual, local, debug, relay, 404: notFound })) {
    if (isOn) attributes[name] = '';
  }
  return attributes;
}

/**
 * Counts an event.
 * @returns with the option `relay`, the id of the event, for the networks' own pixels on the page: the given one, or, if the visitor
 * consented, one that is made for it. Before `init`, an id is returned in any case, and sent with the option and a consent only.
 * Undefined on a server.
 */
export function track(name: EventName, data?: EventData, options?: EventOptions): string | undefined {
  return call('track', name, data, options) as string | undefined;
}

/**
 * Counts a page view. Without the option `manual`, the tag does this itself.
 * @param url the page's full URL. Default: the one in the address bar.
 */
export function pageview(url?: string, data?: EventData): void {
  call('track', 'pageview', data, { url });
}

/**
 * Names the user of the events that follow, by your own id.
 * @param uid null: nobody is signed in any more.
 */
export function identify(uid: string | number | null, user?: UserData): void {
  call('identify', uid, user);
}

/** Tells the visitor's choice. It holds for the events that follow, until the page is left. */
export function consent(choice: Consent): void {
  call('consent', choice);
}

/** Asks the Worker to stop counting this browser. From then on, this page sends nothing. */
export function optOut(): void {
  call('optout');
}

/** Passes a call to the running tag. Calls before `init` wait in the page; those on a server are dropped. */
function call(...given: Call): unknown {
  if (typeof window === 'undefined') return;
  const page = window as unknown as { speck?: Speck };
  page.speck ??= queueOf();
  return page.speck(...given);
}

/** An event that waits has an id at once. The tag sends it with the option `relay` and a consent only. */
function queueOf(): Speck {
  const speck: Speck = (command, name, data, about = {}) => {
    const own = about.eventID;
    const relayID = command === 'track' && !own ? newId() : undefined;
    speck.q ??= [];
    speck.q.push([command, name, data, { ...about, relayID }]);
    return own || relayID;
  };
  return speck;
}
