/** How long a page was looked at, and how far down. */
import { page, track } from './core.ts';
import { listen } from './page.ts';
import { doc, uses } from './script.ts';

/** Milliseconds looked at since the last report. */
let engaged = 0;
/** Until when they are counted; 0 while the page is hidden. */
let since = 0;
/** The lowest line seen, in pixels from the page's top. */
let seen = 0;
/** How far down that was at the last report, in per cent. */
let reported = 0;

/**
 * A window that is visible beside another one counts, whichever has the focus: someone may read here and write there.
 */
const look = (): void => {
  const now = performance.now();
  if (since) {
    engaged += now - since;
    seen = Math.max(seen, scrollY + innerHeight);
  }
  since = doc.hidden ? 0 : now;
};

/**
 * Reports, unless there is too little to be worth an event.
 * @param event what hides the page; without one, another page follows.
 */
export const reportEngagement = (event?: Event): void => {
  look();
  const scroll = Math.round((100 * seen) / doc.documentElement.scrollHeight);
  if (page && uses('engagement') && (engaged > 999 || scroll > reported)) {
    track('engagement', { engaged: Math.round(engaged), scroll }, { url: page });
    engaged = 0;
    reported = scroll;
  }
  if (!event) engaged = seen = reported = 0;
};

export const watchEngagement = (): void => {
  listen('scroll', look);
  listen('visibilitychange', reportEngagement);
  listen('pagehide', reportEngagement);
};
