/** `GET /api/v1/pixels/:id/funnel`: how many visits or people reached each step of a funnel. */
import * as v from 'valibot';
import { runFunnel } from '../query/funnel.ts';
import { parseQuery } from '../query/language.ts';
import type { PixelCall } from './call.ts';
import { settled } from './database.ts';
import { openDaysOf } from './open-days.ts';
import { badParameter, badParameters, FILTERS, parseFilters } from './parameters.ts';
import { PERIOD, rangeOf } from './period.ts';
import { Problem } from './problem.ts';
import { allowanceOf, withQueryLimits } from './query-limiter.ts';
import { jsonResponse } from './query-response.ts';
import { computeOnce } from './single-flight.ts';

export const FunnelQuery = v.strictObject({
  name: v.pipe(v.string('Send the name of the funnel.'), v.description("A funnel's name.")),
  filters: FILTERS,
  ...PERIOD,
});

export async function readFunnel({
  request,
  env,
  readsFrom = '',
  grant,
  pixel,
  query: { name, filters, ...period },
}: PixelCall<v.InferOutput<typeof FunnelQuery>>): Promise<Response> {
  const { funnels } = pixel.settings;
  const funnel = funnels.find((one) => one.name === name);
  if (!funnel) {
    const names = funnels.map((one) => one.name).join(', ');
    throw badParameter(
      'name',
      names === ''
        ? 'This pixel has no funnels. Add one to its settings.'
        : `No funnel has this name. Use one of ${names}.`,
    );
  }
  const query = parseQuery({
    site_id: pixel.id,
    metrics: ['visitors'],
    date_range: rangeOf(period),
    filters: parseFilters(filters),
  });
  if (!query.ok) throw badParameters(query.error);
  const allowance = allowanceOf(grant);
  const key = JSON.stringify([pixel.id, allowance, readsFrom, name, period, filters]);
  const openDays = await openDaysOf(env);
  const result = await computeOnce(key, () =>
    settled(readsFrom, () =>
      withQueryLimits(grant, (spend) =>
        runFunnel(env.DB, pixel, funnel, query.value, Date.now(), { ...allowance, spend }, openDays),
      ),
    ),
  );
  if (!result.ok) {
    if (result.error.reason === 'beyond_retention')
      throw new Problem('beyond_retention', result.error.detail);
    throw badParameters(
      result.error.errors.map(({ path, message }) => ({
        path: path.replace(/^date_range/, 'from'),
        message,
      })),
    );
  }
  const { range: days, steps } = result.value;
  const funnelJson = {
    name,
    within: funnel.within,
    counts: funnel.within === 'visit' ? 'visits' : 'people',
    date_range: [days.from, days.to],
    steps,
  };
  return jsonResponse(request, JSON.stringify(funnelJson));
}
