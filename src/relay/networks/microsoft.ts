/**
 * Microsoft Advertising by its Conversions API for UET tags, v1. It names the events that it refuses, and takes the others. Facts:
 * learn.microsoft.com/en-us/advertising/guides/uet-conversion-api-integration, and what public senders show of its answers.
 */
import type { Content, Conversion } from '../../model/conversion.ts';
import type { Answer } from '../../model/delivery.ts';
import type {
  Access,
  EventVerdict,
  Json,
  JsonObject,
  Network,
  Outgoing,
  RelayRequest,
  RelayResponse,
  Verdict,
} from '../network.ts';
import { clickOf, wholeOf } from './parts.ts';
import {
  amountOf,
  answerOf,
  EVENT_NAME,
  hostField,
  isTransient,
  jsonOf,
  listAt,
  retryAfterOf,
  secondsOf,
  settingOf,
  textAt,
  valueAt,
  versionField,
} from './shared.ts';

const host = hostField('https://capi.uet.microsoft.com');
const version = versionField('v1', 'Change it only if Microsoft ends this version.');

/** The kind of event that a page view is; all others have a name of the owner's. */
const PAGE_LOAD = 'pageLoad';
/** Microsoft's click ids are UUIDs, with or without hyphens. */
const CLICK_ID = /^[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}$/i;

const NEW_TOKEN =
  'In Microsoft Advertising, open Tools, UET tag, the tag, Set up tagging, Use Conversions API. Copy the token, and enter it in the destination. A new token works after 15 minutes. If “Use Conversions API” is missing, ask Microsoft to enable the Conversions API for the account.';

export const microsoft: Network = {
  name: 'microsoft',
  title: 'Microsoft Advertising',
  account: {
    name: 'account',
    label: 'UET tag ID',
    help: 'In Microsoft Advertising: Tools, UET tag. A number.',
    pattern: /^\d{4,20}$/,
  },
  secret: {
    name: 'secret',
    label: 'Conversions API token',
    help: 'On the page of the tag: Set up tagging, Use Conversions API, Copy token.',
    pattern: /^[\x21-\x7e]{8,8000}$/,
  },
  settings: [version, host],
  events: {
    pageview: PAGE_LOAD,
    AddToCart: 'add_to_cart',
    CompleteRegistration: 'sign_up',
    InitiateCheckout: 'begin_checkout',
    Lead: 'generate_lead',
    Purchase: 'purchase',
    Search: 'search',
    Subscribe: 'subscribe',
    ViewContent: 'view_item',
  },
  as: {
    pattern: EVENT_NAME,
    help: 'The action of the conversion goal in Microsoft Advertising, the same as your UET tag sends; for page views `pageLoad`.',
  },
  batch: { events: 1000, bytes: 900_000 },
  maxAge: 7 * 86_400_000,
  deduplicates: 'all',
  test: 'none',
  problemOf,
  event,
  request,
  verdict,
};

function problemOf({ conversion, as }: Outgoing): string | null {
  if (!EVENT_NAME.test(as))
    return 'Microsoft does not accept the name in the rule. Enter a name of at most 100 characters in one line.';
  if (as === PAGE_LOAD && conversion.url === '') {
    return 'Microsoft requires the URL of the page of a page view. Send it with the event.';
  }
  return null;
}

function event({ conversion, as }: Outgoing): JsonObject {
  const { url, referrer } = conversion;
  const data = dataOf(conversion);
  return {
    ...(as === PAGE_LOAD ? { eventType: PAGE_LOAD } : { eventType: 'custom', eventName: as }),
    eventId: conversion.event_id,
    eventTime: secondsOf(conversion.ts),
    ...(url === '' ? {} : { eventSourceUrl: url }),
    ...(referrer === '' ? {} : { referrerUrl: referrer }),
    adStorageConsent: 'G',
    userData: userOf(conversion),
    ...(Object.keys(data).length === 0 ? {} : { customData: data }),
  };
}

function userOf(conversion: Conversion): JsonObject {
  const { hashes, network_ids, client_number, ip, user_agent } = conversion;
  const { external_id } = hashes;
  // Microsoft cuts dots and what follows a plus sign from the local part of an address, and keeps the plus sign of a phone number. For most addresses
  // the form without anything but letters and digits is the same.
  const email = hashes.em_r ?? hashes.em;
  const phone = hashes.ph_e164 ?? hashes.ph;
  const click = clickOf(conversion, 'msclkid')?.id;
  return {
    anonymousId: network_ids.uetvid || client_number,
    ...(external_id === undefined ? {} : { externalId: external_id }),
    ...(email === undefined ? {} : { em: email }),
    ...(phone === undefined ? {} : { ph: phone }),
    ...(click === undefined || !CLICK_ID.test(click) ? {} : { msclkid: click }),
    ...(ip === '' ? {} : { clientIpAddress: ip }),
    ...(user_agent === '' ? {} : { clientUserAgent: user_agent }),
  };
}

function dataOf({ value, currency, order_id, contents }: Conversion): JsonObject {
  const items = contents.filter(({ id }) => id !== '');
  return {
    ...(value === null ? {} : { value: amountOf(value) }),
    ...(currency === '' ? {} : { currency }),
    ...(order_id === '' ? {} : { transactionId: order_id }),
    ...(items.length === 0 ? {} : { itemIds: items.map(({ id }) => id), items: items.map(itemOf) }),
  };
}

function itemOf({ id, quantity, price }: Content): Json {
  return { id, quantity: wholeOf(quantity), ...(price === null ? {} : { price: amountOf(price) }) };
}

function request(events: readonly JsonObject[], { destination, secret }: Access): RelayRequest {
  const base = `${settingOf(destination, host)}/${settingOf(destination, version)}`;
  return {
    method: 'POST',
    url: `${base}/${encodeURIComponent(destination.account)}/events`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
    body: JSON.stringify({ data: events, continueOnValidationError: true, dataProvider: 'speck' }),
  };
}

/** A fault or a warning about an event of the batch. */
interface Finding {
  readonly index: number;
  readonly field: string;
  readonly message: string;
  readonly code: string;
  readonly isWarning: boolean;
}

function verdict(response: RelayResponse, count: number, { now }: Access): Verdict {
  const { status } = response;
  const body = jsonOf(response.body);
  const answer = answerOf(response, {
    code: textAt(body, 'error', 'code'),
    message: textAt(body, 'error', 'message'),
    trace: textAt(body, 'traceId'),
  });
  if (status === 401 || status === 403) return { kind: 'stop', answer: { ...answer, advice: NEW_TOKEN } };
  if (isTransient(status)) {
    return { kind: 'retry', answer, after: retryAfterOf(response, now) };
  }
  if (status < 200 || (status >= 300 && status < 400) || status === 404) {
    const advice = 'Check the UET tag ID, the API version and the host.';
    return { kind: 'stop', answer: { ...answer, advice } };
  }
  if (body === undefined) {
    // Something between Speck and Microsoft may have answered.
    return {
      kind: 'retry',
      answer: { ...answer, message: `Speck cannot read the response with status ${status}.` },
      after: null,
    };
  }
  const findings = listAt(body, 'error', 'details').map(findingOf);
  const faults = findings.filter(({ isWarning }) => !isWarning);
  // An event that Microsoft has taken is recognized by its id when the halves of the batch are sent.
  if (faults.some(({ index }) => !(index >= 0 && index < count))) return { kind: 'split', answer };
  const isTaken = status < 300;
  if (faults.length === 0 && (!isTaken || isRefusal(body))) return { kind: 'split', answer };
  return {
    kind: 'each',
    events: Array.from({ length: count }, (_, index) => verdictAt(index, findings, answer, isTaken)),
  };
}

/** Whether an answer with a status of success says that nothing was taken. */
function isRefusal(body: Json | undefined): boolean {
  return textAt(body, 'error', 'code') !== '' && valueAt(body, 'eventsReceived') === 0;
}

function verdictAt(
  index: number,
  findings: readonly Finding[],
  answer: Answer,
  isTaken: boolean,
): EventVerdict {
  const own = findings.filter((finding) => finding.index === index);
  const faults = own.filter(({ isWarning }) => !isWarning);
  const [fault] = faults;
  if (fault !== undefined) {
    const advice = adviceFor(fault.field);
    return {
      kind: 'refused',
      answer: { ...answer, code: fault.code || answer.code, message: told(faults), advice },
    };
  }
  if (!isTaken) return { kind: 'retry', answer };
  const message = own.length === 0 ? '' : `Accepted, with a warning. ${told(own)}`;
  return { kind: 'delivered', answer: { ...answer, code: '', message } };
}

/** `attemptedValue` is left out: it is what was sent. */
const told = (findings: readonly Finding[]): string =>
  findings.map(({ field, message }) => `${field}: ${message}`.replace(/^: /, '')).join(' ');

function findingOf(detail: Json): Finding {
  const index = valueAt(detail, 'index');
  return {
    index: typeof index === 'number' && Number.isInteger(index) ? index : -1,
    field: textAt(detail, 'propertyName'),
    message: textAt(detail, 'errorMessage'),
    code: textAt(detail, 'errorCode'),
    isWarning: valueAt(detail, 'isWarning') === true,
  };
}

/** What an owner can do about a field, by the last part of its path. */
function adviceFor(path: string): string {
  const field = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  if (field === 'eventtime') return 'Microsoft accepts only events of the last seven days.';
  if (field === 'currency') return 'Send the currency as three letters, such as EUR.';
  if (field === 'eventname') return 'Enter another name in the rule.';
  if (field === 'eventsourceurl') return 'Send the URL of the page with the event.';
  return 'Correct this field on your page or your server.';
}
