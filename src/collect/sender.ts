/** Authenticates servers that send events with a token. The sender of a request without a token is the client itself. */
import type { Env } from '../env.ts';
import { err, ok, type Result } from '../model/result.ts';
import { pixelIdOf, type Sender } from '../model/wire.ts';
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

/** The authenticated sender of a request's events; null if it has sent no token. */
export async function senderOf(
  { token, events }: WireReading,
  request: Request,
  env: Env,
  authenticate: Authenticate,
): Promise<Result<Sender | null, SenderError>> {
  if (token === undefined) return ok(null);
  let holder: TokenHolder | null;
  try {
    holder = await authenticate(token, request, env);
  } catch (error) {
    console.error(`a token could not be looked up: ${error}`);
    return err('store_unavailable');
  }
  if (holder === null) return err('wrong_token');
  const { pixel, isApart } = holder;
  if (pixel !== null && events.some((event) => event !== null && pixelIdOf(event) !== pixel)) {
    return err('wrong_pixel');
  }
  return ok({ isApart });
}
