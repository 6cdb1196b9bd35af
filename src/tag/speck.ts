/**
 * The browser tag, a guest in other people's pages: it keeps nothing in the browser and throws nothing into the page.
 * docs/tag.md says what it does. It is built three times: as /speck.js, with options as /speck.plus.js, and with
 * Meta's fbq as /speck.meta.js. A build that is asked for what it lacks loads the next one in its stead.
 */
import { type Call, flush, handle, isSound, track, view } from './core.ts';
import { watchEngagement } from './engagement.ts';
import { watchInteractions } from './interactions.ts';
import { byMetaSnippet, listenToMeta, stopsHistory } from './meta.ts';
import { listen, safe } from './page.ts';
import { doc, load, options, script } from './script.ts';

/** What the stub puts calls into: its own list, later what handles them. */
interface Queue {
  push(call: Call): unknown;
  /** Set by a running tag, so that a second copy of it counts nothing again. */
  on?: boolean;
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

const start = (): void => {
  if (META) listenToMeta();
  if (!ALL || !('manual' in options)) {
    if (!byMetaSnippet) view();
    for (const method of ['pushState', 'replaceState'] as const) {
      const original = history[method];
      history[method] = (...state) => {
        original.call(history, ...state);
        navigated();
      };
    }
    listen('popstate', navigated);
    // Back from the cache of pages that were left.
    listen('pageshow', (event: PageTransitionEvent) => event.persisted && track('pageview'));
  }
  // From here on a call is handled at once, also one made through a reference to the stub kept from before.
  speck.q = { push: handle, on: true } as never;
  for (const call of calls) handle(call);
  if (PLUS || META) listen('online', flush);
  if (PLUS) {
    watchEngagement();
    watchInteractions();
  }
};

const begin = (): void => {
  calls.on = true;
  // A page that the browser prepares in advance may never be seen.
  if (doc.prerendering) listen('prerenderingchange', start);
  else if (ALL) safe(start)(0);
  else start();
};

/** An attribute that this build does not know. */
const UNKNOWN = PLUS
  ? /data-(?!pixel|consent|local|use|downloads)/
  : META
    ? /data-(?!pixel|consent|local|alias)/
    : /data-(?!pixel|consent|local)/;

/** The build that has more of what the page needs than this one. */
const next = !ALL && (!isSound || UNKNOWN.test(script.outerHTML)) && (PLUS || META ? 'all' : 'plus');

if (!options?.pixel && !byMetaSnippet) {
  console.warn('Speck: no data-pixel');
} else if (!calls.on) {
  speck.q = calls;
  window.speck = speck;

  // What cannot be loaded is done without.
  if (next) load(next).catch(begin);
  else begin();
}
