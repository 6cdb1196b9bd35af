/** Whether a request may hold a choice of who is counted. Few do; only for those is consent.ts loaded. */
import type { Client } from '../model/wire.ts';

/** Whether a request's text or client may hold a choice. Cheap, since every request is asked. */
export function mayChoose(
  { refusal, cookie, staleCookie }: Pick<Client, 'refusal' | 'cookie' | 'staleCookie'>,
  text: string,
): boolean {
  return refusal === 'opt_out' || cookie !== '' || staleCookie || text.includes('granted');
}
