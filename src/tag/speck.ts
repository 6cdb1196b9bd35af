/**
 * The browser tag, served as /speck.js. It reports page views and the owner's own events to the Worker that it was
 * loaded from. docs/tag.md says what it sends.
 *
 * It is a guest in other people's pages: it keeps nothing in the browser, throws nothing into the page, and logs
 * nothing but the one mistake that leaves it without a pixel.
 */

type Data = Record<string, unknown>;
type Call = [command?: unknown, name?: string, data?: Data];

/** The part of an array that the queue of calls uses, so that its `push` can be replaced. */
interface Queue {
  push(call: Call): unknown;
  forEach(handle: (call: Call) => void): void;
}

interface Speck {
  (...call: Call): void;
  /** Calls that no tag has handled yet. The owner's inline snippet makes it when it is called before the tag runs. */
  q?: Queue;
  /** Set by a running tag, so that a second copy of it counts nothing again. */
  pixel?: string;
}

declare global {
  interface Window {
    speck?: Speck;
  }
  interface Document {
    readonly prerendering?: boolean;
  }
}

export {};

const script = document.currentScript as HTMLScriptElement | null;
const pixel = script?.getAttribute('data-pixel');

if (!script?.src || !pixel) {
  console.warn('Speck counts nothing: add data-pixel="px_..." to its <script src>.');
} else if (!window.speck?.pixel) {
  run(script, pixel);
}

function run(script: HTMLScriptElement, pixel: string): void {
  const queue: Queue = window.speck?.q ?? [];
  let page: string;
  let referrer = document.referrer;

  const send = (name: string, data?: Data): void => {
    try {
      const event = {
        id: pixel,
        ev: name,
        dl: pageUrl(),
        rl: referrer,
        eid: eventId(),
        // Read again for each event: a consent dialog may set the attribute at any time.
        consent: script.getAttribute('data-consent') || undefined,
        cd: data,
      };
      deliver(script.src, JSON.stringify(event));
    } catch {
      // Data that JSON cannot hold, such as a cycle: there is nothing to send, and the page must not suffer for it.
    }
  };

  const handle = ([command, name, data]: Call): void => {
    if (command === 'track' && name) send(name, data);
  };

  const navigated = (): void => {
    const url = pageUrl();
    if (url === page) return;
    referrer = page;
    page = url;
    send('pageview');
  };

  const start = (): void => {
    page = pageUrl();
    send('pageview');

    // From here on a call is handled at once, also one made through a reference to the stub kept from before.
    queue.push = handle;
    queue.forEach(handle);

    for (const method of ['pushState', 'replaceState'] as const) {
      const original = history[method];
      history[method] = function (...state) {
        original.apply(this, state);
        navigated();
      };
    }
    addEventListener('popstate', navigated);
  };

  const speck: Speck = (...call) => {
    queue.push(call);
  };
  speck.q = queue;
  speck.pixel = pixel;
  window.speck = speck;

  // A page that the browser prepares in advance may never be seen.
  if (document.prerendering) document.addEventListener('prerenderingchange', start, { once: true });
  else start();
}

/** Without its fragment: that never leaves the browser otherwise, and at times holds a secret. */
function pageUrl(): string {
  return location.href.replace(/#.*/, '');
}

/**
 * 64 random bits: an event is unique per pixel and name for two days only. Not Math.random, which pages replace by
 * one that repeats itself, and not crypto.randomUUID, which pages without https do not have.
 */
function eventId(): string {
  return crypto.getRandomValues(new Uint32Array(2)).join('');
}

/** Hands an event to the first transport that takes it. All of them send the event's id, so it counts once. */
async function deliver(base: string, body: string): Promise<void> {
  const url = new URL('/beacon', base).href;
  try {
    if (navigator.sendBeacon?.(url, body)) return;
    await fetch(url, {
      method: 'POST',
      body,
      keepalive: true,
      // The answer is of no interest, and without reading it no preflight is needed.
      mode: 'no-cors',
      // As sendBeacon and images do, so that the cookie of a visitor's opt-out is seen whatever the transport.
      credentials: 'include',
    });
  } catch {
    document.createElement('img').src = imageUrl(base, JSON.parse(body));
  }
}

/** The event as an image request: what a beacon says in `cd`, an image says in `cd[…]`. */
function imageUrl(base: string, { cd, ...fields }: { cd?: Data }): string {
  const url = new URL('/p.gif', base);
  const add = (key: string, value: unknown): void =>
    url.searchParams.set(key, typeof value === 'object' ? JSON.stringify(value) : String(value));
  for (const [key, value] of Object.entries(fields)) add(key, value);
  for (const [key, value] of Object.entries(cd ?? {})) add(`cd[${key}]`, value);
  return url.href;
}
