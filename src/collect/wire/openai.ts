/** The image tag of OpenAI Ads: one event in a query. https://developers.openai.com/ads/image-tag */
import { parseFields } from '../../model/fields.ts';
import { ok } from '../../model/result.ts';
import { BLANK_EVENT, type RawEvent } from '../../model/wire.ts';
import { ownName } from './event-name.ts';
import type { WireFormat } from './format.ts';
import { gifResponse } from './gif.ts';
import { pixelNamed } from './pixel-named.ts';

export const openai: WireFormat = {
  routes: [{ method: 'GET', path: '/v1/sdk/events' }],
  limits: { bytes: 0, events: 1 },
  read: ({ query }) => ok({ events: [eventOf(parseFields(query))] }),
  answer: ({ error }) => gifResponse(error),
};

const PAGE_VIEW = 'page_viewed';

function eventOf(fields: ReadonlyMap<string, string>): RawEvent {
  const field = (name: string): string => fields.get(name) ?? '';
  const name = field('event') === 'custom' ? field('custom_event_name') : field('event');
  return {
    ...BLANK_EVENT,
    ...pixelNamed('openai', field('pid')),
    ev: name === PAGE_VIEW ? '' : ownName(name),
    // Fields of Speck's own, which an owner may add: the image says nothing of its page.
    dl: field('dl'),
    rl: field('rl'),
    eid: field('event_id'),
    cd: dataOf(fields),
  };
}

/** The fields `data[…]`, without the type, which only says which of them there may be. */
function dataOf(fields: ReadonlyMap<string, string>): RawEvent['cd'] {
  const data = [...fields].flatMap(([name, value]): [string, unknown][] =>
    name.startsWith('data[') && name.endsWith(']') ? [[name.slice(5, -1), value]] : [],
  );
  const value = majorUnits(fields.get('data[amount]') ?? '', fields.get('data[currency]') ?? '');
  return data.flatMap(([key, one]): [string, unknown][] => {
    if (key === 'type') return [];
    return key === 'amount' && value !== null ? [['value', value]] : [[key, one]];
  });
}

/** An amount in the smallest units of its currency, such as cents, as an amount of the currency; null if it is none. */
function majorUnits(amount: string, currency: string): number | null {
  if (!/^-?\d{1,15}$/.test(amount) || !/^[a-z]{3}$/i.test(currency)) return null;
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  return Number(amount) / 10 ** maximumFractionDigits;
}
