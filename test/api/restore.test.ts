/** Taking back the lines of an export: what each of them is refused for, and where it stood. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Grant, loadPixel } from '../../src/api/grant.ts';
import { restoreEvents } from '../../src/api/restore.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { SCOPES } from '../../src/model/token.ts';
import { applySchema, db, makePixel, testEnv } from '../fixtures.ts';

beforeAll(applySchema);

const ADMIN: Grant = { admin: true, scopes: SCOPES, pixel: null, token: null };
const LINE = { ts: '2026-02-03T10:00:00.000Z', id: 'a', name: 'pageview' };

async function restore(id: string, lines: readonly (object | string)[]) {
  const body = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  const request = new Request('https://px.example/', { method: 'POST', body });
  const pixel = await loadPixel(testEnv, ADMIN, id);
  const call = { request, env: testEnv, grant: ADMIN, id, part: '', query: undefined, pixel };
  const response = await restoreEvents(call);
  expect(response.status).toBe(202);
  return (await response.json()) as {
    accepted: number;
    duplicates: number;
    rejected: { index: number; reason: string; message: string }[];
  };
}

describe('lines of an export', () => {
  it('are stored once, and rejected by their position in the body, in order', async () => {
    const { id } = await makePixel('UTC');
    const lines = [LINE, '', 'no JSON', '  ', { ...LINE, id: 'b' }, LINE, '[1]', ''];
    const answer = await restore(id, lines);
    expect(answer).toMatchObject({ accepted: 2, duplicates: 1 });
    expect(answer.rejected).toEqual([
      { index: 2, reason: 'invalid_event', message: 'The line is not JSON.' },
      { index: 6, reason: 'invalid_event', message: 'The line is not a JSON object.' },
    ]);
    const erased = { ...LINE, id: 'c', person: 'u1' };
    await db.prepare('INSERT INTO erasures VALUES (?, ?, ?)').bind(id, 'u1', Date.parse(LINE.ts)).run();
    expect(
      (await restore(id, ['7', erased, 'x'])).rejected.map(({ index, reason }) => [index, reason]),
    ).toEqual([
      [0, 'invalid_event'],
      [1, 'erased'],
      [2, 'invalid_event'],
    ]);
  });

  it.each([
    [{ more: 1 }, 'more: '],
    [{ ts: '2026-02-03T10:00:00Z' }, 'ts: '],
    [{ ts: 7 }, 'ts: '],
    [{ id: '' }, 'id: '],
    [{ id: 'x'.repeat(65) }, 'id: '],
    [{ name: '' }, 'name: '],
    [{ name: 'x'.repeat(LIMITS.name + 1) }, 'name: '],
    [{ page: 'x'.repeat(LIMITS.page + 1) }, 'page: '],
    [{ page: 'a\0b' }, 'page: '],
    [{ country: 'AUT' }, 'country: '],
    [{ currency: 'eur' }, 'currency: '],
    [{ currency: 'EURO' }, 'currency: '],
    [{ agent_class: 'bot' }, 'agent_class: '],
    [{ engaged: 1.5 }, 'engaged: '],
    [{ engaged: LIMITS.engaged + 1 }, 'engaged: '],
    [{ engaged: -1 }, 'engaged: '],
    [{ scroll: 101 }, 'scroll: '],
    [{ scroll: Number.MAX_SAFE_INTEGER }, 'scroll: '],
    [{ value: '7' }, 'value: '],
    [{ props: { plan: 7 } }, 'props.plan: '],
    [{ props: { '': 'x' } }, 'props'],
    [{ props: Object.fromEntries(Array.from({ length: LIMITS.props + 1 }, (_, i) => [i, ''])) }, 'props: '],
  ])('with %j are rejected with the reason', async (more, begin) => {
    const { id } = await makePixel('UTC');
    const { accepted, rejected } = await restore(id, [{ ...LINE, ...more }]);
    expect(accepted).toBe(0);
    expect(rejected).toMatchObject([{ index: 0, reason: 'invalid_event' }]);
    expect(rejected[0]?.message.startsWith(begin), rejected[0]?.message).toBe(true);
  });

  it('may be exactly as long, as many and as old as the limits say', async () => {
    const { id } = await makePixel('UTC');
    const longest = {
      ...LINE,
      id: 'x'.repeat(64),
      name: 'n'.repeat(LIMITS.name),
      page: 'p'.repeat(LIMITS.page),
    };
    expect(await restore(id, [longest])).toMatchObject({ accepted: 1, rejected: [] });
    const times = [LIMITS.oldestTs - 1, LIMITS.oldestTs, Date.now() + 3_600_000];
    const lines = times.map((ts) => ({ ...LINE, ts: new Date(ts).toISOString() }));
    expect((await restore(id, lines)).rejected.map(({ index, reason }) => [index, reason])).toEqual([
      [0, 'time_too_old'],
      [2, 'time_in_future'],
    ]);
    const many = (count: number) => Array.from({ length: count }, () => 'x');
    expect((await restore(id, many(LIMITS.apiEvents))).rejected).toHaveLength(LIMITS.apiEvents);
    await expect(restore(id, many(LIMITS.apiEvents + 1))).rejects.toMatchObject({ reason: 'invalid_body' });
    await expect(restore(id, ['', ' '])).rejects.toMatchObject({ reason: 'invalid_body' });
  });

  it('have empty columns if an older export lacks them', async () => {
    const { id } = await makePixel('UTC');
    await restore(id, [LINE]);
    const row = await db.prepare('SELECT * FROM events WHERE pixel = ?').bind(id).first();
    expect(row).toMatchObject({ agent_class: 'human', currency: '', page: '', props: '' });
    expect(row).toMatchObject({ value: null, engaged: null, scroll: null });
  });
});
