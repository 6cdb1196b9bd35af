/** What changes of a pixel may cost, in requests of their own. */
import { exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Call } from '../../src/api/call.ts';
import { type Grant, loadPixel } from '../../src/api/grant.ts';
import { addLink } from '../../src/api/links.ts';
import { changePixel } from '../../src/api/pixels.ts';
import { problemResponse } from '../../src/api/problem.ts';
import type { Env } from '../../src/env.ts';
import { DIRTY } from '../../src/model/day-state.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { localDayOf } from '../../src/model/local-day.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import type { Token } from '../../src/model/token.ts';
import { listLinks } from '../../src/store/links.ts';
import { type PixelPatch, updatePixel } from '../../src/store/pixel-changes.ts';
import { deletePixel, getPixel } from '../../src/store/pixels.ts';
import { deleteToken, insertToken } from '../../src/store/tokens.ts';
import { applySchema, db, GOALS, makePixel, runJobs, store, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const worker = (exports as unknown as { readonly default: Fetcher }).default;

function change(pixel: string, body: unknown): Promise<Response> {
  return worker.fetch(`https://px.example.com/api/v1/pixels/${pixel}`, {
    method: 'PATCH',
    headers: { authorization: 'Bearer test-admin-token', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

it.each([{ timezone: 'Asia/Kolkata' }, { name: 'Later' }])(
  'changes only the fields in the request, whatever else changes at the same time: %j',
  async (requestedChanges) => {
    const pixel = await makePixel('UTC');
    // In the spelling in which they are stored: brackets in a query are encoded.
    const goals = GOALS.filter((goal) => !('page' in goal && goal.page?.includes('[')));
    let isFirst = true;
    const meanwhile = async () => {
      if (!isFirst) return;
      isFirst = false;
      await updatePixel(db, pixel.id, { url: 'https://other.example', settings: { retention_days: 7 } });
    };
    // Between what a change reads of the pixel and what it writes.
    const env = { ...testEnv, DB: changing(meanwhile) } as Env;
    const request = new Request(`https://px.example.com/api/v1/pixels/${pixel.id}`, {
      method: 'PATCH',
      body: JSON.stringify({ ...requestedChanges, settings: { gpc: 'drop', goals } }),
    });
    const answer = await changePixel(callOf(request, env, pixel.id));
    const expected = {
      ...requestedChanges,
      url: 'https://other.example',
      settings: { retention_days: 7, gpc: 'drop', goals, cookie: 'off', origins: [] },
    };
    expect(await answer.json()).toMatchObject(expected);
    expect(await getPixel(db, pixel.id)).toMatchObject(expected);
  },
);

const OWNER = { admin: true, scopes: ['pixels:write'], pixel: null } as unknown as Grant;

const callOf = (request: Request, env: Env, id: string): Call => ({
  request,
  env,
  grant: OWNER,
  id,
  part: '',
  query: undefined,
});

/** The database, in which something happens before the first transaction. */
function changing(before: () => Promise<void>): D1Database {
  return {
    prepare: (sql: string) => db.prepare(sql),
    batch: async (statements: D1PreparedStatement[]) => {
      await before();
      return db.batch(statements);
    },
  } as unknown as D1Database;
}

/** Changes a pixel in several ways at once: each has read the pixel before any of them is written. */
function changeAtOnce(pixel: string, bodies: readonly unknown[]): Promise<Response[]> {
  let reading = bodies.length;
  let allHaveRead = () => {};
  const gate = new Promise<void>((resolve) => {
    allHaveRead = resolve;
  });
  return Promise.all(
    bodies.map(async (body) => {
      const before = async () => {
        if (--reading === 0) allHaveRead();
        await gate;
      };
      const env = { ...testEnv, DB: changing(before) } as Env;
      const request = new Request(`https://px.example.com/api/v1/pixels/${pixel}`, {
        method: 'PATCH',
        body: JSON.stringify(body),
      });
      return changePixel(callOf(request, env, pixel)).catch((error) => problemResponse(error, db));
    }),
  );
}

const goal = (name: string) => ({ name, event: name });
const funnel = (...steps: string[]) => ({ name: steps.join(), steps, within: 'visit' as const });

/** Changes that fit a pixel with the goals A, B and C one by one, and not both. */
const RIVALS: readonly (readonly [what: string, one: object, other: object])[] = [
  [
    'a goal goes that a new funnel needs',
    { settings: { goals: [goal('A'), goal('C')] } },
    { settings: { funnels: [funnel('A', 'B')] } },
  ],
  [
    'the same, with a move to another time zone',
    { timezone: 'Asia/Kolkata', settings: { goals: [goal('A')] } },
    { settings: { funnels: [funnel('A', 'B')] } },
  ],
  [
    'the same, where the funnel comes with the move',
    { settings: { goals: [] } },
    { timezone: 'Asia/Kolkata', settings: { funnels: [funnel('C', 'B')] } },
  ],
  [
    'a goal gets another name',
    { settings: { goals: [goal('A'), goal('B2'), goal('C')] } },
    { settings: { funnels: [funnel('A', 'C'), funnel('C', 'B')] } },
  ],
];

it.each(RIVALS)(
  'leaves no funnel without its goals if two changes arrive at once: %s',
  async (_, ...both) => {
    const pixel = await makePixel('UTC', { goals: [goal('A'), goal('B'), goal('C')] });
    const answers = await changeAtOnce(pixel.id, both);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
    const { settings } = (await getPixel(db, pixel.id)) as Pixel;
    const names = settings.goals.map(({ name }) => name);
    for (const step of settings.funnels.flatMap(({ steps }) => steps)) expect(names).toContain(step);
  },
);

it('applies each of multiple concurrent changes that it confirms', async () => {
  const { id } = await makePixel('UTC');
  const changes: readonly Readonly<Record<string, unknown>>[] = [
    { name: 'Later' },
    { url: 'https://other.example' },
    { timezone: 'Asia/Kolkata' },
    { settings: { retention_days: 7 } },
    { settings: { goals: [goal('A'), goal('B')], funnels: [funnel('A', 'B')] } },
    { settings: { origins: ['site.example'] } },
    { settings: { gpc: 'drop' } },
    { settings: { cookie: 'first_party' } },
  ];
  const answers = await changeAtOnce(id, changes);
  const made = changes.filter((_, index) => answers[index]?.status === 200);
  expect(made.length).toBeGreaterThan(2);
  const now = await getPixel(db, id);
  for (const one of made) expect(now).toMatchObject(one);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expect(await answer.json()).toMatchObject({ status: 409, reason: 'conflict' });
    expect(answer.headers.get('retry-after')).toBe('1');
  }
});

it('moves a pixel to one of two time zones that are set at once, with its days', async () => {
  const pixel = await makePixel('UTC');
  const ts = Date.parse('2026-11-20T20:00:00Z');
  await store(pixel, [{ ts, id: 'a', name: 'pageview', visitor: 'ann' }]);
  const zones = ['Asia/Kolkata', 'America/Los_Angeles', 'Pacific/Kiritimati'];
  const answers = await changeAtOnce(
    pixel.id,
    zones.map((timezone) => ({ timezone })),
  );
  expect(answers.map(({ status }) => status)).toContain(200);
  const moved = (await getPixel(db, pixel.id)) as Pixel;
  expect(zones).toContain(moved.timezone);
  const { day, start, end } = localDayOf(moved.timezone, ts);
  const { results } = await db
    .prepare('SELECT day, starts_at, ends_at FROM days WHERE pixel = ?')
    .bind(pixel.id)
    .all();
  expect(results).toEqual([{ day, starts_at: start, ends_at: end }]);
});

it.each([
  ['after all others', '2026-11-25T10:00:00Z'],
  ['before all others', '2026-11-01T10:00:00Z'],
  ['on the next day', '2026-11-21T10:00:00Z'],
])('stores an event in the right day while the time zone changes: %s', async (_, time) => {
  const pixel = await makePixel('UTC');
  const at = (text: string, id: string) => ({ ts: Date.parse(text), id, name: 'pageview', visitor: 'ann' });
  await store(pixel, [at('2026-11-20T20:00:00Z', 'a')]);
  let looks = 0;
  // The first transaction looks at the days; between it and the second the event arrives.
  const meanwhile = async () => {
    if (++looks === 2) await store(pixel, [at(time, 'b')]);
  };
  const request = new Request(`https://px.example.com/api/v1/pixels/${pixel.id}`, {
    method: 'PATCH',
    body: JSON.stringify({ timezone: 'Asia/Kolkata' }),
  });
  const env = { ...testEnv, DB: changing(meanwhile) } as Env;
  expect((await changePixel(callOf(request, env, pixel.id))).status).toBe(200);
  const lost = await db
    .prepare(
      `SELECT count(*) AS n FROM events e WHERE pixel = ?1 AND NOT EXISTS (
         SELECT 1 FROM days d WHERE d.pixel = ?1 AND e.ts >= d.starts_at AND e.ts < d.ends_at)`,
    )
    .bind(pixel.id)
    .first('n');
  expect(lost).toBe(0);
});

it('limits changes of the time zone per hour, and does not count those without effect', async () => {
  const { id } = await makePixel('UTC');
  const other = await makePixel('UTC');
  const zone = (index: number) => ({ timezone: index % 2 === 0 ? 'Asia/Kolkata' : 'UTC' });
  for (let index = 0; index < LIMITS.zoneChanges; index++) {
    expect((await change(id, zone(index))).status).toBe(200);
    // The zone that it has, and other settings.
    expect((await change(id, zone(index))).status).toBe(200);
    expect((await change(id, { name: `Name ${index}` })).status).toBe(200);
  }
  const rejected = await change(id, zone(LIMITS.zoneChanges));
  expect(rejected.status).toBe(429);
  expect(Number(rejected.headers.get('retry-after'))).toBeGreaterThan(3000);
  expect(await rejected.json()).toMatchObject({ reason: 'too_many_requests' });
  expect((await change(other.id, zone(0))).status).toBe(200);
  vi.useFakeTimers({ now: Date.now() + 3_601_000, toFake: ['Date'] });
  try {
    expect((await change(id, zone(LIMITS.zoneChanges))).status).toBe(200);
  } finally {
    vi.useRealTimers();
  }
});

it.each([
  ['pixel', 404, 'not_found'],
  ['token', 409, 'conflict'],
])('creates no link if the %s is deleted at the same time', async (what, status, reason) => {
  const { id } = await makePixel('UTC');
  const token = {
    id: `tok_${id}`,
    name: 'A',
    scopes: ['pixels:write', 'stats:read'],
    pixel: id,
    created_at: 0,
  };
  await insertToken(db, token as unknown as Token, `hash of ${id}`);
  const meanwhile = async () => {
    if (what === 'pixel') await deletePixel(db, id);
    else await deleteToken(db, token.id);
  };
  const request = new Request(`https://px.example.com/api/v1/pixels/${id}/links`, {
    method: 'POST',
    body: JSON.stringify({ name: 'Board' }),
  });
  // Between the look at the pixel and the link.
  const prepare = (sql: string) =>
    sql.includes('INSERT INTO links') ? after(meanwhile, sql) : db.prepare(sql);
  const grant = { ...token, token: token.id, admin: false } as unknown as Grant;
  const env = { ...testEnv, DB: { prepare } } as unknown as Env;
  const pixel = await loadPixel(testEnv, grant, id);
  const made = addLink({ ...callOf(request, env, id), grant, pixel });
  const answer = await made.catch((error) => problemResponse(error, db));
  expect(await answer.json()).toMatchObject({ status, reason });
  expect(await listLinks(db, id, 0)).toEqual([]);
});

/** A statement before which something happens. */
function after(before: () => Promise<void>, sql: string) {
  return {
    bind: (...values: unknown[]) => ({
      run: async () => {
        await before();
        return db
          .prepare(sql)
          .bind(...values)
          .run();
      },
    }),
  };
}

it.each([
  [1, 200],
  [3650, 200],
  [0, 400],
  [3651, 400],
  [1.5, 400],
  ['90', 400],
  [null, 400],
])('stores a pixel with keep_days %j by the limits of that setting: %i', async (keep_days, status) => {
  const pixel = await makePixel('UTC');
  const answer = await change(pixel.id, { settings: { keep_days } });
  expect(answer.status).toBe(status);
  const problem = { errors: [{ path: 'settings.keep_days' }] };
  expect(await answer.json()).toMatchObject(status === 200 ? { settings: { keep_days } } : problem);
  const stored = status === 200 ? keep_days : 1095;
  expect((await getPixel(db, pixel.id))?.settings.keep_days).toBe(stored);
});

it('reads 1,095 keep_days of a pixel from before there was this setting', async () => {
  const { id } = await makePixel('UTC');
  await db
    .prepare(`UPDATE pixels SET settings = json_remove(settings, '$.keep_days') WHERE id = ?`)
    .bind(id)
    .run();
  expect(await getPixel(db, id)).toMatchObject({ settings: { keep_days: 1095 } });
});

interface PixelJson extends Pixel {
  readonly etag: string;
}

function read(id: string): Promise<Response> {
  return worker.fetch(`https://px.example.com/api/v1/pixels/${id}`, {
    headers: { authorization: 'Bearer test-admin-token' },
  });
}

function changeIf(id: string, etag: string, body: unknown): Promise<Response> {
  return worker.fetch(`https://px.example.com/api/v1/pixels/${id}`, {
    method: 'PATCH',
    headers: {
      authorization: 'Bearer test-admin-token',
      'content-type': 'application/json',
      'if-match': etag,
    },
    body: JSON.stringify(body),
  });
}

describe('If-Match', () => {
  it.each([
    ['the name', { name: 'Later' }],
    ['the URL', { url: 'https://other.example' }],
    ['the time zone', { timezone: 'Asia/Kolkata' }],
    ['a setting', { settings: { retention_days: 7 } }],
    ['the order of goals', { settings: { goals: [goal('B'), goal('A')] } }],
    ['a funnel', { settings: { funnels: [funnel('B', 'A')] } }],
  ])('rejects a change once %s has changed, and nothing is changed', async (_, meanwhile) => {
    const { id } = await makePixel('UTC', { goals: [goal('A'), goal('B')] });
    const response = await read(id);
    const { etag } = (await response.json()) as PixelJson;
    expect(response.headers.get('etag')).toBe(`"${etag}"`);
    const changed = (await (await change(id, meanwhile)).json()) as PixelJson;
    const rejected = await changeIf(id, `"${etag}"`, { settings: { goals: [goal('C')] } });
    expect(rejected.status).toBe(412);
    expect(await rejected.json()).toMatchObject({ reason: 'precondition_failed' });
    expect(((await (await read(id)).json()) as PixelJson).etag).toBe(changed.etag);
    // With the present one it is made.
    const made = await changeIf(id, `"${changed.etag}"`, {
      settings: { goals: [goal('C'), goal('A'), goal('B')] },
    });
    expect(made.status).toBe(200);
    expect((await getPixel(db, id))?.settings.goals.map(({ name }) => name)).toEqual(['C', 'A', 'B']);
  });

  it.each([(etag: string) => `W/"${etag}"`, (etag: string) => `"other", "${etag}"`, () => '*'])(
    'is taken as HTTP spells it: %s',
    async (spell) => {
      const { id } = await makePixel('UTC');
      const { etag } = (await (await read(id)).json()) as PixelJson;
      expect((await changeIf(id, spell(etag), { name: 'Later' })).status).toBe(200);
    },
  );

  it.each([{ name: 'One' }, { url: 'https://one.example' }, { settings: { gpc: 'drop' } }])(
    'lets one of two through that arrive at once, whatever they change: %j',
    async (body) => {
      const { id } = await makePixel('UTC');
      const { etag } = (await (await read(id)).json()) as PixelJson;
      let isFirst = true;
      const meanwhile = async () => {
        if (!isFirst) return;
        isFirst = false;
        await updatePixel(db, id, body as PixelPatch);
      };
      const request = new Request(`https://px.example.com/api/v1/pixels/${id}`, {
        method: 'PATCH',
        headers: { 'if-match': `"${etag}"` },
        body: JSON.stringify({ name: 'Two' }),
      });
      const call = callOf(request, { ...testEnv, DB: changing(meanwhile) } as Env, id);
      await expect(changePixel(call)).rejects.toMatchObject({ reason: 'precondition_failed' });
      expect(await getPixel(db, id)).toMatchObject(body);
    },
  );
});

describe('goals', () => {
  const dirtyOf = (id: string) =>
    db.prepare('SELECT dirty FROM days WHERE pixel = ?').bind(id).first('dirty');

  async function rolledUp(): Promise<string> {
    const pixel = await makePixel('UTC', {
      goals: [goal('A'), goal('B')],
      funnels: [funnel('A', 'B')],
    });
    await store(pixel, [{ ts: Date.now() - 3 * 86_400_000, id: 'a', name: 'A', visitor: 'ann' }]);
    await runJobs(Date.now());
    expect(await dirtyOf(pixel.id)).toBe(DIRTY.clean);
    return pixel.id;
  }

  it('are renamed with the funnels that use them, in one request or not at all', async () => {
    const id = await rolledUp();
    const goals = [{ name: 'A2', event: 'A' }, goal('B')];
    expect((await change(id, { settings: { goals } })).status).toBe(400);
    const funnels = [{ ...funnel('A', 'B'), steps: ['A2', 'B'] }];
    expect((await change(id, { settings: { goals, funnels } })).status).toBe(200);
    expect((await getPixel(db, id))?.settings).toMatchObject({ goals, funnels });
    expect(await dirtyOf(id)).toBe(DIRTY.goalsChanged);
  });

  it('are put into another order without rolling days up again', async () => {
    const id = await rolledUp();
    expect((await change(id, { settings: { goals: [goal('B'), goal('A')] } })).status).toBe(200);
    expect((await getPixel(db, id))?.settings.goals).toEqual([goal('B'), goal('A')]);
    expect(await dirtyOf(id)).toBe(DIRTY.clean);
  });
});
