/** `GET /api/v1/pixels/:id/funnel`: how many came from step to step of one of a pixel's funnels. */
import * as v from 'valibot';
import { runFunnel } from '../query/funnel.ts';
import { parseQuestion } from '../query/language.ts';
import { jsonResponse } from './answer.ts';
import type { PixelCall } from './call.ts';
import { badParameter, badParameters } from './parameters.ts';
import { PERIOD, rangeOf } from './period.ts';
import { Problem } from './problem.ts';
import { allowanceOf, withQueryLimits } from './query-limiter.ts';
import { computeOnce } from './single-flight.ts';

export const FunnelQuery = v.strictObject({
  name: v.pipe(v.string('Say which funnel: name is its name.'), v.description("A funnel's name.")),
  filters: v.pipe(
    v.optional(v.string(), '[]'),
    v.description('Filters as of `POST /api/v2/query`, as JSON: `[["is", "visit:source", ["Google"]]]`.'),
  ),
  ...PERIOD,
});

export async function readFunnel({
  request,
  env,
  grant,
  pixel,
  query: { name, filters, ...period },
}: PixelCall<v.InferOutput<typeof FunnelQuery>>): Promise<Response> {
  const { funnels } = pixel.settings;
  const funnel = funnels.find((one) => one.name === name);
  if (!funnel) {
    const known = funnels.map((one) => one.name).join(', ');
    throw badParameter(
      'name',
      known === ''
        ? 'This pixel has no funnels: add some to its settings.'
        : `No funnel has this name. Funnels: ${known}.`,
    );
  }
  const question = parseQuestion({
    site_id: pixel.id,
    metrics: ['visitors'],
    date_range: rangeOf(period),
    filters: parsedJson(filters),
  });
  if (!question.ok) throw badParameters(question.error);
  const allowance = allowanceOf(grant);
  const key = JSON.stringify([pixel.id, allowance, name, period, filters]);
  const answer = await computeOnce(key, () =>
    withQueryLimits(grant, (spend) =>
      runFunnel(env.DB, pixel, funnel, question.value, Date.now(), { ...allowance, spend }),
    ),
  );
  if (!answer.ok) {
    if (answer.error.reason === 'beyond_retention')
      throw new Problem('beyond_retention', answer.error.detail);
    throw badParameters(
      answer.error.errors.map(({ path, message }) => ({
        path: path.replace(/^date_range/, 'from'),
        message,
      })),
    );
  }
  const { range: days, steps } = answer.value;
  const told = {
    name,
    within: funnel.within,
    counts: funnel.within === 'visit' ? 'visits' : 'people',
    date_range: [days.from, days.to],
    steps,
  };
  return jsonResponse(request, JSON.stringify(told));
}

function parsedJson(filters: string): unknown {
  try {
    return JSON.parse(filters);
  } catch {
    throw badParameter('filters', 'This is no JSON. Give a list such as [["is","visit:source",["Google"]]].');
  }
}
