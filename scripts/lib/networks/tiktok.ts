/**
 * Plays TikTok's Events API 2.0: business-api.tiktok.com/portal/docs?id=1771100779668482. Its errors come with the status 200. One bad event refuses a
 * whole request. Test events are not counted.
 */
import * as v from 'valibot';
import { FIRST_WINS, fakeOf, json, makeCounter, SHA_256 } from './counter.ts';
import type { FakeNetwork, Trouble } from './fake.ts';

const hashes = v.pipe(v.array(v.pipe(v.string(), v.regex(SHA_256))), v.minLength(1));
const text = v.pipe(v.string(), v.nonEmpty());

const event = v.strictObject({
  event: text,
  event_time: v.pipe(v.number(), v.integer()),
  event_id: v.optional(text),
  user: v.strictObject({
    email: v.optional(hashes),
    phone: v.optional(hashes),
    external_id: v.optional(hashes),
    ttclid: v.optional(text),
    ttp: v.optional(text),
    ip: v.optional(v.pipe(v.string(), v.ip())),
    user_agent: v.optional(text),
  }),
  page: v.strictObject({ url: v.pipe(v.string(), v.url()), referrer: v.optional(v.string()) }),
  properties: v.optional(
    v.strictObject({
      currency: v.optional(v.pipe(v.string(), v.regex(/^[A-Z]{3}$/))),
      value: v.optional(v.number()),
      order_id: v.optional(text),
      content_type: v.optional(v.picklist(['product', 'product_group'])),
      contents: v.optional(
        v.array(
          v.strictObject({
            content_id: text,
            quantity: v.pipe(v.number(), v.integer(), v.minValue(1)),
            price: v.optional(v.number()),
          }),
        ),
      ),
    }),
  ),
});

/** The recorded schema of a request's body. */
export const tiktokBody = v.strictObject({
  event_source: v.literal('web'),
  event_source_id: text,
  test_event_code: v.optional(text),
  data: v.pipe(v.array(event), v.minLength(1), v.maxLength(1000)),
});

/** Seconds. No page of TikTok's that could be read says how old a web event may be, so the fake takes what Speck sends at most. */
const OLDEST = 7 * 86_400;

/** Codes of the body, which say what the status does not. */
const TROUBLES: { readonly [Kind in Trouble]?: readonly [code: number, message: string] } = {
  throttled: [40100, 'Due to too many requests, requests from App are temporarily restricted.'],
  revoked: [40105, 'Access token is incorrect or has been revoked.'],
  hidden: [40700, 'Internal service timeout, please retry.'],
};

/** @param now the fake's clock. */
export function makeTiktok(now: () => number = Date.now): FakeNetwork {
  const account = 'CFAKE0123456789ABCDE';
  const secret = 'fake0123456789abcdef0123456789abcdef0123';
  const counter = makeCounter(FIRST_WINS);
  const say = (code: number, message: string): Response =>
    json(200, { code, message, request_id: '20261130000000FAKE', data: {} });

  async function answer(request: Request, trouble: Trouble | null): Promise<Response> {
    if (trouble === 'down') return new Response('<html>502 Bad Gateway</html>', { status: 502 });
    const [code, message] = (trouble && TROUBLES[trouble]) ?? [];
    if (code !== undefined && message !== undefined) return say(code, message);

    const { pathname } = new URL(request.url);
    if (request.method !== 'POST' || pathname !== '/open_api/v1.3/event/track/') {
      return new Response('404 page not found', { status: 404 });
    }
    const token = request.headers.get('access-token');
    if (token === null) return say(40104, 'Access token is null.');
    if (token !== secret) return say(40105, 'Access token is incorrect or has been revoked.');
    const read = v.safeParse(tiktokBody, await request.json().catch(() => null));
    if (!read.success) {
      const [issue] = read.issues;
      const path = (v.getDotPath(issue) ?? 'data').replace(/^data\./, 'Batch.');
      return say(40002, `${path}: Not a valid value (${JSON.stringify(issue.input)})`);
    }
    const { event_source_id, test_event_code, data } = read.output;
    if (event_source_id !== account) return say(40001, `No permission to operate pixel ${event_source_id}.`);
    if (test_event_code !== undefined && data.length > 1)
      return say(40002, 'test_event_code: one event at a time.');
    for (const [index, sent] of data.entries()) {
      if (Object.keys(sent.user).length === 0)
        return say(40002, `Batch.${index}.user: Missing data for required field.`);
      const seconds = now() / 1000;
      if (sent.event_time < seconds - OLDEST || sent.event_time > seconds + 60) {
        return say(40002, `Batch.${index}.event_time: Not a valid Unix timestamp (${sent.event_time})`);
      }
      if (counter.refuses(sent.event_id ?? '')) {
        return say(40002, `Batch.${index}.properties.contents: Not a valid list: ${JSON.stringify(sent)}`);
      }
    }
    if (test_event_code !== undefined) return say(0, 'OK');
    for (const sent of data) {
      counter.count({ name: sent.event, id: sent.event_id ?? '', event: sent, from: 'server' }, now());
    }
    return say(0, 'OK');
  }

  return fakeOf(counter, {
    name: 'tiktok',
    account,
    secret,
    answer,
    ofBrowser: (name, id) => ({ event: name, event_id: id }),
  });
}
