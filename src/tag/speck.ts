/**
 * The browser tag, a guest in other people's pages: it keeps nothing in the browser and throws nothing into the page.
 * docs/tag.md says what it does. It is built three times: as /speck.js, with options as /speck.plus.js, and with
 * Meta's fbq as /speck.meta.js. A build that is asked for what it lacks loads the next one in its stead.
 */
import { type Call, flush, handle, isSound, track, view } from './core.ts';
import { say } from './debug.ts';
import { watchEngagement } from './engagement.ts';
import { watchInteractions } from './interactions.ts';
import { byMetaSnippet, listenToMeta, stopsHistory } from './meta.ts';
import { listen } from './page.ts';
import { doc, load, options, script } from './script.ts';

/** What the stub puts calls into: its own list, later what handles them. */
interface Queue {
  push(call: Call): unknown;
  /** Set by a running tag, so that a second copy of it counts nothing again. */
  on?: 1;
  /** The element of a build that another one is loaded in the stead of. */
  script?: HTMLScriptElement;
}

interface Speck {
  (...call: Call): void;
  /** Calls that no tag has handled yet. The owner's inline snippet makes it when it is called before the tag runs. */
  q: Queue & Iterable<Call>;
}

declare global {
  interface Window {
    speck?: Speck;
  }
  interface Document {
    readonly prerendering?: boolean;
  }
}

const calls: Queue & Iterable<Call> = window.speck?.q || [];
const speck: Speck = (...call) => speck.q.push(call);

const navigated = (): unknown => (META && stopsHistory()) || view({ nav: 1 });

/**
 * Hears of navigations from the browser, whatever the page has made of `history`. Older browsers tell of none, nor does any tell a
 * page without an origin: there the methods of `history` are replaced.
 */
const watchHistory = (): void => {
  try {
    // Throws where the browser tells nothing, also if the page has something else of the name.
    if ((navigation.currentEntry as NavigationHistoryEntry).id)
      navigation.addEventListener('currententrychange', navigated);
  } catch {
    for (const method of ['pushState', 'replaceState'] as const) {
      const original = history[method];
      history[method] = function (...state) {
        try {
          return original.apply(this, state);
        } finally {
          navigated();
        }
      };
    }
    listen('popstate', navigated);
  }
};

const start = (): void => {
  const isManual = ALL && 'manual' in options;
  if (META) listenToMeta();
  if (!isManual && !byMetaSnippet) view();
  // From here on a call is handled at once, also one made through a reference to the stub kept from before.
  speck.q = { push: handle, on: 1 } as never;
  for (const call of calls) handle(call);
  if (!isManual) {
    watchHistory();
    // Back from the cache of pages that were left.
    listen('pageshow', (event: PageTransitionEvent) => event.persisted && track('pageview'));
  }
  if (PLUS || META) listen('online', () => flush());
  if (PLUS) {
    watchEngagement();
    watchInteractions();
  }
};

const begin = (): void => {
  calls.on = 1;
  try {
    // A page that the browser prepares in advance may never be seen.
    if (doc.prerendering) listen('prerenderingchange', start);
    else start();
  } catch (error) {
    // What the page lets nobody do, as replacing the methods of its history. All else has been done.
    say(error);
  }
};

/** An attribute that this build does not know. */
const UNKNOWN = PLUS
  ? /data-(?!pixel|consent|local|use|downloads)/
  : META
    ? /data-(?!pixel|consent|local|alias)/
    : /data-(?!pixel|consent|local)/;

if (!options?.pixel && !byMetaSnippet) {
  console.warn('Speck: no data-pixel');
} else if (!calls.on) {
  speck.q = calls;
  window.speck = speck;

  calls.script = script;
  if (!ALL && (!isSound || UNKNOWN.test(script.outerHTML))) {
    // What cannot be loaded is done without. Not by catch, which some classes of promises lack.
    load(PLUS || META ? 'all' : 'plus').then(null, begin);
  } else begin();
}
