/** Webhooks: what an owner's server gets, how it verifies it, and what its answers mean. */
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import page from '../../docs/relay/webhook.md?raw';
import { makeWebhook, webhookBody } from '../../scripts/lib/networks/webhook.ts';
import { signatureOf, webhook } from '../../src/relay/networks/webhook.ts';
import { runs } from '../runs.ts';
import {
  accessOf,
  answered,
  answerIn,
  bodyOf,
  conversions,
  expectDocumented,
  expectNothingPersonal,
  kindsOf,
  NOW,
  outgoing,
  PURCHASE,
  send,
} from './conversions.ts';

const fake = makeWebhook(() => NOW);
const access = accessOf(fake);

beforeEach(() => fake.reset());

describe('a request', () => {
  it('has the signature that Standard Webhooks publishes for its example', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const signature = await signatureOf(
      secret,
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '1614265330',
      '{"test": 2432232314}',
    );
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('has every field of the conversion except the address and the agent', async () => {
    const sent = await send(webhook, fake, [outgoing('Sale')], access);
    expect(kindsOf(sent.verdict)).toEqual(['delivered']);
    expect(v.is(webhookBody, bodyOf(sent))).toBe(true);
    expect(sent.events[0]).toEqual({
      event: 'Sale',
      name: 'Purchase',
      event_id: 'A-17-9f3kq2',
      ts: '2026-11-20T12:33:56.789Z',
      url: PURCHASE.url,
      referrer: PURCHASE.referrer,
      reporter: 'browser',
      page_pixels: [],
      language: 'en',
      country: 'DE',
      hashes: PURCHASE.hashes,
      network_ids: PURCHASE.network_ids,
      clicks: {
        fbclid: { id: 'IwAR0facebook-click', at: '2026-11-20T11:34:56.789Z' },
        gclid: { id: 'Cj0KCQiA-google-click', at: '2026-11-20T10:34:56.789Z' },
        wbraid: { id: 'CjgKCQiA-wbraid-click', at: '2026-11-20T10:04:56.789Z' },
        msclkid: { id: 'dd4afcccb1c9a4cad9544dd7e5006abc', at: '2026-11-20T11:34:56.789Z' },
      },
      client_number: '12345678901234567890',
      value: 49.9,
      currency: 'EUR',
      order_id: 'ORDER-2026-17',
      contents: [
        { id: 'sku-red-1', quantity: 2, price: 19.95 },
        { id: 'sku-gift', quantity: 1, price: null },
      ],
    });
    expect(sent.request.body).not.toContain(PURCHASE.ip);
    expect(sent.request.body).not.toContain(PURCHASE.user_agent);
  });

  it('has the address and the agent if the owner wants them', async () => {
    const { events } = await send(
      webhook,
      fake,
      [outgoing('Sale')],
      accessOf(fake, { settings: { client: 'yes' } }),
    );
    expect(events[0]).toMatchObject({ ip: PURCHASE.ip, user_agent: PURCHASE.user_agent });
  });

  it('has the same id when it is sent again, another one for other events, and a new time', async () => {
    const first = await send(webhook, fake, [outgoing('Sale')], access);
    const again = await send(webhook, fake, [outgoing('Sale')], { ...access, now: NOW + 120_000 });
    const other = await send(webhook, fake, [outgoing('Sale', { event_id: 'B' })], access);
    const idOf = (sent: typeof first): string | undefined => sent.request.headers['webhook-id'];
    expect(idOf(first)).toMatch(/^msg_[\da-f]{32}$/);
    expect(idOf(again)).toBe(idOf(first));
    expect(idOf(other)).not.toBe(idOf(first));
    expect(again.request.headers['webhook-timestamp']).toBe(String(Math.floor(NOW / 1000) + 120));
    expect(kindsOf(again.verdict)).toEqual(['delivered']);
    expect(fake.counted()).toHaveLength(2);
    expect(fake.arrivals().get('A-17-9f3kq2')).toBe(2);
  });

  it('says in test mode that it is one', async () => {
    const sent = await send(webhook, fake, [outgoing('Sale')], accessOf(fake, { mode: 'test' }));
    expect(bodyOf(sent)).toMatchObject({ test: true });
    expect(kindsOf(sent.verdict)).toEqual(['delivered']);
    expect(fake.counted()).toHaveLength(0);
  });

  it('is refused with another secret, or a body or a time that is not the signed one', async () => {
    const secret = `whsec_${btoa('another secret of 32 characters!')}`;
    const wrong = await send(webhook, fake, [outgoing('Sale')], { ...access, secret });
    expect(kindsOf(wrong.verdict)).toEqual(['stop']);
    expect(answerIn(wrong.verdict).advice).toContain('same secret');
    const late = await send(webhook, fake, [outgoing('Sale')], { ...access, now: NOW - 600_000 });
    expect(kindsOf(late.verdict)).toEqual(['stop']);
    const right = await send(webhook, fake, [outgoing('Sale')], access);
    const { url, headers, body } = right.request;
    const changed = await fake.fetch(
      new Request(url, { method: 'POST', headers, body: body.replace('49.9', '9.9') }),
    );
    expect(changed.status).toBe(401);
  });

  it('is accepted for any conversion that has no problem', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(conversions(webhook.maxAge), fc.string({ minLength: 1 })), {
          minLength: 1,
          maxLength: 3,
        }),
        async (pairs) => {
          const batch = pairs
            .map(([conversion, as]) => ({ conversion, as }))
            .filter((item) => webhook.problemOf(item, access.destination) === null);
          if (batch.length === 0) return;
          const { verdict } = await send(webhook, fake, batch, access);
          expect(kindsOf(verdict)).toEqual(batch.map(() => 'delivered'));
        },
      ),
      { numRuns: runs(50, 1000) },
    );
  });
});

describe('the fields of a destination', () => {
  it.each([
    ['https://example.com', true],
    ['https://example.com/hooks/1?key=a%20b', true],
    ['http://127.0.0.1:8787/webhook', true],
    ['http://[::1]:8787', true],
    ['http://example.com/', false],
    ['https://user:password@example.com/', false],
    ['https://example.com@evil.example.net/', false],
    ['https://example.com/#part', false],
    ['https://', false],
    ['ftp://example.com/', false],
    ['https://example.com/ a', false],
  ])('the address %s: %s', (address, isAllowed) => {
    expect(webhook.account.pattern.test(address)).toBe(isAllowed);
  });

  it.each([
    [`whsec_${btoa('x'.repeat(24))}`, true],
    [`whsec_${btoa('x'.repeat(32))}`, true],
    [`whsec_${btoa('x'.repeat(62))}`, true],
    [`whsec_${btoa('x'.repeat(63))}`, true],
    [`whsec_${btoa('x'.repeat(64))}`, true],
    [`whsec_${btoa('x'.repeat(65))}`, false],
    [`whsec_${btoa('x'.repeat(66))}`, false],
    [`whsec_${btoa('x'.repeat(23))}`, false],
    [`whsec_${btoa('x'.repeat(70))}`, false],
    [btoa('x'.repeat(32)), false],
    ['whsec_not base64 at all, but long enough', false],
  ])('the secret %s: %s', (secret, isAllowed) => {
    expect(webhook.secret.pattern.test(secret)).toBe(isAllowed);
  });
});

describe('an answer', () => {
  it.each<[number, readonly string[]]>([
    [200, ['delivered', 'delivered']],
    [201, ['delivered', 'delivered']],
    [204, ['delivered', 'delivered']],
    [301, ['stop']],
    [308, ['stop']],
    [400, ['split']],
    [401, ['stop']],
    [403, ['stop']],
    [404, ['stop']],
    [405, ['stop']],
    [408, ['retry']],
    [410, ['stop']],
    [413, ['split']],
    [422, ['split']],
    [429, ['retry']],
    [500, ['retry']],
    [502, ['retry']],
    [504, ['retry']],
  ])('%d means %j', (status, kinds) => {
    const verdict = webhook.verdict(answered(status, PURCHASE), 2, access);
    expect(kindsOf(verdict)).toEqual(kinds);
    const { advice } = answerIn(verdict);
    if (kinds[0] !== 'delivered' && kinds[0] !== 'retry') expect(advice).not.toBe('');
    expectNothingPersonal(verdict, fake.secret);
  });

  it('may say when to try again', () => {
    expect(webhook.verdict(answered(503, '', { 'retry-after': '90' }), 1, access)).toMatchObject({
      after: 90,
    });
  });

  it.each<[Parameters<typeof fake.trouble>[0], string]>([
    ['throttled', 'retry'],
    ['down', 'retry'],
    ['revoked', 'stop'],
    ['ended', 'stop'],
  ])('with the trouble %s means %s', async (trouble, kind) => {
    fake.trouble(trouble);
    const { verdict } = await send(webhook, fake, [outgoing('Sale')], access);
    expect(kindsOf(verdict)).toEqual([kind]);
    expect(fake.counted()).toHaveLength(0);
  });

  it('that repeats what was sent leaves nothing of it in the ledger', async () => {
    fake.refuse([PURCHASE.event_id]);
    const sent = await send(webhook, fake, [outgoing('Sale')], access);
    expect(sent.response.body).toContain(PURCHASE.event_id);
    expect(kindsOf(sent.verdict)).toEqual(['split']);
    expectNothingPersonal(sent.verdict, fake.secret);
  });
});

it('sends what docs/relay/webhook.md lists', () => {
  const event = webhook.event(
    outgoing('Sale', { page_pixels: ['meta'] }),
    accessOf(fake, { settings: { client: 'yes' } }),
  );
  expectDocumented(page, webhook, [event]);
});

it('has the signature, the secret and the body of the example in docs/relay/webhook.md', async () => {
  const [, secret = ''] = /the secret `([^`]+)`/.exec(page) ?? [];
  const [, body = ''] = /```json\n(\{"type".*\})\n```/.exec(page) ?? [];
  const [, signature] = /the header is `([^`]+)`/.exec(page) ?? [];
  expect(secret).toMatch(webhook.secret.pattern);
  expect(await signatureOf(secret, 'msg_example', '1795178096', body)).toBe(signature);
});
