/** What guessing costs: tokens, links and sessions by form first, then by network, and never twice in the database. */
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { hashToken } from '../../src/api/hash.ts';
import { route } from '../../src/api/router.ts';
import type { Env } from '../../src/env.ts';
import { networkOf } from '../../src/model/attempts.ts';
import { newSecret, newToken, type Token } from '../../src/model/token.ts';
import { insertLink } from '../../src/store/links.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';

const ADMIN = testEnv.ADMIN_TOKEN ?? '';
let address = 0;
/** How many statements were prepared. */
let statements = 0;
const counting = <Database extends object>(database: Database): Database =>
  new Proxy(database, {
    get(target, property) {
      if (property === 'prepare') statements++;
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      if (property === 'withSession') return (...args: unknown[]) => counting(value.apply(target, args));
      return value.bind(target);
    },
  });
const counted: Env = { ...testEnv, DB: counting(db) };

beforeAll(applySchema);
beforeEach(() => {
  address++;
  statements = 0;
});

/** Each test has an address of its own. */
const here = (): string => `192.0.2.${address}`;
const bearer = (token: string, ip = here()) =>
  route(
    new Request('https://px.example/api/v1/session', {
      headers: { authorization: `Bearer ${token}`, 'cf-connecting-ip': ip },
    }),
    counted,
  );
const session = (secret: string, ip = here()) =>
  route(
    new Request('https://px.example/api/v1/session', {
      headers: {
        cookie: `__Host-speck=${secret}`,
        'x-speck-session': 'owner',
        'cf-connecting-ip': ip,
      },
    }),
    counted,
  );
const signIn = (body: object, ip = here()) =>
  route(
    new Request('https://px.example/api/v1/session', {
      method: 'POST',
      headers: { 'cf-connecting-ip': ip },
      body: JSON.stringify(body),
    }),
    counted,
  );
const times = async (count: number, one: (index: number) => Promise<Response>): Promise<number[]> => {
  const statuses: number[] = [];
  for (let index = 0; index < count; index++) statuses.push((await one(index)).status);
  return statuses;
};
const TWENTY = Array.from({ length: 20 }, () => 401);

async function madeToken(): Promise<string> {
  const token = newToken();
  const row: Token = { id: `tok_${address}`, name: 'A', scopes: ['stats:read'], pixel: null, created_at: 0 };
  await insertToken(db, row, await hashToken(token));
  return token;
}

describe('a network that guesses credentials', () => {
  it('is rejected before ADMIN_TOKEN is compared, both for tokens and sign-in', async () => {
    expect(await times(20, (index) => bearer(`guess ${index}`.replace(' ', '-')))).toEqual(TWENTY);
    expect((await bearer(ADMIN)).status).toBe(429);
    expect((await signIn({ token: ADMIN })).status).toBe(429);
    expect((await bearer(ADMIN)).headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await bearer(ADMIN, '198.51.100.1')).status).toBe(200);
  });

  it('may try again a minute later', async () => {
    const now = Date.now();
    vi.useFakeTimers({ now, toFake: ['Date'] });
    try {
      await times(20, () => bearer('guess'));
      vi.setSystemTime(now + 59_999);
      expect((await bearer(ADMIN)).status).toBe(429);
      vi.setSystemTime(now + 60_000);
      expect((await bearer(ADMIN)).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not lock out a recently valid token or session of the same network', async () => {
    const token = await madeToken();
    const signedIn = await signIn({ token });
    const secret = /=(\w+);/.exec(signedIn.headers.get('set-cookie') ?? '')?.[1] ?? '';
    expect((await session(secret)).status).toBe(200);
    await times(25, () => bearer('guess'));
    await times(25, () => session('guess'));
    expect((await bearer(token)).status).toBe(200);
    expect((await session(secret)).status).toBe(200);
    // Not for long after it was deleted.
    await db.prepare('DELETE FROM tokens').run();
    expect((await bearer(token)).status).toBe(401);
    expect((await bearer(token)).status).toBe(429);
    expect((await session(secret)).status).toBe(401);
    expect((await session(secret)).status).toBe(429);
  });

  it.each([
    ['tokens', (index: number, ip: string) => bearer(`g${index}`, ip)],
    ['sessions', (index: number, ip: string) => session(`g${index}`, ip)],
    ['links', (index: number, ip: string) => signIn({ link: `g${index}` }, ip)],
    ['tokens to sign in', (index: number, ip: string) => signIn({ token: `g${index}` }, ip)],
  ])('is an IPv6 /64 as one, for %s', async (_what, guess) => {
    const of = (index: number) => `2001:db8:${address}:1::${index.toString(16)}`;
    expect(await times(20, (index) => guess(index, of(index)))).toEqual(TWENTY);
    expect((await guess(20, of(20))).status).toBe(429);
    expect((await guess(20, `2001:db8:${address}:2::1`)).status).toBe(401);
  });
});

describe('the database is not queried', () => {
  it.each([
    ['a token', (text: string) => bearer(text.replaceAll(' ', '') || 'x')],
    ['a session', (text: string) => session(text)],
    ['a link', (text: string) => signIn({ link: text || 'x' })],
  ])('for a malformed %s', async (_what, guess) => {
    for (const text of [
      'x',
      'x'.repeat(39),
      'x'.repeat(41),
      '0'.repeat(40),
      `speck_${'l'.repeat(40)}`,
      'ü'.repeat(40),
    ]) {
      expect((await guess(encodeURI(text))).status).toBe(401);
    }
    expect(statements).toBe(0);
  });

  it.each([
    ['token', (secret: string) => bearer(`speck_${secret}`)],
    ['session', (secret: string) => session(secret)],
    ['link', (secret: string) => signIn({ link: secret })],
  ])('twice for the same wrong %s, nor for any after too many attempts', async (_what, guess) => {
    const secret = newSecret();
    expect((await guess(secret)).status).toBe(401);
    expect(statements).toBe(1);
    expect((await guess(secret)).status).toBe(401);
    expect(statements).toBe(1);
    await times(30, () => guess(newSecret()));
    // One secret is one guess, however often it is sent.
    expect(statements).toBe(1 + 19);
  });
});

describe('sessions of a shared link', () => {
  async function madeLink(): Promise<string> {
    const pixel = await makePixel('UTC');
    const secret = newSecret();
    const link = {
      id: 'lnk_1',
      pixel: pixel.id,
      name: 'A',
      password: null,
      expires_at: null,
      created_at: 0,
      token: null,
      public_id: null,
      embed_origins: [],
    };
    await insertLink(db, link, await hashToken(secret));
    return secret;
  }

  it('can be started sixty times a minute per network', async () => {
    const link = await madeLink();
    const statuses = await times(65, () => signIn({ link }));
    expect(statuses.filter((status) => status === 201)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(5);
    expect((await signIn({ link }, '198.51.100.2')).status).toBe(201);
  });

  it('are at most two hundred, and the oldest end first', async () => {
    const link = await madeLink();
    const from = (index: number) => `10.0.${address}.${index}`;
    const first = await signIn({ link }, from(0));
    const secret = /=(\w+);/.exec(first.headers.get('set-cookie') ?? '')?.[1] ?? '';
    await db.prepare('UPDATE sessions SET expires_at = expires_at - 1').run();
    expect(
      (await times(230, (index) => signIn({ link }, from(index % 250)))).every((status) => status === 201),
    ).toBe(true);
    const proof = await hashToken(link);
    const count = await db
      .prepare('SELECT count(*) AS n FROM sessions WHERE proof = ?')
      .bind(proof)
      .first('n');
    expect(count).toBe(200);
    expect(
      await db
        .prepare('SELECT 1 FROM sessions WHERE hash = ?')
        .bind(await hashToken(secret))
        .first(),
    ).toBe(null);
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:0001:0002::', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['2001:db8:0:0:1::', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['', ''],
])('the network of %j is %j', (clientAddress, network) => {
  expect(networkOf(clientAddress)).toBe(network);
});
