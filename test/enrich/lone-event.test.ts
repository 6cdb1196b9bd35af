/** What one event costs if no other shares its batch: `scripts/lib/doctor/measured.ts` counts with it. */
import { beforeAll, expect, it } from 'vitest';
import { MEASURED } from '../../scripts/lib/doctor/measured.ts';
import { ingest } from '../../src/enrich/ingest.ts';
import { BLANK_EVENT, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { applySchema, makePixel, metered, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

it('an event alone in its batch takes two statements, once its isolate knows the pixel', async () => {
  const pixel = await makePixel('UTC');
  const { db, cost } = metered();
  const { ANALYTICS: _, QUEUE: __, ...env } = testEnv;
  const send = async (n: number): Promise<number> => {
    const before = cost.statements;
    await ingest({ ...env, DB: db, CRON_STATEMENTS: '45' }, [
      {
        id: `hit${n}`,
        receivedAt: Date.now(),
        head: false,
        client: {
          ...UNKNOWN_CLIENT,
          ip: '192.0.2.1',
          userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
        },
        events: [{ ...BLANK_EVENT, id: pixel.id, ev: 'PageView', dl: 'https://site.example/' }],
      },
    ]);
    return cost.statements - before;
  };
  await send(0);
  const each = [await send(1), await send(2), await send(3)];
  // A day is marked again after ten seconds: that is the second statement.
  for (const statements of each) {
    expect(statements).toBeGreaterThanOrEqual(1);
    expect(statements).toBeLessThanOrEqual(MEASURED.statements.value);
  }
});
