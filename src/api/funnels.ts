/** `GET /api/v1/pixels/:id/funnel`: how many came from step to step of one of a pixel's funnels. */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import { runFunnel } from '../query/funnel.ts';
import { jsonResponse } from './answer.ts';
import type { Grant } from './auth.ts';
import { badParameter } from './parameters.ts';
import { PERIOD, rangeOf } from './period.ts';
import { requireExisting } from './pixels.ts';
import { Problem } from './problem.ts';

export const FunnelQuery = v.strictObject({
  name: v.pipe(v.string('Say which funnel: name is its name.'), v.description("A funnel's name.")),
  ...PERIOD,
});

export async function readFunnel(
  request: Request,
  env: Env,
  grant: Grant,
  id: string,
  { name, ...period }: v.InferOutput<typeof FunnelQuery>,
): Promise<Response> {
  const pixel = await requireExisting(env, grant, id);
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
  const answer = await runFunnel(env.DB, pixel, funnel, rangeOf(period), Date.now());
  if (!answer.ok) {
    throw new Problem(
      'beyond_retention',
      `A funnel needs raw events, and those up to ${answer.error.purged} are past this pixel's retention and gone. Ask from the day after.`,
    );
  }
  const { range: days, steps } = answer.value;
  return jsonResponse(request, {
    name,
    within: funnel.within,
    counts: funnel.within === 'visit' ? 'visits' : 'people',
    date_range: [days.from, days.to],
    steps,
  });
}
