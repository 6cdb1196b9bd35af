/** `/api/v1/pixels/:id/identity`: the secret with which an owner's server signs the ids of its users. */
import { identitySecret } from '../enrich/identity.ts';
import { type Env, secretsOf } from '../env.ts';
import type { Grant } from './auth.ts';
import { freshJson } from './fresh.ts';
import { requireExisting } from './pixels.ts';
import { Problem } from './problem.ts';

export async function readIdentity(_request: Request, env: Env, grant: Grant, id: string): Promise<Response> {
  const pixel = await requireExisting(env, grant, id);
  const [current] = secretsOf(env);
  if (current === undefined) {
    throw new Problem('no_secret_key', 'User ids cannot be signed until the secret SECRET_KEY is set.');
  }
  return freshJson({
    pixel: pixel.id,
    identity: pixel.settings.identity,
    secret: await identitySecret(current, pixel.id),
  });
}
