/** `GET /api/v1/pixels/:id/properties`: the keys that `event:props:KEY` can be asked with. */
import * as v from 'valibot';
import type { Env } from '../env.ts';
import { pay, priceMistakes, priceOfProperties } from '../query/price.ts';
import { isProtected } from '../query/small-groups.ts';
import { readToldPropertyKeys } from '../query/told-properties.ts';
import { readPropertyKeys, sizeOfProperties } from '../store/properties.ts';
import type { Grant } from './auth.ts';
import { freshJson } from './fresh.ts';
import { badParameters, Day, daysAsked } from './parameters.ts';
import { requireExisting } from './pixels.ts';
import { allowanceOf, inTurn } from './turns.ts';

export const PropertiesQuery = v.strictObject({
  from: v.pipe(v.optional(Day), v.description('The first day. Default: 29 days before `to`.')),
  to: v.pipe(v.optional(Day), v.description("The last day. Default: today in the pixel's time zone.")),
});

export async function readProperties(
  _request: Request,
  env: Env,
  grant: Grant,
  id: string,
  asked: v.InferOutput<typeof PropertiesQuery>,
): Promise<Response> {
  const pixel = await requireExisting(env, grant, id);
  const [from, to] = daysAsked(asked, pixel.timezone, 29);
  const properties = await inTurn(grant, async (spend) => {
    const price = [priceOfProperties(await sizeOfProperties(env.DB, id, from, to))];
    const allowance = { ...allowanceOf(grant), spend };
    const tooDear = priceMistakes(price, allowance);
    if (tooDear.length > 0) throw badParameters(tooDear.map(({ message }) => ({ path: 'from', message })));
    pay(price, allowance);
    return isProtected(pixel.settings.min_group)
      ? readToldPropertyKeys(env.DB, pixel, { from, to }, Date.now())
      : readPropertyKeys(env.DB, id, from, to);
  });
  return freshJson(properties);
}
