/**
 * The delivery table of docs/reliability.md: each failure at each network. The conversions go through the real delivery to the fake of the network, which
 * counts them as the network would.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import reliability from '../../docs/reliability.md?raw';
import type { FakeNetwork, Trouble } from '../../scripts/lib/networks/fake.ts';
import { makeFakes } from '../../scripts/lib/networks/table.ts';
import { networkOf } from '../../src/relay/networks/table.ts';
import { faulty } from '../api/faulty.ts';
import { applySchema, db } from '../fixtures.ts';
import { COUNT, dying, type Result, Scene, tableOf } from './delivery-table.ts';
import { DAY, rowOf } from './fixture.ts';

/** Requests that fail in a row. */
const REQUESTS = 3;

/** What fails, in the words of the table. */
const FAILURES: Readonly<Record<string, (scene: Scene) => Promise<Result>>> = {
  nothing: async (scene) => {
    await scene.deliver();
    await scene.settle();
    return scene.result();
  },
  'the same event comes from the network’s pixel on the page': async (scene) => {
    const network = await networkOf(scene.fake.name);
    const as = scene.destination.rules[0]?.as ?? '';
    for (let index = 0; index < COUNT; index++) {
      scene.fake.browserEvent(network.events['Purchase'] ?? as, `order-${index}`, Date.now());
    }
    await scene.deliver();
    await scene.settle();
    return scene.result(network.deduplicates !== 'none');
  },
  'the network throttles': (scene) => troubled(scene, 'throttled'),
  'the network is down': (scene) => troubled(scene, 'down'),
  'a success that is an error': (scene) => troubled(scene, 'hidden'),
  'no answer in time': (scene) => troubled(scene, 'slow'),
  'the answer is lost': (scene) => troubled(scene, 'lost'),
  'the secret is revoked': (scene) => troubled(scene, 'revoked'),
  'the version of the API has ended': (scene) => troubled(scene, 'ended'),
  'one event is wrong': async (scene) => {
    scene.fake.refuse(['order-5']);
    for (let call = 0; call < 3; call++) await scene.deliver();
    await scene.settle();
    return scene.result();
  },
  'the invocation ends after claiming, before sending': async (scene) => {
    let isDead = false;
    const D1 = dying(() => isDead);
    await scene.deliver(async () => {
      isDead = true;
      throw new Error('the isolate has ended');
    }, D1);
    await scene.settle();
    return scene.result();
  },
  'the invocation ends after sending, before marking': async (scene) => {
    let isDead = false;
    const D1 = dying(() => isDead);
    await scene.deliver(async (url, init) => {
      const response = await scene.fetch(url, init);
      if (scene.fake.arrivals().size > 0) isDead = true;
      return response;
    }, D1);
    await scene.settle();
    return scene.result();
  },
  'the network is down for eight days': async (scene) => {
    scene.fake.trouble('down', 10_000);
    await scene.deliver();
    const { retry_at } = await rowOf(scene.destination);
    vi.setSystemTime(Math.max(Date.now() + 8 * DAY, retry_at));
    scene.fake.trouble('down', 0);
    await scene.deliver();
    return scene.result();
  },
};

async function troubled(scene: Scene, trouble: Trouble): Promise<Result> {
  const requests = trouble === 'revoked' || trouble === 'ended' ? 1 : REQUESTS;
  scene.fake.trouble(trouble, requests);
  await scene.deliver();
  const { state, failures } = await rowOf(scene.destination);
  const { stopped } = await scene.result();
  await scene.settle();
  const result = await scene.result();
  const isAsUsual = result.counted === COUNT && (result.states.unknown ?? 0) === 0;
  return { ...result, happened: stopped || failures > 0 || state !== 'on' || !isAsUsual };
}

/** The networks that give ids to their owners' conversions have a rule with such an id. */
const CONVERSION_ID = '123456789';

async function sceneOf(fake: FakeNetwork): Promise<Scene> {
  fake.reset();
  const network = await networkOf(fake.name);
  return Scene.of(fake, network.events['Purchase'] ?? CONVERSION_ID, {});
}

// Before the fakes are made, since they live by this clock, too.
vi.useFakeTimers({ toFake: ['Date'] });
const fakes = [...makeFakes().values()];
const results = new Map<string, Map<string, Result>>();

beforeAll(applySchema);
afterAll(() => {
  vi.useRealTimers();
});

/** Google Analytics says that a request has arrived, and never what it thinks of it. */
const SAYS_NOTHING = 'ga4';

describe.each(fakes.map((fake) => [fake.name, fake] as const))('%s', (name, fake) => {
  it.each(Object.keys(FAILURES))('when this fails: %s', async (failure) => {
    const scene = await sceneOf(fake);
    const result = await (FAILURES[failure] as (scene: Scene) => Promise<Result>)(scene);
    results.set(failure, (results.get(failure) ?? new Map()).set(name, result));
    const { states, counted, doubled } = result;
    const seen = JSON.stringify(result);
    expect(doubled, seen).toBe(0);
    expect(states.waiting ?? 0, seen).toBe(0);
    // What is called otherwise than delivered has a reason. What is called delivered is counted.
    for (const reason of result.reasons) expect(reason, seen).not.toBe('');
    if (name === SAYS_NOTHING) return;
    expect(counted, seen).toBeGreaterThanOrEqual(states.delivered ?? 0);
    const dropped = (states.refused ?? 0) + (states.expired ?? 0);
    expect(counted + dropped, seen).toBeLessThanOrEqual(COUNT);
    expect(counted + dropped + (states.unknown ?? 0), seen).toBeGreaterThanOrEqual(COUNT);
  });

  it.each(['before', 'after'] as const)(
    'whichever statement of D1 fails (%s it has worked), nothing is lost or doubled',
    async (when) => {
      for (let failing = 1; ; failing++) {
        const scene = await sceneOf(fake);
        let calls = 0;
        await scene.deliver(
          scene.fetch,
          faulty(db, () => (++calls === failing ? when : null)),
        );
        await scene.settle();
        const result = await scene.result();
        const seen = `statement ${failing}: ${JSON.stringify(result)}`;
        expect(result.doubled, seen).toBe(0);
        expect(result.states.waiting ?? 0, seen).toBe(0);
        const unsure = result.states.unknown ?? 0;
        expect((result.states.delivered ?? 0) + (result.states.sent ?? 0) + unsure, seen).toBe(COUNT);
        if (calls < failing) break;
      }
    },
  );
});

it('makes the table of docs/reliability.md', async () => {
  const titles = await Promise.all(
    fakes.map(async ({ name }) => [name, (await networkOf(name)).title] as const),
  );
  const table = tableOf(results, new Map(titles));
  expect(reliability, `The table is now:\n\n${table}\n`).toContain(table);
});
