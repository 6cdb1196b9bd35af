/**
 * Google Analytics 4 by the Measurement Protocol. Its server answers 2xx to anything, so an answer says that the event has arrived, and nothing else. Facts:
 * developers.google.com/analytics/devguides/collection/protocol/ga4/{reference,sending-events,validating-events}, …/ga4/uid-data;
 * support.google.com/analytics/answer/{12313109,13316687}.
 */
import type { Content, Conversion } from '../../model/conversion.ts';
import type {
  Access,
  Json,
  JsonObject,
  Network,
  Outgoing,
  RelayRequest,
  RelayResponse,
  Verdict,
} from '../network.ts';
import { present } from './parts.ts';
import {
  amountOf,
  answerOf,
  each,
  hostField,
  jsonOf,
  listAt,
  secondsOf,
  settingOf,
  textAt,
} from './shared.ts';

const host = hostField(
  'https://www.google-analytics.com',
  'host',
  'Host',
  'Where the data is collected. For the European Union: https://region1.google-analytics.com',
);

/** Names that Google Analytics keeps for itself, and drops without a word. */
const RESERVED =
  'ad_activeview|ad_click|ad_exposure|ad_impression|ad_query|ad_reward|adunit_exposure|app_clear_data|app_exception|app_install|app_remove|app_store_refund|' +
  'app_store_subscription_(?:cancel|convert|renew)|app_update|app_upgrade|dynamic_link_(?:app_open|app_update|first_open)|error|first_open|first_visit|' +
  'in_app_purchase|notification_(?:dismiss|foreground|open|receive|send)|os_update|session_start|user_engagement';
const NAME = new RegExp(`^(?!(?:${RESERVED})$)(?!firebase_|ga_|google_)[A-Za-z][A-Za-z0-9_]{0,39}$`);

/** The form of the client id in `_ga`. */
const CLIENT_ID = /^\d{1,20}\.\d{1,20}$/;

/** Characters of a parameter, of the page's address and of the referring page's. */
const PARAMETER = 100;
const LOCATION = 1000;
const REFERRER = 420;
const ITEMS = 200;
const DAY = 86_400_000;

export const ga4: Network = {
  name: 'ga4',
  title: 'Google Analytics 4',
  account: {
    name: 'account',
    label: 'Measurement ID',
    help: 'In Google Analytics: Admin, Data streams, the stream of the site. It begins with G-.',
    pattern: /^G-[A-Z0-9]{4,20}$/,
  },
  secret: {
    name: 'secret',
    label: 'API secret',
    help: 'On the page of the stream: Measurement Protocol API secrets, Create.',
    pattern: /^[\w-]{8,100}$/,
  },
  settings: [host],
  events: {
    pageview: 'page_view',
    AddPaymentInfo: 'add_payment_info',
    AddToCart: 'add_to_cart',
    AddToWishlist: 'add_to_wishlist',
    CompleteRegistration: 'sign_up',
    InitiateCheckout: 'begin_checkout',
    Lead: 'generate_lead',
    Purchase: 'purchase',
    Search: 'search',
    ViewContent: 'view_item',
  },
  as: {
    pattern: NAME,
    help: 'A name of at most 40 letters, digits and underscores that begins with a letter, such as `purchase`. Google Analytics has reserved some names.',
  },
  // A request may have 25 events, but all of one visitor: the client id, the consent and the user data are the request's.
  batch: { events: 1, bytes: 130_000 },
  maxAge: 72 * 3_600_000,
  deduplicates: 'purchases',
  test: 'validate',
  problemOf,
  event,
  request,
  verdict,
};

function problemOf({ as }: Outgoing): string | null {
  return NAME.test(as)
    ? null
    : 'Google Analytics does not accept an event of this name. Enter another name in the rule.';
}

/** The whole body of a request, which has this event alone. */
function event({ conversion, as }: Outgoing): JsonObject {
  const { hashes } = conversion;
  const email = hashes.em_g ?? hashes.em;
  const user = {
    ...(email === undefined ? {} : { sha256_email_address: [email] }),
    ...(hashes.ph_e164 === undefined ? {} : { sha256_phone_number: [hashes.ph_e164] }),
  };
  return {
    client_id: clientIdOf(conversion),
    timestamp_micros: conversion.ts * 1000,
    consent: { ad_user_data: 'GRANTED', ad_personalization: 'GRANTED' },
    ...(Object.keys(user).length === 0 ? {} : { user_data: user }),
    events: [{ name: as, params: parametersOf(conversion, as) }],
  };
}

/** The visitor as Google's tag on the page knows them, or one of Speck's own in the same form, who is then another visitor to Google Analytics. */
function clientIdOf({ network_ids, client_number }: Conversion): string {
  const { ga = '' } = network_ids;
  return isClientId(ga) ? ga : `${client_number.slice(0, 10)}.${client_number.slice(10, 20) || '1'}`;
}

const isClientId = (ga: string): boolean => CLIENT_ID.test(ga);

/**
 * The session of a visitor who is Speck's own: the day. Without one, realtime reports leave the event out. To a visitor whom Google's tag knows it would add
 * a session that has no source.
 */
const sessionOf = ({ network_ids: { ga = '' }, ts }: Conversion): string | undefined =>
  isClientId(ga) ? undefined : String(secondsOf(ts - (ts % DAY)));

/** At most so many characters, without half a pair of surrogates: Google drops what is no text. */
const cut = (text: string, characters: number): string =>
  text.slice(0, characters).replace(/[\ud800-\udbff]$/, '');

function parametersOf(conversion: Conversion, as: string): JsonObject {
  const { value, currency, url, referrer } = conversion;
  const contents = conversion.contents.filter(({ id }) => id !== '');
  // An empty one would make all purchases one.
  const transaction = conversion.order_id || (as === 'purchase' ? conversion.event_id : '');
  return {
    ...present({ session_id: sessionOf(conversion) }),
    // Without it, too, realtime reports leave the event out.
    engagement_time_msec: 1,
    ...(url === '' ? {} : { page_location: cut(url, LOCATION) }),
    ...(referrer === '' ? {} : { page_referrer: cut(referrer, REFERRER) }),
    // A value counts only with its currency.
    ...(value === null || currency === '' ? {} : { value: amountOf(value), currency }),
    ...(transaction === '' ? {} : { transaction_id: cut(transaction, PARAMETER) }),
    ...(contents.length === 0 ? {} : { items: contents.slice(0, ITEMS).map(itemOf) }),
  };
}

function itemOf({ id, quantity, price }: Content): Json {
  return {
    item_id: cut(id, PARAMETER),
    quantity,
    ...(price === null ? {} : { price: amountOf(price) }),
  };
}

function request([body = {}]: readonly JsonObject[], { destination, secret }: Access): RelayRequest {
  const isTest = destination.mode === 'test';
  const parameters = new URLSearchParams({ measurement_id: destination.account, api_secret: secret });
  return {
    method: 'POST',
    url: `${settingOf(destination, host)}${isTest ? '/debug' : ''}/mp/collect?${parameters}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(isTest ? { ...body, validation_behavior: 'ENFORCE_RECOMMENDATIONS' } : body),
  };
}

function verdict(response: RelayResponse, count: number, { destination }: Access): Verdict {
  const { status } = response;
  if (status >= 200 && status < 300) {
    return destination.mode === 'test' ? validation(response, count) : arrival(response, count);
  }
  if (status === 429 || status >= 500) {
    // Google asks senders not to repeat a request after any other answer than 2xx.
    const message = `Google Analytics answered ${status}. It does not say whether it received the event, and asks senders not to repeat it.`;
    return each(count, { kind: 'unknown', answer: answerOf(response, { message }) });
  }
  const message = `Google Analytics answered ${status}, which it never does to an event.`;
  const advice =
    'Check the host: it must be https://www.google-analytics.com or https://region1.google-analytics.com.';
  return { kind: 'stop', answer: answerOf(response, { message, advice }) };
}

function arrival(response: RelayResponse, count: number): Verdict {
  const message = 'The event has arrived. Google Analytics does not say whether it counts it.';
  return each(count, { kind: 'delivered', answer: answerOf(response, { message }) });
}

/** What the server for tests found. It records nothing, and does not look at the API secret. */
function validation(response: RelayResponse, count: number): Verdict {
  const messages = listAt(jsonOf(response.body), 'validationMessages');
  if (messages.length === 0) {
    const message =
      'Google Analytics found no error in the event. It does not check the API secret in a test, and counts nothing.';
    const advice =
      'Set the mode to Live, and look for an event in the realtime report. Only this shows whether the API secret is right.';
    return each(count, { kind: 'delivered', answer: answerOf(response, { message, advice }) });
  }
  const message = messages
    .map((found) => `${textAt(found, 'fieldPath')}: ${textAt(found, 'description')}`.replace(/^: /, ''))
    .join(' ');
  const code = textAt(messages[0], 'validationCode');
  return each(count, {
    kind: 'refused',
    answer: answerOf(response, { code, message, advice: adviceFor(code) }),
  });
}

function adviceFor(code: string): string {
  if (code === 'NAME_INVALID' || code === 'NAME_RESERVED') return 'Enter another name in the rule.';
  if (code === 'VALUE_REQUIRED') return 'Send the missing value with the event.';
  return 'Correct this field on your page or your server.';
}
