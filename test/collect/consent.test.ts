/** What consent makes an answer wait for. */
import { expect, it, vi } from 'vitest';
import { applyConsent } from '../../src/collect/consent.ts';
import type { Env } from '../../src/env.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { BLANK_EVENT, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { testEnv } from '../fixtures.ts';

it('answers without a cookie if the store does not respond', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const never = new Promise<never>(() => {});
    const statement = { bind: () => statement, all: () => never, first: () => never, run: () => never };
    const env = { ...testEnv, DB: { prepare: () => statement, batch: () => never } } as unknown as Env;
    const event = { ...BLANK_EVENT, id: `px_${randomBase58(16)}`, consent: 'granted' as const };
    const client = { ...UNKNOWN_CLIENT, cookieReach: 'first_party' as const };
    const consentResult = applyConsent([event], client, env, Date.now());
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await consentResult).toMatchObject({ cookies: [], client: { cookie: '' } });
  } finally {
    vi.useRealTimers();
  }
});
