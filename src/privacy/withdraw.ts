/** Ends the consents of a browser that opts out, for all pixels that send conversions: what waits for networks is not sent. */
import { aliasOf } from '../enrich/person.ts';
import { visitorHash } from '../enrich/visitor.ts';
import { type Env, secretsOf } from '../env.ts';
import type { Withdrawal } from '../model/batch.ts';
import { localDayOf } from '../model/local-day.ts';
import type { Client } from '../model/wire.ts';
import { withTimeout } from '../store/failure.ts';
import { existingKeys } from '../store/keys.ts';
import { existingSalts } from '../store/salts.ts';
import { relayPixels, withdraw } from '../store/withdrawals.ts';

/** Milliseconds that the answer waits for the store. */
const MAX_WAIT = 5000;

/**
 * @returns false if the store does not answer. Then the browser has to keep its cookie: its next request ends the consent.
 */
export async function withdrawConsents(env: Env, client: Client, now: number): Promise<boolean> {
  try {
    await withTimeout(withdrawAll(env, client, now), MAX_WAIT);
    return true;
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('D1_'))) throw error;
    console.error('the consents of a browser that opts out could not be ended', error);
    return false;
  }
}

async function withdrawAll(env: Env, { cookie, ip, userAgent }: Client, now: number): Promise<void> {
  const pixels = await relayPixels(env.DB);
  const secrets = secretsOf(env);
  if (pixels.length === 0 || secrets.length === 0) return;
  const days = pixels.map(({ timezone }) => localDayOf(timezone, now).day);
  const [keys, salts] = await Promise.all([
    existingKeys(env.DB, secrets, cookie === '' ? [] : pixels.map(({ id }) => id)),
    existingSalts(env.DB, secrets, [...new Set(days)]),
  ]);
  const isVisitor = ip !== '' && userAgent !== '';
  const withdrawals = await Promise.all(
    pixels.map(async ({ id }, index): Promise<Withdrawal> => {
      const [key, salt] = [keys.get(id), salts.get(days[index] as string)];
      return {
        pixel: id,
        people: key === undefined ? [] : [await aliasOf(key, { kind: 'cookie', value: cookie })],
        visitor: isVisitor && salt ? await visitorHash(salt, id, ip, userAgent) : '',
        at: now,
      };
    }),
  );
  const { before, after } = withdraw(env.DB, withdrawals);
  if (before.length + after.length > 0) await env.DB.batch([...before, ...after]);
}
