/** `POST /api/v2/query`: the Plausible Stats API v2, answered from rollups and events. */
import type { Env } from '../env.ts';
import { parseQuestion } from '../query/language.ts';
import type { Mistake, Question } from '../query/question.ts';
import { type Answer, runQuestion } from '../query/run.ts';
import { acceptedFormat, csvOf, csvResponse, jsonOf, jsonResponse, namesOf } from './answer.ts';
import type { Grant } from './auth.ts';
import { readJson } from './body.ts';
import { once } from './flights.ts';
import { requireExisting } from './pixels.ts';
import { Problem } from './problem.ts';
import { allowanceOf, inTurn } from './turns.ts';

export async function query(request: Request, env: Env, grant: Grant): Promise<Response> {
  const { question, answer } = await ask(await readJson(request), env, grant, (errors) => {
    return new Problem('invalid_query', 'The query is not one that can be answered: see errors.', { errors });
  });
  return acceptedFormat(request) === 'csv'
    ? csvResponse(request, await csvOf(answer, namesOf(question)))
    : jsonResponse(request, await jsonOf(answer, answer.results));
}

/**
 * Asks a question, in the form of a body of `POST /api/v2/query`.
 *
 * @param complain the problem to throw for a question with mistakes.
 * @throws Problem also when the pixel is not the grant's, is not there, or has lost the events that an answer needs.
 */
export async function ask(
  body: unknown,
  env: Env,
  grant: Grant,
  complain: (mistakes: readonly Mistake[]) => Problem,
): Promise<{ readonly question: Question; readonly answer: Answer }> {
  const question = parseQuestion(body);
  if (!question.ok) throw complain(question.error);
  const pixel = await requireExisting(env, grant, question.value.pixel);
  const allowance = allowanceOf(grant);
  const key = JSON.stringify([pixel.id, allowance, body]);
  const answer = await once(key, () =>
    inTurn(grant, (spend) => runQuestion(env.DB, question.value, pixel, Date.now(), { ...allowance, spend })),
  );
  if (answer.ok) return { question: question.value, answer: answer.value };
  if (answer.error.reason === 'beyond_retention') throw new Problem('beyond_retention', answer.error.detail);
  throw complain(answer.error.errors);
}
