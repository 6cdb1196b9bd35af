/** Google's Data Manager API: the exchange of the key, what is sent, what is answered at once, and what half an hour later. */
import fc from 'fast-check';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import page from '../../docs/relay/google.md?raw';
import { googleBody, makeGoogle } from '../../scripts/lib/networks/google.ts';
import type { Access, JsonObject, Verdict } from '../../src/relay/network.ts';
import { google } from '../../src/relay/networks/google.ts';
import { cleanAnswer } from '../../src/relay/networks/shared.ts';
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
import { ask } from './sending.ts';

const ACTION = '987654321';
const HALF_AN_HOUR = 1_800_000;

let clock = NOW;
const fake = makeGoogle(() => clock);

const { token, followUp } = google;
if (token === undefined || followUp === undefined) throw new Error('Google has both');

/** The right of access, with a token for the key. */
async function authorized(changes: Parameters<typeof accessOf>[1] = {}): Promise<Access> {
  const access = accessOf(fake, changes);
  const given = token?.read(await exchanged(access));
  if (given === undefined || !('token' in given)) throw new Error('no token');
  return { ...access, secret: given.token };
}

async function exchanged(access: Access) {
  const request = await token?.request(access);
  if (request === undefined || !('url' in request)) throw new Error('no request');
  return await ask(fake, request);
}

/** What Google says of a request later. */
async function statusOf(trace: string, access: Access) {
  return followUp?.verdict(await ask(fake, followUp.request(trace, access)), access);
}

const traceOf = (verdict: Verdict): string => answerIn(verdict).trace;

beforeEach(() => {
  fake.reset();
  clock = NOW;
});

describe('the key of a service account', () => {
  it('is exchanged for a token at Google, and not where the file says', async () => {
    const access = accessOf(fake);
    expect(access.secret).toContain('"token_uri":"https://token.example.net/steal"');
    const request = await token.request(access);
    expect(request).toMatchObject({
      method: 'POST',
      url: 'https://oauth2.googleapis.com/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(token.read(await exchanged(access))).toEqual({ token: 'ya29.c.fake-1', lifetime: 3599 });
  });

  it('is exchanged at the host of the destination', async () => {
    const access = accessOf(fake, { settings: { token_host: 'http://127.0.0.1:9/google' } });
    expect(await token.request(access)).toMatchObject({ url: 'http://127.0.0.1:9/google/token' });
  });

  it.each([
    ['no JSON', 'whatever'],
    ['another JSON', '{"client_email":"a@example.com"}'],
    [
      'no key',
      '{"client_email":"a@example.com","private_key":"-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----"}',
    ],
    ['no base64', '{"client_email":"a@example.com","private_key":"***"}'],
    ['null', 'null'],
  ])('that is %s stops the destination', async (_, secret) => {
    const verdict = await token.request({ ...accessOf(fake), secret });
    expect(verdict).toMatchObject({ kind: 'stop', answer: { status: 0, code: 'invalid_key' } });
    expect(JSON.stringify(verdict)).toContain('Add a key of the type JSON');
  });

  it.each<[string, (file: Record<string, string>) => void]>([
    [
      'of a deleted account',
      (file) => Object.assign(file, { client_email: 'gone@example.iam.gserviceaccount.com' }),
    ],
    ['that was deleted', (file) => Object.assign(file, { private_key_id: 'another' })],
  ])('%s stops the destination', async (_, change) => {
    const file = JSON.parse(fake.secret) as Record<string, string>;
    change(file);
    const verdict = token.read(await exchanged({ ...accessOf(fake), secret: JSON.stringify(file) }));
    expect(verdict).toMatchObject({ kind: 'stop', answer: { status: 400, code: 'invalid_grant' } });
  });

  it('is refused if the clock is wrong', async () => {
    clock = NOW + 2 * 3_600_000;
    expect(token.read(await exchanged(accessOf(fake)))).toMatchObject({ kind: 'stop' });
  });

  it.each<[number, unknown, string]>([
    [400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }, 'stop'],
    [401, { error: 'invalid_client' }, 'stop'],
    [403, 'no', 'stop'],
    [302, '', 'stop'],
    [200, { nothing: true }, 'stop'],
    [429, '', 'retry'],
    [500, '', 'retry'],
    [503, '<html>', 'retry'],
  ])('with the answer %d %j means %s', (status, body, kind) => {
    expect(token.read(answered(status, body))).toMatchObject({ kind });
  });

  it('stays out of what is recorded', async () => {
    const access = accessOf(fake);
    const given = token.read(
      answered(400, { error: 'invalid_grant', error_description: `No: ${access.secret}` }),
    );
    if ('token' in given || given.kind === 'each') throw new Error('not given');
    expect(cleanAnswer(given.answer, access).message).not.toContain('PRIVATE KEY');
  });

  it.each([
    [true, '{"client_email":"a","private_key":"b"}'],
    [true, '\n{ "private_key": "b",\n "client_email": "a" }\n'],
    [false, '{"client_email":"a"}'],
    [false, 'client_email private_key'],
  ])('has its form: %s', (isAllowed, secret) => {
    expect(google.secret.pattern.test(secret)).toBe(isAllowed);
    expect(google.secret.pattern.test(fake.secret)).toBe(true);
  });
});

describe('a request', () => {
  it('has the events, and each conversion action as a destination', async () => {
    const access = await authorized({ settings: { login_account: '999-888-7777' } });
    const batch = [outgoing(ACTION), outgoing('555', { event_id: 'B', order_id: '' })];
    const sent = await send(google, fake, batch, access);
    expect(kindsOf(sent.verdict)).toEqual(['sent', 'sent']);
    expect(sent.request.url).toBe('https://datamanager.googleapis.com/v1/events:ingest');
    expect(sent.request.headers['authorization']).toBe('Bearer ya29.c.fake-1');
    expect(v.is(googleBody, bodyOf(sent))).toBe(true);
    const destination = (id: string): object => ({
      reference: id,
      operatingAccount: { accountType: 'GOOGLE_ADS', accountId: '1234567890' },
      loginAccount: { accountType: 'GOOGLE_ADS', accountId: '9998887777' },
      productDestinationId: id,
    });
    const event = (id: string, transactionId: string): object => ({
      destinationReferences: [id],
      transactionId,
      eventTimestamp: '2026-11-20T12:33:56.789Z',
      eventSource: 'WEB',
      adIdentifiers: { gclid: 'Cj0KCQiA-google-click' },
      userData: { userIdentifiers: [{ emailAddress: 'b'.repeat(64) }, { phoneNumber: 'e'.repeat(64) }] },
      conversionValue: 49.9,
      currency: 'EUR',
    });
    expect(bodyOf(sent)).toEqual({
      destinations: [destination(ACTION), destination('555')],
      events: [event(ACTION, 'ORDER-2026-17'), event('555', 'B')],
      consent: { adUserData: 'CONSENT_GRANTED', adPersonalization: 'CONSENT_GRANTED' },
      encoding: 'HEX',
    });
    for (const value of [PURCHASE.ip, PURCHASE.user_agent]) expect(sent.request.body).not.toContain(value);
  });

  it('has one click: the last, and of the same time the most exact', () => {
    const idsOf = (clicks: typeof PURCHASE.clicks): unknown =>
      google.event(outgoing(ACTION, { clicks }), accessOf(fake))['adIdentifiers'];
    const at = PURCHASE.ts - 5000;
    expect(idsOf({ gclid: { id: 'g', at }, wbraid: { id: 'w', at: at + 1 } })).toEqual({ wbraid: 'w' });
    expect(idsOf({ wbraid: { id: 'w', at }, gbraid: { id: 'b', at }, gclid: { id: 'g', at } })).toEqual({
      gclid: 'g',
    });
    expect(idsOf({ fbclid: { id: 'f', at } })).toBeUndefined();
    // What comes after a conversion did not lead to it.
    const later = { id: 'w', at: PURCHASE.ts + 1 };
    expect(idsOf({ wbraid: later })).toBeUndefined();
    expect(idsOf({ gclid: { id: 'g', at: PURCHASE.ts - 5000 }, wbraid: later })).toEqual({ gclid: 'g' });
  });

  it('has the plain form of an address only if there is no other, and no telephone number without its plus sign', () => {
    const hashes = { em: 'a'.repeat(64), ph: 'd'.repeat(64) };
    const event = google.event(outgoing(ACTION, { hashes }), accessOf(fake));
    expect(event['userData']).toEqual({ userIdentifiers: [{ emailAddress: 'a'.repeat(64) }] });
  });

  it('needs a conversion action, and something that identifies the visitor', () => {
    const { destination } = accessOf(fake);
    const problem = (as: string, changes = {}): string | null =>
      google.problemOf(outgoing(as, changes), destination);
    expect(problem(ACTION)).toBeNull();
    expect(problem('purchase')).toContain('conversion action');
    expect(problem(ACTION, { clicks: {}, hashes: {} })).toContain('cannot identify');
    expect(problem(ACTION, { clicks: {}, hashes: { ph: 'd'.repeat(64) } })).toContain('cannot identify');
    expect(problem(ACTION, { clicks: {}, hashes: { ph_e164: 'd'.repeat(64) } })).toBeNull();
    expect(problem(ACTION, { hashes: {} })).toBeNull();
  });

  it('goes to the host and the version of the destination', async () => {
    const settings = { host: 'http://127.0.0.1:9/google', version: 'v2' };
    const access = accessOf(fake, { settings });
    expect((await google.request([], access)).url).toBe('http://127.0.0.1:9/google/v2/events:ingest');
    expect(followUp.request('a/b', access).url).toBe(
      'http://127.0.0.1:9/google/v2/requestStatus:retrieve?requestId=a%2Fb',
    );
  });

  it('in test mode is checked, and counts nothing', async () => {
    const access = await authorized({ mode: 'test' });
    const sent = await send(google, fake, [outgoing(ACTION)], access);
    expect(bodyOf(sent)).toMatchObject({ validateOnly: true });
    expect(kindsOf(sent.verdict)).toEqual(['delivered']);
    expect(answerIn(sent.verdict).message).toContain('counts none');
    expect(fake.counted()).toHaveLength(0);
  });

  it('of the largest batch has as many conversion actions as Google allows', async () => {
    const batch = Array.from({ length: google.batch.events }, (_, index) =>
      outgoing(String(1000 + index), { event_id: `e${index}` }),
    );
    const { verdict } = await send(google, fake, batch, await authorized());
    expect(kindsOf(verdict)).toEqual(batch.map(() => 'sent'));
  });

  it('is taken for any conversion that has no problem', async () => {
    const access = await authorized();
    const actions = fc.oneof(fc.stringMatching(/^\d{1,20}$/), fc.string());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(conversions(google.maxAge), actions), {
          minLength: 1,
          maxLength: google.batch.events,
        }),
        async (pairs) => {
          const batch = pairs
            .map(([conversion, as]) => ({ conversion, as }))
            .filter((item) => google.problemOf(item, access.destination) === null);
          if (batch.length === 0) return;
          const { verdict } = await send(google, fake, batch, access);
          expect(kindsOf(verdict)).toEqual(batch.map(() => 'sent'));
        },
      ),
      { numRuns: runs(50, 1000) },
    );
  });
});

describe('Google', () => {
  const variants: readonly [string, (event: JsonObject) => JsonObject, string][] = [
    ['a time in seconds', (event) => ({ ...event, eventTimestamp: 1_795_178_036 }), 'INVALID_FORMAT'],
    [
      'an e-mail address that is no hash',
      (event) => ({ ...event, userData: { userIdentifiers: [{ emailAddress: 'a@example.com' }] } }),
      'INVALID_FORMAT',
    ],
    ['no transaction id', ({ transactionId: _, ...event }) => event, 'INVALID_FORMAT'],
    ['no identifier', ({ userData: _, adIdentifiers: __, ...event }) => event, 'NO_IDENTIFIERS_PROVIDED'],
  ];
  it.each(variants)('refuses a whole request for %s', async (_, change, reason) => {
    const access = await authorized();
    const good = google.event(outgoing(ACTION), access);
    const request = await google.request([good, change(good)], access);
    const response = await ask(fake, request);
    expect(response.status).toBe(400);
    expect(response.body).toContain(reason);
    expect(kindsOf(google.verdict(response, 2, access))).toEqual(['split']);
    expect(fake.counted()).toHaveLength(0);
  });

  it('refuses more than 2,000 events, more than ten destinations, and the id of an account with hyphens', async () => {
    const access = await authorized();
    const good = google.event(outgoing(ACTION), access);
    const statusOfBatch = async (events: readonly JsonObject[]): Promise<number> =>
      (await ask(fake, await google.request(events, access))).status;
    expect(await statusOfBatch(Array<JsonObject>(2001).fill(good))).toBe(400);
    const eleven = Array.from({ length: 11 }, (_, index) => ({
      ...good,
      destinationReferences: [`${index}`],
    }));
    expect(await statusOfBatch(eleven)).toBe(400);
    const request = await google.request([good], access);
    const hyphens = { ...request, body: request.body.replace('1234567890', '123-456-7890') };
    expect((await ask(fake, hyphens)).status).toBe(400);
  });

  it('counts a conversion once that its own tag and Speck report', async () => {
    fake.browserEvent(ACTION, PURCHASE.order_id, NOW - 50_000);
    const access = await authorized();
    const first = await send(google, fake, [outgoing(ACTION)], access);
    await send(google, fake, [outgoing(ACTION)], access);
    expect(fake.counted()).toHaveLength(1);
    expect(fake.arrivals().get(PURCHASE.order_id)).toBe(3);
    clock += HALF_AN_HOUR;
    const verdict = await statusOf(traceOf(first.verdict), access);
    expect(verdict).toMatchObject({ kind: 'delivered', answer: { code: 'DUPLICATE_TRANSACTION_ID' } });
  });

  it('repeats what it did not like, and nothing of it is recorded', async () => {
    const access = await authorized();
    fake.refuse([PURCHASE.order_id]);
    const sent = await send(google, fake, [outgoing(ACTION)], access);
    for (const value of ['b'.repeat(64), PURCHASE.order_id]) expect(sent.response.body).toContain(value);
    expect(kindsOf(sent.verdict)).toEqual(['split']);
    expect(answerIn(sent.verdict)).toMatchObject({ code: 'INVALID_EVENT', trace: 'fake-request-1' });
    expect(answerIn(sent.verdict).message).toContain('There was a problem with the request.');
    expectNothingPersonal(sent.verdict, access.secret);
  });
});

describe('an answer', () => {
  it.each<[Parameters<typeof fake.trouble>[0], string]>([
    ['throttled', 'retry'],
    ['down', 'retry'],
    ['revoked', 'stop'],
    ['ended', 'stop'],
    ['hidden', 'sent'],
  ])('with the trouble %s means %s', async (trouble, kind) => {
    const access = await authorized();
    fake.trouble(trouble);
    const { verdict } = await send(google, fake, [outgoing(ACTION)], access);
    expect(kindsOf(verdict)).toEqual([kind]);
    if (kind === 'stop') expect(answerIn(verdict).advice).not.toBe('');
    expect(fake.counted()).toHaveLength(0);
  });

  const failed = (status: string, ...details: readonly object[]): object => ({
    error: { code: 0, message: 'A problem.', status, details },
  });
  const info = (reason: string, metadata = {}): object => ({ '@type': 'ErrorInfo', reason, metadata });
  const violation = (reason: string): object => ({
    fieldViolations: [{ field: 'events[0]', description: 'is wrong', reason }],
  });

  it.each<[number, unknown, string, string, string]>([
    [
      400,
      failed('INVALID_ARGUMENT', violation('INVALID_CONVERSION_ACTION_ID')),
      'split',
      'INVALID_CONVERSION_ACTION_ID',
      'ctId=',
    ],
    [
      400,
      failed('INVALID_ARGUMENT', violation('NO_IDENTIFIERS_PROVIDED')),
      'split',
      'NO_IDENTIFIERS_PROVIDED',
      'e-mail address',
    ],
    [
      400,
      failed('INVALID_ARGUMENT', info('INVALID_ARGUMENT'), violation('SOMETHING_NEW')),
      'split',
      'SOMETHING_NEW',
      'field',
    ],
    [
      400,
      failed('INVALID_ARGUMENT', violation('INVALID_DESTINATION')),
      'stop',
      'INVALID_DESTINATION',
      'manager account',
    ],
    [
      400,
      failed('FAILED_PRECONDITION', violation('DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED')),
      'stop',
      'DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED',
      'Customer data terms',
    ],
    [400, '<html>', 'split', '', 'field'],
    [
      400,
      failed('INVALID_ARGUMENT', violation('OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH')),
      'stop',
      'OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH',
      'manager account',
    ],
    [
      400,
      failed('INVALID_ARGUMENT', violation('DESTINATION_ACCOUNT_TYPE_MISMATCH')),
      'stop',
      'DESTINATION_ACCOUNT_TYPE_MISMATCH',
      'Customer ID and the manager account',
    ],
    [400, failed('INVALID_ARGUMENT', violation('NOT_ALLOWLISTED')), 'stop', 'NOT_ALLOWLISTED', 'support'],
    [
      400,
      failed('INVALID_ARGUMENT', violation('EVENT_SOURCE_AND_DESTINATION_MISMATCH')),
      'split',
      'EVENT_SOURCE_AND_DESTINATION_MISMATCH',
      'whose source is the website',
    ],
    [
      400,
      failed('INVALID_ARGUMENT', violation('EVENT_TIME_INVALID')),
      'split',
      'EVENT_TIME_INVALID',
      'older',
    ],
    [
      400,
      failed('INVALID_ARGUMENT', violation('CONVERSION_ACTION_TOO_RECENTLY_CREATED')),
      'split',
      'CONVERSION_ACTION_TOO_RECENTLY_CREATED',
      'sends the conversion again',
    ],
    [409, failed('ABORTED'), 'retry', 'ABORTED', ''],
    [401, failed('UNAUTHENTICATED'), 'stop', 'UNAUTHENTICATED', 'new JSON key'],
    [401, '', 'stop', '', 'new JSON key'],
    [403, failed('PERMISSION_DENIED'), 'stop', 'PERMISSION_DENIED', 'Access and security'],
    [
      403,
      failed('PERMISSION_DENIED', info('SERVICE_DISABLED')),
      'stop',
      'SERVICE_DISABLED',
      'enable the Data Manager API',
    ],
    [
      403,
      failed('PERMISSION_DENIED', info('constructor')),
      'stop',
      'PERMISSION_DENIED',
      'Access and security',
    ],
    [404, failed('NOT_FOUND'), 'stop', 'NOT_FOUND', 'version'],
    [404, '<html>', 'stop', '', 'version'],
    [301, '', 'stop', '', 'host'],
    [413, '', 'split', '', 'field'],
    [429, failed('RESOURCE_EXHAUSTED'), 'retry', 'RESOURCE_EXHAUSTED', ''],
    [500, failed('INTERNAL'), 'retry', 'INTERNAL', ''],
    [503, 'oops', 'retry', '', ''],
    [504, failed('DEADLINE_EXCEEDED'), 'retry', 'DEADLINE_EXCEEDED', ''],
  ])('%d %j means %s', (status, body, kind, code, advice) => {
    const verdict = google.verdict(answered(status, body), 2, accessOf(fake));
    expect(kindsOf(verdict)).toEqual([kind]);
    expect(answerIn(verdict).code).toBe(code);
    expect(answerIn(verdict).advice).toContain(advice);
    if (advice === '') expect(answerIn(verdict).advice).toBe('');
  });

  it('about an action that was just created holds up no event of another, and lets its own wait', () => {
    const body = failed('INVALID_ARGUMENT', violation('CONVERSION_ACTION_TOO_RECENTLY_CREATED'));
    expect(kindsOf(google.verdict(answered(400, body), 2, accessOf(fake)))).toEqual(['split']);
    expect(google.verdict(answered(400, body), 1, accessOf(fake))).toMatchObject({
      kind: 'each',
      events: [{ kind: 'retry', answer: { advice: expect.stringContaining('sends the conversion again') } }],
    });
  });

  it('says when to try again: Google’s time, or an hour after the quota of the day', () => {
    const body = failed(
      'RESOURCE_EXHAUSTED',
      info('RATE_LIMIT_EXCEEDED', { quota_limit: 'IngestionMutateRequestsPerDayPerProject' }),
    );
    const access = accessOf(fake);
    expect(google.verdict(answered(429, body), 1, access)).toMatchObject({ after: 3600 });
    expect(google.verdict(answered(429, body, { 'retry-after': '9' }), 1, access)).toMatchObject({
      after: 9,
    });
    expect(google.verdict(answered(503), 1, access)).toMatchObject({ after: null });
  });

  it('of success without the id of a request leaves the events unknown', () => {
    expect(kindsOf(google.verdict(answered(200, {}), 2, accessOf(fake)))).toEqual(['unknown', 'unknown']);
  });
});

describe('what became of a request', () => {
  it('is not known before half an hour, and then is', async () => {
    const access = await authorized();
    const { verdict } = await send(google, fake, [outgoing(ACTION)], access);
    clock += HALF_AN_HOUR - 1;
    expect(await statusOf(traceOf(verdict), access)).toMatchObject({ kind: 'sent' });
    clock += 1;
    expect(await statusOf(traceOf(verdict), access)).toMatchObject({ kind: 'delivered' });
    expect(followUp.after).toBe(HALF_AN_HOUR);
  });

  it('may be a refusal behind an answer of success', async () => {
    const access = await authorized();
    const clicks = { gclid: { id: 'not a click!', at: PURCHASE.ts } };
    const { verdict } = await send(google, fake, [outgoing(ACTION, { clicks, hashes: {} })], access);
    expect(kindsOf(verdict)).toEqual(['sent']);
    clock += HALF_AN_HOUR;
    const later = await statusOf(traceOf(verdict), access);
    expect(later).toMatchObject({ kind: 'refused', answer: { code: 'INVALID_GCLID' } });
    expect(JSON.stringify(later)).toContain('Check that no page changes');
  });

  it('is unknown for each event if Google has taken a part', async () => {
    const access = await authorized();
    const clicks = { gclid: { id: 'not a click!', at: PURCHASE.ts } };
    const batch = [outgoing(ACTION), outgoing(ACTION, { order_id: 'B', clicks })];
    const { verdict } = await send(google, fake, batch, access);
    clock += HALF_AN_HOUR;
    expect(await statusOf(traceOf(verdict), access)).toMatchObject({ kind: 'unknown' });
  });

  it('is not kept for what was only checked', async () => {
    const access = await authorized({ mode: 'test' });
    const { verdict } = await send(google, fake, [outgoing(ACTION)], access);
    expect(await statusOf(traceOf(verdict), access)).toMatchObject({ kind: 'unknown' });
  });

  const one = (requestStatus: string, ...reasons: readonly string[]): object => ({
    requestStatus,
    errorInfo: { errorCounts: reasons.map((reason) => ({ recordCount: '1', reason })) },
  });
  const DUPLICATE = 'PROCESSING_ERROR_REASON_DUPLICATE_TRANSACTION_ID';
  it.each<[number, unknown, string]>([
    [200, [one('SUCCESS')], 'delivered'],
    [200, [one('SUCCESS'), one('SUCCESS')], 'delivered'],
    [200, [one('PROCESSING'), one('SUCCESS')], 'sent'],
    [200, [one('REQUEST_STATUS_UNKNOWN')], 'sent'],
    [200, [], 'sent'],
    [200, [one('FAILED', DUPLICATE)], 'delivered'],
    [200, [one('PARTIAL_SUCCESS', DUPLICATE)], 'delivered'],
    [200, [one('FAILED', DUPLICATE, 'PROCESSING_ERROR_REASON_EVENT_TOO_OLD')], 'refused'],
    [200, [one('FAILED', 'PROCESSING_ERROR_REASON_DENIED_CONSENT')], 'refused'],
    [200, [one('FAILURE')], 'refused'],
    [200, [one('FAILED', 'PROCESSING_ERROR_OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER')], 'refused'],
    [200, [one('FAILED', 'X'), one('SUCCESS')], 'unknown'],
    [200, [one('PARTIAL_SUCCESS')], 'unknown'],
    [400, null, 'unknown'],
    [404, null, 'unknown'],
    [401, null, 'stop'],
    [403, null, 'stop'],
    [429, null, 'retry'],
    [502, null, 'retry'],
    [418, null, 'unknown'],
  ])('%d %j means %s', (status, requestStatusPerDestination, kind) => {
    const verdict = followUp.verdict(answered(status, { requestStatusPerDestination }), accessOf(fake));
    expect(verdict.kind).toBe(kind);
    if (kind === 'refused' && status === 200) expect(verdict.answer.message).toContain('refused');
  });

  it.each([
    ['CONVERSION_PRECEDES_CLICK', ''],
    ['EVENT_TOO_OLD', 'window'],
    ['INVALID_CLICK', 'click id'],
    ['CLICK_NOT_FOUND', 'click id'],
    ['INVALID_OPERATING_ACCOUNT_FOR_CLICK', 'another Google Ads account'],
    ['TOO_RECENT_CLICK', 'source is the website'],
    ['ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID', 'count every'],
  ])('has advice for %s', (reason, advice) => {
    const body = { requestStatusPerDestination: [one('FAILED', `PROCESSING_ERROR_REASON_${reason}`)] };
    expect(followUp.verdict(answered(200, body), accessOf(fake))).toMatchObject({
      kind: 'refused',
      answer: { code: reason, advice: expect.stringContaining(advice) },
    });
  });

  it('has advice for the mismatch of accounts, whose name differs from the others', () => {
    const reason = 'PROCESSING_ERROR_OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER';
    const body = { requestStatusPerDestination: [one('FAILED', reason)] };
    expect(followUp.verdict(answered(200, body), accessOf(fake)).answer).toMatchObject({
      code: 'OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER',
      advice: expect.stringContaining('another Google Ads account'),
    });
  });
});

it.each([
  ['1234567890', true],
  ['123-456-7890', true],
  ['123-4567890', false],
  ['123456789', false],
  ['AW-123456789', false],
])('the account %s: %s', (account, isAllowed) => {
  expect(google.account.pattern.test(account)).toBe(isAllowed);
});

it('sends what docs/relay/google.md lists', () => {
  const at = PURCHASE.ts;
  const events = [{ gclid: { id: 'a', at } }, { gbraid: { id: 'b', at } }, { wbraid: { id: 'c', at } }].map(
    (clicks) => google.event(outgoing(ACTION, { clicks }), accessOf(fake)),
  );
  expectDocumented(page, google, events);
  expect(page).toContain('**Manager account**');
});
