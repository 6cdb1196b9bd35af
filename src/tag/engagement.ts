/** Measures how long a page is visible and how far it is scrolled. */
import { hooks, page, track } from './core.ts';
import { listen } from './page.ts';
import { doc, uses } from './script.ts';

/** Milliseconds that the page was visible since the last report. */
let engaged = 0;
/** The time up to which they are counted; 0 while the page is hidden. */
let since = 0;
/** The lowest visible line so far, in pixels from the top of the page. */
let seen = 0;
/** The scroll depth of the last report, in per cent. */
let reported = 0;

/** Counts the time up to now. A visible window counts without the focus too: someone may read here and type elsewhere. */
const look = (): void => {
  const now = performance.now();
  if (since) {
    engaged += now - since;
    seen = Math.max(seen, scrollY + innerHeight);
  }
  since = doc.hidden ? 0 : now;
};

/**
 * Reports, unless there is too little to report.
 * @param event the event that hides the page; undefined if another page follows.
 */
const reportEngagement = (event?: Event): void => {
  look();
  const scroll = Math.round((100 * seen) / doc.documentElement.scrollHeight);
  if (page && uses('engagement') && (engaged > 999 || scroll > reported)) {
    track('engagement', { engaged: Math.round(engaged), scroll }, { url: page });
    engaged = 0;
    reported = scroll;
  }
  if (!event) engaged = seen = reported = 0;
};

/** Starts measuring. */
export const watchEngagement = (): void => {
  listen('scroll', look);
  listen('visibilitychange', reportEngagement);
  listen('pagehide', reportEngagement);
};
if (PLUS) hooks.leave = reportEngagement;
