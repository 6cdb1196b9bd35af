/** The Conversions API of OpenAI's advertisements in ChatGPT: https://developers.openai.com/ads/conversions-api */
import type { Conversion } from '../../model/conversion.ts';
import type { Destination } from '../../model/destination.ts';
import { PAGEVIEW } from '../../model/event.ts';
import type { JsonObject, Network } from '../network.ts';
import { clickOf, listOf, present, priced, wholeOf, worthOf } from './parts.ts';
import {
  amountOf,
  answerOf,
  clientField,
  each,
  hostField,
  jsonOf,
  settingOf,
  TOKEN,
  textAt,
  valueAt,
} from './shared.ts';
import { split, statusVerdict } from './status.ts';

const DAY = 86_400_000;

const HOST = hostField('https://bzr.openai.com');
const CLIENT = clientField('OpenAI');

/** OpenAI's own events of websites, with the form of their data. */
const EVENTS: Readonly<Record<string, 'contents' | 'customer_action' | 'plan_enrollment'>> = {
  page_viewed: 'contents',
  contents_viewed: 'contents',
  items_added: 'contents',
  checkout_started: 'contents',
  order_created: 'contents',
  lead_created: 'customer_action',
  registration_completed: 'customer_action',
  appointment_scheduled: 'customer_action',
  subscription_created: 'plan_enrollment',
  trial_started: 'plan_enrollment',
};

/** Currencies whose smallest unit is not a hundredth, by the number of decimals in ISO 4217. */
const DECIMALS: Readonly<Record<number, string>> = {
  0: 'BIF BYR CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

export const openai: Network = {
  name: 'openai',
  title: 'OpenAI',
  account: {
    name: 'account',
    label: 'Pixel ID',
    help: 'ChatGPT Ads Manager, Conversions: the id of the pixel.',
    pattern: /^[\w\-]{4,80}$/v,
  },
  secret: {
    name: 'secret',
    label: 'Conversions API key',
    help: 'ChatGPT Ads Manager, Conversions: create a key. A key of the Ads API does not work.',
    pattern: TOKEN,
  },
  settings: [CLIENT, HOST],
  events: {
    [PAGEVIEW]: 'page_viewed',
    ViewContent: 'contents_viewed',
    AddToCart: 'items_added',
    InitiateCheckout: 'checkout_started',
    Purchase: 'order_created',
    Lead: 'lead_created',
    CompleteRegistration: 'registration_completed',
    Schedule: 'appointment_scheduled',
    Subscribe: 'subscription_created',
    StartTrial: 'trial_started',
  },
  as: {
    pattern: /^(?!(?:custom|app_installed|app_opened)$)[A-Za-z\d](?:[\w\-]{0,62}[A-Za-z\d])?$/v,
    help: `One of ${Object.keys(EVENTS).join(', ')}; any other name of letters, digits, - and _ is sent as a custom event.`,
  },
  batch: { events: 1000, bytes: 1_000_000 },
  maxAge: 7 * DAY,
  deduplicates: 'all',
  test: 'validate',

  problemOf({ conversion }, destination) {
    if ((worthOf(conversion, amountOf) ?? 0) < 0)
      return 'OpenAI accepts no negative values. Leave out refunds.';
    const { oppref, user } = matchKeys(conversion, destination);
    if (oppref !== undefined || Object.keys(user).length > 0) return null;
    return 'OpenAI cannot find the person: the event has no click id oppref and no hash. Pass the e-mail address to the tag.';
  },

  event({ conversion, as }, { destination }) {
    const { url } = conversion;
    const data = EVENTS[as] ?? 'custom';
    return present({
      id: conversion.event_id,
      type: EVENTS[as] === undefined ? 'custom' : as,
      custom_event_name: EVENTS[as] === undefined ? as.toLowerCase() : '',
      timestamp_ms: conversion.ts,
      source_url: url,
      action_source: url === '' ? 'other' : 'web',
      ...matchKeys(conversion, destination),
      data: {
        type: data,
        ...moneyOf(conversion),
        ...(data !== 'customer_action' && present({ contents: contentsOf(conversion) })),
      },
    });
  },

  request(events, { destination, secret }) {
    return {
      method: 'POST',
      url: `${settingOf(destination, HOST)}/v1/events?pid=${encodeURIComponent(destination.account)}`,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ validate_only: destination.mode === 'test', events }),
    };
  },

  verdict(response, count, { now }) {
    const json = jsonOf(response.body);
    const answer = answerOf(response, {
      code: textAt(json, 'error', 'code'),
      message: textAt(json, 'error', 'message') || textAt(json, 'message'),
      trace: response.headers.get('x-request-id') ?? '',
    });
    // OpenAI says nothing of what it has taken. A page of a proxy is no such answer.
    if (response.status < 300 && (json !== undefined || response.body === '')) {
      const isRefused = valueAt(json, 'error') !== undefined;
      return isRefused ? split(openai, answer) : each(count, { kind: 'delivered', answer });
    }
    return statusVerdict(openai, response, answer, now);
  },
};

/** By what OpenAI finds the person. */
function matchKeys(conversion: Conversion, destination: Destination) {
  const { em, ph, external_id } = conversion.hashes;
  const sendsClient = settingOf(destination, CLIENT) === 'yes';
  return {
    oppref: clickOf(conversion, 'oppref')?.id,
    user: present({
      emails_sha256: listOf(em),
      phone_numbers_sha256: listOf(ph),
      external_ids_sha256: listOf(external_id),
      ip_address: sendsClient ? conversion.ip : '',
      user_agent: sendsClient ? conversion.user_agent : '',
    }),
  };
}

function moneyOf(conversion: Conversion): JsonObject {
  const { currency } = conversion;
  const amount = worthOf(conversion, (value) => minorUnits(value, currency));
  return amount === undefined ? {} : { amount, currency };
}

function contentsOf({ contents, currency }: Conversion): readonly JsonObject[] {
  return contents.map(({ id, quantity, price }) => {
    const amount = currency === '' ? undefined : priced(price, (value) => minorUnits(value, currency));
    return present({
      id,
      quantity: wholeOf(quantity),
      amount,
      currency: amount === undefined ? '' : currency,
    });
  });
}

/** An amount in millionths as a whole number of the currency's smallest units. */
function minorUnits(millionths: number, currency: string): number {
  const [decimals = 2] = Object.entries(DECIMALS).flatMap(([digits, codes]) =>
    codes.includes(currency) ? [Number(digits)] : [],
  );
  return Math.round(millionths / 10 ** (6 - decimals));
}
