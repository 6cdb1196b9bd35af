/** Sends requests to a wire format through the real collect function, ingest and D1, and reads what they stored. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { expect } from 'vitest';
import { hashToken } from '../../../src/api/hash.ts';
import { authenticateSender } from '../../../src/api/router.ts';
import { collectorOf } from '../../../src/collect/answer.ts';
import { endpointsOf } from '../../../src/collect/wire/endpoints.ts';
import type { WireFormat } from '../../../src/collect/wire/format.ts';
import type { Event } from '../../../src/model/event.ts';
import { randomBase58 } from '../../../src/model/random.ts';
import { newToken } from '../../../src/model/token.ts';
import { insertToken } from '../../../src/store/tokens.ts';
import { db, testEnv } from '../../fixtures.ts';

export const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

let requests = 0;

/**
 * Sends requests to a format. Each is another network's, so that wrong tokens do not count together, and a browser's unless its headers
 * say otherwise. A user agent of `''` is none.
 */
export function senderTo(format: WireFormat): (path: string, init?: RequestInit) => Promise<Response> {
  const collect = collectorOf([], authenticateSender);
  const endpoints = endpointsOf([format]);
  const prefixes = [...endpoints.keys()].filter((one) => one.endsWith('*'));
  const find = (path: string) =>
    endpoints.get(path) ?? endpoints.get(prefixes.find((one) => path.startsWith(one.slice(0, -1))) ?? '');
  return async (path, init = {}) => {
    const ctx = createExecutionContext();
    const headers = new Headers({
      'user-agent': BROWSER,
      'cf-connecting-ip': `10.7.0.${requests++}`,
      ...(init.headers as Record<string, string>),
    });
    if (headers.get('user-agent') === '') headers.delete('user-agent');
    const response = await collect(
      new Request(`https://px.example.com${path}`, { ...init, headers }),
      testEnv,
      ctx,
      find,
    );
    if (response === null) throw new Error(`${path} is no endpoint`);
    await waitOnExecutionContext(ctx);
    return response;
  };
}

/** The events of a pixel in the order in which they were sent. */
export async function eventsOf(pixel: string): Promise<readonly Event[]> {
  const { results } = await db
    .prepare('SELECT * FROM events WHERE pixel = ? ORDER BY ts, id')
    .bind(pixel)
    .all<Event>();
  return results;
}

/** The only event of a pixel. */
export async function eventOf(pixel: string): Promise<Event> {
  const [event, ...others] = await eventsOf(pixel);
  expect(others).toEqual([]);
  if (event === undefined) throw new Error('no event was stored');
  return event;
}

/** The custom data of an event. */
export const propsOf = ({ props }: Event): unknown => (props === '' ? {} : JSON.parse(props));

/** The reasons for which events of a pixel were rejected, each as often as it was counted. */
export async function rejectionsOf(pixel: string): Promise<readonly string[]> {
  const { results } = await db
    .prepare(
      'SELECT reason, sum(count) AS count FROM rejections WHERE pixel = ? GROUP BY reason ORDER BY reason',
    )
    .bind(pixel)
    .all<{ reason: string; count: number }>();
  return results.flatMap(({ reason, count }) => Array<string>(count).fill(reason));
}

/** A token that may send events, of one pixel or of all. */
export async function makeToken(pixel: string | null = null): Promise<string> {
  const token = newToken();
  const entry = {
    id: `tok_${randomBase58(8)}`,
    name: 'test',
    scopes: ['events:write'] as const,
    pixel,
    created_at: 0,
  };
  await insertToken(db, entry, await hashToken(token));
  return token;
}
