/** `POST /api/v2/query`: the Plausible Stats API v2, answered from rollups and events. */
import type { Env } from '../env.ts';
import { parseQuestion } from '../query/language.ts';
import { runQuestion } from '../query/run.ts';
import { type Grant, requireScope } from './auth.ts';
import { readJson } from './body.ts';
import { requireExisting } from './pixels.ts';
import { Problem } from './problem.ts';

export async function query(request: Request, env: Env, grant: Grant): Promise<Response> {
  requireScope(grant, 'stats:read');
  const question = parseQuestion(await readJson(request));
  if (!question.ok) {
    throw new Problem('invalid_query', 'The query is not one that can be answered: see errors.', {
      errors: question.error,
    });
  }
  const pixel = await requireExisting(env, grant, question.value.pixel);
  const answer = await runQuestion(env.DB, question.value, pixel, Date.now());
  if (answer.ok) return Response.json(answer.value, { headers: { 'cache-control': 'no-store' } });
  if (answer.error.reason === 'beyond_retention') throw new Problem('beyond_retention', answer.error.detail);
  throw new Problem('invalid_query', 'The query is not one that can be answered: see errors.', {
    errors: answer.error.errors,
  });
}
