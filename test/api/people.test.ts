/** What an owner is shown and erases of a person: by whose word, and however many aliases strangers have added. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Env } from '../../src/env.ts';
import worker from '../../src/index.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { hex } from '../../src/model/random.ts';
import { applySchema, db, makePixel, metered, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0';

async function request(path: string, init: RequestInit = {}, env: Env = testEnv): Promise<Response> {
  const ctx = createExecutionContext();
  const sent = new Request(`https://px.example${path}`, init);
  const response = await worker.fetch(sent as unknown as Parameters<typeof worker.fetch>[0], env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

/** What anyone can send. */
const beacon = async (...events: object[]): Promise<void> => {
  const init = { method: 'POST', headers: { 'user-agent': FIREFOX }, body: JSON.stringify(events) };
  expect((await request('/beacon', init)).status).toBe(204);
};

interface Answer {
  readonly known_by: readonly string[];
  readonly unconfirmed: { readonly aliases: number; readonly included: boolean; readonly note: string };
  readonly total_events: number;
  readonly events: readonly { readonly name: string }[];
  readonly more: boolean;
  readonly erased: Readonly<Record<string, number>>;
}

async function api(method: string, path: string, body?: unknown, env?: Env): Promise<Answer> {
  const headers = { authorization: `Bearer ${testEnv.ADMIN_TOKEN}`, 'content-type': 'application/json' };
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await request(path, init, env);
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as Answer;
}

async function sha256(text: string): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

const namesOf = ({ events }: Answer) => events.map(({ name }) => name).toSorted();

describe('a person', () => {
  it.each(['em', 'ph', 'external_id'])(
    'who claims the %s of another person neither sees nor erases that person’s events',
    async (kind) => {
      const { id } = await makePixel('UTC');
      const hash = await sha256(`ann by ${kind}`);
      const people = (query: string) => `/api/v1/pixels/${id}/people?${query}`;
      await beacon({ id, ev: 'of mallory', uid: 'mallory', ud: { [kind]: hash } });
      await beacon({ id, ev: 'Purchase', ud: { [kind]: hash } }, { id, ev: 'later', ud: { [kind]: hash } });
      await beacon({ id, ev: 'signed in', uid: 'ann', ud: { [kind]: hash } });

      const personResponse = await api('GET', people('uid=mallory'));
      expect(namesOf(personResponse)).toEqual(['of mallory']);
      expect(personResponse.known_by).toEqual(['uid']);
      expect(personResponse.unconfirmed).toMatchObject({ aliases: 1, included: false });
      expect(personResponse.unconfirmed.note).toContain('Anyone could have claimed');
      // An owner who has looked into it may follow them, and is told.
      const all = await api('GET', people('uid=mallory&include_unconfirmed=true'));
      expect(namesOf(all)).toEqual(['Purchase', 'later', 'of mallory']);
      expect(all.unconfirmed).toMatchObject({ aliases: 1, included: true });

      // What the shop's own server says holds, though it comes last.
      await api('POST', '/api/v1/events', { events: [{ id, ev: 'told', uid: 'ann', ud: { [kind]: hash } }] });
      const hers = await api('GET', people('uid=ann'));
      expect(namesOf(hers)).toEqual(['Purchase', 'later', 'signed in', 'told']);
      expect(hers.unconfirmed).toEqual({ aliases: 0, included: false, note: '' });
      expect(namesOf(await api('GET', people(`${kind}=${hash}`)))).toEqual(namesOf(hers));

      const receipt = await api('DELETE', people('uid=mallory'));
      expect(receipt.erased).toMatchObject({ events: 1, links: 0 });
      expect(receipt).toMatchObject({ more: false, known_by: ['uid'] });
      expect(namesOf(await api('GET', people('uid=ann')))).toEqual(namesOf(hers));
      expect((await api('DELETE', people(`${kind}=${hash}`))).erased).toMatchObject({ events: 4, links: 1 });
    },
  );

  /** A person to whom strangers have linked so many aliases, before there was a bound, each with an event. */
  async function bombed(aliases: number): Promise<string> {
    const { id } = await makePixel('UTC');
    await api('POST', '/api/v1/events', { events: [{ id, ev: 'mine', uid: 'ann' }] });
    const hub = await db
      .prepare('SELECT person FROM events WHERE pixel = ?')
      .bind(id)
      .first<string>('person');
    await db.batch([
      db
        .prepare(
          `INSERT INTO person_links (pixel, alias, target)
           WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1)
           SELECT ?1, iif(i % 10 = 0, 'x', 'e') || printf('%022d', i), iif(i % 10 = 0, ?3, 'x' || printf('%022d', i - i % 10)) FROM n`,
        )
        .bind(id, aliases, hub),
      db
        .prepare(
          `INSERT INTO events
           SELECT pixel, ts - row_number() OVER (), id || l.alias, eid, name, visitor, l.alias, hostname, page, referrer, source,
             channel, utm_source, utm_medium, utm_campaign, utm_content, utm_term, device, browser, browser_version, os,
             os_version, country, region, region_name, city, language, agent_class, engaged, scroll, value, currency, props, 0
           FROM (SELECT * FROM events WHERE pixel = ?1) CROSS JOIN (SELECT alias FROM person_links WHERE pixel = ?1) l`,
        )
        .bind(id),
    ]);
    return `/api/v1/pixels/${id}/people?uid=ann`;
  }

  it('can be exported and erased, however many aliases strangers have claimed', async () => {
    for (const aliases of [500, 25_000]) {
      const path = await bombed(aliases);
      const { db: counted, cost } = metered();
      const personResponse = await api('GET', path, undefined, { ...testEnv, DB: counted });
      expect(namesOf(personResponse)).toEqual(['mine']);
      expect(personResponse.unconfirmed.aliases).toBe(Math.min(aliases, LIMITS.followedAliases));
      expect(cost.read).toBeLessThan(3 * Math.min(aliases, LIMITS.followedAliases) + 100);
      cost.read = 0;
      const receipt = await api('DELETE', path, undefined, { ...testEnv, DB: counted });
      expect(receipt.erased).toMatchObject({ events: 1, links: aliases / 10 });
      expect(cost.read).toBeLessThan(10 * aliases + 100);
    }
  });

  it('with all claimed aliases is exported and erased part by part, each with a bounded number of rows', async () => {
    const path = `${await bombed(25_000)}&include_unconfirmed=true`;
    const { db: counted, cost } = metered();
    const env = { ...testEnv, DB: counted };
    const personResponse = await api('GET', `${path}&limit=10`, undefined, env);
    expect(personResponse.total_events).toBe(LIMITS.followedAliases);
    expect(cost.read).toBeLessThan(20 * LIMITS.followedAliases);
    let events = 0;
    let calls = 0;
    for (let more = true; more; calls++) {
      cost.read = 0;
      cost.written = 0;
      cost.statements = 0;
      const receipt = await api('DELETE', path, undefined, env);
      events += receipt.erased['events'] ?? 0;
      more = receipt.more;
      expect(cost.read).toBeLessThan(60 * LIMITS.followedAliases);
      expect(cost.statements).toBeLessThan(45);
    }
    expect([events, calls]).toEqual([25_001, 3]);
    const responseAfter = await api('GET', path);
    expect([responseAfter.total_events, responseAfter.unconfirmed.aliases]).toEqual([0, 0]);
  });
});
