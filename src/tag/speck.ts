/**
 * The browser tag, a guest in other people's pages: it keeps nothing in the browser and throws nothing into the page.
 * docs/tag.md says what it does. It is built three times: as /speck.js, with options as /speck.plus.js, and with
 * Meta's fbq as /speck.meta.js. A build that is asked for what it lacks loads the next one in its stead.
 */
import { type Call, flush, handle, track, view } from './core.ts';
import { watchEngagement } from './engagement.ts';
import { watchInteractions } from './interactions.ts';
import { byMetaSnippet, listenToMeta } from './meta.ts';
import { listen } from './page.ts';
import { load, options, script } from './script.ts';

/** The part of an array that the queue of calls uses, so that its `push` can be replaced. */
interface Queue {
  push(call: Call): unknown;
  forEach(handle: (call: Call) => void): void;
  /** Set by a running tag, so that a second copy of it counts nothing again. */
  on?: boolean;
}

interface Speck {
  (...call: Call): void;
  /** Calls that no tag has handled yet. The owner's inline snippet makes it when it is called before the tag runs. */
  q?: Queue;
}

declare global {
  interface Window {
    speck?: Speck;
  }
  interface Document {
    readonly prerendering?: boolean;
  }
}

const queue: Queue = window.speck?.q || [];

const start = (): void => {
  if (META) listenToMeta();
  if (!PLUS || !('manual' in options)) {
    if (!byMetaSnippet) view();
    for (const method of ['pushState', 'replaceState'] as const) {
      const original = history[method];
      history[method] = (...state) => {
        original.call(history, ...state);
        view();
      };
    }
    listen('popstate', () => view());
    // Back from the cache of pages that were left.
    listen('pageshow', (event: PageTransitionEvent) => event.persisted && track('pageview'));
  }
  // From here on a call is handled at once, also one made through a reference to the stub kept from before.
  queue.push = handle;
  queue.forEach(handle);
  if (PLUS) {
    listen('online', flush);
    watchEngagement();
    watchInteractions();
  }
};

const begin = (): void => {
  queue.on = true;
  // A page that the browser prepares in advance may never be seen.
  if (document.prerendering) listen('prerenderingchange', start);
  else start();
};

if (!options?.pixel && !byMetaSnippet) {
  console.warn('Speck: no data-pixel');
} else if (!queue.on) {
  window.speck = (...call) => queue.push(call);
  window.speck.q = queue;

  // What cannot be loaded is done without.
  if (!PLUS && /data-(?!pixel|consent|local)/.test(script.outerHTML)) load('plus').catch(begin);
  else if (PLUS && !META && 'alias' in options) load('meta').catch(begin);
  else begin();
}
