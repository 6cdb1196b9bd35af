/** Conversions in dead letters: they go with their people, with a withdrawal, and with time. Goals of rules mean what they mean in queries. */
import fc from 'fast-check';
import { beforeAll, expect, it, vi } from 'vitest';
import { checkDeadLetters, messageOf } from '../../src/enrich/dead-letters.ts';
import { reaches } from '../../src/enrich/goals.ts';
import { deliver, ingest } from '../../src/enrich/ingest.ts';
import type { ParcelMessage } from '../../src/model/batch.ts';
import { LONGEST_WAIT } from '../../src/model/delivery.ts';
import type { Goal } from '../../src/model/goal.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { GOALS as GOALS_SQL, goalParameter, reaches as reachesSql } from '../../src/sql/goals.ts';
import { readDeadLetters, storeDeadLetters } from '../../src/store/dead-letters.ts';
import { erase } from '../../src/store/people.ts';
import { openMessage } from '../../src/store/queue.ts';
import { applySchema, db, GOALS } from '../fixtures.ts';
import { runs } from '../runs.ts';
import { browser, deliveriesOf, envWith, eventOf, hitOf, relayPixel, SECRETS, send } from './relay.ts';

beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});

/** A purchase that waits in a dead letter, and the person's alias. */
async function bury(): Promise<{ pixel: Pixel; person: string; id: string }> {
  const { pixel } = await relayPixel();
  // Another event first, so that the pixel, its key and the salt are known.
  await send([eventOf(pixel, { ev: 'First', dl: 'https://site.example/' })]);
  const person = await db
    .prepare('SELECT person FROM events WHERE pixel = ?')
    .bind(pixel.id)
    .first<string>('person');
  const fails = () => Promise.reject(new Error('D1_ERROR: overloaded'));
  const broken = { prepare: db.prepare.bind(db), batch: fails } as unknown as D1Database;
  const messages: ParcelMessage[] = [];
  await ingest(envWith(messages as never, { DB: broken }), [hitOf([eventOf(pixel)])]);
  const [message] = messages;
  if (message?.kind !== 'sealed') throw new Error('nothing was spilled');
  const id = `letter of ${pixel.id}`;
  await storeDeadLetters(db, [{ id, body: message.sealed, received_at: Date.now() }]);
  return { pixel, person: person ?? '', id };
}

async function replay(letter: string): Promise<void> {
  const stored = (await readDeadLetters(db, '', 100)).find(({ id }) => id === letter);
  if (stored) await deliver(envWith(), messageOf(stored.body), Date.now());
}

it('is sent after a replay', async () => {
  const { pixel, id } = await bury();
  await checkDeadLetters(envWith(), 1);
  await replay(id);
  expect(await deliveriesOf(pixel)).toMatchObject([{ state: 'waiting' }]);
});

it('is not sent if the person has been erased, or has withdrawn', async () => {
  const erased = await bury();
  await erase(db, [{ pixel: erased.pixel.id, aliases: [erased.person], visitor: null }], Date.now());
  await replay(erased.id);
  expect(await deliveriesOf(erased.pixel)).toEqual([]);
  await checkDeadLetters(envWith(), 3);
  expect((await readDeadLetters(db, '', 100)).map(({ id }) => id)).not.toContain(erased.id);
  const withdrawn = await bury();
  await send(
    [eventOf(withdrawn.pixel, { ev: '', consent: 'denied' })],
    browser({ cookie: '', refusedCookie: browser().cookie }),
  );
  await replay(withdrawn.id);
  expect(await deliveriesOf(withdrawn.pixel)).toEqual([]);
});

it('is not kept in a letter for longer than it could be sent, while the event is', async () => {
  const { id } = await bury();
  const old = LONGEST_WAIT + 3_600_000;
  // It was checked on its arrival, after all erasures.
  const now = Date.now();
  await db.prepare('UPDATE dead_letters SET checked_at = ?').bind(now).run();
  expect(await checkDeadLetters(envWith(), 3)).toEqual({ more: false });
  vi.setSystemTime(now + old);
  await checkDeadLetters(envWith(), 3);
  vi.useRealTimers();
  const letter = (await readDeadLetters(db, '', 100)).find((one) => one.id === id);
  const parcel = await openMessage(SECRETS, undefined, messageOf(letter?.body ?? ''));
  expect(parcel).toMatchObject({ kind: 'batch', batch: { events: [{ event: { name: 'Purchase' } }] } });
  expect(JSON.stringify(parcel)).not.toContain('192.0.2.7');
});

it('a single event reaches the goals that queries say it reaches', async () => {
  const goals = GOALS as readonly Goal[];
  const sql = `WITH ${GOALS_SQL.replace(':goals', '?1')},
    e AS (SELECT value ->> 0 AS name, value ->> 1 AS page, value ->> 2 AS props, value ->> 0 <> 'engagement' AS counted,
      value ->> 0 = 'pageview' AS pageview FROM json_each(?2))
    SELECT e.name, e.page, e.props, json_group_array(goal.name) FILTER (WHERE ${reachesSql('e', 'goal')}) AS goals
    FROM e CROSS JOIN goal GROUP BY e.name, e.page, e.props`;
  const event = fc.tuple(
    fc.constantFrom('pageview', 'engagement', 'Signup', 'Purchase', 'Other'),
    fc.constantFrom('/', '/blog/', '/blog/one', '/Blog/one', '/a?b[c]', '/a?b[c]/more', '/axbc', '', '/blog'),
    fc.constantFrom(
      '',
      '{"plan":"pro"}',
      '{"plan":"Pro"}',
      '{"Größe in cm":"Übergröße"}',
      '{"__proto__":"pro","plan":""}',
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 30 }), async (events) => {
      const { results } = await db
        .prepare(sql)
        .bind(goalParameter(goals), JSON.stringify(events))
        .all<{ name: string; page: string; props: string; goals: string }>();
      expect(results.length).toBeGreaterThan(0);
      for (const { goals: reached, ...one } of results) {
        const ours = goals.filter((goal) => reaches(one, goal)).map(({ name }) => name);
        expect(new Set(ours)).toEqual(new Set(JSON.parse(reached) as string[]));
      }
    }),
    { numRuns: runs(10, 100) },
  );
});
