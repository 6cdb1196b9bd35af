/** OpenAI's Conversions API: what is sent, and what its answers mean. */
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import page from '../../docs/relay/openai.md?raw';
import { makeOpenai, openaiBody } from '../../scripts/lib/networks/openai.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import type { Outgoing } from '../../src/relay/network.ts';
import { openai } from '../../src/relay/networks/openai.ts';
import { runs } from '../runs.ts';
import { expectDocumented } from './conversions.ts';
import { conversions, destinationOf, NOW, PURCHASE, send, sendOnce, verdictOn } from './sending.ts';

const DAY = 86_400_000;
const CLICK = { id: 'oppref_abc-123_DEF', at: NOW - DAY };
const BOUGHT: Conversion = { ...PURCHASE, clicks: { ...PURCHASE.clicks, oppref: CLICK } };

const of = (more: Partial<Conversion> = {}, as = 'order_created'): Outgoing => ({
  conversion: { ...BOUGHT, ...more },
  as,
});
const named = (event_id: string): Outgoing => of({ event_id });
const start = () => ({ network: openai, fake: makeOpenai(() => NOW) });
const fake = makeOpenai(() => NOW);
const sending = { network: openai, fake };
const destination = destinationOf(fake);
const withClient = destinationOf(fake, { settings: { client: 'yes' } });
const access = { destination, secret: fake.secret, now: NOW };
const eventOf = (more: Partial<Conversion> = {}, as = 'order_created') => openai.event(of(more, as), access);

describe('an event', () => {
  it('has milliseconds, amounts in cents, and lists of hashes', () => {
    expect(eventOf()).toEqual({
      id: 'A-17-9f3kq2',
      type: 'order_created',
      timestamp_ms: PURCHASE.ts,
      oppref: CLICK.id,
      source_url: 'https://site.example/thanks',
      action_source: 'web',
      user: {
        emails_sha256: [PURCHASE.hashes.em],
        phone_numbers_sha256: [PURCHASE.hashes.ph],
        external_ids_sha256: [PURCHASE.hashes.external_id],
      },
      data: {
        type: 'contents',
        amount: 4990,
        currency: 'EUR',
        contents: [
          { id: 'sku-1', quantity: 2, amount: 1995, currency: 'EUR' },
          { id: 'sku-2', quantity: 1 },
        ],
      },
    });
  });

  it.each<[string, number]>([
    ['EUR', 4990],
    ['JPY', 50],
    ['KRW', 50],
    ['KWD', 49_900],
    ['TND', 49_900],
    ['CLF', 499_000],
    ['HUF', 4990],
  ])('has its amount in the smallest unit of %s', (currency, amount) => {
    expect(eventOf({ currency })['data']).toMatchObject({ amount, currency });
  });

  it('has no click that came after it', () => {
    expect(eventOf({ clicks: { oppref: { ...CLICK, at: PURCHASE.ts + 1 } } })).not.toHaveProperty('oppref');
  });

  it('has no amount without a currency', () => {
    const data = {
      type: 'contents',
      contents: [
        { id: 'sku-1', quantity: 2 },
        { id: 'sku-2', quantity: 1 },
      ],
    };
    expect(eventOf({ currency: '' })['data']).toEqual(data);
  });

  it('has the form of data of its type', () => {
    expect(eventOf({}, 'lead_created')['data']).toEqual({
      type: 'customer_action',
      amount: 4990,
      currency: 'EUR',
    });
    expect(eventOf({ contents: [] }, 'trial_started')['data']).toMatchObject({ type: 'plan_enrollment' });
    expect(eventOf({}, 'My-Event')).toMatchObject({
      type: 'custom',
      custom_event_name: 'my-event',
      data: { type: 'custom' },
    });
  });

  it('is not of the web without a page', () => {
    const event = eventOf({ url: '' });
    expect(event).toMatchObject({ action_source: 'other' });
    expect(event).not.toHaveProperty('source_url');
  });

  it('has the address and the user agent only if the owner wants it', () => {
    expect(JSON.stringify(eventOf())).not.toMatch(/203\.0\.113|Mozilla/);
    expect(openai.event(of(), { ...access, destination: withClient })['user']).toMatchObject({
      ip_address: PURCHASE.ip,
      user_agent: PURCHASE.user_agent,
    });
  });

  it('is not sent without anything to find a person by', () => {
    const none = of({ hashes: { em_r: PURCHASE.hashes.em_r ?? '' }, clicks: {} });
    expect(openai.problemOf(none, destination)).toMatch(/cannot find the person/);
    expect(openai.problemOf(none, withClient)).toBeNull();
    expect(openai.problemOf(of({ clicks: {} }), destination)).toBeNull();
    expect(openai.problemOf(of({ hashes: {} }), destination)).toBeNull();
    expect(openai.problemOf(of({ value: -1_000_000 }), destination)).toMatch(/negative/);
  });
});

describe('a request', () => {
  it('is what the recorded schema describes, to the pixel', async () => {
    const request = await openai.request([eventOf()], access);
    expect(v.safeParse(openaiBody, JSON.parse(request.body)).issues).toBeUndefined();
    expect(JSON.parse(request.body)).toMatchObject({ validate_only: false });
    expect(request.url).toBe('https://bzr.openai.com/v1/events?pid=FAKEPixel0123456789ab');
    expect(request.headers).toMatchObject({ authorization: `Bearer ${fake.secret}` });
    const settings = { host: 'http://127.0.0.1:1/openai' };
    const { url } = await openai.request([], { ...access, destination: destinationOf(fake, { settings }) });
    expect(url).toBe('http://127.0.0.1:1/openai/v1/events?pid=FAKEPixel0123456789ab');
  });

  it('in test mode only asks whether the events are valid', async () => {
    const started = start();
    const test = { ...started, destination: destinationOf(started.fake, { mode: 'test' }) };
    const { request, verdict } = await sendOnce(test, [of()]);
    expect(JSON.parse(request.body)).toMatchObject({ validate_only: true });
    expect(verdict).toMatchObject({ kind: 'each', events: [{ kind: 'delivered' }] });
    expect(started.fake.counted()).toHaveLength(0);
    expect(await send(test, [of({ ts: NOW - 8 * DAY })])).toMatchObject([{ kind: 'refused' }]);
  });

  it('is accepted for any conversions without a problem', async () => {
    const names = fc.constantFrom(...Object.values(openai.events), 'My-Event');
    const client = fc.constantFrom('yes', 'no');
    const batches = fc.array(fc.record({ conversion: conversions(openai.maxAge), as: names }), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(batches, client, async (batch, yes) => {
        const started = start();
        const to = destinationOf(started.fake, { settings: { client: yes } });
        const good = batch.filter((one) => openai.problemOf(one, to) === null);
        if (good.length === 0) return;
        const { verdict, request } = await sendOnce({ ...started, destination: to }, good);
        expect(v.safeParse(openaiBody, JSON.parse(request.body)).issues).toBeUndefined();
        expect(verdict).toMatchObject({ kind: 'each', events: good.map(() => ({ kind: 'delivered' })) });
      }),
      { numRuns: runs(150, 1500) },
    );
  });

  it('has names and settings that its own patterns accept', () => {
    for (const { pattern, default: value } of openai.settings) expect(value).toMatch(pattern);
    expect(fake.account).toMatch(openai.account.pattern);
    expect(fake.secret).toMatch(openai.secret.pattern);
    for (const as of [...Object.values(openai.events), 'a', 'My-Event'])
      expect(as).toMatch(openai.as.pattern);
    for (const as of ['custom', 'app_opened', '', '_x', 'x_', 'x'.repeat(65), 'a b']) {
      expect(as).not.toMatch(openai.as.pattern);
    }
  });
});

describe('deduplication', () => {
  it('counts an event once that is sent again, or that the browser has reported', async () => {
    const started = start();
    started.fake.browserEvent('order_created', PURCHASE.event_id, NOW - 590_000);
    await send(started, [of()]);
    await send(started, [of()]);
    expect(started.fake.counted()).toMatchObject([{ from: 'browser' }]);
    expect(started.fake.arrivals().get(PURCHASE.event_id)).toBe(3);
    await send(started, [of({}, 'lead_created'), named('another')]);
    expect(started.fake.counted()).toHaveLength(3);
  });

  it('loses nothing and doubles nothing if the connection breaks after the events were taken', async () => {
    const started = start();
    started.fake.trouble('lost');
    await expect(send(started, [of()])).rejects.toThrow();
    await send(started, [of()]);
    expect(started.fake.counted()).toHaveLength(1);
    expect(started.fake.arrivals().get(PURCHASE.event_id)).toBe(2);
  });
});

describe('an answer', () => {
  it('of 200 delivers, with the id of the request', async () => {
    expect(await send(start(), [named('1'), named('2')])).toMatchObject([
      { kind: 'delivered', answer: { trace: 'req_fake0123456789', advice: '' } },
      { kind: 'delivered' },
    ]);
    expect(verdictOn(sending, 202, '')).toMatchObject({ kind: 'each', events: [{ kind: 'delivered' }] });
  });

  it.each<[string, string, string]>([
    ['a page of a proxy', '<html>sign in</html>', 'retry'],
    ['an error', '{"error":{"code":"invalid_event","message":"no"}}', 'split'],
  ])('of 200 that is %s is no success', (_, body, kind) => {
    expect(verdictOn(sending, 200, body)).toMatchObject({ kind });
  });

  it('of 400 halves, until the bad events are alone', async () => {
    const started = start();
    started.fake.refuse(['b', 'e']);
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const events = await send(started, ids.map(named));
    expect(events).toMatchObject(ids.map((id) => ({ kind: 'be'.includes(id) ? 'refused' : 'delivered' })));
    expect(events).toMatchObject([
      {},
      {
        answer: {
          status: 400,
          code: 'invalid_event',
          message: expect.stringMatching(/is invalid/),
          advice: expect.stringMatching(/OpenAI says/),
        },
      },
      {},
      {},
      {},
    ]);
    expect(started.fake.counted()).toHaveLength(3);
  });

  it.each<[string, Partial<Conversion>]>([
    ['older than seven days', { ts: NOW - 7 * DAY - 1 }],
    ['ahead by more than ten minutes', { ts: NOW + 600_001 }],
    ['in seconds', { ts: Math.floor(NOW / 1000) }],
  ])('of 400 to an event %s', async (_, more) => {
    expect(await send(start(), [of(more)])).toMatchObject([
      { kind: 'refused', answer: { message: expect.stringContaining('timestamp_ms') } },
    ]);
  });

  it.each<[string, number, unknown, unknown]>([
    [
      '401',
      401,
      { error: { code: 'invalid_api_key', message: 'Incorrect API key provided.' } },
      {
        kind: 'stop',
        answer: { code: 'invalid_api_key', advice: expect.stringMatching(/Conversions API key/) },
      },
    ],
    ['403', 403, {}, { kind: 'stop' }],
    [
      '404',
      404,
      { message: 'Not found' },
      { kind: 'stop', answer: { message: 'Not found', advice: expect.stringMatching(/Pixel ID/) } },
    ],
    ['413', 413, '', { kind: 'split' }],
    ['422', 422, {}, { kind: 'split' }],
    ['429', 429, {}, { kind: 'retry', after: null }],
    ['502', 502, 'bad gateway', { kind: 'retry' }],
  ])('of %s', (_, status, body, expected) => {
    expect(verdictOn(sending, status, body)).toMatchObject(expected as object);
  });

  it.each(['throttled', 'down'] as const)('waits while it is %s, and loses nothing', async (trouble) => {
    const started = start();
    started.fake.trouble(trouble);
    const after = trouble === 'throttled' ? 30 : null;
    expect(await send(started, [of()])).toMatchObject({ kind: 'retry', after });
    expect(await send(started, [of()])).toMatchObject([{ kind: 'delivered' }]);
  });

  it('stops if the key is revoked or another one, and if the pixel is not known', async () => {
    const started = start();
    started.fake.trouble('revoked');
    expect(await send(started, [of()])).toMatchObject({ kind: 'stop' });
    expect(await send({ ...started, secret: 'x'.repeat(40) }, [of()])).toMatchObject({ kind: 'stop' });
    const other = destinationOf(started.fake, { account: 'another-pixel' });
    expect(await send({ ...started, destination: other }, [of()])).toMatchObject({ kind: 'stop' });
    expect(started.fake.counted()).toHaveLength(0);
  });

  it('is recorded without anything that was sent, though OpenAI repeats it', async () => {
    const started = start();
    started.fake.refuse([PURCHASE.event_id]);
    const { answered, verdict } = await sendOnce({ ...started, destination: withClient }, [of()]);
    const { em, ph, external_id } = PURCHASE.hashes;
    for (const value of [PURCHASE.event_id, em, ph, external_id, PURCHASE.ip, PURCHASE.user_agent]) {
      expect(answered.body).toContain(value);
      expect(JSON.stringify(verdict)).not.toContain(value);
    }
  });
});

it('sends what docs/relay/openai.md lists', () => {
  const withAll = { ...access, destination: withClient };
  expectDocumented(
    page,
    openai,
    [of(), of({}, 'quiz_finished')].map((one) => openai.event(one, withAll)),
  );
});
