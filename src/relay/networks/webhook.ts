/**
 * Conversions for any address of the owner's: a server, a tag manager or a network that Speck does not know. Requests are signed as Standard Webhooks 1.0.0
 * describes it (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md), with a secret that both sides have.
 */
import { LONGEST_WAIT } from '../../model/delivery.ts';
import { hex } from '../../model/random.ts';
import type {
  Access,
  DestinationField,
  Json,
  JsonObject,
  Network,
  Outgoing,
  RelayRequest,
  RelayResponse,
  Verdict,
} from '../network.ts';
import {
  amountOf,
  answerOf,
  EVENT_NAME,
  each,
  isTransient,
  retryAfterOf,
  secondsOf,
  settingOf,
} from './shared.ts';
import { stop } from './status.ts';

const client: DestinationField = {
  name: 'client',
  label: 'IP address and user agent',
  help: '`yes` also sends the visitor’s IP address and user agent. Your server then has personal data that Speck does not store.',
  pattern: /^(?:yes|no)$/,
  default: 'no',
};

/** `https://`, or this machine for tests; without a user's name, so that no other host can hide behind it. */
const ADDRESS =
  /^(?:https:\/\/[A-Za-z\d](?:[A-Za-z\d.-]*[A-Za-z\d])?|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(?:[/?][^\s#]*)?$/;

export const webhook: Network = {
  name: 'webhook',
  title: 'Webhook',
  account: {
    name: 'account',
    label: 'Endpoint URL',
    help: 'The https URL that receives the conversions. Do not put a secret into it: everyone who can see the destination sees it.',
    pattern: ADDRESS,
  },
  secret: {
    name: 'secret',
    label: 'Signing secret',
    help: '`whsec_` and 24 to 64 random bytes in base64. To make one: `echo whsec_$(openssl rand -base64 32)`.',
    pattern:
      /^whsec_(?:(?:[A-Za-z\d+/]{4}){8,20}(?:[A-Za-z\d+/]{4}|[A-Za-z\d+/]{3}=|[A-Za-z\d+/]{2}==)?|(?:[A-Za-z\d+/]{4}){21}[A-Za-z\d+/]{2}==)$/,
  },
  settings: [client],
  events: {},
  as: {
    pattern: EVENT_NAME,
    help: 'Any name of at most 100 characters in one line. Your server receives it as `event`.',
  },
  batch: { events: 20, bytes: 256_000 },
  maxAge: LONGEST_WAIT,
  deduplicates: 'all',
  test: 'validate',
  problemOf: ({ as }) =>
    EVENT_NAME.test(as) ? null : 'The name in the rule may have at most 100 characters in one line.',
  event,
  request,
  verdict,
};

function event({ conversion, as }: Outgoing, { destination }: Access): JsonObject {
  const { ip, user_agent, ts, value, contents, clicks, page_pixels, hashes, network_ids, ...rest } =
    conversion;
  return {
    event: as,
    ...rest,
    ts: new Date(ts).toISOString(),
    value: value === null ? null : amountOf(value),
    contents: contents.map(({ id, quantity, price }) => ({
      id,
      quantity,
      price: price === null ? null : amountOf(price),
    })),
    page_pixels,
    hashes: { ...hashes },
    network_ids: { ...network_ids },
    clicks: Object.fromEntries(
      Object.entries(clicks).map(([parameter, { id, at }]): [string, Json] => [
        parameter,
        { id, at: new Date(at).toISOString() },
      ]),
    ),
    ...(settingOf(destination, client) === 'yes' ? { ip, user_agent } : {}),
  };
}

async function request(events: readonly JsonObject[], access: Access): Promise<RelayRequest> {
  const { destination, now } = access;
  const body = JSON.stringify({
    type: 'conversions',
    timestamp: new Date(now).toISOString(),
    test: destination.mode === 'test',
    events,
  });
  const id = await messageId(events, destination.id);
  const timestamp = String(secondsOf(now));
  return {
    method: 'POST',
    url: destination.account,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': await signatureOf(access.secret, id, timestamp, body),
    },
    body,
  };
}

/** The same for the same events, so that a receiver recognizes what it is sent again. */
async function messageId(events: readonly JsonObject[], destination: string): Promise<string> {
  const names = JSON.stringify([destination, ...events.map((item) => [item['name'], item['event_id']])]);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(names));
  return `msg_${hex(new Uint8Array(digest, 0, 16))}`;
}

/** The value of `webhook-signature`. @param secret `whsec_` and the key in base64. */
export async function signatureOf(
  secret: string,
  id: string,
  timestamp: string,
  body: string,
): Promise<string> {
  const bytes = Uint8Array.fromBase64(secret.replace(/^whsec_/, ''));
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, signed));
  return `v1,${signature.toBase64()}`;
}

/** The receiver's own words are not recorded: it has the whole conversion, and may repeat any of it. */
function verdict(response: RelayResponse, count: number, { now }: Access): Verdict {
  const { status } = response;
  const answer = answerOf(response, { message: `The receiver answered ${status}.` });
  if (status >= 200 && status < 300)
    return each(count, { kind: 'delivered', answer: { ...answer, message: '' } });
  if (status === 410) {
    return stop(
      answer,
      'The receiver wants no more conversions. Enter another URL, or delete the destination.',
    );
  }
  if (isTransient(status)) {
    return { kind: 'retry', answer, after: retryAfterOf(response, now) };
  }
  if (status < 400) {
    return stop(answer, 'Enter the URL that the receiver redirects to: Speck does not follow redirects.');
  }
  if (status === 401 || status === 403)
    return stop(answer, 'Check that the receiver has the same secret, and that its clock is right.');
  if (status === 404 || status === 405)
    return stop(answer, 'Check the endpoint URL, and that it accepts POST requests.');
  const advice = 'Read the log of the receiver.';
  return { kind: 'split', answer: { ...answer, advice } };
}
