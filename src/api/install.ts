/** The snippets that put a pixel into a page or an e-mail. */
import { isLoopback } from '../model/loopback.ts';

export interface Snippets {
  /** For pages: counts with all options, and queues calls of `speck(…)` until the tag has loaded. */
  readonly script: string;
  /** For the same pages in browsers without JavaScript. */
  readonly noscript: string;
  /** For e-mails: one image, no script. */
  readonly email: string;
}

/** Queues calls of `speck(…)` until the tag handles them. */
const STUB = 'window.speck=window.speck||function(){(speck.q=speck.q||[]).push(arguments)}';

/** What a page of the owner's own machine needs to be counted. Only such pages load the tag from such an origin. */
const localOption = (origin: string): string => (isLoopback(new URL(origin).hostname) ? ' data-local' : '');

/**
 * @param pixel a pixel's id, which is safe in HTML.
 * @param origin the Worker's origin, such as `https://px.example.com`.
 */
export function installSnippets(pixel: string, origin: string): Snippets {
  // Without this policy, browsers send only the page's origin, and every page would count as /.
  const image = `width="1" height="1" alt="" style="position:absolute;left:-9999px" referrerpolicy="no-referrer-when-downgrade"`;
  return {
    script: `<script>${STUB}</script>\n<script defer src="${origin}/speck.plus.js" data-pixel="${pixel}" data-use="all"${localOption(origin)}></script>`,
    noscript: `<noscript><img src="${origin}/p.gif?id=${pixel}&amp;ev=PageView&amp;noscript=1" ${image}></noscript>`,
    email: `<img src="${origin}/p.gif?id=${pixel}&amp;ev=email_open" width="1" height="1" alt="">`,
  };
}
