/** No statement about conversions reads all of a table, but for those of the cron that end what is old. */
import { beforeAll, expect, it } from 'vitest';
import { ingest } from '../../src/enrich/ingest.ts';
import { deleteDestination, updateDestination } from '../../src/store/destination-changes.ts';
import { claim, dueDestinations, markDeliveries, readDue } from '../../src/store/due-deliveries.ts';
import { readPeople } from '../../src/store/kept-clicks.ts';
import { deliveriesOfEvent, readLedger, summarizeLedger } from '../../src/store/ledger.ts';
import { relayOfPerson } from '../../src/store/relay-traces.ts';
import { browser, COOKIE, envWith, eventOf, hitOf, relayPixel } from '../enrich/relay.ts';
import { applySchema, db } from '../fixtures.ts';

beforeAll(applySchema);

/** A database that writes down the statements that it prepares. */
function recording(): { readonly recorded: D1Database; readonly statements: Set<string> } {
  const statements = new Set<string>();
  const recorded = new Proxy(db, {
    get: (target, name) => {
      if (name === 'prepare') {
        return (sql: string) => {
          statements.add(sql);
          return target.prepare(sql);
        };
      }
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { recorded, statements };
}

/** What a plan may go through: lists in parameters, what a statement has computed, and the few destinations. */
const MAY_SCAN =
  /^SCAN (?:CONSTANT ROW|\S+ VIRTUAL TABLE|\((?:subquery|join)|alias|named|person|names|known|place|delays|n\b|m\b|[jdv]$|destinations)/;

/** Its parameters: `?1` and the like, each once, or all that have no number. */
function parametersOf(sql: string): readonly string[] {
  const numbered = new Set(sql.match(/\?\d+/g));
  return numbered.size > 0 ? [...numbered] : (sql.match(/\?/g) ?? []);
}

it('reads what it looks for', async () => {
  const { pixel, destination } = await relayPixel();
  const { recorded, statements } = recording();
  const now = Date.now();
  const env = envWith([], { DB: recorded });
  const landing = eventOf(pixel, { ev: 'PageView', dl: 'https://site.example/?gclid=G1' });
  await ingest(env, [hitOf([landing, eventOf(pixel, { eid: 'A-1' })], browser({ cookie: COOKIE }))]);
  await ingest(env, [hitOf([eventOf(pixel, { consent: 'denied' })], browser({ refusedCookie: COOKIE }))]);
  const { id } = destination;
  await dueDestinations(recorded, now, 6);
  await readDue(recorded, id, now + 1000, 50);
  const key = { name: 'Purchase', event_id: 'A-1', tries: 0 };
  await claim(recorded, id, destination.updated_at, [key], now, now + 1);
  const mark = {
    ...key,
    from: 'waiting',
    state: 'delivered',
    due_at: 0,
    sent_at: 1,
    fields: null,
    answer: null,
  } as const;
  await markDeliveries(recorded, id, [mark]).run();
  await readPeople(recorded, pixel.id, ['someone']);
  await readLedger(recorded, id, ['refused'], 10, null);
  await summarizeLedger(recorded, id, 0);
  await deliveriesOfEvent(recorded, pixel.id, 'A-1', undefined);
  await relayOfPerson(recorded, pixel.id, ['someone']);
  expect(await updateDestination(recorded, destination, { state: 'off' }, now)).toBe('changed');
  const off = {
    ...destination,
    state: 'off',
    updated_at: Math.max(now, destination.updated_at + 1),
  } as const;
  expect(await updateDestination(recorded, off, { state: 'on' }, now + 1)).toBe('changed');
  expect(await deleteDestination(recorded, pixel.id, id)).toBe(true);

  const about = [...statements].filter((sql) => /\b(?:deliveries|clicks|withdrawals)\b/.test(sql));
  expect(about.length).toBeGreaterThan(20);
  const scans: string[] = [];
  for (const sql of about) {
    const { results } = await db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...parametersOf(sql).map(() => null))
      .all<{ detail: string }>();
    for (const { detail } of results) {
      if (detail.startsWith('SCAN') && !MAY_SCAN.test(detail)) scans.push(`${detail}: ${sql}`);
    }
  }
  expect(scans).toEqual([]);
});
