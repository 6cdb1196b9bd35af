/**
 * TikTok's Events API 2.0: https://business-api.tiktok.com/portal/docs?id=1771100779668482. Times are in seconds. Its errors come with the status 200: only
 * the code in the body counts. One bad event refuses its whole batch. An event is recognized by its name and id for 48 hours.
 */
import type { Conversion } from '../../model/conversion.ts';
import type { Answer } from '../../model/delivery.ts';
import type { Destination } from '../../model/destination.ts';
import type { Access, JsonObject, Network, Outgoing, RelayResponse, Verdict } from '../network.ts';
import { clickOf, codeProblem, listOf, present, priced, wholeOf, worthOf } from './parts.ts';
import {
  amountOf,
  answerOf,
  each,
  hostField,
  jsonOf,
  retryAfterOf,
  secondsOf,
  settingOf,
  textAt,
  versionField,
} from './shared.ts';
import { secretAdvice, statusVerdict, stop } from './status.ts';

const DAY = 86_400_000;

const host = hostField('https://business-api.tiktok.com');
const version = versionField('v1.3', 'The version of TikTok’s API for Business.', /^v\d{1,3}\.\d{1,2}$/);

export const tiktok: Network = {
  name: 'tiktok',
  title: 'TikTok',
  account: {
    name: 'account',
    label: 'Pixel ID',
    help: 'In TikTok’s Events Manager, open your web data source. The id is under its name.',
    pattern: /^[A-Za-z\d]{8,40}$/,
  },
  secret: {
    name: 'secret',
    label: 'Access token',
    help: 'In Events Manager, open the settings of the data source. Under “Events API”, select “Generate access token”.',
    pattern: /^[\w.-]{20,1000}$/,
  },
  settings: [host, version],
  events: {
    AddPaymentInfo: 'AddPaymentInfo',
    AddToCart: 'AddToCart',
    AddToWishlist: 'AddToWishlist',
    CompleteRegistration: 'CompleteRegistration',
    Contact: 'Contact',
    CustomizeProduct: 'CustomizeProduct',
    FindLocation: 'FindLocation',
    InitiateCheckout: 'InitiateCheckout',
    Lead: 'Lead',
    Purchase: 'Purchase',
    Schedule: 'Schedule',
    Search: 'Search',
    StartTrial: 'StartTrial',
    SubmitApplication: 'SubmitApplication',
    Subscribe: 'Subscribe',
    ViewContent: 'ViewContent',
  },
  as: {
    pattern: /^[\w -]{1,50}$/,
    help: 'A standard event of TikTok, such as “Purchase”, or a name of your own of at most 50 letters, digits, spaces, “_” and “-”.',
  },
  // With a test code, TikTok takes events one by one.
  batch: { events: 1000, bytes: 1_000_000, testEvents: 1 },
  maxAge: 7 * DAY,
  deduplicates: 'all',
  deduplicatesFor: 2 * DAY,
  test: 'code',
  problemOf,
  event,
  request,
  verdict,
};

function problemOf({ conversion }: Outgoing, destination: Destination): string | null {
  if (conversion.url === '') {
    return 'TikTok refuses web events without the URL of the page. Send it with the event.';
  }
  if (Object.keys(userOf(conversion)).length === 0) {
    return 'TikTok needs something to match the event with: a click id, the hash of an e-mail address, phone number or user id, or the IP address. Send one of them with the event.';
  }
  return codeProblem(tiktok, destination);
}

function event({ conversion, as }: Outgoing): JsonObject {
  const { contents, currency } = conversion;
  return present({
    event: as,
    event_time: secondsOf(conversion.ts),
    event_id: conversion.event_id,
    user: userOf(conversion),
    page: present({ url: conversion.url, referrer: conversion.referrer }),
    properties: present({
      currency,
      value: worthOf(conversion, amountOf),
      order_id: conversion.order_id,
      content_type: contents.length === 0 ? undefined : 'product',
      contents: contents.map(({ id, quantity, price }) =>
        present({ content_id: id, quantity: wholeOf(quantity), price: priced(price, amountOf) }),
      ),
    }),
  });
}

function userOf(conversion: Conversion): JsonObject {
  const { hashes, network_ids, ip, user_agent } = conversion;
  return present({
    email: listOf(hashes.em),
    // With its `+` before hashing, unlike other networks.
    phone: listOf(hashes.ph_e164),
    external_id: listOf(hashes.external_id),
    ttclid: clickOf(conversion, 'ttclid')?.id,
    ttp: network_ids.ttp,
    ip,
    user_agent,
  });
}

function request(events: readonly JsonObject[], { destination, secret }: Access) {
  return {
    method: 'POST',
    url: `${settingOf(destination, host)}/open_api/${settingOf(destination, version)}/event/track/`,
    headers: { 'content-type': 'application/json', 'access-token': secret },
    body: JSON.stringify(
      present({
        event_source: 'web',
        event_source_id: destination.account,
        test_event_code: destination.mode === 'test' ? destination.test_code : '',
        data: events,
      }),
    ),
  } as const;
}

/** Codes that no resending and no other event changes: https://business-api.tiktok.com/portal/docs?id=1737172488964097. */
const STOPPING: Readonly<Record<string, string>> = {
  40001:
    'The access token has no right to this pixel. Check the Pixel ID in Events Manager, and generate the token there, in the settings of the same data source.',
  40102: secretAdvice(tiktok),
  40104: secretAdvice(tiktok),
  40105: secretAdvice(tiktok),
};

function verdict(response: RelayResponse, count: number, { now }: Access): Verdict {
  const body = jsonOf(response.body);
  const code = textAt(body, 'code');
  const answer = answerOf(response, {
    code: code === '0' ? '' : code,
    message: code === '0' ? '' : textAt(body, 'message'),
    trace: textAt(body, 'request_id'),
  });
  if (!/^\d+$/.test(code)) return statusVerdict(tiktok, response, answer, now);
  return verdictOfCode(code, count, answer, retryAfterOf(response, now));
}

function verdictOfCode(code: string, count: number, answer: Answer, after: number | null): Verdict {
  if (code === '0') return each(count, { kind: 'delivered', answer });
  const advice = STOPPING[code];
  if (advice !== undefined) return stop(answer, advice);
  // 40100: too many requests. 40700 and from 50000: TikTok's own trouble.
  if (code === '40100' || code === '40700' || Number(code) >= 50_000) return { kind: 'retry', answer, after };
  // A part of the batch was taken. Those that come again in a smaller one are recognized, and count once.
  if (code === '20001' && count === 1) return each(1, { kind: 'delivered', answer });
  return {
    kind: 'split',
    answer: {
      ...answer,
      advice:
        'TikTok names the field that it does not accept. Correct it on your page or your server, or correct the name in the rule.',
    },
  };
}
