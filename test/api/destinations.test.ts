/** Destinations by the API: what is accepted, what is refused and how that is said, and that a secret never comes back. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { draftErrors } from '../../src/api/destination-check.ts';
import { hashToken } from '../../src/api/hash.ts';
import { MAX_DESTINATION_RULES, MAX_DESTINATIONS, NETWORKS } from '../../src/model/destination.ts';
import { randomBase58 } from '../../src/model/random.ts';
import type { DestinationJson, NetworksJson } from '../../src/model/relay-json.ts';
import { newToken, type Scope } from '../../src/model/token.ts';
import { networkOf } from '../../src/relay/networks/table.ts';
import { updateDestination } from '../../src/store/destination-changes.ts';
import { getDestination, openDestination } from '../../src/store/destinations.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';
import { delivered, deliveryOf, insertDeliveries, makeDestination, send } from './relay-rows.ts';

beforeAll(applySchema);

const SECRET = 'EAAB-very-secret-token-of-the-owner-0123456789';
const OTHER_SECRET = 'EAAB-another-secret-token-of-the-owner-98765';

const META = {
  network: 'meta',
  name: 'Meta, shop',
  account: '1234567890123456',
  secret: SECRET,
  rules: [{ event: 'Purchase', as: 'Purchase' }],
};

const WEBHOOK = {
  network: 'webhook',
  name: 'Our server',
  account: 'https://hooks.example/in',
  secret: `whsec_${btoa('0123456789abcdefghijklmnopqrstuv')}`,
  rules: [{ event: 'Purchase', as: 'order' }],
};

const pathOf = ({ pixel, id }: { readonly pixel: string; readonly id: string }): string =>
  `/pixels/${pixel}/destinations/${id}`;

async function add(pixel: string, change: object = {}): Promise<DestinationJson> {
  const reply = await send('POST', `/pixels/${pixel}/destinations`, { ...META, ...change });
  expect(reply.status, reply.text).toBe(201);
  return reply.body as unknown as DestinationJson;
}

async function change(
  destination: { readonly pixel: string; readonly id: string },
  body: object,
  headers?: Record<string, string>,
): Promise<DestinationJson> {
  const reply = await send('PATCH', pathOf(destination), body, headers);
  expect(reply.status, reply.text).toBe(200);
  return reply.body as unknown as DestinationJson;
}

async function tokenFor(pixel: string | null, scopes: readonly Scope[]): Promise<Record<string, string>> {
  const token = newToken();
  const entry = { id: `tok_${randomBase58(8)}`, name: 'test', scopes, pixel, created_at: 0 };
  await insertToken(db, entry, await hashToken(token));
  return { authorization: `Bearer ${token}` };
}

const secretOf = async (id: string): Promise<string | null | undefined> =>
  (await openDestination(db, [testEnv.SECRET_KEY ?? ''], id))?.secret;

describe('networks', () => {
  it('say what each needs, in words and patterns that a form can use', async () => {
    const { networks } = (await send('GET', '/networks')).body as unknown as NetworksJson;
    expect(networks.map(({ name }) => name).toSorted()).toEqual(NETWORKS.toSorted());
    for (const { account, secret, settings, as, title } of networks) {
      expect(title).not.toBe('');
      for (const field of [account, secret, ...settings]) {
        expect(field.label).not.toBe('');
        expect(field.help).not.toBe('');
        const pattern = new RegExp(`^(?:${field.pattern})$`, 'u');
        if (field.default !== null) expect(pattern.test(field.default), `${title} ${field.name}`).toBe(true);
      }
      expect(() => new RegExp(as.pattern, 'u')).not.toThrow();
      expect(as.help).not.toBe('');
    }
  });
});

describe('a destination', () => {
  it('is added, read, listed, changed and deleted', async () => {
    const { id: pixel } = await makePixel('UTC');
    const path = `/pixels/${pixel}/destinations`;
    expect((await send('GET', path)).body).toEqual({ destinations: [] });
    const reply = await send('POST', path, { ...META, name: '  Meta  ' });
    const added = reply.body as unknown as DestinationJson;
    expect(reply).toMatchObject({
      status: 201,
      body: {
        id: expect.stringMatching(/^ds_\w{16}$/),
        pixel,
        network: 'meta',
        name: 'Meta',
        account: META.account,
        settings: {},
        rules: META.rules,
        mode: 'live',
        test_code: '',
        state: 'on',
        problem: null,
        has_secret: true,
        missing_goals: [],
      },
    });
    expect(reply.headers.get('location')).toBe(`/api/v1${path}/${added.id}`);
    expect(reply.headers.get('etag')).toBe(`"${added.etag}"`);
    expect((await send('GET', `${path}/${added.id}`)).body).toEqual(added);
    const second = await add(pixel, WEBHOOK);
    expect((await send('GET', path)).body).toEqual({ destinations: [added, second] });
    const changed = await change(added, {
      name: 'New',
      rules: [{ event: 'PageView', as: 'PageView' }],
      settings: { version: 'v26.0' },
    });
    expect(changed).toMatchObject({
      name: 'New',
      rules: [{ event: 'pageview', as: 'PageView' }],
      settings: { version: 'v26.0' },
      account: META.account,
    });
    expect(changed.etag).not.toBe(added.etag);
    expect((await send('GET', `${path}/${added.id}`)).body).toEqual(changed);
    expect((await send('DELETE', `${path}/${added.id}`)).status).toBe(204);
    expect((await send('GET', `${path}/${added.id}`)).status).toBe(404);
    expect((await send('GET', path)).body).toEqual({ destinations: [second] });
  });

  it.each<[object, string, RegExp]>([
    [{ network: 'myspace' }, 'network', /meta, google/],
    [{ network: 'constructor' }, 'network', /meta, google/],
    [{ name: ' ' }, 'name', /name/],
    [{ account: 'my shop' }, 'account', /Dataset ID of Meta.*Events Manager/],
    [{ account: '1234567890123456\n' }, '', /./],
    [{ account: '' }, 'account', /id/],
    [{ secret: 'short' }, 'secret', /Access token of Meta.*Events Manager/],
    [{ secret: '' }, 'secret', /empty/],
    [{ secret: 7 }, 'secret', /string/],
    [{ secret: undefined }, 'secret', /./],
    [{ secret: 'x'.repeat(8001) }, 'secret', /8000/],
    [{ settings: { version: '25' } }, 'settings.version', /version/i],
    [{ settings: { versoin: 'v25.0' } }, 'settings.versoin', /Its settings: host, version/],
    [{ settings: { host: 'http://graph.facebook.com' } }, 'settings.host', /./],
    [{ settings: { host: 'https://user:pass@graph.facebook.com' } }, 'settings.host', /./],
    [{ settings: { version: 25 } }, 'settings.version', /./],
    [{ rules: [] }, 'rules', /needs a rule/],
    [{ rules: [{ event: 'Purchase' }] }, 'rules[0].as', /./],
    [{ rules: [{ as: 'Purchase' }] }, 'rules[0]', /an event or a goal/],
    [{ rules: [{ event: 'Purchase', goal: 'Bought', as: 'Purchase' }] }, 'rules[0]', /not both/],
    [{ rules: [META.rules[0], { event: ' ', as: 'Purchase' }] }, 'rules[1].event', /./],
    [{ rules: [{ event: 'engagement', as: 'Purchase' }] }, 'rules[0].event', /Engagements/],
    [{ rules: [{ goal: 'Bought', as: 'Purchase' }] }, 'rules[0].goal', /Its goals: Signup\./],
    [{ rules: [{ event: 'Purchase', as: 'a'.repeat(51) }] }, 'rules[0].as', /Meta/],
    [{ rules: Array(MAX_DESTINATION_RULES + 1).fill(META.rules[0]) }, 'rules', /./],
    [{ mode: 'dry' }, 'mode', /live/],
    [{ mode: 'test' }, 'test_code', /code/],
    [{ state: 'stopped' }, 'state', /"on" or "off"/],
    [{ problem: null }, 'problem', /./],
    [{ ...WEBHOOK, account: 'http://hooks.example/in' }, 'account', /https/],
    [{ ...WEBHOOK, test_code: 'T1' }, 'test_code', /no test codes/],
  ])('of %j is refused at %s', async (broken, path, message) => {
    const { id: pixel } = await makePixel('UTC', { goals: [{ name: 'Signup', event: 'Signup' }] });
    const reply = await send('POST', `/pixels/${pixel}/destinations`, { ...META, ...broken });
    // A space at an end of a value is taken away.
    if (path === '') {
      expect(reply.status).toBe(201);
      return;
    }
    expect(reply).toMatchObject({ status: 400, body: { reason: 'invalid_body' } });
    const errors = reply.body['errors'] as { path: string; message: string }[];
    expect(errors.map((error) => error.path)).toEqual([path]);
    expect(errors[0]?.message).toMatch(message);
    expect((await send('GET', `/pixels/${pixel}/destinations`)).body).toEqual({ destinations: [] });
    expect(reply.text).not.toContain('user:pass');
    const secret = (broken as { secret?: unknown }).secret;
    if (secret === 'short' || secret === 7) expect(reply.text).not.toMatch(/short|7/);
  });

  it('may be at a host of this machine without TLS', async () => {
    const { id: pixel } = await makePixel('UTC');
    const settings = { host: 'http://127.0.0.1:8123' };
    expect(await add(pixel, { settings })).toMatchObject({ settings });
  });

  it('is at no address to which everybody can read along, whatever its network allows', async () => {
    const pixel = await makePixel('UTC');
    const meta = await networkOf('meta');
    const anyText = { name: 'host', label: 'Host', help: 'It is yours.', pattern: /.*/, default: '' };
    const network = { ...meta, account: { ...anyText, name: 'account' }, settings: [anyText] };
    const errorsOf = (value: string) =>
      draftErrors(
        network,
        pixel,
        { account: value, settings: { host: value } },
        { mode: 'live', test_code: '' },
      );
    for (const value of ['123', 'https://a.example/x?y=1', 'http://localhost:8080', 'http://[::1]/']) {
      expect(errorsOf(value), value).toEqual([]);
    }
    for (const value of [
      'http://a.example',
      'HTTP://a.example',
      'ftp://a.example',
      'https://u:p@a.example',
      'http://localhost.a.example',
      'https://',
    ]) {
      expect(
        errorsOf(value).map(({ path }) => path),
        value,
      ).toEqual(['account', 'settings.host']);
    }
  });

  it('names every mistake at once', async () => {
    const { id: pixel } = await makePixel('UTC');
    const reply = await send('POST', `/pixels/${pixel}/destinations`, {
      ...META,
      account: 'x',
      secret: 'y',
      settings: { other: 'z' },
      rules: [{ goal: 'None', as: 'Purchase' }],
      mode: 'test',
    });
    expect((reply.body['errors'] as { path: string }[]).map(({ path }) => path)).toEqual([
      'account',
      'secret',
      'settings.other',
      'rules[0].goal',
      'test_code',
    ]);
  });

  it('says which goals of its rules the pixel lost, and takes them again only if they exist', async () => {
    const { id: pixel } = await makePixel('UTC', { goals: [{ name: 'Bought', event: 'Purchase' }] });
    const rules = [{ goal: 'Bought', as: 'Purchase' }];
    const added = await add(pixel, { rules });
    expect(added.missing_goals).toEqual([]);
    await send('PATCH', `/pixels/${pixel}`, { settings: { goals: [] } });
    const read = (await send('GET', pathOf(added))).body as unknown as DestinationJson;
    expect(read).toMatchObject({ missing_goals: ['Bought'], rules });
    // Another change does not fail for it.
    expect(await change(added, { name: 'B' })).toMatchObject({ name: 'B', missing_goals: ['Bought'] });
    expect((await send('PATCH', pathOf(added), { rules })).status).toBe(400);
  });

  it('is one of each network and account of a pixel, also after a change', async () => {
    const { id: pixel } = await makePixel('UTC');
    const { id: other } = await makePixel('UTC');
    const added = await add(pixel);
    await add(other);
    const again = { ...META, name: 'Again', rules: [{ event: 'Lead', as: 'Lead' }] };
    const refusal = {
      status: 409,
      body: { reason: 'conflict', detail: expect.stringContaining('already'), errors: [{ path: 'account' }] },
    };
    expect(await send('POST', `/pixels/${pixel}/destinations`, again)).toMatchObject(refusal);
    const second = await add(pixel, { ...again, account: '99999' });
    expect(await send('PATCH', pathOf(second), { account: META.account })).toMatchObject(refusal);
    expect(await change(added, { account: META.account })).toMatchObject({ account: META.account });
    expect(await change(second, { account: '88888' })).toMatchObject({ account: '88888' });
  });

  it('is one of a limited number, and the error says so', async () => {
    const { id: pixel } = await makePixel('UTC');
    for (let n = 0; n < MAX_DESTINATIONS; n++) await add(pixel, { account: String(10_000 + n) });
    expect(await send('POST', `/pixels/${pixel}/destinations`, META)).toMatchObject({
      status: 409,
      body: { reason: 'conflict', detail: expect.stringContaining(`${MAX_DESTINATIONS} destinations`) },
    });
    expect((await send('POST', '/pixels/px_1111111111111111/destinations', META)).status).toBe(404);
  });

  it('keeps its network', async () => {
    const added = await add((await makePixel('UTC')).id);
    expect(await send('PATCH', pathOf(added), { network: 'tiktok' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'network' }] },
    });
  });

  it('is changed only if it is as the client has read it, if the client says so', async () => {
    const added = await add((await makePixel('UTC')).id);
    const changed = await change(added, { name: 'B' }, { 'if-match': `"${added.etag}"` });
    expect(
      await send('PATCH', pathOf(added), { name: 'C' }, { 'if-match': `"${added.etag}"` }),
    ).toMatchObject({
      status: 412,
      body: { reason: 'precondition_failed' },
    });
    for (const tag of ['*', `W/"${changed.etag}"`, `"x", "${changed.etag}"`]) {
      expect((await change(added, {}, { 'if-match': tag })).etag).toBe(changed.etag);
    }
    // Another secret is another destination, although nobody sees the difference.
    const { etag } = await change(added, { secret: OTHER_SECRET });
    expect(etag).not.toBe(changed.etag);
  });

  it('is not changed by a change that was decided on when it was different', async () => {
    const destination = await makeDestination(await makePixel('UTC'));
    expect(await updateDestination(db, destination, { name: 'B' }, 5000)).toBe('changed');
    expect(await updateDestination(db, destination, { name: 'C', account: 'x' }, 5000)).toBe('stale');
    const read = await getDestination(db, destination.pixel, destination.id);
    expect(read).toMatchObject({ name: 'B', account: destination.account, updated_at: 5000 });
    // Each change has a later time, also within a millisecond.
    expect(await updateDestination(db, read ?? destination, { name: 'D' }, 5000)).toBe('changed');
    expect(await getDestination(db, destination.pixel, destination.id)).toMatchObject({ updated_at: 5001 });
  });
});

describe('the secret of a destination', () => {
  it('is sealed, kept by a change without one, and replaced by another', async () => {
    const { id: pixel } = await makePixel('UTC');
    const added = await add(pixel, { secret: ` ${SECRET}\n` });
    expect(await secretOf(added.id)).toBe(SECRET);
    const kept = await change(added, { name: 'B' });
    expect(kept.secret_at).toBe(added.secret_at);
    expect(await secretOf(added.id)).toBe(SECRET);
    await db.prepare('UPDATE destinations SET secret_at = 0 WHERE id = ?').bind(added.id).run();
    const changed = await change(added, { secret: OTHER_SECRET });
    expect(Date.parse(changed.secret_at)).toBeGreaterThan(0);
    expect(await secretOf(added.id)).toBe(OTHER_SECRET);
  });

  it('is in no answer, no log line, no table and no export', async () => {
    const lines: string[] = [];
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((...parts) => void lines.push(parts.map(String).join(' '))),
    );
    const texts: string[] = [];
    const ask = async (method: string, path: string, body?: unknown): Promise<void> => {
      const { text, headers } = await send(method, path, body);
      texts.push(text, JSON.stringify([...headers]));
    };
    const { id: pixel } = await makePixel('UTC');
    const added = await add(pixel);
    const path = pathOf(added);
    texts.push(JSON.stringify(added));
    await ask('GET', path);
    await ask('GET', `/pixels/${pixel}/destinations`);
    await ask('PATCH', path, { secret: OTHER_SECRET });
    await ask('PATCH', path, { secret: [SECRET] });
    await ask('PATCH', path, { secret: `${SECRET} ${OTHER_SECRET}` });
    await ask('PATCH', path, { [SECRET]: 1 });
    await ask('POST', `/pixels/${pixel}/destinations`, { ...META, account: SECRET });
    await ask('POST', `/pixels/${pixel}/destinations`, META);
    await ask('GET', `${path}/deliveries`);
    await ask('GET', `${path}/summary`);
    for (const end of ['', '/events', '/rollups', '/archive', '/links', '/keys', '/rejections']) {
      await ask('GET', `/pixels/${pixel}${end}`);
    }
    await ask('GET', '/diagnostics');
    for (const spy of spies) spy.mockRestore();
    const { results: tables } = await db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'")
      .all<{ name: string }>();
    for (const { name } of tables) {
      texts.push(JSON.stringify((await db.prepare(`SELECT * FROM "${name}"`).all()).results));
    }
    // An unknown property is named in its error: that is the only place.
    const named = texts.filter((text) => text.includes(SECRET) || text.includes(OTHER_SECRET));
    expect(named.filter((text) => !text.includes('"errors"'))).toEqual([]);
    expect(named.length).toBeLessThanOrEqual(1);
    expect(lines.join('\n')).not.toMatch(/secret-token/);
    expect(texts.join()).not.toContain(btoa(SECRET).replaceAll('=', ''));
  });
});

describe('a change of a destination', () => {
  const PROBLEM = {
    ...{ status: 401, code: '190', message: 'The token was revoked.', advice: 'Make another one.' },
    ...{ at: 1000, retry_at: null },
  };
  const later = Date.now() + 3_600_000;

  async function stopped() {
    const destination = await makeDestination(await makePixel('UTC'), {
      account: '1234567',
      state: 'stopped',
      problem: PROBLEM,
    });
    await db
      .prepare('UPDATE destinations SET failures = 4, retry_at = ? WHERE id = ?')
      .bind(later, destination.id)
      .run();
    await insertDeliveries([
      deliveryOf(destination, { event_id: 'waits', due_at: later, tries: 2 }),
      deliveryOf(destination, { event_id: 'in flight', due_at: later, tries: 1, sent_at: 5 }),
      { ...delivered(destination, { event_id: 'asked after' }), state: 'sent', due_at: later },
      delivered(destination, { event_id: 'done' }),
    ]);
    return destination;
  }

  const rowsOf = async (id: string) =>
    Object.fromEntries(
      (
        await db
          .prepare('SELECT event_id, state, due_at, payload, answer FROM deliveries WHERE destination = ?')
          .bind(id)
          .all<Record<string, string>>()
      ).results.map(({ event_id, ...row }) => [event_id, row]),
    );

  it('shows why it has stopped', async () => {
    const destination = await stopped();
    const at = new Date(1000).toISOString();
    expect((await send('GET', pathOf(destination))).body).toMatchObject({
      state: 'stopped',
      problem: { ...PROBLEM, at },
    });
    const { body, text } = await send('GET', '/diagnostics');
    const { oldest } = body['destinations'] as {
      readonly oldest: readonly { readonly destination: string }[];
    };
    expect(oldest.find((one) => one.destination === destination.id)).toEqual({
      ...{ pixel: destination.pixel, destination: destination.id, network: 'meta', name: 'Test' },
      ...{ message: PROBLEM.message, advice: PROBLEM.advice, at },
    });
    expect(text).not.toContain(destination.account);
  });

  it.each([
    [{ secret: OTHER_SECRET }],
    [{ account: '7654321' }],
    [{ settings: { version: 'v99.0' } }],
    [{ state: 'on' }],
  ])('by %j lets it go on at once', async (body) => {
    const destination = await stopped();
    const before = Date.now();
    expect(await change(destination, body)).toMatchObject({ state: 'on', problem: null });
    expect(
      await db
        .prepare('SELECT failures, retry_at FROM destinations WHERE id = ?')
        .bind(destination.id)
        .first(),
    ).toEqual({ failures: 0, retry_at: 0 });
    const rows = await rowsOf(destination.id);
    const due = Number(rows['waits']?.['due_at']);
    expect(due >= before && due < later).toBe(true);
    // What is being sent stays claimed, and what the network decides on is asked after later.
    expect(rows['in flight']).toMatchObject({ state: 'waiting', due_at: later });
    expect(rows['asked after']).toMatchObject({ state: 'sent', due_at: later });
  });

  it.each([[{ name: 'B' }], [{ rules: META.rules }], [{ test_code: 'T1', mode: 'test' }], [{}]])(
    'by %j does not',
    async (body) => {
      const destination = await stopped();
      expect(await change(destination, body)).toMatchObject({
        state: 'stopped',
        problem: { at: expect.any(String) },
      });
      expect((await rowsOf(destination.id))['waits']).toMatchObject({ due_at: later });
    },
  );

  it('that switches it off forgets what waits, and says so', async () => {
    const destination = await stopped();
    const other = await makeDestination({ id: destination.pixel }, { network: 'snap' });
    await insertDeliveries([deliveryOf(other)]);
    expect(await change(destination, { state: 'off' })).toMatchObject({ state: 'off', problem: null });
    const rows = await rowsOf(destination.id);
    expect(rows['waits']).toMatchObject({
      state: 'refused',
      payload: null,
      answer: expect.stringContaining('"code":"switched_off"'),
    });
    expect(rows['in flight']).toMatchObject({
      state: 'unknown',
      payload: null,
      answer: expect.stringContaining('switched off while'),
    });
    expect(rows['done']).toMatchObject({ state: 'delivered' });
    expect(Object.values(await rowsOf(other.id))).toMatchObject([
      { state: 'waiting', payload: expect.any(String) },
    ]);
    // It stays off, whatever else changes.
    expect(await change(destination, { secret: SECRET })).toMatchObject({ state: 'off' });
    expect(await change(destination, { state: 'on' })).toMatchObject({ state: 'on' });
  });
});

describe('access to destinations', () => {
  it('needs pixels:write of this pixel', async () => {
    const pixel = await makePixel('UTC');
    const other = await makePixel('UTC');
    const destination = await makeDestination(pixel);
    await makeDestination(other);
    await insertDeliveries([deliveryOf(destination, { event_id: 'order-1' })]);
    const own = await tokenFor(pixel.id, ['pixels:write']);
    const foreign = await tokenFor(other.id, ['pixels:write', 'stats:read', 'events:write']);
    const reader = await tokenFor(pixel.id, ['stats:read', 'events:write']);
    const path = pathOf(destination);
    const requests: [method: string, path: string, body?: object][] = [
      ['GET', `/pixels/${pixel.id}/destinations`],
      ['GET', path],
      ['GET', `${path}/deliveries`],
      ['GET', `${path}/summary`],
      ['GET', `/pixels/${pixel.id}/conversions/order-1`],
      ['PATCH', path, { name: 'B' }],
      ['POST', `/pixels/${pixel.id}/destinations`, { ...META, account: '55555' }],
      ['DELETE', path],
    ];
    for (const [method, one, body] of requests) {
      expect(await send(method, one, body, reader)).toMatchObject({
        status: 403,
        body: { reason: 'missing_scope' },
      });
      expect(await send(method, one, body, foreign)).toMatchObject({
        status: 403,
        body: { reason: 'wrong_pixel' },
      });
      // The destination of one pixel is not reached by way of another.
      const byOther = one.replace(pixel.id, other.id);
      if (byOther.includes(destination.id) || byOther.includes('conversions')) {
        expect((await send(method, byOther, body, foreign)).status, `${method} ${byOther}`).toBe(404);
      }
    }
    for (const [method, one, body] of requests) {
      expect((await send(method, one, body, own)).status, `${method} ${one}`).toBeLessThan(300);
    }
    expect((await send('GET', '/networks', undefined, reader)).status).toBe(403);
    expect((await send('GET', '/networks', undefined, own)).status).toBe(200);
  });
});
