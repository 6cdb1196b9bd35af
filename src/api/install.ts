/** The snippets that put a pixel into a page or an e-mail. */
import { isLoopback } from '../model/loopback.ts';
import { type PathSettings, pagePaths } from '../model/page-paths.ts';
import { STUB } from '../model/stub.ts';

export interface Snippets {
  /** For pages: counts with all options, and queues calls of `speck(…)` until the tag has loaded. */
  readonly script: string;
  /** For the same pages in browsers without JavaScript. */
  readonly noscript: string;
  /** For e-mails: one image, no script. */
  readonly email: string;
  /** The URL of the script in the snippet. */
  readonly script_url: string;
  /** The URL to which events are posted. */
  readonly collect_url: string;
}

/** What a page of the owner's own machine needs to be counted. Only such pages load the tag from such a URL. */
const localOption = (url: string): string => (isLoopback(new URL(url).hostname) ? ' data-local' : '');

/**
 * @param pixel a pixel's id, which is safe in HTML.
 * @param origin the Worker's origin, such as `https://px.example.com`, for owners who have not set another URL.
 */
export function installSnippets(pixel: string, origin: string, settings: PathSettings = {}): Snippets {
  const { script, collector, url } = pagePaths(settings);
  const base = url || origin;
  const script_url = `${base}/${script}.plus.js`;
  const imageUrl = `${base}/${collector || 'p.gif'}?id=${pixel}`;
  // Without this policy, browsers send only the page's origin, and every page would count as /.
  const image = `width="1" height="1" alt="" style="position:absolute;left:-9999px" referrerpolicy="no-referrer-when-downgrade"`;
  return {
    script: `<script>${STUB}</script>\n<script defer src="${script_url}" data-pixel="${pixel}" data-use="all"${localOption(base)}></script>`,
    noscript: `<noscript><img src="${imageUrl}&amp;ev=PageView&amp;noscript=1" ${image}></noscript>`,
    email: `<img src="${imageUrl}&amp;ev=email_open" width="1" height="1" alt="">`,
    script_url,
    collect_url: `${base}/${collector || 'beacon'}`,
  };
}
