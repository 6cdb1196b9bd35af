/**
 * Version 3 of Snap's Conversions API: https://developers.snap.com/api/marketing-api/Conversions-API. Times are in seconds, as in the examples of its pages
 * and of its own library (github.com/Snapchat/business-sdk-v3-java). One bad event refuses its whole batch, also behind the status 200. An event is
 * recognized by its id for 48 hours.
 */
import type { Answer } from '../../model/delivery.ts';
import { PAGEVIEW } from '../../model/event.ts';
import type {
  Access,
  EventVerdict,
  Json,
  JsonObject,
  Network,
  Outgoing,
  RelayResponse,
  Verdict,
} from '../network.ts';
import { clickOf, itemsOf, listOf, present, priced, wholeOf, worthOf } from './parts.ts';
import {
  amountOf,
  amountTextOf,
  answerOf,
  each,
  hostField,
  jsonOf,
  listAt,
  secondsOf,
  settingOf,
  textAt,
  versionField,
} from './shared.ts';
import { statusVerdict } from './status.ts';

const DAY = 86_400_000;

const host = hostField('https://tr.snapchat.com');
const version = versionField('v3', 'The version of Snap’s Conversions API.');

export const snap: Network = {
  name: 'snap',
  title: 'Snapchat',
  account: {
    name: 'account',
    label: 'Pixel ID',
    help: 'In Snap’s Ads Manager, under “Events Manager”, open your pixel. The id has 36 characters.',
    pattern: /^[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}$/,
  },
  secret: {
    name: 'secret',
    label: 'Conversions API token',
    help: 'In Ads Manager, open “Business details”, then “Conversions API tokens”. Only an organization admin can generate one.',
    pattern: /^[\w.-]{20,4000}$/,
  },
  settings: [host, version],
  events: {
    [PAGEVIEW]: 'PAGE_VIEW',
    AddPaymentInfo: 'ADD_BILLING',
    AddToCart: 'ADD_CART',
    AddToWishlist: 'ADD_TO_WISHLIST',
    CompleteRegistration: 'SIGN_UP',
    InitiateCheckout: 'START_CHECKOUT',
    Purchase: 'PURCHASE',
    Search: 'SEARCH',
    StartTrial: 'START_TRIAL',
    Subscribe: 'SUBSCRIBE',
    ViewContent: 'VIEW_CONTENT',
  },
  as: {
    pattern:
      /^(?:PAGE_VIEW|VIEW_CONTENT|ADD_CART|ADD_TO_WISHLIST|SIGN_UP|SEARCH|PURCHASE|ADD_BILLING|COMPLETE_TUTORIAL|SUBSCRIBE|AD_CLICK|AD_VIEW|START_CHECKOUT|RATE|LIST_VIEW|LEVEL_COMPLETE|ACHIEVEMENT_UNLOCKED|SPEND_CREDITS|SAVE|SHARE|INVITE|LOGIN|RESERVE|START_TRIAL|CUSTOM_EVENT_[1-5])$/,
    help: 'One of Snap’s events in capitals, such as “PURCHASE”, “ADD_CART” or “SIGN_UP”, or “CUSTOM_EVENT_1” to “CUSTOM_EVENT_5”.',
  },
  batch: { events: 2000, bytes: 1_000_000 },
  maxAge: 37 * DAY,
  deduplicates: 'all',
  deduplicatesFor: 2 * DAY,
  test: 'validate',
  problemOf,
  event,
  request,
  verdict,
};

function problemOf({ conversion, as }: Outgoing): string | null {
  const { hashes, ip, user_agent, value, currency } = conversion;
  if (conversion.url === '') {
    return 'Snap refuses web events without the URL of the page. Send it with the event.';
  }
  if (hashes.em === undefined && hashes.ph === undefined && (ip === '' || user_agent === '')) {
    return 'Snap needs the hash of the e-mail address or phone number, or both the IP address and the user agent of the browser. If your server reports the event, send one of these with it.';
  }
  if (as === 'PURCHASE' && (value === null || currency === '')) {
    return 'Snap refuses purchases without a value and a currency. Send both with the event.';
  }
  return null;
}

function event({ conversion, as }: Outgoing): JsonObject {
  const { hashes, contents, currency, ts } = conversion;
  return present({
    event_name: as,
    event_time: secondsOf(ts),
    event_id: conversion.event_id,
    action_source: 'WEB',
    event_source_url: conversion.url,
    user_data: present({
      em: listOf(hashes.em),
      ph: listOf(hashes.ph),
      external_id: hashes.external_id,
      client_ip_address: conversion.ip,
      client_user_agent: conversion.user_agent,
      sc_click_id: clickOf(conversion, 'ScCid')?.id,
      sc_cookie1: conversion.network_ids.scid,
    }),
    custom_data: present({
      currency,
      value: worthOf(conversion, amountOf),
      order_id: conversion.order_id,
      content_ids: contents.map(({ id }) => id),
      // Texts, unlike the value of the whole.
      contents: contents.map(({ id, quantity, price }) =>
        present({
          id,
          quantity: String(wholeOf(quantity)),
          item_price: priced(price, amountTextOf),
        }),
      ),
      num_items: itemsOf(contents),
    }),
  });
}

function request(events: readonly JsonObject[], { destination, secret }: Access) {
  const path = `${settingOf(destination, version)}/${encodeURIComponent(destination.account)}/events`;
  const check = destination.mode === 'test' ? '/validate' : '';
  return {
    method: 'POST',
    url: `${settingOf(destination, host)}/${path}${check}?access_token=${encodeURIComponent(secret)}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ data: events }),
  } as const;
}

const ADVICE = 'Snap names the field that it does not accept. Correct it on your page or your server.';

function verdict(response: RelayResponse, count: number, { now }: Access): Verdict {
  const body = jsonOf(response.body);
  const status = textAt(body, 'status');
  const answer = answerOf(response, errorsOf(body));
  // A status of success may carry INVALID, and 400 always does.
  if ((status !== 'VALID' && status !== 'INVALID') || (response.status >= 300 && response.status !== 400)) {
    return statusVerdict(snap, response, answer, now);
  }
  const logs = listAt(body, 'event_logs');
  if (logs.length === count) return { kind: 'each', events: logs.map((log) => verdictOfLog(log, answer)) };
  if (status === 'VALID' && response.status < 300) return each(count, { kind: 'delivered', answer });
  return { kind: 'split', answer: { ...answer, advice: ADVICE } };
}

/** What `/validate` says of one event. */
function verdictOfLog(log: Json, answer: Answer): EventVerdict {
  if (textAt(log, 'status') === 'VALID') {
    const message = listAt(log, 'warnings').map(String).join(' ');
    return { kind: 'delivered', answer: { ...answer, message } };
  }
  return { kind: 'refused', answer: { ...answer, ...errorsOf(log), advice: ADVICE } };
}

function errorsOf(json: Json | undefined): Pick<Answer, 'code' | 'message'> {
  const messages = listAt(json, 'errors', 'error_msgs').map(String).join(' ');
  const isError = textAt(json, 'status') !== 'VALID';
  return {
    code: listAt(json, 'errors', 'codes').map(String).join(' '),
    message: messages === '' && isError ? textAt(json, 'reason') : messages,
  };
}
