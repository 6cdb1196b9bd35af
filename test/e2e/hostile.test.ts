/**
 * The hostile hour: strangers, the holder of a shared link and the holder of another pixel's token do all that they are allowed
 * to, while honest visitors are counted and an honest dashboard is looked at. Half a minute by default. HOSTILE_MINUTES=60 is
 * the long form, which also compares times; HOSTILE_SEED repeats a run, HOSTILE_ONLY names tricks to try alone.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SPECK, type Started } from '../../bench/lib/contenders.ts';
import { heapAfterCollection } from '../../bench/lib/heap.ts';
import { ADMIN_TOKEN, type Database, ROOT } from './harness.ts';
import { Client, clock, medianOf, type Span } from './hostile/client.ts';
import { Recorder } from './hostile/held.ts';
import { DASHBOARD, Honest } from './hostile/honest.ts';
import { Random } from './hostile/random.ts';
import { type Phase, report, type Statements } from './hostile/report.ts';
import { ALWAYS_REFUSED, type Arms, TRICKS, type Trick } from './hostile/tricks.ts';
import { day, TIME_ZONE } from './noon.ts';

const LONG = process.env['HOSTILE_MINUTES'] !== undefined;
const SECONDS = LONG ? Number(process.env['HOSTILE_MINUTES']) * 60 : 30;
const SEED = Number(process.env['HOSTILE_SEED'] ?? (LONG ? Date.now() % 2 ** 32 : 1));
const ONLY = process.env['HOSTILE_ONLY']?.split(',');
/**
 * The parts of the time before and after the attack, to compare with. Times are compared with those after it: by then the
 * day is as large as the attack has made it.
 */
const BEFORE = 0.2;
const AFTER = 0.2;

/** The query that many ask at once, and that is computed once. */
const SHARED = 'the same thirty times at once';

/** Milliseconds that the isolate may be held. */
const HELD = 200;
/** Milliseconds that a statement may take: one that writes, and one that asks, by its price (docs/api.md). D1 ends either at 30,000. */
const WRITTEN = 1000;
const REQUESTS = 20_000;
/** Milliseconds that a request, which may come at any moment, waits for the isolate on average. */
const WAIT = 5;
/**
 * Honest requests whose answer waits for the database. The time of others (views, beacons, scripts) says little here, where the
 * database runs on the Worker's thread: what they wait for in production is the isolate.
 */
const STORED = ['honest server', ...DASHBOARD];

/** The owner's requests come from an address of its own: whoever guesses at another is refused there. */
const auth = { authorization: `Bearer ${ADMIN_TOKEN}`, 'cf-connecting-ip': '192.0.2.1' };
let speck: Started;
let db: Database;

beforeAll(async () => {
  speck = await SPECK.start({
    speckDir: `${ROOT}dist/modules`,
    answer: undefined,
    way: 'direct',
    inspected: true,
    before: readFileSync(`${ROOT}test/e2e/hostile/timed-worker.js`, 'utf8'),
  });
  db = await speck.runtime.database('DB');
});
afterAll(() => speck?.runtime.close());

it(
  'leaves honest counting and honest answers alone',
  async () => {
    const url = `http://127.0.0.1:${speck.runtime.port}`;
    const random = new Random(SEED);
    const peace = new Client(url);
    const war = new Client(url);
    const { arms, victim } = await arm(war, random);
    const honest = new Honest(random, victim, auth);

    await during(SECONDS * BEFORE, honest, peace, []);
    const tricks = ONLY ? TRICKS.filter(({ name }) => ONLY.includes(name)) : TRICKS;
    const hostile = await during(
      SECONDS * (1 - BEFORE - AFTER),
      honest,
      war,
      (['stranger', 'link', 'token'] as const).map(
        (who) => () =>
          next(
            tricks.filter((trick) => trick.who === who),
            arms,
            random,
          ),
      ),
    );
    await settled();
    peace.tallies.clear();
    const quiet = await during(SECONDS * AFTER, honest, peace, []);
    await settled();

    const stored = await viewsStored(victim);
    const views = new Map([...honest.pages].map(([page, { pageviews }]) => [page, pageviews]));
    const open = await honest.compare(peace, day(0));
    const orders = await ordersStored(victim);
    await readStatements(url);
    const rolledUpAfter = await runsUntilRolledUp(victim);
    const ofCron = await readStatements(url);
    const closed = await honest.compare(peace, day(0));
    const heap = await heapUsed(url);
    const failures = [...war.tallies, ...peace.tallies].flatMap(([name, { statuses }]) =>
      [...statuses].flatMap(([status, count]) =>
        status === 0 || status >= 500 ? [`${name}: ${status} × ${count}`] : [],
      ),
    );
    report({
      title: `seed ${SEED}, ${SECONDS} s`,
      quiet,
      hostile,
      peace,
      war,
      views: [...views.values()].reduce((sum, count) => sum + count, 0),
      orders: orders.length,
      rolledUpAfter,
      ofCron,
      heap,
      peak: peakMemory(speck.runtime.pid),
      growth: await growth(),
    });

    const answered = ALWAYS_REFUSED.filter((name) =>
      [...(war.tallies.get(name)?.statuses.keys() ?? [])].some((status) => status < 400),
    );
    const guesses = ['guessed tokens', 'guessed links'].reduce(
      (sum, name) => sum + (war.tallies.get(name)?.statuses.get(401) ?? 0),
      0,
    );

    const selectedTricks = tricks
      .filter(({ who, name }) => who === 'link' && name !== SHARED)
      .reduce((sum, { name }) => sum + (war.tallies.get(name)?.statuses.get(200) ?? 0), 0);
    // Minutes that have begun since the first query.
    const minutes = Math.floor((SECONDS * (1 - BEFORE - AFTER)) / 60) + 1;

    expect(failures).toEqual([]);
    expect(answered).toEqual([]);
    expect(guesses).toBeLessThanOrEqual(20 * minutes);
    expect(selectedTricks).toBeLessThanOrEqual(120 * minutes);
    expect(stored).toEqual(views);
    expect(open.reported).toEqual(open.expected);
    expect(closed.reported).toEqual(closed.expected);
    expect(honest.rejectedNames).toEqual([]);
    expect(orders).toEqual([...honest.orders].toSorted());
    expect(rolledUpAfter).toBeLessThanOrEqual(3);
    expect(heap).toBeLessThan(100 * 1024 * 1024);
    expect(await overBounds(victim)).toEqual([]);
    // Where other tests and a slow machine's garbage collector may be in the way, only what is far off counts.
    expect(hostile.recorded.worker[0]?.milliseconds ?? 0).toBeLessThan(LONG ? HELD : 2 * HELD);
    expect(tooLong(hostile.statements)).toEqual([]);
    if (LONG) {
      expect(hostile.recorded.wait).toBeLessThan(WAIT);
      for (const name of STORED) {
        const [before, now] = [medianOf(name, peace), medianOf(name, war)];
        expect(now, name).toBeLessThan(2 * before + 20);
      }
    }
  },
  (SECONDS + 300) * 1000,
);

function tooLong({ statements }: Statements): string[] {
  return statements.flatMap(([sql, milliseconds]) => {
    const most = /^(SELECT|WITH)\b/.test(sql) ? REQUESTS : WRITTEN;
    return milliseconds > most ? [`${milliseconds} ms: ${sql}`] : [];
  });
}

/** Two pixels: one to attack, with what an owner sets up, and one of the attackers' own, with a link and a token. */
async function arm(client: Client, random: Random): Promise<{ arms: Arms; victim: string }> {
  const make = async (path: string, body: unknown): Promise<Record<string, string>> => {
    const { status, text } = await client.send('set up', path, {
      method: 'POST',
      headers: { ...auth, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (status !== 201) throw new Error(`${path}: ${status} ${text}`);
    return JSON.parse(text) as Record<string, string>;
  };
  const site = { name: 'Shop', url: 'https://site.example', timezone: TIME_ZONE };
  const { id: victim = '' } = await make('/api/v1/pixels', {
    ...site,
    settings: {
      cookie: 'third_party',
      goals: [
        { name: 'Signed up', event: 'Signup' },
        { name: 'Bought', event: 'Purchase' },
      ],
      funnels: [
        { name: 'Buying', steps: ['Signed up', 'Bought'], within: 'visit' },
        { name: 'Returning', steps: ['Signed up', 'Bought'], within: { hours: 48 } },
      ],
    },
  });
  const { id: own = '' } = await make('/api/v1/pixels', { ...site, name: 'Attackers' });
  const { url: link = '' } = await make(`/api/v1/pixels/${victim}/links`, { name: 'shared' });
  const { token = '' } = await make('/api/v1/tokens', {
    name: 'theirs',
    scopes: ['pixels:write', 'events:write', 'stats:read'],
    pixel: own,
  });
  const session = await client.send('set up', '/api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ link: link.split('#')[1] }),
  });
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
  if (cookie === '') throw new Error(`no session by the link: ${session.status} ${session.text}`);
  return {
    victim,
    arms: {
      client,
      random,
      victim,
      own,
      link: { cookie, 'x-speck-session': 'link' },
      token: { authorization: `Bearer ${token}` },
    },
  };
}

/** Honest traffic for a while, with some attackers beside it. */
async function during(
  seconds: number,
  honest: Honest,
  client: Client,
  attackers: readonly (() => Promise<unknown>)[],
): Promise<Phase> {
  await readStatements(client.url);
  const recorder = await Recorder.start(speck.runtime.inspector, `${ROOT}dist/modules`);
  const end = Date.now() + seconds * 1000;
  const waited: Span[] = [];
  const repeat = async (pause: number, step: () => Promise<unknown>): Promise<void> => {
    while (Date.now() < end) {
      await step();
      await sleep(pause);
    }
  };
  const probe = async (): Promise<void> => {
    const from = clock();
    await (await fetch(`${client.url}/speck.js`)).arrayBuffer();
    waited.push({ from, to: clock() });
  };
  await Promise.all([
    repeat(40, probe),
    repeat(20, () => honest.view(client)),
    repeat(500, () => honest.buy(client)),
    repeat(200, () => honest.look(client)),
    ...attackers.map((attack) => repeat(20, attack)),
  ]);
  // Without a request the inspector has no answer.
  const recorded = recorder.stop();
  let isStopped = false;
  recorded.finally(() => {
    isStopped = true;
  });
  while (!isStopped) await Promise.all([honest.look(client), sleep(50)]);
  return { waited, recorded: await recorded, seconds, statements: await readStatements(client.url) };
}

async function readStatements(url: string): Promise<Statements> {
  return (await (await fetch(`${url}/statements`)).json()) as Statements;
}

/** Tricks in turn, in an order that differs from round to round. */
const rounds = new Map<string, Trick[]>();
function next(tricks: readonly Trick[], arms: Arms, random: Random): Promise<unknown> {
  const who = tricks[0]?.who ?? '';
  const left = rounds.get(who) ?? [];
  if (left.length === 0) left.push(...tricks.toSorted(() => random.next() - 0.5));
  rounds.set(who, left);
  return left.pop()?.run(arms) ?? sleep(100);
}

/** Waits until all that was answered is stored. */
async function settled(): Promise<void> {
  for (let before = -1; ; ) {
    const now = await rows('SELECT (SELECT count(*) FROM events) + (SELECT sum(count) FROM rejections) AS n');
    if (now === before) return;
    before = now;
    await sleep(1000);
  }
}

/** The page views that are stored of pages that are not the attackers'. */
async function viewsStored(pixel: string): Promise<Map<string, number>> {
  const { results } = await db
    .prepare(
      `SELECT page, count(*) AS n FROM events
       WHERE pixel = ? AND name = 'pageview' AND page NOT LIKE '/hostile/%' GROUP BY page`,
    )
    .bind(pixel)
    .all<{ page: string; n: number }>();
  return new Map(results.map(({ page, n }) => [page, n]));
}

async function ordersStored(pixel: string): Promise<[string, number][]> {
  const { results } = await db
    .prepare(
      "SELECT eid, value FROM events WHERE pixel = ? AND eid LIKE 'order-%' AND authenticated = 1 ORDER BY eid",
    )
    .bind(pixel)
    .all<{ eid: string; value: number }>();
  return results.map(({ eid, value }): [string, number] => [eid, value]).toSorted();
}

/** How many runs of the cron, five minutes apart from the next midnight on, it takes until today is rolled up. */
async function runsUntilRolledUp(pixel: string): Promise<number> {
  const midnight = await rows('SELECT max(ends_at) AS n FROM days WHERE pixel = ?', pixel);
  for (let run = 1; run <= 12; run++) {
    await speck.runtime.cron(new Date(midnight + run * 300_000));
    const waiting = await rows(
      'SELECT count(*) AS n FROM days WHERE pixel = ? AND (dirty > 0 OR rolled_at IS NULL)',
      pixel,
    );
    if (waiting === 0) return run;
  }
  return Number.POSITIVE_INFINITY;
}

/** Bytes of the isolate's heap once its garbage is collected. */
async function heapUsed(url: string): Promise<number> {
  const { inspector } = speck.runtime;
  if (!inspector) throw new Error('the runtime has no inspector');
  const { used, outside } = await heapAfterCollection(inspector, 'speck', async () =>
    (await fetch(`${url}/speck.js`)).text(),
  );
  return used + outside;
}

/** The most memory that the runtime's process had, the database's included, in bytes; null where the system does not tell. */
function peakMemory(pid: number | undefined): number | null {
  if (pid === undefined || process.platform !== 'linux') return null;
  const kilobytes = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

const TABLES = [
  'events',
  'rollups',
  'rejections',
  'person_links',
  'person_days',
  'sessions',
  'links',
  'days',
  'erasures',
];

async function growth(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of TABLES) counts[table] = await rows(`SELECT count(*) AS n FROM ${table}`);
  return counts;
}

/** What has grown past a bound that docs/operations.md states. */
async function overBounds(pixel: string): Promise<string[]> {
  const bounds: readonly [what: string, most: number, sql: string][] = [
    [
      'families of bots',
      51,
      "SELECT count(DISTINCT family) AS n FROM rejections WHERE pixel = ? AND reason = 'bot'",
    ],
    [
      'aliases of a person',
      100,
      'SELECT max(n) AS n FROM (SELECT count(*) AS n FROM person_links WHERE pixel = ? GROUP BY target)',
    ],
    [
      'currencies of a day',
      21,
      "SELECT count(DISTINCT currency) AS n FROM rollups WHERE pixel = ? AND currency <> ''",
    ],
  ];
  const over: string[] = [];
  for (const [what, most, sql] of bounds) {
    const count = await rows(sql, pixel);
    if (count > most) over.push(`${what}: ${count} of ${most}`);
  }
  return over;
}

async function rows(sql: string, ...values: unknown[]): Promise<number> {
  const { results } = await db
    .prepare(sql)
    .bind(...values)
    .all<{ n: number }>();
  return results[0]?.n ?? 0;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
