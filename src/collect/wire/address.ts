/** Addresses of pages, as clients send them in parts. */

/** Whether a text is a complete address, also that of an app. */
export const isAddress = (text: string): boolean => /^[a-z][a-z\d+.-]*:\/\//i.test(text);

/** The origin of the page that sent a request; `''` if it does not say. */
export function originOfPage(headers: Pick<Headers, 'get'>): string {
  const { origin = 'null' } =
    URL.parse(headers.get('origin') ?? '') ?? URL.parse(headers.get('referer') ?? '') ?? {};
  return origin === 'null' ? '' : origin;
}
