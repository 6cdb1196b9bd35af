/** How long a session lasts, and what ends it; how long a link shows something, and how attempts at it are counted. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../src/model/pixel.ts';
import {
  countGuess,
  deleteLink,
  findLink,
  findPublicLink,
  insertLink,
  listLinks,
  recordUse,
  resetGuesses,
  updateLink,
} from '../../src/store/links.ts';
import { deletePixel, insertPixel } from '../../src/store/pixels.ts';
import {
  deleteEndedSessions,
  deleteSession,
  findSession,
  insertSession,
  prolongSession,
  type Session,
} from '../../src/store/sessions.ts';
import { deleteToken, findToken, insertToken, listTokens } from '../../src/store/tokens.ts';
import { applySchema, db } from '../fixtures.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const BLANK_PIXEL = {
  name: 'Test',
  url: 'https://site.example',
  timezone: 'UTC',
  settings: DEFAULT_SETTINGS,
  created_at: 0,
};
const TOKEN = { id: 't1', name: 'A', scopes: ['stats:read'], pixel: 'px_1', created_at: NOW } as const;
const LINK = {
  id: 'l1',
  pixel: 'px_1',
  name: 'Board',
  password: null,
  expires_at: null,
  created_at: NOW,
  token: null,
  public_id: null,
  embed_origins: [],
};

beforeAll(async () => {
  await applySchema();
  for (const id of ['px_1', 'px_2']) await insertPixel(db, { ...BLANK_PIXEL, id });
});
beforeEach(async () => {
  for (const table of ['sessions', 'tokens', 'links']) await db.prepare(`DELETE FROM ${table}`).run();
});

const begin = (kind: Session['kind'], proof: string, now = NOW) =>
  insertSession(db, 's', { kind, proof, pixel: null }, now);

describe('a session', () => {
  it('lasts twelve hours, and is deleted by the next sweep', async () => {
    const end = await begin('admin', 'proof');
    expect(end).toBe(NOW + 12 * HOUR);
    expect(await findSession(db, 's', end - 1)).toEqual({
      kind: 'admin',
      proof: 'proof',
      created_at: NOW,
      expires_at: end,
      scopes: [],
      pixel: null,
      token: null,
      used_at: null,
    });
    expect(await findSession(db, 's', end)).toBe(null);
    const storedIds = async () => (await db.prepare('SELECT hash FROM sessions ORDER BY hash').raw()).flat();
    await deleteEndedSessions(db, end - 1, 10);
    expect(await storedIds()).toContain('s');
    await deleteEndedSessions(db, end, 10);
    expect(await storedIds()).not.toContain('s');
  });

  it('is prolonged by use, by at least an hour at a time, up to thirty days', async () => {
    await begin('admin', 'proof');
    const used = async (now: number) => {
      const session = await findSession(db, 's', now);
      const until = session && (await prolongSession(db, 's', session, now));
      expect((await findSession(db, 's', now))?.expires_at).toBe(until);
      return until;
    };
    expect(await used(NOW + HOUR - 1)).toBe(NOW + 12 * HOUR);
    expect(await used(NOW + HOUR)).toBe(NOW + HOUR + 12 * HOUR);
    let now = NOW;
    for (; now < NOW + 30 * 24 * HOUR - 6 * HOUR; now += 6 * HOUR) await used(now);
    expect(await used(now)).toBe(NOW + 30 * 24 * HOUR);
    expect(await findSession(db, 's', NOW + 30 * 24 * HOUR)).toBe(null);
  });

  it('has the scopes of its token, and ends with it', async () => {
    await insertToken(db, TOKEN, 'hash');
    await begin('token', 'hash');
    expect(await findSession(db, 's', NOW)).toMatchObject({ scopes: ['stats:read'], pixel: 'px_1' });
    await deleteToken(db, 't1');
    expect(await findSession(db, 's', NOW)).toBe(null);
  });

  it("of a link belongs to the link's pixel, and ends with the link", async () => {
    await insertLink(db, { ...LINK, expires_at: NOW + 1000 }, 'hash');
    await begin('link', 'hash');
    expect(await findSession(db, 's', NOW + 999)).toMatchObject({ kind: 'link', scopes: [], pixel: 'px_1' });
    expect(await findSession(db, 's', NOW + 1000)).toBe(null);
  });

  it.each([
    ['token', 'link'],
    ['link', 'token'],
  ] as const)('of a %s does not hold by a %s of the same hash', async (kind, other) => {
    if (other === 'token') await insertToken(db, TOKEN, 'hash');
    else await insertLink(db, LINK, 'hash');
    await begin(kind, 'hash');
    expect(await findSession(db, 's', NOW)).toBe(null);
  });

  it('ends by signing out, and other sessions stay', async () => {
    await begin('admin', 'proof');
    await insertSession(db, 'other', { kind: 'admin', proof: 'proof', pixel: null }, NOW);
    await deleteSession(db, 's');
    expect(await findSession(db, 's', NOW)).toBe(null);
    expect(await findSession(db, 'other', NOW)).not.toBe(null);
  });
});

describe('tokens', () => {
  it('are listed in the order of their creation, looked up by hash, and deleted once', async () => {
    const tokens = [
      { ...TOKEN, id: 'b', created_at: NOW },
      { ...TOKEN, id: 'a', created_at: NOW + 1, pixel: null },
      { ...TOKEN, id: 'a0', created_at: NOW },
    ];
    for (const token of tokens) await insertToken(db, token, `of ${token.id}`);
    expect((await listTokens(db)).map(({ id }) => id)).toEqual(['a0', 'b', 'a']);
    expect(await findToken(db, 'of a')).toEqual(tokens[1]);
    expect(await findToken(db, 'of c')).toBe(null);
    expect([await deleteToken(db, 'a'), await deleteToken(db, 'a')]).toEqual([true, false]);
    expect((await listTokens(db)).map(({ id }) => id)).toEqual(['a0', 'b']);
  });
});

describe('a token or link', () => {
  it('is not created for a deleted pixel', async () => {
    const pixel = 'px_gone';
    await insertPixel(db, { ...BLANK_PIXEL, id: pixel });
    expect(await insertLink(db, { ...LINK, pixel }, 'before')).toBe(true);
    expect(await insertToken(db, { ...TOKEN, pixel }, 'before')).toBe(true);
    await deletePixel(db, pixel);
    expect(await insertLink(db, { ...LINK, pixel }, 'after')).toBe(false);
    expect(await insertToken(db, { ...TOKEN, pixel }, 'after')).toBe(false);
    expect(await listLinks(db, pixel, NOW)).toEqual([]);
    expect(await listTokens(db)).toEqual([]);
  });

  it('is not created by a deleted token, since it would outlast the token', async () => {
    await insertToken(db, TOKEN, 'hash');
    const link = { ...LINK, token: TOKEN.id };
    expect(await insertLink(db, link, 'before')).toBe(true);
    await deleteToken(db, TOKEN.id);
    expect(await insertLink(db, link, 'after')).toBe(false);
    expect(await listLinks(db, 'px_1', NOW)).toEqual([]);
  });
});

describe('links', () => {
  it('are listed by pixel in the order of their creation, and valid until they expire', async () => {
    const links = [
      { ...LINK, id: 'b', password: 'hashed', expires_at: NOW + 1000 },
      { ...LINK, id: 'a', created_at: NOW + 1 },
      { ...LINK, id: 'a0' },
      { ...LINK, id: 'c', pixel: 'px_2' },
    ];
    for (const link of links) await insertLink(db, link, `of ${link.id}`);
    expect((await listLinks(db, 'px_1', NOW)).map(({ id }) => id)).toEqual(['a0', 'b', 'a']);
    expect(await findLink(db, 'of b', NOW + 999)).toEqual({ ...links[0], hash: 'of b', used_at: null });
    expect(await findLink(db, 'of b', NOW + 1000)).toBe(null);
    expect(await findLink(db, 'of a', NOW + 1e12)).toEqual({ ...links[1], hash: 'of a', used_at: null });
  });

  it('delete their own sessions, and no others', async () => {
    for (const id of ['a', 'b']) {
      await insertLink(db, { ...LINK, id }, `of ${id}`);
      await insertSession(db, `session of ${id}`, { kind: 'link', proof: `of ${id}`, pixel: 'px_1' }, NOW);
    }
    await begin('admin', 'of a');
    const left = async () => (await db.prepare('SELECT hash FROM sessions ORDER BY hash').raw()).flat();
    expect(await deleteLink(db, 'px_2', 'a')).toBe(false);
    expect(await left()).toEqual(['s', 'session of a', 'session of b']);
    expect(await deleteLink(db, 'px_1', 'a')).toBe(true);
    expect(await deleteLink(db, 'px_1', 'a')).toBe(false);
    expect(await left()).toEqual(['s', 'session of b']);
    expect((await listLinks(db, 'px_1', NOW)).map(({ id }) => id)).toEqual(['b']);
  });

  it('count attempts at their password, in a window that begins with the first', async () => {
    for (const id of ['a', 'b']) await insertLink(db, { ...LINK, id }, `of ${id}`);
    const tried = (now: number) => countGuess(db, 'of a', now, HOUR);
    expect(await tried(NOW)).toEqual({ guesses: 1, guess_until: NOW + HOUR });
    expect(await tried(NOW + HOUR - 1)).toEqual({ guesses: 2, guess_until: NOW + HOUR });
    expect(await countGuess(db, 'of b', NOW, HOUR)).toEqual({ guesses: 1, guess_until: NOW + HOUR });
    expect(await tried(NOW + HOUR)).toEqual({ guesses: 1, guess_until: NOW + 2 * HOUR });
    await tried(NOW + HOUR);
    await resetGuesses(db, 'of a');
    expect(await tried(NOW + HOUR + 1)).toEqual({ guesses: 1, guess_until: NOW + 2 * HOUR + 1 });
    expect(await countGuess(db, 'of b', NOW, HOUR)).toEqual({ guesses: 2, guess_until: NOW + HOUR });
  });

  const STAYS = { expires_at: undefined, public_id: undefined, embed_origins: undefined };

  it('are changed part by part, and a public page has the same id until it ends', async () => {
    await insertLink(db, { ...LINK, expires_at: NOW + 1000 }, 'hash');
    const change = (part: object) => updateLink(db, 'px_1', 'l1', { ...STAYS, ...part }, NOW);
    expect(await change({})).toMatchObject({ expires_at: NOW + 1000, public_id: null, embed_origins: [] });
    expect(await change({ public_id: 'p1' })).toMatchObject({ expires_at: NOW + 1000, public_id: 'p1' });
    expect(await change({ public_id: 'p2', embed_origins: ['https://a.example'] })).toMatchObject({
      public_id: 'p1',
      embed_origins: ['https://a.example'],
    });
    expect(await change({ expires_at: null })).toMatchObject({
      expires_at: null,
      public_id: 'p1',
      embed_origins: ['https://a.example'],
    });
    expect(await change({ public_id: null })).toMatchObject({ public_id: null });
    expect(await findPublicLink(db, 'p1', NOW)).toBe(null);
    expect(await change({ public_id: 'p3' })).toMatchObject({ public_id: 'p3' });
    expect(await updateLink(db, 'px_2', 'l1', STAYS, NOW)).toBe(null);
    expect(await updateLink(db, 'px_1', 'l2', STAYS, NOW)).toBe(null);
  });

  it('have no public page with a password, nor after they expire', async () => {
    await insertLink(db, { ...LINK, password: 'hashed' }, 'hash');
    await insertLink(db, { ...LINK, id: 'l2', public_id: 'p2', expires_at: NOW + 1 }, 'other');
    expect(await updateLink(db, 'px_1', 'l1', { ...STAYS, public_id: 'p1' }, NOW)).toBe(null);
    expect(await updateLink(db, 'px_1', 'l1', { ...STAYS, public_id: null }, NOW)).not.toBe(null);
    expect(await findPublicLink(db, 'p1', NOW)).toBe(null);
    expect(await findPublicLink(db, 'p2', NOW)).toMatchObject({ id: 'l2', hash: 'other' });
    expect(await findPublicLink(db, 'p2', NOW + 1)).toBe(null);
  });

  it('record a use at most once an hour, and count the sessions that have not expired', async () => {
    await insertLink(db, LINK, 'hash');
    await insertLink(db, { ...LINK, id: 'l2' }, 'other');
    const use = async (now: number) => {
      const link = await findLink(db, 'hash', now);
      if (link) await recordUse(db, link, now);
      return (await findLink(db, 'hash', now))?.used_at;
    };
    expect(await use(NOW)).toBe(NOW);
    expect(await use(NOW + HOUR - 1)).toBe(NOW);
    expect(await use(NOW + HOUR)).toBe(NOW + HOUR);
    // Another request that has read the link before.
    await recordUse(db, { hash: 'hash', used_at: NOW }, NOW + HOUR + 1);
    expect((await findLink(db, 'hash', NOW))?.used_at).toBe(NOW + HOUR);
    await insertSession(db, 's1', { kind: 'link', proof: 'hash', pixel: 'px_1' }, NOW);
    await insertSession(db, 's2', { kind: 'link', proof: 'hash', pixel: 'px_1' }, NOW + HOUR);
    const counts = async (now: number) =>
      (await listLinks(db, 'px_1', now)).map(({ used_at, sessions }) => [used_at, sessions]);
    expect(await counts(NOW)).toEqual([
      [NOW + HOUR, 2],
      [null, 0],
    ]);
    expect(await counts(NOW + 12 * HOUR)).toEqual([
      [NOW + HOUR, 1],
      [null, 0],
    ]);
  });
});
