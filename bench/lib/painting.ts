/**
 * What a reader of the dashboard waits for, measured in the page: when the headline and everything above the fold have been painted,
 * and how far things moved meanwhile. The selectors hold for earlier versions of the dashboard, too.
 */
import type { CDPSession, Page } from 'playwright-core';

/** Milliseconds from the action on, and what it took. */
export interface Painting {
  readonly headline: number;
  readonly fold: number;
  readonly requests: number;
  /** As they were transferred. The local runtime compresses nothing. */
  readonly bytes: number;
  /** The sum of all layout shifts, also of those that follow the reader's input. */
  readonly shift: number;
}

/** Nothing has been requested for this long once an action is over. In milliseconds. */
const QUIET = 700;

/** Opens an address and measures from the beginning of the navigation. */
export async function measureOpening(page: Page, url: string): Promise<Painting> {
  return measured(page, async () => {
    await page.goto(url, { waitUntil: 'commit' });
    return page.evaluate(painted, null);
  });
}

/** Goes to another address within the dashboard, as its links and rows do, and measures from there. */
export function measureGoing(page: Page, address: string): Promise<Painting> {
  return measured(page, () => page.evaluate(painted, address));
}

async function measured(page: Page, act: () => Promise<Painted>): Promise<Painting> {
  const network = await watchNetwork(page);
  const { headline, fold } = await act();
  await network.quiet();
  const shift = await page.evaluate(() => window.speckBenchShift ?? 0);
  const { requests, bytes } = network;
  await network.stop();
  return { headline, fold, requests, bytes, shift };
}

interface Painted {
  readonly headline: number;
  readonly fold: number;
}

declare global {
  interface Window {
    speckBenchShift?: number;
  }
}

/** Runs in the page. @param address where to go; null: the page is being opened. */
function painted(address: string | null): Promise<Painted> {
  const start = address === null ? 0 : performance.now();
  window.speckBenchShift = 0;
  const since = start;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { startTime, value } = entry as PerformanceEntry & { readonly value: number };
      if (startTime >= since) window.speckBenchShift = (window.speckBenchShift ?? 0) + value;
    }
  }).observe({ type: 'layout-shift', buffered: true });
  if (address !== null) {
    history.pushState(null, '', address);
    dispatchEvent(new PopStateEvent('popstate'));
  }
  const isInView = (element: Element): boolean => {
    const { top, bottom } = element.getBoundingClientRect();
    return top < innerHeight && bottom > 0;
  };
  const hasHeadline = (): boolean => {
    const headlines = document.querySelector('.headlines');
    return headlines !== null && !headlines.matches('.pending, .blank');
  };
  const hasFold = (): boolean => {
    const chart = document.querySelector('.chart[role=slider]');
    const isDrawn =
      chart !== null && !chart.matches('.pending') && chart.querySelector('.line[d^=M]') !== null;
    const waiting = [...document.querySelectorAll('.loading, .pending')].filter(isInView);
    return isDrawn && document.querySelector('.panel') !== null && waiting.length === 0;
  };
  return new Promise((resolve, reject) => {
    let headline: number | null = null;
    const look = (): void => {
      const failed = document.querySelector('.error');
      if (failed) {
        reject(new Error(failed.textContent ?? ''));
        return;
      }
      // What is in the document now is on the screen at the end of this frame.
      if (headline === null && hasHeadline()) headline = performance.now() - start;
      if (headline !== null && hasFold()) {
        resolve({ headline, fold: performance.now() - start });
        return;
      }
      requestAnimationFrame(look);
    };
    // Components render what they wait for before the next frame.
    requestAnimationFrame(look);
  });
}

interface NetworkWatch {
  readonly requests: number;
  readonly bytes: number;
  /** Resolves once nothing is on its way. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

async function watchNetwork(page: Page): Promise<NetworkWatch> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const underWay = new Set<string>();
  let last = performance.now();
  const watch = {
    requests: 0,
    bytes: 0,
    async quiet() {
      while (underWay.size > 0 || performance.now() - last < QUIET) await page.waitForTimeout(50);
    },
    stop: () => session.detach(),
  };
  session.on('Network.requestWillBeSent', ({ requestId }) => {
    underWay.add(requestId);
    watch.requests++;
    last = performance.now();
  });
  const ended = (requestId: string, bytes: number): void => {
    underWay.delete(requestId);
    watch.bytes += bytes;
    last = performance.now();
  };
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
    ended(requestId, encodedDataLength),
  );
  session.on('Network.loadingFailed', ({ requestId }) => ended(requestId, 0));
  return watch;
}
