/** Destinations with conversions that wait, and what has become of them. */
import { secretsOf } from '../../src/env.ts';
import type { Click, ClickParameter, Conversion } from '../../src/model/conversion.ts';
import type { Answer, DeliveryState } from '../../src/model/delivery.ts';
import type { Destination } from '../../src/model/destination.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { seal } from '../../src/model/sealed.ts';
import { type DeliveryReport, deliverTo, type Relay } from '../../src/relay/deliver.ts';
import type { Network } from '../../src/relay/network.ts';
import { sealPayload } from '../../src/relay/payload.ts';
import { insertDestination, sealSecret } from '../../src/store/destinations.ts';
import { db, makePixel, testEnv } from '../fixtures.ts';

export const SECRETS = secretsOf(testEnv);
const [KEY = ''] = SECRETS;

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const NOW = Date.parse('2026-03-01T12:00:00Z');

export const OWNERS_SECRET = 'the-owners-secret-of-the-network';

/** A destination of a pixel of its own, unless one is given. */
export async function makeDestination(
  more: Partial<Destination> = {},
  secret = OWNERS_SECRET,
): Promise<Destination> {
  const destination: Destination = {
    id: `ds_${randomBase58(16)}`,
    pixel: more.pixel ?? (await makePixel('UTC')).id,
    network: 'webhook',
    name: 'Shop',
    account: randomBase58(6),
    settings: {},
    rules: [{ event: 'Purchase', as: 'buy' }],
    mode: 'live',
    test_code: '',
    state: 'on',
    problem: null,
    secret_at: 1,
    created_at: 1,
    updated_at: 1,
    ...more,
  };
  const sealed = await sealSecret(KEY, destination.id, secret);
  if (!(await insertDestination(db, destination, sealed))) throw new Error('no destination was added');
  return destination;
}

export interface Waiting {
  readonly people?: readonly string[];
  readonly visitor?: string;
  readonly as?: string;
  readonly due?: number;
  readonly expires?: number;
  readonly queued?: number;
}

/** Conversions that wait for a destination. */
export async function enqueue(
  { id, pixel, network }: Destination,
  conversions: readonly Conversion[],
  { people = [], visitor = 'v', as = 'buy', due, expires, queued }: Waiting = {},
): Promise<void> {
  const insert = db.prepare(
    `INSERT INTO deliveries (destination, name, event_id, pixel, ts, id, person, visitor, sent_as, has_eid, reported, on_page,
       state, queued_at, due_at, expires_at, payload)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?, 'waiting', ?, ?, ?, ?)`,
  );
  const rows = await Promise.all(
    conversions.map(async (conversion) => {
      const { name, event_id, ts } = conversion;
      const payload = await sealPayload(KEY, { destination: id, name, event_id }, { conversion, people });
      return insert.bind(
        ...[id, name, event_id, pixel, ts, `row-${event_id}`, people[0] ?? '', visitor, as],
        ...[
          Number(conversion.page_pixels.includes(network)),
          queued ?? ts,
          due ?? ts,
          expires ?? ts + 7 * DAY,
          payload,
        ],
      );
    }),
  );
  if (rows.length > 0) await db.batch(rows);
}

export async function keepClick(
  pixel: string,
  person: string,
  parameter: ClickParameter,
  click: Click,
): Promise<void> {
  const sealed = await seal(KEY, 'click ids', `${pixel}\n${person}\n${parameter}`, JSON.stringify(click));
  await db
    .prepare('INSERT INTO clicks (pixel, person, parameter, click, at) VALUES (?, ?, ?, ?, ?)')
    .bind(pixel, person, parameter, sealed, click.at)
    .run();
}

export interface LedgerRow {
  readonly name: string;
  readonly event_id: string;
  readonly state: DeliveryState;
  readonly due_at: number;
  readonly tries: number;
  readonly sent_at: number | null;
  readonly payload: string | null;
  readonly fields: string | null;
  readonly answer: string | null;
}

/** The deliveries of a destination, by event ids. */
export async function ledgerOf({ id }: Destination): Promise<Map<string, LedgerRow>> {
  const { results } = await db
    .prepare('SELECT * FROM deliveries WHERE destination = ? ORDER BY event_id')
    .bind(id)
    .all<LedgerRow>();
  return new Map(results.map((row) => [row.event_id, row]));
}

export const answerIn = (row: LedgerRow | undefined): Answer | null =>
  row?.answer ? (JSON.parse(row.answer) as Answer) : null;

/** The states of the deliveries of a destination, by event ids. */
export async function statesOf(destination: Destination): Promise<Record<string, DeliveryState>> {
  return Object.fromEntries(
    Array.from(await ledgerOf(destination), ([id, { state }]) => [id, state] as const),
  );
}

export interface DestinationRow {
  readonly state: string;
  readonly problem: string | null;
  readonly failures: number;
  readonly retry_at: number;
}

export async function rowOf({ id }: Destination): Promise<DestinationRow> {
  const row = await db.prepare('SELECT * FROM destinations WHERE id = ?').bind(id).first<DestinationRow>();
  if (row === null) throw new Error('the destination is gone');
  return row;
}

/** Delivers once, as an invocation does. */
export function deliverOnce(
  destination: Destination,
  network: Network,
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  more: Partial<Relay> & { readonly now?: number; readonly timeout?: number } = {},
): Promise<DeliveryReport> {
  const { now = NOW, timeout = 500, ...rest } = more;
  return deliverTo(
    {
      db,
      secrets: SECRETS,
      limits: { statements: 48, requests: 40, deliveries: 50 },
      clock: () => now,
      io: { fetch, timeout },
      networkOf: async () => network,
      ...rest,
    },
    destination.id,
  );
}
