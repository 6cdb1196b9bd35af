/**
 * What waits in the queue and what it has given up: nobody can read it without SECRET_KEY, and what is erased or deleted is
 * taken out of dead letters, whatever they hold and whoever erases it.
 */
import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test';
import { beforeAll, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { consume } from '../../src/enrich/consume.ts';
import { checkDeadLetters, messageOf } from '../../src/enrich/dead-letters.ts';
import { ingest } from '../../src/enrich/ingest.ts';
import { type Env, secretsOf } from '../../src/env.ts';
import worker from '../../src/index.ts';
import type { Parcel, ParcelMessage } from '../../src/model/batch.ts';
import type { Pixel } from '../../src/model/pixel.ts';
import { nextEventId, randomBase58 } from '../../src/model/random.ts';
import { BLANK_EVENT, type RawEvent, type RawHit, UNKNOWN_CLIENT } from '../../src/model/wire.ts';
import { runJob } from '../../src/rollup/job.ts';
import { unwrittenCount } from '../../src/store/counters.ts';
import { lettersToCheck, readDeadLetters, storeChecks } from '../../src/store/dead-letters.ts';
import { openMessage, sealParcel, sendHits } from '../../src/store/queue.ts';
import { sealKeys } from '../../src/store/sealed-keys.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';

const SECRETS = secretsOf(testEnv);
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
const IP = '203.0.113.77';
const HASH = 'ab'.repeat(32);
const COOKIE = 'Zz0123456789abcdefghij';

beforeAll(applySchema);
let pixel: Pixel;
let warn: MockInstance;
beforeEach(async () => {
  vi.restoreAllMocks();
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'error').mockImplementation(() => {});
  await db.prepare('DELETE FROM dead_letters').run();
  pixel = await makePixel('UTC', { cookie: 'first_party' });
});

/** A queue that keeps what it is sent, within a message's size. */
function queueOf(): { queue: Queue<ParcelMessage>; messages: ParcelMessage[] } {
  const messages: ParcelMessage[] = [];
  const queue = {
    async sendBatch(list: Iterable<{ body: ParcelMessage }>) {
      for (const { body } of list) {
        const text = JSON.stringify(body);
        if (new TextEncoder().encode(text).length > 128_000) throw new Error('message length exceeds limit');
        messages.push(JSON.parse(text) as ParcelMessage);
      }
    },
  };
  return { queue: queue as unknown as Queue<ParcelMessage>, messages };
}

const broken = (): D1Database =>
  ({
    prepare: () => broken(),
    bind: () => broken(),
    batch: () => Promise.reject(new Error('D1_ERROR: overloaded')),
    all: () => Promise.reject(new Error('D1_ERROR: overloaded')),
  }) as unknown as D1Database;

function hitOf(raw: Partial<RawEvent>, more: Partial<RawHit> = {}): RawHit {
  return {
    id: nextEventId(),
    receivedAt: Date.now() - 1000,
    head: false,
    client: { ...UNKNOWN_CLIENT, ip: IP, userAgent: AGENT },
    events: [{ ...BLANK_EVENT, id: pixel.id, ev: 'Secretly', dl: 'https://site.example/secret', ...raw }],
    ...more,
  };
}

const quietly = ({ ANALYTICS: _, ...env }: Env, more: Partial<Env>): Env => ({ ...env, ...more });

/** The messages of hits: as a batch, when D1 can be read, or as they came. */
async function messagesOf(hits: readonly RawHit[], as: 'batch' | 'hits'): Promise<ParcelMessage[]> {
  const { queue, messages } = queueOf();
  // Of pixels and salts that no isolate knows, nothing can be looked up.
  const stranger = hitOf({ id: `px_${randomBase58(16)}`, ev: 'x' });
  if (as === 'batch') await ingest(quietly(testEnv, { QUEUE: queue, INGEST_MODE: 'queue' }), hits);
  else await ingest(quietly(testEnv, { QUEUE: queue, DB: broken() }), [...hits, stranger]);
  return messages;
}

async function bury(messages: readonly ParcelMessage[]): Promise<void> {
  const batch = createMessageBatch<ParcelMessage>(
    'speck-dead-letters',
    messages.map((body) => ({ id: randomBase58(12), timestamp: new Date(), attempts: 1, body })),
  );
  await consume(batch, testEnv);
}

async function request(method: string, path: string, more: RequestInit = {}, env: Env = testEnv) {
  const replayRequest = new Request(`https://px.example.com${path}`, {
    method,
    redirect: 'manual',
    ...more,
    headers: { authorization: `Bearer ${env.ADMIN_TOKEN}`, ...more.headers },
  });
  const response = await worker.fetch(
    replayRequest as Request<unknown, IncomingRequestCfProperties>,
    env,
    createExecutionContext(),
  );
  return { status: response.status, text: await response.text() };
}

const bodies = async () => (await readDeadLetters(db, '', 1000)).map(({ body }) => body);

/** What all dead letters say, opened. */
async function opened(): Promise<Parcel[]> {
  return Promise.all(
    (await bodies()).map((body) => openMessage(SECRETS, testEnv.ADMIN_TOKEN, messageOf(body))),
  );
}

const names = async () =>
  (await opened())
    .flatMap((parcel) =>
      parcel.kind === 'batch'
        ? parcel.batch.events.map(({ event }) => event.name)
        : parcel.hits.flatMap(({ events }) => events.map((raw) => raw?.ev ?? '')),
    )
    .toSorted();

describe('a queued message', () => {
  const SECRETLY = [IP, AGENT, 'uid-secret-4711', HASH, COOKIE, 'Secretly', '/secret', 'noted privately'];
  const hit = () =>
    hitOf(
      {
        uid: 'uid-secret-4711',
        ud: [['em', HASH]],
        consent: 'granted',
        cd: [['note', 'noted privately']],
      },
      { client: { ...UNKNOWN_CLIENT, ip: IP, userAgent: AGENT, cookie: COOKIE } },
    );

  /** A text as it may be written somewhere, at any place of a longer text. */
  function formsOf(text: string): string[] {
    const bytes = new TextEncoder().encode(text);
    const base64 = [0, 1, 2].map((shift) => {
      const fullMessage = new Uint8Array([...new Uint8Array(shift), ...bytes]).toBase64();
      // Without what depends on the bytes before and behind.
      return fullMessage.slice(Math.ceil((shift * 4) / 3), -4);
    });
    return [
      text,
      JSON.stringify(text).slice(1, -1),
      encodeURIComponent(text),
      bytes.toHex(),
      ...base64,
      ...base64.map((one) => one.replaceAll('+', '-').replaceAll('/', '_')),
    ];
  }

  it.each(['batch', 'hits'] as const)('as %s is unreadable in the queue and as a dead letter', async (as) => {
    const messages = await messagesOf([hit()], as);
    expect(messages.length).toBeGreaterThan(0);
    await bury(messages);
    expect(await names()).toContain('Secretly');
    // The codes of who it was as well: they are what the database holds.
    const [parcel] = await opened();
    const codes =
      parcel?.kind === 'batch'
        ? parcel.batch.events.flatMap(({ event, aliases = [] }) => [event.visitor, event.person, ...aliases])
        : [];
    expect(codes.length).toBeGreaterThanOrEqual(as === 'batch' ? 3 : 0);
    const stored = JSON.stringify([messages, (await db.prepare('SELECT * FROM dead_letters').all()).results]);
    for (const text of [...SECRETLY, ...codes, pixel.id]) {
      for (const form of formsOf(text)) expect(stored.includes(form), `${text} as ${form}`).toBe(false);
    }
    // The search finds what is there: the same in the clear, and in base64.
    const clear = JSON.stringify(await opened());
    expect(formsOf('Secretly').some((form) => btoa(clear).includes(form))).toBe(true);
    expect(clear).toContain('Secretly');
  });

  it('fits into the size limit, whatever a client sends', async () => {
    const { queue, messages } = queueOf();
    const hostile = ['\u0001', '"\\', '€', '𝄞', '\ud800'].map((text) =>
      hitOf(
        {},
        {
          events: Array.from({ length: 100 }, () => ({ ...BLANK_EVENT, id: pixel.id, ev: text.repeat(600) })),
        },
      ),
    );
    const plain = [hitOf({ ev: 'a' }), hitOf({ ev: 'b' })];
    // One event that no message can hold is left out, and takes no other along.
    const huge = hitOf({ ev: 'too large', dl: 'x'.repeat(120_000) });
    // Nor can anything write what is nested as deeply as a beacon's body can be.
    const nested = JSON.parse(`${'{"0":'.repeat(10_000)}1${'}'.repeat(10_000)}`);
    const deep = hitOf({ ev: 'too deep', cd: [['a', nested]] });
    expect(await sendHits(queue, SECRETS, [...hostile, huge, deep, ...plain])).toBe(2);
    const parcels = await Promise.all(messages.map((one) => openMessage(SECRETS, undefined, one)));
    const hits = parcels.flatMap((parcel) => (parcel.kind === 'hits' ? parcel.hits : []));
    expect(hits.reduce((sum, { events }) => sum + events.length, 0)).toBe(502);
    // A hit that was cut has ids of its own, which keep the order of its events.
    const ids = hits.flatMap(({ id, events }) =>
      events.map((_, index) => id + index.toString(36).padStart(2, '0')),
    );
    expect(new Set(ids).size).toBe(502);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('is not sent without a secret: it counts as lost, and nothing is sent in plain text', async () => {
    const { queue, messages } = queueOf();
    const before = unwrittenCount('lost_events');
    await ingest(quietly(testEnv, { QUEUE: queue, DB: broken(), SECRET_KEY: '' }), [hit()]);
    expect(unwrittenCount('lost_events')).toBe(before + 1);
    expect(messages).toEqual([]);
    await expect(sendHits(queue, [], [hit()])).rejects.toThrow('SECRET_KEY');
  });

  it('from before the secret can be read: plain batches, and hits sealed with ADMIN_TOKEN', async () => {
    const [batch] = await messagesOf([hitOf({ ev: 'batch' })], 'batch');
    const parcel = await openMessage(SECRETS, undefined, batch as ParcelMessage);
    const older = [
      parcel as ParcelMessage,
      { kind: 'hits' as const, id: 'older', sealed: await olderSeal([hitOf({ ev: 'hits' })]) },
    ];
    const queued = createMessageBatch<ParcelMessage>(
      'speck-events',
      older.map((body, index) => ({ id: `m${index}`, timestamp: new Date(), attempts: 1, body })),
    );
    await consume(queued, testEnv);
    const result = await getQueueResult(queued, createExecutionContext());
    expect(result.explicitAcks).toEqual(['m0', 'm1']);
    const { results } = await db
      .prepare('SELECT name FROM events WHERE pixel = ? ORDER BY name')
      .bind(pixel.id)
      .all();
    expect(results).toEqual([{ name: 'batch' }, { name: 'hits' }]);
  });

  it('under another secret is retried, stored, and replayed once that secret is back', async () => {
    const [message] = await messagesOf([hitOf({ ev: 'late' })], 'batch');
    const env = quietly(testEnv, { SECRET_KEY: 'another secret of 32 characters...' });
    const queued = createMessageBatch<ParcelMessage>('speck-events', [
      { id: 'm', timestamp: new Date(), attempts: 1, body: message as ParcelMessage },
    ]);
    await consume(queued, env);
    const result = await getQueueResult(queued, createExecutionContext());
    expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual(['m']);
    expect(warn.mock.calls.flat().join()).toContain('SECRET_KEY_PREVIOUS');

    await bury([message as ParcelMessage]);
    const replay = (as: Env) => request('POST', '/api/v1/dead-letters/replay', {}, as);
    expect(JSON.parse((await replay(env)).text)).toMatchObject({
      replayed: 0,
      failed: [{ message: expect.stringContaining('Set SECRET_KEY_PREVIOUS') }],
    });
    const rotated = { ...env, SECRET_KEY_PREVIOUS: testEnv.SECRET_KEY as string };
    expect(JSON.parse((await replay(rotated)).text)).toMatchObject({ replayed: 1, failed: [] });
    expect(await bodies()).toEqual([]);
  });
});

/** Hits as they were spilled before there was a SECRET_KEY. */
async function olderSeal(hits: readonly RawHit[]): Promise<string> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey('raw', encoder.encode(testEnv.ADMIN_TOKEN), 'HKDF', false, [
    'deriveKey',
  ]);
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: encoder.encode('speck queued hits') },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt'],
  );
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const bytes = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv },
    key,
    encoder.encode(JSON.stringify(hits)),
  );
  return new Uint8Array([...iv, ...new Uint8Array(bytes)]).toBase64();
}

/** Dead letters of each form in which an event may be in one. */
const FORMS: readonly (readonly [form: string, bury: (hits: readonly RawHit[]) => Promise<void>])[] = [
  ['a batch', async (hits) => bury(await messagesOf(hits, 'batch'))],
  ['raw hits', async (hits) => bury(await messagesOf(hits, 'hits'))],
  [
    'a batch in the clear, from before the secret',
    async (hits) => {
      const messages = await messagesOf(hits, 'batch');
      const parcels = await Promise.all(messages.map((one) => openMessage(SECRETS, undefined, one)));
      const rows = parcels.map((parcel) => [randomBase58(12), JSON.stringify(parcel), Date.now()]);
      const sql = 'INSERT INTO dead_letters (id, body, received_at) VALUES (?, ?, ?)';
      await db.batch(rows.map((row) => db.prepare(sql).bind(...row)));
    },
  ],
  [
    'hits under ADMIN_TOKEN, from before the secret',
    async (hits) => bury([{ kind: 'hits', id: randomBase58(12), sealed: await olderSeal(hits) }]),
  ],
];

describe.each(FORMS)('a dead letter that is %s', (_, buryAs) => {
  const ANN = { client: { ...UNKNOWN_CLIENT, ip: IP, userAgent: AGENT } };
  const BOB = { client: { ...UNKNOWN_CLIENT, ip: '203.0.113.88', userAgent: AGENT } };
  const cron = () => runJob(testEnv, Date.now() - (Date.now() % 3_600_000));

  it('drops an erased person, by any alias, and keeps the others', async () => {
    // What is known of the person when it is erased: the e-mail address belongs to it.
    await ingest(quietly(testEnv, {}), [hitOf({ ev: 'known', uid: 'ann', ud: [['em', HASH]] }, ANN)]);
    await buryAs([
      hitOf({ ev: 'by uid', uid: 'ann' }, ANN),
      hitOf({ ev: 'by e-mail', ud: [['em', HASH]] }, ANN),
      hitOf({ ev: 'by both', uid: 'ann', ud: [['em', HASH]] }, ANN),
      hitOf({ ev: 'somebody else', uid: 'bob' }, BOB),
      hitOf({ ev: 'nobody' }, ANN),
    ]);
    const erased = await request(
      'DELETE',
      `/api/v1/pixels/${pixel.id}/people?uid=ann&include_unconfirmed=true`,
    );
    expect(erased.status).toBe(200);
    expect(await names()).toEqual(['nobody', 'somebody else']);
    for (const body of await bodies()) expect(body).toMatch(/^s1\./);
    await request('POST', '/api/v1/dead-letters/replay');
    const { results } = await db
      .prepare('SELECT name FROM events WHERE pixel = ? ORDER BY name')
      .bind(pixel.id)
      .all();
    expect(results).toEqual([{ name: 'nobody' }, { name: 'somebody else' }]);
  });

  it('drops an erased visitor in the next run of the cron', async () => {
    await ingest(quietly(testEnv, {}), [hitOf({ ev: 'known' }, ANN)]);
    await buryAs([hitOf({ ev: 'by visitor' }, ANN), hitOf({ ev: 'somebody else' }, BOB)]);
    const headers = { 'cf-connecting-ip': IP, 'user-agent': AGENT, 'sec-fetch-site': 'same-origin' };
    const answer = await request('POST', `/privacy?id=${pixel.id}`, { headers });
    expect(answer.status).toBe(303);
    await cron();
    expect(await names()).toEqual(['somebody else']);
  });

  it('drops a deleted pixel with its rejections, and is deleted if nothing is left', async () => {
    const other = await makePixel('UTC');
    const bot = { client: { ...UNKNOWN_CLIENT, ip: IP, userAgent: 'Googlebot/2.1' } };
    await buryAs([hitOf({ ev: 'gone' }, ANN), hitOf({ ev: 'a bot' }, bot)]);
    await buryAs([hitOf({ ev: 'gone, too' }, ANN), hitOf({ ev: 'of another', id: other.id }, ANN)]);
    expect((await request('DELETE', `/api/v1/pixels/${pixel.id}`)).status).toBe(204);
    expect(await names()).toEqual(['of another']);
    const stored = JSON.stringify(await opened());
    expect(stored).not.toContain(pixel.id);
    expect(stored).not.toContain('gone');
    expect(await bodies()).toHaveLength(1);
  });

  it('is sealed with the current secret by the cron, and contains no address any more', async () => {
    await buryAs([hitOf({ ev: 'kept' }, ANN)]);
    await cron();
    expect(await names()).toContain('kept');
    for (const body of await bodies()) expect(body).toMatch(/^s1\./);
    expect(JSON.stringify(await opened())).not.toContain(IP);
    const rotated = quietly(testEnv, {
      SECRET_KEY: 'another secret of 32 characters...',
      SECRET_KEY_PREVIOUS: testEnv.SECRET_KEY as string,
    });
    await runJob(rotated, Date.now() - (Date.now() % 3_600_000));
    for (const body of await bodies()) {
      expect(await openMessage([rotated.SECRET_KEY as string], undefined, messageOf(body))).toMatchObject({
        kind: 'batch',
      });
    }
    // Back again, for the other tests.
    await sealKeys(db, [...SECRETS, rotated.SECRET_KEY as string]);
  });
});

describe('many dead letters', () => {
  const letter = async (uid: string, ev: string) => messagesOf([hitOf({ uid, ev })], 'batch');

  it('are processed within the limit of a request, and then by the cron', async () => {
    const messages = (await Promise.all(Array.from({ length: 40 }, () => letter('ann', 'Ann')))).flat();
    await bury([...messages, ...(await letter('bob', 'Bob'))]);
    await request('DELETE', `/api/v1/pixels/${pixel.id}/people?uid=ann&include_unconfirmed=true`);
    const left = await names();
    expect(left.length).toBeGreaterThan(1);
    expect(left.length).toBeLessThan(41);
    for (let run = 0; run < 5; run++) await runJob(testEnv, Date.now() - (Date.now() % 3_600_000));
    expect(await names()).toEqual(['Bob']);
    // Once that is done, they are not read again until something else is erased.
    expect(await lettersToCheck(db, SECRETS, 10, Date.now())).toEqual([]);
  });

  it('that cannot be opened stay, and delay no other', async () => {
    const closed = await Promise.all(
      Array.from({ length: 20 }, () =>
        sealParcel(['a lost secret of 32 characters....'], { kind: 'hits', id: 'x', hits: [] }),
      ),
    );
    const damaged = (await sealParcel(SECRETS, { kind: 'hits', id: 'y', hits: [] })).slice(0, -4);
    await bury([...closed, damaged].map((sealed) => ({ kind: 'sealed', sealed })));
    await bury(await letter('ann', 'Ann'));
    await request('DELETE', `/api/v1/pixels/${pixel.id}/people?uid=ann&include_unconfirmed=true`);
    expect((await bodies()).toSorted()).toEqual([...closed, damaged].toSorted());
    expect(await lettersToCheck(db, SECRETS, 10, Date.now())).toEqual([]);
  });

  it('processed twice at once, or during another erasure, keep nothing of it', async () => {
    await bury(
      await messagesOf([hitOf({ uid: 'ann', ev: 'Ann' }), hitOf({ uid: 'bob', ev: 'Bob' })], 'batch'),
    );
    // A run that has read the letter before Ann was erased, and writes it after.
    const [letterBefore] = await lettersToCheck(db, SECRETS, 10, Date.now());
    if (!letterBefore) throw new Error('there is no letter');
    await request('DELETE', `/api/v1/pixels/${pixel.id}/people?uid=ann`);
    expect(await names()).toEqual(['Bob']);
    await storeChecks(db, [{ letter: letterBefore, body: letterBefore.body }], Date.now() - 5);
    expect(await names()).toEqual(['Bob']);
    await Promise.all([checkDeadLetters(testEnv, 1), checkDeadLetters(testEnv, 1)]);
    expect(await names()).toEqual(['Bob']);
  });

  it('cost an erasure one written row, however many there are', async () => {
    await bury((await Promise.all(Array.from({ length: 12 }, () => letter('ann', 'Ann')))).flat());
    await ingest(quietly(testEnv, {}), [hitOf({ ev: 'known' })]);
    const before = await bodies();
    const headers = { 'cf-connecting-ip': IP, 'user-agent': AGENT, 'sec-fetch-site': 'same-origin' };
    expect((await request('POST', `/privacy?id=${pixel.id}`, { headers })).status).toBe(303);
    expect(await bodies()).toEqual(before);
    expect(await lettersToCheck(db, SECRETS, 100, Date.now())).toHaveLength(12);
  });
});
