/** What the tests of destinations and deliveries share: requests of the API, and rows as they are stored. */
import { route } from '../../src/api/router.ts';
import type { Answer, SentField } from '../../src/model/delivery.ts';
import type { Destination } from '../../src/model/destination.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { randomBase58 } from '../../src/model/random.ts';
import type { NewDelivery } from '../../src/store/deliveries.ts';
import { insertDestination, sealSecret } from '../../src/store/destinations.ts';
import type { LedgerRow } from '../../src/store/ledger.ts';
import { db, testEnv } from '../fixtures.ts';

export const ADMIN = 'test-admin-token';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it was sent. */
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** @param path below /api/v1. */
export async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const response = await route(
    new Request(`https://px.example.com/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN}`, 'cf-connecting-ip': '192.0.2.1', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
    testEnv,
  );
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  };
}

/** A destination in the database, of a network whose file is not asked. */
export async function makeDestination(
  pixel: Pick<Pixel, 'id'>,
  change: Partial<Destination> = {},
): Promise<Destination> {
  const destination: Destination = {
    id: `ds_${randomBase58(16)}`,
    pixel: pixel.id,
    network: 'meta',
    name: 'Test',
    account: randomBase58(10),
    settings: {},
    rules: [{ event: 'Purchase', as: 'Purchase' }],
    mode: 'live',
    test_code: '',
    state: 'on',
    problem: null,
    secret_at: 1000,
    created_at: 1000,
    updated_at: 1000,
    ...change,
  };
  const sealed = await sealSecret(testEnv.SECRET_KEY ?? '', destination.id, 'the-secret');
  if (!(await insertDestination(db, destination, sealed))) throw new Error('no destination was stored');
  return destination;
}

export interface DeliveryRow
  extends Omit<LedgerRow, 'fields' | 'answer'>,
    Pick<NewDelivery, 'pixel' | 'person' | 'visitor'> {
  readonly payload: string | null;
  readonly fields: readonly SentField[] | null;
  readonly answer: Answer | null;
}

export function deliveryOf(
  { id: destination, pixel }: Pick<Destination, 'id' | 'pixel'>,
  change: Partial<DeliveryRow> = {},
): DeliveryRow {
  const ts = change.ts ?? Date.now() - 60_000;
  return {
    destination,
    pixel,
    name: 'Purchase',
    event_id: randomBase58(12),
    ts,
    id: randomBase58(12),
    person: '',
    visitor: 'visitor-hash',
    sent_as: 'Purchase',
    has_eid: 1,
    reported: 1,
    on_page: 0,
    state: 'waiting',
    queued_at: ts,
    due_at: ts,
    expires_at: ts + 86_400_000,
    tries: 0,
    sent_at: null,
    payload: 's1.sealed-payload',
    fields: null,
    answer: null,
    ...change,
  };
}

export const ANSWER: Answer = { status: 200, code: '', message: 'ok', trace: 'trace-1', advice: '' };

/** A delivery that the network has accepted. */
export function delivered(
  destination: Pick<Destination, 'id' | 'pixel'>,
  change: Partial<DeliveryRow> = {},
): DeliveryRow {
  const row = deliveryOf(destination, change);
  return {
    ...row,
    state: 'delivered',
    due_at: 0,
    tries: 1,
    sent_at: row.ts + 5000,
    payload: null,
    fields: [{ name: 'user_data.em', hashed: true }],
    answer: ANSWER,
    ...change,
  };
}

export async function insertDeliveries(rows: readonly DeliveryRow[]): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.keys(deliveryOf({ id: '', pixel: '' }));
  const json = rows.map((row) =>
    Object.values({
      ...row,
      fields: row.fields && JSON.stringify(row.fields),
      answer: row.answer && JSON.stringify(row.answer),
    }),
  );
  await db
    .prepare(
      `INSERT INTO deliveries (${columns.join(', ')})
       SELECT ${columns.map((_, index) => `value ->> ${index}`).join(', ')} FROM json_each(?)`,
    )
    .bind(JSON.stringify(json))
    .run();
}
