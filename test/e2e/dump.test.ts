/**
 * What a copy of the database gives to whoever has all addresses of a /16, the true user agents, and lists of user ids and
 * e-mail addresses: nobody, whatever in it is tried as a key. With SECRET_KEY at hand, all of them: so the search is right.
 * The keys are opened here by Node's own crypto library, by what the documentation says.
 */
import { createDecipheriv, createHash, createHmac, hash as digest, hkdfSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { SECRET_KEY, type Speck, startSpeck } from './harness.ts';

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
];
/** Of the /16 that is set aside for benchmarks. */
const ADDRESSES = Array.from({ length: 65_536 }, (_, index) => `198.18.${index >> 8}.${index & 255}`);
const VISITORS = 200;
const UIDS = Array.from({ length: 2000 }, (_, index) => `customer-${index}`);
const MAILS = Array.from({ length: 2000 }, (_, index) => sha256(`person${index}@mail.example`));

/** What differs between these visitors by their user agents alone. */
const NAMED_BY_AGENT = ['device', 'browser', 'browser_version', 'os', 'os_version'];

type Row = Readonly<Record<string, unknown>>;

let speck: Speck;
let pixel: string;
/** Each table's rows. */
let dump: ReadonlyMap<string, readonly Row[]>;
/** The columns of the day, once it is over. */
let segments: readonly Row[];

beforeAll(async () => {
  speck = await startSpeck();
  pixel = await speck.addPixel();
  for (let start = 0; start < VISITORS; start += 20) {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const n = start + index;
        const fields = { id: pixel, dl: 'https://site.example/', ...identityOf(n) };
        return fetch(`${speck.url}/p.gif?${new URLSearchParams(fields)}`, {
          headers: {
            'cf-connecting-ip': ADDRESSES[(n * 327) % ADDRESSES.length] as string,
            'user-agent': AGENTS[n % AGENTS.length] as string,
          },
        });
      }),
    );
  }
  await eventually(async () => {
    const { results } = await speck.db.prepare('SELECT count(*) AS n FROM events').all<{ n: number }>();
    return (results[0]?.n ?? 0) >= VISITORS;
  }, 'all events');
  await speck.cron();
  dump = await read();
  await speck.cron(new Date(Date.now() + 40 * 3_600_000));
  segments = (await speck.db.prepare('SELECT * FROM segments').all<Row>()).results;
});
afterAll(() => speck.close());

/** Every fourth visitor is signed in, every fourth known by its e-mail address. */
function identityOf(n: number): Record<string, string> {
  if (n % 4 === 0) return { uid: UIDS[n * 7] as string };
  return n % 4 === 1 ? { 'ud[em]': MAILS[n * 7] as string } : {};
}

async function read(): Promise<ReadonlyMap<string, readonly Row[]>> {
  const { results } = await speck.db
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'`)
    .all<{ name: string }>();
  const tables = await Promise.all(
    results.map(async ({ name }) => {
      const rows = await speck.db.prepare(`SELECT * FROM "${name}"`).all<Row>();
      return [name, rows.results] as const;
    }),
  );
  return new Map(tables);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

const rowsOf = (table: string): readonly Row[] => dump.get(table) ?? [];
const textsOf = (column: string): Set<string> =>
  new Set(rowsOf('events').flatMap((row) => (row[column] === '' ? [] : [String(row[column])])));

type Key = string | Buffer;
const hash = (key: Key, message: string): string =>
  createHmac('sha256', key).update(message).digest().subarray(0, 16).toString('base64url');

/** As many letters of a code as depend on its hash alone. The last one is of fewer bits. */
const LETTERS = 21;

/**
 * The first letters of the codes that a key gives. HMAC by its definition, of two hashes in buffers that are there: an object
 * for each of millions of messages takes ten times as long.
 */
function lettersWith(key: Key): (message: string) => string {
  const bytes = Buffer.from(key);
  const block = Buffer.alloc(64);
  (bytes.length > 64 ? createHash('sha256').update(bytes).digest() : bytes).copy(block);
  const inner = Buffer.alloc(1024, block.map((byte) => byte ^ 0x36).subarray(0, 64));
  const outer = Buffer.concat([block.map((byte) => byte ^ 0x5c), Buffer.alloc(32)]);
  return (message) => {
    const length = 64 + inner.write(message, 64, 'latin1');
    digest('sha256', inner.subarray(0, length), 'buffer').copy(outer, 64);
    return digest('sha256', outer, 'base64url').slice(0, LETTERS);
  };
}

/** The visitors of the dump whose address is found with one of these keys. */
function countVisitors(keys: readonly Key[]): number {
  const wanted = textsOf('visitor');
  const beginnings = new Set([...wanted].map((code) => code.slice(0, LETTERS)));
  const matches = new Set<string>();
  for (const key of keys) {
    const lettersOf = lettersWith(key);
    for (const address of ADDRESSES) {
      for (const agent of AGENTS) {
        const message = `${pixel}\n${address}\n${agent}`;
        if (beginnings.has(lettersOf(message))) matches.add(hash(key, message));
      }
    }
  }
  return [...matches].filter((code) => wanted.has(code)).length;
}

/** The people of the dump whose user id or e-mail address is found with one of these keys. */
function countPeople(keys: readonly Key[]): number {
  const wanted = textsOf('person');
  const codes = keys.flatMap((key) => [
    ...UIDS.map((uid) => `u${hash(key, `uid\n${uid}`)}`),
    ...MAILS.map((mail) => `e${hash(key, `em\n${mail}`)}`),
  ]);
  return new Set(codes.filter((code) => wanted.has(code))).size;
}

/** A stored text, and all that might be a key in it: its last part, decoded, with and without what stands before a ciphertext. */
function keysIn(text: string): Key[] {
  const part = text.split('.').at(-1) ?? '';
  const bytes = Buffer.from(part, 'base64url');
  return [text, part, bytes, bytes.subarray(12), bytes.subarray(0, 32), bytes.subarray(12, 44)];
}

/** A salt or key, opened with the secret. */
function opened(sealed: unknown, purpose: string, owner: unknown): string {
  const secret = hkdfSync('sha256', SECRET_KEY, Buffer.alloc(32), `speck ${purpose}`, 32);
  const bytes = Buffer.from(String(sealed).split('.')[2] ?? '', 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(secret), bytes.subarray(0, 12));
  decipher.setAAD(Buffer.from(String(owner)));
  decipher.setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
}

describe('a copy of the database', () => {
  it('has all of the visitors and people, and every table', () => {
    expect(textsOf('visitor').size).toBe(VISITORS);
    expect(textsOf('person').size).toBe(VISITORS / 2);
    for (const table of ['salts', 'keys', 'pixels', 'days', 'rollups', 'person_days', 'counters']) {
      expect(dump.has(table), table).toBe(true);
    }
  });

  it('gives no visitor and nobody by what is in it, whatever is tried as a key', { timeout: 300_000 }, () => {
    const secrets = [...rowsOf('salts').map(({ salt }) => salt), ...rowsOf('keys').map(({ key }) => key)];
    expect(secrets.length).toBeGreaterThanOrEqual(2);
    // A Set takes buffers for different ones, so they are compared as texts.
    const tried = new Map(
      ['', ...secrets.flatMap((text) => keysIn(String(text)))].map((key) => [`${key}`, key]),
    );
    expect(countVisitors([...tried.values()])).toBe(0);
    // People are few to try: here every text of every table is a key.
    const texts = [...dump.values()].flat().flatMap((row) => Object.values(row).map(String));
    expect(countPeople([...tried.values(), ...new Set(texts.filter((text) => text.length >= 32))])).toBe(0);
  });

  it('has no visitor, no person and no id of an event in the columns of a finished day', () => {
    const header = JSON.parse(String(segments.find(({ name }) => name === '')?.['dictionary'])) as Row;
    expect(header).toMatchObject({ events: rowsOf('events').length, visits: VISITORS });
    const texts = segments.flatMap((row) => Object.values(row).map(String)).join('\n');
    for (const column of ['visitor', 'person', 'id', 'eid']) {
      for (const value of textsOf(column)) expect(texts.includes(value), column).toBe(false);
    }
    // A hash has no place in codes either: no column has a value, or a code, of its own for each visitor.
    const known = ['', 'visit:minute', ...NAMED_BY_AGENT];
    expect(segments.map(({ name }) => name).filter((name) => !known.includes(String(name)))).toEqual([]);
  });

  it('gives all of them with SECRET_KEY', { timeout: 120_000 }, () => {
    const salts = rowsOf('salts').map(({ date, salt }) => opened(salt, 'visitor salts', date));
    const keys = rowsOf('keys').map((row) => opened(row['key'], 'alias keys', row['pixel']));
    expect(countVisitors(salts)).toBe(VISITORS);
    expect(countPeople(keys)).toBe(VISITORS / 2);
  });
});
