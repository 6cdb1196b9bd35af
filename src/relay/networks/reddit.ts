/** Reddit's Conversions API, version 3: https://ads-api.reddit.com/docs/v3/operations/post-conversion-events */
import type { Conversion } from '../../model/conversion.ts';
import type { Destination } from '../../model/destination.ts';
import { PAGEVIEW } from '../../model/event.ts';
import { VERSION } from '../../model/version.ts';
import type { Network } from '../network.ts';
import { clickOf, codeProblem, itemsOf, present, worthOf } from './parts.ts';
import {
  amountOf,
  answerOf,
  clientField,
  each,
  hostField,
  jsonOf,
  listAt,
  settingOf,
  TOKEN,
  textAt,
  valueAt,
} from './shared.ts';
import { split, statusVerdict } from './status.ts';

const DAY = 86_400_000;

const HOST = hostField('https://ads-api.reddit.com');
const CLIENT = clientField('Reddit');

/** Reddit's own events, with what it counts of each; it counts everything of custom ones. */
const EVENTS: Readonly<Record<string, { readonly value: boolean; readonly items: boolean }>> = {
  PAGE_VISIT: { value: false, items: false },
  VIEW_CONTENT: { value: false, items: false },
  SEARCH: { value: false, items: false },
  ADD_TO_CART: { value: true, items: true },
  ADD_TO_WISHLIST: { value: true, items: true },
  PURCHASE: { value: true, items: true },
  LEAD: { value: true, items: false },
  SIGN_UP: { value: true, items: false },
};
const CUSTOM = { value: true, items: true };

const WRONG_TYPE = 'Correct the field that Reddit names.';

export const reddit: Network = {
  name: 'reddit',
  title: 'Reddit',
  account: {
    name: 'account',
    label: 'Pixel ID',
    help: 'Reddit Ads, Events Manager: the id of the pixel, such as a2_abc123def.',
    pattern: /^\w{4,64}$/,
  },
  secret: {
    name: 'secret',
    label: 'Conversion access token',
    help: 'Events Manager, Conversions API, Generate access token. Reddit shows it once.',
    pattern: TOKEN,
  },
  settings: [CLIENT, HOST],
  events: {
    [PAGEVIEW]: 'PAGE_VISIT',
    ViewContent: 'VIEW_CONTENT',
    Search: 'SEARCH',
    AddToCart: 'ADD_TO_CART',
    AddToWishlist: 'ADD_TO_WISHLIST',
    Purchase: 'PURCHASE',
    Lead: 'LEAD',
    CompleteRegistration: 'SIGN_UP',
  },
  as: {
    pattern: /^(?!C(?:USTOM|ustom)$)[A-Za-z\d](?:[\w .\-]{0,62}[A-Za-z\d])?$/v,
    help: `One of ${Object.keys(EVENTS).join(', ')}; any other name is sent as a custom event.`,
  },
  batch: { events: 1000, bytes: 1_000_000 },
  maxAge: 7 * DAY,
  deduplicates: 'all',
  deduplicatesFor: 2 * DAY,
  test: 'code',

  problemOf({ conversion }, destination) {
    if ((worthOf(conversion, amountOf) ?? 0) < 0)
      return 'Reddit accepts no negative values. Leave out refunds.';
    const { click_id, user } = matchKeys(conversion, destination);
    if (click_id !== undefined || Object.keys(user).length > 0) return codeProblem(reddit, destination);
    return 'Reddit cannot find the person: the event has no click id, no id of Reddit’s pixel and no hash. Pass the e-mail address to the tag.';
  },

  event({ conversion, as }, { destination }) {
    const { contents, currency } = conversion;
    const counts = EVENTS[as] ?? CUSTOM;
    const value = counts.value ? worthOf(conversion, amountOf) : undefined;
    const items = counts.items ? itemsOf(contents) : undefined;
    return present({
      event_at: conversion.ts,
      action_source: 'WEBSITE',
      event_source_url: conversion.url,
      type: EVENTS[as] ? { tracking_type: as } : { tracking_type: 'CUSTOM', custom_event_name: as },
      ...matchKeys(conversion, destination),
      metadata: present({
        conversion_id: conversion.event_id,
        value,
        currency: value === undefined ? '' : currency,
        item_count: items,
        products: contents.map(({ id }) => ({ id })),
      }),
    });
  },

  request(events, { destination, secret }) {
    const code = destination.mode === 'test' ? destination.test_code : '';
    return {
      method: 'POST',
      url: `${settingOf(destination, HOST)}/api/v3/pixels/${encodeURIComponent(destination.account)}/conversion_events`,
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        // Reddit throttles senders without a name of their own.
        'user-agent': `web:speck-pixel:${VERSION}`,
      },
      body: JSON.stringify({ data: present({ test_id: code, events }) }),
    };
  },

  verdict(response, count, { now }) {
    const json = jsonOf(response.body);
    const message =
      textAt(json, 'invalid_events', 0, 'error_message') ||
      textAt(json, 'data', 'message') ||
      textAt(json, 'message') ||
      textAt(json, 'error', 'message') ||
      textAt(json, 'error', 'explanation');
    const code = textAt(json, 'error', 'reason') || textAt(json, 'error', 'code');
    const answer = answerOf(response, { code, message });
    if (response.status === 200 && message !== '') {
      // A success that names an error has taken nothing.
      const isRefused = listAt(json, 'invalid_events').length > 0 || valueAt(json, 'error') !== undefined;
      return isRefused ? split(reddit, answer) : each(count, { kind: 'delivered', answer });
    }
    // A field of the wrong type is called unauthorized, too.
    if (response.status === 403 && message.startsWith('JSON error'))
      return { kind: 'split', answer: { ...answer, advice: WRONG_TYPE } };
    return statusVerdict(reddit, response, answer, now);
  },
};

/** By what Reddit finds the person. */
function matchKeys(conversion: Conversion, destination: Destination) {
  const { hashes, network_ids } = conversion;
  const sendsClient = settingOf(destination, CLIENT) === 'yes';
  return {
    click_id: clickOf(conversion, 'rdt_cid')?.id,
    user: present({
      email: hashes.em_r,
      phone_number: hashes.ph_e164,
      external_id: hashes.external_id,
      uuid: network_ids.rdt_uuid,
      ip_address: sendsClient ? conversion.ip : '',
      user_agent: sendsClient ? conversion.user_agent : '',
    }),
  };
}
