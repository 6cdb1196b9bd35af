/**
 * Random histories of deliveries: networks that fail, databases that fail at any call, invocations that end anywhere or overlap, withdrawals and
 * erasures in the middle. An oracle knows what may have arrived, how often, and what must be stored in the end.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Destination } from '../../src/model/destination.ts';
import { deletePixel } from '../../src/store/pixels.ts';
import { type Fault, faulty } from '../api/faulty.ts';
import { applySchema, db } from '../fixtures.ts';
import { tampered } from '../rollup/tampered.ts';
import { runs } from '../runs.ts';
import { deliverOnce, enqueue, HOUR, ledgerOf, MINUTE, makeDestination, NOW } from './fixture.ts';
import { answering, type Behaviour, conversionOf, PlainServer, plainNetwork } from './plain-network.ts';

beforeAll(applySchema);

const PEOPLE = ['uann', 'ubob', 'ueve'] as const;
type Person = (typeof PEOPLE)[number];

/** For how long the network recognizes an event. */
type Deduplicates = 'all' | 'for a while' | 'none';
const WHILE = 2 * HOUR;

/** What becomes of a person while deliveries go on. */
type Wish = 'withdraws' | 'erases';

type Step =
  | { readonly kind: 'event'; readonly person: Person; readonly isBad: boolean }
  | { readonly kind: 'wait'; readonly time: number }
  | { readonly kind: Wish; readonly person: Person }
  | { readonly kind: 'deliver'; readonly calls: readonly Call[] };

/** One invocation. What happens to it does so at its call of the database with this number. */
interface Call {
  readonly answers: readonly Answering[];
  readonly at: number;
  readonly happens: 'nothing' | 'fails' | 'answer lost' | 'ends' | Wish;
  readonly person: Person;
}

const ANSWERS = {
  fine: undefined,
  lost: 'lost',
  unreachable: 'unreachable',
  throttled: answering(429, {}, { 'retry-after': '7' }),
  down: answering(503),
} as const satisfies Record<string, Behaviour | undefined>;
type Answering = keyof typeof ANSWERS;

const person = fc.constantFrom(...PEOPLE);
const call: fc.Arbitrary<Call> = fc.record({
  answers: fc.array(fc.constantFrom(...(Object.keys(ANSWERS) as Answering[])), { maxLength: 4 }),
  at: fc.integer({ min: 1, max: 9 }),
  happens: fc.constantFrom('nothing', 'nothing', 'fails', 'answer lost', 'ends', 'withdraws', 'erases'),
  person,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('event'), person, isBad: fc.nat(7).map((n) => n === 0) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('deliver'),
      calls: fc.array(call, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('wait'), time: fc.constantFrom(MINUTE / 2, 3 * MINUTE, HOUR) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom<Wish>('withdraws', 'erases'), person }) },
);

/** As `store/withdrawals.ts` and an erasure do, of one person without links. */
async function grant(wish: Wish, { id }: Destination, who: Person): Promise<void> {
  const sql =
    wish === 'erases'
      ? 'DELETE FROM deliveries WHERE destination = ? AND person = ?'
      : `UPDATE deliveries SET state = 'withdrawn', payload = NULL, fields = NULL, answer = NULL
         WHERE destination = ? AND person = ? AND state = 'waiting'`;
  await db.prepare(sql).bind(id, who).run();
}

class History {
  readonly server = new PlainServer();
  now = NOW;
  /** By event ids. */
  readonly events = new Map<
    string,
    { readonly person: Person; readonly isBad: boolean; readonly ts: number; wish: Wish | null }
  >();
  readonly destination: Destination;
  readonly network;

  constructor(destination: Destination, deduplicates: Deduplicates) {
    this.destination = destination;
    this.server.clock = () => this.now;
    this.network = plainNetwork({
      deduplicates: deduplicates === 'none' ? 'none' : 'all',
      ...(deduplicates === 'for a while' ? { deduplicatesFor: WHILE } : {}),
      batch: { events: 3, bytes: 10_000 },
    });
  }

  async apply(step: Step): Promise<void> {
    if (step.kind === 'wait') this.now += step.time;
    else if (step.kind === 'event') {
      const id = `e${this.events.size}`;
      this.events.set(id, { person: step.person, isBad: step.isBad, ts: this.now, wish: null });
      if (step.isBad) this.server.bad = new Set([...this.server.bad, id]);
      await enqueue(this.destination, [conversionOf(id, this.now)], { people: [step.person] });
    } else if (step.kind === 'deliver') {
      const before = new Map(this.server.arrivals);
      const wished = new Set([...this.events].flatMap(([id, { wish }]) => (wish === null ? [] : [id])));
      await Promise.all(step.calls.map((one) => this.#call(one)));
      for (const id of wished) expect([id, this.server.arrivals.get(id)]).toEqual([id, before.get(id)]);
    } else await this.#grant(step.kind, step.person);
  }

  async #grant(wish: Wish, who: Person): Promise<void> {
    await grant(wish, this.destination, who);
    for (const event of this.events.values()) {
      if (event.person === who && event.wish !== 'erases') event.wish = wish;
    }
  }

  async #call({ answers, at, happens, person: who }: Call): Promise<void> {
    let calls = 0;
    const next = (): Fault => {
      calls++;
      if (happens === 'ends' && calls >= at) return 'before';
      if (calls !== at) return null;
      return happens === 'fails' ? 'before' : happens === 'answer lost' ? 'after' : null;
    };
    const before = async (): Promise<void> => {
      if (calls === at && (happens === 'withdraws' || happens === 'erases')) await this.#grant(happens, who);
    };
    const queue = answers.map((name) => ANSWERS[name]);
    const fetch = (url: string, init: RequestInit): Promise<Response> => {
      this.server.next = queue.splice(0, 1).filter((one) => one !== undefined);
      return this.server.fetch(url, init);
    };
    const DB = faulty(tampered(db, { scale: 1, before }), next);
    await deliverOnce(this.destination, this.network, fetch, { now: this.now, db: DB }).catch(() => {});
  }

  /** Lets time pass with nothing failing, until nothing is due any more. */
  async settle(): Promise<void> {
    for (let round = 0; round < 12; round++) {
      this.now += HOUR;
      await this.apply({
        kind: 'deliver',
        calls: [{ answers: [], at: 0, happens: 'nothing', person: 'uann' }],
      });
    }
  }

  async check(deduplicates: Deduplicates): Promise<void> {
    const ledger = await ledgerOf(this.destination);
    for (const [id, { person: who, isBad, ts, wish }] of this.events) {
      const row = ledger.get(id);
      const arrivals = this.server.arrivals.get(id) ?? 0;
      const seen = `${id} of ${who}, ${wish}: ${row?.state}, arrived ${arrivals} times`;
      if (deduplicates === 'none') expect(arrivals, seen).toBeLessThanOrEqual(1);
      const again = (this.server.times.get(id) ?? []).slice(1);
      if (deduplicates === 'for a while') {
        expect(
          again.filter((at) => at > ts + WHILE),
          seen,
        ).toEqual([]);
      }
      if (wish === 'erases') {
        expect(row, seen).toBeUndefined();
        continue;
      }
      expect(row?.payload, seen).toBeNull();
      const ends = ['withdrawn', 'delivered', 'refused', 'unknown'].filter(
        (state) =>
          (state !== 'withdrawn' || wish === 'withdraws') &&
          (state !== 'unknown' || deduplicates !== 'all') &&
          (state === 'refused') === (isBad && state !== 'withdrawn' && state !== 'unknown'),
      );
      expect(ends, seen).toContain(row?.state);
      if (row?.state === 'delivered') expect(arrivals, seen).toBeGreaterThan(0);
      if (row?.state === 'withdrawn') expect([row.fields, row.answer], seen).toEqual([null, null]);
    }
    expect(ledger.size).toBe([...this.events.values()].filter(({ wish }) => wish !== 'erases').length);
  }
}

describe.each(['all', 'none'] as const)(
  'whatever happens, with a network that deduplicates %s',
  (deduplicates) => {
    it('each conversion arrives as often as it may, and none is lost or revived', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
          const destination = await makeDestination();
          const history = new History(destination, deduplicates);
          for (const one of steps) await history.apply(one);
          await history.settle();
          await history.check(deduplicates);
          // There may be a thousand pixels.
          await deletePixel(db, destination.pixel);
        }),
        { numRuns: runs(40, 300) },
      );
    });
  },
);
