/** What events of Google Analytics mean, whichever way they are sent. */
import { BLANK_EVENT, type RawEvent } from '../../model/wire.ts';
import { ownName } from './event-name.ts';
import { textOf } from './json.ts';
import { pixelNamed, pixelOfToken } from './pixel-named.ts';

type Data = RawEvent['cd'];

/** The pixel of a measurement id, or of the token if there is none. */
export function pixelOf(property: string, hasToken: boolean): Pick<RawEvent, 'id' | 'key'> {
  const site = pixelNamed('ga4', property);
  return hasToken && site.id === '' ? pixelOfToken('ga4') : site;
}

/** Parameters that say how an event was sent. */
const TECHNICAL = new Set(['debug_mode', 'engagement_time_msec', 'session_id', 'session_number']);

/**
 * The name and data of an event. Its value is revenue only with a currency, as in Google's reports: scripts send durations as values,
 * too. The number of a transaction is its id, so that a browser and a server can both send it.
 */
export function contentOf(name: string, parameters: Data): Pick<RawEvent, 'ev' | 'eid' | 'cd'> {
  const value = (key: string): unknown => parameters.find(([other]) => other === key)?.[1];
  const isRevenue = textOf(value('currency')) !== '';
  return {
    ev: name === 'page_view' ? '' : ownName(name),
    eid: name === 'purchase' ? textOf(value('transaction_id')) : BLANK_EVENT.eid,
    cd: parameters
      .filter(([key, one]) => !TECHNICAL.has(key) && one !== '')
      .map(([key, one]) => [key === 'value' && !isRevenue ? 'event_value' : key, one]),
  };
}
