/** What a visitor does with links, forms, and whatever the page marks: by mouse or keyboard, in this tab or another. */
import { type Data, track } from './core.ts';
import { listen, pageUrl } from './page.ts';
import { doc, options, uses } from './script.ts';

/** A URL's parts, by an element, since `URL` may be the page's own. */
const parse = (url: string): HTMLAnchorElement => {
  const link = doc.createElement('a');
  link.href = url;
  return link;
};

const path = (): Data => ({ path: parse(pageUrl()).pathname });

const interact = (event: MouseEvent): void => {
  const submitted = event.type === 'submit';
  // The right button opens a menu.
  if (event.button > 1) return;
  if (submitted && uses('forms')) track('Form: Submission', path());
  for (const element of event.composedPath()) {
    // Fields of a form hide its properties of their names, and are asked for by no more than its kind.
    if (
      uses('attributes') &&
      element instanceof Element &&
      submitted === element instanceof HTMLFormElement
    ) {
      let mark: string | undefined;
      const data: Data = {};
      for (const { name, value } of Reflect.get(Element.prototype, 'attributes', element) as NamedNodeMap) {
        if (name === 'data-speck-event') mark = value;
        else if (/^data-speck-/.test(name)) data[name.slice(11)] = value;
      }
      if (mark) track(mark, data);
    }
    const { localName, href } = element as HTMLAnchorElement;
    if (submitted || !href || !/^a(rea)?$/.test(localName)) continue;
    // In SVG it is an object.
    const link = parse((href as unknown as SVGAnimatedString).baseVal ?? href);
    if (!link.hostname) continue;
    const isFile = RegExp(
      `\\.(${options.downloads || 'pdf|(doc|xls|ppt)x?|csv|txt|rtf|epub|zip|rar|7z|gz|dmg|pkg|exe|msi|apk|mp[34]|mov|avi|wav'})$`,
      'i',
    ).test(link.pathname);
    if (isFile && uses('downloads')) track('File Download', { url: link.href });
    else if (link.hostname !== location.hostname && uses('outbound')) {
      track('Outbound Link: Click', { url: link.href });
    }
  }
};

export const watchInteractions = (): void => {
  listen('click', interact);
  listen('auxclick', interact);
  listen('submit', interact);
  if (
    (ALL && '404' in options) ||
    (uses('404') &&
      (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming)?.responseStatus === 404)
  ) {
    track('404', path());
  }
};
