/**
 * LinkedIn's Conversions API, by rules that the owner has created for it:
 * https://learn.microsoft.com/en-us/linkedin/marketing/integrations/ads-reporting/conversions-api
 */
import type { Conversion } from '../../model/conversion.ts';
import type { Answer } from '../../model/delivery.ts';
import type { EventVerdict, JsonObject, Network, RelayResponse, Verdict } from '../network.ts';
import { clickOf, worthOf } from './parts.ts';
import {
  amountOf,
  amountTextOf,
  answerOf,
  each,
  hostField,
  jsonOf,
  listAt,
  sentFields,
  settingOf,
  TOKEN,
  textAt,
  versionField,
} from './shared.ts';
import { statusVerdict, stop } from './status.ts';

const DAY = 86_400_000;

const VERSION = versionField(
  '202609',
  "A month as YYYYMM, from LinkedIn's list of versions. LinkedIn ends each version about a year after its month.",
  /^20\d{2}(?:0[1-9]|1[0-2])$/,
);
const HOST = hostField('https://api.linkedin.com');

export const linkedin: Network = {
  name: 'linkedin',
  title: 'LinkedIn',
  account: {
    name: 'account',
    label: 'Ad account ID',
    help: 'The number after /accounts/ in the URL of Campaign Manager. It tells you whose conversion rules these are.',
    pattern: /^\d{1,20}$/,
  },
  secret: {
    name: 'secret',
    label: 'Access token',
    help: 'In Campaign Manager, open Measurement, Signals manager, Conversions API, and create a token for direct use.',
    pattern: TOKEN,
  },
  settings: [VERSION, HOST],
  events: {},
  as: {
    pattern: /^\d{1,20}$/,
    help: 'The number of a conversion rule whose source is the Conversions API: 104012 of urn:lla:llaPartnerConversion:104012.',
  },
  batch: { events: 5000, bytes: 1_000_000 },
  maxAge: 90 * DAY,
  // What the Insight Tag has reported counts once. Of two reports by the API with one id LinkedIn says nothing.
  deduplicates: 'none',
  test: 'none',

  problemOf({ conversion }) {
    if (idsOf(conversion).length === 0) {
      return 'LinkedIn finds a person by a hashed e-mail address or by the click id li_fat_id, and this event has neither. Pass the e-mail address to the tag, and let LinkedIn add li_fat_id to the links of its advertisements.';
    }
    if ((worthOf(conversion, amountOf) ?? 0) < 0)
      return 'LinkedIn accepts no negative values. Leave out refunds.';
    return null;
  },

  event({ conversion, as }) {
    const amount = worthOf(conversion, amountTextOf);
    return {
      conversion: `urn:lla:llaPartnerConversion:${as}`,
      conversionHappenedAt: conversion.ts,
      ...(amount !== undefined && { conversionValue: { currencyCode: conversion.currency, amount } }),
      eventId: conversion.event_id,
      user: { userIds: idsOf(conversion) },
    };
  },

  request(events, { destination, secret }) {
    return {
      method: 'POST',
      url: `${settingOf(destination, HOST)}/rest/conversionEvents`,
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'linkedin-version': settingOf(destination, VERSION),
        'x-restli-protocol-version': '2.0.0',
        'x-restli-method': 'BATCH_CREATE',
      },
      body: JSON.stringify({ elements: events }),
    };
  },

  verdict(response, count, { destination, now }) {
    const { status } = response;
    if (status === 200 || status === 201) return ofElements(response, count);
    const json = jsonOf(response.body);
    const answer = answerOf(response, {
      code: textAt(json, 'code') || textAt(json, 'serviceErrorCode'),
      message: textAt(json, 'message'),
      trace: traceOf(response),
    });
    if (status === 426) {
      const version = settingOf(destination, VERSION);
      return stop(answer, `LinkedIn answered 426: its version ${version} has ended; set a newer one`);
    }
    if (status === 403) return stop(answer, NO_RIGHT);
    const named = status === 400 || status === 422 ? ofIndexes(answer, count) : null;
    return named ?? statusVerdict(linkedin, response, answer, now);
  },

  fields(event) {
    const ids = listAt(event, 'user', 'userIds').map((id) => [textAt(id, 'idType'), textAt(id, 'idValue')]);
    return sentFields({ ...event, user: { userIds: Object.fromEntries(ids) as JsonObject } });
  },
};

function idsOf(conversion: Conversion): readonly JsonObject[] {
  const { em } = conversion.hashes;
  const click = clickOf(conversion, 'li_fat_id');
  return [
    ...(em === undefined ? [] : [{ idType: 'SHA256_EMAIL', idValue: em }]),
    ...(click === undefined ? [] : [{ idType: 'LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', idValue: click.id }]),
  ];
}

const traceOf = ({ headers }: RelayResponse): string => headers.get('x-li-uuid') ?? '';

const NO_RIGHT =
  'The token has no right to this ad account. Create one with a role that manages campaigns, and enter it in the destination.';
const UNREADABLE =
  'LinkedIn did not say what happened to each event. Compare the numbers in its Signals manager. Speck does not send the events again.';
const OTHER_SOURCE =
  'The conversion rule has another source. Create one for the Conversions API, and enter its number in the rule.';
const REFUSED =
  'LinkedIn says in its message why it does not accept the event. Check whether its conversion rule is switched on.';
const WRONG_FIELD = 'Correct the field that LinkedIn names.';

/** A batch is answered with 200 and a status for each element, in order. */
function ofElements(response: RelayResponse, count: number): Verdict {
  const elements = listAt(jsonOf(response.body), 'elements');
  const trace = traceOf(response);
  if (elements.length !== count) {
    return each(count, { kind: 'unknown', answer: answerOf(response, { trace, advice: UNREADABLE }) });
  }
  return {
    kind: 'each',
    events: elements.map((element): EventVerdict => {
      const status = Number(textAt(element, 'status'));
      const answer: Answer = {
        ...answerOf(response, {
          code: textAt(element, 'error', 'code'),
          message: textAt(element, 'error', 'message'),
          trace,
        }),
        status,
      };
      if (status >= 200 && status < 300) return { kind: 'delivered', answer };
      if (status === 0) return { kind: 'unknown', answer: { ...answer, advice: UNREADABLE } };
      if (status === 429 || status >= 500) return { kind: 'retry', answer };
      return { kind: 'refused', answer: { ...answer, advice: REFUSED } };
    }),
  };
}

/**
 * LinkedIn takes nothing if one event is wrong, and names the wrong ones by their indexes in its message: `Index: 0, ERROR :: …` on lines of their own,
 * or `indices [0, 2]`. The others can be sent again at once.
 */
function ofIndexes(answer: Answer, count: number): Verdict | null {
  const wrong = new Map<number, string>();
  for (const part of answer.message.split(/^(?=Index: \d)/m)) {
    const [start, index] = /^Index: (\d+),?\s*/.exec(part) ?? [];
    if (start !== undefined) wrong.set(Number(index), part.slice(start.length).trim());
  }
  for (const [, list = ''] of answer.message.matchAll(/indices \[([\d, ]+)\]/g)) {
    for (const index of list.split(',')) wrong.set(Number(index), answer.message);
  }
  if (![...wrong.keys()].some((index) => index < count)) return null;
  return {
    kind: 'each',
    events: Array.from({ length: count }, (_, index): EventVerdict => {
      const message = wrong.get(index);
      if (message === undefined) return { kind: 'retry', answer: { ...answer, message: '' } };
      const advice = message.includes('CONVERSIONS_API') ? OTHER_SOURCE : WRONG_FIELD;
      return { kind: 'refused', answer: { ...answer, message, advice } };
    }),
  };
}
