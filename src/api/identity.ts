/** `/api/v1/pixels/:id/identity`: the secret with which the owner's server signs user ids. */
import { identitySecret } from '../enrich/identity.ts';
import { secretsOf } from '../env.ts';
import type { PixelCall } from './call.ts';
import { Problem } from './problem.ts';
import { uncachedJson } from './uncached.ts';

export async function readIdentity({ env, pixel }: PixelCall): Promise<Response> {
  const [current] = secretsOf(env);
  if (current === undefined) {
    throw new Problem('no_secret_key', 'User ids cannot be signed until the secret SECRET_KEY is set.');
  }
  return uncachedJson({
    pixel: pixel.id,
    identity: pixel.settings.identity,
    secret: await identitySecret(current, pixel.id),
  });
}
