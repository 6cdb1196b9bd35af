/** The test event of a destination, against the fakes of the networks: accepted by each, marked, not counted, and nothing secret in the answer. */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeFakes } from '../../scripts/lib/networks/table.ts';
import { MAX_DESTINATION_TESTS, type NetworkName } from '../../src/model/destination.ts';
import type {
  DestinationJson,
  DestinationTestJson,
  NetworkJson,
  NetworksJson,
} from '../../src/model/relay-json.ts';
import { applySchema, db, makePixel } from '../fixtures.ts';
import { makeDestination, send } from './relay-rows.ts';

beforeAll(applySchema);
afterEach(() => vi.unstubAllGlobals());

/** What networks that give ids to their conversions, or take any name, call a purchase. */
const PURCHASES: { readonly [Name in NetworkName]?: string } = {
  google: '123456789',
  linkedin: '104012345',
  webhook: 'order',
};
const SETTINGS: { readonly [Name in NetworkName]?: Record<string, string> } = {};

interface Tested {
  readonly destination: DestinationJson;
  readonly secret: string;
  readonly test: (body?: object) => ReturnType<typeof send>;
  readonly requests: string[];
}

async function tested(
  name: NetworkName,
  change: object = {},
): Promise<Tested & { readonly network: NetworkJson }> {
  const fake = makeFakes().get(name);
  if (!fake) throw new Error(`there is no fake of ${name}`);
  const { networks } = (await send('GET', '/networks')).body as unknown as NetworksJson;
  const network = networks.find((one) => one.name === name) as NetworkJson;
  const { id: pixel } = await makePixel('UTC');
  const as = network.events['Purchase'] ?? PURCHASES[name] ?? '';
  const reply = await send('POST', `/pixels/${pixel}/destinations`, {
    network: name,
    name: 'Test',
    account: fake.account,
    secret: fake.secret,
    settings: SETTINGS[name] ?? {},
    rules: [{ event: 'Purchase', as }],
    test_code: network.test === 'code' ? 'TEST12345' : '',
    ...change,
  });
  expect(reply.status, reply.text).toBe(201);
  const destination = reply.body as unknown as DestinationJson;
  const requests: string[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    requests.push(`${url} ${init.body}`);
    return fake.fetch(new Request(url, init));
  });
  return {
    destination,
    network,
    secret: fake.secret,
    requests,
    test: (body = {}) => send('POST', `/pixels/${pixel}/destinations/${destination.id}/test`, body),
  };
}

const WITHOUT_TEST_MODE: readonly NetworkName[] = ['linkedin', 'microsoft'];
const NETWORKS_WITH_FAKES = [...makeFakes().keys()];

describe('the test of a destination', () => {
  it.each(NETWORKS_WITH_FAKES.filter((name) => !WITHOUT_TEST_MODE.includes(name)))(
    'sends %s one marked event that it accepts, and shows the answer',
    async (name) => {
      const { destination, secret, test, requests } = await tested(name);
      const reply = await test();
      const body = reply.body as unknown as DestinationTestJson;
      expect(reply.status, reply.text).toBe(200);
      expect(['delivered', 'sent'], reply.text).toContain(body.verdict);
      expect(body).toMatchObject({
        event_id: expect.stringMatching(/^speck-test-/),
        sent_as: destination.rules[0]?.as,
        answer: { status: expect.any(Number), message: expect.any(String) },
      });
      expect(body.fields.length).toBeGreaterThan(3);
      expect(requests.some((request) => request.includes(body.event_id))).toBe(true);
      // Neither the secret nor the address that has it, nor a value that was sent.
      expect(reply.text).not.toContain(secret);
      expect(reply.text).not.toMatch(/192\.0\.2\.1|Mozilla|https?:/);
      const { results } = await db
        .prepare('SELECT * FROM deliveries WHERE destination = ?')
        .bind(destination.id)
        .all();
      expect(results).toEqual([]);
    },
  );

  it('is sent as the rule says that is named', async () => {
    const rules = [
      { event: 'Purchase', as: 'Purchase' },
      { event: 'Signup', as: 'CompleteRegistration' },
    ];
    const { test, requests } = await tested('meta', { rules });
    expect((await test({ as: 'CompleteRegistration' })).body).toMatchObject({
      verdict: 'delivered',
      sent_as: 'CompleteRegistration',
    });
    expect(requests.at(-1)).toContain('"event_name":"CompleteRegistration"');
    expect(await test({ as: 'Lead' })).toMatchObject({ status: 400, body: { errors: [{ path: 'as' }] } });
    expect(await test({ event: 'Signup' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'event' }] },
    });
    expect(requests).toHaveLength(1);
  });

  it('shows why the network refuses, without the secret, and leaves the state as it is', async () => {
    const secret = 'EAAB-revoked-token-0123456789-0123456789';
    const { test, destination } = await tested('meta', { secret });
    const reply = await test();
    expect(reply).toMatchObject({
      status: 200,
      body: {
        verdict: 'stop',
        answer: { message: expect.stringMatching(/./), advice: expect.stringMatching(/./) },
      },
    });
    expect(reply.text).not.toContain('EAAB');
    const path = `/pixels/${destination.pixel}/destinations/${destination.id}`;
    expect((await send('GET', path)).body).toMatchObject({ state: 'on', problem: null });
  });

  it('sends nothing without a test mode, or without the code that it needs', async () => {
    const { test, requests } = await tested('meta', { test_code: '' });
    expect(await test()).toMatchObject({
      status: 409,
      body: { reason: 'conflict', detail: expect.stringContaining('test_code') },
    });
    expect(requests).toEqual([]);
    for (const name of WITHOUT_TEST_MODE) {
      const without = await tested(name);
      expect(await without.test()).toMatchObject({
        status: 409,
        body: { detail: expect.stringContaining('no test mode') },
      });
      expect(without.requests).toEqual([]);
    }
  });

  it('is limited', async () => {
    const { test, requests } = await tested('meta');
    for (let n = 0; n < MAX_DESTINATION_TESTS; n++) expect((await test()).status).toBe(200);
    const refused = await test();
    expect(refused).toMatchObject({ status: 429, body: { reason: 'too_many_requests' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(requests).toHaveLength(MAX_DESTINATION_TESTS);
  });

  it('is of the own pixel only', async () => {
    const destination = await makeDestination(await makePixel('UTC'));
    const { id: other } = await makePixel('UTC');
    expect((await send('POST', `/pixels/${other}/destinations/${destination.id}/test`, {})).status).toBe(404);
  });
});
