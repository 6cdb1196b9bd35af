import { beforeAll, describe, expect, it, vi } from 'vitest';
import { problemResponse } from '../../src/api/problem.ts';
import { SCHEMA_VERSION } from '../../src/model/version.ts';
import { RETRY_POLICY, withRetries } from '../../src/store/failure.ts';
import { applySchema, db } from '../fixtures.ts';

beforeAll(async () => {
  await applySchema();
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

const LACKING = [
  'no such table: links',
  'table events has no column named scroll',
  'no such column: e.scroll',
];

async function detailOf(message: string): Promise<string> {
  const answer = await problemResponse(new Error(`D1_ERROR: ${message}: SQLITE_ERROR`), db);
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBeNull();
  const { reason, detail } = await answer.json<{ reason: string; detail: string }>();
  expect(reason).toBe('store_unavailable');
  return detail;
}

async function setVersion(version: number | null): Promise<void> {
  await db.prepare('DELETE FROM schema_migrations').run();
  if (version !== null) await db.prepare('INSERT INTO schema_migrations VALUES (?, 0)').bind(version).run();
}

describe('an error of the database', () => {
  it.each(LACKING)('says what to do if the schema is out of date: %s', async (message) => {
    await setVersion(SCHEMA_VERSION - 1);
    expect(await detailOf(message)).toContain(
      `has version ${SCHEMA_VERSION - 1} of the schema, and this Worker needs version ${SCHEMA_VERSION}. Run npm run deploy`,
    );
    await setVersion(null);
    expect(await detailOf(message)).toContain('has no recorded version of the schema');
    await setVersion(SCHEMA_VERSION + 1);
    expect(await detailOf(message)).toContain('this Worker is older');
    await setVersion(SCHEMA_VERSION);
    expect(await detailOf(message)).toContain('Run npm run deploy, which creates what is missing.');
  });

  it.each([
    () => Promise.reject(new Error('D1_ERROR: Network connection lost.')),
    () => withRetries(() => new Promise(() => {}), { attempts: 1, backoff: 0, timeout: 1 }),
    () => withRetries(() => Promise.resolve(), RETRY_POLICY, Date.now() - 1),
  ])('asks the client to retry if D1 was unavailable, hung or out of time', async (fail) => {
    const error = await fail().catch((thrown: unknown) => thrown);
    const answer = await problemResponse(error, db);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    const { detail } = await answer.json<{ detail: string }>();
    expect(detail).toContain('Try again');
    // It may have committed all the same.
    expect(detail).not.toContain('Nothing was changed');
  });
});
