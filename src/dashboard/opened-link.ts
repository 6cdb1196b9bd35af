/** The shared link that this tab has opened. */

/** The session storage entry with the link that this tab has opened. With it a reload needs no password. */
const OPEN_LINK = 'speck-link';
const openLinkOf = (pixel: string): string => `${pixel} ${location.hash}`;

/** Whether this tab has opened the link in its address. */
export function isOpenLink(pixel: string): boolean {
  return sessionStorage.getItem(OPEN_LINK) === openLinkOf(pixel);
}

export function keepOpenLink(pixel: string): void {
  sessionStorage.setItem(OPEN_LINK, openLinkOf(pixel));
}
