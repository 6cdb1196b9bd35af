/** Whether a request may hold a choice of who is counted. Few do; only for those is consent.ts loaded. */
import type { Client } from '../model/wire.ts';

/** Whether a query or a body may hold a consent. Cheap, since every request is asked. */
export function mayConsent(text: string): boolean {
  return text.includes('granted');
}

/** Whether a request may hold a choice, of whose text is known whether it may hold a consent. */
export function mayChoose(
  { refusal, cookie, staleCookie }: Pick<Client, 'refusal' | 'cookie' | 'staleCookie'>,
  consents: boolean,
): boolean {
  return refusal === 'opt_out' || cookie !== '' || staleCookie || consents;
}
