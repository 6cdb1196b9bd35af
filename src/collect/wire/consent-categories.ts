/** What a consent manager says of its categories, which each site names itself. */

import type { AdConsent } from '../../model/wire.ts';

/** Names that categories of analytics usually have; C0002 is OneTrust's. */
const ANALYTICS = /analytic|statisti|performance|measurement|^C0002$/i;

/** Names that categories of advertising usually have; C0004 is OneTrust's. */
const ADVERTISING = /advert|marketing|targeting|\bads?\b|^C0004$/i;

type Categories = readonly (readonly [name: string, allowed: unknown])[];

/** What categories say of advertising: it is granted only by a category of its own. */
export function adConsentOf(categories: Categories): AdConsent {
  const advertising = categories.filter(([name]) => ADVERTISING.test(name));
  if (advertising.some(([, allowed]) => allowed === false)) return 'denied';
  return advertising.length > 0 && advertising.every(([, allowed]) => allowed === true) ? 'granted' : '';
}

/**
 * What categories say of being counted. Without a category of analytics, only a visitor who allows none says something.
 *
 * @param categories the names of categories, and whether the visitor allows them.
 */
export function consentOf(categories: Categories): '' | 'granted' | 'denied' {
  const analytics = categories.filter(([name]) => ANALYTICS.test(name));
  const isDenied = (list: typeof categories): boolean => list.some(([, allowed]) => allowed === false);
  if (analytics.length > 0) {
    if (isDenied(analytics)) return 'denied';
    return analytics.every(([, allowed]) => allowed === true) ? 'granted' : '';
  }
  return categories.length > 0 && categories.every(([, allowed]) => allowed === false) ? 'denied' : '';
}
