/** `GET /api/v1/pixels/:id/properties`: the keys of custom properties, for the dimension `event:props:KEY`. */
import * as v from 'valibot';
import { charge, priceOfProperties } from '../query/price.ts';
import { readReportablePropertyKeys } from '../query/property-keys.ts';
import { isProtected } from '../query/small-groups.ts';
import { readPropertyKeys, sizeOfProperties } from '../store/properties.ts';
import type { PixelCall } from './call.ts';
import { badParameters, Day, dayRangeOf } from './parameters.ts';
import { allowanceOf, withQueryLimits } from './query-limiter.ts';
import { jsonResponse } from './query-response.ts';

export const PropertiesQuery = v.strictObject({
  from: v.pipe(v.optional(Day), v.description('The first day. Default: 29 days before `to`.')),
  to: v.pipe(v.optional(Day), v.description("The last day. Default: today in the pixel's time zone.")),
});

export async function readProperties({
  request,
  env,
  grant,
  pixel,
  query,
}: PixelCall<v.InferOutput<typeof PropertiesQuery>>): Promise<Response> {
  const [from, to] = dayRangeOf(query, pixel.timezone, 29);
  const properties = await withQueryLimits(grant, async (spend) => {
    const price = [priceOfProperties(await sizeOfProperties(env.DB, pixel.id, from, to))];
    const allowance = { ...allowanceOf(grant), spend };
    const errors = charge(price, allowance);
    if (errors.length > 0) throw badParameters(errors.map(({ message }) => ({ path: 'from', message })));
    return isProtected(pixel.settings.min_group)
      ? readReportablePropertyKeys(env.DB, pixel, { from, to }, Date.now())
      : readPropertyKeys(env.DB, pixel.id, from, to);
  });
  return jsonResponse(request, JSON.stringify(properties));
}
