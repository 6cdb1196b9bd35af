/**
 * Reads the parameters of `/g/collect`. Google does not document them. They are as `gtag.js` sends them, and as
 * https://www.thyngster.com/ga4-measurement-protocol-cheatsheet/ lists them.
 */
import { ENGAGEMENT } from '../../model/event.ts';
import { type AdConsent, BLANK_EVENT, type RawEvent, type SentEvent } from '../../model/wire.ts';
import { contentOf, pixelOf } from './ga4-data.ts';
import { listText } from './json.ts';

type Fields = ReadonlyMap<string, string>;

/**
 * The events of one event's parameters: the event, before it an engagement if the event also reports the time until then.
 *
 * @param hasToken whether a token is sent, which may say the pixel.
 */
export function collectedEvents(fields: Fields, hasToken: boolean): SentEvent[] {
  const text = (name: string): string => fields.get(name) ?? '';
  const [name, engaged] = [text('en'), text('_et')];
  const consent = consentOf(text('gcs'), text('gcd'));
  const aid = text('cid');
  const common: SentEvent = {
    ...BLANK_EVENT,
    ...pixelOf(text('tid'), hasToken),
    dl: text('dl'),
    rl: text('dr'),
    uid: text('uid'),
    ...(aid === '' ? {} : { aid }),
    consent,
    ads: adConsentOf(text('gcs'), text('gcd')),
    overrides: {},
  };
  const scrolled = text('epn.percent_scrolled');
  if (name === 'user_engagement' || (name === 'scroll' && scrolled !== '')) {
    const report: [string, string][] = [
      ['engaged', engaged],
      ['scroll', scrolled],
    ];
    return [{ ...common, ev: ENGAGEMENT, cd: report.filter(([, value]) => value !== '') }];
  }
  const event = { ...common, ...contentOf(name, parametersOf(fields)) };
  if (!(Number(engaged) > 0) || consent === 'denied') return [event];
  // A page view reports the time on the page before.
  const dl = name === 'page_view' && isSameHost(text('dr'), text('dl')) ? text('dr') : text('dl');
  return [{ ...common, dl, ev: ENGAGEMENT, cd: [['engaged', engaged]] }, event];
}

/** The letters of `gcd` for a purpose that is denied. */
const DENIED = /[mpqu]/;

/** Consent mode: the third digit of `gcs` is analytics. `gcd` has a letter for each purpose, of which analytics is the second. */
function consentOf(gcs: string, gcd: string): RawEvent['consent'] {
  const [, given] = /^G1[\d-]([01])/.exec(gcs) ?? [];
  if (given === '1') return 'granted';
  const [, letter = ''] = /^\d+[a-z]\d([a-z])/.exec(gcd) ?? [];
  return given === '0' || DENIED.test(letter) ? 'denied' : '';
}

/**
 * The second digit of `gcs` is storage for ads. `gcd` has it as its first letter, and as its third whether data may be sent to Google for ads. Either
 * denial is one.
 */
function adConsentOf(gcs: string, gcd: string): AdConsent {
  const [, given] = /^G1([01])/.exec(gcs) ?? [];
  const [, storage = '', userData = ''] = /^\d+([a-z])(?:\d[a-z]\d([a-z]))?/.exec(gcd) ?? [];
  if (given === '0' || DENIED.test(storage) || DENIED.test(userData)) return 'denied';
  return given === '1' ? 'granted' : '';
}

/** Event parameters (`ep.`, and `epn.` for numbers), user properties (`up.`, `upn.`), the currency and the items. */
function parametersOf(fields: Fields): RawEvent['cd'] {
  const parameters: [string, unknown][] = [];
  const items: unknown[] = [];
  for (const [field, value] of fields) {
    const [, scope, name = ''] = /^(ep|up)n?\.(.+)$/s.exec(field) ?? [];
    if (scope === 'ep') parameters.push([name, value]);
    else if (scope === 'up') parameters.push([`user.${name}`, value]);
    else if (field === 'cu') parameters.push(['currency', value]);
    else if (/^pr\d{1,3}$/.test(field)) items.push(itemOf(value));
  }
  return items.length === 0 ? parameters : [...parameters, ['items', listText(items)]];
}

const ITEM_FIELDS: Readonly<Record<string, string>> = {
  id: 'item_id',
  nm: 'item_name',
  br: 'item_brand',
  ca: 'item_category',
  va: 'item_variant',
  cp: 'coupon',
  ln: 'item_list_name',
  pr: 'price',
  qt: 'quantity',
};

/** An item such as `idSKU_1~nmShirt~pr9.99~qt2`: its fields have names of two characters. */
function itemOf(text: string): unknown {
  const fields = text.split('~', 50).map((field) => [field.slice(0, 2), field.slice(2)] as const);
  const known = fields.flatMap(([name, value]) =>
    Object.hasOwn(ITEM_FIELDS, name) ? [[ITEM_FIELDS[name], value] as const] : [],
  );
  return Object.fromEntries(known);
}

function isSameHost(one: string, other: string): boolean {
  const host = URL.parse(one)?.host;
  return host !== undefined && host === URL.parse(other)?.host;
}
