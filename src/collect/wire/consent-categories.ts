/** What a consent manager says of its categories, which each site names itself. */

/** Names that categories of analytics usually have; C0002 is OneTrust's. */
const ANALYTICS = /analytic|statisti|performance|measurement|^C0002$/i;

/**
 * What categories say of being counted. Without a category of analytics, only a visitor who allows none says something.
 *
 * @param categories the names of categories, and whether the visitor allows them.
 */
export function consentOf(categories: readonly (readonly [string, unknown])[]): '' | 'granted' | 'denied' {
  const analytics = categories.filter(([name]) => ANALYTICS.test(name));
  const isDenied = (list: typeof categories): boolean => list.some(([, allowed]) => allowed === false);
  if (analytics.length > 0) {
    if (isDenied(analytics)) return 'denied';
    return analytics.every(([, allowed]) => allowed === true) ? 'granted' : '';
  }
  return categories.length > 0 && categories.every(([, allowed]) => allowed === false) ? 'denied' : '';
}
