/** Counts clicks on links, submissions of forms, and elements that the page marks, by mouse and keyboard. */
import { track } from './core.ts';
import type { Data } from './outbox.ts';
import { listen, pageUrl } from './page.ts';
import { doc, options, uses } from './script.ts';

/** Parses a URL with an element, since the page may have replaced `URL`. */
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
    // A form's fields hide its properties of the same name, so attributes are read through the prototype.
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
    if (!submitted && href && /^a(rea)?$/.test(localName)) {
      // In SVG, href is an object.
      const link = parse((href as unknown as SVGAnimatedString).baseVal ?? href);
      const isFile =
        link.hostname &&
        RegExp(
          `\\.(${options.downloads || 'pdf|(doc|xls|ppt)x?|csv|txt|rtf|epub|zip|rar|7z|gz|dmg|pkg|exe|msi|apk|mp[34]|mov|avi|wav'})$`,
          'i',
        ).test(link.pathname);
      if (isFile && uses('downloads')) track('File Download', { url: link.href });
      else if (link.hostname && link.hostname !== location.hostname && uses('outbound')) {
        track('Outbound Link: Click', { url: link.href });
      }
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
