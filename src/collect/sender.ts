/** Authenticates servers that send events with a token. The sender of a request without a token is the client itself. */
import type { Env } from '../env.ts';
import { err, ok, type Result } from '../model/result.ts';
import type { Sender, SentEvent } from '../model/wire.ts';
import type { SenderError, WireReading } from './wire/format.ts';

/** A sender, and the one pixel that its token is for; null for all. */
export interface TokenHolder extends Sender {
  readonly pixel: string | null;
}

/**
 * The holder of a token, or null if the token may not send events.
 * @throws what D1 throws.
 */
export type Authenticate = (token: string, request: Request, env: Env) => Promise<TokenHolder | null>;

/** A request's events and their authenticated sender; null if it has sent no token. */
export interface SentEvents {
  readonly events: WireReading['events'];
  readonly sender: Sender | null;
}

/**
 * Authenticates a request's sender. A token that is for one pixel also says which pixel is meant, so events that name theirs in
 * another tool's way are that pixel's.
 */
export async function senderOf(
  { token, events }: WireReading,
  request: Request,
  env: Env,
  authenticate: Authenticate,
): Promise<Result<SentEvents, SenderError>> {
  if (token === undefined) return ok({ events, sender: null });
  let holder: TokenHolder | null;
  try {
    holder = await authenticate(token, request, env);
  } catch (error) {
    console.error(`a token could not be looked up: ${error}`);
    return err('store_unavailable');
  }
  if (holder === null) return err('wrong_token');
  const { pixel, isApart } = holder;
  const sender = { isApart };
  if (pixel === null) return ok({ events, sender });
  const own = events.map((event) => (event === null || event.key === undefined ? event : asOf(pixel, event)));
  if (own.some((event) => event !== null && event.id !== pixel)) return err('wrong_pixel');
  return ok({ events: own, sender });
}

function asOf(pixel: string, { key: _, ...event }: SentEvent): SentEvent {
  return { ...event, id: pixel };
}
