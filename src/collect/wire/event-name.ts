import { ENGAGEMENT, nameOfEvent, PAGEVIEW } from '../../model/event.ts';

/**
 * The name of an event that is neither a page view nor an engagement, whatever its owner calls it. An event without a name is rejected
 * as such.
 */
export function ownName(name: string): string {
  if (name.trim() === '') return ' ';
  if (name === ENGAGEMENT) return 'Engagement';
  return nameOfEvent(name) === PAGEVIEW ? 'Pageview' : name;
}
