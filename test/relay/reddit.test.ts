/** Reddit's Conversions API: what is sent, and what its answers mean. */
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import page from '../../docs/relay/reddit.md?raw';
import { makeReddit, redditBody } from '../../scripts/lib/networks/reddit.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import type { Outgoing } from '../../src/relay/network.ts';
import { reddit } from '../../src/relay/networks/reddit.ts';
import { runs } from '../runs.ts';
import { expectDocumented } from './conversions.ts';
import { conversions, destinationOf, NOW, PURCHASE, send, sendOnce, verdictOn } from './sending.ts';

const DAY = 86_400_000;
const CLICK = { id: '1234567890123456789-reddit', at: NOW - DAY };
const BOUGHT: Conversion = {
  ...PURCHASE,
  network_ids: { ...PURCHASE.network_ids, rdt_uuid: '1684189007728.7d73a6b6-0e3d' },
  clicks: { ...PURCHASE.clicks, rdt_cid: CLICK },
};

const of = (more: Partial<Conversion> = {}, as = 'PURCHASE'): Outgoing => ({
  conversion: { ...BOUGHT, ...more },
  as,
});
const named = (event_id: string): Outgoing => of({ event_id });
const start = () => ({ network: reddit, fake: makeReddit(() => NOW) });
const fake = makeReddit(() => NOW);
const sending = { network: reddit, fake };
const destination = destinationOf(fake);
const withClient = destinationOf(fake, { settings: { client: 'yes' } });
const access = { destination, secret: fake.secret, now: NOW };
const eventOf = (more: Partial<Conversion> = {}, as = 'PURCHASE') => reddit.event(of(more, as), access);

describe('an event', () => {
  it('has milliseconds, capitals, amounts as numbers, and hashes of the forms that Reddit asks for', () => {
    expect(eventOf()).toEqual({
      event_at: PURCHASE.ts,
      action_source: 'WEBSITE',
      event_source_url: 'https://site.example/thanks',
      type: { tracking_type: 'PURCHASE' },
      click_id: CLICK.id,
      user: {
        email: PURCHASE.hashes.em_r,
        phone_number: PURCHASE.hashes.ph_e164,
        external_id: PURCHASE.hashes.external_id,
        uuid: '1684189007728.7d73a6b6-0e3d',
      },
      metadata: {
        conversion_id: 'A-17-9f3kq2',
        value: 49.9,
        currency: 'EUR',
        item_count: 3,
        products: [{ id: 'sku-1' }, { id: 'sku-2' }],
      },
    });
  });

  it('has no click that came after it', () => {
    expect(eventOf({ clicks: { rdt_cid: { ...CLICK, at: PURCHASE.ts + 1 } } })).not.toHaveProperty(
      'click_id',
    );
  });

  it('is a custom one under any other name', () => {
    expect(eventOf({}, 'Trial started')['type']).toEqual({
      tracking_type: 'CUSTOM',
      custom_event_name: 'Trial started',
    });
    expect(eventOf({}, 'Trial started')['metadata']).toMatchObject({ value: 49.9, item_count: 3 });
  });

  it('has only the metadata that Reddit counts of it', () => {
    expect(eventOf({}, 'PAGE_VISIT')['metadata']).toEqual({
      conversion_id: 'A-17-9f3kq2',
      products: [{ id: 'sku-1' }, { id: 'sku-2' }],
    });
    expect(eventOf({ contents: [] }, 'LEAD')['metadata']).toEqual({
      conversion_id: 'A-17-9f3kq2',
      value: 49.9,
      currency: 'EUR',
    });
    expect(eventOf({ currency: '' })['metadata']).not.toHaveProperty('value');
  });

  it('has the address and the user agent only if the owner wants it', () => {
    expect(JSON.stringify(eventOf())).not.toMatch(/203\.0\.113|Mozilla/);
    expect(reddit.event(of(), { ...access, destination: withClient })['user']).toMatchObject({
      ip_address: PURCHASE.ip,
      user_agent: PURCHASE.user_agent,
    });
  });

  it('is not sent without anything to find a person by', () => {
    const none = of({ hashes: { em: PURCHASE.hashes.em ?? '' }, network_ids: {}, clicks: {} });
    expect(reddit.problemOf(none, destination)).toMatch(/cannot find the person/);
    expect(reddit.problemOf(none, withClient)).toBeNull();
    expect(reddit.problemOf(of({ clicks: {} }), destination)).toBeNull();
    expect(reddit.problemOf(of({ hashes: {}, network_ids: {} }), destination)).toBeNull();
    expect(reddit.problemOf(of({ value: -1_000_000 }), destination)).toMatch(/negative/);
  });

  it.each([
    [
      'e-mail address',
      'alice@example.com',
      'ff8d9819fc0e12bf0d24892e45987e249a28dce836a85cad60e28eaaa8c6d976',
    ],
    ['telephone number', '+15554441234', 'e5b124c58580eb16bd959b8d0cac12b12c952e2ceae0203d416cff94f10b994a'],
    ['own id', 'customer12345', 'a4cc2fc5adf58a029291c1514d273989113a1d05e1d753c1d0c3a848af7109cc'],
  ])('has the hash that Reddit publishes of its example of an %s', async (_, text, published) => {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    expect(new Uint8Array(digest).toHex()).toBe(published);
  });
});

describe('a request', () => {
  it('is what the recorded schema describes, to the pixel, under a name of its own', async () => {
    const request = await reddit.request([eventOf()], access);
    expect(v.safeParse(redditBody, JSON.parse(request.body)).issues).toBeUndefined();
    expect(request.url).toBe('https://ads-api.reddit.com/api/v3/pixels/a2_fakepixel123/conversion_events');
    expect(request.headers).toMatchObject({ authorization: `Bearer ${fake.secret}` });
    expect(request.headers['user-agent']).toMatch(/^web:speck-pixel:\d+\.\d+\.\d+$/);
    const settings = { host: 'http://127.0.0.1:1/reddit' };
    const { url } = await reddit.request([], { ...access, destination: destinationOf(fake, { settings }) });
    expect(url).toBe('http://127.0.0.1:1/reddit/api/v3/pixels/a2_fakepixel123/conversion_events');
  });

  it('in test mode has the test id, and nothing is counted', async () => {
    const started = start();
    const test = destinationOf(started.fake, { mode: 'test', test_code: 't2_test' });
    const { request, verdict } = await sendOnce({ ...started, destination: test }, [of()]);
    expect(JSON.parse(request.body)).toMatchObject({ data: { test_id: 't2_test' } });
    expect(verdict).toMatchObject({ kind: 'each', events: [{ kind: 'delivered' }] });
    expect(started.fake.counted()).toHaveLength(0);
    const uncoded = destinationOf(started.fake, { mode: 'test' });
    expect(reddit.problemOf(of(), uncoded)).toMatch(/test code/);
    expect(reddit.problemOf(of(), test)).toBeNull();
    const live = destinationOf(started.fake, { test_code: 't2_test' });
    expect((await sendOnce({ ...started, destination: live }, [of()])).request.body).not.toContain('test_id');
  });

  it('is accepted for any conversions without a problem', async () => {
    const names = fc.constantFrom(...Object.values(reddit.events), 'Trial started');
    const client = fc.constantFrom('yes', 'no');
    const batches = fc.array(fc.record({ conversion: conversions(reddit.maxAge), as: names }), {
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(batches, client, async (batch, yes) => {
        const started = start();
        const to = destinationOf(started.fake, { settings: { client: yes } });
        const good = batch.filter((one) => reddit.problemOf(one, to) === null);
        if (good.length === 0) return;
        const { verdict, request } = await sendOnce({ ...started, destination: to }, good);
        expect(v.safeParse(redditBody, JSON.parse(request.body)).issues).toBeUndefined();
        expect(verdict).toMatchObject({ kind: 'each', events: good.map(() => ({ kind: 'delivered' })) });
      }),
      { numRuns: runs(150, 1500) },
    );
  });

  it('has names and settings that its own patterns accept', () => {
    for (const { pattern, default: value } of reddit.settings) expect(value).toMatch(pattern);
    expect(fake.account).toMatch(reddit.account.pattern);
    expect(fake.secret).toMatch(reddit.secret.pattern);
    for (const as of [...Object.values(reddit.events), 'a', 'Trial started'])
      expect(as).toMatch(reddit.as.pattern);
    for (const as of ['CUSTOM', 'Custom', '', ' x', 'x'.repeat(65), 'a\nb'])
      expect(as).not.toMatch(reddit.as.pattern);
  });
});

describe('deduplication', () => {
  it('counts an event once that is sent again, or that the browser has reported', async () => {
    const started = start();
    started.fake.browserEvent('PURCHASE', PURCHASE.event_id, NOW - 590_000);
    await send(started, [of()]);
    await send(started, [of()]);
    // The one with more data counts.
    expect(started.fake.counted()).toMatchObject([{ from: 'server' }]);
    expect(started.fake.arrivals().get(PURCHASE.event_id)).toBe(3);
  });

  it('counts it twice under another type, another id, or after two days', async () => {
    let now = NOW;
    const later = { network: reddit, fake: makeReddit(() => now) };
    await send(later, [of(), of({}, 'LEAD'), named('another')]);
    expect(later.fake.counted()).toHaveLength(3);
    now = NOW + (reddit.deduplicatesFor ?? 0) + 60_000;
    await send(later, [of()]);
    expect(later.fake.counted()).toHaveLength(4);
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
  it('of 200 delivers', async () => {
    expect(await send(start(), [named('1'), named('2')])).toMatchObject([
      { kind: 'delivered', answer: { message: 'Successfully processed 2 conversion events.', advice: '' } },
      { kind: 'delivered' },
    ]);
  });

  it.each(['', '{}', '<html>sign in</html>'])('of 200 that is not Reddit’s is no success: %s', (body) => {
    expect(verdictOn(sending, 200, body)).toMatchObject({ kind: 'retry' });
  });

  it.each([
    {
      message: 'There were 1 invalid conversion events. None were processed.',
      invalid_events: [{ error_message: 'no' }],
    },
    { error: { reason: 'UNAUTHORIZED', explanation: 'no' } },
  ])('of 200 that names an error is no success: %j', (body) => {
    expect(verdictOn(sending, 200, body)).toMatchObject({
      kind: 'split',
      answer: { message: 'no', advice: expect.stringMatching(/Reddit says/) },
    });
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
          message: expect.stringMatching(/is invalid/),
          advice: expect.stringMatching(/Reddit says/),
        },
      },
      {},
      {},
      {},
    ]);
    expect(
      started.fake
        .counted()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(['a', 'c', 'd']);
  });

  it('of 400 to an event that is too old has Reddit’s reason', async () => {
    expect(await send(start(), [of({ ts: NOW - 7 * DAY - 1 })])).toMatchObject([
      { kind: 'refused', answer: { message: 'event_at timestamp must be less than 168h0m0s old' } },
    ]);
    expect(await send(start(), [of({ ts: Math.floor(NOW / 1000) })])).toMatchObject([{ kind: 'refused' }]);
    expect(await send(start(), [of({ ts: NOW + 400_000 })])).toMatchObject([{ kind: 'refused' }]);
  });

  it('of 403 that means a field of the wrong type halves, and does not stop', async () => {
    const started = start();
    const wrong = of({ event_id: 'wrong', currency: 'no currency' });
    const explanation = 'JSON error unexpected type string on field events event_metadata value';
    expect(await send(started, [of(), wrong])).toMatchObject([
      { kind: 'delivered' },
      {
        kind: 'refused',
        answer: { status: 403, code: 'UNAUTHORIZED', advice: expect.stringMatching(/field/) },
      },
    ]);
    expect(verdictOn(sending, 403, { error: { reason: 'UNAUTHORIZED', explanation } })).toMatchObject({
      kind: 'split',
      answer: { message: explanation },
    });
  });

  it.each<[string, number, unknown, unknown]>([
    [
      '401',
      401,
      { error: { reason: 'UNAUTHORIZED', explanation: 'could not verify' } },
      {
        kind: 'stop',
        answer: {
          code: 'UNAUTHORIZED',
          message: 'could not verify',
          advice: expect.stringMatching(/Conversion access token/),
        },
      },
    ],
    ['401 as a text', 401, 'Authorization Required', { kind: 'stop' }],
    [
      '403',
      403,
      { error: { code: 403, message: 'no permission' } },
      { kind: 'stop', answer: { code: '403' } },
    ],
    [
      '404',
      404,
      { message: 'The pixel was not found' },
      { kind: 'stop', answer: { advice: expect.stringMatching(/Pixel ID/) } },
    ],
    ['422', 422, { error: { message: 'bad' } }, { kind: 'split', answer: { message: 'bad' } }],
    ['429', 429, {}, { kind: 'retry', after: null }],
    ['503', 503, '', { kind: 'retry' }],
  ])('of %s', (_, status, body, expected) => {
    expect(verdictOn(sending, status, body)).toMatchObject(expected as object);
  });

  it('of 429 says after how many seconds', () => {
    expect(verdictOn(sending, 429, {}, { headers: { 'retry-after': '17' } })).toMatchObject({ after: 17 });
  });

  it.each(['throttled', 'down'] as const)('waits while it is %s, and loses nothing', async (trouble) => {
    const started = start();
    started.fake.trouble(trouble);
    expect(await send(started, [of()])).toMatchObject({ kind: 'retry' });
    expect(await send(started, [of()])).toMatchObject([{ kind: 'delivered' }]);
  });

  it('stops if the token is revoked or another one, and if the pixel is not known', async () => {
    const started = start();
    started.fake.trouble('revoked');
    expect(await send(started, [of()])).toMatchObject({ kind: 'stop' });
    expect(await send({ ...started, secret: 'x'.repeat(40) }, [of()])).toMatchObject({ kind: 'stop' });
    const other = destinationOf(started.fake, { account: 'a2_other' });
    expect(await send({ ...started, destination: other }, [of()])).toMatchObject({ kind: 'stop' });
    expect(started.fake.counted()).toHaveLength(0);
  });

  it('is recorded without anything that was sent, though Reddit repeats it', async () => {
    const started = start();
    started.fake.refuse([PURCHASE.event_id]);
    const { answered, verdict } = await sendOnce({ ...started, destination: withClient }, [of()]);
    const { em_r, ph_e164, external_id } = PURCHASE.hashes;
    const personal = [
      PURCHASE.event_id,
      em_r,
      ph_e164,
      external_id,
      CLICK.id,
      PURCHASE.ip,
      PURCHASE.user_agent,
    ];
    for (const value of personal) {
      expect(answered.body).toContain(value);
      expect(JSON.stringify(verdict)).not.toContain(value);
    }
  });
});

it('sends what docs/relay/reddit.md lists', () => {
  const withAll = { ...access, destination: withClient };
  expectDocumented(
    page,
    reddit,
    [of(), of({}, 'Trial started')].map((one) => reddit.event(one, withAll)),
  );
});
