/** Rejections of events from servers and logs: of the event's own day, and counted once however often they are sent. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ingestFromApi } from '../../src/enrich/ingest.ts';
import type { IncomingEvent } from '../../src/enrich/prepare.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { BLANK_EVENT, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { readRejections } from '../../src/store/rejections.ts';
import { applySchema, makePixel, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const NOW = Date.parse('2026-11-24T10:00:00Z');
const GPTBOT =
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot';
const CLAUDE =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36 Claude-User/1.0';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';

let made = 0;
const event = (pixel: string, eid: string, ts: unknown, ua: string): IncomingEvent => ({
  raw: { ...BLANK_EVENT, id: pixel, eid, dl: 'https://site.example/' },
  arrival: {
    id: `a${made++}`,
    receivedAt: NOW,
    head: false,
    client: UNKNOWN_CLIENT,
    overrides: { ts, ip: '192.0.2.1', ua },
  },
});

async function countsOf(pixel: string) {
  const rows = await readRejections(testEnv.DB, pixel, '2000-01-01', '2100-01-01');
  return rows.map(({ day, reason, family, count, last_at }) => [day, reason, family, count, last_at]);
}

describe('a bot in a log', () => {
  it("is counted under its own local day, by the name of the AI company's agent", async () => {
    const { id } = await makePixel('Pacific/Kiritimati');
    const ts = Date.parse('2026-03-04T12:00:00Z');
    await ingestFromApi(
      testEnv,
      [
        event(id, 'a', ts, GPTBOT),
        event(id, 'b', new Date(ts).toISOString(), GPTBOT),
        event(id, 'c', ts - 86_400_000, CLAUDE),
      ],
      NOW,
    );
    expect(await countsOf(id)).toEqual([
      ['2026-03-05', 'bot', 'GPTBot', 2, ts],
      ['2026-03-04', 'bot', 'Claude-User', 1, ts - 86_400_000],
    ]);
  });

  it('is counted once, if its batch is sent again', async () => {
    const { id } = await makePixel('UTC');
    const ts = Date.parse('2026-03-04T12:00:00Z');
    const batch = () => [event(id, 'a', ts, GPTBOT), event(id, 'b', ts, BROWSER), event(id, 'c', ts, GPTBOT)];
    for (let times = 0; times < 3; times++) await ingestFromApi(testEnv, batch(), NOW + times * 60_000);
    expect(await countsOf(id)).toEqual([['2026-03-04', 'bot', 'GPTBot', 2, ts]]);
    await ingestFromApi(testEnv, [...batch(), event(id, 'd', ts, GPTBOT)], NOW);
    expect(await countsOf(id)).toEqual([['2026-03-04', 'bot', 'GPTBot', 5, ts]]);
  });

  it('is counted each time if it has no id', async () => {
    const { id } = await makePixel('UTC');
    for (let times = 0; times < 2; times++) await ingestFromApi(testEnv, [event(id, '', NOW, GPTBOT)], NOW);
    expect(await countsOf(id)).toEqual([['2026-11-24', 'bot', 'GPTBot', 2, NOW]]);
  });
});

it.each([
  ['no time', undefined, 'bot'],
  ['a text that is no time', 'yesterday', 'invalid_time'],
  ['a time in the future', NOW + LIMITS.clockSkew + 1, 'time_in_future'],
  ['a time before the year 2000', LIMITS.oldestTs - 1, 'time_too_old'],
])('an event with %s is counted under the day of its arrival', async (_, ts, reason) => {
  const { id } = await makePixel('UTC');
  await ingestFromApi(testEnv, [event(id, 'a', ts, GPTBOT)], NOW);
  expect((await countsOf(id)).map(([day, why]) => [day, why])).toEqual([['2026-11-24', reason]]);
});
