/**
 * Google Ads by the Data Manager API, v1. A request is taken or refused as a whole; what became of its events Google says half an hour later at the
 * earliest. Facts: googleapis/googleapis, google/ads/datamanager/v1/{event,ingestion_service,error,request_status_per_destination}.proto;
 * developers.google.com/data-manager/api/devguides/{diagnostics,limits,concepts/formatting,events/google-ads/online/send-events}.
 */
import type { Click, ClickParameter, Conversion } from '../../model/conversion.ts';
import type { Answer } from '../../model/delivery.ts';
import type {
  Access,
  DestinationField,
  EventVerdict,
  Json,
  JsonObject,
  Network,
  Outgoing,
  RelayRequest,
  RelayResponse,
  Verdict,
} from '../network.ts';
import { adviceFor, COUNTED, isStopping, reasonOf, TOO_NEW } from './google-answers.ts';
import { googleToken, tokenHost } from './google-token.ts';
import { clickOf } from './parts.ts';
import {
  amountOf,
  answerOf,
  each,
  hostField,
  isTransient,
  jsonOf,
  listAt,
  retryAfterOf,
  settingOf,
  textAt,
  versionField,
} from './shared.ts';

const host = hostField('https://datamanager.googleapis.com');
const version = versionField('v1', 'Change it only when Google ends this version.');
const manager: DestinationField = {
  name: 'login_account',
  label: 'Manager account',
  help: 'The customer ID of the manager account, if the service account is a user of that account only.',
  pattern: /^(?:\d{10}|\d{3}-\d{3}-\d{4})?$/,
  default: '',
};

const ACTION = /^\d{1,20}$/;
/** Seconds until Google's daily quota is tried again. */
const QUOTA_PAUSE = 3600;
const HALF_AN_HOUR = 1_800_000;
/** The status of `ABORTED`: something else was under way, and the same may be sent again. */
const ABORTED = 409;

/** The kinds of Google's click ids, the most exact one first. */
const CLICKS = ['gclid', 'gbraid', 'wbraid'] as const satisfies readonly ClickParameter[];

export const google: Network = {
  name: 'google',
  title: 'Google Ads',
  account: {
    name: 'account',
    label: 'Customer ID',
    help: 'The ten digits at the top of Google Ads, such as 123-456-7890: the account that owns the conversion actions.',
    pattern: /^(?:\d{10}|\d{3}-\d{3}-\d{4})$/,
  },
  secret: {
    name: 'secret',
    label: 'Key of a service account',
    help: 'The whole text of the JSON file of a new key. In Google Cloud, open IAM & Admin, Service Accounts, the account, Keys, Add key.',
    pattern: /^(?=[\s\S]*"client_email")(?=[\s\S]*"private_key")\s*\{[\s\S]+\}\s*$/,
  },
  settings: [manager, version, host, tokenHost],
  events: {},
  as: {
    pattern: ACTION,
    help: 'The number of the conversion action, which is after `ctId=` in the URL of its page in Google Ads.',
  },
  // Google allows 2,000 events, but ten destinations: each conversion action is one. In a small request, fewer events share a doubtful answer.
  batch: { events: 10, bytes: 1_000_000 },
  // The shortest of the windows in which Google Ads takes uploads.
  maxAge: 63 * 86_400_000,
  deduplicates: 'all',
  test: 'validate',
  token: googleToken,
  problemOf,
  event,
  request,
  verdict,
  followUp: { after: HALF_AN_HOUR, request: statusRequest, verdict: statusVerdict },
};

function problemOf({ conversion, as }: Outgoing): string | null {
  if (!ACTION.test(as)) return 'The rule names no conversion action. Enter the number of one.';
  if (lastClickOf(conversion) === null && identifiersOf(conversion).length === 0) {
    return 'Google cannot identify the visitor: the event has no click id, no e-mail address and no phone number with a country code. Pass the data of the user to the tag.';
  }
  return null;
}

function event({ conversion, as }: Outgoing): JsonObject {
  const click = lastClickOf(conversion);
  const identifiers = identifiersOf(conversion);
  const { value, currency } = conversion;
  return {
    destinationReferences: [as],
    // The order's number is what Google's own tag sends.
    transactionId: conversion.order_id || conversion.event_id,
    eventTimestamp: new Date(conversion.ts).toISOString(),
    eventSource: 'WEB',
    ...(click === null ? {} : { adIdentifiers: { [click.parameter]: click.id } }),
    ...(identifiers.length === 0 ? {} : { userData: { userIdentifiers: identifiers } }),
    ...(value === null ? {} : { conversionValue: amountOf(value) }),
    ...(currency === '' ? {} : { currency }),
  };
}

/** The last click before the conversion. A conversion takes one: Google refuses some pairs. */
function lastClickOf(
  conversion: Conversion,
): { readonly parameter: ClickParameter; readonly id: string } | null {
  let last: { readonly parameter: ClickParameter; readonly click: Click } | null = null;
  for (const parameter of CLICKS) {
    const click = clickOf(conversion, parameter);
    if (click !== undefined && (last === null || click.at > last.click.at)) last = { parameter, click };
  }
  return last === null ? null : { parameter: last.parameter, id: last.click.id };
}

function identifiersOf({ hashes }: Conversion): JsonObject[] {
  // Except for Gmail, the plain form is the same as Google's.
  const email = hashes.em_g ?? hashes.em;
  return [
    ...(email === undefined ? [] : [{ emailAddress: email }]),
    ...(hashes.ph_e164 === undefined ? [] : [{ phoneNumber: hashes.ph_e164 }]),
  ];
}

const digitsOf = (id: string): string => id.replaceAll('-', '');

function request(events: readonly JsonObject[], access: Access): RelayRequest {
  const { destination } = access;
  const login = settingOf(destination, manager);
  const actions = new Set(events.flatMap((item) => listAt(item, 'destinationReferences').map(String)));
  const body = {
    destinations: Array.from(actions, (action) => ({
      reference: action,
      operatingAccount: { accountType: 'GOOGLE_ADS', accountId: digitsOf(destination.account) },
      ...(login === '' ? {} : { loginAccount: { accountType: 'GOOGLE_ADS', accountId: digitsOf(login) } }),
      productDestinationId: action,
    })),
    events,
    consent: { adUserData: 'CONSENT_GRANTED', adPersonalization: 'CONSENT_GRANTED' },
    encoding: 'HEX',
    ...(destination.mode === 'test' ? { validateOnly: true } : {}),
  };
  return {
    method: 'POST',
    url: `${baseOf(access)}/events:ingest`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${access.secret}` },
    body: JSON.stringify(body),
  };
}

const baseOf = ({ destination }: Access): string =>
  `${settingOf(destination, host)}/${settingOf(destination, version)}`;

function verdict(response: RelayResponse, count: number, access: Access): Verdict {
  if (response.status !== 200) {
    const failure = failureOf(response, access);
    // Of an event that is alone it is certain that its action is meant.
    return failure.kind === 'split' && failure.answer.code === TOO_NEW && count === 1
      ? each(1, { kind: 'retry', answer: failure.answer })
      : failure;
  }
  const trace = textAt(jsonOf(response.body), 'requestId');
  if (access.destination.mode === 'test') {
    const message = 'Google has checked the events and found no error. It counts none of them.';
    return each(count, { kind: 'delivered', answer: answerOf(response, { trace, message }) });
  }
  if (trace === '') {
    const message = 'Google accepted the request, but returned no request id.';
    return each(count, { kind: 'unknown', answer: answerOf(response, { message }) });
  }
  const message = 'Google has received the events, and decides later whether it counts them.';
  return each(count, { kind: 'sent', answer: answerOf(response, { trace, message }) });
}

/** What an error says: the most exact of its reasons, and the network's words. */
function errorOf(response: RelayResponse): {
  readonly answer: Answer;
  readonly reasons: readonly string[];
  readonly daily: boolean;
} {
  const body = jsonOf(response.body);
  const details = listAt(body, 'error', 'details');
  const violations = details.flatMap((detail) => [...listAt(detail, 'fieldViolations')]);
  const reasons = [
    ...violations.map((violation) => textAt(violation, 'reason')),
    ...details.map((detail) => textAt(detail, 'reason')),
    textAt(body, 'error', 'status'),
  ].filter((reason) => reason !== '');
  const known = reasons.find((reason) => adviceFor([reason]) !== '');
  const words = [
    textAt(body, 'error', 'message'),
    ...violations.map((violation) => `${textAt(violation, 'field')}: ${textAt(violation, 'description')}`),
  ];
  return {
    answer: answerOf(response, {
      code: known ?? reasons[0] ?? '',
      message: words.filter((word) => word !== '').join(' '),
      trace: details.map((detail) => textAt(detail, 'requestId')).find((id) => id !== '') ?? '',
      advice: adviceFor(reasons),
    }),
    reasons,
    daily: details.some((detail) => textAt(detail, 'metadata', 'quota_limit').includes('PerDay')),
  };
}

function failureOf(
  response: RelayResponse,
  { now }: Access,
): Extract<Verdict, { kind: 'split' | 'retry' | 'stop' }> {
  const { status } = response;
  const { answer, reasons, daily } = errorOf(response);
  if (isTransient(status) || status === ABORTED) {
    const advice = daily
      ? 'The project of the service account has used up its daily quota. Request a higher quota in Google Cloud.'
      : '';
    const after = retryAfterOf(response, now) ?? (daily ? QUOTA_PAUSE : null);
    return { kind: 'retry', answer: { ...answer, advice }, after };
  }
  if (status === 401 || status === 403 || reasons.some(isStopping)) {
    const advice = answer.advice || adviceFor([status === 401 ? 'UNAUTHENTICATED' : 'PERMISSION_DENIED']);
    return { kind: 'stop', answer: { ...answer, advice } };
  }
  if (status < 400 || status === 404) {
    return { kind: 'stop', answer: { ...answer, advice: answer.advice || adviceFor(['NOT_FOUND']) } };
  }
  const advice =
    answer.advice ||
    'Google names the field that it does not accept. Correct it on your page or your server.';
  return { kind: 'split', answer: { ...answer, advice } };
}

function statusRequest(trace: string, access: Access): RelayRequest {
  return {
    method: 'GET',
    url: `${baseOf(access)}/requestStatus:retrieve?requestId=${encodeURIComponent(trace)}`,
    headers: { authorization: `Bearer ${access.secret}` },
    body: '',
  };
}

function statusVerdict(
  response: RelayResponse,
  access: Access,
): EventVerdict | Extract<Verdict, { kind: 'retry' | 'stop' }> {
  if (response.status === 400 || response.status === 404) {
    const advice = 'Look for the conversion in Google Ads, in the diagnostics of the conversion action.';
    return { kind: 'unknown', answer: { ...errorOf(response).answer, advice } };
  }
  if (response.status !== 200) {
    const failure = failureOf(response, access);
    return failure.kind === 'split' ? { kind: 'unknown', answer: failure.answer } : failure;
  }
  const statuses = listAt(jsonOf(response.body), 'requestStatusPerDestination').map(destinationStatus);
  const reasons = [...new Set(statuses.flatMap((status) => status.reasons))];
  const answer = answerOf(response, { code: reasons[0] ?? '', advice: adviceFor(reasons) });
  if (statuses.length === 0 || statuses.some(({ outcome }) => outcome === 'processing')) {
    return { kind: 'sent', answer: { ...answer, message: 'Google is still deciding about the events.' } };
  }
  const listed = reasons.length === 0 ? '' : `: ${reasons.join(', ')}`;
  if (statuses.every(({ outcome }) => outcome === 'counted')) {
    const message =
      reasons.length === 0
        ? 'Google has accepted the conversion.'
        : `Google had the conversion already${listed}.`;
    return { kind: 'delivered', answer: { ...answer, message } };
  }
  if (statuses.every(({ outcome }) => outcome === 'failed')) {
    return { kind: 'refused', answer: { ...answer, message: `Google has refused the conversion${listed}.` } };
  }
  const message = `Google has accepted some of the events of this request, and does not say which${listed}.`;
  return { kind: 'unknown', answer: { ...answer, message } };
}

/** What became of the events of one conversion action. */
function destinationStatus(status: Json): {
  readonly outcome: 'counted' | 'failed' | 'partly' | 'processing';
  readonly reasons: readonly string[];
} {
  const reasons = listAt(status, 'errorInfo', 'errorCounts')
    .map((count) => reasonOf(textAt(count, 'reason')))
    .filter((reason) => reason !== '');
  switch (textAt(status, 'requestStatus')) {
    case 'SUCCESS':
      return { outcome: 'counted', reasons };
    // The reference says FAILED, and the guide FAILURE.
    case 'FAILED':
    case 'FAILURE':
      return { outcome: isCounted(reasons) ? 'counted' : 'failed', reasons };
    case 'PARTIAL_SUCCESS':
      return { outcome: isCounted(reasons) ? 'counted' : 'partly', reasons };
    default:
      return { outcome: 'processing', reasons: [] };
  }
}

const isCounted = (reasons: readonly string[]): boolean =>
  reasons.length > 0 && reasons.every((reason) => COUNTED.has(reason));
