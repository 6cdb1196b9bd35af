/** One request to a network, from its access to the meaning of its answer. It stores nothing, so it serves deliveries and an owner's test alike. */
import { Cache } from '../model/cache.ts';
import { type Answer, ownAnswer, type SentField } from '../model/delivery.ts';
import type { Destination } from '../model/destination.ts';
import type { Access, EventVerdict, JsonObject, Network, Verdict } from './network.ts';
import { cleanAnswer, sentFields, verdictOf } from './networks/shared.ts';
import { type Io, send } from './send.ts';

/** Milliseconds before the end of a token's lifetime, from which it is not used any more. */
const TOKEN_MARGIN = 60_000;

interface Token {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Short-lived tokens of destinations, as long as the owner has not changed them. */
const tokens = new Cache<string, Token>(200);

const tokenKey = ({ id, updated_at }: Destination): string => `${id} ${updated_at}`;

/** Nothing was sent: the network is asked again later, or the owner has to change something. */
export type NoAccess = Extract<Verdict, { kind: 'retry' | 'stop' }>;

export interface OpenAccess {
  readonly access: Access;
  /** The token is an older one, so the network may refuse it before its time. */
  readonly isCached: boolean;
}

const NO_ANSWER = ownAnswer('The network did not respond in time, or the connection failed.');

/** With what a destination is accessed. @param secret the owner's. */
export async function accessOf(
  network: Network,
  destination: Destination,
  secret: string,
  now: number,
  io: Io,
): Promise<OpenAccess | NoAccess> {
  const access = { destination, secret, now };
  if (network.token === undefined) return { access, isCached: false };
  const cached = tokens.get(tokenKey(destination));
  if (cached !== undefined && cached.until > now) {
    return { access: { ...access, secret: cached.token }, isCached: true };
  }
  const request = await network.token.request(access);
  if ('kind' in request) return { kind: 'stop', answer: cleanAnswer(request.answer, access) };
  const response = await send(request, io);
  if (response === null) return { kind: 'retry', answer: NO_ANSWER, after: null };
  const token = network.token.read(response);
  if ('kind' in token) {
    if (token.kind !== 'stop' && token.kind !== 'retry')
      throw new Error('a token can only be given or refused');
    return { ...token, answer: cleanAnswer(token.answer, access) };
  }
  const until = now + token.lifetime * 1000 - TOKEN_MARGIN;
  tokens.set(tokenKey(destination), { token: token.token, until });
  return { access: { ...access, secret: token.token }, isCached: false };
}

/** What an attempt to send a batch has led to. `lost`: no answer, or none that can be read, so the network may have the batch. */
export type Attempt = Verdict | { readonly kind: 'lost'; readonly answer: Answer };

/** Sends a batch of the network's events. Never throws. */
export async function attempt(
  network: Network,
  events: readonly JsonObject[],
  { access, isCached }: OpenAccess,
  io: Io,
): Promise<Attempt> {
  let verdict: Verdict;
  try {
    const response = await send(await network.request(events, access), io);
    if (response === null) return { kind: 'lost', answer: NO_ANSWER };
    try {
      verdict = verdictOf(network, response, events, access);
    } catch {
      return {
        kind: 'lost',
        answer: { ...ownAnswer('Speck cannot read the response.'), status: response.status },
      };
    }
  } catch {
    return {
      kind: 'stop',
      answer: ownAnswer('Speck cannot build the request.', 'Check the settings of the destination.'),
    };
  }
  if (verdict.kind === 'each') {
    if (verdict.events.length !== events.length) {
      return {
        kind: 'lost',
        answer: ownAnswer('The response names another number of conversions.'),
      };
    }
    return {
      kind: 'each',
      events: verdict.events.map((event) => ({ ...event, answer: said(network, event) })),
    };
  }
  const answer = said(network, verdict);
  if (verdict.kind === 'stop' && isCached) {
    tokens.delete(tokenKey(access.destination));
    return { kind: 'retry', answer, after: 0 };
  }
  return { ...verdict, answer };
}

/** An answer that says at least its status, if it is not that of a success. */
function said(
  { title }: Network,
  { kind, answer }: EventVerdict | Exclude<Verdict, { kind: 'each' }>,
): Answer {
  if (answer.message !== '' || kind === 'delivered' || kind === 'sent') return answer;
  return { ...answer, message: `${title} answered with status ${answer.status}.` };
}

/** The fields of an event, without their values. */
export function fieldsOf(network: Network, event: JsonObject): readonly SentField[] {
  return network.fields?.(event) ?? sentFields(event);
}
