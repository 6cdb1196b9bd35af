/** What events of Google Analytics mean, whichever way they are sent. */
import { BLANK_EVENT, type RawEvent } from '../../model/wire.ts';
import { ownName } from './event-name.ts';
import { textOf, withoutRevenue } from './json.ts';
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
 * The name and data of an event. Only the value of a purchase is revenue, as in Google's reports: the value of a cart is none yet, a
 * refund takes revenue away, and scripts send durations as values. The number of a transaction is its id, so that a browser and a
 * server can both send it.
 */
export function contentOf(name: string, parameters: Data): Pick<RawEvent, 'ev' | 'eid' | 'cd'> {
  const value = (key: string): unknown => parameters.find(([other]) => other === key)?.[1];
  const isPurchase = name === 'purchase';
  // A currency belongs to an amount. Scripts send it with all events of a page.
  const kept = parameters.filter(
    ([key, one]) =>
      !TECHNICAL.has(key) && one !== '' && (key !== 'currency' || textOf(value('value')) !== ''),
  );
  return {
    ev: name === 'page_view' ? '' : ownName(name),
    eid: isPurchase ? textOf(value('transaction_id')) : BLANK_EVENT.eid,
    cd: isPurchase ? kept : withoutRevenue(kept),
  };
}
