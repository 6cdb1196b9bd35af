/**
 * The browser tag. It runs in other people's pages: it stores nothing in the browser and throws no error into the page.
 * docs/tag.md describes it. There are four builds: /speck.js, /speck.plus.js with options, /speck.meta.js with Meta's fbq, and
 * /speck.all.js with everything. A build that lacks something that the page needs loads another one instead.
 */
import { type Call, handle, isSound, LOCAL, silence, track, view } from './core.ts';
import { say } from './debug.ts';
import { watchEngagement } from './engagement.ts';
import { watchInteractions } from './interactions.ts';
import { byMetaSnippet, hearMeta, listenToMeta, type MetaCall, stopsHistory } from './meta.ts';
import { flush, watchLeaving } from './outbox.ts';
import { listen } from './page.ts';
import { doc, load, options, script } from './script.ts';

/** Where the stub pushes calls: a list, and later an object that handles them at once. */
interface Queue {
  push(call: Call): string | number | undefined;
  /** Set by a running tag, so that a second copy does nothing. */
  on?: 1;
  /** The element of the build that loads another one instead of itself. */
  script?: HTMLScriptElement;
  /** Where the snippet for data-relay pushes calls of fbq(…). */
  fbq?: Iterable<MetaCall>;
}

interface Speck {
  (...call: Call): unknown;
  /** Calls that the tag has not handled yet. The owner's inline snippet creates it if the page calls speck(…) before the tag runs. */
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
/** Returns the id of an event, with ALL. While calls wait, only the snippet for data-relay makes ids. */
const speck: Speck = (...call) => (ALL && speck.q !== calls ? speck.q.push(call) : void speck.q.push(call));

const navigated = (): unknown => (META && stopsHistory()) || view({ nav: 1 });

/**
 * Counts navigations within the page. Browsers with the Navigation API report them, whatever the page does to `history`. In older
 * browsers, and on pages without an origin, the tag wraps the methods of `history`.
 */
const watchHistory = (): void => {
  try {
    // Throws if the API is missing, or if the page has replaced it.
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

  if (META) listenToMeta(ALL ? calls.fbq : undefined);
  if (!isManual && !byMetaSnippet) view();
  // From now on calls are handled at once, also those through an old reference to the stub.
  speck.q = { push: ALL ? (call: Call) => handle(call, 1) : handle, on: 1 } as never;
  if (ALL) {
    if (META) speck.q.fbq = { push: (call: MetaCall) => hearMeta(...call) } as never;
    window.speck = speck;
  }
  for (const call of calls) handle(call);
  if (!isManual) {
    watchHistory();
    // The visitor has come back, and the browser restores the page from its cache.
    listen('pageshow', (event: PageTransitionEvent) => event.persisted && track('pageview'));
  }
  if (PLUS || META) listen('online', () => flush());
  if (ALL) watchLeaving();
  if (PLUS) {
    watchEngagement();
    watchInteractions();
  }
  if (silence === LOCAL) console.warn('Speck: localhost, no data-local');
};

const begin = (): void => {
  calls.on = 1;
  try {
    // A prerendered page may never be visible.
    if (doc.prerendering) listen('prerenderingchange', start);
    else start();
  } catch (error) {
    // The page forbids something, such as changes to its history. Everything else has started.
    say(error);
  }
};

/** An attribute that this build does not support. */
const UNKNOWN = PLUS
  ? /data-(?!pixel|consent|local|use|downloads)/
  : META
    ? /data-(?!pixel|consent|local|alias)/
    : /data-(?!pixel|consent|local)/;

if (ALL && !options?.pixel && !byMetaSnippet) {
  console.warn('Speck: no data-pixel');
} else if (!calls.on) {
  speck.q = calls;
  // The snippet's stub for data-relay makes ids, so it stays until the tag starts.
  if (ALL && window.speck) window.speck.q = calls;
  else window.speck = speck;

  calls.script = script;
  if (!ALL && (!isSound || (!options.pixel && !byMetaSnippet) || UNKNOWN.test(script.outerHTML))) {
    // If the other build cannot be loaded, this one starts. Some promise classes of pages lack `catch`.
    load(PLUS || META ? 'all' : 'plus').then(null, begin);
  } else begin();
}
