/** The snippets that put a pixel into a page or a mail. */

export interface Snippets {
  /** For pages: counts with all options, and keeps calls of `speck(…)` made before the tag has loaded. */
  readonly script: string;
  /** Beside it, for browsers without JavaScript. */
  readonly noscript: string;
  /** For mails: one image, no script. */
  readonly email: string;
}

/** Keeps calls of `speck(…)` until the tag is there to handle them. */
const STUB = 'window.speck=window.speck||function(){(speck.q=speck.q||[]).push(arguments)}';

/**
 * @param pixel a pixel's id, which is safe in HTML.
 * @param origin where the Worker is reached, such as `https://px.example.com`.
 */
export function installSnippets(pixel: string, origin: string): Snippets {
  // Without the policy a browser would tell only the page's origin, and every page would be counted as /.
  const image = `width="1" height="1" alt="" style="position:absolute;left:-9999px" referrerpolicy="no-referrer-when-downgrade"`;
  return {
    script: `<script>${STUB}</script>\n<script defer src="${origin}/speck.plus.js" data-pixel="${pixel}" data-use="all"></script>`,
    noscript: `<noscript><img src="${origin}/p.gif?id=${pixel}&amp;ev=PageView&amp;noscript=1" ${image}></noscript>`,
    email: `<img src="${origin}/p.gif?id=${pixel}&amp;ev=email_open" width="1" height="1" alt="">`,
  };
}
