/** What a visitor does with links, forms, and whatever the page marks: by mouse or keyboard, in this tab or another. */
import { type Data, track } from './core.ts';
import { listen, pageUrl } from './page.ts';
import { options, uses } from './script.ts';

const path = (): Data => ({ path: new URL(pageUrl()).pathname });

const interact = (event: MouseEvent): void => {
  const submitted = event.type === 'submit';
  // The right button opens a menu.
  if (event.button > 1) return;
  if (submitted && uses('forms')) track('Form: Submission', path());
  for (const element of event.composedPath() as HTMLAnchorElement[]) {
    if (uses('attributes') && submitted === (element.localName === 'form')) {
      const marks: Record<string, string> = {};
      for (const { name, value } of element.attributes || []) {
        if (/^data-speck-/.test(name)) marks[name.slice(11)] = value;
      }
      const { event, ...data } = marks;
      if (event) track(event, data);
    }
    if (!submitted && element.hostname) {
      const isFile = RegExp(
        `\\.(${options.downloads || 'pdf|(doc|xls|ppt)x?|csv|txt|rtf|epub|zip|rar|7z|gz|dmg|pkg|exe|msi|apk|mp[34]|mov|avi|wav'})$`,
        'i',
      ).test(element.pathname);
      if (isFile && uses('downloads')) track('File Download', { url: element.href });
      else if (element.hostname !== location.hostname && uses('outbound')) {
        track('Outbound Link: Click', { url: element.href });
      }
    }
  }
};

export const watchInteractions = (): void => {
  listen('click', interact);
  listen('auxclick', interact);
  listen('submit', interact);
  if (
    '404' in options ||
    (uses('404') &&
      (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming)?.responseStatus === 404)
  ) {
    track('404', path());
  }
};
