/**
 * Meta's Conversions API: https://developers.facebook.com/docs/marketing-api/conversions-api. Times are in seconds. One bad event refuses its whole batch.
 * An event is recognized by its name and id for 48 hours.
 */
import type { Conversion } from '../../model/conversion.ts';
import type { Destination } from '../../model/destination.ts';
import { PAGEVIEW } from '../../model/event.ts';
import type { Access, Json, JsonObject, Network, Outgoing, Verdict } from '../network.ts';
import { clickOf, codeProblem, itemsOf, listOf, present, priced, wholeOf, worthOf } from './parts.ts';
import {
  amountOf,
  answerOf,
  each,
  hostField,
  jsonOf,
  listAt,
  retryAfterOf,
  secondsOf,
  settingOf,
  textAt,
  valueAt,
  versionField,
} from './shared.ts';
import { accountAdvice, secretAdvice, statusVerdict, stop } from './status.ts';

const DAY = 86_400_000;

const host = hostField('https://graph.facebook.com');
const version = versionField(
  'v25.0',
  'Meta ends each version about two years after its release, and lists newer ones in its changelog.',
  /^v\d{1,3}\.\d{1,2}$/,
  'Graph API version',
);

export const meta: Network = {
  name: 'meta',
  title: 'Meta',
  account: {
    name: 'account',
    label: 'Dataset ID',
    help: 'In Meta’s Events Manager, open your data source, then its settings. It is also the id of the pixel.',
    pattern: /^\d{5,20}$/,
  },
  secret: {
    name: 'secret',
    label: 'Access token',
    help: 'In Events Manager, open the settings of the data source. Under “Conversions API”, select “Generate access token”.',
    pattern: /^[\w|.-]{20,1000}$/,
  },
  settings: [host, version],
  events: {
    [PAGEVIEW]: 'PageView',
    AddPaymentInfo: 'AddPaymentInfo',
    AddToCart: 'AddToCart',
    AddToWishlist: 'AddToWishlist',
    CompleteRegistration: 'CompleteRegistration',
    Contact: 'Contact',
    CustomizeProduct: 'CustomizeProduct',
    Donate: 'Donate',
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
    help: 'A standard event of Meta, such as “Purchase”, or a name of your own of at most 50 letters, digits, spaces, “_” and “-”.',
  },
  batch: { events: 1000, bytes: 1_000_000 },
  maxAge: 7 * DAY,
  deduplicates: 'all',
  deduplicatesFor: 2 * DAY,
  test: 'code',
  problemOf,
  event,
  request,
  verdict,
};

function problemOf({ conversion, as }: Outgoing, destination: Destination): string | null {
  if (conversion.user_agent === '') {
    return 'Meta refuses website events without the browser’s user agent. If your server reports the event, send the browser’s user agent with it.';
  }
  if (conversion.url === '') {
    return 'Meta refuses website events without the URL of the page. Send it with the event.';
  }
  if (as === 'Purchase' && (conversion.value === null || conversion.currency === '')) {
    return 'Meta refuses purchases without a value and a currency. Send both with the event.';
  }
  return codeProblem(meta, destination);
}

function event({ conversion, as }: Outgoing, { destination }: Access): JsonObject {
  const { hashes, contents, currency } = conversion;
  return present({
    event_name: as,
    event_time: secondsOf(conversion.ts),
    event_id: conversion.event_id,
    action_source: 'website',
    event_source_url: conversion.url,
    user_data: present({
      em: listOf(hashes.em),
      ph: listOf(hashes.ph),
      external_id: listOf(hashes.external_id),
      client_ip_address: conversion.ip,
      client_user_agent: conversion.user_agent,
      fbc: fbcOf(conversion),
      fbp: fbpOf(conversion, destination),
    }),
    custom_data: present({
      currency,
      value: worthOf(conversion, amountOf),
      order_id: conversion.order_id,
      content_type: contents.length === 0 ? undefined : 'product',
      content_ids: contents.map(({ id }) => id),
      contents: contents.map(({ id, quantity, price }) =>
        present({ id, quantity: wholeOf(quantity), item_price: priced(price, amountOf) }),
      ),
      num_items: itemsOf(contents),
    }),
  });
}

/** The click: as Meta's own script has kept it, else from the parameter and the time of the landing, never of sending. */
function fbcOf(conversion: Conversion): string | undefined {
  const own = conversion.network_ids.fbc ?? '';
  const [, at] = /^fb\.\d\.(\d{13})\.\S+$/.exec(own) ?? [];
  if (at !== undefined && Number(at) <= conversion.ts) return own;
  const click = clickOf(conversion, 'fbclid');
  return click && `fb.1.${click.at}.${click.id}`;
}

/**
 * The browser: as Meta's own script names it, else by Speck's number of the person. Both parts of that stay the same for a person: Speck does
 * not store when it saw a browser first, so the time is the one from which this destination knows anybody. If Meta's script was on the page, it has
 * told Meta another name than that, so none is sent.
 */
function fbpOf({ network_ids, client_number, page_pixels }: Conversion, { created_at }: Destination): string {
  const own = network_ids.fbp ?? '';
  if (/^fb\.\d\.\d{13}\.\d+(?:\.[\w-]+)?$/.test(own)) return own;
  return page_pixels.includes('meta') ? '' : `fb.1.${created_at}.${client_number}`;
}

function request(events: readonly JsonObject[], { destination, secret }: Access) {
  const code = destination.mode === 'test' ? destination.test_code : '';
  const path = `${settingOf(destination, version)}/${encodeURIComponent(destination.account)}/events`;
  return {
    method: 'POST',
    url: `${settingOf(destination, host)}/${path}?access_token=${encodeURIComponent(secret)}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(present({ data: events, test_event_code: code })),
  } as const;
}

const WAIT = { kind: 'retry' } as const;
const SECRET = { kind: 'stop', advice: secretAdvice(meta) } as const;
const RIGHT = {
  kind: 'stop',
  advice:
    'The access token has no right to this data source. Generate one in Events Manager in the settings of this data source, or give its system user the right to manage it.',
} as const;
const refusing = (advice: string) => ({ kind: 'split', advice }) as const;
type Meaning = typeof WAIT | { readonly kind: 'stop' | 'split'; readonly advice: string };

/** Codes of errors, and `100/…` with a subcode: https://developers.facebook.com/docs/graph-api/guides/error-handling. */
const CODES: Readonly<Record<string, Meaning>> = {
  1: WAIT,
  2: WAIT,
  4: WAIT,
  17: WAIT,
  32: WAIT,
  341: WAIT,
  368: WAIT,
  613: WAIT,
  5000: WAIT,
  3: RIGHT,
  10: RIGHT,
  102: SECRET,
  190: SECRET,
  294: RIGHT,
  803: { kind: 'stop', advice: accountAdvice(meta) },
  2500: { kind: 'stop', advice: accountAdvice(meta) },
  2635: {
    kind: 'stop',
    advice:
      'Meta has ended this version of the Graph API. Enter a newer one: Meta’s message or changelog names it.',
  },
  '100/33': {
    kind: 'stop',
    advice:
      'There is no data source with this Dataset ID, or the access token has no right to it. Check the id in Events Manager, and generate the token there.',
  },
  '100/2804003': refusing(
    'The event was older than 7 days when Speck sent it. Report events sooner, and check whether this destination was stopped.',
  ),
  '100/2804009': refusing('Send a value and a currency with each purchase.'),
  '100/2804050': refusing(
    'Meta could not match this event with anybody. Send the hash of the e-mail address or phone number: see “Advanced matching” in the docs of the tag.',
  ),
};

function meaningOf(error: Json): Meaning | undefined {
  const code = textAt(error, 'code');
  const known = CODES[`${code}/${textAt(error, 'error_subcode')}`] ?? CODES[code];
  if (known !== undefined) return known;
  const number = Number(code);
  // 80000 and following: too many calls of one kind. 200 to 299: rights.
  if ((number >= 80_000 && number < 80_100) || valueAt(error, 'is_transient') === true) return WAIT;
  if (number >= 200 && number < 300) return RIGHT;
  return undefined;
}

function verdict(response: Parameters<Network['verdict']>[0], count: number, { now }: Access): Verdict {
  const body = jsonOf(response.body);
  const error = valueAt(body, 'error');
  if (error === undefined) {
    const received = valueAt(body, 'events_received');
    const answer = answerOf(response, {
      message: listAt(body, 'messages').map(String).join(' '),
      trace: textAt(body, 'fbtrace_id'),
    });
    if (response.status >= 300 || typeof received !== 'number') {
      return statusVerdict(meta, response, answer, now);
    }
    if (received >= count) return each(count, { kind: 'delivered', answer });
    const advice =
      'Compare the events in Events Manager. Speck does not send them again, because it does not know which ones are missing.';
    const message = `Meta received ${received} of ${count} events.`;
    return each(count, { kind: 'unknown', answer: { ...answer, message, advice } });
  }
  const subcode = textAt(error, 'error_subcode');
  const answer = answerOf(response, {
    code: textAt(error, 'code') + (subcode === '' ? '' : `/${subcode}`),
    message: [textAt(error, 'message'), textAt(error, 'error_user_title'), textAt(error, 'error_user_msg')]
      .filter((part) => part !== '')
      .join(': '),
    trace: textAt(error, 'fbtrace_id'),
  });
  const meaning = meaningOf(error);
  if (meaning === undefined) return statusVerdict(meta, response, answer, now);
  if (meaning.kind === 'retry') return { kind: 'retry', answer, after: retryAfterOf(response, now) };
  if (meaning.kind === 'stop') return stop(answer, meaning.advice);
  return { kind: 'split', answer: { ...answer, advice: meaning.advice } };
}
