import { describe, expect, it } from 'vitest';
import { problemResponse } from '../../src/api/problem.ts';

describe('what the database throws', () => {
  it.each(['no such table: links', 'table events has no column named scroll', 'no such column: e.scroll'])(
    'says what to do when it lacks something: %s',
    async (message) => {
      const answer = problemResponse(new Error(`D1_ERROR: ${message}: SQLITE_ERROR`));
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBeNull();
      const { reason, detail } = await answer.json<{ reason: string; detail: string }>();
      expect(reason).toBe('store_unavailable');
      expect(detail).toContain('npm run deploy');
    },
  );

  it('asks to try again when it only was away', async () => {
    const answer = problemResponse(new Error('D1_ERROR: Network connection lost.'));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect((await answer.json<{ detail: string }>()).detail).toContain('try again');
  });
});
