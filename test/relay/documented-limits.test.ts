/**
 * What networks document of the size of a batch, the age of an event, and events that arrive twice. The numbers stand here a second time: each is one
 * digit in a network's file, and with a wrong one all is well until a large batch or a late event.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeFakes } from '../../scripts/lib/networks/table.ts';
import type { NetworkName } from '../../src/model/destination.ts';
import type { Network } from '../../src/relay/network.ts';
import { networkOf } from '../../src/relay/networks/table.ts';
import { destinationOf, NOW, PURCHASE, sendOnce } from './sending.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

type Limits = Pick<Network, 'maxAge' | 'deduplicates' | 'deduplicatesFor' | 'test'> & {
  readonly events: number;
};

const LIMITS: readonly (readonly [NetworkName, Limits])[] = [
  [
    'pinterest',
    { events: 1000, maxAge: 7 * DAY, deduplicates: 'all', deduplicatesFor: HOUR, test: 'validate' },
  ],
  ['linkedin', { events: 5000, maxAge: 90 * DAY, deduplicates: 'none', test: 'none' }],
  ['reddit', { events: 1000, maxAge: 7 * DAY, deduplicates: 'all', deduplicatesFor: 2 * DAY, test: 'code' }],
  ['microsoft', { events: 1000, maxAge: 7 * DAY, deduplicates: 'all', test: 'none' }],
  ['openai', { events: 1000, maxAge: 7 * DAY, deduplicates: 'all', test: 'validate' }],
  ['webhook', { events: 20, maxAge: 7 * DAY, deduplicates: 'all', test: 'validate' }],
];

/** Networks that say how many events they take. */
const COUNTED = LIMITS.filter(([name]) => name !== 'webhook');
/** Networks that say how old an event may be. */
const AGED = LIMITS.filter(([name]) => name !== 'webhook' && name !== 'pinterest');

// The fakes live by this clock, too.
beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
afterAll(() => void vi.useRealTimers());

async function start(name: NetworkName) {
  const fake = makeFakes().get(name);
  if (fake === undefined) throw new Error(`there is no fake of ${name}`);
  const network = await networkOf(name);
  return { network, fake, destination: destinationOf(fake), as: network.events['Purchase'] ?? '104012' };
}

describe.each(LIMITS)('%s', (name, { events, ...limits }) => {
  it('has the limits that are documented', async () => {
    const network = await networkOf(name);
    expect(network).toMatchObject(limits);
    expect(network.deduplicatesFor).toBe(limits.deduplicatesFor);
    expect(network.batch.events).toBe(events);
    // A request has to be made, signed and kept within the CPU time and the memory of an invocation.
    expect(network.batch.bytes).toBeLessThanOrEqual(1_000_000);
  });
});

describe.each(COUNTED)('the fake of %s', (name, { events }) => {
  it('takes a batch of the greatest size, and none that is larger', async () => {
    const started = await start(name);
    const batch = (length: number) =>
      Array.from({ length }, (_, index) => ({
        conversion: { ...PURCHASE, event_id: `event-${index}` },
        as: started.as,
      }));
    await sendOnce(started, batch(events + 1));
    expect(started.fake.counted()).toHaveLength(0);
    await sendOnce(started, batch(events));
    expect(started.fake.counted()).toHaveLength(events);
  });
});

describe.each(AGED)('the fake of %s', (name, { maxAge }) => {
  it('takes an event of the greatest age, and none that is a second older', async () => {
    const started = await start(name);
    // Of a whole second, since some networks get seconds.
    const oldest = Math.ceil((NOW - maxAge) / 1000) * 1000;
    const aged = (ts: number) => [{ conversion: { ...PURCHASE, clicks: {}, ts }, as: started.as }];
    await sendOnce(started, aged(oldest - 1000));
    expect(started.fake.counted()).toHaveLength(0);
    await sendOnce(started, aged(oldest));
    expect(started.fake.counted()).toHaveLength(1);
  });
});
