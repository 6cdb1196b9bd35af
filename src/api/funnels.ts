/** `GET /api/v1/pixels/:id/funnel`: how many came from step to step of one of a pixel's funnels. */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import { runFunnel } from '../query/funnel.ts';
import { RANGE_NAMES } from '../query/language.ts';
import { jsonResponse } from './answer.ts';
import type { Grant } from './auth.ts';
import { badParameter, Day } from './parameters.ts';
import { requireExisting } from './pixels.ts';
import { Problem } from './problem.ts';

const DEFAULT_PERIOD = '30d';

export const FunnelQuery = v.strictObject({
  name: v.pipe(v.string('Say which funnel: name is its name.'), v.description("A funnel's name.")),
  period: v.pipe(
    v.optional(
      v.picklist(RANGE_NAMES, `Use one of ${RANGE_NAMES.join(', ')}, or from and to in place of it.`),
    ),
    v.description(
      `A range that ends today. Default: ${DEFAULT_PERIOD}. In place of it: \`from\` and \`to\`.`,
    ),
  ),
  from: v.pipe(v.optional(Day), v.description('The first day.')),
  to: v.pipe(v.optional(Day), v.description('The last day.')),
});

export async function readFunnel(
  request: Request,
  env: Env,
  grant: Grant,
  id: string,
  { name, period, from, to }: v.InferOutput<typeof FunnelQuery>,
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
  if ((from === undefined) !== (to === undefined)) {
    throw badParameter(from === undefined ? 'from' : 'to', 'Give both days, from and to.');
  }
  if (from !== undefined && to !== undefined && from > to) {
    throw badParameter('from', 'The range ends before it begins.');
  }
  const range = from !== undefined && to !== undefined ? ([from, to] as const) : (period ?? DEFAULT_PERIOD);
  const answer = await runFunnel(env.DB, pixel, funnel, range, Date.now());
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
