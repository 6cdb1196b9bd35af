/**
 * Random histories of purchases, of reports of them by tag and server, of withdrawals and erasures, delivered late, repeatedly and in any order,
 * against a model that says which deliveries and clicks may exist.
 */
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { relayRowsOf } from '../../src/enrich/relay-rows.ts';
import type { Batch, PlacedEvent } from '../../src/model/batch.ts';
import type { Conversion } from '../../src/model/conversion.ts';
import { LONGEST_WAIT } from '../../src/model/delivery.ts';
import { EID_WINDOW } from '../../src/model/event.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { writeRelayed } from '../../src/store/events.ts';
import { erase } from '../../src/store/people.ts';
import { aliasesOf, applySchema, db, place } from '../fixtures.ts';
import { runs } from '../runs.ts';
import { clicksOf, deliveriesOf, relayPixel, SECRETS } from './relay.ts';

beforeAll(applySchema);

const NOW = Math.floor(Date.now() / 1000) * 1000;

interface Purchase {
  readonly kind: 'purchase';
  readonly order: number;
  readonly at: number;
  readonly person: number;
  readonly known: 'cookie' | 'uid' | 'both';
  readonly server: boolean;
}
type Step =
  | Purchase
  | {
      readonly kind: 'withdraw' | 'erase';
      readonly at: number;
      readonly person: number;
      readonly by: 'cookie' | 'uid';
    }
  | { readonly kind: 'again'; readonly which: number };

const person = fc.nat({ max: 1 });
/** Seconds before now; some are too long ago for a delivery. */
const at = fc.oneof(
  { weight: 9, arbitrary: fc.nat({ max: 12 }).map((seconds) => NOW - seconds * 1000) },
  { weight: 1, arbitrary: fc.constant(NOW - LONGEST_WAIT) },
);
const by = fc.constantFrom('cookie' as const, 'uid' as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('purchase' as const),
      order: fc.nat({ max: 3 }),
      at,
      person,
      known: fc.constantFrom('cookie' as const, 'uid' as const, 'both' as const),
      server: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), at, person, by }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('erase' as const), at, person, by }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('again' as const), which: fc.nat({ max: 20 }) }) },
);

const aliasOf = (who: number, kind: 'cookie' | 'uid'): string =>
  `${kind === 'cookie' ? 'c' : 'u'}person${who}`;
const peopleOf = ({ person: who, known }: Purchase): string[] =>
  known === 'both' ? [aliasOf(who, 'uid'), aliasOf(who, 'cookie')] : [aliasOf(who, known)];

interface Sold {
  ts: number;
  readonly person: string;
  state: 'waiting' | 'withdrawn';
  reported: number;
}

/** What may exist, by the rules as docs/privacy.md states them. */
class Model {
  readonly deliveries = new Map<string, Sold>();
  readonly clicks = new Map<string, number>();
  #events: { order: number; id: string; at: number; person: string; server: boolean }[] = [];
  readonly #withdrawn = new Map<string, number>();
  readonly #erased = new Map<string, number>();
  readonly #linked = new Set<number>();

  purchase(one: Purchase, id: string): void {
    const people = peopleOf(one);
    const [first = ''] = people;
    const since = (times: Map<string, number>, who: string): boolean => (times.get(who) ?? 0) >= one.at;
    const isSame = (other: { order: number; at: number }): boolean =>
      other.order === one.order && Math.abs(other.at - one.at) <= EID_WINDOW;
    const isReported = this.#events.some((other) => isSame(other) && (other.server || !one.server));
    const isStored = this.#events.some((other) => other.id === id);
    if (!isStored && !isReported && !since(this.#erased, first)) {
      this.#events.push({ order: one.order, id, at: one.at, person: first, server: one.server });
      if (one.server) this.#events = this.#events.filter((other) => other.server || !isSame(other));
    }
    if (one.known === 'both' && !people.some((who) => since(this.#erased, who))) this.#linked.add(one.person);
    const name = `o${one.order}`;
    const hasRow = this.#events.some((other) => other.id === id);
    // A cookie is of the account that it is linked to.
    const hasWithdrawn = (who: string): boolean =>
      since(this.#withdrawn, who) ||
      (this.#linked.has(one.person) && since(this.#withdrawn, aliasOf(one.person, 'uid')));
    const isHeldBack = people.some((who) => hasWithdrawn(who) || since(this.#erased, who));
    const isNew = hasRow && !isHeldBack && one.at + LONGEST_WAIT > NOW;
    if (isNew && !this.deliveries.has(name))
      this.deliveries.set(name, { ts: one.at, person: first, state: 'waiting', reported: 0 });
    const sold = this.deliveries.get(name);
    // The first report of a server corrects that of a page.
    if (isNew && one.server && sold?.state === 'waiting' && sold.reported === 1) sold.ts = one.at;
    if (sold) sold.reported |= one.server ? 2 : 1;
    for (const who of people) {
      if (hasRow && !hasWithdrawn(who) && !since(this.#erased, who))
        this.clicks.set(who, Math.max(this.clicks.get(who) ?? 0, one.at));
    }
  }

  #family(who: number, kind: 'cookie' | 'uid'): string[] {
    return this.#linked.has(who) ? [aliasOf(who, 'uid'), aliasOf(who, 'cookie')] : [aliasOf(who, kind)];
  }

  withdraw(time: number, who: number, kind: 'cookie' | 'uid'): void {
    const family = this.#family(who, kind);
    const alias = aliasOf(who, kind);
    const remembered = kind === 'uid' ? [alias] : family;
    for (const one of remembered) {
      if ((this.#erased.get(one) ?? 0) < time)
        this.#withdrawn.set(one, Math.max(this.#withdrawn.get(one) ?? 0, time));
    }
    for (const sold of this.deliveries.values())
      if (family.includes(sold.person) && sold.ts <= time) sold.state = 'withdrawn';
    for (const one of family) if ((this.clicks.get(one) ?? Infinity) <= time) this.clicks.delete(one);
  }

  /** @param time of the erasure, which erases whatever is there. */
  erase(time: number, who: number, kind: 'cookie' | 'uid'): void {
    const family = this.#family(who, kind);
    for (const [name, sold] of this.deliveries)
      if (family.includes(sold.person)) this.deliveries.delete(name);
    this.#events = this.#events.filter((one) => !family.includes(one.person));
    for (const one of family) {
      this.clicks.delete(one);
      this.#withdrawn.delete(one);
      this.#erased.set(one, Math.max(this.#erased.get(one) ?? 0, time));
    }
    this.#linked.delete(who);
  }
}

function placed(pixel: Pixel, destination: string, one: Purchase, id: string): PlacedEvent {
  const [first = '', ...aliases] = peopleOf(one);
  const event = {
    ...place(pixel, { ts: one.at, id, name: 'Purchase', visitor: '', person: first } as never),
  };
  const whole = { ...event.event, eid: `o${one.order}`, authenticated: one.server ? 1 : 0 };
  const conversion = {
    event_id: whole.eid,
    ts: one.at,
    reporter: one.server ? 'server' : 'browser',
    page_pixels: [],
  } as unknown as Conversion;
  const routes = [{ destination, network: 'meta' as const, as: 'Purchase' }];
  return {
    ...event,
    event: whole,
    ...(aliases.length > 0 ? { aliases } : {}),
    relay: { conversion, routes, clicks: [['gclid', id]] },
  };
}

it('there are exactly the deliveries and clicks that there may be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const { pixel, destination } = await relayPixel();
      const model = new Model();
      const done: (() => Promise<void>)[] = [];
      for (const [index, one] of steps.entries()) {
        if (one.kind === 'again') {
          await done[one.which % Math.max(1, done.length)]?.();
        } else if (one.kind === 'erase') {
          const alias = aliasOf(one.person, one.by);
          const aliases = [...new Set([alias, ...(await aliasesOf(pixel.id, alias))])];
          await erase(db, [{ pixel: pixel.id, aliases, visitor: null }], one.at);
          model.erase(one.at, one.person, one.by);
        } else {
          const id = `e${index}`;
          const batch: Batch =
            one.kind === 'purchase'
              ? { id, events: [placed(pixel, destination.id, one, id)], rejections: [] }
              : {
                  id,
                  events: [],
                  rejections: [],
                  withdrawals: [
                    { pixel: pixel.id, people: [aliasOf(one.person, one.by)], visitor: '', at: one.at },
                  ],
                };
          const write = async () => {
            await writeRelayed(db, batch, await relayRowsOf(SECRETS, batch.events), NOW, false);
            if (one.kind === 'purchase') model.purchase(one, id);
            else model.withdraw(one.at, one.person, one.by);
          };
          await write();
          done.push(write);
        }
        const rows = await deliveriesOf(pixel);
        const stored = rows.map(({ event_id, ts, person: who, state, reported, payload }) => {
          expect(payload === null, 'only what waits has a payload').toBe(state !== 'waiting');
          return [event_id, { ts, person: who, state, reported }];
        });
        expect(Object.fromEntries(stored)).toEqual(Object.fromEntries(model.deliveries));
        const clicks = (await clicksOf(pixel)).map((row) => [row.person, row.click?.at]);
        expect(Object.fromEntries(clicks)).toEqual(Object.fromEntries(model.clicks));
      }
    }),
    { numRuns: runs(25, 300) },
  );
});
