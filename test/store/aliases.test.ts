/**
 * Which aliases become one person, whatever comes in whatever order, and by whose word; held to a plain account of the rules.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PlacedEvent } from '../../src/model/batch.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { STRENGTHS } from '../../src/model/person.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { randomBase58 } from '../../src/model/random.ts';
import { erasureOrder, linkStatements, membersOf, rootOf } from '../../src/store/aliases.ts';
import { writeBatch } from '../../src/store/events.ts';
import { aliasesOf, applySchema, db, makePixel, place } from '../fixtures.ts';
import { runs } from '../runs.ts';

beforeAll(applySchema);

const AT = Date.parse('2026-11-24T10:00:00Z');
const ALIASES = [...STRENGTHS].flatMap((kind) => [`${kind}1`, `${kind}2`, `${kind}3`]);
const isCookie = (alias: string) => alias.startsWith('c');
const weakness = (alias: string) => STRENGTHS.indexOf(alias[0] ?? '');

/** Who says an event's aliases: anyone; anyone, with a user id that the owner's server has signed; a token. */
type Word = 'claimed' | 'signed' | 'token';
interface Said {
  /** The aliases of an event, at most one of a kind, the strongest first. */
  readonly aliases: readonly string[];
  readonly word: Word;
}
const claimed = (...aliases: string[]): Said => ({ aliases, word: 'claimed' });
const signed = (...aliases: string[]): Said => ({ aliases, word: 'signed' });
const byToken = (...aliases: string[]): Said => ({ aliases, word: 'token' });

const linkedAliases = fc
  .uniqueArray(fc.constantFrom(...ALIASES), { minLength: 1, maxLength: 4, selector: ([kind]) => kind })
  .map((aliases) => aliases.toSorted((a, b) => weakness(a) - weakness(b)));
const said = (...words: Word[]): fc.Arbitrary<Said> =>
  fc
    .record({ aliases: linkedAliases, word: fc.constantFrom(...words) })
    .map((one) =>
      one.word === 'signed' && !one.aliases[0]?.startsWith('u') ? { ...one, word: 'claimed' } : one,
    );

function eventOf(pixel: Pixel, { aliases: [person = '', ...aliases], word }: Said): PlacedEvent {
  const authenticated = word === 'token' ? 1 : 0;
  const event = { ts: AT, id: randomBase58(12), name: 'pageview', visitor: '', person, authenticated };
  return { ...place(pixel, event), aliases, isSigned: word === 'signed' };
}

const write = (pixel: Pixel, events: readonly Said[]) =>
  writeBatch(
    db,
    { id: randomBase58(8), events: events.map((one) => eventOf(pixel, one)), rejections: [] },
    AT,
    false,
  );

async function roots(pixel: Pixel, proof: 0 | 1 = 0): Promise<Record<string, string>> {
  const { results } = await db
    .prepare(`SELECT value AS alias, ${rootOf('value', '?1', String(proof))} AS root FROM json_each(?2)`)
    .bind(pixel.id, JSON.stringify(ALIASES))
    .all<{ alias: string; root: string }>();
  return Object.fromEntries(results.map(({ alias, root }) => [alias, root]));
}

/** Groups of aliases, to which events come one by one: those of all links, or of those that are confirmed. */
function plainly(events: readonly Said[], least: 0 | 1 = 0): Record<string, string> {
  const links: Record<string, { readonly target: string; readonly proof: number }> = {};
  const root = (alias: string, proof: number): string => {
    const link = links[alias];
    return link && link.proof >= proof ? root(link.target, proof) : alias;
  };
  for (const {
    aliases: [person = '', ...others],
    word,
  } of events) {
    // A cookie goes to whoever the person was before the event.
    for (const alias of [...others.filter(isCookie), ...others.filter((one) => !isCookie(one))]) {
      const proof = word === 'token' || (word === 'signed' && isCookie(alias)) ? 1 : 0;
      const [strong = '', weak = ''] = [
        isCookie(alias) ? alias : root(alias, proof),
        root(person, proof),
      ].toSorted((a, b) => weakness(a) - weakness(b));
      const isThere = (links[weak]?.proof ?? -1) >= proof;
      if (weakness(strong) < weakness(weak) && !isThere) links[weak] = { target: strong, proof };
    }
  }
  return Object.fromEntries(ALIASES.map((alias) => [alias, root(alias, least)]));
}

describe('links', () => {
  it('merge aliases into one person, event by event', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(said('claimed', 'claimed', 'signed', 'token'), { maxLength: 12 }),
        async (events) => {
          const pixel = await makePixel('UTC');
          for (const event of events) await write(pixel, [event]);
          expect(await roots(pixel)).toEqual(plainly(events));
          expect(await roots(pixel, 1)).toEqual(plainly(events, 1));
        },
      ),
      {
        numRuns: runs(25, 60),
        examples: [
          // The last event makes one person of x2 and u1, and by that of x3.
          [[claimed('x3', 'p2', 'c1'), claimed('u1', 'e3'), claimed('x2', 'e3', 'p2')]],
          // A stranger comes first, with somebody else's address and telephone.
          [[claimed('u1', 'e2', 'p2'), claimed('x2', 'e2'), byToken('u2', 'e2'), signed('u2', 'p2', 'c2')]],
          // What is confirmed of an alias is more than what leads to it.
          [[claimed('e1', 'c1'), byToken('x1', 'e1'), claimed('u1', 'x1'), byToken('u2', 'x1')]],
        ],
      },
    );
  });

  it('from the owner’s server are the same, whatever others claim', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(said('claimed', 'signed', 'token'), { maxLength: 12 }), async (events) => {
        const [pixel, quiet] = [await makePixel('UTC'), await makePixel('UTC')];
        for (const event of events) await write(pixel, [event]);
        for (const event of events) if (event.word !== 'claimed') await write(quiet, [event]);
        expect(await roots(pixel, 1)).toEqual(await roots(quiet, 1));
        for (const alias of ALIASES) {
          const personAliases = await aliasesOf(pixel.id, alias, 'confirmed');
          expect(personAliases).toContain(alias);
          expect(personAliases.toSorted()).toEqual(
            (await aliasesOf(quiet.id, alias, 'confirmed')).toSorted(),
          );
        }
      }),
      { numRuns: runs(15, 40) },
    );
  });

  it('never merge two user ids and never form a cycle, however many events arrive at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(said('claimed', 'claimed', 'signed', 'token'), { maxLength: 6 }), { maxLength: 4 }),
        async (batches) => {
          const pixel = await makePixel('UTC');
          for (const events of batches) await write(pixel, events);
          const before = await roots(pixel);
          const { results } = await db
            .prepare('SELECT alias, target FROM person_links WHERE pixel = ?')
            .bind(pixel.id)
            .all<{ alias: string; target: string }>();
          for (const { alias, target } of results) expect(weakness(target)).toBeLessThan(weakness(alias));
          expect(new Set(['u1', 'u2', 'u3'].map((alias) => before[alias])).size).toBe(3);
          const all = Object.values(before).filter((root, index, list) => list.indexOf(root) === index);
          for (const root of all) {
            const members = ALIASES.filter((alias) => before[alias] === root);
            expect((await aliasesOf(pixel.id, members[0] ?? '')).toSorted()).toEqual(members.toSorted());
          }
        },
      ),
      { numRuns: runs(15, 40) },
    );
  });

  it('of one batch that share an alias are all stored', async () => {
    const pixel = await makePixel('UTC');
    await write(pixel, [claimed('e1', 'p1'), claimed('u1', 'p1'), claimed('x1', 'c1'), claimed('u2', 'x1')]);
    expect(await roots(pixel)).toMatchObject({ e1: 'u1', p1: 'u1', c1: 'u2', x1: 'u2' });
  });

  it.each([
    ['an e-mail address beside a signed user id', signed('u1', 'e1')],
    ['an external id and a telephone beside a signed user id', signed('u1', 'x1', 'p1')],
    ['a cookie beside a user id that is not signed', claimed('u1', 'c1')],
    ['a cookie beside an e-mail address', claimed('e1', 'c1')],
  ])('are not confirmed by %s', async (_, event) => {
    const pixel = await makePixel('UTC');
    await write(pixel, [event]);
    for (const alias of event.aliases) {
      expect(await aliasesOf(pixel.id, alias, 'confirmed')).toEqual([alias]);
      expect(await aliasesOf(pixel.id, alias)).toHaveLength(event.aliases.length);
    }
  });

  it('that were claimed first are replaced by confirmed ones, and keep nothing of the person', async () => {
    const pixel = await makePixel('UTC');
    await write(pixel, [claimed('umallory', 'eann', 'pann')]);
    await write(pixel, [claimed('uann', 'eann')]);
    expect(await aliasesOf(pixel.id, 'umallory', 'confirmed')).toEqual(['umallory']);
    await write(pixel, [byToken('uann', 'eann', 'pann'), signed('uann', 'cann')]);
    for (const proof of ['confirmed', 'claimed'] as const) {
      expect(await aliasesOf(pixel.id, 'uann', proof)).toEqual(
        expect.arrayContaining(['uann', 'cann', 'eann', 'pann']),
      );
      expect(await aliasesOf(pixel.id, 'umallory', proof)).toEqual(['umallory']);
    }
    // Claims after it change nothing.
    await write(pixel, [claimed('umallory', 'eann', 'cann')]);
    expect(await aliasesOf(pixel.id, 'umallory')).toEqual(['umallory']);
  });
});

describe('the aliases of a person', () => {
  const countOf = async (pixel: Pixel) =>
    Number(
      await db.prepare('SELECT count(*) AS n FROM person_links WHERE pixel = ?').bind(pixel.id).first('n'),
    );
  /** Beacons, each of a hundred events. */
  async function bomb(pixel: Pixel, beacons: number, of: (n: number) => Said): Promise<void> {
    for (let beacon = 0; beacon < beacons; beacon++) {
      await write(
        pixel,
        Array.from({ length: 100 }, (_, index) => of(beacon * 100 + index)),
      );
    }
  }

  it.each([
    ['of one kind', (n: number) => claimed('u1', `e${n}`)],
    ['of all kinds', (n: number) => claimed('u1', `x${n}`, `e${n}`, `p${n}`, `c${n}`)],
    ['of one kind, by a token', (n: number) => byToken('u1', `e${n}`)],
    // Many small people, and then one of all.
    [
      'through other aliases',
      (n: number) => (n < 500 ? claimed(`x${n % 20}`, `e${n}`) : claimed('u1', `x${n % 20}`)),
    ],
    [
      'through other aliases of all kinds',
      (n: number) =>
        n < 300
          ? claimed(`e${n % 60}`, `p${n}`)
          : n < 600
            ? claimed(`x${n % 6}`, `e${n % 60}`)
            : claimed('u1', `x${n % 6}`),
    ],
  ])('are limited to a hundred: %s', async (_, of) => {
    const pixel = await makePixel('UTC');
    await bomb(pixel, 8, of);
    const personMembers = await membersOf(db, pixel.id, 'u1', 'claimed', 10_000);
    expect(personMembers.length).toBeGreaterThan(1);
    expect(personMembers.length).toBeLessThanOrEqual(LIMITS.aliases);
    // They are people of their own then, as their events say.
    expect(await countOf(pixel)).toBeLessThan(900);
  });

  it('that were claimed make room for confirmed ones', async () => {
    const pixel = await makePixel('UTC');
    await bomb(pixel, 3, (n) => claimed('u1', `x${n}`, `e${n}`, `p${n}`));
    await write(pixel, [byToken('u1', 'emine', 'pmine'), signed('u1', 'cmine')]);
    expect((await aliasesOf(pixel.id, 'u1', 'confirmed')).toSorted()).toEqual([
      'cmine',
      'emine',
      'pmine',
      'u1',
    ]);
  });

  it('cost few rows read, both for existing aliases and at the limit', async () => {
    const pixel = await makePixel('UTC');
    await bomb(pixel, 2, (n) => claimed('u1', `c${n}`));
    const costOf = async (of: (n: number) => Said) => {
      const events = Array.from({ length: 100 }, (_, n) => eventOf(pixel, of(n)));
      const metas = (await db.batch(linkStatements(db, events))).map(({ meta }) => meta);
      expect(metas.reduce((sum, { rows_written }) => sum + rows_written, 0)).toBe(0);
      return metas.reduce((sum, { rows_read }) => sum + rows_read, 0);
    };
    expect(await costOf(() => claimed('u1', 'c1'))).toBeLessThan(20);
    // A few rows a pair, and the hundred aliases once, each by index and table.
    expect(await costOf((n) => claimed('u1', `x${n}`, `e${n}`, `p${n}`))).toBeLessThan(300 * 6 + 250);
  });

  it('are erased in an order that keeps the remaining ones reachable, wherever it stops', () => {
    const tree = fc.array(fc.nat(30), { minLength: 1, maxLength: 30 }).map((parents) => {
      // Each alias is linked to one that was there before it.
      const targets = parents.map((parent, index) => (index === 0 ? null : `a${parent % index}`));
      const inOrder = (target: string | null): { alias: string; target: string | null }[] =>
        targets.flatMap((one, index) =>
          one === target ? [{ alias: `a${index}`, target }, ...inOrder(`a${index}`)] : [],
        );
      return inOrder(null);
    });
    fc.assert(
      fc.property(tree, fc.nat(30), fc.integer({ min: 1, max: 31 }), (personMembers, seedIndex, most) => {
        const alias = personMembers[seedIndex % personMembers.length]?.alias ?? '';
        const isComplete = personMembers.length <= most;
        const order = erasureOrder(personMembers.slice(0, most), alias, isComplete);
        if (isComplete) expect(order.toSorted()).toEqual(personMembers.map((one) => one.alias).toSorted());
        const gone = new Set<string>();
        for (const one of order) {
          for (const member of personMembers) if (member.target === one) expect(gone).toContain(member.alias);
          gone.add(one);
        }
        // The named one goes last but for those that it leads to.
        if (!isComplete) expect(order).not.toContain(alias);
      }),
    );
  });
});

describe('the links of a batch', () => {
  it.each([
    ['one e-mail address of many users', (n: number) => claimed(`u${n}`, 'e1')],
    ['one phone of many users, each with an id', (n: number) => claimed(`u${n}`, `x${n}`, 'p1')],
    ['some e-mail addresses of one external id', (n: number) => claimed('x1', `e${n % 90}`)],
    ['one cookie of many e-mail addresses', (n: number) => claimed(`e${n}`, 'c1')],
    [
      'all aliases of all people',
      (n: number) => claimed(`u${n % 7}`, `x${n % 5}`, `e${n % 3}`, `p${n % 11}`, 'c1'),
    ],
  ])('are stored by few statements, and the remaining ones with the next event: %s', async (_, of) => {
    const pixel = await makePixel('UTC');
    const events = Array.from({ length: 1000 }, (_, index) => of(index));
    expect(
      linkStatements(
        db,
        events.map((one) => eventOf(pixel, one)),
      ).length,
    ).toBeLessThanOrEqual(LIMITS.linkStatements);
    await write(pixel, events);
    const last = events.at(-1) ?? claimed();
    await write(pixel, [last]);
    for (const alias of last.aliases.slice(1)) {
      const existingLink = await db
        .prepare('SELECT 1 FROM person_links WHERE pixel = ?1 AND ?2 IN (alias, target)')
        .bind(pixel.id, alias)
        .first();
      expect(existingLink, alias).not.toBe(null);
    }
  });
});
