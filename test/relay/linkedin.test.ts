/** LinkedIn's Conversions API: what is sent, and what its answers mean. */
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import page from '../../docs/relay/linkedin.md?raw';
import { linkedinBody, makeLinkedin } from '../../scripts/lib/networks/linkedin.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import type { Outgoing } from '../../src/relay/network.ts';
import { linkedin } from '../../src/relay/networks/linkedin.ts';
import { runs } from '../runs.ts';
import { expectDocumented } from './conversions.ts';
import { conversions, destinationOf, NOW, PURCHASE, send, sendOnce, verdictOn } from './sending.ts';

const DAY = 86_400_000;
const RULE = '104012';
const CLICK = { id: '0f8fad5b-d9cb-469f-a165-70867728950e', at: NOW - DAY };
const BOUGHT: Conversion = { ...PURCHASE, clicks: { ...PURCHASE.clicks, li_fat_id: CLICK } };

const of = (more: Partial<Conversion> = {}, as = RULE): Outgoing => ({
  conversion: { ...BOUGHT, ...more },
  as,
});
const named = (event_id: string): Outgoing => of({ event_id });
const start = () => ({ network: linkedin, fake: makeLinkedin(() => NOW) });
const fake = makeLinkedin(() => NOW);
const sending = { network: linkedin, fake };
const access = { destination: destinationOf(fake), secret: fake.secret, now: NOW };
const eventOf = (more: Partial<Conversion> = {}) => linkedin.event(of(more), access);
const problemOf = (more: Partial<Conversion>) => linkedin.problemOf(of(more), access.destination);

describe('an event', () => {
  it('has milliseconds, its amount as a text, and the ids that LinkedIn matches', () => {
    expect(eventOf()).toEqual({
      conversion: 'urn:lla:llaPartnerConversion:104012',
      conversionHappenedAt: PURCHASE.ts,
      conversionValue: { currencyCode: 'EUR', amount: '49.90' },
      eventId: 'A-17-9f3kq2',
      user: {
        userIds: [
          { idType: 'SHA256_EMAIL', idValue: PURCHASE.hashes.em },
          { idType: 'LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', idValue: CLICK.id },
        ],
      },
    });
  });

  it('has no value without a currency, and no id that is missing', () => {
    expect(eventOf({ currency: '' })).not.toHaveProperty('conversionValue');
    expect(eventOf({ value: null })).not.toHaveProperty('conversionValue');
    expect(eventOf({ hashes: {} })['user']).toEqual({
      userIds: [expect.objectContaining({ idValue: CLICK.id })],
    });
    expect(eventOf({ clicks: { li_fat_id: { id: 'x', at: PURCHASE.ts + 1 } } })['user']).toEqual({
      userIds: [expect.objectContaining({ idType: 'SHA256_EMAIL' })],
    });
  });

  it.each<[string, Partial<Conversion>, RegExp]>([
    ['nothing to find a person by', { hashes: {}, clicks: {} }, /neither/],
    [
      'a hash of a telephone number only',
      { hashes: { ph: PURCHASE.hashes.ph ?? '' }, clicks: {} },
      /neither/,
    ],
    ['a negative value', { value: -1_000_000 }, /negative/],
  ])('is not sent with %s', (_, more, message) => {
    expect(problemOf(more)).toMatch(message);
  });

  it('is sent with either id', () => {
    expect(problemOf({ hashes: {} })).toBeNull();
    expect(problemOf({ clicks: {} })).toBeNull();
  });

  it('lists each kind of id as a field', () => {
    expect(linkedin.fields?.(eventOf())).toEqual([
      { name: 'conversion', hashed: false },
      { name: 'conversionHappenedAt', hashed: false },
      { name: 'conversionValue.currencyCode', hashed: false },
      { name: 'conversionValue.amount', hashed: false },
      { name: 'eventId', hashed: false },
      { name: 'user.userIds.SHA256_EMAIL', hashed: true },
      { name: 'user.userIds.LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', hashed: false },
    ]);
  });
});

describe('a request', () => {
  it('is what the recorded schema describes, with the version of the settings', async () => {
    const destination = destinationOf(fake, {
      settings: { version: '202612', host: 'http://127.0.0.1:1/linkedin' },
    });
    const request = await linkedin.request([eventOf()], { ...access, destination });
    expect(v.safeParse(linkedinBody, JSON.parse(request.body)).issues).toBeUndefined();
    expect(request.url).toBe('http://127.0.0.1:1/linkedin/rest/conversionEvents');
    expect(request.headers).toEqual({
      authorization: `Bearer ${fake.secret}`,
      'content-type': 'application/json',
      'linkedin-version': '202612',
      'x-restli-protocol-version': '2.0.0',
      'x-restli-method': 'BATCH_CREATE',
    });
  });

  it('is accepted for any conversion without a problem, and refused for any with one', async () => {
    await fc.assert(
      fc.asyncProperty(conversions(linkedin.maxAge), async (conversion) => {
        const started = start();
        const outgoing = { conversion, as: RULE };
        const problem = linkedin.problemOf(outgoing, destinationOf(started.fake));
        const kind = problem === null ? 'delivered' : 'refused';
        expect(await send(started, [outgoing])).toMatchObject([{ kind }]);
        expect(started.fake.counted()).toHaveLength(problem === null ? 1 : 0);
      }),
      { numRuns: runs(150, 1500) },
    );
  });

  it('has names and settings that its own patterns accept', () => {
    for (const { pattern, default: value } of linkedin.settings) expect(value).toMatch(pattern);
    expect(fake.account).toMatch(linkedin.account.pattern);
    expect(fake.secret).toMatch(linkedin.secret.pattern);
    expect('104012').toMatch(linkedin.as.pattern);
    for (const as of ['urn:lla:llaPartnerConversion:104012', '', '1 2'])
      expect(as).not.toMatch(linkedin.as.pattern);
    for (const bad of ['202613', '2026-09', 'v25'])
      expect(bad).not.toMatch(linkedin.settings[0]?.pattern ?? /x/);
  });
});

describe('deduplication', () => {
  it('keeps the event of the Insight Tag, whichever comes first', async () => {
    const started = start();
    await send(started, [named('1'), named('2')]);
    started.fake.browserEvent('another rule', '1', NOW);
    started.fake.browserEvent('another rule', '3', NOW);
    await send(started, [named('3')]);
    expect(started.fake.counted()).toMatchObject([
      { id: '1', from: 'browser' },
      { id: '3', from: 'browser' },
      { id: '2', from: 'server' },
    ]);
  });

  it('does not count an event once that the API was sent twice, so that none is repeated blindly', async () => {
    const started = start();
    started.fake.trouble('lost');
    await expect(send(started, [of()])).rejects.toThrow();
    await send(started, [of()]);
    expect(started.fake.counted()).toHaveLength(2);
    expect(linkedin.deduplicates).toBe('none');
  });
});

describe('an answer', () => {
  it('of 200 has a status for each event', async () => {
    const started = start();
    expect(await send(started, [named('1'), named('2')])).toMatchObject([
      { kind: 'delivered', answer: { status: 201, advice: '' } },
      { kind: 'delivered', answer: { status: 201, advice: '' } },
    ]);
    const elements = [
      { status: 201 },
      { status: 400, error: { code: 'BAD', message: 'the rule is switched off' } },
      { status: 429 },
      {},
    ];
    expect(verdictOn(sending, 200, { elements }, { count: 4 })).toMatchObject({
      kind: 'each',
      events: [
        { kind: 'delivered' },
        { kind: 'refused', answer: { status: 400, code: 'BAD', message: 'the rule is switched off' } },
        { kind: 'retry' },
        { kind: 'unknown' },
      ],
    });
  });

  it('of 200 that hides an error is not taken for a success', async () => {
    const started = start();
    started.fake.trouble('hidden');
    expect(await send(started, [of()])).toMatchObject([
      { kind: 'retry', answer: { status: 500, code: 'INTERNAL' } },
    ]);
    expect(started.fake.counted()).toHaveLength(0);
  });

  it.each(['', '{}', '<html>', '{"elements":[{"status":201}]}'])(
    'of 200 that does not say what became of each event leaves it open: %s',
    (body) => {
      expect(verdictOn(sending, 200, body, { count: 2 })).toMatchObject({
        kind: 'each',
        events: [
          { kind: 'unknown', answer: { advice: expect.stringMatching(/Signals manager/) } },
          { kind: 'unknown' },
        ],
      });
    },
  );

  it('of 422 refuses the events that it names, and the others are sent again', async () => {
    const started = start();
    started.fake.refuse(['b', 'd']);
    const { verdict } = await sendOnce(started, ['a', 'b', 'c', 'd'].map(named));
    expect(verdict).toMatchObject({
      kind: 'each',
      events: [
        { kind: 'retry', answer: { message: '' } },
        {
          kind: 'refused',
          answer: {
            status: 422,
            message: expect.stringContaining('/conversionValue/amount'),
            advice: expect.stringMatching(/field that LinkedIn names/),
          },
        },
        { kind: 'retry' },
        { kind: 'refused' },
      ],
    });
    expect(started.fake.counted()).toHaveLength(0);
    expect(await send(started, [named('a'), named('c')])).toMatchObject([
      { kind: 'delivered' },
      { kind: 'delivered' },
    ]);
  });

  it('of 422 with several errors of an event keeps all of them with this event', () => {
    const message =
      'Index: 0, ERROR :: /conversionValue/amount :: field is required but not found and has no default value\nERROR :: /user/userInfo/firstName :: field is required\nIndex: 2, ERROR :: /eventId :: too long\n';
    expect(verdictOn(sending, 422, { message, status: 422 }, { count: 3 })).toMatchObject({
      events: [
        {
          kind: 'refused',
          answer: { message: expect.stringMatching(/amount.*firstName :: field is required$/) },
        },
        { kind: 'retry' },
        { kind: 'refused', answer: { message: 'ERROR :: /eventId :: too long' } },
      ],
    });
  });

  it('of 400 with a list of indexes refuses each of them', () => {
    const message = 'Duplicate conversions at indices [0, 2]';
    expect(verdictOn(sending, 400, { message, status: 400 }, { count: 3 })).toMatchObject({
      events: [{ kind: 'refused' }, { kind: 'retry' }, { kind: 'refused' }],
    });
  });

  it('that names no event of the batch halves it', () => {
    for (const message of [
      'ERROR :: /elements',
      'Index: 7, ERROR :: /eventId',
      'Index: 2, ERROR :: /eventId',
    ]) {
      expect(verdictOn(sending, 422, { message }, { count: 2 })).toMatchObject({ kind: 'split' });
    }
  });

  it('of 400 to a rule of another source says what to do', async () => {
    const started = start();
    started.fake.rulesOfTag(['999']);
    const { verdict } = await sendOnce(started, [named('a'), of({}, '999')]);
    expect(verdict).toMatchObject({
      kind: 'each',
      events: [
        { kind: 'retry' },
        {
          kind: 'refused',
          answer: { status: 400, advice: expect.stringMatching(/Create one for the Conversions API/) },
        },
      ],
    });
  });

  it('of 426 stops with the version that has ended', async () => {
    const ended = start();
    const destination = destinationOf(ended.fake, { settings: { version: '202511' } });
    expect(await send({ ...ended, destination }, [of()])).toMatchObject({
      kind: 'stop',
      answer: {
        status: 426,
        code: 'NONEXISTENT_VERSION',
        message: 'Requested version 202511 is not active',
        advice: 'LinkedIn answered 426: its version 202511 has ended; set a newer one',
      },
    });
    ended.fake.trouble('ended');
    expect(await send(ended, [of()])).toMatchObject({
      kind: 'stop',
      answer: { advice: expect.stringMatching(/202609 has ended/) },
    });
  });

  it.each<[string, number, unknown, unknown]>([
    [
      '401 of a revoked token',
      401,
      { serviceErrorCode: 65601, code: 'REVOKED_ACCESS_TOKEN' },
      { kind: 'stop', answer: { code: 'REVOKED_ACCESS_TOKEN' } },
    ],
    ['401 of a wrong token', 401, { serviceErrorCode: 65600 }, { kind: 'stop', answer: { code: '65600' } }],
    [
      '403',
      403,
      { message: 'Not enough permissions' },
      { kind: 'stop', answer: { advice: expect.stringMatching(/no right to this ad account/) } },
    ],
    ['404', 404, {}, { kind: 'stop' }],
    ['429', 429, { message: 'limit' }, { kind: 'retry', after: null }],
    ['500', 500, '', { kind: 'retry' }],
    ['504', 504, '<html>', { kind: 'retry' }],
    ['302', 302, '', { kind: 'stop' }],
  ])('of %s', (_, status, body, expected) => {
    expect(verdictOn(sending, status, body)).toMatchObject(expected as object);
  });

  it.each(['throttled', 'down'] as const)('waits while it is %s, and loses nothing', async (trouble) => {
    const started = start();
    started.fake.trouble(trouble);
    expect(await send(started, [of()])).toMatchObject({ kind: 'retry' });
    expect(await send(started, [of()])).toMatchObject([{ kind: 'delivered' }]);
    expect(started.fake.counted()).toHaveLength(1);
  });

  it('stops if the token is revoked, or is another one', async () => {
    const started = start();
    started.fake.trouble('revoked');
    expect(await send(started, [of()])).toMatchObject({
      kind: 'stop',
      answer: { code: 'REVOKED_ACCESS_TOKEN' },
    });
    expect(await send({ ...started, secret: 'x'.repeat(40) }, [of()])).toMatchObject({
      kind: 'stop',
      answer: { code: 'INVALID_ACCESS_TOKEN', advice: expect.stringMatching(/Access token/) },
    });
  });

  it('is recorded without anything that was sent, though LinkedIn repeats it', async () => {
    const started = start();
    started.fake.refuse([PURCHASE.event_id]);
    const { answered, verdict } = await sendOnce(started, [of()]);
    const personal = [PURCHASE.event_id, PURCHASE.hashes.em ?? '', CLICK.id];
    for (const value of personal) {
      expect(answered.body).toContain(value);
      expect(JSON.stringify(verdict)).not.toContain(value);
    }
    expect(JSON.stringify(verdict)).toContain('AAYpOFakeUuid==');
  });
});

it('sends what docs/relay/linkedin.md lists', () => {
  expectDocumented(page, linkedin, [eventOf()]);
});
