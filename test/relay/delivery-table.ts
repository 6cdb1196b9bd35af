/** What the delivery table of docs/reliability.md is made of: conversions sent to the fake of a network, while something fails. */
import { vi } from 'vitest';
import type { FakeNetwork } from '../../scripts/lib/networks/fake.ts';
import { DELIVERY_STATES, type DeliveryState } from '../../src/model/delivery.ts';
import type { Destination } from '../../src/model/destination.ts';
import { networkOf } from '../../src/relay/networks/table.ts';
import { updateDestination } from '../../src/store/destination-changes.ts';
import { sealSecret } from '../../src/store/destinations.ts';
import { faulty } from '../api/faulty.ts';
import { db } from '../fixtures.ts';
import {
  answerIn,
  DAY,
  deliverOnce,
  enqueue,
  HOUR,
  ledgerOf,
  MINUTE,
  makeDestination,
  rowOf,
  SECRETS,
} from './fixture.ts';
import { PURCHASE } from './sending.ts';

/** The conversions of a row of the table. */
export const COUNT = 12;

const times = (count: number, time: number): number[] => Array.from({ length: count }, () => time);
const TIMES = [...times(8, 5 * MINUTE), ...times(8, HOUR), ...times(3, DAY)];

/** One failure at one network. */
export interface Result {
  /** How many conversions are in which state in the end. */
  readonly states: Readonly<Partial<Record<DeliveryState, number>>>;
  /** Conversions that the network counts, and how many of them more than once. */
  readonly counted: number;
  readonly doubled: number;
  /** Whether the owner was told, and had to change something. */
  readonly stopped: boolean;
  /** Whether the failure showed at all: not every network has versions, or errors behind a success. */
  readonly happened: boolean;
  /** What the ledger says of those that were dropped. */
  readonly reasons: readonly string[];
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A destination at a fake, with conversions that wait, at a time that the test moves. */
export class Scene {
  readonly fake: FakeNetwork;
  destination: Destination;
  readonly #start: number;
  #hasStopped = false;

  private constructor(fake: FakeNetwork, destination: Destination, start: number) {
    this.fake = fake;
    this.destination = destination;
    this.#start = start;
  }

  static async of(fake: FakeNetwork, as: string, settings: Readonly<Record<string, string>>): Promise<Scene> {
    const now = Date.now();
    const destination = await makeDestination(
      { network: fake.name, account: fake.account, settings, rules: [{ event: 'Purchase', as }] },
      fake.secret,
    );
    const conversions = Array.from({ length: COUNT }, (_, index) => ({
      ...PURCHASE,
      event_id: `order-${index}`,
      order_id: `order-${index}`,
      ts: now - MINUTE - index,
      clicks: {},
    }));
    await enqueue(destination, conversions, { as });
    return new Scene(fake, destination, now);
  }

  /** Delivers once. @param D1 the database of this invocation. */
  async deliver(fetch: Fetch = this.fetch, D1 = db): Promise<void> {
    const network = await networkOf(this.destination.network);
    await deliverOnce(this.destination, network, fetch, {
      clock: Date.now,
      db: D1,
      timeout: 100,
    }).catch(() => {});
    await this.#goOnIfStopped();
  }

  readonly fetch: Fetch = (url, init) => this.fake.fetch(new Request(url, init));

  /** As an owner does who has been told: enters what the network accepts. */
  async #goOnIfStopped(): Promise<void> {
    if ((await rowOf(this.destination)).state !== 'stopped') return;
    this.#hasStopped = true;
    const sealedSecret = await sealSecret(SECRETS[0] ?? '', this.destination.id, this.fake.secret);
    await updateDestination(db, this.destination, { sealedSecret }, Date.now());
    this.destination = {
      ...this.destination,
      updated_at: Math.max(Date.now(), this.destination.updated_at + 1),
    };
  }

  /** Delivers as the cron does, each five minutes and later less often, until nothing is due any more, for as long as a network may be asked. */
  async settle(): Promise<void> {
    for (const time of TIMES) {
      const { results } = await db
        .prepare(`SELECT 1 FROM deliveries WHERE destination = ? AND state IN ('waiting', 'sent') LIMIT 1`)
        .bind(this.destination.id)
        .all();
      if (results.length === 0) return;
      vi.setSystemTime(Date.now() + time);
      await this.deliver();
    }
  }

  async result(happened = true): Promise<Result> {
    vi.setSystemTime(this.#start);
    const rows = [...(await ledgerOf(this.destination)).values()];
    const states = Object.fromEntries(
      DELIVERY_STATES.map(
        (state) => [state, rows.filter((row) => row.state === state).length] as const,
      ).filter(([, count]) => count > 0),
    );
    const ids = this.fake.counted().map(({ id }) => id);
    const reasons = rows.flatMap((row) =>
      row.state === 'delivered' || row.state === 'sent' ? [] : [answerIn(row)?.message ?? ''],
    );
    return {
      states,
      counted: new Set(ids).size,
      doubled: ids.length - new Set(ids).size,
      stopped: this.#hasStopped,
      happened,
      reasons: [...new Set(reasons)],
    };
  }
}

/** A database that is gone from the moment on at which `dies` says so. */
export const dying = (dies: () => boolean): D1Database => faulty(db, () => (dies() ? 'before' : null));

/** The rows of the table: each failure, with the networks at which the same becomes of the conversions in one row. */
export function tableOf(
  results: ReadonlyMap<string, ReadonlyMap<string, Result>>,
  titles: ReadonlyMap<string, string>,
): string {
  const lines = [
    '| what fails | at | delivered | doubled | refused | expired | unknown | the owner |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |',
  ];
  for (const [failure, of] of results) {
    const shown = [...of].filter(([, { happened }]) => happened);
    const groups = [...Map.groupBy(shown, ([, result]) => cellsOf(result))].toSorted(
      ([, one], [, other]) => other.length - one.length,
    );
    for (const [index, [cells, group]] of groups.entries()) {
      const isAll = group.length === titles.size;
      const isRest = index === 0 && groups.length > 1 && shown.length === titles.size;
      const names = group.map(([name]) => titles.get(name) ?? name).join(', ');
      lines.push(`| ${failure} | ${isAll ? 'all' : isRest ? 'all others' : names} | ${cells} |`);
    }
  }
  return lines.join('\n');
}

function cellsOf({ states, counted, doubled, stopped }: Result): string {
  const { delivered = 0, sent = 0, refused = 0, expired = 0, unknown = 0 } = states;
  const isSilent = counted < delivered + sent;
  const told = [
    ...(stopped ? ['is told, and enters what the network accepts'] : []),
    ...(isSilent ? [`is not told that the network counts ${counted}`] : []),
  ].join('; ');
  return [delivered + sent, doubled, refused, expired, unknown, told].join(' | ').replaceAll('| 0 ', '| – ');
}
