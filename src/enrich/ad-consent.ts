/** What an event says of advertising networks being told of it. */
import type { RawEvent } from '../model/wire.ts';

/** Whether an event says that its visitor agrees: another tool's client has to say so apart from being counted. */
export function consentsToAds({ consent, ads = 'granted' }: RawEvent): boolean {
  return consent === 'granted' && ads === 'granted';
}
