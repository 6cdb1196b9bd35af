/**
 * Pinterest's Conversions API: https://developers.pinterest.com/docs/api/v5/events-create. Times are in seconds, amounts are texts. It answers for each
 * event. What arrives more than an hour after it happened is an offline conversion for Pinterest, which it never recognizes as one that it has.
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
  amountTextOf,
  answerOf,
  each,
  hostField,
  jsonOf,
  listAt,
  secondsOf,
  settingOf,
  textAt,
  valueAt,
  versionField,
} from './shared.ts';
import { statusVerdict } from './status.ts';

const HOUR = 3_600_000;

const host = hostField('https://api.pinterest.com');
const version = versionField('v5', 'The version of Pinterest’s API.');

export const pinterest: Network = {
  name: 'pinterest',
  title: 'Pinterest',
  account: {
    name: 'account',
    label: 'Ad account ID',
    help: 'The number in the list of your ad accounts in Pinterest’s Ads Manager, and in the URL of each of its pages.',
    pattern: /^\d{1,18}$/,
  },
  secret: {
    name: 'secret',
    label: 'Conversion access token',
    help: 'In Ads Manager, open “Conversions”, then “Set up API”, and select “Generate new token”.',
    pattern: /^[\w.-]{10,1000}$/,
  },
  settings: [host, version],
  events: {
    [PAGEVIEW]: 'page_visit',
    AddToCart: 'add_to_cart',
    CompleteRegistration: 'signup',
    Lead: 'lead',
    Purchase: 'checkout',
    Search: 'search',
    ViewContent: 'page_visit',
  },
  as: {
    pattern: /^(?:add_to_cart|checkout|custom|lead|page_visit|search|signup|view_category|watch_video)$/,
    help: 'One of Pinterest’s events: “add_to_cart”, “checkout”, “custom”, “lead”, “page_visit”, “search”, “signup”, “view_category”, “watch_video”.',
  },
  batch: { events: 1000, bytes: 1_000_000 },
  maxAge: 168 * HOUR,
  deduplicates: 'all',
  deduplicatesFor: HOUR,
  test: 'validate',
  problemOf,
  event,
  request,
  verdict,
};

function problemOf({ conversion: { hashes, ip, user_agent } }: Outgoing): string | null {
  if (hashes.em !== undefined || (ip !== '' && user_agent !== '')) return null;
  return 'Pinterest needs the hash of the e-mail address, or both the IP address and the user agent of the browser. If your server reports the event, send one of these with it.';
}

function event({ conversion, as }: Outgoing): JsonObject {
  const { hashes, contents, currency, ts, language } = conversion;
  return present({
    event_name: as,
    action_source: 'web',
    event_time: secondsOf(ts),
    event_id: conversion.event_id,
    event_source_url: conversion.url,
    language: /^[a-z]{2}(?![a-z])/.exec(language)?.[0],
    user_data: present({
      em: listOf(hashes.em),
      ph: listOf(hashes.ph),
      external_id: listOf(hashes.external_id),
      client_ip_address: conversion.ip,
      client_user_agent: conversion.user_agent,
      click_id: clickOf(conversion, 'epik')?.id ?? conversion.network_ids.epik,
    }),
    custom_data: present({
      currency,
      value: worthOf(conversion, amountTextOf),
      order_id: conversion.order_id,
      content_ids: contents.map(({ id }) => id),
      contents: contents.map(({ id, quantity, price }) =>
        present({ id, quantity: wholeOf(quantity), item_price: priced(price, amountTextOf) }),
      ),
      num_items: itemsOf(contents),
    }),
  });
}

function request(events: readonly JsonObject[], { destination, secret }: Access) {
  const path = `${settingOf(destination, version)}/ad_accounts/${encodeURIComponent(destination.account)}/events`;
  return {
    method: 'POST',
    url: `${settingOf(destination, host)}/${path}${destination.mode === 'test' ? '?test=true' : ''}`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify({ data: events }),
  } as const;
}

function verdict(response: RelayResponse, count: number, { now }: Access): Verdict {
  const body = jsonOf(response.body);
  const answer = answerOf(response, {
    code: textAt(body, 'code'),
    message: textAt(body, 'message'),
    trace: response.headers.get('x-pinterest-rid') ?? '',
  });
  // 422, "not all events were processed", has them among its details.
  const events = [listAt(body, 'events'), listAt(body, 'details', 'events')].find(
    ({ length }) => length === count,
  );
  if (events !== undefined && (response.status < 300 || response.status === 422)) {
    return { kind: 'each', events: events.map((event) => verdictOfEvent(event, answer)) };
  }
  const processed = valueAt(body, 'num_events_processed');
  if (response.status < 300 && typeof processed === 'number') {
    if (processed >= count) return each(count, { kind: 'delivered', answer });
    const message = `Pinterest processed ${processed} of ${count} events.`;
    const advice =
      'Compare the events in Ads Manager. Speck does not send them again, because it does not know which ones are missing.';
    return each(count, { kind: 'unknown', answer: { ...answer, message, advice } });
  }
  return statusVerdict(pinterest, response, answer, now);
}

function verdictOfEvent(event: Json, answer: Answer): EventVerdict {
  if (textAt(event, 'status') === 'processed') {
    return { kind: 'delivered', answer: { ...answer, message: textAt(event, 'warning_message') } };
  }
  return {
    kind: 'refused',
    answer: {
      ...answer,
      message: textAt(event, 'error_message'),
      advice: 'Pinterest names the field that it does not accept. Correct it on your page or your server.',
    },
  };
}
